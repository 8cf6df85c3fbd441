//! What makes the report files of a run evidence: the key that signs them, the authority that time-stamps them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use secrecy::SecretString;

use super::signals::Signals;
use super::{Context, Unprepared};
use crate::cli;
use crate::clock::Backoff;
use crate::fixity::Sha256Digest;
use crate::http::HttpClient;
use crate::report::place_whole;
use crate::signature::{Signer, SignerError, sidecar};
use crate::timestamp::{Authority, AuthorityError, AuthorityUrl};

/// Key and authority, where they were asked for.
pub(super) struct Seal {
    pub(super) signer: Option<Rc<Signer>>,
    authority: Option<Authority>,
}

/// Why reports cannot be sealed as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealSettingsError {
    #[error("{0} is for report files; name one with --report")]
    NoReport(&'static str),
    #[error("the passphrase file {path} cannot be read: {source}")]
    Passphrase { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Signer(#[from] SignerError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Seal {
    /// Opens the key and checks the address, before any network.
    pub(super) fn prepare(
        args: &cli::Evidence,
        reports: &[PathBuf],
        archiving: bool,
        context: &Context,
        http: &HttpClient,
        backoff: Backoff,
    ) -> Result<Self, Unprepared> {
        let no_report = reports.is_empty();
        let flags = [
            // An archive has reports of its own.
            ("--sign-key", args.sign_key.is_some() && no_report && !archiving),
            ("--timestamp-url", args.timestamp_url.is_some() && no_report),
        ];
        if let Some((flag, _)) = flags.into_iter().find(|(_, in_vain)| *in_vain) {
            return Err(SealSettingsError::NoReport(flag).into());
        }
        let signer = args.sign_key.as_deref().map(|path| signer(path, args, context)).transpose()?;
        let url = args.timestamp_url.as_deref().map(AuthorityUrl::parse).transpose();
        let url = url.map_err(SealSettingsError::Authority)?;
        let authority = url.map(|url| Authority { http: http.clone(), url, backoff });
        Ok(Self { signer: signer.map(Rc::new), authority })
    }

    /// The fingerprint of the key.
    pub(super) fn signing_key(&self) -> Option<String> {
        self.signer.as_ref().map(|signer| signer.fingerprint())
    }

    /// Where the authority is.
    pub(super) fn timestamp_url(&self) -> Option<String> {
        self.authority.as_ref().map(|authority| authority.url.to_string())
    }

    /// Has the files stamped that are in their places; whether every one of them is. A signal gives the rest up.
    pub(super) async fn stamp(&self, placed: &[PathBuf], context: &Context) -> bool {
        let Some(authority) = &self.authority else { return true };
        let mut signals = Signals::listen().ok();
        let mut all = true;
        for path in placed {
            let given_up = async {
                match &mut signals {
                    Some(signals) => signals.next().await,
                    None => std::future::pending().await,
                }
            };
            let stamped = tokio::select! {
                biased;
                stamped = stamp(authority, path) => stamped,
                _ = given_up => Err("a signal came first".to_owned()),
            };
            if let Err(why) = stamped {
                let path = path.display();
                context.diagnostics.error(&format!("the report {path} is written, but not time-stamped: {why}"));
                all = false;
            }
        }
        all
    }
}

fn signer(path: &Path, args: &cli::Evidence, context: &Context) -> Result<Signer, SealSettingsError> {
    let variable = || context.variables.get("RECVERIFY_SIGN_PASSPHRASE").filter(|value| !value.is_empty());
    let passphrase = match &args.sign_passphrase_file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|source| SealSettingsError::Passphrase { path: file.clone(), source })?;
            Some(SecretString::from(text.trim_end_matches(['\n', '\r']).to_owned()))
        }
        None => variable().map(|text| SecretString::from(text.clone())),
    };
    Ok(Signer::open(path, passphrase.as_ref())?)
}

async fn stamp(authority: &Authority, path: &Path) -> Result<(), String> {
    let digest = File::open(path).and_then(Sha256Digest::read).map_err(|error| error.to_string())?;
    let token = authority.stamp(&digest).await.map_err(|error| error.to_string())?;
    place_whole(&sidecar(path, "tsr"), &token).map_err(|error| error.to_string())
}
