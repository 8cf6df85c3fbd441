//! Tells a watchdog that a run began and how it ended, by the protocol of healthchecks.io (*Pinging API*).
//!
//! `POST URL/start` at the start, `POST URL` after a success, `POST URL/<exit code>` after a failure, each with
//! `?rid=<run id>`. No credential goes there, nor the name of anything verified. The address itself is a secret of sorts
//! (whoever knows it can ping), so no error shows more of it than the host.

use std::time::Duration;

use http::uri::{PathAndQuery, Uri};

use crate::clock::Backoff;
use crate::endpoint::{Endpoint, EndpointError};
use crate::exit::Exit;
use crate::http::{HttpClient, HttpError};

/// How long one ping may take, its retries included.
const LIMIT: Duration = Duration::from_secs(3);

/// The same after a signal, which wants the run to be over.
const LIMIT_INTERRUPTED: Duration = Duration::from_secs(1);

/// How often a ping is tried.
const TRIES: u32 = 3;

/// An answer is a word or two.
const ANSWER_CAP: usize = 64 * 1024;

/// Where a check is pinged: `https://host/…`, with whatever path and query it has.
#[derive(Clone)]
pub struct PingUrl {
    endpoint: Endpoint,
    path: String,
    query: Option<String>,
}

/// Why an address cannot be pinged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PingUrlError {
    /// It is none.
    #[error("the ping address does not do: {0}")]
    Malformed(EndpointError),
    /// A user name or a fragment stands in it.
    #[error("the ping address does not do: neither a user name nor a fragment may stand in it")]
    Extra,
    /// It would leave this machine unprotected.
    #[error("the ping address is plain http: use https, or --allow-http if you must")]
    PlainHttp,
}

/// Which ends of a run count as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Findings, and runs whose results are not whole: exit codes 1, 6, 130 and 143.
    Finding,
    /// All but exit code 0: what was not verified, and nothing being there to verify, is no pass either.
    Any,
}

/// Pings one check about one run.
pub struct Ping {
    /// By which client.
    pub http: HttpClient,
    /// Where.
    pub url: PingUrl,
    /// About which run; a UUID, as the protocol wants it.
    pub run_id: String,
    /// What counts as a failure.
    pub fail_on: FailOn,
    /// Waits between tries.
    pub backoff: Backoff,
}

/// Why a ping may not have arrived.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that is no success.
    #[error("the answer was {0}")]
    Status(http::StatusCode),
    /// A success by its status and none by its words, as for an address that is no check's.
    #[error("the answer was \"{0}\"")]
    Refused(String),
    /// It took too long, retries included.
    #[error("it took longer than {} s", .0.as_secs_f64())]
    Slow(Duration),
    /// Something else was more urgent.
    #[error("a signal came first")]
    GivenUp,
}

impl FailOn {
    /// Whether a run that ended so failed.
    #[must_use]
    pub const fn fails(self, exit: Exit) -> bool {
        match exit {
            // Another run does the work: noted in the log, no failure.
            Exit::Success | Exit::Held => false,
            Exit::Undecided | Exit::Nothing => matches!(self, Self::Any),
            Exit::Finding | Exit::Usage | Exit::NotRecorded | Exit::Interrupted(_) => true,
        }
    }
}

impl PingUrl {
    /// Checks an address; plain http leaves this machine only if `allow_http`.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, PingUrlError> {
        let uri: Uri = text.parse().map_err(|_| PingUrlError::Malformed(EndpointError::Malformed))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(PingUrlError::Malformed(EndpointError::Scheme));
        };
        if authority.as_str().contains('@') || text.contains('#') {
            return Err(PingUrlError::Extra);
        }
        let endpoint: Endpoint = format!("{scheme}://{authority}").parse().map_err(PingUrlError::Malformed)?;
        if !endpoint.is_https() && !endpoint.is_loopback() && !allow_http {
            return Err(PingUrlError::PlainHttp);
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { endpoint, path, query: uri.path_and_query().and_then(PathAndQuery::query).map(str::to_owned) })
    }

    fn with(&self, suffix: &str, run_id: &str) -> String {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("{query}&"));
        format!("{}{}{suffix}?{query}rid={run_id}", self.endpoint, self.path)
    }
}

impl Ping {
    /// Tells that the run begins.
    pub async fn start(&self) -> Result<(), PingError> {
        self.within(LIMIT, "/start", "").await
    }

    /// Tells something worth noting that is no failure.
    pub async fn log(&self, line: &str) -> Result<(), PingError> {
        self.within(LIMIT, "/log", line).await
    }

    /// Tells how it ended, with one line about it.
    pub async fn end(&self, exit: Exit, line: &str) -> Result<(), PingError> {
        let limit = if matches!(exit, Exit::Interrupted(_)) { LIMIT_INTERRUPTED } else { LIMIT };
        let suffix = if self.fail_on.fails(exit) { format!("/{}", exit.code()) } else { String::new() };
        self.within(limit, &suffix, line).await
    }

    async fn within(&self, limit: Duration, suffix: &str, body: &str) -> Result<(), PingError> {
        let url = self.url.with(suffix, &self.run_id);
        tokio::time::timeout(limit, self.tries(&url, body)).await.unwrap_or(Err(PingError::Slow(limit)))
    }

    async fn tries(&self, url: &str, body: &str) -> Result<(), PingError> {
        for retry in 1..TRIES {
            match self.once(url, body).await {
                Err(error) if error.may_pass() => tokio::time::sleep(self.backoff.wait(retry)).await,
                ended => return ended,
            }
        }
        self.once(url, body).await
    }

    async fn once(&self, url: &str, body: &str) -> Result<(), PingError> {
        let request = http::Request::post(url)
            .header(http::header::CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(body.as_bytes().to_vec())
            .map_err(|_| HttpError::Unsendable)?;
        let answer = self.http.fetch(request, ANSWER_CAP).await?;
        if !answer.head.status.is_success() {
            return Err(PingError::Status(answer.head.status));
        }
        // An unknown check and one pinged too often are answered "200 OK (not found)" and "200 OK (rate limited)".
        match String::from_utf8_lossy(&answer.body).trim() {
            words if words.starts_with("OK (") => Err(PingError::Refused(words.chars().take(100).collect())),
            _ => Ok(()),
        }
    }
}

impl PingError {
    /// Whether the same ping may well arrive a little later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Http(error) => error.may_pass(),
            Self::Status(status) => status.is_server_error(),
            Self::Refused(_) | Self::Slow(_) | Self::GivenUp => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Signal;
    use crate::http::Transport;

    fn told(text: &str, suffix: &str) -> Result<String, PingUrlError> {
        PingUrl::parse(text, false).map(|url| url.with(suffix, "ID"))
    }

    #[test]
    fn what_is_told_is_put_behind_the_path_and_before_the_query() {
        let cases = [
            ("https://hc-ping.com/uuid", "/start", "https://hc-ping.com/uuid/start?rid=ID"),
            ("https://hc-ping.com/uuid/", "", "https://hc-ping.com/uuid?rid=ID"),
            ("https://hc-ping.com/key/slug?create=1", "/3", "https://hc-ping.com/key/slug/3?create=1&rid=ID"),
            ("http://127.0.0.1:8000", "/143", "http://127.0.0.1:8000/143?rid=ID"),
        ];
        for (text, suffix, url) in cases {
            assert_eq!(told(text, suffix).as_deref(), Ok(url));
        }
    }

    #[test]
    fn only_https_or_loopback_is_pinged() {
        let cases = [
            ("http://hc.example/uuid", PingUrlError::PlainHttp),
            ("hc-ping.com/uuid", PingUrlError::Malformed(EndpointError::Malformed)),
            ("/uuid", PingUrlError::Malformed(EndpointError::Scheme)),
            ("ftp://hc-ping.com/uuid", PingUrlError::Malformed(EndpointError::Scheme)),
            ("https://user:secret@hc-ping.com/uuid", PingUrlError::Extra),
            ("https://hc-ping.com/uuid#x", PingUrlError::Extra),
        ];
        for (text, error) in cases {
            assert_eq!(told(text, ""), Err(error), "{text}");
        }
        assert!(PingUrl::parse("http://hc.example/uuid", true).is_ok());
    }

    #[test]
    fn a_finding_and_half_a_run_always_fail_and_what_is_undecided_only_if_asked_to() {
        let always = [
            Exit::Finding,
            Exit::NotRecorded,
            Exit::Interrupted(Signal::Interrupt),
            Exit::Interrupted(Signal::Terminate),
        ];
        for exit in always {
            assert!(FailOn::Finding.fails(exit) && FailOn::Any.fails(exit), "{exit:?}");
        }
        for exit in [Exit::Undecided, Exit::Nothing] {
            assert!(!FailOn::Finding.fails(exit) && FailOn::Any.fails(exit), "{exit:?}");
        }
        assert!(!FailOn::Finding.fails(Exit::Success) && !FailOn::Any.fails(Exit::Success));
    }

    #[test]
    fn a_watchdog_that_never_answers_is_not_waited_for() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let patience = Duration::from_mins(1);
        let transport = Transport { ca_bundle: None, connect_timeout: patience, stall_timeout: patience };
        let ping = Ping {
            http: HttpClient::new(&transport).expect("a client"),
            url: PingUrl::parse(&url, false).expect("loopback"),
            run_id: "ID".to_owned(),
            fail_on: FailOn::Any,
            backoff: Backoff::new(Duration::from_millis(1), None),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let limit = Duration::from_millis(20);
        let ended = runtime.block_on(ping.within(limit, "", ""));
        assert!(matches!(ended, Err(PingError::Slow(waited)) if waited == limit), "{ended:?}");
    }
}
