//! A knock at a server's door, with no credential in hand: does its name resolve, does TLS hold, what time has it?

use jiff::Timestamp;

use super::{HttpClient, HttpError, server_time};
use crate::clock::Clock;
use crate::endpoint::Endpoint;

/// An error page is not read beyond this.
const ANSWER_CAP: usize = 64 << 10;

/// What a server says of itself, whatever it thinks of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeting {
    /// Its time (`Date`), if it said so.
    pub theirs: Option<Timestamp>,
    /// Ours when it answered.
    pub ours: Timestamp,
}

impl Greeting {
    /// Ours minus theirs, in seconds.
    #[must_use]
    pub fn apart(&self) -> Option<i64> {
        self.theirs.map(|theirs| self.ours.as_second() - theirs.as_second())
    }
}

impl HttpClient {
    /// Sends a HEAD for the root of an endpoint; any answer is one.
    pub async fn knock(&self, endpoint: &Endpoint, clock: &Clock) -> Result<Greeting, HttpError> {
        let uri = format!("{endpoint}/").parse().map_err(|_| HttpError::Unsendable)?;
        let mut request = http::Request::new(Vec::new());
        *request.method_mut() = http::Method::HEAD;
        *request.uri_mut() = uri;
        let answer = self.fetch(request, ANSWER_CAP).await?;
        Ok(Greeting { theirs: server_time(&answer.head.headers), ours: clock.now() })
    }
}
