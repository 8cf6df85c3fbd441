//! Runs the program in this process, where its clock is the test's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use recverify::Environment;
use recverify::clock::Clock;
use recverify::streams::Streams;

/// Output that stays here.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic before").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a command line; its exit code and what it printed.
#[expect(clippy::needless_pass_by_value, reason = "who calls has made them for this one run")]
pub fn run(args: Vec<OsString>, variables: BTreeMap<String, String>, clock: Clock) -> (i32, String) {
    loop {
        // Between its fork and its exec a child of another test holds a copy of the lock of a ledger that was closed here.
        match run_once(args.clone(), variables.clone(), clock.clone()) {
            (HELD, _) => std::thread::yield_now(),
            ended => return ended,
        }
    }
}

const HELD: i32 = 5;

fn run_once(args: Vec<OsString>, variables: BTreeMap<String, String>, clock: Clock) -> (i32, String) {
    let environment = Environment { variables, clock, seed: Some(1), input: Box::new(io::empty()) };
    let (out, err) = (Kept::default(), Kept::default());
    let streams = Streams {
        out: Box::new(out.clone()),
        err: Box::new(err.clone()),
        out_is_terminal: false,
        err_is_terminal: false,
    };
    let code = i32::from(recverify::run(args, environment, streams).code());
    let said = String::from_utf8(std::mem::take(&mut out.0.lock().expect("no panic before"))).expect("UTF-8");
    (code, said)
}
