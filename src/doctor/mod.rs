//! What stands between this machine and a verification: checks in order, each with what was found and what to do.
//!
//! [`examine()`] asks both services as a verification would, a byte of each object at the most; [`judge`] makes findings of
//! what they answered, without asking anybody. A check that was not made because of another one says so.

mod api;
mod clock;
mod examine;
mod finding;
mod objects;
mod reach;
mod report;
mod subject;

pub use examine::{Examined, Objects, Probe, Surgery, examine};
pub use finding::{Check, Finding, Status};
pub use report::{is_well, write_json, write_text};
pub use subject::{Identity, Subject};

/// Every check, in order, with what was found.
#[must_use]
pub fn judge(subject: &Subject, seen: &Examined) -> Vec<Finding> {
    let clock = clock::finding(&seen.api, &seen.store);
    let mut findings = vec![Finding::ok(Check::Settings, subject.sources.join("; ")), clock.clone()];
    let api = api::findings(subject, seen, &clock);
    let in_the_way = api.iter().find(|finding| finding.status == Status::Fail).map(|finding| finding.check);
    let no_record_because_of = match seen.record {
        None => in_the_way.unwrap_or(Check::Record),
        Some(_) => Check::Record,
    };
    let store = objects::findings(subject, seen, &clock, no_record_because_of);
    findings.extend(api);
    findings.extend(store);
    findings.sort_by_key(|finding| finding.check);
    findings
}

#[cfg(test)]
mod tests;
