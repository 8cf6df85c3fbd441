//! The README's crontab line, run as cron runs it: with nothing in its environment, through `sh`.

use std::path::Path;
use std::process::Command;

use recverify_sandbox::{Recording, Sandbox};
use tempfile::TempDir;

const README: &str = include_str!("../../README.md");

/// The command of the line, its three places changed for those of a test and nothing else.
fn command(dir: &Path) -> String {
    let line = README.split("```crontab\n").nth(1).and_then(|rest| rest.lines().next()).expect("a crontab line");
    let (times, command) = line.split_once("  ").expect("five fields, then the command");
    assert_eq!((times.split(' ').count(), command.contains('%')), (5, false), "cron reads it otherwise: {line}");
    let dir = dir.to_str().expect("UTF-8");
    let places = [
        ("/etc/recverify.env", format!("{dir}/recverify.env")),
        ("/usr/local/bin/recverify", env!("CARGO_BIN_EXE_recverify").to_owned()),
        ("/var/lib/recverify/", format!("{dir}/")),
    ];
    places.into_iter().fold(command.to_owned(), |command, (place, here)| {
        assert_eq!(command.matches(place).count(), 1, "{place} in {command}");
        command.replace(place, &here)
    })
}

/// Exit code and all that was said; cron mails what is not silent.
fn by_cron(dir: &Path) -> (Option<i32>, String) {
    let output = Command::new("env").args(["-i", "sh", "-c", &command(dir)]).output().expect("a shell");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("UTF-8"))
}

#[test]
fn the_crontab_line_of_the_readme_runs_and_is_silent_until_there_is_something_to_say() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    let settings = cloud.environment().into_iter().map(|(name, value)| format!("{name}={value}\n"));
    std::fs::write(dir.path().join("recverify.env"), settings.collect::<String>()).expect("written");
    let recording = Recording::new("a");
    cloud.upload(&recording);
    for night in ["with something new", "with nothing new"] {
        assert_eq!(by_cron(dir.path()), (Some(0), String::new()), "a night {night}");
    }
    assert!(dir.path().join("ledger.db").exists());
    cloud.upload(&Recording::new("b"));
    cloud.remove_object(&recording.bucket, &Recording::new("b").video_key());
    let (code, said) = by_cron(dir.path());
    assert_eq!((code, said.lines().count()), (Some(1), 2), "a finding and a summary: {said}");
    assert!(said.starts_with("missing b; "), "{said}");
}
