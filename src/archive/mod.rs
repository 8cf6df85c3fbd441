//! An archive: a directory of bags, one a recording, filled while recordings are verified.
//!
//! What is read goes to a directory of its own whose name begins with a dot, and gets its final name by one rename once the
//! record has its outcome and all of the bag is on disk. So a name without a dot is a whole bag at any moment, whatever
//! ends the run; what a run that died left behind, the next one removes.

mod authority;
mod document;
mod dossier;
mod standing;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use authority::{Authority, BagVerdict, Line, Status, write_json, write_text};
pub use dossier::{Dossier, DossierFault};
pub use standing::Standing;

use crate::bag::{self, directory_name};
use crate::evidence::{ObjectReport, RecordReport};
use crate::fixity::{Observed, Outcome};
use crate::record::{RecordId, Role};
use crate::report::Run;
use crate::signature::{Signer, SignerError};
use document::contents;

/// Held by the one run that fills an archive.
const LOCK: &str = ".lock";

/// How the name begins of a directory that is being filled.
const FILLING: &str = ".filling-";

/// Where recordings go that are not intact.
const FINDINGS: &str = "findings";

/// An archive that this run fills, and no other.
#[derive(Debug)]
pub struct Archive {
    dir: PathBuf,
    run_id: String,
    findings: bool,
    signer: Option<Rc<Signer>>,
    copies: RefCell<BTreeMap<(RecordId, Role), CopyOf>>,
    standing: RefCell<BTreeMap<RecordId, Standing>>,
    _lock: File,
}

/// What came of copying an object that was read whole.
#[derive(Debug)]
struct CopyOf {
    observed: Observed,
    written: io::Result<()>,
}

/// Why there is no archive to fill, or a recording is not in it.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Another run fills it.
    #[error("another run fills the archive {0}")]
    Held(PathBuf),
    /// It cannot be used.
    #[error("the archive {path} cannot be used: {source}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The bag could not be written: most likely the next one could not either.
    #[error(
        "{id} was verified, but its files could not be kept in {path}: {source}; archive it again once that is mended"
    )]
    Unwritten {
        /// Which record.
        id: RecordId,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The report in the bag could not be signed.
    #[error("{id} was verified, but its report could not be signed, so it was not kept: {source}")]
    Unsigned {
        /// Which record.
        id: RecordId,
        /// Why.
        source: SignerError,
    },
    /// Something stands where the bag belongs. It may be evidence too, so it is left alone.
    #[error("{id} was verified, but {why}; {path} was left as it is: move it away and archive the record again")]
    Occupied {
        /// Which record.
        id: RecordId,
        /// Where.
        path: PathBuf,
        /// What is wrong with what stands there.
        why: String,
    },
}

impl ArchiveError {
    /// Whether it concerns one record alone, so that others are still worth keeping.
    #[must_use]
    pub const fn is_of_one_record(&self) -> bool {
        matches!(self, Self::Occupied { .. })
    }
}

impl Archive {
    /// Takes hold of an archive, makes it if it is not there, and removes what dead runs left in it.
    pub fn open(dir: &Path, run_id: &str, findings: bool, signer: Option<Rc<Signer>>) -> Result<Self, ArchiveError> {
        let unusable = |source| ArchiveError::Unusable { path: dir.to_owned(), source };
        make_lasting_directory(dir).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let lock = options.open(dir.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ArchiveError::Held(dir.to_owned())),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        sweep(dir).and_then(|()| sweep(&dir.join(FINDINGS))).map_err(unusable)?;
        Ok(Self {
            dir: dir.to_owned(),
            run_id: run_id.to_owned(),
            findings,
            signer,
            copies: RefCell::default(),
            standing: RefCell::default(),
            _lock: lock,
        })
    }

    /// Where a copy of an object goes while it is read; `None` where it is not to be kept whatever it turns out to be.
    #[must_use]
    pub fn copy_to(&self, id: &RecordId, role: Role) -> Option<PathBuf> {
        if !self.findings && matches!(self.standing.borrow().get(id), Some(Standing::Sound)) {
            return None;
        }
        let filling = self.filling(id);
        // A directory that cannot be made is told by the file that cannot be made in it.
        let _ = make_directory(&filling);
        Some(filling.join(role.to_string()))
    }

    /// Forgets a record that its bag stands for.
    pub fn pass_over(&self, id: &RecordId) {
        self.standing.borrow_mut().remove(id);
    }

    /// Notes what came of a copy; `None` for a read that was not whole.
    pub fn note(&self, id: &RecordId, role: Role, copy: Option<(Observed, io::Result<()>)>) {
        let key = (id.clone(), role);
        let mut copies = self.copies.borrow_mut();
        match copy {
            Some((observed, written)) => copies.insert(key, CopyOf { observed, written }),
            None => copies.remove(&key),
        };
    }

    /// Keeps a record whose outcome is known: as a bag if it is intact, among the findings if that was asked for, or not at
    /// all. Once this returns the bag is on disk under its name, and nothing else of the record is.
    pub fn keep(&self, report: &RecordReport, run: &Run) -> Result<(), ArchiveError> {
        let kept = self.keep_files(report, run);
        let id = &report.record_id;
        self.copies.borrow_mut().retain(|(of, _), _| of != id);
        self.standing.borrow_mut().remove(id);
        let removed = remove(&self.filling(id)).map_err(|source| self.unwritten(id, source));
        kept.and(removed)
    }

    fn keep_files(&self, report: &RecordReport, run: &Run) -> Result<(), ArchiveError> {
        let id = &report.record_id;
        let (place, copies) = match report.outcome {
            Outcome::Intact => {
                let place = self.dir.join(directory_name(id));
                match self.standing.borrow().get(id) {
                    Some(Standing::Sound) => return Ok(()),
                    Some(Standing::Unfit(why)) => {
                        return Err(ArchiveError::Occupied { id: id.clone(), path: place, why: why.clone() });
                    }
                    None => {}
                }
                (place, self.whole_copies(report)?)
            }
            outcome if self.findings => {
                let copies = self.whole_copies(report)?;
                if copies.is_empty() && !outcome.is_finding() {
                    return Ok(());
                }
                (self.dir.join(FINDINGS).join(directory_name(id)), copies)
            }
            _ => return Ok(()),
        };
        let unwritten = |source| self.unwritten(id, source);
        let filling = self.filling(id);
        make_directory(&filling).map_err(unwritten)?;
        only(&filling, &copies).map_err(unwritten)?;
        let contents = contents(report, run, copies, self.signer.as_deref()).map_err(|error| match error {
            SignerError::Content(source) => unwritten(source),
            source => ArchiveError::Unsigned { id: id.clone(), source },
        })?;
        bag::write(&filling, contents).map_err(unwritten)?;
        let place = if report.outcome == Outcome::Intact {
            // Where upper and lower case are one, another id may have taken it since it was looked at.
            if std::fs::exists(&place).map_err(unwritten)? {
                let why = "its place was taken in the same run".to_owned();
                return Err(ArchiveError::Occupied { id: id.clone(), path: place, why });
            }
            place
        } else {
            make_lasting_directory(&self.dir.join(FINDINGS)).map_err(unwritten)?;
            match free_place(&filling, &place).map_err(unwritten)? {
                Some(place) => place,
                // The same bytes with the same outcome are there already.
                None => return Ok(()),
            }
        };
        put(&filling, &place).map_err(unwritten)
    }

    /// Copies of what the report is about; any that could not be written fails the record.
    fn whole_copies(&self, report: &RecordReport) -> Result<Vec<(Role, Observed)>, ArchiveError> {
        let id = &report.record_id;
        let mut whole = Vec::new();
        for object in &report.objects {
            let mut copies = self.copies.borrow_mut();
            match copies.remove(&(id.clone(), object.role)) {
                Some(copy) if is_of(&copy.observed, object) => {
                    copy.written.map_err(|source| self.unwritten(id, source))?;
                    whole.push((object.role, copy.observed));
                }
                _ if report.outcome == Outcome::Intact => {
                    return Err(self.unwritten(id, io::Error::other("what was read last is not what was judged")));
                }
                _ => {}
            }
        }
        Ok(whole)
    }

    fn filling(&self, id: &RecordId) -> PathBuf {
        self.dir.join(format!("{FILLING}{}-{}", self.run_id, directory_name(id)))
    }

    fn unwritten(&self, id: &RecordId, source: io::Error) -> ArchiveError {
        ArchiveError::Unwritten { id: id.clone(), path: self.dir.clone(), source }
    }
}

fn is_of(copied: &Observed, object: &ObjectReport) -> bool {
    object.observed_sha256 == Some(copied.sha256) && object.observed_bytes == Some(copied.bytes)
}

/// Removes copies that do not count from a directory that is going to be a bag.
fn only(filling: &Path, copies: &[(Role, Observed)]) -> io::Result<()> {
    for role in Role::BOTH.into_iter().filter(|role| copies.iter().all(|(of, _)| of != role)) {
        match std::fs::remove_file(filling.join(role.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A place among the findings, with a number where earlier findings about the record stand; `None` where one of them is
/// the same.
fn free_place(filling: &Path, place: &Path) -> io::Result<Option<PathBuf>> {
    let told = |bag: &Path| {
        let manifest = std::fs::read(bag.join(bag::MANIFEST))?;
        Ok::<_, io::Error>((manifest, std::fs::read(bag.join(document::NOT_INTACT))?))
    };
    let own = told(filling)?;
    let mut free = place.to_owned();
    for number in 2.. {
        match told(&free) {
            Ok(earlier) if earlier == own => return Ok(None),
            _ if !std::fs::exists(&free)? => break,
            _ => free = place.with_added_extension(number.to_string()),
        }
    }
    Ok(Some(free))
}

/// Gives a bag its name, where nothing stands, so that it survives a crash of the machine.
fn put(filling: &Path, place: &Path) -> io::Result<()> {
    // A directory is never renamed over one that is not empty; an empty one is nobody's evidence.
    std::fs::rename(filling, place)?;
    place.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// The same, so that its name survives a crash of the machine.
fn make_lasting_directory(dir: &Path) -> io::Result<()> {
    make_directory(dir)?;
    // A path of one name has an empty parent.
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// A directory for its owner alone: recordings name people and show what they did.
fn make_directory(dir: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn remove(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what runs that died were filling; who calls holds the lock, so there is none alive.
fn sweep(dir: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(FILLING) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
