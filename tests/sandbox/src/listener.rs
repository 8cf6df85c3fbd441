//! One service on one port: accepts connections, notes every request, sends what the service replies.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::cloud::Cloud;
use crate::journal::{Seen, Service};
use crate::line::{Line, LineStream};
use crate::script::{Script, broken_off};

/// What a service does about a request.
pub(crate) enum Reply {
    Answer(Response<Script>),
    /// Closes the connection without a word.
    Close,
    /// Resets the connection without a word.
    Reset,
}

pub(crate) trait Respond: Send + Sync + 'static {
    const SERVICE: Service;

    fn respond(&self, request: Request<Bytes>, line: &Arc<Line>) -> impl Future<Output = Reply> + Send;
}

/// Serves until the runtime is dropped.
pub(crate) async fn serve<R: Respond>(listener: TcpListener, cloud: Arc<Cloud>, responder: R) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is non-blocking");
    let responder = Arc::new(responder);
    let mut connection = 0;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        // Small answers must not wait for an acknowledgement; a socket that refuses is merely slower.
        let _ = stream.set_nodelay(true);
        connection += 1;
        let (cloud, responder) = (Arc::clone(&cloud), Arc::clone(&responder));
        tokio::spawn(async move {
            let line = Arc::new(Line::default());
            let io = TokioIo::new(LineStream::new(stream, Arc::clone(&line)));
            let service = service_fn(|request| exchange(&cloud, &*responder, &line, connection, request));
            // A client that leaves and a fault that breaks off end in an error here; both are meant.
            let _ = http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

async fn exchange<R: Respond>(
    cloud: &Cloud,
    responder: &R,
    line: &Arc<Line>,
    connection: usize,
    request: Request<Incoming>,
) -> io::Result<Response<Script>> {
    let (parts, body) = request.into_parts();
    let place = cloud.journal.arrived(Seen {
        service: R::SERVICE,
        connection,
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        arrived: Instant::now(),
        status: None,
    });
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    if let Some(latency) = cloud.latency() {
        tokio::time::sleep(latency).await;
    }
    match responder.respond(Request::from_parts(parts, body), line).await {
        Reply::Answer(mut answer) => {
            let date = HeaderValue::try_from(cloud.clock.http_date()).expect("a date is ASCII");
            answer.headers_mut().entry(header::DATE).or_insert(date);
            cloud.journal.answered(place, answer.status().as_u16());
            Ok(answer)
        }
        Reply::Close => Err(broken_off()),
        Reply::Reset => {
            line.reset_on_close();
            Err(broken_off())
        }
    }
}
