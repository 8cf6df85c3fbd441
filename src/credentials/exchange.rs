//! Temporary keys for a token: IAM, `POST /v3.0/OS-CREDENTIAL/securitytokens`.

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::iam::{Iam, Question};
use super::temporary::{Temporary, temporary};
use super::{Unavailable, Wanted};
use crate::evidence::Reason;
use crate::fixity::Code;

/// How long the keys are to hold; IAM gives from 15 min to 24 h. They are renewed, so no longer than is convenient.
const DURATION_SECONDS: u32 = 3600;

/// A token and who exchanges it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) iam: Iam,
    pub(super) token: SecretString,
}

impl Exchange {
    /// New keys. Where IAM refuses, the token is not shown to it again.
    pub(super) async fn keys(&self) -> Result<Temporary, Unavailable> {
        let body = body(self.token.expose_secret());
        let question = Question {
            method: "POST",
            path: "/v3.0/OS-CREDENTIAL/securitytokens",
            query: &[],
            body: &body,
            action: "the token's user leave to get temporary keys",
        };
        let asked = self.iam.ask(&question, None).await;
        let keys = asked.and_then(|answered| {
            temporary(answered.body, answered.ahead)
                .map_err(|why| Reason::new(Code::UnreadableAnswer, format!("IAM's answer cannot be read: {why}")))
        });
        keys.map_err(|mut reason| {
            reason.message = format!("the token could not be exchanged for keys of the store: {}", reason.message);
            Unavailable::new(Wanted::Keys, reason)
        })
    }
}

/// `{"auth":{"identity":{"methods":["token"],"token":{"id","duration_seconds"}}}}`.
fn body(token: &str) -> Zeroizing<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a> {
        auth: Auth<'a>,
    }
    #[derive(Serialize)]
    struct Auth<'a> {
        identity: Identity<'a>,
    }
    #[derive(Serialize)]
    struct Identity<'a> {
        methods: [&'static str; 1],
        token: Token<'a>,
    }
    #[derive(Serialize)]
    struct Token<'a> {
        id: &'a str,
        duration_seconds: u32,
    }
    let token = Token { id: token, duration_seconds: DURATION_SECONDS };
    let body = Body { auth: Auth { identity: Identity { methods: ["token"], token } } };
    // Roomy enough never to be moved, which would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(token_room(body.auth.identity.token.id)));
    // Writing names and texts into memory cannot fail.
    let _ = serde_json::to_writer(&mut *bytes, &body);
    bytes
}

fn token_room(token: &str) -> usize {
    token.len() * 6 + 200
}
