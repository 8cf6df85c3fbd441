//! Asks the Workspace API a question: signed or with a token, tried again where that can help, never where it harms.

use std::time::Duration;

use http::header::InvalidHeaderValue;
use http::response::Parts;
use percent_encoding::utf8_percent_encode;

use super::error::{ApiError, Failure};
use crate::clock::{Backoff, Clock};
use crate::credentials::{Access, Asking, Credential, Project, Proof, request};
use crate::endpoint::Endpoint;
use crate::event::{Event, Watch};
use crate::evidence::{Answer, ServiceAnswer};
use crate::fixity::Code;
use crate::gate::Gate;
use crate::http::{HttpClient, HttpError, Whole, retry_after, server_time};
use crate::redact::Redactor;
use crate::sign::UNRESERVED_STAY;
use crate::wire;

/// Signatures are refused when the clocks are further apart (API Signing Guide).
const CLOCK_TOLERANCE_SECONDS: u64 = 15 * 60;

/// Of an answer that would be a record if it did not echo a key or a token of this run.
const ECHO: &str = "it holds a secret of this run, so it is not kept";

/// Where and how the API is asked.
#[derive(Debug, Clone)]
pub struct WorkspaceSettings {
    /// Its address.
    pub endpoint: Endpoint,
    /// How often one question is asked at the most.
    pub tries: u32,
}

/// A client of the Workspace API for one run.
#[derive(Debug)]
pub struct Workspace {
    settings: WorkspaceSettings,
    credential: Credential,
    project: Project,
    http: HttpClient,
    gate: Gate,
    clock: Clock,
    backoff: Backoff,
    redactor: Redactor,
}

/// One question to the API.
#[derive(Debug)]
pub(super) struct Question {
    /// What it is about, for whoever watches.
    pub(super) about: String,
    /// Behind `/v2/{project_id}`, percent-encoded.
    pub(super) path: String,
    /// Not encoded.
    pub(super) query: Vec<(String, String)>,
    /// An answer larger than this is not read.
    pub(super) cap: usize,
}

impl Workspace {
    /// A client that has asked nothing yet.
    #[must_use]
    pub fn new(settings: WorkspaceSettings, access: &Access, http: HttpClient, clock: Clock, backoff: Backoff) -> Self {
        let Access { api, project, redactor, .. } = access.clone();
        let gate = Gate::new("the Workspace API", api.rejection(), backoff.clone());
        Self { settings, credential: api, project, http, gate, clock, backoff, redactor }
    }

    /// Asks a question, again where the failure may pass. What `decode` makes of the body comes with the body itself.
    pub(super) async fn ask<T>(
        &self,
        question: &Question,
        decode: impl Fn(&[u8]) -> Result<T, String>,
        watch: &dyn Watch,
    ) -> Result<(T, Answer), Failure> {
        let mut retry = 0;
        loop {
            let (failure, retry_after) = match self.ask_once(question, &decode).await {
                Ok(answered) => {
                    self.gate.worked();
                    return Ok(answered);
                }
                Err(failed) => failed,
            };
            retry += 1;
            if !failure.error.may_pass() || retry >= self.settings.tries {
                self.note(&failure.error);
                return Err(failure);
            }
            let wait = match failure.error.code() {
                Code::Throttled => self.gate.pause(),
                _ => self.backoff.wait_at_least(retry_after, retry),
            };
            let message = failure.error.to_string();
            watch.on(&Event::ApiRetry { about: &question.about, code: failure.error.code(), message: &message, wait });
            tokio::time::sleep(wait).await;
        }
    }

    /// How often the API was left alone so far, because it throttles.
    #[must_use]
    pub fn pauses(&self) -> u64 {
        self.gate.pauses()
    }

    fn note(&self, error: &ApiError) {
        match error {
            ApiError::Http(HttpError::Name { host, .. }) => self.gate.unresolved(host, &error.to_string()),
            ApiError::NotAsked(_) | ApiError::NoAccess(_) => {}
            _ if error.is_service_level() => self.gate.failed(error.code(), &error.to_string()),
            _ => self.gate.worked(),
        }
    }

    /// One request. With a failure comes how long the service asked to be left alone.
    async fn ask_once<T>(
        &self,
        question: &Question,
        decode: &impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<(T, Answer), (Failure, Option<Duration>)> {
        let silent = |error| (Failure { error, answer: None }, None);
        let host = self.settings.endpoint.host();
        let project_id = self.project.id().await.map_err(|error| silent(ApiError::NoAccess(error)))?;
        // Before the gate, so that a new key goes alone at first; behind it, because it may have been a long wait.
        self.credential.proof().await.map_err(|error| silent(ApiError::NoAccess(error)))?;
        let pass = self.gate.enter(host).await.map_err(|closed| silent(ApiError::NotAsked(closed)))?;
        let proof = self.credential.proof().await.map_err(|error| silent(ApiError::NoAccess(error)))?;
        let request =
            self.request(question, project_id, &proof).map_err(|_| silent(ApiError::Http(HttpError::Unsendable)))?;
        let Whole { head, body } =
            self.http.fetch(request, question.cap).await.map_err(|error| silent(ApiError::Http(error)))?;

        // Reports keep a body byte for byte, so one that echoes a secret is kept out of them.
        let tells = self.redactor.is_told_by(&body);
        let decode = |body: &[u8]| if tells { Err(ECHO.to_owned()) } else { decode(body) };
        let error = match self.read(&head, &body, &decode) {
            Ok(decoded) => {
                pass.accepted();
                return Ok((decoded, Answer::new(body)));
            }
            Err(error) => error,
        };
        let asked = retry_after(&head.headers, self.clock.now());
        if error.is_rejection() {
            pass.rejected(&error.to_string());
        } else if error.code() == Code::Throttled {
            pass.throttled(asked, &error.to_string());
        } else if !error.is_service_level() {
            pass.accepted();
        }
        Err((Failure { error, answer: (!tells).then(|| Answer::new(body)) }, asked))
    }

    /// Makes what was asked for or an error of an answer that came whole.
    fn read<T>(&self, head: &Parts, body: &[u8], decode: &impl Fn(&[u8]) -> Result<T, String>) -> Result<T, ApiError> {
        let mut answer = wire::error_body(body);
        answer.status = Some(head.status.as_u16());
        let id = ["x-request-id", "x-iam-trace-id"].into_iter().find_map(|name| text(head, name));
        answer.request_id = id.or(answer.request_id);
        let answer = self.redactor.answer(answer);
        if head.status.is_redirection() {
            let to = text(head, "location").unwrap_or_else(|| "nowhere".to_owned());
            let to = self.redactor.text(to);
            return Err(ApiError::Redirected { to, answer });
        }
        if head.status.as_u16() == 200 {
            return decode(body).map_err(|message| ApiError::Unreadable { message, answer: bare(answer) });
        }
        let seconds = server_time(&head.headers).map(|theirs| self.clock.now().as_second() - theirs.as_second());
        let refused = ApiError::Refused(answer);
        match (refused, seconds) {
            (ApiError::Refused(answer), Some(seconds))
                if answer.status == Some(401) && seconds.unsigned_abs() > CLOCK_TOLERANCE_SECONDS =>
            {
                Err(ApiError::ClockSkew { seconds, answer })
            }
            (refused, _) => Err(refused),
        }
    }

    fn request(
        &self,
        question: &Question,
        project_id: &str,
        proof: &Proof,
    ) -> Result<http::Request<Vec<u8>>, InvalidHeaderValue> {
        let asking = Asking {
            endpoint: &self.settings.endpoint,
            method: "GET",
            path: &format!("/v2/{}{}", encoded(project_id), question.path),
            query: &question.query,
            body: b"",
            project_id: Some(project_id),
        };
        request(&asking, Some(proof), self.clock.now())
    }
}

/// One segment of a path.
pub(super) fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, UNRESERVED_STAY).to_string()
}

/// Of an answer that should have been read only status and request id speak.
fn bare(answer: ServiceAnswer) -> ServiceAnswer {
    ServiceAnswer { status: answer.status, request_id: answer.request_id, ..ServiceAnswer::default() }
}

fn text(head: &Parts, name: &str) -> Option<String> {
    let text = head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.filter(|text| !text.is_empty())
}
