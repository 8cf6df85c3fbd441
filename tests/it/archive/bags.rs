//! `recverify verify --bag`: bags checked without any service, and against both.

use std::path::Path;

use recverify_sandbox::{Recording, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use super::{archive, bagit, bagit_says, cloud, holds};
use crate::harness::{Ended, bare, recverify};

fn checked(dir: &Path, words: &str) -> Ended {
    bare().args("verify --bag").args(words).in_dir(dir).run()
}

fn with_bag() -> (Sandbox, TempDir) {
    let (cloud, dir) = cloud(&["r"]);
    assert_eq!(archive(&cloud, &dir, "r").run().code, 0);
    (cloud, dir)
}

/// Status of each line of the one bag, by authority.
fn lines(ended: &Ended) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(document["schema"], "recverify/bags/v1");
    let lines = document["bags"][0]["lines"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    lines.iter().map(|line| (word(&line["authority"]), word(&line["status"]))).collect()
}

#[test]
fn a_whole_bag_holds_offline_and_says_by_whose_word() {
    let (_cloud, dir) = with_bag();
    let ended = checked(dir.path(), "a/r");
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(
        ended.out,
        "a/r\n    bytes against bag    holds       2 files, 785 bytes, are as its manifest and its report say, and the report says \
         intact; not signed, so whoever could write it could have made it\n"
    );
}

/// Each kind of damage: a line for a shell in the bag, whether bagit.py finds it too, and what is told.
const DAMAGE: [(&str, bool, &str); 14] = [
    ("printf x >> data/video/r.mp4", true, "data/video/r.mp4 has other bytes than its manifest says"),
    (
        "printf X | dd of=data/event/r.jsonl conv=notrunc",
        true,
        "data/event/r.jsonl has other bytes than its manifest says",
    ),
    ("rm data/event/r.jsonl", true, "data/event/r.jsonl is missing"),
    ("touch data/extra", true, "data/extra is not in the manifest"),
    ("rm manifest-sha256.txt", true, "there is no manifest-sha256.txt"),
    ("rm report.json", true, "report.json is missing"),
    ("echo >> answer.json", true, "answer.json has other bytes than its manifest says"),
    ("echo 'Contact-Name: me' >> bag-info.txt", true, "bag-info.txt has other bytes than its manifest says"),
    ("sed -i 's/UTF-8/UTF-7/' bagit.txt", true, "bagit.txt does not declare a bag in UTF-8"),
    ("sed -i 's/^/x/' manifest-sha256.txt", true, "manifest-sha256.txt: line 1 has no SHA-256 first"),
    ("rm -r data", true, "there is no data"),
    // Links and paths that lead out are refused before they are followed.
    (
        "mv data/video/r.mp4 ../v && ln -s ../../../v data/video/r.mp4",
        true,
        "data/video/r.mp4 is neither a file nor a directory",
    ),
    (
        "sed -i 's,data/video,../data/video,' manifest-sha256.txt",
        true,
        "manifest-sha256.txt: line 2 names a path that could lead out of the bag",
    ),
    ("rm tagmanifest-sha256.txt", false, "there is no tagmanifest-sha256.txt"),
];

#[test]
fn each_kind_of_damage_is_found_here_and_by_bagit_py() {
    let (_cloud, dir) = with_bag();
    bagit_says(true, &dir.path().join("a/r"), "whole");
    for (damage, by_bagit_too, told) in DAMAGE {
        assert!(holds(dir.path(), "rm -rf b && cp -a a b"));
        assert!(holds(&dir.path().join("b/r"), damage), "{damage}");
        let ended = checked(dir.path(), "b/r");
        assert_eq!(ended.code, 1, "{damage}: {ended:?}");
        assert!(ended.out.contains(told), "{damage}: {}", ended.out);
        bagit_says(!by_bagit_too, &dir.path().join("b/r"), damage);
    }
}

#[test]
fn a_bag_that_was_rebuilt_around_other_bytes_is_found_by_its_report() {
    let (_cloud, dir) = with_bag();
    let mend = "echo other > data/video/r.mp4 && sha256sum data/event/* data/video/* > manifest-sha256.txt && \
                sed -i 's/^Payload-Oxum.*/Payload-Oxum: '$(cat data/*/* | wc -c)'.2/' bag-info.txt && \
                sha256sum answer.json bag*.txt manifest-sha256.txt report.json > tagmanifest-sha256.txt";
    let bag = dir.path().join("a/r");
    assert!(holds(&bag, mend));
    bagit_says(true, &bag, "the bag itself is sound");
    let ended = checked(dir.path(), "a/r");
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("the video in the bag is not the one that report.json is about"), "{}", ended.out);
}

#[test]
fn a_bag_of_what_is_not_intact_never_passes_for_an_intact_one() {
    let (cloud, dir) = cloud(&["r"]);
    let recording = Recording::new("r");
    cloud.put_object(&recording.bucket, &recording.video_key(), "tampered with");
    assert_eq!(archive(&cloud, &dir, "r --findings").run().code, 1);
    let ended = checked(dir.path(), "a/findings/r");
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("and the report does not say intact but altered"), "{}", ended.out);
}

#[test]
fn a_bag_of_others_is_read_and_what_cannot_be_is_unverified() {
    let dir = tempfile::tempdir().unwrap();
    assert!(holds(dir.path(), "mkdir -p one two none && echo a > one/a && echo b > 'two/b%0a'"));
    let Some(program) = bagit() else { return };
    assert!(holds(dir.path(), &format!("{program} --sha256 one && {program} --sha512 two")));
    let ended = checked(dir.path(), "one");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.out.contains("1 file, 2 bytes, is as its manifest says; there is no report of a verification in it"),
        "{}",
        ended.out
    );
    let cases = [
        ("two", "it has no manifest-sha256.txt but manifest-sha512.txt, and this program reads SHA-256 alone"),
        ("none", "it is no bag: there is no bagit.txt in it"),
        ("nowhere", "nowhere cannot be read: No such file or directory (os error 2)"),
    ];
    for (bag, told) in cases {
        let ended = checked(dir.path(), bag);
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.out.contains(told), "{}", ended.out);
    }
}

#[test]
fn online_there_are_three_lines_each_by_its_own_word() {
    let (cloud, dir) = with_bag();
    let ask =
        || recverify(&cloud).args("verify --bag a/r --online --format json --retry-wait 1ms").in_dir(dir.path()).run();
    let lines_of = |api: &str, bucket: &str| {
        [("bag", "holds"), ("api", api), ("bucket", bucket)].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec()
    };
    let ended = ask();
    assert_eq!((ended.code, lines(&ended)), (0, lines_of("holds", "holds")));
    let recording = Recording::new("r");
    cloud.put_object(&recording.bucket, &recording.video_key(), "tampered with");
    let ended = ask();
    assert_eq!((ended.code, lines(&ended)), (1, lines_of("holds", "finding")));
    // The record and the object are changed together, and the bag tells.
    cloud.upload(&Recording { video: "tampered with".into(), ..Recording::new("r") });
    let ended = ask();
    assert_eq!((ended.code, lines(&ended)), (1, lines_of("finding", "holds")));
    cloud.remove_record("r");
    let ended = ask();
    assert_eq!((ended.code, lines(&ended)), (3, lines_of("unverified", "unverified")));
}
