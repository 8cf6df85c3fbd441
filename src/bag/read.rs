//! Reads a bag and says all that is wrong with it; nothing is followed that leads out of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::manifest::{Manifest, ManifestError};
use super::{BagInfo, DECLARATION, INFO, Label, MANIFEST, TAG_MANIFEST};
use crate::fixity::Sha256Digest;

/// No tag file is longer; one that is comes from nobody who wrote a bag of a recording.
const LONGEST_TAG_FILE: u64 = 64 << 20;

/// A bag as it was read.
#[derive(Debug, Default)]
pub struct Bag {
    /// What it says of itself.
    pub info: BagInfo,
    /// The files of its payload as they have to be.
    pub manifest: Manifest,
    /// Bytes of the payload as it is.
    pub bytes: u64,
    /// All that is wrong with it; it is whole if there is nothing.
    pub faults: Vec<Fault>,
}

/// Something that is wrong with a bag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its declaration is none.
    #[error("bagit.txt does not declare a bag in UTF-8")]
    Declaration,
    /// There is no file of this name, which a bag has to have.
    #[error("there is no {0}")]
    NoFile(&'static str),
    /// The file is no text, or too long for what it is.
    #[error("{0} is no text of a bag")]
    NoText(&'static str),
    /// A manifest cannot be understood.
    #[error("{0}: {1}")]
    Manifest(&'static str, ManifestError),
    /// A file that has to be there is not.
    #[error("{0} is missing")]
    Missing(String),
    /// A file has other bytes.
    #[error("{0} has other bytes than its manifest says")]
    Differs(String),
    /// A file of the payload that no manifest names.
    #[error("{0} is not in the manifest")]
    Extra(String),
    /// What is no file and no directory, such as a link.
    #[error("{0} is neither a file nor a directory")]
    Special(String),
    /// The payload is not as large as the bag says.
    #[error("the payload has {found}, Payload-Oxum says {said}")]
    Oxum {
        /// Bytes and files.
        found: String,
        /// As the bag says.
        said: String,
    },
}

/// Why nothing can be said of a bag.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Something of it cannot be read.
    #[error("{path} cannot be read: {source}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no directory, or one that is no bag at all.
    #[error("it is no bag: there is no bagit.txt in it")]
    NoBag,
    /// Its manifests are of other digests.
    #[error("it has no manifest-sha256.txt but {0}, and this program reads SHA-256 alone")]
    OtherDigest(String),
}

/// Reads the bag in this directory, every byte of it that a manifest names.
pub fn read(dir: &Path) -> Result<Bag, Unreadable> {
    std::fs::read_dir(dir).map_err(unreadable(dir))?;
    let mut bag = Bag::default();
    let Some(declaration) = bag.text(dir, DECLARATION)? else {
        return Err(Unreadable::NoBag);
    };
    let Some(before_1_0) = before_1_0(&declaration) else {
        bag.faults.push(Fault::Declaration);
        return Ok(bag);
    };
    match bag.text(dir, MANIFEST)? {
        Some(text) => bag.manifest = bag.parse(MANIFEST, &text, before_1_0),
        None => match other_manifest(dir)? {
            Some(other) => return Err(Unreadable::OtherDigest(other)),
            None => bag.faults.push(Fault::NoFile(MANIFEST)),
        },
    }
    if let Some(path) = bag.manifest.files().find(|(path, _)| !path.starts_with("data/")) {
        bag.faults.push(Fault::Extra(path.0.to_owned()));
    }
    if let Some(text) = bag.text(dir, INFO)? {
        match BagInfo::parse(&text) {
            Some(info) => bag.info = info,
            None => bag.faults.push(Fault::NoText(INFO)),
        }
    }
    match bag.text(dir, TAG_MANIFEST)? {
        Some(text) => {
            let tags = bag.parse(TAG_MANIFEST, &text, before_1_0);
            bag.compare(dir, &tags)?;
        }
        // Optional to others; this program always writes one.
        None if bag.info.values(Label::Outcome).next().is_some() => bag.faults.push(Fault::NoFile(TAG_MANIFEST)),
        None => {}
    }
    bag.payload(dir)?;
    Ok(bag)
}

impl Bag {
    /// A tag file that belongs to every bag.
    fn text(&mut self, dir: &Path, name: &'static str) -> Result<Option<String>, Unreadable> {
        let path = dir.join(name);
        let metadata = match std::fs::symlink_metadata(&path) {
            Err(error) if is_absence(&error) => return Ok(None),
            metadata => metadata.map_err(unreadable(&path))?,
        };
        if !metadata.is_file() {
            self.faults.push(Fault::Special(name.to_owned()));
            return Ok(Some(String::new()));
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(unreadable(&path))?;
        file.take(LONGEST_TAG_FILE + 1).read_to_end(&mut bytes).map_err(unreadable(&path))?;
        match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 <= LONGEST_TAG_FILE => Ok(Some(text)),
            _ => {
                self.faults.push(Fault::NoText(name));
                Ok(Some(String::new()))
            }
        }
    }

    fn parse(&mut self, name: &'static str, text: &str, before_1_0: bool) -> Manifest {
        Manifest::parse(text, before_1_0).unwrap_or_else(|error| {
            self.faults.push(Fault::Manifest(name, error));
            Manifest::default()
        })
    }

    /// Holds files against a manifest. A path through a link leads out of the bag.
    fn compare(&mut self, dir: &Path, manifest: &Manifest) -> Result<(), Unreadable> {
        for (path, digest) in manifest.files() {
            match regular(dir, path)? {
                Some(true) => {}
                Some(false) => {
                    self.faults.push(Fault::Special(path.to_owned()));
                    continue;
                }
                None => {
                    self.faults.push(Fault::Missing(path.to_owned()));
                    continue;
                }
            }
            let file = dir.join(path);
            if File::open(&file).and_then(Sha256Digest::read).map_err(unreadable(&file))? != digest {
                self.faults.push(Fault::Differs(path.to_owned()));
            }
        }
        Ok(())
    }

    fn payload(&mut self, dir: &Path) -> Result<(), Unreadable> {
        let mut found = BTreeSet::new();
        if !self.walk(dir, "data".to_owned(), &mut found)? {
            self.faults.push(Fault::NoFile("data"));
        }
        let extra = found.iter().filter(|path| self.manifest.digest(path).is_none());
        let extra: Vec<_> = extra.map(|path| Fault::Extra(path.clone())).collect();
        self.faults.extend(extra);
        let manifest = self.manifest.clone();
        self.compare(dir, &manifest)?;
        let oxum = format!("{}.{}", self.bytes, found.len());
        let said = self.info.values(Label::PayloadOxum).find(|said| *said != oxum).map(str::to_owned);
        self.faults.extend(said.map(|said| Fault::Oxum { found: oxum, said }));
        Ok(())
    }

    /// All files of the payload; whether there is a payload directory.
    fn walk(&mut self, dir: &Path, path: String, found: &mut BTreeSet<String>) -> Result<bool, Unreadable> {
        let place = dir.join(&path);
        let metadata = match std::fs::symlink_metadata(&place) {
            Err(error) if is_absence(&error) => return Ok(false),
            metadata => metadata.map_err(unreadable(&place))?,
        };
        if metadata.is_file() {
            self.bytes += metadata.len();
            found.insert(path);
        } else if metadata.is_dir() {
            for entry in std::fs::read_dir(&place).map_err(unreadable(&place))? {
                let name = entry.map_err(unreadable(&place))?.file_name();
                let below = format!("{path}/{}", name.to_string_lossy());
                match name.to_str() {
                    Some(_) => _ = self.walk(dir, below, found)?,
                    // No manifest can name it.
                    None => self.faults.push(Fault::Extra(below)),
                }
            }
        } else {
            self.faults.push(Fault::Special(path));
        }
        Ok(true)
    }
}

/// Whether a file is there and is one, reached through directories alone; `None` where there is nothing.
fn regular(dir: &Path, path: &str) -> Result<Option<bool>, Unreadable> {
    let mut place = dir.to_owned();
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        place.push(name);
        match std::fs::symlink_metadata(&place) {
            Err(error) if is_absence(&error) => return Ok(None),
            Err(source) => return Err(Unreadable::Io { path: place, source }),
            Ok(metadata) if names.peek().is_some() && metadata.is_dir() => {}
            Ok(metadata) => return Ok(Some(names.peek().is_none() && metadata.is_file())),
        }
    }
    Ok(None)
}

/// Whether a declaration is of a version before 1.0; `None` if it is none.
fn before_1_0(declaration: &str) -> Option<bool> {
    let mut lines = declaration.split(['\n', '\r']).filter(|line| !line.is_empty());
    let (major, minor) = lines.next()?.strip_prefix("BagIt-Version:")?.trim().split_once('.')?;
    let (major, _): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
    let encoding = lines.next()?.strip_prefix("Tag-File-Character-Encoding:")?.trim();
    (encoding.eq_ignore_ascii_case("UTF-8") && lines.next().is_none()).then_some(major == 0)
}

/// A payload manifest by another digest.
fn other_manifest(dir: &Path) -> Result<Option<String>, Unreadable> {
    for entry in std::fs::read_dir(dir).map_err(unreadable(dir))? {
        let name = entry.map_err(unreadable(dir))?.file_name().to_string_lossy().into_owned();
        if name.starts_with("manifest-") {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Unreadable {
    let path = path.to_owned();
    move |source| Unreadable::Io { path: path.clone(), source }
}
