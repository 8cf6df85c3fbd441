//! recverify: is the recording in the bucket, byte for byte, what the service declared when it was made?
//!
//! The line through the program:
//!
//! ```text
//! RecordId → Record → Declared → byte stream → Observed → Outcome → RecordReport → ledger → report → exit code
//! ```
//!
//! [`workspace`] asks the API for a [`record`]; [`store`] reads its objects under a pin into the meter of [`fixity`],
//! which compares; [`verify`] makes one [`evidence::RecordReport`] of it, [`batch`] many; [`ledger`] remembers and
//! [`report`] writes them and [`exit`] makes a number of the [`summary`]. Whoever watches listens to [`event`]s.
//!
//! A report is signed ([`signature`]) and time-stamped ([`timestamp`]) by formats others can check; [`check`] checks it, and
//! what it says, without any service.
//!
//! [`archive`] keeps what is read, each recording in a [`bag`] of its own; [`verify`] lends it the bytes that are hashed, and
//! like [`ledger`] it knows what was established and nobody who establishes it.
//!
//! [`doctor`] asks the same services as a verification would, and says what stands in its way.
//!
//! Three rules stand above everything: never call a recording intact unless every byte of it was read and its digest
//! equals the declared one; never accuse falsely; lose nothing that was established.
//!
//! [`credentials`] says as whom both services are asked, and renews keys that end meanwhile.
//!
//! Dependencies point one way:
//! `fixity ← record ← evidence ← {event, credentials ← {workspace, store}} ← {doctor, verify ← batch} ← command`;
//! `record ← bag`, and `{bag, evidence, report, signature} ← archive ← verify`, as `ledger ← memory ← verify`.

pub mod archive;
pub mod bag;
pub mod batch;
pub mod budget;
pub mod check;
pub mod cli;
pub mod climb;
pub mod clock;
mod command;
pub mod credentials;
pub mod doctor;
pub mod endpoint;
pub mod event;
pub mod evidence;
pub mod exit;
pub mod fixity;
pub mod gate;
pub mod http;
pub mod ledger;
pub mod memory;
pub mod pace;
pub mod ping;
pub mod progress;
pub mod record;
pub mod redact;
pub mod report;
pub mod retention;
pub mod selection;
pub mod settings;
mod sign;
pub mod signature;
pub mod source;
pub mod store;
pub mod streams;
pub mod summary;
pub mod throttle;
pub mod time;
pub mod timestamp;
pub mod verify;
mod wire;
pub mod workspace;

use std::ffi::OsString;
use std::io::{Read, Write as _};

use cli::{ColorArg, Command, Parsed, ProgressArg};
use clock::Clock;
use command::Context;
use credentials::Variables;
use exit::Exit;
use streams::{Diagnostics, Output, Streams};

/// What the program is given by its surroundings, beside its arguments and streams.
pub struct Environment {
    /// Environment variables.
    pub variables: Variables,
    /// The time of day.
    pub clock: Clock,
    /// Makes the jitter of waits repeatable.
    pub seed: Option<u64>,
    /// Standard input.
    pub input: Box<dyn Read>,
}

impl Environment {
    /// The process's own. A variable that is not UTF-8 counts as not set.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        let variables =
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: variables.collect(), clock: Clock::system(), seed: None, input: Box::new(std::io::stdin()) }
    }
}

/// Runs a command line (its first word the program's name) and says how it ended. Never exits, never panics on input.
#[must_use]
pub fn run(args: Vec<OsString>, environment: Environment, streams: Streams) -> Exit {
    let Streams { out, err, out_is_terminal, err_is_terminal } = streams;
    let out = Output::new(out);
    let cli = match cli::parse(args) {
        Parsed::Run(cli) => cli,
        Parsed::Told(text) => return tell(out, text.as_bytes(), &Diagnostics::new(err, false, false)),
        Parsed::Wrong(message) => {
            Diagnostics::new(err, false, false).error(&message);
            return Exit::Usage;
        }
    };
    let view = cli.view;
    let no_color = environment.variables.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let diagnostics = Diagnostics::new(err, view.quiet, view.verbose);
    let mut context = Context {
        color: match view.color {
            ColorArg::Auto => out_is_terminal && !no_color,
            ColorArg::Always => true,
            ColorArg::Never => false,
        },
        bars: err_is_terminal && view.progress == ProgressArg::Auto && !view.quiet,
        quiet: view.quiet,
        variables: environment.variables,
        clock: environment.clock,
        seed: environment.seed,
        input: environment.input,
        out: out.clone(),
        diagnostics: diagnostics.clone(),
    };
    let ended = match cli.command {
        Command::Verify(args) => command::verify(&args, &mut context),
        Command::Archive(args) => command::archive(&args, &mut context),
        Command::List(args) => command::list(&args, &mut context),
        Command::Show(args) => command::show(&args, &mut context),
        Command::Doctor(args) => command::doctor(&args, &mut context),
        Command::Check(args) => command::check(&args, &mut context),
        Command::Ledger(args) => command::ledger(&args, &mut context),
        Command::Completions { shell } => Ok(tell(out, &cli::completions(shell), &diagnostics)),
        Command::Man => Ok(tell(out, &cli::manual(), &diagnostics)),
    };
    ended.unwrap_or_else(|unprepared| {
        for detail in unprepared.details() {
            diagnostics.detail(detail);
        }
        diagnostics.error(&unprepared.to_string());
        unprepared.exit()
    })
}

fn tell(mut out: Output, text: &[u8], diagnostics: &Diagnostics) -> Exit {
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Exit::Success,
        Err(error) => {
            diagnostics.error(&format!("standard output could not be written: {error}"));
            Exit::NotRecorded
        }
    }
}
