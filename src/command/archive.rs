//! `recverify archive`: as `verify`, with what is read kept.

use super::{Context, Unprepared, verify};
use crate::cli;
use crate::exit::Exit;

pub(crate) fn archive(args: &cli::Archive, context: &mut Context) -> Result<Exit, Unprepared> {
    verify::run(&args.verify, Some(args), context)
}
