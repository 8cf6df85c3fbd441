//! `recverify doctor`: settings, then one question after the other, and a line a check with its remedy.

use super::{Context, Unprepared, runtime};
use crate::cli::{self, DoctorFormat};
use crate::credentials::{Access, Network};
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
    let Selection::Listed { criteria, .. } = selection::resolve(&window, Vec::new(), false, context.clock.now(), None)?
    else {
        return Err(SelectionError::NoSince.into());
    };
    let settings = settings::all(&args.connection, &args.reading, &cli::Speed::default(), &context.variables)?;
    let http = HttpClient::new(&settings.api.transport)?;
    context.tell_of(&settings.api);
    let network = context.network(&settings.api, &http);
    let access = Access::new(settings.api.access.clone(), &network);
    let mut subject = Subject::new(&settings, &access, criteria, record_id);
    let Network { clock, backoff, .. } = network;
    let workspace = Workspace::new(settings.api.workspace, &access, http.clone(), clock.clone(), backoff.clone());
    let store = Store::new(settings.store, &access, &http, clock.clone(), backoff);
    let watch = Progress::new(false, context.diagnostics.clone());
    let by = Surgery { http: &http, workspace: &workspace, store: &store, clock: &clock, watch: &watch };
    let runtime = runtime()?;
    let seen = runtime.block_on(examine(&subject, &by));
    subject.learn(&access);
    let findings = judge(&subject, &seen);
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
