//! The Workspace API: checks who asks, finds the route, answers from the records a test added.

mod answer;
pub(crate) mod disturb;
mod gzip;
mod list;
mod records;
mod signature;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, request::Parts};
use percent_encoding::percent_decode_str;

use crate::canned::Canned;
use crate::cloud::Cloud;
use crate::fault::ApiCalls;
use crate::journal::Service;
use crate::keys::{ACCESS_KEY, PROJECT_ID, SECRET_KEY, SECURITY_TOKEN, TOKEN};
use crate::line::Line;
use crate::listener::{Reply, Respond};

pub(crate) use records::Records;
use signature::Keys;

pub(crate) struct Workspace {
    cloud: Arc<Cloud>,
    requests: AtomicU64,
}

/// What a request line asks for.
enum Route {
    Details { project: String, record: String },
    List { project: String },
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        let segments: Option<Vec<String>> = path
            .strip_prefix('/')?
            .split('/')
            .map(|segment| Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned()))
            .collect();
        match segments?.as_slice() {
            [v2, project, records] if v2 == "v2" && records == "screen-records" => {
                Some(Self::List { project: project.clone() })
            }
            [v2, project, records, record] if v2 == "v2" && records == "screen-records" && !record.is_empty() => {
                Some(Self::Details { project: project.clone(), record: record.clone() })
            }
            _ => None,
        }
    }

    fn project(&self) -> &str {
        match self {
            Self::Details { project, .. } | Self::List { project } => project,
        }
    }

    /// The IAM action a refusal names.
    fn action(&self) -> &'static str {
        match self {
            Self::Details { .. } => "workspace:screenRecord:get",
            Self::List { .. } => "workspace:screenRecord:list",
        }
    }

    fn is_among(&self, calls: &ApiCalls) -> bool {
        match (calls, self) {
            (ApiCalls::Any, _) | (ApiCalls::AnyDetails, Self::Details { .. }) | (ApiCalls::List, Self::List { .. }) => {
                true
            }
            (ApiCalls::Details(id), Self::Details { record, .. }) => id == record,
            _ => false,
        }
    }
}

impl Workspace {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud, requests: AtomicU64::new(0) }
    }

    /// The answer without any fault.
    fn answer(&self, route: &Route, parts: &Parts) -> Canned {
        if route.project() != PROJECT_ID {
            return answer::foreign_project(route.action());
        }
        match route {
            Route::Details { record, .. } => {
                self.cloud.records.details(record).unwrap_or_else(|| answer::no_record(record))
            }
            Route::List { .. } => {
                let query = parts.uri.query().unwrap_or_default();
                match list::page(&self.cloud.records.listed(), query, self.cloud.clock.now()) {
                    Ok(page) => Canned::json(200, &page),
                    Err(why) => answer::bad_parameter(&why),
                }
            }
        }
    }
}

/// Refuses whoever does not prove to be the one account, or to have keys that were given out and have not ended.
pub(crate) fn authenticate(cloud: &Cloud, parts: &Parts, body: &[u8]) -> Result<(), String> {
    const EXPIRED: &str = "The token or the temporary access key has expired";
    if cloud.credentials.expired() {
        return Err(EXPIRED.to_owned());
    }
    if let Some(token) = parts.headers.get("x-auth-token") {
        return if token == TOKEN { Ok(()) } else { Err("decrypt token fail".to_owned()) };
    }
    let now = cloud.clock.now();
    let issue = signature::access(parts).and_then(|access| cloud.issued.of(access));
    let keys = match &issue {
        Some(issue) if issue.has_ended(now) => return Err(EXPIRED.to_owned()),
        Some(issue) => {
            Keys { access: &issue.access, secret: &issue.secret, security_token: Some(&issue.security_token) }
        }
        None => Keys {
            access: ACCESS_KEY,
            secret: SECRET_KEY,
            security_token: cloud.credentials.temporary().then_some(SECURITY_TOKEN),
        },
    };
    signature::verify(parts, body, &keys, now).map_err(|refusal| refusal.to_string())
}

impl Respond for Workspace {
    const SERVICE: Service = Service::Workspace;

    async fn respond(&self, request: Request<Bytes>, line: &Arc<Line>) -> Reply {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let request_id = format!("{number:032x}");
        let (parts, body) = request.into_parts();

        let admitted = match Route::of(parts.uri.path()) {
            None => Err(answer::no_route(&request_id)),
            Some(_) if parts.method != Method::GET => Err(answer::wrong_method(&request_id)),
            Some(route) => authenticate(&self.cloud, &parts, &body)
                .map(|()| route)
                .map_err(|why| answer::unauthenticated(&why, &request_id)),
        };
        let (mut canned, fault) = match admitted {
            Err(refusal) => (refusal, None),
            Ok(route) => {
                let fault = self.cloud.api_faults.strike(|calls, _| route.is_among(calls));
                (self.answer(&route, &parts), fault)
            }
        };
        if let Some(fault) = &fault {
            canned = disturb::before(fault, canned);
        }
        let request_id = HeaderValue::try_from(request_id).expect("hex digits are ASCII");
        canned.headers.entry("x-request-id").or_insert(request_id);
        disturb::send(fault, canned, line, &self.cloud).await
    }
}
