//! Runs the program in this process, with a clock that stands where a test puts it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use recverify::Environment;
use recverify::clock::Clock;
use recverify::streams::Streams;
use recverify_sandbox::Sandbox;

/// An output that stays here.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no panic before"));
        String::from_utf8(bytes).expect("UTF-8")
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic before").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the program said and how it ended.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A clock that begins then and goes on by a millisecond whenever it is looked at.
fn clock(begin: Timestamp) -> Clock {
    let ticks = AtomicI64::new(0);
    Clock::new(move || begin + SignedDuration::from_millis(ticks.fetch_add(1, Ordering::SeqCst)))
}

/// What a user of this cloud would export.
pub fn variables(cloud: &Sandbox) -> BTreeMap<String, String> {
    cloud.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Runs the program at that time.
pub fn run(args: Vec<OsString>, at: Timestamp, variables: &BTreeMap<String, String>) -> Said {
    let variables = variables.clone();
    let environment = Environment { variables, clock: clock(at), seed: Some(1), input: Box::new(io::empty()) };
    let (out, err) = (Kept::default(), Kept::default());
    let streams = Streams {
        out: Box::new(out.clone()),
        err: Box::new(err.clone()),
        out_is_terminal: false,
        err_is_terminal: false,
    };
    let code = i32::from(recverify::run(args, environment, streams).code());
    Said { code, out: out.text(), err: err.text() }
}
