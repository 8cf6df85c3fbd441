//! Faults of the Workspace API: what becomes of an answer, and of the connection it goes out on.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use crate::canned::Canned;
use crate::cloud::Cloud;
use crate::fault::ApiFault;
use crate::line::Line;
use crate::listener::Reply;
use crate::script::{Script, Step};

use super::gzip;

/// Bytes of one piece of a flood.
const PIECE: usize = 64 * 1024;

/// Changes what is answered.
pub(crate) fn before(fault: &ApiFault, answer: Canned) -> Canned {
    match fault {
        ApiFault::Answer(instead) => instead.clone(),
        ApiFault::Gzip => {
            let body = gzip::stored(&answer.body).into();
            Canned { body, ..answer }.header("content-encoding", "gzip")
        }
        ApiFault::Flood(_) => Canned::new(200, "application/json", "{\"id\":\""),
        _ => answer,
    }
}

/// Sends it, as far as the fault lets it.
pub(crate) async fn send(fault: Option<ApiFault>, answer: Canned, line: &Arc<Line>, cloud: &Cloud) -> Reply {
    let Canned { status, headers, body } = answer;
    let announced = !matches!(fault, Some(ApiFault::Flood(_)));
    let length = u64::try_from(body.len()).expect("a length fits");
    let steps = match fault {
        Some(ApiFault::Close) => return Reply::Close,
        Some(ApiFault::Reset) => return Reply::Reset,
        Some(ApiFault::Stall) => std::future::pending().await,
        Some(ApiFault::Hold) => {
            cloud.gate.passed().await;
            vec![Step::Send(body)]
        }
        Some(ApiFault::Delay(duration)) => {
            tokio::time::sleep(duration).await;
            vec![Step::Send(body)]
        }
        Some(ApiFault::Cut(at)) => {
            let at = usize::try_from(at.min(length)).expect("within the body");
            vec![Step::Send(body.slice(..at)), Step::Flush, Step::Close]
        }
        Some(ApiFault::Flood(bytes)) => flood(body, bytes),
        Some(ApiFault::Answer(_) | ApiFault::Gzip) | None => vec![Step::Send(body)],
    };
    let mut reply = Response::new(Script::new(line, steps));
    *reply.status_mut() = status.try_into().expect("an HTTP status");
    *reply.headers_mut() = headers;
    if announced {
        let length = HeaderValue::from(length);
        reply.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length);
    }
    Reply::Answer(reply)
}

fn flood(opening: Bytes, total: u64) -> Vec<Step> {
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let mut left = usize::try_from(total).expect("a flood fits the address space").saturating_sub(opening.len());
    let mut steps = vec![Step::Send(opening)];
    while left > 0 {
        let next = left.min(PIECE);
        steps.push(Step::Send(piece.slice(..next)));
        left -= next;
    }
    steps
}
