//! Looks for the declared bytes among the versions of an object that is altered or gone. No outcome depends on it.

use tokio::time::Instant;

use super::Verifier;
use crate::evidence::{AttemptError, ObjectReport, Version, Versions as Report};
use crate::fixity::{Expected, Outcome, Sha256Digest};
use crate::record::RecordId;
use crate::store::{Pass, Place, StoreError};

/// How far the versions of an object are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// Not at all.
    Off,
    /// They are listed.
    List,
    /// Those that may be the declared bytes are read until one is.
    Hash,
}

/// So many versions are kept in a report; the total is told beside them.
const REPORTED: usize = 100;

impl Verifier<'_> {
    /// What the bucket has of an object that is not what was declared.
    pub(super) async fn look_for_versions(
        &self,
        id: &RecordId,
        object: &ObjectReport,
        expected: &Expected,
    ) -> Option<Report> {
        let wanted = matches!(object.outcome, Outcome::Altered | Outcome::Missing) && self.versions != Versions::Off;
        let (Some(bucket), Some(key), true) = (&object.bucket, &object.key, wanted) else { return None };
        let place = Place { bucket: bucket.clone(), key: key.clone() };
        let listed = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            listed = self.store.list_versions(&place) => listed,
        };
        let mut versions = match listed {
            Ok(versions) => versions,
            Err(error) => return Some(Report { message: unlisted(&error), ..Report::default() }),
        };
        let declared = object.declared_sha256.as_ref().and_then(|digest| digest.parse::<Sha256Digest>().ok());
        let candidates = candidates(&versions, object, expected);
        let mut report = Report { total: Some(versions.len() as u64), ..Report::default() };
        let mut search = Search { fitting: candidates.len(), ..Search::default() };
        if let Some(declared) = declared.filter(|_| self.versions == Versions::Hash) {
            for at in candidates {
                if !self.may_read(versions[at].size) {
                    search.out_of_budget = true;
                    break;
                }
                if self.cancel.is_cancelled() {
                    break;
                }
                report.bytes_read += self.hash(id, &place, object, &mut versions[at]).await;
                search.read += usize::from(versions[at].observed_sha256.is_some());
                if versions[at].observed_sha256 == Some(declared) {
                    search.found = Some(at);
                    break;
                }
            }
        }
        report.message = words(&versions, object.outcome, self.versions, &search);
        report.declared_bytes_in = search.found.map(|at| versions[at].version_id.clone());
        let mut at = 0;
        versions.retain(|version| {
            at += 1;
            at <= REPORTED || version.observed_sha256.is_some()
        });
        report.listed = versions;
        Some(report)
    }

    fn may_read(&self, size: Option<u64>) -> bool {
        let Some(spending) = self.spending else { return true };
        let allowed = spending.borrow().allows(&self.budget, size, Instant::now());
        if allowed {
            // What was read is counted with the record; until then it is only held.
            spending.borrow_mut().start(size);
        }
        allowed
    }

    /// Reads a version; how many bytes came.
    async fn hash(&self, id: &RecordId, place: &Place, object: &ObjectReport, version: &mut Version) -> u64 {
        let pass = Pass::Version(&version.version_id);
        let reading = self.store.read(place, pass, None, &self.tell(id, object.role, 1), self.cancel).await;
        if let Some(spending) = self.spending {
            spending.borrow_mut().end(version.size, 0);
        }
        match reading.result {
            // Only a whole version of a store says anything.
            Ok(observed) if reading.pin.as_ref().is_some_and(|pin| pin.from_a_store && pin.bytes.is_some()) => {
                version.observed_sha256 = Some(observed.sha256);
            }
            Ok(_) => {}
            Err(error) => version.error = Some(AttemptError { code: error.code(), message: error.to_string() }),
        }
        reading.attempts.iter().map(|attempt| attempt.bytes).sum()
    }
}

/// What a search came to.
#[derive(Debug, Default)]
struct Search {
    fitting: usize,
    read: usize,
    found: Option<usize>,
    out_of_budget: bool,
}

/// Versions that may be the declared bytes, newest first; the one that was read already is not.
fn candidates(versions: &[Version], object: &ObjectReport, expected: &Expected) -> Vec<usize> {
    let read = |version: &Version| match (object.outcome, &object.version_id) {
        (Outcome::Altered, Some(id)) => version.version_id == *id,
        (Outcome::Altered, None) => version.is_latest,
        _ => false,
    };
    let may = |version: &&Version| !version.delete_marker && version.size.is_none_or(|size| expected.may_be(size));
    (0..versions.len()).filter(|at| may(&&versions[*at]) && !read(&versions[*at])).collect()
}

fn unlisted(error: &StoreError) -> String {
    match error.status() {
        Some(403) => {
            "its versions could not be listed: there is no leave to; grant obs:bucket:ListBucketVersions".to_owned()
        }
        _ => format!("its versions could not be listed: {error}"),
    }
}

fn words(versions: &[Version], outcome: Outcome, depth: Versions, search: &Search) -> String {
    let time = |version: &Version| version.last_modified.clone().unwrap_or_else(|| "an unknown time".to_owned());
    let current = versions.iter().find(|version| version.is_latest);
    let current = current.map_or_else(String::new, |current| {
        let what = if current.delete_marker { "it was deleted" } else { "the current version was written" };
        format!("; {what} at {}", time(current))
    });
    let others =
        versions.iter().filter(|version| !version.delete_marker && (outcome != Outcome::Altered || !version.is_latest));
    let others = others.count();
    let some =
        |number: usize| if number == 1 { "1 other version".to_owned() } else { format!("{number} other versions") };
    if let Some(found) = search.found.map(|at| &versions[at]) {
        return format!("the declared bytes survive as version {} of {}{current}", found.version_id, time(found));
    }
    if others == 0 {
        return format!("the bucket has no other version of it{current}");
    }
    let some = some(others);
    match (search.fitting, depth) {
        (0, _) => format!("the bucket has {some} of it, none of a length that fits{current}"),
        (fitting, Versions::List | Versions::Off) => {
            format!("the bucket has {some} of it, {fitting} of a length that fits; --versions hash reads them{current}")
        }
        (fitting, Versions::Hash) if search.read == fitting => {
            format!(
                "the bucket has {some} of it; {fitting} of a length that fits were read, and none has the declared bytes{current}"
            )
        }
        (fitting, Versions::Hash) => {
            let why = if search.out_of_budget { "the budget allows no more" } else { "the rest could not be read" };
            format!(
                "the bucket has {some} of it; {} of {fitting} of a length that fits were read, none with the declared bytes, and {why}{current}",
                search.read
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str, size: u64, is_latest: bool) -> Version {
        let last_modified = Some(jiff::Timestamp::UNIX_EPOCH.to_string());
        Version { version_id: id.to_owned(), size: Some(size), last_modified, is_latest, ..Version::default() }
    }

    #[test]
    fn what_was_not_read_is_never_said_not_to_be_the_declared_bytes() {
        let versions = [version("c", 9, true), version("b", 9, false), version("a", 9, false)];
        let words = |search| words(&versions, Outcome::Altered, Versions::Hash, &search);
        let current = "; the current version was written at 1970-01-01T00:00:00Z";
        assert_eq!(
            words(Search { fitting: 2, read: 1, out_of_budget: true, found: None }),
            format!(
                "the bucket has 2 other versions of it; 1 of 2 of a length that fits were read, none with the declared bytes, \
                 and the budget allows no more{current}"
            )
        );
        assert_eq!(
            words(Search { fitting: 2, read: 2, ..Search::default() }),
            format!(
                "the bucket has 2 other versions of it; 2 of a length that fits were read, and none has the declared \
                 bytes{current}"
            )
        );
        assert_eq!(
            words(Search { fitting: 2, read: 1, found: Some(1), out_of_budget: false }),
            format!("the declared bytes survive as version b of 1970-01-01T00:00:00Z{current}")
        );
    }
}
