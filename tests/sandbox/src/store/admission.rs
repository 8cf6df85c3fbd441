//! What is refused before s3s sees it: the wrong kind of address, the wrong region, a clock too far off.

use bytes::Bytes;
use http::{Request, header};

use crate::clock::{parse_stamp, within_tolerance};
use crate::cloud::Cloud;

use super::error::ErrorDocument;

pub(crate) struct Refused {
    status: u16,
    document: ErrorDocument,
}

impl Refused {
    fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, document: ErrorDocument::new(code, message) }
    }

    fn with(self, element: &str, text: &str) -> Self {
        Self { document: self.document.with(element, text), ..self }
    }

    pub(crate) fn into_response(self) -> http::Response<Bytes> {
        self.document.draft(self.status)
    }
}

pub(crate) fn refusal(cloud: &Cloud, request: &Request<Bytes>) -> Option<Refused> {
    let text = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if cloud.virtual_hosts_only() && request.uri().path() != "/" && !is_virtual(host) {
        let message = "Virtual host domain is required when accessing a specific bucket.";
        return Some(Refused::new(403, "VirtualHostDomainRequired", message));
    }

    let authorization = text(header::AUTHORIZATION)?;
    let region = cloud.store_region();
    if let Some(signed_for) = scope_region(authorization)
        && signed_for != region
    {
        let message =
            format!("The authorization header is malformed; the region '{signed_for}' is wrong; expecting '{region}'");
        return Some(Refused::new(400, "AuthorizationHeaderMalformed", &message).with("Region", &region));
    }

    let stamp = text(header::HeaderName::from_static("x-amz-date"))?;
    let now = cloud.clock.now();
    if !within_tolerance(parse_stamp(stamp)?, now) {
        let message = "The difference between the request time and the current time is too large.";
        return Some(
            Refused::new(403, "RequestTimeTooSkewed", message)
                .with("RequestTime", stamp)
                .with("ServerTime", &now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
                .with("MaxAllowedSkewMilliseconds", "900000"),
        );
    }
    None
}

/// `BUCKET.localhost:PORT`, or any other name with a bucket before it; an IP address never is.
fn is_virtual(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.contains('.') && name.parse::<std::net::IpAddr>().is_err()
}

/// The region in `Credential=AK/DATE/REGION/s3/aws4_request`.
fn scope_region(authorization: &str) -> Option<&str> {
    authorization.split_once("Credential=")?.1.split(',').next()?.split('/').nth(2)
}
