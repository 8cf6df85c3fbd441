//! IAM: names the projects of a region, and gives temporary keys for a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::canned::Canned;
use crate::cloud::Cloud;
use crate::fault::AccessCalls;
use crate::journal::Service;
use crate::keys::TOKEN;
use crate::line::Line;
use crate::listener::{Reply, Respond};
use crate::workspace::{authenticate, disturb};

const PROJECTS: &str = "/v3/projects";
const KEYS: &str = "/v3.0/OS-CREDENTIAL/securitytokens";

pub(crate) struct Iam {
    cloud: Arc<Cloud>,
    requests: AtomicU64,
}

impl Iam {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud, requests: AtomicU64::new(0) }
    }

    fn projects(&self, query: &str) -> Canned {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let name = query.split('&').find_map(|pair| pair.strip_prefix("name=")).map(decode);
        let projects: Vec<Value> = self
            .cloud
            .projects()
            .into_iter()
            .filter(|(_, found)| name.as_ref().is_none_or(|name| name == found))
            .map(|(id, name)| json!({"id": id, "name": name, "enabled": true, "is_domain": false}))
            .collect();
        Canned::json(200, &json!({"links": {"self": "https://iam.example/v3/projects"}, "projects": projects}))
    }

    /// Refuses whoever has not the token, which stands in the body.
    fn keys(&self, body: &[u8]) -> Result<Canned, Canned> {
        let body: Value = serde_json::from_slice(body).map_err(|_| error(400, "Bad Request", "no JSON"))?;
        let identity = &body["auth"]["identity"];
        if identity["methods"] != json!(["token"]) {
            return Err(error(400, "Bad Request", "Request body is invalid."));
        }
        if identity["token"]["id"] != TOKEN || self.cloud.credentials.expired() {
            return Err(unauthorized());
        }
        match identity["token"]["duration_seconds"].as_i64() {
            Some(seconds @ 900..=86400) => {
                let issue = self.cloud.issued.issue(self.cloud.clock.now(), seconds);
                Ok(Canned::json(201, &issue.document()))
            }
            _ => Err(error(400, "Bad Request", "duration_seconds is invalid.")),
        }
    }

    fn answer(&self, parts: &Parts, body: &[u8]) -> (Canned, Option<AccessCalls>) {
        let answered = match (parts.uri.path(), &parts.method) {
            (PROJECTS, &Method::GET) => match authenticate(&self.cloud, parts, body) {
                Ok(()) => Ok((self.projects(parts.uri.query().unwrap_or_default()), AccessCalls::Projects)),
                Err(_) => Err(unauthorized()),
            },
            (KEYS, &Method::POST) => self.keys(body).map(|keys| (keys, AccessCalls::Exchange)),
            _ => Err(error(404, "Not Found", "The resource could not be found.")),
        };
        match answered {
            Ok((canned, call)) => (canned, Some(call)),
            Err(refusal) => (refusal, None),
        }
    }
}

impl Respond for Iam {
    const SERVICE: Service = Service::Iam;

    async fn respond(&self, request: Request<Bytes>, line: &Arc<Line>) -> Reply {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let (parts, body) = request.into_parts();
        let (mut canned, call) = self.answer(&parts, &body);
        let fault = call.and_then(|call| self.cloud.access_faults.strike(|calls, _| *calls == call));
        if let Some(fault) = &fault {
            canned = disturb::before(fault, canned);
        }
        let trace = HeaderValue::try_from(format!("iam-{number:016x}")).expect("hex digits are ASCII");
        canned.headers.entry("x-iam-trace-id").or_insert(trace);
        disturb::send(fault, canned, line, &self.cloud).await
    }
}

fn unauthorized() -> Canned {
    error(401, "Unauthorized", "The request you have made requires authentication.")
}

/// The shape IAM's errors have.
fn error(code: u16, title: &str, message: &str) -> Canned {
    Canned::json(code, &json!({"error": {"code": code, "message": message, "title": title}}))
}
