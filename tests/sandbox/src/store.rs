//! The store: s3s speaks S3 and checks signatures; this layer around it does what s3s leaves out, and the faults.

mod access;
mod admission;
mod backend;
mod buckets;
mod disturb;
mod error;
mod exchange;
mod listing;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::host::MultiDomain;
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::cloud::Cloud;
use crate::fault::StoreFault;
use crate::journal::Service;
use crate::line::Line;
use crate::listener::{Reply, Respond};

use access::{Admitted, Gatekeeper, Secrets};
use backend::Backend;
pub(crate) use buckets::Buckets;
use exchange::Exchange;

pub(crate) struct Store {
    cloud: Arc<Cloud>,
    s3: S3Service,
    requests: AtomicU64,
}

impl Store {
    pub(crate) fn new(cloud: &Arc<Cloud>, address: SocketAddr) -> Self {
        let mut config = S3Config::default();
        // s3s would compare dates with the real clock; `admission` compares them with the sandbox's.
        config.presigned_url_max_skew_time_secs = u32::MAX;
        let domain = format!("localhost:{}", address.port());

        let mut builder = S3ServiceBuilder::new(Backend::new(Arc::clone(cloud)));
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        builder.set_auth(Secrets::new(Arc::clone(cloud)));
        builder.set_access(Gatekeeper::new(Arc::clone(cloud)));
        builder.set_host(MultiDomain::new([domain]).expect("localhost is a domain"));
        Self { cloud: Arc::clone(cloud), s3: builder.build(), requests: AtomicU64::new(0) }
    }

    /// The true answer, with the body in one piece: s3s hands on the stored bytes without copying them.
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) =
            self.s3.call(request.map(s3s::Body::from)).await.expect("s3s answers every request").into_parts();
        let body = body.collect().await.expect("the answer is in memory").to_bytes();
        Response::from_parts(parts, body)
    }

    /// The fault for an admitted request, counted as having struck.
    fn strike(&self, exchange: &Exchange) -> Option<StoreFault> {
        self.cloud.store_faults.strike(|calls, fault| exchange.is_among(calls) && exchange.offers_what_it_needs(fault))
    }
}

impl Respond for Store {
    const SERVICE: Service = Service::Store;

    async fn respond(&self, mut request: Request<Bytes>, line: &Arc<Line>) -> Reply {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let request_id = format!("{number:016X}");
        let mut exchange = Exchange::of(&request, request_id);

        let admitted = Admitted::default();
        request.extensions_mut().insert(admitted.clone());
        let answer = match admission::refusal(&self.cloud, &request) {
            Some(refused) => refused.into_response(),
            None => self.answer(request).await,
        };
        exchange.complete(answer, &admitted);

        let fault = exchange.target.is_some().then(|| self.strike(&exchange)).flatten();
        disturb::send(fault, exchange, line, &self.cloud).await
    }
}
