//! A run of which everything that holds for all runs is checked before a test looks at what is its own.

use recverify::check::Against;
use recverify_sandbox::Sandbox;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{Call, end, verify};

const OUTCOMES: [&str; 6] = ["intact", "altered", "missing", "inconsistent", "undeclared", "unverified"];

/// One run: its exit code, its report as JSON and as text, and what stood on standard error.
#[derive(Debug)]
pub struct Checked {
    pub code: i32,
    pub report: Value,
    pub text: String,
    pub err: String,
}

/// Runs `recverify verify … --format json` with the text report beside it.
pub fn check(cloud: &Sandbox, words: &str) -> Checked {
    checked(verify(cloud, words))
}

/// The same of a call that was put together already.
pub fn checked(call: Call) -> Checked {
    checked_while(call, |_| {})
}

/// The same, with something that happens while it runs; it is given the process's id.
pub fn checked_while(call: Call, happens: impl FnOnce(u32)) -> Checked {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("report.txt");
    let child = call.arg("-o").arg(&file).spawn();
    happens(child.id());
    let ended = end(child);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let checked = Checked { code: ended.code, report: ended.report(), text, err: ended.err };
    for shown in [&ended.out, &checked.text, &checked.err] {
        assert!(!shown.contains("MUST-NOT-APPEAR") && !shown.contains("MUST/NOT/APPEAR"), "a secret in {shown}");
    }
    checked.adds_up();
    is_worth_something(&ended.out);
    for record in checked.records() {
        is_consistent(record);
        checked.text_agrees_with(record);
    }
    checked
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The string there, or nothing.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

impl Checked {
    pub fn records(&self) -> &Vec<Value> {
        self.report["records"].as_array().expect("a list of records")
    }

    pub fn record(&self, id: &str) -> &Value {
        let mut found = self.records().iter().filter(|record| record["record_id"] == id);
        let record = found.next().unwrap_or_else(|| panic!("no {id} in {}", self.report));
        assert!(found.next().is_none(), "{id} stands twice");
        record
    }

    pub fn object(&self, id: &str, role: &str) -> &Value {
        let objects = self.record(id)["objects"].as_array().expect("a list of objects");
        objects.iter().find(|object| object["role"] == role).unwrap_or_else(|| panic!("{id} has no {role}"))
    }

    /// Whether the record has this outcome, for this reason, in these very words; empty ones for an intact record.
    pub fn says(&self, id: &str, outcome: &str, code: &str, message: &str) {
        let record = self.record(id);
        let reason = &record["reason"];
        let said = (text(&record["outcome"]), text(&reason["code"]), text(&reason["message"]));
        assert_eq!(said, (outcome, code, message), "{id}: {record:#}");
    }

    pub fn is_intact(&self, id: &str) {
        self.says(id, "intact", "", "");
    }

    /// The codes of a record's warnings.
    pub fn warnings(&self, id: &str) -> Vec<&str> {
        let warnings = self.record(id)["warnings"].as_array().expect("a list of warnings");
        warnings.iter().map(|warning| text(&warning["code"])).collect()
    }

    /// Offset, bytes and error code of every request for an object's bytes.
    pub fn attempts(&self, id: &str, role: &str) -> Vec<(u64, u64, &str)> {
        let attempts = self.object(id, role)["attempts"].as_array().expect("a list of attempts");
        let number = |value: &Value| value.as_u64().expect("a number");
        attempts.iter().map(|a| (number(&a["from"]), number(&a["bytes"]), text(&a["error"]["code"]))).collect()
    }

    /// The exit code and the summary follow from the records.
    fn adds_up(&self) {
        let summary = &self.report["summary"];
        let count = |word: &str| self.records().iter().filter(|record| record["outcome"] == word).count();
        for word in OUTCOMES {
            assert_eq!(summary[word], count(word), "{word}: {summary}");
        }
        assert_eq!(summary["records"], self.records().len());
        let follows = match OUTCOMES.map(count) {
            _ if [6, 130, 143].contains(&self.code) => self.code,
            [_, altered, missing, inconsistent, _, _] if altered + missing + inconsistent > 0 => 1,
            [_, _, _, _, undeclared, unverified] if undeclared + unverified > 0 => 3,
            _ => 0,
        };
        assert_eq!(self.code, follows, "{summary}");
    }

    /// The text shows the record with the same reason, or counts it among its like.
    fn text_agrees_with(&self, record: &Value) {
        let (outcome, id) = (text(&record["outcome"]), text(&record["record_id"]));
        let head = format!("{outcome:<12}  {id}");
        let is_head = |line: &&str| *line == head || line.starts_with(&format!("{head}  "));
        let code = text(&record["reason"]["code"]);
        let Some(at) = self.text.lines().position(|line| is_head(&line)) else {
            let counted = self.text.lines().any(|line| line.contains(&format!(" more, {outcome}: {code}")));
            assert!(counted, "{id} is not in the text: {}", self.text);
            return;
        };
        let block: Vec<_> = self.text.lines().skip(at + 1).take_while(|line| line.starts_with("    ")).collect();
        if outcome != "intact" {
            let why = format!("    why       {} ({code})", text(&record["reason"]["message"]));
            assert!(block.contains(&why.as_str()), "no \"{why}\" in {block:#?}");
        }
        for warning in record["warnings"].as_array().expect("a list") {
            let line = format!("    warning   {} ({})", text(&warning["message"]), text(&warning["code"]));
            assert!(block.contains(&line.as_str()), "no \"{line}\" in {block:#?}");
        }
    }
}

/// The program's own check of a report finds nothing that does not hold.
fn is_worth_something(report: &str) {
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    std::fs::write(file.path(), report).unwrap();
    let findings = recverify::check::check(file.path(), &Against::default(), jiff::Timestamp::now()).unwrap();
    assert!(recverify::check::holds(&findings), "{findings:#?}\n{report}");
}

/// Nothing in a record's report contradicts its outcome.
fn is_consistent(record: &Value) {
    let outcome = text(&record["outcome"]);
    let reason = &record["reason"];
    assert_eq!(reason.is_null(), outcome == "intact", "{record:#}");
    assert!(reason.is_null() || !text(&reason["message"]).is_empty(), "{record:#}");
    if let Some(body) = record["answer"]["body"].as_str() {
        assert_eq!(record["answer"]["sha256"], sha256(body.as_bytes()));
    }
    let objects = record["objects"].as_array().expect("a list of objects");
    assert!(outcome != "intact" || objects.len() == 2, "{record:#}");
    for object in objects {
        let of_record = ["intact", "undeclared", "unverified", "inconsistent", "missing", "altered"];
        let gravity = |word: &Value| of_record.iter().position(|name| word == name).expect("an outcome");
        assert!(gravity(&object["outcome"]) <= gravity(&record["outcome"]), "{record:#}");
        let declared = text(&object["declared_sha256"]).to_ascii_lowercase();
        let observed = text(&object["observed_sha256"]);
        match text(&object["outcome"]) {
            "intact" => {
                assert!(!observed.is_empty() && observed == declared, "{object:#}");
                assert!(object["observed_bytes"].is_u64() && object["reason"].is_null(), "{object:#}");
            }
            "altered" => {
                assert!(!observed.is_empty() && observed != declared, "{object:#}");
                let attempts = object["attempts"].as_array().expect("a list of attempts");
                let ended_well = attempts.iter().filter(|attempt| attempt["error"].is_null()).count();
                let read: u64 = attempts.iter().filter_map(|attempt| attempt["bytes"].as_u64()).sum();
                let whole = object["observed_bytes"].as_u64().expect("a number");
                assert!(ended_well >= 2 && read >= 2 * whole, "an accusation stands on two whole reads: {object:#}");
            }
            _ => assert!(!text(&object["reason"]["code"]).is_empty(), "{object:#}"),
        }
    }
}
