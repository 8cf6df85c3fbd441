//! The program: runs the library on the process's own arguments, environment and streams.

use std::process::ExitCode;

use recverify::Environment;
use recverify::streams::Streams;

fn main() -> ExitCode {
    let exit = recverify::run(std::env::args_os().collect(), Environment::of_process(), Streams::of_process());
    ExitCode::from(exit.code())
}
