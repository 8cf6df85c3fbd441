//! The bag that an earlier run left for a record: whether it can stand for reading the objects again.

use super::dossier::Dossier;
use super::{Archive, directory_name};
use crate::record::{DeclaredDigest, Record, RecordId, Role};

/// What stands where the bag of a record belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A whole bag of this record, whose bytes are those the API declares now.
    Sound,
    /// Anything else, in words.
    Unfit(String),
}

impl Archive {
    /// Looks at what stands where the bag of a record belongs, and reads every byte of it; `None` if there is nothing.
    ///
    /// A sound bag proves that this machine holds the declared bytes. It says nothing of the bucket.
    pub async fn look_at(&self, id: &RecordId, record: &Record) -> Option<Standing> {
        let place = self.dir.join(directory_name(id));
        std::fs::symlink_metadata(&place).ok()?;
        let read = tokio::task::spawn_blocking(move || Dossier::read(&place)).await;
        let standing = match read {
            Ok(Ok(dossier)) => fit(&dossier, id, record).map_or(Standing::Sound, Standing::Unfit),
            Ok(Err(unreadable)) => Standing::Unfit(format!("what stands in its place cannot be read: {unreadable}")),
            Err(_) => Standing::Unfit("what stands in its place could not be looked at".to_owned()),
        };
        self.standing.borrow_mut().insert(id.clone(), standing.clone());
        Some(standing)
    }
}

/// Why a bag cannot stand for a record, if it cannot.
fn fit(dossier: &Dossier, id: &RecordId, record: &Record) -> Option<String> {
    if let Some(fault) = dossier.faults().next() {
        return Some(format!("the bag in its place is not whole: {fault}"));
    }
    if dossier.record_id.as_deref() != Some(id.as_str()) {
        let other = dossier.record_id.as_deref().unwrap_or("nobody knows what");
        return Some(format!("the bag in its place is of {other}"));
    }
    Role::BOTH.into_iter().find_map(|role| {
        let declared = match record.digest(role) {
            DeclaredDigest::Sha256(digest) => Some(digest),
            DeclaredDigest::Absent | DeclaredDigest::Malformed(_) => None,
        };
        (declared.is_none() || declared != dossier.digest(role))
            .then(|| format!("the {role} in the bag in its place is not the one that is declared now"))
    })
}
