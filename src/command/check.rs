//! `recverify check`: a report by itself and against what is at hand, without any service.

use std::path::{Path, PathBuf};

use super::{Context, Unprepared};
use crate::check::{self, Against, holds, write_json, write_text};
use crate::cli::{self, CheckFormat};
use crate::exit::Exit;

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be read: {source}")]
pub(crate) struct Unreadable {
    path: PathBuf,
    source: std::io::Error,
}

impl Unreadable {
    pub(super) fn new(path: &Path, source: std::io::Error) -> Self {
        Self { path: path.to_owned(), source }
    }
}

pub(crate) fn check(args: &cli::Check, context: &mut Context) -> Result<Exit, Unprepared> {
    let unreadable = |path: &PathBuf| {
        let path = path.clone();
        |source| Unreadable { path, source }
    };
    let allowed = args.allowed_signers.as_ref();
    let allowed = allowed.map(|path| std::fs::read_to_string(path).map_err(unreadable(path))).transpose()?;
    if let Some(path) = &args.previous {
        std::fs::File::open(path).map(drop).map_err(unreadable(path))?;
    }
    if let Some(path) = &args.files {
        std::fs::read_dir(path).map(drop).map_err(unreadable(path))?;
    }
    let against = Against { allowed_signers: allowed, previous: args.previous.clone(), files: args.files.clone() };
    let findings = check::check(&args.report, &against, context.clock.now()).map_err(unreadable(&args.report))?;
    let written = match args.format {
        CheckFormat::Text => write_text(&mut context.out, &findings, context.quiet),
        CheckFormat::Json => write_json(&mut context.out, &args.report.display().to_string(), &findings),
    };
    if let Err(error) = written {
        context.diagnostics.error(&format!("the checks could not be written: {error}"));
        return Ok(Exit::NotRecorded);
    }
    Ok(if holds(&findings) { Exit::Success } else { Exit::Finding })
}
