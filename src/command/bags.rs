//! `recverify verify --bag`.

use super::{Context, Unprepared};
use crate::cli;
use crate::exit::Exit;

pub(super) fn bags(args: &cli::VerifyCommand, context: &mut Context) -> Result<Exit, Unprepared> {
    let _ = (args, context);
    Ok(Exit::Success)
}
