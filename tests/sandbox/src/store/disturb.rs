//! Faults of the store: what becomes of an answer, and of the connection it goes out on.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};

use crate::canned::Canned;
use crate::cloud::Cloud;
use crate::fault::StoreFault;
use crate::line::Line;
use crate::listener::Reply;
use crate::script::{Script, Step};

use super::access::Target;
use super::exchange::Exchange;

/// Bytes of one piece of an answer without end.
const PIECE: usize = 64 * 1024;

/// What the fault makes of the answer before its first byte is sent.
fn change(fault: &StoreFault, exchange: &mut Exchange) {
    let headers = exchange.answer.headers_mut();
    match fault {
        StoreFault::Error { status, code, retry_after } => {
            exchange.answer_with_error(*status, code);
            if let Some(seconds) = retry_after {
                exchange.answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
        }
        StoreFault::RefuseIfMatch => exchange.answer_with_error(501, "NotImplemented"),
        StoreFault::RefuseVersion => exchange.answer_with_error(403, "AccessDenied"),
        StoreFault::Answer(canned) => {
            exchange.answer = response(canned);
            exchange.sign_off();
        }
        StoreFault::Stranger(canned) => exchange.answer = response(canned),
        StoreFault::Impostor(canned) => {
            headers.remove(header::CONTENT_LENGTH);
            headers.extend(canned.headers.clone());
            *exchange.answer.body_mut() = canned.body.clone();
        }
        StoreFault::ShiftedRange(by) => {
            rewrite_range(headers, |start, end, total| (start + by, end + by, total));
        }
        StoreFault::WrongTotal(by) => {
            rewrite_range(headers, |start, end, total| (start, end, total + by));
        }
        StoreFault::IgnoreRange => {
            headers.remove(header::CONTENT_RANGE);
            headers.remove(header::CONTENT_LENGTH);
            *exchange.answer.status_mut() = StatusCode::OK;
            let whole = exchange.served().expect("needed by this fault").object.clone();
            *exchange.answer.body_mut() = whole;
        }
        StoreFault::ETag(tag) => {
            headers.insert(header::ETAG, HeaderValue::from_static(tag));
        }
        StoreFault::NoETag => {
            headers.remove(header::ETAG);
        }
        StoreFault::WeakETag => {
            let weak = [b"W/", headers[header::ETAG].as_bytes()].concat();
            headers.insert(header::ETAG, HeaderValue::from_bytes(&weak).expect("a weak ETag is a header value"));
        }
        StoreFault::FlipBit(at) => {
            let from = exchange.served().expect("needed by this fault").from;
            let mut flipped = exchange.answer.body().to_vec();
            flipped[usize::try_from(at - from).expect("within the body")] ^= 1;
            *exchange.answer.body_mut() = flipped.into();
        }
        StoreFault::LongLength(by) => {
            let promised = exchange.length() + by;
            exchange.answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(promised));
        }
        StoreFault::EndEarlyChunked(_) | StoreFault::Endless => {
            headers.remove(header::CONTENT_LENGTH);
        }
        StoreFault::EndEarlyClosed(_) => {
            headers.remove(header::CONTENT_LENGTH);
            *exchange.answer.version_mut() = Version::HTTP_10;
        }
        _ => {}
    }
}

fn response(canned: &Canned) -> Response<Bytes> {
    let mut response = Response::new(canned.body.clone());
    *response.status_mut() = canned.status.try_into().expect("an HTTP status");
    *response.headers_mut() = canned.headers.clone();
    response
}

/// Rewrites `bytes START-END/TOTAL`.
fn rewrite_range(headers: &mut HeaderMap, rewrite: impl Fn(i64, i64, i64) -> (i64, i64, i64)) {
    let numbers: Vec<i64> = headers[header::CONTENT_RANGE]
        .to_str()
        .expect("written by the sandbox")
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let [start, end, total] = numbers[..] else { panic!("a fault needs the range of an answer that has one") };
    let (start, end, total) = rewrite(start, end, total);
    let value = HeaderValue::try_from(format!("bytes {start}-{end}/{total}")).expect("digits are ASCII");
    headers.insert(header::CONTENT_RANGE, value);
}

/// Sends the answer, as far as the fault lets it.
pub(crate) async fn send(
    fault: Option<StoreFault>,
    mut exchange: Exchange,
    line: &Arc<Line>,
    cloud: &Arc<Cloud>,
) -> Reply {
    if let Some(fault) = &fault {
        change(fault, &mut exchange);
    }
    let framed_by_end =
        matches!(fault, Some(StoreFault::EndEarlyChunked(_) | StoreFault::EndEarlyClosed(_) | StoreFault::Endless));
    if !framed_by_end && exchange.answer.status() != StatusCode::NOT_MODIFIED {
        let length = HeaderValue::from(exchange.length());
        exchange.answer.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length);
    }

    let target = exchange.target;
    let (parts, body) = exchange.answer.into_parts();
    let up_to = |at: u64| body.slice(..usize::try_from(at).map_or(body.len(), |at| at.min(body.len())));
    let rest = |at: u64| body.slice(up_to(at).len()..);
    let steps = match fault {
        Some(StoreFault::Close) => return Reply::Close,
        Some(StoreFault::Reset) => return Reply::Reset,
        Some(StoreFault::NoAnswer) => std::future::pending().await,
        Some(StoreFault::Hold) => {
            cloud.gate.passed().await;
            vec![Step::Send(body)]
        }
        Some(StoreFault::Delay(duration)) => {
            tokio::time::sleep(duration).await;
            vec![Step::Send(body)]
        }
        Some(StoreFault::Cut(at)) => vec![Step::Send(up_to(at)), Step::Flush, Step::Close],
        Some(StoreFault::CutByReset(at)) => vec![Step::Send(up_to(at)), Step::Flush, Step::Reset],
        Some(StoreFault::LongLength(_)) => vec![Step::Send(body), Step::Flush, Step::Close],
        Some(StoreFault::EndEarlyChunked(at) | StoreFault::EndEarlyClosed(at)) => {
            vec![Step::Send(up_to(at))]
        }
        Some(StoreFault::Endless) => vec![Step::Send(body), Step::Repeat(vec![0; PIECE].into())],
        Some(StoreFault::Stall(at)) => vec![Step::Send(up_to(at)), Step::Stall],
        Some(StoreFault::HoldAfter(at)) => {
            vec![Step::Send(up_to(at)), Step::Hold(Arc::clone(cloud)), Step::Send(rest(at))]
        }
        Some(StoreFault::Slow { piece, pause }) => slowly(&body, piece, pause),
        Some(StoreFault::Overwrite(at, instead)) => {
            let (cloud, Target { bucket, key }) = (Arc::clone(cloud), target.expect("needed by this fault"));
            let overwrite = move || {
                let key = key.expect("an object was served");
                cloud.buckets.put(&bucket, &key, instead, cloud.clock.now());
            };
            vec![Step::Send(up_to(at)), Step::Flush, Step::Act(Box::new(overwrite)), Step::Close]
        }
        Some(StoreFault::Remove(at)) => {
            let (cloud, Target { bucket, key }) = (Arc::clone(cloud), target.expect("needed by this fault"));
            let remove = move || {
                let key = key.expect("an object was served");
                cloud.buckets.remove(&bucket, &key, cloud.clock.now());
            };
            vec![Step::Send(up_to(at)), Step::Flush, Step::Act(Box::new(remove)), Step::Close]
        }
        _ => vec![Step::Send(body)],
    };
    Reply::Answer(Response::from_parts(parts, Script::new(line, steps)))
}

fn slowly(body: &Bytes, piece: u64, pause: std::time::Duration) -> Vec<Step> {
    let piece = usize::try_from(piece).expect("a piece fits the address space");
    (0..body.len())
        .step_by(piece)
        .flat_map(|at| [Step::Send(body.slice(at..body.len().min(at + piece))), Step::Pause(pause)])
        .collect()
}
