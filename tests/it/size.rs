//! The declared size: what it may measure, and what is said when it fits nothing.

use recverify_sandbox::{Recording, Sandbox};
use serde_json::{Value, json};

use crate::check::{Checked, check, text};

const VIDEO: usize = 100;
const EVENT: usize = 7;

/// A recording of known lengths whose record declares `size`; no such field for `None`.
fn declare(cloud: &Sandbox, id: &str, size: Option<Value>) {
    let recording =
        Recording { video: "v".repeat(VIDEO).into(), event: "e".repeat(EVENT).into(), ..Recording::new(id) };
    let mut record = cloud.upload(&recording);
    let fields = record.as_object_mut().expect("a record");
    match size {
        Some(size) => fields.insert("size".to_owned(), size),
        None => fields.remove("size"),
    };
    cloud.add_record(id, record);
}

fn cloud_of_three() -> Sandbox {
    let cloud = Sandbox::start();
    declare(&cloud, "video", Some(json!(VIDEO)));
    declare(&cloud, "total", Some(json!(VIDEO + EVENT)));
    declare(&cloud, "neither", Some(json!(8)));
    cloud
}

fn fits<'a>(run: &'a Checked, id: &str) -> &'a str {
    text(&run.record(id)["declared_size"]["fits"])
}

#[test]
fn either_reading_of_the_size_is_accepted_and_named() {
    let run = check(&cloud_of_three(), "video total neither");
    run.is_intact("video");
    run.is_intact("total");
    let message = "the declared size is 8 bytes; the video has 100, video and event have 107 together";
    run.says("neither", "inconsistent", "size_differs", message);
    assert_eq!(["video", "total", "neither"].map(|id| fits(&run, id)), ["video", "total", "neither"]);
    assert_eq!(run.record("total")["declared_size"], json!({"bytes": 107, "rule": "auto", "fits": "total"}));
    assert_eq!(run.code, 1);
}

#[test]
fn a_rule_accepts_its_own_reading_only() {
    let cloud = cloud_of_three();
    let run = check(&cloud, "video total neither --size-rule video");
    run.is_intact("video");
    run.says("total", "inconsistent", "size_differs", "the declared size is 107 bytes; the video has 100");
    run.says("neither", "inconsistent", "size_differs", "the declared size is 8 bytes; the video has 100");

    let run = check(&cloud, "video total neither --size-rule total");
    run.is_intact("total");
    let message = |size| format!("the declared size is {size} bytes; video and event have 107 together");
    run.says("video", "inconsistent", "size_differs", &message(100));
    run.says("neither", "inconsistent", "size_differs", &message(8));

    let run = check(&cloud, "video total neither --size-rule off");
    assert_eq!(run.code, 0);
    assert_eq!(run.record("neither")["declared_size"], json!({"bytes": 8, "rule": "off", "fits": null}));
}

#[test]
fn what_is_no_whole_number_of_bytes_is_malformed() {
    let cloud = Sandbox::start();
    let cases = [
        ("negative", json!(-1), "-1"),
        ("fractional", json!(1.5), "1.5"),
        ("string", json!("100"), "\"100\""),
        ("huge", json!(1e30), "1e+30"),
        ("list", json!([100]), "[100]"),
        ("true", json!(true), "true"),
    ];
    for (id, size, _) in &cases {
        declare(&cloud, id, Some(size.clone()));
    }
    let run = check(&cloud, "negative fractional string huge list true");
    for (id, _, shown) in &cases {
        let message = format!("the declared size {shown} is no whole number of bytes");
        run.says(id, "unverified", "malformed_size", &message);
        assert_eq!(run.record(id)["declared_size"], json!({"bytes": null, "rule": "auto", "fits": null}));
        assert_eq!(run.object(id, "video")["outcome"], "intact");
    }
    assert_eq!(run.code, 3);
    assert_eq!(check(&cloud, "negative --size-rule off").code, 0);
}

#[test]
fn an_absent_size_is_a_warning() {
    let cloud = Sandbox::start();
    declare(&cloud, "absent", None);
    declare(&cloud, "null", Some(Value::Null));
    let run = check(&cloud, "absent null");
    for id in ["absent", "null"] {
        run.is_intact(id);
        assert_eq!(run.warnings(id), ["size_not_declared"]);
    }
    assert_eq!(run.code, 0);
    assert_eq!(check(&cloud, "absent --size-rule off").warnings("absent"), [""; 0]);
}

#[test]
fn sizes_that_all_disagree_while_digests_agree_name_the_way_out() {
    const HINT: &str = "All digests agree and no declared size does: the service seems to measure something else. \
                        With --size-rule off sizes are not compared.";
    let cloud = cloud_of_three();
    declare(&cloud, "neither-2", Some(json!(9)));
    let run = check(&cloud, "neither neither-2");
    assert!(run.text.lines().any(|line| line == HINT), "{}", run.text);
    assert_eq!(run.err.lines().last(), Some(HINT));
    let run = check(&cloud, "neither neither-2 video");
    assert!(!run.text.contains(HINT) && !run.err.contains(HINT));
}
