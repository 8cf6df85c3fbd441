//! What is known of a run before it begins, as reports have it.

use std::path::PathBuf;

use jiff::Timestamp;
use uuid::Uuid;

use super::Context;
use super::seal::Seal;
use crate::cli;
use crate::report::{self, Credentials, Host, Operator, Run, Spool};
use crate::retention::Terms;
use crate::selection::Selection;
use crate::settings::{self, Settings};

/// A run that starts now; its id is a UUID of version 7 of that time by the program's clock.
pub(super) fn begin(
    started_at: Timestamp,
    selection: &Selection,
    args: &cli::Verify,
    terms: &Terms,
    context: &Context,
    settings: &Settings,
    seal: &Seal,
) -> Run {
    let seconds = u64::try_from(started_at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(started_at.subsec_nanosecond()).unwrap_or(0);
    let evidence = &args.evidence;
    let set = |name: &&str| context.variables.get(*name).filter(|value| !value.is_empty());
    let login = ["LOGNAME", "USER"].iter().find_map(set);
    Run {
        id: Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)).to_string(),
        started_at,
        finished_at: started_at,
        selection: reported(selection, args),
        host: Host::this(),
        operator: Operator::this(evidence.operator.clone(), login.cloned()),
        case: evidence.case.clone(),
        note: evidence.note.clone(),
        settings: settings::effective(settings, args, terms),
        credentials: Credentials::default(),
        clocks: Vec::new(),
        reports: Vec::new(),
        signing_key: seal.signing_key(),
        timestamp_url: seal.timestamp_url(),
        chain: None,
        warnings: Vec::new(),
        overdue: None,
        expected: Spool::default(),
        listing: Spool::default(),
    }
}

/// Whether a report is written that has what a source leaves behind it beside its records.
pub(super) fn has_trail(args: &cli::Verify) -> bool {
    let is_json =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
    args.format != cli::Format::Text || args.reports.iter().any(is_json)
}

/// The selection as reports have it.
fn reported(selection: &Selection, args: &cli::Verify) -> report::Selection {
    let (ids, window) = match selection {
        Selection::Named(ids) => (Some(ids.len() as u64), None),
        Selection::Listed { criteria, .. } => (None, Some(criteria.clone())),
    };
    let ids_from = args.ids_from.as_ref().map(|path| path.display().to_string());
    report::Selection { ids, ids_from, window, limit: args.window.limit, complete: true, shortfall: None }
}
