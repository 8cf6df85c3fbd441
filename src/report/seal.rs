//! The signature of a report: made of its bytes before it is in its place, put beside it afterwards.
//!
//! No moment leaves a report that looks signed and is not: whatever stood beside an earlier report of that name is removed
//! first, then the report gets its name, then the signature its own.

use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::place::Place;
use crate::signature::{Signer, SignerError, sidecar};

/// What belongs to a report and stands beside it; the last is its time-stamp.
const SIDECARS: [&str; 3] = [SIGNATURE, SIGNERS, "tsr"];

const SIGNATURE: &str = "sig";
const SIGNERS: &str = "allowed_signers";

/// The places of a signature and of the key that made it.
pub(super) struct Seal {
    signer: Rc<Signer>,
    signature: Place,
    signers: Place,
}

/// Why a report that was written is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// What an earlier report of that name left is still there, and does not belong to this one.
    #[error("{path} belongs to an earlier report and could not be removed: {source}")]
    Earlier {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no signature.
    #[error("it could not be signed: {0}")]
    Unsigned(#[from] SignerError),
    /// The signature could not be written.
    #[error("its signature could not be written: {0}")]
    Unwritten(#[from] io::Error),
}

impl Seal {
    /// Opens the places beside a report.
    pub(super) fn beside(report: &Path, signer: &Rc<Signer>) -> io::Result<Self> {
        Ok(Self {
            signer: signer.clone(),
            signature: Place::beside(&sidecar(report, SIGNATURE))?,
            signers: Place::beside(&sidecar(report, SIGNERS))?,
        })
    }

    /// Signs what a report holds; nothing is in its place yet.
    pub(super) fn sign(self, report: impl Read) -> Result<Signed, SealError> {
        self.signature.handle()?.write_all(self.signer.sign(report)?.as_bytes())?;
        self.signers.handle()?.write_all(self.signer.allowed_signers()?.as_bytes())?;
        Ok(Signed { signature: self.signature, signers: self.signers })
    }
}

/// A signature that waits for its report to be in place.
pub(super) struct Signed {
    signature: Place,
    signers: Place,
}

impl Signed {
    pub(super) fn take(self) -> Result<(), SealError> {
        self.signers.take()?;
        Ok(self.signature.take()?)
    }
}

/// The places of what may belong to a report and stand beside it.
pub(super) fn sidecars(report: &Path) -> impl Iterator<Item = PathBuf> {
    SIDECARS.into_iter().map(|suffix| sidecar(report, suffix))
}

/// Removes what belongs to an earlier report of this name.
pub(super) fn remove_earlier(report: &Path) -> Result<(), SealError> {
    sidecars(report).try_for_each(|path| match std::fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SealError::Earlier { path, source }),
        _ => Ok(()),
    })
}
