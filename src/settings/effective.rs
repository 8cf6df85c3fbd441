//! The settings in force as reports have them: by the names of their flags, and no secret among them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::Settings;
use crate::cli;
use crate::credentials::{Access, Credential, Keyring};
use crate::report::{Credentials, Identity};
use crate::retention::Terms;
use crate::store::{Addressing, Hashing};

/// What is in force of a verification, whether it was given or not. Addresses that may hold a secret of their own, those of
/// a watchdog and of proxies, are left out.
#[must_use]
pub fn effective(settings: &Settings, args: &cli::Verify, terms: &Terms) -> BTreeMap<&'static str, Value> {
    let Settings { api, store, concurrency } = settings;
    let seconds = |time: Duration| json!(time.as_secs_f64());
    let moved: Vec<_> = args.moved.iter().map(|moved| format!("{}={}", moved.from, moved.to)).collect();
    let moved = (!moved.is_empty()).then(|| moved.join(","));
    let auto = |number: Option<u64>| number.map_or_else(|| json!("auto"), |number| json!(number));
    BTreeMap::from([
        ("obs-region", json!(store.region)),
        ("project-id", json!(api.access.project.as_ref().ok())),
        ("iam-endpoint", json!(api.access.iam.as_ref().map(ToString::to_string))),
        ("workspace-endpoint", json!(api.workspace.endpoint.to_string())),
        ("obs-endpoint", json!(store.endpoint.to_string())),
        (
            "addressing",
            json!(match store.addressing {
                Addressing::Path => "path",
                Addressing::Virtual => "virtual",
            }),
        ),
        ("ca-bundle", json!(api.transport.ca_bundle.as_ref().map(|path| path.display().to_string()))),
        ("allow-http", json!(args.connection.allow_http)),
        ("connect-timeout", seconds(api.transport.connect_timeout)),
        ("stall-timeout", seconds(api.transport.stall_timeout)),
        ("retry-wait", seconds(api.retry_wait)),
        ("api-tries", json!(api.workspace.tries)),
        ("read-retries", json!(store.read_retries)),
        ("concurrency", auto(concurrency.fixed_level().map(|level| level as u64))),
        ("parts", auto(store.parts.number.map(|number| number.get() as u64))),
        ("part-size", auto(store.parts.size)),
        ("memory", json!(store.memory)),
        (
            "hashing",
            json!(match store.hashing {
                Hashing::Auto => "auto",
                Hashing::Inline => "inline",
                Hashing::Beside => "beside",
            }),
        ),
        ("size-rule", json!(crate::fixity::SizeRule::from(args.size_rule))),
        ("ledger", json!(args.remembering.ledger.as_ref().map(|path| path.display().to_string()))),
        ("reverify-after", json!(terms.reverify_after.as_secs())),
        ("overlap", json!(args.remembering.overlap.as_secs())),
        ("map-bucket", json!(moved)),
        ("retention", json!(terms.retention.map(|time| time.as_secs()))),
        ("not-ready-after", json!(terms.not_ready_after.as_secs())),
        ("max-unverified-age", json!(terms.max_unverified_age.map(|time| time.as_secs()))),
        ("max-bytes", json!(args.max_bytes)),
        ("max-duration", json!(args.max_duration.map(|time| time.as_secs_f64()))),
        ("include-not-ready", json!(args.window.include_not_ready)),
    ])
}

/// What names the credentials that were used; of those that end, the last.
#[must_use]
pub fn identities(access: &Access) -> Credentials {
    let last_of = |keys: &Keyring| match keys.holding().key {
        Some((access_key_id, temporary, _)) => Identity::AccessKey { access_key_id, temporary },
        None => Identity::None,
    };
    Credentials {
        workspace: match &access.api {
            Credential::Keys(keys) => last_of(keys),
            Credential::Token(_) => Identity::Token,
        },
        store: last_of(&access.store),
    }
}
