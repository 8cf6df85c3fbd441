//! The ledger's chain, held against reports, the head noted beside it and a proof of one record.

use std::fs;
use std::path::Path;
use std::process::Command;

use recverify_sandbox::{Recording, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::auditors::{blocks, follow};
use crate::harness::{Ended, bare, recverify};

/// A cloud of an intact and an altered record, a directory, and a key to sign with.
pub struct Watched {
    pub cloud: Sandbox,
    pub dir: TempDir,
}

impl Watched {
    pub fn new() -> Self {
        let (cloud, dir) = (Sandbox::start(), tempfile::tempdir().unwrap());
        cloud.upload(&Recording::new("good"));
        let bad = Recording::new("bad");
        cloud.upload(&bad);
        cloud.put_object(&bad.bucket, &bad.video_key(), vec![b'x'; bad.video.len()]);
        let words = ["-q", "-t", "ed25519", "-N", "", "-f", "key"];
        assert!(Command::new("ssh-keygen").args(words).current_dir(dir.path()).status().unwrap().success());
        Self { cloud, dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A run that leaves a signed report of this name.
    pub fn run(&self, report: &str) -> Ended {
        let call = recverify(&self.cloud).args("verify good bad --ledger l.db --sign-key key -o").arg(report);
        let ended = call.in_dir(self.path()).run();
        assert_eq!(ended.code, 1, "{ended:?}");
        ended
    }

    pub fn ledger(&self, words: &str) -> Ended {
        bare().args("ledger").args(words).args("--ledger l.db").in_dir(self.path()).run()
    }

    pub fn report(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path().join(name)).unwrap()).unwrap()
    }

    fn check(&self, words: &str) -> Ended {
        bare().args("check").args(words).in_dir(self.path()).run()
    }
}

/// The lines of a check, and of no other.
fn about<'a>(ended: &'a Ended, check: &str) -> Vec<&'a str> {
    ended.out.lines().filter(|line| line.split_whitespace().nth(1) == Some(check)).collect()
}

#[test]
fn a_report_has_the_head_before_and_after_its_run_and_the_next_one_follows_it() {
    let watched = Watched::new();
    for name in ["one.json", "two.jsonl", "three.json"] {
        watched.run(name);
    }
    let one = watched.report("one.json");
    assert_eq!((&one["run"]["chain"]["before"]["seq"], &one["run"]["chain"]["after"]["seq"]), (&0.into(), &4.into()));
    let ended = watched.check("two.jsonl --previous one.json");
    let run = one["run"]["id"].as_str().unwrap();
    assert_eq!(
        (ended.code, about(&ended, "chain")),
        (0, vec![&*format!("ok    chain      follows the run {run} without a gap")])
    );
    assert_eq!(watched.check("three.json --previous two.jsonl").code, 0);
    let back = watched.check("one.json --previous two.jsonl");
    assert!(back.code == 1 && about(&back, "chain")[0].starts_with("FAIL"), "{back:?}");

    let noted = fs::read_to_string(watched.path().join("l.db.head")).unwrap();
    let after = &watched.report("three.json")["run"]["chain"]["after"];
    assert_eq!(noted, format!("{} {}\n", after["seq"], after["sha256"].as_str().unwrap()));
    let ended = watched.ledger("verify --report one.json --report two.jsonl --report three.json");
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
    let head = after["sha256"].as_str().unwrap();
    let told = format!(
        "ok    chain          12 rows, each as it was written; head {head}\n\
         ok    database       tables and indexes agree\n\
         ok    schema         tables, triggers and views are those of this program\n\
         ok    noted          row 12, the head noted beside it, is in it\n\
         ok    report         one.json: rows 0 and 4 are where run {run} found and left it; signed by SHA256:"
    );
    assert!(ended.out.starts_with(&told), "{}", ended.out);
}

#[test]
fn rows_between_two_runs_are_told_and_no_gap_is_claimed_or_denied() {
    let watched = Watched::new();
    watched.run("one.json");
    assert_eq!(watched.ledger("ack bad --note known --operator ada").code, 0);
    let ended =
        recverify(&watched.cloud).args("verify good bad -q --ledger l.db -o two.json").in_dir(watched.path()).run();
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = watched.check("two.json --previous one.json");
    let told = about(&ended, "chain")[0];
    assert!(ended.code == 0 && told.starts_with("-     chain      rows 5 to 5 lie between the run "), "{ended:?}");
    assert_eq!(watched.ledger("verify --report one.json --report two.json").code, 0);
}

#[test]
fn a_ledger_put_back_from_a_backup_says_so_and_goes_on_in_the_open() {
    let watched = Watched::new();
    let place = |name: &str| watched.path().join(name);
    watched.run("one.json");
    assert_eq!(watched.ledger("backup copy.db").code, 0);
    watched.run("two.json");
    fs::rename(place("copy.db"), place("l.db")).unwrap();

    let ended = watched.ledger("verify --report one.json --report two.json");
    let lost = &watched.report("two.json")["run"]["chain"]["after"];
    let lost = format!("row 8 ({}) is not there: the ledger ends at row 4", lost["sha256"].as_str().unwrap());
    assert_eq!(about(&ended, "noted"), [format!("FAIL  noted          the head noted beside it, {lost}")], "{ended:?}");
    assert_eq!(about(&ended, "report")[1], format!("FAIL  report         two.json: its {lost}"));
    assert_eq!(ended.code, 1);

    let ended = watched.run("three.json");
    let message = "the ledger ends at row 4, and row 8 was noted beside it; was a backup put back? The chain goes on from \
                   there and declares it";
    assert_eq!(ended.err, format!("warning: {message}\n"));
    let three = watched.report("three.json");
    assert_eq!(three["run"]["warnings"][0]["code"], "ledger_behind_head");
    assert_eq!(three["run"]["warnings"][0]["message"], message);
    assert_eq!(three["run"]["chain"]["before"]["seq"], 4);
    assert_eq!(watched.check("three.json --previous two.json").code, 1);
    // It is declared once; the next run has nothing to say.
    assert!(!watched.run("four.json").err.contains("warning"));
    let ended = watched.ledger("verify --report one.json --report three.json --report four.json");
    let declared = about(&ended, "discontinuity");
    assert!(ended.code == 0 && declared.len() == 1, "{ended:?}");
    assert!(
        declared[0].starts_with("warn  discontinuity  row 5 declares, on ")
            && declared[0].contains("had been at row 8")
    );
    let status = watched.ledger("status");
    assert!(status.out.lines().last().unwrap().starts_with("discontinuity, row 5 of "), "{status:?}");
    assert_eq!(watched.ledger("verify --report two.json").code, 1);

    // Carried elsewhere without its head, or ahead of it as a killed run leaves it, it is no worse.
    fs::remove_file(place("l.db.head")).unwrap();
    let ended = watched.ledger("verify");
    assert!(ended.code == 0 && about(&ended, "noted")[0].starts_with("-   "), "{ended:?}");
    let after = &three["run"]["chain"]["after"];
    fs::write(place("l.db.head"), format!("{} {}\n", after["seq"], after["sha256"].as_str().unwrap())).unwrap();
    assert_eq!(watched.ledger("verify").code, 0);
    assert!(!watched.run("five.json").err.contains("warning"));
}

#[test]
fn a_trigger_that_is_gone_is_named_though_every_row_is_as_it_was() {
    let watched = Watched::new();
    watched.run("one.json");
    let connection = rusqlite::Connection::open(watched.path().join("l.db")).unwrap();
    connection
        .execute_batch("DROP TRIGGER sighting_keeps; CREATE TABLE notes (a); INSERT INTO notes VALUES (1)")
        .unwrap();
    drop(connection);
    let ended = watched.ledger("verify");
    let told = [
        "warn  schema         the trigger sighting_keeps is missing, so nothing refused a change by it",
        "warn  schema         the table notes is none of this program",
    ];
    assert_eq!((ended.code, about(&ended, "schema")), (0, told.to_vec()));
}

#[test]
fn a_record_is_shown_without_the_rest_and_stock_tools_find_it_up_to_the_signed_head() {
    let proof_block = blocks()[5];
    let watched = Watched::new();
    watched.run("report.json");
    assert_eq!(watched.ledger("ack bad --note known --operator ada").code, 0);
    let ended = watched.ledger("prove bad --to proof.json");
    assert!(ended.code == 0 && ended.err.starts_with("2 rows of bad among 5; the head after them is "), "{ended:?}");
    let proof = watched.report("proof.json");
    assert_eq!((&proof["schema"], &proof["record_id"]), (&"recverify/proof/v1".into(), &"bad".into()));
    assert!(!proof.to_string().contains("good"), "{proof:#}");

    let given = tempfile::tempdir().unwrap();
    for name in ["report.json", "proof.json"] {
        fs::copy(watched.path().join(name), given.path().join(name)).unwrap();
    }
    let said = follow(given.path(), proof_block).expect("it proves");
    let after = &watched.report("report.json")["run"]["chain"]["after"];
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], format!("{} {}", after["seq"], after["sha256"].as_str().unwrap()), "{said}");
    assert!(lines[1].starts_with("[\"verification\",") && lines[2].starts_with("[\"acknowledgement\",5,"), "{said}");
    let heads = fs::read_to_string(given.path().join("heads")).unwrap();
    let end = &proof["head"];
    assert_eq!(heads.lines().last(), Some(&*format!("5 {}", end["sha256"].as_str().unwrap())));

    // And they notice.
    let written = fs::read_to_string(given.path().join("proof.json")).unwrap();
    for (old, new) in
        [("altered", "intact!"), ("\"digest\":\"", "\"digest\":\"0"), ("{\\\"record_id", "{ \\\"record_id")]
    {
        let other = written.replacen(old, new, 1);
        assert_ne!(other, written, "{old}");
        fs::write(given.path().join("proof.json"), other).unwrap();
        assert!(follow(given.path(), proof_block).is_err(), "{old}");
    }

    let bare = watched.ledger("prove bad --to bare.json --without-reports");
    assert!(
        bare.code == 0
            && watched.report("bare.json")["rows"].as_array().unwrap().iter().all(|row| row.get("report").is_none())
    );
    assert_eq!(watched.ledger("prove nobody --to none.json").code, 4);
    let connection = rusqlite::Connection::open(watched.path().join("l.db")).unwrap();
    connection.execute_batch("DROP TRIGGER run_stays; UPDATE run SET started_at = 0").unwrap();
    drop(connection);
    let ended = watched.ledger("prove bad --to none.json");
    let told = "error: nothing can be proved, for the chain does not hold: row 1 (run, run ";
    assert!(ended.code == 1 && ended.err.starts_with(told), "{ended:?}");
    assert!(!watched.path().join("none.json").exists());
}
