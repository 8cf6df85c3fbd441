//! A run killed at any moment loses no row that was entered, and holds nothing afterwards.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

const CHILD: &str = "ledger::tests::killed::appends_until_it_is_killed";
const PLACE: &str = "RECVERIFY_TEST_LEDGER";

#[test]
#[ignore = "the child of the test below"]
fn appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(PLACE) else { return };
    let mut ledger = Ledger::open(Path::new(&path)).expect("the ledger opens");
    let run_id = format!("run {}", ledger.reader().head().expect("read").seq);
    let run = ledger.begin_run(&run_id, &scope("p"), day(0), &()).expect("a run begins");
    for n in 0_u32.. {
        let name = format!("record {n}");
        see(&mut ledger, &run, &[record(&name)], day(0));
        let head = ledger.verified(&run, &report(&name, Outcome::Intact), day(0)).expect("entered");
        writeln!(std::io::stderr(), "entered {}", head.seq).expect("told");
    }
}

#[test]
fn no_row_that_was_entered_is_lost_and_the_lock_is_free_at_once() {
    let place = Place::new();
    let mut total = 0;
    for kill_after in [1, 7, 23] {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([CHILD, "--exact", "--ignored", "--nocapture"])
            .env(PLACE, place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let told = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("entered ")?.parse::<i64>().ok());
        let last = told.take(kill_after).last().expect("the child enters rows");
        child.kill().expect("killed");
        child.wait().expect("it is gone");

        let ledger = place.open();
        let reader = ledger.reader();
        let seq = reader.head().expect("read").seq;
        assert!(seq >= last && last > total, "{seq} rows, {last} of them told of");
        total = seq;
        let integrity: String =
            reader.connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("checked");
        assert_eq!(integrity, "ok");
        assert_eq!(reader.first_break().expect("walked"), None);
        assert_eq!(reader.last_run(&scope("p")).expect("read").expect("a run").ended, None);
    }
}
