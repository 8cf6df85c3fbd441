//! `recverify doctor`: settings, then one question after the other, and a line a check with its remedy.

use super::{Context, Unprepared, rejections, runtime};
use crate::cli::{self, DoctorFormat};
use crate::clock::Backoff;
use crate::doctor::{Subject, Surgery, examine, is_well, judge, write_json, write_text};
use crate::exit::Exit;
use crate::http::HttpClient;
use crate::ids::parse;
use crate::progress::Progress;
use crate::selection::{self, Selection, SelectionError};
use crate::settings;
use crate::store::Store;
use crate::workspace::Workspace;

pub(crate) fn doctor(args: &cli::Doctor, context: &mut Context) -> Result<Exit, Unprepared> {
    let record_id = args.record_id.as_deref().map(parse).transpose()?;
    let window = cli::Window { since: Some(args.since.clone()), ..cli::Window::default() };
    let Selection::Listed { criteria, .. } = selection::resolve(&window, Vec::new(), false, context.clock.now())?
    else {
        return Err(SelectionError::NoSince.into());
    };
    let settings = settings::all(&args.connection, &args.reading, &cli::Speed::default(), &context.variables)?;
    let http = HttpClient::new(&settings.api.transport)?;
    context.warn_of(&settings.api);
    let subject = Subject::new(&settings, criteria, record_id);
    let backoff = Backoff::new(settings.api.retry_wait, context.seed);
    let (of_api, of_store) = rejections(&settings.api.workspace.credential);
    let clock = context.clock.clone();
    let workspace = Workspace::new(settings.api.workspace, http.clone(), clock.clone(), backoff.clone(), of_api);
    let store = Store::new(settings.store, &http, clock.clone(), backoff, of_store);
    let watch = Progress::new(false, context.diagnostics.clone());
    let by = Surgery { http: &http, workspace: &workspace, store: &store, clock: &clock, watch: &watch };
    let runtime = runtime()?;
    let findings = judge(&subject, &runtime.block_on(examine(&subject, &by)));
    // A name still being looked up by the system keeps nobody waiting.
    runtime.shutdown_background();
    let written = match args.format {
        DoctorFormat::Text => write_text(&mut context.out, &findings, context.quiet),
        DoctorFormat::Json => write_json(&mut context.out, &findings),
    };
    if let Err(error) = written {
        context.diagnostics.error(&format!("the checks could not be written: {error}"));
        return Ok(Exit::NotRecorded);
    }
    Ok(if is_well(&findings) { Exit::Success } else { Exit::Undecided })
}
