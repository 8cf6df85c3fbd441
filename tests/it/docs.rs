//! The README says what the program does.

use recverify::exit::{Exit, Signal};
use recverify::fixity::{Code, Outcome};

const README: &str = include_str!("../../README.md");

#[test]
fn every_reason_and_outcome_is_documented() {
    let undocumented = |word: &str| !README.contains(&format!("`{word}`"));
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let words = codes.chain(Outcome::ALL.map(Outcome::as_str));
    assert_eq!(words.filter(|word| undocumented(word)).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn every_exit_code_is_documented() {
    let exits = [
        Exit::Success,
        Exit::Finding,
        Exit::Usage,
        Exit::Undecided,
        Exit::Nothing,
        Exit::Held,
        Exit::NotRecorded,
        Exit::Interrupted(Signal::Interrupt),
        Exit::Interrupted(Signal::Terminate),
    ];
    let table = README.split("### Exit codes").nth(1).and_then(|rest| rest.split("###").next()).expect("the table");
    for exit in exits {
        let code = exit.code().to_string();
        let listed = table
            .lines()
            .filter_map(|line| line.split('|').nth(1))
            .any(|cell| cell.split(',').any(|c| c.trim() == code));
        assert!(listed, "{code}");
    }
}
