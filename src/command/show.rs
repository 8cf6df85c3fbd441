//! `recverify show`: one record, as fields or as the API's answer byte for byte.

use std::io::Write as _;

use super::{Context, Unprepared, runtime};
use crate::cli::{self, ShowFormat};
use crate::credentials::Access;
use crate::event::Unwatched;
use crate::exit::Exit;
use crate::http::HttpClient;
use crate::ids::parse;
use crate::record::Record;
use crate::report::visible;
use crate::settings;
use crate::workspace::{Details, Workspace};

pub(crate) fn show(args: &cli::Show, context: &mut Context) -> Result<Exit, Unprepared> {
    let id = parse(&args.record_id)?;
    let settings = settings::api(&args.connection, &context.variables)?;
    let http = HttpClient::new(&settings.transport)?;
    context.tell_of(&settings);
    let network = context.network(&settings, &http);
    let access = Access::new(settings.access, &network);
    let workspace = Workspace::new(settings.workspace, &access, http, context.clock.clone(), network.backoff);
    let Details { record, answer, .. } = match runtime()?.block_on(workspace.details(&id, &Unwatched)) {
        Ok(details) => details,
        Err(failure) => {
            context.diagnostics.error(&failure.error.to_string());
            return Ok(Exit::Undecided);
        }
    };
    let written = match args.format {
        ShowFormat::Json => context.out.write_all(answer.bytes()),
        ShowFormat::Text => context.out.write_all(fields(&record).as_bytes()),
    };
    Ok(match written.and_then(|()| context.out.flush()) {
        Ok(()) => Exit::Success,
        Err(error) => {
            context.diagnostics.error(&format!("the record could not be written: {error}"));
            Exit::NotRecorded
        }
    })
}

/// The fields that are there, under the API's own names, sorted by name.
fn fields(record: &Record) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(record) else { return String::new() };
    let present = fields.into_iter().filter(|(_, value)| !value.is_null());
    let lines = present.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name:<18} {}\n", visible(&value))
    });
    lines.collect()
}
