//! `recverify ledger prove`: one record's rows among the digests of all others, in a file.

use std::io::{self, BufWriter};
use std::path::Path;

use super::ledger::{knows_nothing, only_one_that_knows, open};
use super::{Context, Unprepared};
use crate::cli::LedgerArgs;
use crate::exit::Exit;
use crate::ledger::{ExportError, Proven, Reader, Scope};
use crate::record::RecordId;
use crate::report::Place;

pub(super) fn prove(
    id: &RecordId,
    to: &Path,
    with_reports: bool,
    from: &LedgerArgs,
    context: &mut Context,
) -> Result<Exit, Unprepared> {
    let (reader, scopes) = open(from)?;
    let Some(scope) = only_one_that_knows(&reader, scopes, id)? else { return Ok(knows_nothing(context)) };
    match written(&reader, &scope, id, with_reports, to) {
        Ok(Ok(Proven { rows, head })) => {
            let (seq, digest) = (head.seq, head.digest);
            context.diagnostics.note(&format!("{rows} rows of {id} among {seq}; the head after them is {digest}"));
            Ok(Exit::Success)
        }
        Ok(Err(broken)) => {
            context.diagnostics.error(&format!("nothing can be proved, for the chain does not hold: {broken}"));
            Ok(Exit::Finding)
        }
        Err(ExportError::Ledger(error)) => Err(error.into()),
        Err(ExportError::Write(error)) => {
            context.diagnostics.error(&format!("{} could not be written: {error}", to.display()));
            Ok(Exit::NotRecorded)
        }
    }
}

/// Writes the proof in its place, whole or not at all.
fn written(
    reader: &Reader,
    scope: &Scope,
    id: &RecordId,
    with_reports: bool,
    to: &Path,
) -> Result<Result<Proven, crate::ledger::Break>, ExportError> {
    let place = Place::beside(to)?;
    let mut out = BufWriter::new(place.handle()?);
    let proven = reader.prove(scope, id, with_reports, &mut out)?;
    drop(out.into_inner().map_err(io::IntoInnerError::into_error)?);
    if proven.is_ok() {
        place.take()?;
    }
    Ok(proven)
}
