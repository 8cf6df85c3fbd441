//! Asks IAM: signed or with a token, again where that can help, and never with what it rejected.

use std::time::Duration;

use http::response::Parts;
use jiff::SignedDuration;

use super::{Asking, Network, Proof, request};
use crate::endpoint::Endpoint;
use crate::evidence::{Reason, ServiceAnswer};
use crate::fixity::Code;
use crate::gate::{Gate, Rejection};
use crate::http::{HttpError, Whole, retry_after, server_time};
use crate::wire::error_body;

/// No answer that is asked for here is longer.
const ANSWER_CAP: usize = 1 << 20;

/// Beyond this no signature is accepted (API Signing Guide), so a server that far off says nothing about when keys end.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(15);

/// IAM, for one credential.
#[derive(Debug)]
pub(super) struct Iam {
    endpoint: Endpoint,
    gate: Gate,
    tries: u32,
    network: Network,
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) body: &'a [u8],
    /// The permission it takes.
    pub(super) action: &'a str,
}

/// An answer with status 200 or 201.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) body: Vec<u8>,
    /// By how much our clock is ahead of the server's.
    pub(super) ahead: SignedDuration,
}

impl Answered {
    /// What came, with how far its server's clock is from ours.
    pub(super) fn new(whole: Whole, network: &Network) -> Self {
        let theirs = server_time(&whole.head.headers);
        let ahead = theirs.map(|theirs| network.clock.now().duration_since(theirs));
        // The header has whole seconds; less than a few of them is no difference.
        let ahead = ahead.filter(|ahead| (SignedDuration::from_secs(5)..=CLOCK_TOLERANCE).contains(&ahead.abs()));
        Self { body: whole.body, ahead: ahead.unwrap_or_default() }
    }
}

impl Iam {
    pub(super) fn new(endpoint: Endpoint, rejection: Rejection, tries: u32, network: Network) -> Self {
        let gate = Gate::new("IAM", rejection, network.backoff.clone());
        Self { endpoint, gate, tries, network }
    }

    /// Asks a question. The error is the reason of whatever depends on the answer.
    pub(super) async fn ask(&self, question: &Question<'_>, proof: Option<&Proof>) -> Result<Answered, Reason> {
        let mut retry = 0;
        loop {
            let (reason, again) = match self.ask_once(question, proof).await {
                Ok(answered) => {
                    self.gate.worked();
                    return Ok(answered);
                }
                Err(failed) => failed,
            };
            retry += 1;
            let Some(asked) = again.filter(|_| retry < self.tries) else { return Err(reason) };
            let wait = match reason.code {
                Code::Throttled => self.gate.pause(),
                _ => self.network.backoff.wait_at_least(asked, retry),
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// One request. A failure that may pass comes with how long IAM asked to be left alone, if it did.
    async fn ask_once(
        &self,
        question: &Question<'_>,
        proof: Option<&Proof>,
    ) -> Result<Answered, (Reason, Option<Option<Duration>>)> {
        let Question { method, path, query, body, .. } = *question;
        let pass = match self.gate.enter(self.endpoint.host()).await {
            Ok(pass) => pass,
            Err(closed) => return Err((Reason::new(closed.code, closed.message), None)),
        };
        let asking = Asking { endpoint: &self.endpoint, method, path, query, body, project_id: None };
        let of_http = |error: HttpError| {
            let reason = Reason::new(error.code(), format!("IAM could not be asked: {error}"));
            (reason, error.may_pass().then_some(None))
        };
        let request = request(&asking, proof, self.network.clock.now()).map_err(|_| of_http(HttpError::Unsendable))?;
        let whole = self.network.http.fetch(request, ANSWER_CAP).await.map_err(of_http)?;
        if matches!(whole.head.status.as_u16(), 200 | 201) {
            pass.accepted();
            return Ok(Answered::new(whole, &self.network));
        }
        let asked = retry_after(&whole.head.headers, self.network.clock.now());
        let reason = self.refusal(&whole, question.action, proof);
        match reason.code {
            Code::Unauthorized | Code::ClockSkew => pass.rejected(&reason.message),
            Code::Throttled => pass.throttled(asked, &reason.message),
            Code::AccessDenied => pass.accepted(),
            _ => {}
        }
        let may_pass = matches!(whole.head.status.as_u16(), 429 | 500 | 502 | 503 | 504);
        Err((reason, may_pass.then_some(asked)))
    }

    fn refusal(&self, whole: &Whole, action: &str, proof: Option<&Proof>) -> Reason {
        let Whole { head, body } = whole;
        let status = head.status.as_u16();
        let said = error_body(body);
        let id = ["x-iam-trace-id", "x-request-id"].into_iter().find_map(|name| header(head, name));
        let answer = ServiceAnswer { status: Some(status), request_id: id.or(said.request_id.clone()), ..said };
        let answer = self.network.redactor.answer(answer);
        let has_words = answer.error_code.is_some() || answer.error_msg.is_some();
        let ahead = server_time(&head.headers).map(|theirs| self.network.clock.now().duration_since(theirs));
        let skewed = ahead.filter(|ahead| ahead.abs() > CLOCK_TOLERANCE && matches!(proof, Some(Proof::Key(_))));
        let (code, message) = match (status, skewed) {
            (401, Some(ahead)) => {
                let direction = if ahead.is_negative() { "behind" } else { "ahead" };
                let minutes = ahead.as_secs().unsigned_abs() / 60;
                let message = format!(
                    "the clock of this machine is {minutes} min {direction}, so no signature is accepted; set it right"
                );
                return Reason { code: Code::ClockSkew, message, api: Some(answer) };
            }
            (401, None) => (Code::Unauthorized, format!("IAM rejected {}", shown(proof))),
            (403, _) if has_words => (Code::AccessDenied, format!("IAM denied access; grant {action}")),
            (429, _) => (Code::Throttled, "IAM is throttling".to_owned()),
            (500.., _) => (Code::ServiceError, "IAM failed".to_owned()),
            (300..=399, _) => {
                let to = header(head, "location").unwrap_or_else(|| "nowhere".to_owned());
                let to = self.network.redactor.text(to);
                (Code::UnreadableAnswer, format!("IAM answered with a redirect to {to}, which is not followed"))
            }
            _ if has_words => (Code::ServiceError, "IAM refused the request; check --iam-endpoint".to_owned()),
            _ => (Code::UnreadableAnswer, "what answered is not IAM; check --iam-endpoint and proxy".to_owned()),
        };
        let words = match (&answer.error_code, &answer.error_msg) {
            (Some(code), Some(message)) if *code != status.to_string() => format!(" {code}: {message}"),
            (_, Some(text)) | (Some(text), None) => format!(" {text}"),
            (None, None) => String::new(),
        };
        Reason { code, message: format!("{message} ({status}{words})"), api: Some(answer) }
    }
}

fn shown(proof: Option<&Proof>) -> String {
    match proof {
        Some(Proof::Key(key)) => format!("the access key {}", key.id),
        Some(Proof::Token(_)) | None => "the token".to_owned(),
    }
}

fn header(head: &Parts, name: &str) -> Option<String> {
    let text = head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.filter(|text| !text.is_empty())
}
