//! Declared digests: which spelling counts, which is malformed, which is none, and what a wrong one looks like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recverify_sandbox::{Recording, Sandbox, Service};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::check::{check, sha256};

const CONFIRMED: &str = "two independent reads agree with each other and not with the declared digest";

/// Makes a text of a digest in hex.
type Spelling = Box<dyn Fn(&str) -> Value>;

/// A recording whose record declares this as its video's digest.
fn declare(cloud: &Sandbox, id: &str, digest: impl FnOnce(&str) -> Value) -> Recording {
    let recording = Recording::new(id);
    let mut record = cloud.upload(&recording);
    record["video_file_sha256"] = digest(&sha256(&recording.video));
    cloud.add_record(id, record);
    recording
}

#[test]
fn either_case_of_hex_is_accepted() {
    let cloud = Sandbox::start();
    declare(&cloud, "upper", |hex| json!(hex.to_uppercase()));
    let mixed = |hex: &str| json!(format!("{}{}", hex[..32].to_uppercase(), &hex[32..]));
    declare(&cloud, "mixed", mixed);
    let run = check(&cloud, "upper mixed");
    assert_eq!(run.code, 0);
    let as_sent = sha256(&Recording::new("upper").video).to_uppercase();
    assert_eq!(run.object("upper", "video")["declared_sha256"], as_sent);
}

#[test]
fn any_other_spelling_is_malformed_and_never_a_pass() {
    let cloud = Sandbox::start();
    let length = |n: usize| format!("it has {n} characters, a SHA-256 digest has 64");
    let base64 = |hex: &str| STANDARD.encode(hex::decode(hex).unwrap());
    let cases: [(&str, Spelling, String); 8] = [
        (
            "base64",
            Box::new(move |hex| json!(base64(hex))),
            "it looks like base64; a SHA-256 digest is expected as 64 hex digits".to_owned(),
        ),
        ("cut", Box::new(|hex| json!(hex[..63])), length(63)),
        ("long", Box::new(|hex| json!(format!("{hex}0"))), length(65)),
        ("blank-before", Box::new(|hex| json!(format!(" {hex}"))), length(65)),
        ("blank-after", Box::new(|hex| json!(format!("{hex}\n"))), length(65)),
        ("prefixed", Box::new(|hex| json!(format!("sha256:{hex}"))), length(71)),
        ("letter", Box::new(|hex| json!(format!("{}g", &hex[..63]))), "character 64 is not a hex digit".to_owned()),
        ("number", Box::new(|_| json!(12345)), length(5)),
    ];
    for (id, spelling, _) in &cases {
        declare(&cloud, id, spelling);
    }
    let run = check(&cloud, &cases.each_ref().map(|(id, ..)| *id).join(" "));
    for (id, _, why) in &cases {
        run.says(id, "unverified", "malformed_digest", &format!("the declared digest is no SHA-256: {why}"));
        assert_eq!(run.object(id, "event")["outcome"], "intact");
        assert_eq!(run.attempts(id, "video"), [], "nothing could be compared, so nothing is read");
    }
    assert_eq!(run.code, 3);
}

#[test]
fn null_absent_and_empty_are_no_declaration_and_the_object_is_only_looked_up() {
    let cloud = Sandbox::start();
    declare(&cloud, "null", |_| Value::Null);
    declare(&cloud, "empty", |_| json!(""));
    let absent = Recording::new("absent");
    let mut record = cloud.upload(&absent);
    record.as_object_mut().expect("a record").remove("video_file_sha256");
    cloud.add_record("absent", record);

    let run = check(&cloud, "null empty absent");
    for id in ["null", "empty", "absent"] {
        let message = "the record declares no digest for it; it is in the bucket, and was not read";
        run.says(id, "undeclared", "digest_not_declared", message);
        assert_eq!(run.object(id, "video")["declared_sha256"], Value::Null);
        assert!(run.object(id, "video")["etag"].is_string(), "found by looking it up");
        let key = format!("/{id}.mp4");
        let asked: Vec<_> = cloud.requests().into_iter().filter(|seen| seen.path.ends_with(&key)).collect();
        assert_eq!(asked.iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(), ["HEAD"]);
    }
    assert_eq!(run.code, 3);
}

#[test]
fn neither_digest_nor_place_is_undeclared_and_the_store_is_not_asked() {
    let cloud = Sandbox::start();
    cloud.add_record("bare", json!({"id": "bare", "status": "UPLOAD_COMPLETED"}));
    let mut record = cloud.upload(&Recording::new("bad-place"));
    for field in ["video_file_sha256", "event_file_sha256", "obs_bucket"] {
        record[field] = Value::Null;
    }
    cloud.add_record("bad-place", record);
    let run = check(&cloud, "bare bad-place");
    let message = "the record declares neither a digest nor a place for it";
    run.says("bare", "undeclared", "digest_not_declared", message);
    let message = "the record declares no digest for it, and no place to look at: the record names no bucket";
    run.says("bad-place", "undeclared", "digest_not_declared", message);
    assert!(cloud.requests().iter().all(|seen| seen.service == Service::Workspace));
}

#[test]
fn what_is_wrong_with_a_digest_that_differs_is_said_in_words() {
    let cloud = Sandbox::start();
    let both = Recording::new("swapped");
    let mut record = cloud.upload(&both);
    let fields = record.as_object_mut().expect("a record");
    let video = fields["video_file_sha256"].take();
    fields["video_file_sha256"] = fields["event_file_sha256"].take();
    fields["event_file_sha256"] = video;
    cloud.add_record("swapped", record);
    declare(&cloud, "one-sided", |_| json!("0".repeat(64)));
    let one_sided = Recording::new("one-sided");
    let mut record = cloud.upload(&one_sided);
    record["event_file_sha256"] = json!(sha256(&one_sided.video));
    record["video_file_sha256"] = json!("0".repeat(64));
    cloud.add_record("one-sided", record);
    declare(&cloud, "of-nothing", |_| json!(hex::encode(Sha256::digest(b""))));
    for (id, content) in [
        ("emptied", &b""[..]),
        ("page", b"<!DOCTYPE html><html><body>Sign in</body></html>"),
        ("document", b"<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>"),
        ("other", b"something else"),
    ] {
        let recording = declare(&cloud, id, |hex| json!(hex));
        cloud.put_object(&recording.bucket, &recording.video_key(), content);
    }
    let swapped = "video and event hash are swapped: it has the digest declared for the other file";
    let cases = [
        ("swapped", format!("{swapped}, and the other way round; {CONFIRMED}")),
        ("one-sided", format!("{swapped}; {CONFIRMED}")),
        ("of-nothing", format!("the declared digest is that of an empty file; {CONFIRMED}")),
        ("emptied", format!("the object is empty; {CONFIRMED}")),
        ("page", format!("what came is an HTML page; {CONFIRMED}")),
        ("document", format!("what came is an XML document; {CONFIRMED}")),
        ("other", format!("the object ends at least 989 bytes early; {CONFIRMED}")),
    ];
    let run = check(&cloud, &cases.each_ref().map(|(id, _)| *id).join(" "));
    for (id, message) in &cases {
        run.says(id, "altered", "digest_differs", message);
    }
    assert_eq!(run.code, 1);
}

#[test]
fn a_size_that_measures_the_video_tells_how_much_is_missing() {
    let cloud = Sandbox::start();
    let cases = [
        ("short", 600, "the object ends 512 bytes early"),
        ("shorter-by-one", 1111, "the object ends 1 byte early"),
        ("longer", 1115, "the object is 3 bytes too long"),
        ("same", 1112, "the object has the declared size, so bytes were changed in place"),
    ];
    for (id, length, _) in cases {
        let recording = Recording { video: vec![b'v'; 1112].into(), ..Recording::new(id) };
        cloud.upload(&recording);
        cloud.put_object(&recording.bucket, &recording.video_key(), vec![b'x'; length]);
    }
    let run = check(&cloud, "short shorter-by-one longer same --size-rule video");
    for (id, _, words) in cases {
        run.says(id, "altered", "digest_differs", &format!("{words}; {CONFIRMED}"));
    }
}

#[test]
fn empty_objects_are_intact() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording { video: "".into(), event: "".into(), ..Recording::new("empty") });
    let run = check(&cloud, "empty");
    assert_eq!(run.code, 0);
    assert_eq!(run.object("empty", "video")["observed_bytes"], 0);
    assert_eq!(run.object("empty", "video")["observed_sha256"], sha256(b""));
}
