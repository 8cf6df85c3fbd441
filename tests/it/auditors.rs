//! The README's section for auditors, followed word for word.

use std::path::Path;
use std::process::Command;

use recverify_sandbox::{Recording, Sandbox, StampAuthority};
use tempfile::TempDir;

use crate::check::sha256;
use crate::harness::recverify;

const README: &str = include_str!("../../README.md");

/// The commands of the section, a block each.
pub fn blocks() -> Vec<&'static str> {
    let section =
        README.split("\n## For auditors\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a section");
    section.split("```sh\n").skip(1).map(|block| block.split("```").next().expect("an end")).collect()
}

/// Follows a block; what it printed, unless one of its commands failed.
pub fn follow(dir: &Path, block: &str) -> Result<String, String> {
    let program = Path::new(env!("CARGO_BIN_EXE_recverify")).parent().expect("a directory").display();
    let path = format!("{program}:{}", std::env::var("PATH").expect("a path"));
    let mut sh = Command::new("sh");
    let output = sh.args(["-euc", block]).current_dir(dir).env("PATH", path).output().expect("a shell");
    let said = |bytes| String::from_utf8(bytes).expect("UTF-8");
    if output.status.success() { Ok(said(output.stdout)) } else { Err(said(output.stderr)) }
}

/// A signed and stamped report of an intact record and one the API does not know; then a directory with the report, its
/// signature and the public key, and nothing else.
fn handed_over(cloud: &Sandbox, authority: &StampAuthority) -> (TempDir, TempDir) {
    let (made, given) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let words = ["-q", "-t", "ed25519", "-C", "evidence of the night", "-N", "", "-f", "key"];
    assert!(Command::new("ssh-keygen").args(words).current_dir(made.path()).status().unwrap().success());
    let call = recverify(cloud).args("verify r nobody --concurrency 1 -o report.json --sign-key key --timestamp-url");
    assert_eq!(call.arg(authority.url()).in_dir(made.path()).run().code, 3);
    for name in ["report.json", "report.json.sig", "key.pub"] {
        hand(&made, &given, name);
    }
    (made, given)
}

fn hand(made: &TempDir, given: &TempDir, name: &str) {
    std::fs::copy(made.path().join(name), given.path().join(name)).unwrap();
}

#[test]
fn the_commands_do_what_the_readme_says() {
    let (cloud, authority, recording) = (Sandbox::start(), StampAuthority::start(), Recording::new("r"));
    let record = cloud.upload(&recording).to_string();
    let (made, given) = handed_over(&cloud, &authority);
    let [signature, time, content, bytes, itself, _proof] = blocks()[..] else { panic!("{:#?}", blocks()) };

    let said = follow(given.path(), signature).expect("signed");
    assert!(said.starts_with("Good \"recverify-report\" signature for recverify with ED25519 key SHA256:"), "{said}");
    let digest = sha256(record.as_bytes());
    let counts = r#"{"selected":2,"records":2,"skipped":0,"not_ready":0,"left":0}"#;
    let told = format!("r\tintact\t-\nnobody\tunverified\trecord_not_found\n{counts}\n{digest}  -\n{digest}\n");
    assert_eq!(follow(given.path(), content).expect("read"), told);
    let said = follow(given.path(), itself).expect("checked");
    assert!(said.lines().all(|line| line.starts_with("ok  ") || line.starts_with("-   ")), "{said}");

    hand(&made, &given, "report.json.tsr");
    std::fs::write(given.path().join("authority.pem"), authority.pem()).unwrap();
    let said = follow(given.path(), time).expect("stamped");
    assert!(said.lines().any(|line| line.starts_with("Time stamp: ") && line.ends_with(" GMT")), "{said}");

    for (key, content) in [(recording.video_key(), &recording.video), (recording.event_key(), &recording.event)] {
        let path = given.path().join(&recording.bucket).join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let said = follow(given.path(), bytes).expect("the same bytes");
    assert_eq!(said.lines().filter(|line| line.ends_with(": OK")).count(), 2, "{said}");

    // And they notice.
    std::fs::write(given.path().join(&recording.bucket).join(recording.video_key()), "other").unwrap();
    assert!(follow(given.path(), bytes).is_err());
    let report = std::fs::read_to_string(given.path().join("report.json")).unwrap();
    std::fs::write(given.path().join("report.json"), report.replacen("intact", "Intact", 1)).unwrap();
    for block in [signature, time, itself] {
        assert!(follow(given.path(), block).is_err(), "{block}");
    }
}
