//! Asks the Workspace API a question: signed or with a token, tried again where that can help, never where it harms.

use std::time::Duration;

use http::header::InvalidHeaderValue;
use http::response::Parts;
use percent_encoding::utf8_percent_encode;

use super::error::{ApiError, Failure};
use crate::clock::{Backoff, Clock, Offset, OffsetMeter};
use crate::credentials::{Access, Asking, Credential, Project, Proof, request};
use crate::endpoint::Endpoint;
use crate::event::{Event, Watch};
use crate::evidence::{Answer, ApiCall, AttemptError, ServiceAnswer};
use crate::fixity::Code;
use crate::gate::{Gate, Pass};
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
    offset: OffsetMeter,
}

/// What a question came to.
#[derive(Debug)]
pub(super) struct Answered<T> {
    /// What was made of the body.
    pub(super) decoded: T,
    /// The body.
    pub(super) answer: Answer,
    /// Every request, in order; the body of the last one is `answer`.
    pub(super) calls: Vec<ApiCall>,
}

/// What one request came to.
struct Tried<T> {
    result: Result<T, ApiError>,
    answer: Option<Answer>,
    /// `None` when nothing was sent.
    call: Option<ApiCall>,
    /// How long the service asked to be left alone.
    retry_after: Option<Duration>,
}

impl<T> Tried<T> {
    fn unsent(error: ApiError) -> Self {
        Self { result: Err(error), answer: None, call: None, retry_after: None }
    }
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
        let offset = OffsetMeter::default();
        Self { settings, credential: api, project, http, gate, clock, backoff, redactor, offset }
    }

    /// Asks a question, again where the failure may pass.
    pub(super) async fn ask<T>(
        &self,
        question: &Question,
        decode: impl Fn(&[u8]) -> Result<T, String>,
        watch: &dyn Watch,
    ) -> Result<Answered<T>, Failure> {
        let mut calls = Vec::new();
        let mut retry = 0;
        loop {
            let Tried { result, answer, call, retry_after } = self.ask_once(question, &decode).await;
            calls.extend(call);
            let error = match (result, answer) {
                (Ok(decoded), Some(answer)) => {
                    self.gate.worked();
                    return Ok(Answered { decoded, answer, calls });
                }
                (Ok(_), None) => ApiError::Unreadable { message: ECHO.to_owned(), answer: ServiceAnswer::default() },
                (Err(error), answer) => {
                    retry += 1;
                    if !error.may_pass() || retry >= self.settings.tries {
                        self.note(&error);
                        return Err(Failure { error, answer, calls });
                    }
                    if let Some(call) = calls.last_mut() {
                        call.answer = answer;
                    }
                    error
                }
            };
            let wait = match error.code() {
                Code::Throttled => self.gate.pause(),
                _ => self.backoff.wait_at_least(retry_after, retry),
            };
            let message = error.to_string();
            watch.on(&Event::ApiRetry { about: &question.about, code: error.code(), message: &message, wait });
            tokio::time::sleep(wait).await;
        }
    }

    /// How far this machine's clock is from the API's, as far as its answers tell.
    #[must_use]
    pub fn clock_offset(&self) -> Option<Offset> {
        self.offset.narrowest()
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

    /// Leave to ask, and what is sent then.
    async fn prepare(&self, question: &Question) -> Result<(Pass<'_>, http::Request<Vec<u8>>), ApiError> {
        let project_id = self.project.id().await.map_err(ApiError::NoAccess)?;
        // Before the gate, so that a new key goes alone at first; behind it, because it may have been a long wait.
        self.credential.proof().await.map_err(ApiError::NoAccess)?;
        let pass = self.gate.enter(self.settings.endpoint.host()).await.map_err(ApiError::NotAsked)?;
        let proof = self.credential.proof().await.map_err(ApiError::NoAccess)?;
        let request = self.request(question, project_id, &proof);
        Ok((pass, request.map_err(|_| ApiError::Http(HttpError::Unsendable))?))
    }

    /// One request.
    async fn ask_once<T>(&self, question: &Question, decode: &impl Fn(&[u8]) -> Result<T, String>) -> Tried<T> {
        let (pass, request) = match self.prepare(question).await {
            Ok(prepared) => prepared,
            Err(error) => return Tried::unsent(error),
        };
        let (uri, started_at) = (request.uri().to_string(), self.clock.now());
        let fetched = self.http.fetch(request, question.cap).await;
        let finished_at = self.clock.now();
        let call = |status, request_id, error: Option<&ApiError>, answer: Option<&Answer>| {
            let error = error.map(|error| AttemptError { code: error.code(), message: error.to_string() });
            let answer_sha256 = answer.map(Answer::sha256);
            Some(ApiCall { uri, status, request_id, started_at, finished_at, error, answer_sha256, answer: None })
        };
        let Whole { head, body } = match fetched {
            Ok(whole) => whole,
            Err(error) => {
                let error = ApiError::Http(error);
                return Tried { call: call(None, None, Some(&error), None), ..Tried::unsent(error) };
            }
        };
        if let Some(theirs) = server_time(&head.headers) {
            self.offset.note(Offset { sent_at: started_at, received_at: finished_at, server_date: theirs });
        }

        // Reports keep a body byte for byte, so one that echoes a secret is kept out of them.
        let tells = self.redactor.is_told_by(&body);
        let decode = |body: &[u8]| if tells { Err(ECHO.to_owned()) } else { decode(body) };
        let result = self.read(&head, &body, &decode);
        let asked = retry_after(&head.headers, self.clock.now());
        match &result {
            Ok(_) => pass.accepted(),
            Err(error) if error.is_rejection() => pass.rejected(&error.to_string()),
            Err(error) if error.code() == Code::Throttled => pass.throttled(asked, &error.to_string()),
            Err(error) if !error.is_service_level() => pass.accepted(),
            Err(_) => {}
        }
        let answer = (!tells).then(|| Answer::new(body));
        let request_id = request_id(&head).map(|id| self.redactor.text(id));
        let call = call(Some(head.status.as_u16()), request_id, result.as_ref().err(), answer.as_ref());
        Tried { result, answer, call, retry_after: asked }
    }

    /// Makes what was asked for or an error of an answer that came whole.
    fn read<T>(&self, head: &Parts, body: &[u8], decode: &impl Fn(&[u8]) -> Result<T, String>) -> Result<T, ApiError> {
        let mut answer = wire::error_body(body);
        answer.status = Some(head.status.as_u16());
        answer.request_id = request_id(head).or(answer.request_id);
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

fn request_id(head: &Parts) -> Option<String> {
    ["x-request-id", "x-iam-trace-id"].into_iter().find_map(|name| text(head, name))
}

fn text(head: &Parts, name: &str) -> Option<String> {
    let text = head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.filter(|text| !text.is_empty())
}
