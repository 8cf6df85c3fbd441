//! Runs the built program in a scrubbed environment, keeps what it said, and looks for secrets in all of it.
//!
//! With `RECVERIFY_TEST_VERBOSE=1` every call that can take it is made at the highest verbosity; the lines that adds are
//! looked through for secrets and then left out of what the test is given.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use recverify_sandbox::Sandbox;
use serde_json::Value;

use crate::schema::assert_valid;
use crate::secrets::{Files, shows_none};

const PROGRAM: &str = env!("CARGO_BIN_EXE_recverify");

/// One call of the program, to be completed with arguments.
pub struct Call {
    command: Command,
    input: Option<String>,
    /// Whether what `-v` adds is kept from the test, which did not ask for it.
    withheld: bool,
}

/// A call under way.
pub struct Started {
    child: Child,
    files: Files,
    withheld: bool,
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// `recverify` with nothing in its environment but a path to nowhere for a home.
pub fn bare() -> Call {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
    Call { command, input: None, withheld: false }
}

/// `recverify` as a user of the sandbox would call it.
pub fn recverify(cloud: &Sandbox) -> Call {
    cloud.environment().into_iter().fold(bare(), |call, (name, value)| call.env(name, &value))
}

/// `recverify verify … --format json`, waits between retries all but gone.
pub fn verify(cloud: &Sandbox, words: &str) -> Call {
    recverify(cloud).args("verify --format json --retry-wait 1ms").args(words)
}

impl Call {
    /// Adds arguments, split at blanks.
    pub fn args(mut self, words: &str) -> Self {
        self.command.args(words.split_whitespace());
        self
    }

    /// Adds one argument as it stands.
    pub fn arg(mut self, word: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(word);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn unset(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn in_dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Given on standard input.
    pub fn input(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    /// As it stands, for what a call cannot do.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Starts it, its output kept.
    pub fn spawn(mut self) -> Started {
        if is_verbose() {
            self = self.verbose();
        }
        let arguments = self.command.get_args().map(PathBuf::from).collect::<Vec<_>>();
        let files = Files::of(self.command.get_current_dir(), arguments.into_iter());
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(self.input.unwrap_or_default().as_bytes()).expect("the program takes its input");
        Started { child, files, withheld: self.withheld }
    }

    /// The same program and arguments, handed to another program behind arguments of its own.
    pub fn through(self, program: &str, words: &[&str]) -> Self {
        let own = std::iter::once(self.command.get_program()).chain(self.command.get_args()).map(OsString::from);
        let words = words.iter().map(OsString::from).chain(own).collect();
        self.rebuilt(program.as_ref(), words)
    }

    /// Another command in the same directory and the same scrubbed environment.
    fn rebuilt(self, program: &OsStr, words: Vec<OsString>) -> Self {
        let mut command = Command::new(program);
        command.env_clear().args(words);
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(dir) = self.command.get_current_dir() {
            command.current_dir(dir);
        }
        Self { command, ..self }
    }

    /// The same call with `-v` before all else, unless it says itself how much it wants to hear, or nothing at all.
    fn verbose(self) -> Self {
        let wants = ["-q", "--quiet", "-v", "--verbose"];
        let mut words = self.command.get_args();
        if self.command.get_program() != PROGRAM
            || words.len() == 0
            || words.any(|word| wants.iter().any(|flag| word == *flag))
        {
            return self;
        }
        let program = self.command.get_program().to_owned();
        let words: Vec<_> =
            [OsString::from("-v")].into_iter().chain(self.command.get_args().map(OsString::from)).collect();
        Self { withheld: true, ..self.rebuilt(&program, words) }
    }

    /// Runs it to its end.
    ///
    /// JSON reports it wrote to files are held against their schema.
    pub fn run(self) -> Ended {
        let dir = self.command.get_current_dir().map(Path::to_owned).unwrap_or_default();
        let words: Vec<_> = self.command.get_args().map(OsStr::to_owned).collect();
        let reports = words.windows(2).filter(|pair| pair[0] == "-o").map(|pair| dir.join(&pair[1]));
        let reports: Vec<_> = reports.collect();
        let ended = end(self.spawn());
        for path in reports {
            is_as_the_schema_says(&path);
        }
        ended
    }
}

/// Looks at a report in a file, unless it is of another format, was not written, or is not of this program.
fn is_as_the_schema_says(path: &Path) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    match path.extension().and_then(OsStr::to_str) {
        Some("json") if text.starts_with("{\"schema\"") => assert_valid(&serde_json::from_str(&text).expect("JSON")),
        Some("jsonl") => text.lines().for_each(|line| assert_valid(&serde_json::from_str(line).expect("JSON"))),
        _ => {}
    }
}

fn is_verbose() -> bool {
    std::env::var_os("RECVERIFY_TEST_VERBOSE").is_some_and(|value| value == "1")
}

/// Whether a line is one that only `-v` brings.
fn is_detail(line: &str) -> bool {
    let begins = ["Workspace API: ", "authenticating the API with ", "keys from "];
    let holds = ["; asking again in ", "; going on from byte "];
    begins.iter().any(|words| line.starts_with(words)) || holds.iter().any(|words| line.contains(words))
}

/// Sends a signal to a process.
pub fn send(signal: &str, process: u32) {
    let status = Command::new("sh").args(["-c", &format!("kill -{signal} {process}")]).status();
    assert!(status.expect("a shell").success());
}

impl Deref for Started {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.child
    }
}

impl DerefMut for Started {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.child
    }
}

impl From<Child> for Started {
    fn from(child: Child) -> Self {
        Self { child, files: Files::default(), withheld: false }
    }
}

/// Waits for a started call.
#[track_caller]
pub fn end(started: impl Into<Started>) -> Ended {
    let Started { child, files, withheld } = started.into();
    let output = child.wait_with_output().expect("the program ends");
    shows_none("standard output", &output.stdout);
    shows_none("standard error", &output.stderr);
    files.show_none();
    Ended {
        code: output.status.code().expect("an exit code, not a signal"),
        out: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
        err: {
            let err = String::from_utf8(output.stderr).expect("UTF-8 on standard error");
            if withheld { err.split_inclusive('\n').filter(|line| !is_detail(line)).collect() } else { err }
        },
    }
}

impl Ended {
    /// The JSON on standard output; a report is held against its schema.
    pub fn report(&self) -> Value {
        let report: Value = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        if report["schema"] != "recverify/doctor/v1" {
            assert_valid(&report);
        }
        report
    }

    /// The lines of the report on standard output, each as the schema says.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines().map(serde_json::from_str);
        let lines: Vec<Value> = lines.map(|line| line.unwrap_or_else(|error| panic!("{error}: {self:?}"))).collect();
        lines.iter().for_each(assert_valid);
        lines
    }

    /// The one record of that report with this id.
    pub fn record(&self, id: &str) -> Value {
        let report = self.report();
        let records = report["records"].as_array().expect("a list of records");
        let mut found = records.iter().filter(|record| record["record_id"] == id);
        let record = found.next().unwrap_or_else(|| panic!("no {id} in {self:?}"));
        assert!(found.next().is_none(), "{id} stands twice");
        record.clone()
    }

    /// Exit code, the record's outcome, and the code of its reason (empty when there is none).
    pub fn verdict(&self, id: &str) -> (i32, String, String) {
        let record = self.record(id);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (self.code, text(&record["outcome"]), text(&record["reason"]["code"]))
    }
}

/// A verdict to compare with.
pub fn verdict(code: i32, outcome: &str, reason: &str) -> (i32, String, String) {
    (code, outcome.to_owned(), reason.to_owned())
}
