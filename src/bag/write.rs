//! Makes a bag of a directory that holds its payload already: tag files, then everything is flushed to disk.
//!
//! The directory is under no name that anybody looks for; the caller gives it its own once this has returned.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{BagInfo, DECLARATION, INFO, MANIFEST, Manifest, TAG_MANIFEST};
use crate::fixity::Sha256Digest;

/// Of the format this program writes (RFC 8493, 2.1.1).
const DECLARED: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// What goes into a bag.
#[derive(Debug)]
pub struct Contents {
    /// What it says of itself; the size of the payload is added.
    pub info: BagInfo,
    /// The files of the payload.
    pub payload: Vec<Payload>,
    /// Tag files by their names.
    pub tags: Vec<(String, Vec<u8>)>,
}

/// A file of the payload, written, flushed and hashed already.
#[derive(Debug)]
pub struct Payload {
    /// Its name in the directory, as it stands now.
    pub from: String,
    /// Its path in the bag: `data/`, a directory, a name.
    pub path: String,
    /// The digest of its bytes.
    pub sha256: Sha256Digest,
    /// How many there are.
    pub bytes: u64,
}

/// Makes a bag of `dir`.
pub fn write(dir: &Path, contents: Contents) -> io::Result<()> {
    let Contents { mut info, payload, tags } = contents;
    let data = dir.join("data");
    std::fs::create_dir_all(&data)?;
    let mut manifest = Manifest::default();
    let mut directories = vec![data];
    for Payload { from, path, sha256, .. } in &payload {
        let place = dir.join(path);
        if let Some(directory) = place.parent() {
            std::fs::create_dir_all(directory)?;
            directories.push(directory.to_owned());
        }
        std::fs::rename(dir.join(from), &place)?;
        manifest.add(path.clone(), *sha256);
    }
    let bytes: u64 = payload.iter().map(|file| file.bytes).sum();
    info.add("Payload-Oxum", &format!("{bytes}.{}", payload.len()));
    let own = [(DECLARATION, DECLARED.to_owned()), (INFO, info.to_string()), (MANIFEST, manifest.to_string())];
    let own = own.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes()));
    let mut tag_manifest = Manifest::default();
    for (name, content) in own.chain(tags) {
        put(&dir.join(&name), &content)?;
        tag_manifest.add(name, Sha256Digest::of(&content));
    }
    put(&dir.join(TAG_MANIFEST), tag_manifest.to_string().as_bytes())?;
    directories.push(dir.to_owned());
    directories.iter().try_for_each(|directory| File::open(directory)?.sync_all())
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
