//! The metadata service of a cloud server: a session token, then the keys of the server's agency.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, request::Parts};

use crate::canned::Canned;
use crate::cloud::Cloud;
use crate::fault::AccessCalls;
use crate::journal::Service;
use crate::line::Line;
use crate::listener::{Reply, Respond};
use crate::workspace::disturb;

const TOKEN_PATH: &str = "/meta-data/latest/api/token";
const KEYS_PATH: &str = "/openstack/latest/securitykey";

/// What a session is known by.
const SESSION: &str = "sandbox-metadata-session-MUST-NOT-APPEAR";

/// The longest any keys hold.
const DAY: i64 = 86_400;

pub(crate) struct Metadata {
    cloud: Arc<Cloud>,
}

impl Metadata {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud }
    }

    fn answer(&self, parts: &Parts) -> (Canned, Option<AccessCalls>) {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let sessionless = self.cloud.sessionless();
        match (parts.uri.path(), &parts.method) {
            (TOKEN_PATH, &Method::PUT) => {
                let answer = match (sessionless, header("x-metadata-token-ttl-seconds").map(str::parse::<u32>)) {
                    (Some(status), _) => Canned::empty(status),
                    (None, Some(Ok(1..=21600))) => Canned::new(200, "text/plain", SESSION),
                    (None, _) => Canned::empty(400),
                };
                (answer, Some(AccessCalls::Session))
            }
            (KEYS_PATH, &Method::GET) => match header("x-metadata-token") {
                Some(session) if session != SESSION => (Canned::empty(401), None),
                None if sessionless.is_none() => (Canned::empty(401), None),
                _ => {
                    let issue = self.cloud.issued.issue(self.cloud.clock.now(), DAY);
                    (Canned::json(200, &issue.document()), Some(AccessCalls::Agency))
                }
            },
            _ => (Canned::empty(404), None),
        }
    }
}

impl Respond for Metadata {
    const SERVICE: Service = Service::Metadata;

    async fn respond(&self, request: Request<Bytes>, line: &Arc<Line>) -> Reply {
        let (parts, _) = request.into_parts();
        let (mut canned, call) = self.answer(&parts);
        let fault = call.and_then(|call| self.cloud.access_faults.strike(|calls, _| *calls == call));
        if let Some(fault) = &fault {
            canned = disturb::before(fault, canned);
        }
        disturb::send(fault, canned, line, &self.cloud).await
    }
}
