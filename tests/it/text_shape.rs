//! The text report, whole, and what stands on standard error beside a machine's report.

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::{Value, json};

use crate::check::sha256;
use crate::harness::{Ended, recverify};

fn recording(id: &str) -> Recording {
    Recording {
        start_time: Some("2026-03-12T12:02:01Z".parse().unwrap()),
        video: "a video".into(),
        event: "an event".into(),
        ..Recording::new(id)
    }
}

/// The text without the seconds it took and the store's ids.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rsplit_once(" bytes read in ") {
        Some((before, time)) => {
            assert!(time.strip_suffix(" s").is_some_and(|seconds| seconds.parse::<f64>().is_ok()), "{line}");
            format!("{before} bytes read in … s\n")
        }
        None if line.starts_with("    request   ") => "    request   …\n".to_owned(),
        None => format!("{line}\n"),
    });
    lines.collect()
}

fn verify(cloud: &Sandbox, words: &str) -> Ended {
    recverify(cloud).args("verify --retry-wait 1ms").args(words).run()
}

#[test]
fn an_intact_run_is_a_line_a_record_and_a_total() {
    let cloud = Sandbox::start();
    cloud.upload(&recording("a"));
    cloud.upload(&recording("b"));
    let ended = verify(&cloud, "a b --concurrency 1");
    let expected = "\
intact        a  video 7 bytes, event 8 bytes
intact        b  video 7 bytes, event 8 bytes

2 records: 2 intact; 30 bytes read in … s
";
    assert_eq!((masked(&ended.out).as_str(), ended.err.as_str(), ended.code), (expected, "", 0));
    let quiet = verify(&cloud, "a b -q");
    assert_eq!((quiet.out.as_str(), quiet.err.as_str(), quiet.code), ("", "", 0));
}

#[test]
fn an_altered_run_says_what_was_declared_and_what_was_found() {
    let cloud = Sandbox::start();
    let recording = recording("a");
    cloud.upload(&recording);
    cloud.put_object(&recording.bucket, &recording.video_key(), "a vidEo");
    let ended = verify(&cloud, "a --versions off");
    let expected = format!(
        "\
altered       a
    recorded  2026-03-12T12:02:01.000Z on sandbox-desktop-01 by sandbox-user
    video     wks-recordings/recordings/a/a.mp4: altered
    declared  {}
    observed  {}, 7 bytes
    why       the object has the declared size, so bytes were changed in place; two independent reads agree with each other and not with the declared digest (digest_differs)
    next      keep the object and this report untouched, look for an older version of the object, and find out who wrote it last

1 record: 1 altered; 22 bytes read in … s
",
        sha256(b"a video"),
        sha256(b"a vidEo"),
    );
    assert_eq!((masked(&ended.out), ended.err.as_str(), ended.code), (expected, "", 1));
}

#[test]
fn a_missing_run_says_what_proves_it() {
    let cloud = Sandbox::start();
    let recording = recording("a");
    cloud.upload(&recording);
    cloud.remove_object(&recording.bucket, &recording.event_key());
    let ended = verify(&cloud, "a");
    let expected = format!(
        "\
missing       a
    recorded  2026-03-12T12:02:01.000Z on sandbox-desktop-01 by sandbox-user
    event     wks-recordings/recordings/a/a.jsonl: missing
    declared  {}
    why       the store has no such object (404 NoSuchKey: The specified key does not exist.); another object of the bucket was read in this run (object_not_found)
    request   …
    versions  the bucket has no other version of it
    next      look for an older version or a backup, and find out who deleted it

1 record: 1 missing; 7 bytes read in … s
",
        sha256(b"an event"),
    );
    assert_eq!((masked(&ended.out), ended.err.as_str(), ended.code), (expected, "", 1));
}

#[test]
fn an_unverified_run_says_why_and_what_to_do() {
    let cloud = Sandbox::start();
    let cut = recording("cut");
    cloud.upload(&cut);
    let calls = StoreCalls::get(&cut.bucket, &cut.video_key());
    cloud.fail_store(calls.clone(), Times::once(), StoreFault::Cut(3));
    cloud.fail_store(calls, Times::always(), StoreFault::slow_down(None));
    let mut record = cloud.upload(&recording("soon"));
    record["status"] = json!("UPLOADING");
    cloud.add_record("soon", record);
    let mut record = cloud.upload(&recording("bare"));
    record["video_file_sha256"] = Value::Null;
    record["size"] = Value::Null;
    cloud.add_record("bare", record);
    let ended = verify(&cloud, "cut soon nobody bare --concurrency 1 --read-retries 1");
    let expected = format!(
        "\
unverified    cut
    recorded  2026-03-12T12:02:01.000Z on sandbox-desktop-01 by sandbox-user
    video     wks-recordings/recordings/cut/cut.mp4: unverified
    declared  {}
    observed  3 bytes, then nothing more
    why       the store is throttling (503 SlowDown: The sandbox was told to say so.) (throttled)
    request   …
    next      verify again later
unverified    soon
    recorded  2026-03-12T12:02:01.000Z on sandbox-desktop-01 by sandbox-user
    why       its status is UPLOADING; verify it once it is uploaded (not_uploaded)
unverified    nobody
    why       the API knows no such record (404 WKS.00010404: The screen record nobody does not exist.) (record_not_found)
    request   …
    next      check the id, the project and the region
undeclared    bare
    recorded  2026-03-12T12:02:01.000Z on sandbox-desktop-01 by sandbox-user
    video     wks-recordings/recordings/bare/bare.mp4: undeclared
    why       the record declares no digest for it; it is in the bucket, and was not read (digest_not_declared)
    warning   the record declares no size; none was compared (size_not_declared)

4 records: 3 unverified, 1 undeclared; 19 bytes read in … s
",
        sha256(b"a video"),
    );
    assert_eq!((masked(&ended.out), ended.err.as_str(), ended.code), (expected, "", 3));
}

#[test]
fn five_hundred_refused_records_are_a_handful_of_lines() {
    let cloud = Sandbox::start();
    let ids: Vec<_> = (0..500).map(|n| format!("r{n:03}")).collect();
    let refused = Canned::forbidden("WKS.00010403", "Policy says no.", "c2VjcmV0");
    cloud.fail_api(ApiCalls::Any, Times::always(), ApiFault::Answer(refused));
    let dir = tempfile::tempdir().unwrap();
    let call = recverify(&cloud).args("verify --ids-from - --concurrency 1 --format json -o report.txt");
    let ended = call.in_dir(dir.path()).input(&ids.join("\n")).run();
    let text = std::fs::read_to_string(dir.path().join("report.txt")).unwrap();
    let why = "    why       the API denied access; grant workspace:screenRecord:get (403 WKS.00010403: Policy says no.) (access_denied)\n    encoded   c2VjcmV0\n    request   …\n";
    let expected = format!(
        "unverified    r000\n{why}unverified    r001\n{why}unverified    r002\n{why}\
         unverified    497 more, unverified: access_denied, first: r000\n\n\
         500 records: 500 unverified; 0 bytes read in … s\n\nrun       "
    );
    assert!(masked(&text).starts_with(&expected), "{text}");
    let expected = "500 unverified: access_denied, first: r000\n500 records: 500 unverified; 0 bytes read in … s\n";
    assert_eq!((masked(&ended.err).as_str(), ended.code), (expected, 3));
    assert_eq!(ended.report()["summary"]["unverified"], 500);
}

#[test]
fn reasons_are_grouped_by_bucket_and_findings_never() {
    let cloud = Sandbox::start();
    let mut ids = Vec::new();
    for n in 0..10 {
        let bucket = if n < 5 { "one" } else { "two" };
        let recording = Recording { bucket: bucket.to_owned(), ..recording(&format!("r{n}")) };
        cloud.upload(&recording);
        cloud.deny_read(bucket, &recording.video_key());
        ids.push(recording.id);
    }
    for n in 0..5 {
        let recording = recording(&format!("f{n}"));
        cloud.upload(&recording);
        cloud.remove_object(&recording.bucket, &recording.event_key());
        ids.push(recording.id);
    }
    let ended = verify(&cloud, &format!("{} --concurrency 1", ids.join(" ")));
    let grouped: Vec<_> = ended.out.lines().filter(|line| line.contains(" more, ")).collect();
    let expected = [
        "unverified    2 more, unverified: access_denied, bucket one, first: r0",
        "unverified    2 more, unverified: access_denied, bucket two, first: r5",
    ];
    assert_eq!(grouped, expected);
    assert_eq!(ended.out.lines().filter(|line| line.starts_with("missing       f")).count(), 5);
}
