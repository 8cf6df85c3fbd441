//! The objects themselves, in a directory: whether they are the bytes that were read.

use std::fs::File;
use std::path::{Component, Path, PathBuf};

use super::content::ReadObject;
use super::finding::{Check, Finding};
use crate::fixity::Sha256Digest;

/// Looks for each object that was read, as a copy of the buckets or in a bag, and hashes it.
pub(super) fn check(dir: &Path, objects: &[ReadObject]) -> Finding {
    let faults: Vec<_> = objects.iter().filter_map(|object| fault(dir, object)).collect();
    match objects.len() {
        0 => Finding::fail(Check::Files, "no object was read, so no file can be held against anything"),
        number => {
            Finding::of_faults(Check::Files, &faults, format!("{number} files are, byte for byte, what was read"))
        }
    }
}

fn fault(dir: &Path, object: &ReadObject) -> Option<String> {
    let name = format!("{}/{}", object.bucket, object.key);
    let Some(path) = find(dir, object) else {
        return Some(format!("there is no file for {name}"));
    };
    match File::open(&path).and_then(Sha256Digest::read) {
        Ok(digest) if digest == object.observed.0 => None,
        Ok(_) => Some(format!("{} is not what was read of {name}", path.display())),
        Err(error) => Some(format!("{} cannot be read: {error}", path.display())),
    }
}

/// `DIR/BUCKET/KEY`, as the digests for sha256sum have it, or the one file of its role in the payload of the record's bag.
fn find(dir: &Path, object: &ReadObject) -> Option<PathBuf> {
    let copy = Path::new(&object.bucket).join(object.key.trim_start_matches('/'));
    let copy = stays_below(&copy).then(|| dir.join(copy)).filter(|path| path.is_file());
    let bag = Path::new(&object.record_id);
    let bag = stays_below(bag).then(|| dir.join(bag)).filter(|bag| bag.is_dir()).unwrap_or_else(|| dir.to_owned());
    copy.or_else(|| only_file(&bag.join("data").join(&object.role)))
}

/// A report under check is anybody's: its names lead nowhere else.
fn stays_below(path: &Path) -> bool {
    path.components().all(|component| matches!(component, Component::Normal(_)))
}

fn only_file(dir: &Path) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(dir).ok()?.filter_map(|file| Some(file.ok()?.path()));
    files.next().filter(|file| file.is_file() && files.next().is_none())
}
