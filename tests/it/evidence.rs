//! Reports as evidence: signed and stamped, checked with the tools any auditor has, and refused after any change.

use std::path::Path;
use std::process::Command;

use recverify_sandbox::{Recording, Sandbox, StampAuthority, StampFault};
use tempfile::TempDir;

use crate::harness::{Call, Ended, recverify};

const FORMATS: [&str; 6] = ["json", "jsonl", "txt", "csv", "xml", "sha256"];

fn cloud() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("r"));
    cloud
}

/// A directory with a key to sign by.
fn with_key(passphrase: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ["-q", "-t", "ed25519", "-C", "nightly", "-f", "key", "-N", passphrase];
    assert!(Command::new("ssh-keygen").args(words).current_dir(dir.path()).status().unwrap().success());
    dir
}

fn signed(cloud: &Sandbox, dir: &Path, words: &str) -> Call {
    recverify(cloud).args("verify r --retry-wait 1ms --sign-key key").args(words).in_dir(dir)
}

/// Whether a command line of an auditor succeeds.
fn holds(dir: &Path, line: &str) -> bool {
    Command::new("sh").args(["-c", line]).current_dir(dir).output().unwrap().status.success()
}

/// The lines a text report says to type.
fn commands(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter(|line| line.starts_with("ssh-keygen ") || line.starts_with("openssl ")).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with("key")).collect();
    names.sort();
    names
}

#[test]
fn every_format_is_signed_and_stamped_and_the_printed_commands_accept_it() {
    let (cloud, dir, authority) = (cloud(), with_key(""), StampAuthority::start());
    let reports: String = FORMATS.map(|format| format!(" -o a.{format}")).concat();
    let ended = signed(&cloud, dir.path(), &format!("--timestamp-url {}{reports}", authority.url())).run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    std::fs::write(dir.path().join("authority.pem"), authority.pem()).unwrap();
    let text = std::fs::read_to_string(dir.path().join("a.txt")).unwrap();
    assert_eq!(commands(&text).len(), 2 * FORMATS.len(), "{text}");
    assert_eq!(commands(&text), commands(&ended.out));
    for command in commands(&text) {
        assert!(holds(dir.path(), command), "{command}");
    }
}

#[test]
fn any_single_changed_byte_is_refused_by_both() {
    let (cloud, dir, authority) = (cloud(), with_key(""), StampAuthority::start());
    let ended = signed(&cloud, dir.path(), &format!("--timestamp-url {} -o a.json -o a.txt", authority.url())).run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    std::fs::write(dir.path().join("authority.pem"), authority.pem()).unwrap();
    let text = std::fs::read_to_string(dir.path().join("a.txt")).unwrap();
    let commands: Vec<_> = commands(&text).into_iter().filter(|line| line.contains(" a.json")).collect();
    let [signature, stamp] = commands[..] else { panic!("{text}") };
    let report = std::fs::read(dir.path().join("a.json")).unwrap();
    let positions = std::env::var("RECVERIFY_CHANGED_BYTES").map_or(30, |number| number.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..positions {
        let mut changed = report.clone();
        changed[random.usize(..report.len())] ^= 1 << random.u8(..8);
        std::fs::write(dir.path().join("a.json"), &changed).unwrap();
        assert!(!holds(dir.path(), signature) && !holds(dir.path(), stamp));
    }
    std::fs::write(dir.path().join("a.json"), &report).unwrap();
    assert!(holds(dir.path(), signature) && holds(dir.path(), stamp));
}

#[test]
fn a_key_and_a_certificate_that_have_expired_still_prove_what_was() {
    let (cloud, dir, authority) = (cloud(), with_key(""), StampAuthority::start());
    let ended = signed(&cloud, dir.path(), &format!("--timestamp-url {} -o a.txt", authority.url())).run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    std::fs::write(dir.path().join("authority.pem"), authority.pem()).unwrap();
    let [signature, stamp] = commands(&ended.out)[..] else { panic!("{}", ended.out) };

    // The key was good until two seconds after the run.
    let (_, at) = signature.split_once("verify-time=").unwrap();
    let until =
        jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", &at[..14]).unwrap() + jiff::SignedDuration::from_secs(2);
    let allowed = dir.path().join("a.txt.allowed_signers");
    let line = std::fs::read_to_string(&allowed).unwrap();
    let line =
        line.replace("namespaces=", &format!("valid-before=\"{}Z\",namespaces=", until.strftime("%Y%m%d%H%M%S")));
    std::fs::write(&allowed, line).unwrap();
    let now = signature.replace(&format!("-O verify-time={} ", at.split(' ').next().unwrap()), "");
    assert_ne!(now, signature);
    while holds(dir.path(), &now) {}
    assert!(holds(dir.path(), signature), "{signature}");

    // An auditor of the year 2100.
    let (before, _) = stamp.split_once("-attime ").unwrap();
    assert!(!holds(dir.path(), &format!("{before}-attime 4102444800")));
    assert!(holds(dir.path(), stamp), "{stamp}");
}

#[test]
fn what_an_earlier_report_left_does_not_stand_beside_the_next() {
    let (cloud, dir) = (cloud(), with_key(""));
    assert_eq!(signed(&cloud, dir.path(), "-o a.json").run().code, 0);
    assert_eq!(names(dir.path()), ["a.json", "a.json.allowed_signers", "a.json.sig"]);
    std::fs::write(dir.path().join("a.json.tsr"), "of yesterday").unwrap();
    assert_eq!(recverify(&cloud).args("verify r -o a.json").in_dir(dir.path()).run().code, 0);
    assert_eq!(names(dir.path()), ["a.json"]);
}

#[test]
fn a_key_with_a_passphrase_is_opened_by_variable_or_file_and_nothing_shows_it() {
    let (cloud, dir) = (cloud(), with_key("open sesame MUST-NOT-APPEAR"));
    let closed = signed(&cloud, dir.path(), "-o a.json").run();
    let message = "error: the signing key key has a passphrase; give it in RECVERIFY_SIGN_PASSPHRASE or in a file with \
                   --sign-passphrase-file\n";
    assert_eq!((closed.code, closed.err.as_str()), (2, message));
    let wrong = signed(&cloud, dir.path(), "-o a.json").env("RECVERIFY_SIGN_PASSPHRASE", "sesame").run();
    assert_eq!((wrong.code, wrong.err.as_str()), (2, "error: the passphrase does not open the signing key key\n"));
    assert_eq!(cloud.requests().len(), 0);
    std::fs::write(dir.path().join("passphrase"), "open sesame MUST-NOT-APPEAR\n").unwrap();
    let by_file = signed(&cloud, dir.path(), "-v -o a.json --sign-passphrase-file passphrase").run();
    let variable = signed(&cloud, dir.path(), "-v -o b.json");
    let by_variable = variable.env("RECVERIFY_SIGN_PASSPHRASE", "open sesame MUST-NOT-APPEAR").run();
    for (ended, name) in [(by_file, "a.json"), (by_variable, "b.json")] {
        let report = std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(![&ended.out, &ended.err, &report].iter().any(|text| text.contains("MUST-NOT")), "{ended:?}");
        assert!(dir.path().join(format!("{name}.sig")).exists());
    }
}

#[test]
fn what_cannot_be_sealed_as_asked_is_told_before_any_request() {
    let (cloud, dir) = (cloud(), with_key(""));
    std::fs::write(dir.path().join("text"), "no key").unwrap();
    let make = "make one with ssh-keygen -t ed25519 -f FILE\n";
    let cases = [
        ("--sign-key text -o a.json", format!("text is no Ed25519 private key of OpenSSH; {make}")),
        ("--sign-key key.pub -o a.json", format!("key.pub is no Ed25519 private key of OpenSSH; {make}")),
        ("--sign-key key", "--sign-key is for report files; name one with --report\n".to_owned()),
        ("--timestamp-url http://x", "--timestamp-url is for report files; name one with --report\n".to_owned()),
        (
            "--timestamp-url ftp://x -o a.json",
            "the address of the time-stamp authority does not do: it must begin with http:// or https://, without a user \
             name\n"
            .to_owned(),
        ),
    ];
    for (words, message) in cases {
        let ended = recverify(&cloud).args("verify r").args(words).in_dir(dir.path()).run();
        assert_eq!((ended.code, ended.err), (2, format!("error: {message}")), "{words}");
    }
    assert_eq!(cloud.requests().len(), 0);
}

#[test]
fn a_report_that_is_not_stamped_as_asked_is_kept_and_signed_and_not_recorded() {
    let (cloud, dir, authority) = (cloud(), with_key(""), StampAuthority::start());
    let run = |words: &str| -> Ended {
        signed(&cloud, dir.path(), &format!("--timestamp-url {} -o a.json {words}", authority.url())).run()
    };
    assert_eq!(run("").code, 0);
    assert!(dir.path().join("a.json.tsr").exists());
    let does_not_do = "the time-stamp authority's answer does not do";
    let cases = [
        (StampFault::Replay, format!("{does_not_do}: it stamps other bytes: ")),
        (StampFault::Status(503), "the time-stamp authority answered 503 Service Unavailable\n".to_owned()),
        (StampFault::Page, format!("{does_not_do}: it is no answer of a time-stamp authority (no DER)\n")),
        (StampFault::OtherContent, format!("{does_not_do}: it stamps other bytes: ")),
        (StampFault::Refusal, format!("{does_not_do}: the authority refused (status 2)\n")),
    ];
    for (fault, why) in cases {
        authority.fail(fault);
        let ended = run("");
        let message = format!("error: the report a.json is written, but not time-stamped: {why}");
        assert!(ended.code == 6 && ended.err.starts_with(&message), "{fault:?}: {ended:?}");
        assert_eq!(names(dir.path()), ["a.json", "a.json.allowed_signers", "a.json.sig"], "{fault:?}");
    }
}

#[test]
fn a_report_that_cannot_be_signed_any_more_is_kept() {
    let (cloud, dir) = (cloud(), with_key(""));
    assert_eq!(signed(&cloud, dir.path(), "-o a.json").run().code, 0);
    // Something that cannot be removed as a file stands where the stamp of an earlier report would.
    std::fs::create_dir(dir.path().join("a.json.tsr")).unwrap();
    let ended = signed(&cloud, dir.path(), "-o a.json").run();
    let message =
        "error: the report a.json is written, but a.json.tsr belongs to an earlier report and could not be removed: ";
    assert!(ended.code == 6 && ended.err.starts_with(message), "{ended:?}");
    assert_eq!(names(dir.path()), ["a.json", "a.json.tsr"]);
}

#[test]
fn the_answer_in_a_report_has_the_digest_it_says_by_jq_and_sha256sum() {
    let (cloud, dir) = (cloud(), with_key(""));
    assert_eq!(signed(&cloud, dir.path(), "-o a.json").run().code, 0);
    let same = "test \"$(jq -rj .records[0].answer.body a.json | sha256sum | cut -d' ' -f1)\" = \
                \"$(jq -r .records[0].answer.sha256 a.json)\"";
    assert!(holds(dir.path(), same));
}
