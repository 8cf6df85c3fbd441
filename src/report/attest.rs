//! The end of a text report: who established it, by what and when, what it proves, and how anybody checks that it is still
//! what was written.

use super::tool::TOOL;
use super::{Run, STATEMENT};
use crate::evidence::report_time;
use crate::signature::{NAMESPACE, PRINCIPAL};

/// The facts about the run, a name and a value each.
pub(super) fn facts(run: &Run) -> Vec<(&'static str, String)> {
    let mut facts =
        vec![("run", format!("{}, {} to {}", run.id, report_time(run.started_at), report_time(run.finished_at)))];
    let commit = TOOL.commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
    let file = TOOL.executable_sha256.map_or_else(String::new, |digest| format!(", executable {digest}"));
    facts.push(("tool", format!("recverify {}{commit}{file}", TOOL.name.version)));
    facts.push(("host", format!("{}, {}, {}", run.host.name, run.host.os, run.host.kernel)));
    let name = run.operator.name.as_deref().unwrap_or("unknown");
    facts.push(("operator", format!("{name}, user {}", run.operator.uid)));
    facts.extend(run.case.clone().map(|case| ("case", case)));
    facts.extend(run.note.clone().map(|note| ("note", note)));
    for clock in &run.clocks {
        let (least, most) = clock.offset.milliseconds();
        facts.push(("clock", format!("{least} to {most} ms ahead of that of the {}", clock.service)));
    }
    facts
}

/// What an intact verdict means, a thought a line.
pub(super) fn statement() -> impl Iterator<Item = String> {
    STATEMENT.split_inclusive(". ").map(|sentence| sentence.trim_end().to_owned())
}

/// What an auditor types, as of the end of the run, so that it holds when keys and certificates have expired since.
pub(super) fn commands(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(key) = &run.signing_key {
        lines.push(format!("Signed with the key {key}. Compare the key with one you had by another way, then check:"));
        let at = run.finished_at.strftime("%Y%m%d%H%M%SZ");
        lines.extend(names(run).map(|name| {
            format!(
                "  ssh-keygen -Y verify -f {} -I {PRINCIPAL} -n {NAMESPACE} -O verify-time={at} -s {} < {}",
                quoted(&format!("{name}.allowed_signers")),
                quoted(&format!("{name}.sig")),
                quoted(name)
            )
        }));
    }
    if let Some(url) = &run.timestamp_url {
        lines
            .push(format!("Time-stamped by {url}. With the certificate of that authority, which it publishes, check:"));
        let at = run.finished_at.as_second();
        lines.extend(names(run).map(|name| {
            format!(
                "  openssl ts -verify -data {} -in {} -CAfile authority.pem -attime {at}",
                quoted(name),
                quoted(&format!("{name}.tsr"))
            )
        }));
    } else if run.signing_key.is_some() {
        lines.push("There is no time-stamp, so the time is the operator's word.".to_owned());
    }
    lines
}

/// The names of the reports, without the directories they stood in when they were written.
fn names(run: &Run) -> impl Iterator<Item = &str> {
    run.reports.iter().map(|path| path.rsplit('/').next().unwrap_or(path))
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | ',' | ':' | '=' | '@' | '%');
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'./{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_commands_are_those_of_the_end_of_the_run_for_each_report() {
        let mut run = sample::run();
        run.reports = vec!["/var/reports/a.json".to_owned(), "it's.txt".to_owned()];
        assert_eq!(commands(&run), Vec::<String>::new());
        run.signing_key = Some("SHA256:abc".to_owned());
        let signed = [
            "Signed with the key SHA256:abc. Compare the key with one you had by another way, then check:",
            "  ssh-keygen -Y verify -f a.json.allowed_signers -I recverify -n recverify-report \
             -O verify-time=20260116000030Z -s a.json.sig < a.json",
            "  ssh-keygen -Y verify -f './it'\\''s.txt.allowed_signers' -I recverify -n recverify-report \
             -O verify-time=20260116000030Z -s './it'\\''s.txt.sig' < './it'\\''s.txt'",
        ];
        let word = "There is no time-stamp, so the time is the operator's word.";
        assert_eq!(commands(&run), [&signed[..], &[word]].concat());
        run.timestamp_url = Some("http://tsa.example/".to_owned());
        let stamped = [
            "Time-stamped by http://tsa.example/. With the certificate of that authority, which it publishes, check:",
            "  openssl ts -verify -data a.json -in a.json.tsr -CAfile authority.pem -attime 1768521630",
            "  openssl ts -verify -data './it'\\''s.txt' -in './it'\\''s.txt.tsr' -CAfile authority.pem -attime 1768521630",
        ];
        assert_eq!(commands(&run), [&signed[..], &stamped[..]].concat());
    }
}
