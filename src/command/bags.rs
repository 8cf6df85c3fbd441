//! `recverify verify --bag`: bags by their own word, and online by that of the API and of the bucket.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::{Context, Unprepared, runtime};
use crate::archive::{Authority, BagVerdict, Dossier, Line, Status, write_json, write_text};
use crate::budget::Budget;
use crate::cli;
use crate::credentials::{Access, Network};
use crate::exit::Exit;
use crate::http::HttpClient;
use crate::progress::Progress;
use crate::record::RecordId;
use crate::settings;
use crate::store::Store;
use crate::verify::{Verifier, Versions};
use crate::workspace::Workspace;

pub(super) fn bags(args: &cli::VerifyCommand, context: &mut Context) -> Result<Exit, Unprepared> {
    let online = args.bags.online.then(|| Online::prepare(&args.verify, context)).transpose()?;
    let runtime = runtime()?;
    let is_text = args.verify.format == cli::Format::Text;
    let mut verdicts = Vec::new();
    let mut written = Ok(());
    for dir in &args.bags.dirs {
        let verdict = runtime.block_on(judge(dir, online.as_ref(), &args.verify, context));
        if is_text {
            written = written.and_then(|()| write_text(&mut context.out, &verdict));
        }
        verdicts.push(verdict);
    }
    runtime.shutdown_background();
    if !is_text {
        written = write_json(&mut context.out, &verdicts);
    }
    if let Err(error) = written {
        context.diagnostics.error(&format!("what was found of the bags could not be written: {error}"));
        return Ok(Exit::NotRecorded);
    }
    let any = |status| verdicts.iter().flat_map(|verdict| &verdict.lines).any(|line| line.status == status);
    Ok(match (any(Status::Finding), any(Status::Unverified)) {
        (true, _) => Exit::Finding,
        (false, true) => Exit::Undecided,
        (false, false) => Exit::Success,
    })
}

/// The services, where they are asked.
struct Online {
    workspace: Workspace,
    store: Store,
    progress: Progress,
}

impl Online {
    fn prepare(args: &cli::Verify, context: &mut Context) -> Result<Self, Unprepared> {
        let settings = settings::all(&args.connection, &args.reading, &args.speed, &context.variables)?;
        let http = HttpClient::new(&settings.api.transport)?;
        context.tell_of(&settings.api);
        let network = context.network(&settings.api, &http);
        let access = Access::new(settings.api.access.clone(), &network);
        let Network { clock, backoff, .. } = network;
        Ok(Self {
            store: Store::new(settings.store, &access, &http, clock.clone(), backoff.clone()),
            workspace: Workspace::new(settings.api.workspace, &access, http, clock, backoff),
            progress: Progress::new(context.bars, context.diagnostics.clone()),
        })
    }
}

async fn judge(dir: &Path, online: Option<&Online>, args: &cli::Verify, context: &Context) -> BagVerdict {
    let read = Dossier::read(dir);
    let mut lines = vec![Line::of_bag(read.as_ref())];
    let record_id = read.as_ref().ok().and_then(|dossier| dossier.record_id.clone());
    if let Some(online) = online {
        let id = record_id.as_deref().and_then(|id| id.parse::<RecordId>().ok());
        if let (Ok(dossier), Some(id)) = (&read, id) {
            lines.extend(ask(&id, dossier, online, args, context).await);
        } else {
            let why = "nobody knows of which record this bag is";
            lines.extend([Authority::Api, Authority::Bucket].map(|authority| Line::unasked(authority, why)));
        }
    }
    BagVerdict { bag: dir.display().to_string(), record_id, lines }
}

async fn ask(id: &RecordId, dossier: &Dossier, online: &Online, args: &cli::Verify, context: &Context) -> [Line; 2] {
    let Online { workspace, store, progress } = online;
    let cancel = CancellationToken::new();
    let verifier = Verifier {
        workspace,
        store,
        size_rule: args.size_rule.into(),
        memory: None,
        counts_not_ready: false,
        moved: &args.moved,
        archive: None,
        versions: Versions::Off,
        budget: Budget::default(),
        spending: None,
        clock: &context.clock,
        watch: progress,
        cancel: &cancel,
    };
    let report = verifier.examine(verifier.ask(id).await).await.report;
    let api = match (&report.record, &report.reason) {
        (Some(record), _) if record.id.as_deref().is_none_or(|of| of == id.as_str()) => Line::of_api(dossier, record),
        (_, Some(reason)) => Line::unasked(Authority::Api, &format!("{} ({})", reason.message, reason.code)),
        (_, None) => Line::unasked(Authority::Api, "the API did not say"),
    };
    [api, Line::of_bucket(&report)]
}
