//! The schema that ships with the program, held against reports by a validator that knows nothing of them.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::check::check;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../../schema/report-v1.schema.json")).expect("JSON");
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).expect("a schema")
});

/// Fails on a report, or a line of one, that is not as the schema says.
pub fn assert_valid(report: &Value) {
    let faults: Vec<_> =
        SCHEMA.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{report:#}");
}

#[test]
fn the_schema_itself_is_valid() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/report-v1.schema.json")).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of the draft it names");
}

#[test]
fn a_report_with_anything_undocumented_missing_or_contradictory_is_not_valid() {
    let cloud = recverify_sandbox::Sandbox::start();
    cloud.upload(&recverify_sandbox::Recording::new("r"));
    let report = check(&cloud, "r").report;
    assert_valid(&report);
    let changes: [(&str, Value); 8] = [
        ("/records/0/objects/0/observed_sha256", json!("A0")),
        ("/records/0/objects/0/outcome", json!("fine")),
        ("/records/0/objects/0/outcome", json!("altered")),
        ("/records/0/objects", json!([])),
        ("/records/0/answer", Value::Null),
        ("/records/0/outcome", json!("altered")),
        ("/run/started_at", json!("yesterday")),
        ("/summary", json!({})),
    ];
    for (place, value) in changes {
        let mut other = report.clone();
        *other.pointer_mut(place).expect(place) = value;
        assert!(!SCHEMA.is_valid(&other), "{place}");
    }
    for place in
        ["", "/run", "/run/host", "/summary", "/tool", "/records/0", "/records/0/objects/0", "/records/0/calls/0"]
    {
        let mut other = report.clone();
        other.pointer_mut(place).expect(place)["extra"] = json!(1);
        assert!(!SCHEMA.is_valid(&other), "{place}");
    }
    let mut open = report;
    open["records"][0]["record"]["new_field"] = json!(1);
    assert_valid(&open);
}
