//! Whether one record of a report fits together: its outcome with its objects, its answers with their digests.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use crate::fixity::{Outcome, Sha256Digest};

/// An outcome by its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told(pub(super) Outcome);

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
        outcome.map(Self).ok_or_else(|| D::Error::custom(format!("\"{word}\" is no outcome")))
    }
}

/// A digest as reports write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest(pub(super) Sha256Digest);

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

/// A value that reports write as text.
pub(super) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

#[derive(Debug, Deserialize)]
pub(super) struct Record {
    #[serde(rename = "record_id")]
    pub(super) id: String,
    pub(super) outcome: Told,
    reason: Option<IgnoredAny>,
    answer: Option<Answer>,
    calls: Vec<Call>,
    pub(super) objects: Vec<Object>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    body: Option<String>,
    body_base64: Option<String>,
    sha256: Digest,
}

#[derive(Debug, Deserialize)]
pub(super) struct Call {
    answer_sha256: Option<Digest>,
    answer: Option<Answer>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Object {
    pub(super) role: String,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    pub(super) outcome: Told,
    reason: Option<IgnoredAny>,
    declared_sha256: Option<String>,
    pub(super) observed_sha256: Option<Digest>,
    observed_bytes: Option<u64>,
    attempts: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    bytes: u64,
    error: Option<IgnoredAny>,
}

impl Answer {
    fn fault(&self) -> Option<&'static str> {
        let digest = match (&self.body, &self.body_base64) {
            (Some(body), None) => Sha256Digest::of(body.as_bytes()),
            (None, Some(text)) => match STANDARD.decode(text) {
                Ok(body) => Sha256Digest::of(&body),
                Err(_) => return Some("an answer is no base64"),
            },
            _ => return Some("an answer has no body"),
        };
        (digest != self.sha256.0).then_some("an answer does not have the digest it is said to have")
    }
}

impl Call {
    /// What is wrong with a call that has its answer with it, if it has one.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let answer = self.answer.as_ref()?;
        let same = self.answer_sha256 == Some(answer.sha256);
        answer.fault().or((!same).then_some("a call and its answer have different digests"))
    }
}

impl Object {
    /// Why its outcome is not what was observed, if so.
    fn fault(&self) -> Option<&'static str> {
        let declared = self.declared_sha256.as_deref().and_then(|text| text.parse::<Sha256Digest>().ok());
        let observed = self.observed_sha256.map(|digest| digest.0);
        let whole = self.observed_bytes.zip(observed);
        let read: u64 = self.attempts.iter().map(|attempt| attempt.bytes).sum();
        match self.outcome.0 {
            Outcome::Intact if self.reason.is_some() => Some("is intact and has a reason not to be"),
            Outcome::Intact if whole.is_none() || declared != observed => {
                Some("is intact without the declared digest having been observed")
            }
            Outcome::Intact if whole.is_some_and(|(bytes, _)| read < bytes) => {
                Some("is intact without all of it having been read")
            }
            Outcome::Altered if whole.is_none() || declared.is_none() || declared == observed => {
                Some("is altered without another digest than the declared one having been observed")
            }
            Outcome::Altered
                if self.attempts.iter().filter(|attempt| attempt.error.is_none()).count() < 2
                    || whole.is_some_and(|(bytes, _)| read < 2 * bytes) =>
            {
                Some("is altered without having been read twice")
            }
            Outcome::Inconsistent => Some("is inconsistent, which only records are"),
            Outcome::Intact | Outcome::Altered => None,
            _ if self.reason.is_none() => Some("has no reason"),
            _ => None,
        }
    }

    /// Whether the answer of the API has the declared digest in it.
    fn is_declared_in(&self, body: &str) -> bool {
        let declared = self.declared_sha256.as_deref().filter(|text| text.parse::<Sha256Digest>().is_ok());
        declared.is_none_or(|text| body.contains(text))
    }
}

impl Record {
    /// Why its outcome does not follow from its objects, if so.
    pub(super) fn outcome_fault(&self) -> Option<String> {
        if let Some((role, fault)) = self.objects.iter().find_map(|object| Some((&object.role, object.fault()?))) {
            return Some(format!("the {role} of {} {fault}", self.id));
        }
        let outcome = self.outcome.0;
        let gravest = self.objects.iter().map(|object| object.outcome.0).max();
        let fault = match gravest {
            Some(gravest) if outcome < gravest => "is called better than its gravest object",
            Some(gravest) if outcome > gravest && !matches!(outcome, Outcome::Inconsistent | Outcome::Unverified) => {
                "is called worse than its gravest object"
            }
            None if !matches!(outcome, Outcome::Inconsistent | Outcome::Unverified) => "has an outcome and no objects",
            _ if outcome == Outcome::Intact && self.objects.len() != 2 => {
                "is intact with another number of objects than two"
            }
            _ if (outcome == Outcome::Intact) == self.reason.is_some() => {
                "has an outcome that does not go with its reason"
            }
            _ => return None,
        };
        Some(format!("{} {fault}", self.id))
    }

    /// Why its answers are not what they are said to be, if so.
    pub(super) fn answer_fault(&self) -> Option<String> {
        let body = self.answer.as_ref().and_then(|answer| answer.body.as_deref());
        let last = self.calls.last().and_then(|call| call.answer_sha256);
        let fault = if let Some(fault) = self.answer.as_ref().and_then(Answer::fault) {
            fault
        } else if let Some(fault) = self.calls.iter().find_map(Call::fault) {
            fault
        } else if self.answer.as_ref().is_some_and(|answer| last != Some(answer.sha256)) {
            "the answer is not that of the last call"
        } else if body.is_some_and(|body| !self.objects.iter().all(|object| object.is_declared_in(body))) {
            "a declared digest is not in the answer it is said to be from"
        } else {
            return None;
        };
        Some(format!("{}: {fault}", self.id))
    }
}
