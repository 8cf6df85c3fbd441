//! `recverify list`: the records of a window, as lines for people or as JSON lines.

use std::io::Write as _;

use super::{Context, Unprepared, runtime};
use crate::cli::{self, ListFormat};
use crate::credentials::Access;
use crate::event::Unwatched;
use crate::exit::Exit;
use crate::http::HttpClient;
use crate::record::Record;
use crate::report::{json_line, visible};
use crate::selection::{self, Selection, SelectionError};
use crate::settings;
use crate::workspace::{Listing, Workspace};

pub(crate) fn list(args: &cli::List, context: &mut Context) -> Result<Exit, Unprepared> {
    let Selection::Listed { criteria, limit, .. } =
        selection::resolve(&args.window, Vec::new(), false, context.clock.now(), None)?
    else {
        return Err(SelectionError::NoSince.into());
    };
    let settings = settings::api(&args.connection, &context.variables)?;
    let http = HttpClient::new(&settings.transport)?;
    context.tell_of(&settings);
    let network = context.network(&settings, &http);
    let access = Access::new(settings.access, &network);
    let workspace = Workspace::new(settings.workspace, &access, http, context.clock.clone(), network.backoff);
    context.diagnostics.note(&format!("recordings that began from {} to {}", criteria.since, criteria.until));
    let listing = workspace.list(criteria);
    Ok(runtime()?.block_on(print(listing, limit.unwrap_or(u64::MAX), args.format, context)))
}

/// Prints each page as it comes; an empty listing is nothing to verify.
async fn print(mut listing: Listing<'_>, limit: u64, format: ListFormat, context: &mut Context) -> Exit {
    let mut printed = 0;
    while printed < limit {
        let page = match listing.next(&Unwatched).await {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(failure) => {
                context.diagnostics.error(&format!("the listing could not be read to its end: {}", failure.error));
                return Exit::Undecided;
            }
        };
        for record in page {
            if printed == limit {
                break;
            }
            printed += 1;
            let written = match format {
                ListFormat::Jsonl => json_line(&mut context.out, &record),
                ListFormat::Text => writeln!(context.out, "{}", visible(line(&record).trim_end())),
            };
            if let Err(error) = written.and_then(|()| context.out.flush()) {
                context.diagnostics.error(&format!("the listing could not be written: {error}"));
                return Exit::NotRecorded;
            }
        }
    }
    if printed == 0 {
        context.diagnostics.note("no records in this window");
        return Exit::Nothing;
    }
    Exit::Success
}

/// Start, id, status, size, desktop, user; `-` for what the record does not say.
fn line(record: &Record) -> String {
    let or_dash = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{}  {}  {:<16}  {:>12}  {}  {}",
        or_dash(&record.start_time),
        or_dash(&record.id),
        or_dash(&record.status),
        record.size.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        or_dash(&record.desktop_name),
        or_dash(&record.username),
    )
}
