//! Keeps the run's own secrets out of what services say: an error that echoes a token must not carry it into a report.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

use crate::evidence::ServiceAnswer;

/// Every secret that ever was in use in one run. Cloning shares them.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Mutex<Vec<SecretString>>>);

/// Shorter texts would match by chance.
const SHORTEST: usize = 8;

impl Redactor {
    /// Knows these secrets from now on.
    pub fn learn<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) {
        let worth = |secret: &&SecretString| secret.expose_secret().len() >= SHORTEST;
        self.secrets().extend(secrets.into_iter().filter(worth).cloned());
    }

    /// The text with every secret in it replaced.
    #[must_use]
    pub fn text(&self, text: String) -> String {
        self.secrets().iter().fold(text, |text, secret| match secret.expose_secret() {
            secret if text.contains(secret) => text.replace(secret, "[secret]"),
            _ => text,
        })
    }

    /// Whether a body holds a secret, its slashes escaped as JSON allows or not.
    #[must_use]
    pub fn is_told_by(&self, body: &[u8]) -> bool {
        let text = String::from_utf8_lossy(body);
        let plain = if text.contains("\\/") { text.replace("\\/", "/").into() } else { text };
        self.secrets().iter().any(|secret| plain.contains(secret.expose_secret()))
    }

    /// An answer with every secret in its words replaced.
    #[must_use]
    pub fn answer(&self, answer: ServiceAnswer) -> ServiceAnswer {
        let clean = |text: Option<String>| text.map(|text| self.text(text));
        ServiceAnswer {
            status: answer.status,
            error_code: clean(answer.error_code),
            error_msg: clean(answer.error_msg),
            encoded_authorization_message: clean(answer.encoded_authorization_message),
            request_id: clean(answer.request_id),
        }
    }

    fn secrets(&self) -> MutexGuard<'_, Vec<SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echoed_secret_is_replaced_wherever_it_stands() {
        let redactor = Redactor::default();
        redactor.clone().learn(&[SecretString::from("hunter2hunter2"), SecretString::from("x")]);
        let said = redactor.text("token hunter2hunter2 is not hunter2hunter2x".to_owned());
        assert_eq!(said, "token [secret] is not [secret]x");
        let answer = ServiceAnswer { error_msg: Some("bad hunter2hunter2".to_owned()), ..ServiceAnswer::default() };
        assert_eq!(redactor.answer(answer).error_msg.as_deref(), Some("bad [secret]"));
        assert!(!format!("{redactor:?}").contains("hunter2"));
    }
}
