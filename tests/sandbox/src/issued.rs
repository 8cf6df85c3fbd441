//! Temporary keys that IAM and the metadata service gave out: both services take them, and only until they end.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// How long keys are good at first.
const HOUR: i64 = 3600;

/// One key with its secret and token.
#[derive(Clone)]
pub(crate) struct Issue {
    pub(crate) access: String,
    pub(crate) secret: String,
    pub(crate) security_token: String,
    until: Timestamp,
}

impl Issue {
    pub(crate) fn has_ended(&self, now: Timestamp) -> bool {
        now >= self.until
    }

    /// As both services send it.
    pub(crate) fn document(&self) -> Value {
        json!({"credential": {
            "access": self.access,
            "secret": self.secret,
            "securitytoken": self.security_token,
            "expires_at": self.until.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        }})
    }
}

pub(crate) struct Issued {
    lifetime: AtomicI64,
    issues: Mutex<Vec<Issue>>,
}

impl Issued {
    pub(crate) fn new() -> Self {
        Self { lifetime: AtomicI64::new(HOUR), issues: Mutex::new(Vec::new()) }
    }

    pub(crate) fn set_lifetime(&self, seconds: i64) {
        self.lifetime.store(seconds, Ordering::SeqCst);
    }

    /// New keys, good for as long as a test set, and no longer than was asked for.
    pub(crate) fn issue(&self, now: Timestamp, asked_seconds: i64) -> Issue {
        let seconds = self.lifetime.load(Ordering::SeqCst).min(asked_seconds);
        let mut issues = self.issues.lock().expect("no panic while issuing keys");
        let number = issues.len() + 1;
        let issue = Issue {
            access: format!("SANDBOXTEMPKEY{number:06}"),
            secret: format!("sandbox-temporary-secret-MUST-NOT-APPEAR-{number}"),
            security_token: format!("sandbox-temporary-token+MUST/NOT/APPEAR=={number}"),
            until: now + SignedDuration::from_secs(seconds),
        };
        issues.push(issue.clone());
        issue
    }

    pub(crate) fn of(&self, access: &str) -> Option<Issue> {
        let issues = self.issues.lock().expect("no panic while issuing keys");
        issues.iter().find(|issue| issue.access == access).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_good_until_their_end_and_for_no_longer_than_was_asked() {
        let (issued, now) = (Issued::new(), Timestamp::UNIX_EPOCH);
        let after = |seconds| now + SignedDuration::from_secs(seconds);
        for (asked, good) in [(86_400, 3600), (900, 900)] {
            let issue = issued.issue(now, asked);
            assert!(!issue.has_ended(after(good - 1)) && issue.has_ended(after(good)));
            assert_eq!(issued.of(&issue.access).expect("known").secret, issue.secret);
        }
        assert!(issued.of("x").is_none());
    }
}
