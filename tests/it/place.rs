//! Where objects lie: places no record may name, directories with and without slashes, keys of any spelling.

use recverify_sandbox::{Recording, Sandbox, Service};
use serde_json::{Value, json};

use crate::check::check;

#[test]
fn a_place_that_cannot_be_asked_for_is_malformed_and_the_store_is_not_asked() {
    let cloud = Sandbox::start();
    let no_bucket = "the record names no bucket";
    let no_directory = "the record names no directory, and guessing one could accuse falsely";
    let name = |name: &str, why: &str| format!("\"{name}\" is no bucket name: {why}");
    let characters = "only lower-case letters, digits, hyphens and dots may stand in it";
    let dots = "the key holds a dot segment, which would lead to another object";
    let cases = [
        ("bucket-null", "obs_bucket", Value::Null, no_bucket.to_owned()),
        ("bucket-empty", "obs_bucket", json!(""), no_bucket.to_owned()),
        ("bucket-short", "obs_bucket", json!("ab"), name("ab", "it must have 3 to 63 characters")),
        ("bucket-host", "obs_bucket", json!("evil.example/x"), name("evil.example/x", characters)),
        ("bucket-user", "obs_bucket", json!("me@evil"), name("me@evil", characters)),
        ("bucket-upper", "obs_bucket", json!("Bucket"), name("Bucket", characters)),
        ("bucket-end", "obs_bucket", json!("bucket-"), name("bucket-", "it must begin and end with a letter or digit")),
        (
            "bucket-dots",
            "obs_bucket",
            json!("buck..et"),
            name("buck..et", "dots may stand neither side by side nor beside a hyphen"),
        ),
        ("bucket-ip", "obs_bucket", json!("10.0.0.1"), name("10.0.0.1", "it must not look like an IP address")),
        ("directory-null", "file_directory", Value::Null, no_directory.to_owned()),
        ("directory-up", "file_directory", json!("a/../b"), dots.to_owned()),
        ("directory-dot", "file_directory", json!("./a"), dots.to_owned()),
        ("file-null", "video_filename", Value::Null, "the record names no file".to_owned()),
        ("file-empty", "video_filename", json!(""), "the record names no file".to_owned()),
        ("file-slash", "video_filename", json!("/"), "the record names no file".to_owned()),
        ("file-up", "video_filename", json!("../../other/video.mp4"), dots.to_owned()),
        ("file-nul", "video_filename", json!("a\0b"), "the key holds a NUL character".to_owned()),
        (
            "file-long",
            "video_filename",
            json!("v".repeat(2000)),
            "the key has 2021 bytes, a store takes 1,024 at most".to_owned(),
        ),
    ];
    for (id, field, value, _) in &cases {
        let recording = Recording::new(id);
        let mut record = cloud.upload(&recording);
        record[*field] = value.clone();
        cloud.add_record(id, record);
    }
    let run = check(&cloud, &cases.each_ref().map(|(id, ..)| *id).join(" "));
    for (id, _, _, message) in &cases {
        run.says(id, "unverified", "malformed_location", message);
        let asked = |seen: &recverify_sandbox::Seen| seen.service == Service::Store && seen.path.contains(".mp4");
        assert!(!cloud.requests().iter().any(asked));
    }
    assert_eq!(run.code, 3);
}

#[test]
fn a_directory_is_joined_without_a_doubled_or_lost_slash() {
    let cloud = Sandbox::start();
    let cases = [
        ("none", "d/none", "d/none/v.mp4"),
        ("trailing", "d/trailing/", "d/trailing/v.mp4"),
        ("leading", "/d/leading", "d/leading/v.mp4"),
        ("both", "/d/both/", "d/both/v.mp4"),
        ("kept", "/d/kept/", "/d/kept/v.mp4"),
        ("doubled", "d//doubled", "d//doubled/v.mp4"),
        ("empty", "", "v.mp4"),
        ("slash", "/", "v.mp4"),
    ];
    for (id, directory, key) in cases {
        let event_key = key.replace("v.mp4", "e.jsonl");
        let recording = Recording { bucket: format!("bucket-{id}"), ..Recording::new(id) };
        let mut record = cloud.upload(&recording);
        record["file_directory"] = json!(directory);
        record["video_filename"] = json!("v.mp4");
        record["event_filename"] = json!("e.jsonl");
        cloud.add_record(id, record);
        cloud.put_object(&recording.bucket, key, recording.video);
        cloud.put_object(&recording.bucket, &event_key, recording.event);
    }
    let run = check(&cloud, &cases.map(|(id, ..)| id).join(" "));
    for (id, _, key) in cases {
        run.is_intact(id);
        assert_eq!(run.object(id, "video")["key"], key);
    }
    assert_eq!(run.code, 0);
}

/// File names that something on the way could fold, decode or cut.
const NAMES: [(&str, &str); 24] = [
    ("spaces", "a b  c.mp4"),
    ("ends", " ends .mp4 "),
    ("chinese", "桌面录像-01.mp4"),
    ("plus", "a+b.mp4"),
    ("percent", "100%.mp4"),
    ("encoded", "a%20b%2Fc%.mp4"),
    ("hash", "a#b.mp4"),
    ("question", "a?versionId=1.mp4"),
    ("ampersand", "a&b;c.mp4"),
    ("equals", "a=b.mp4"),
    ("tilde", "~a.mp4"),
    ("quotes", "\"a\"'b'`c`.mp4"),
    ("brackets", "<a>[b]{c}(d).mp4"),
    ("backslash", "a\\b.mp4"),
    ("colon", "2024-03-12 12:02:01@x,y.mp4"),
    ("signs", "!$*^|.mp4"),
    ("dots", "...mp4"),
    ("hidden", ".mp4"),
    ("emoji", "🎥.mp4"),
    ("composed", "e\u{301}\u{e9}.mp4"),
    ("slashes", "a//b.mp4"),
    ("trailing", "a.mp4/"),
    ("entity", "a&amp;b.mp4"),
    ("newline", "a\r\nb\tc.mp4"),
];

fn named(id: &str, name: &str) -> Recording {
    let directory = format!("录像 {id}/+%");
    Recording { video_name: name.to_owned(), directory, bucket: format!("bucket-{id}"), ..Recording::new(id) }
}

#[test]
fn a_key_is_asked_for_exactly_as_it_is_spelt() {
    let cloud = Sandbox::start();
    for (id, name) in NAMES {
        cloud.upload(&named(id, name));
    }
    let run = check(&cloud, &NAMES.map(|(id, _)| id).join(" "));
    for (id, name) in NAMES {
        run.is_intact(id);
        assert_eq!(run.object(id, "video")["key"], named(id, name).video_key());
    }
    assert_eq!(run.code, 0);
}

#[test]
fn an_absent_key_of_any_spelling_is_proven_absent_by_its_listing() {
    let cloud = Sandbox::start();
    for (id, name) in NAMES {
        let recording = named(id, name);
        let mut record = cloud.upload(&recording);
        // Without an event file nothing else of the bucket is read, so only the listing can prove it.
        for field in ["event_filename", "event_file_sha256"] {
            record[field] = Value::Null;
        }
        cloud.add_record(id, record);
        cloud.remove_object(&recording.bucket, &recording.video_key());
    }
    let run = check(&cloud, &NAMES.map(|(id, _)| id).join(" "));
    for (id, _) in NAMES {
        let message = "the store has no such object (404 NoSuchKey: The specified key does not exist.); \
                       a listing of the bucket does not show it";
        run.says(id, "missing", "object_not_found", message);
    }
    assert_eq!(run.code, 1);
}
