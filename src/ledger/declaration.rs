//! What a record declares, kept as it was sent, and what is different from what it declared first.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evidence::RecordReport;
use crate::fixity::Sha256Digest;
use crate::record::{Location, LocationError, Record, RecordId, Role};

/// The declared values of one day, each exactly as the API sent it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Declaration {
    /// SHA-256 of the video, as text.
    pub video_file_sha256: Option<String>,
    /// SHA-256 of the event file, as text.
    pub event_file_sha256: Option<String>,
    /// The one declared size, as JSON.
    pub size: Option<Value>,
    /// Bucket of both files.
    pub obs_bucket: Option<String>,
    /// Directory of both files.
    pub file_directory: Option<String>,
    /// Name of the video.
    pub video_filename: Option<String>,
    /// Name of the event file.
    pub event_filename: Option<String>,
    /// Where the record is on its way to the bucket.
    pub status: Option<String>,
    /// When the recording began.
    pub start_time: Option<String>,
}

/// One declared value that is not what it was first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which value.
    pub field: Field,
    /// How it differs.
    pub kind: ChangeKind,
    /// What was declared first; `None` where nothing was.
    pub first: Option<String>,
    /// What is declared now.
    pub now: Option<String>,
}

/// A declared value that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The SHA-256 of a file, compared as a digest.
    Sha256(Role),
    /// The size, compared as a number.
    Size,
    /// Bucket and key of a file.
    Object(Role),
}

/// How a declared value differs from the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Another value: a finding.
    Changed,
    /// It was there and is absent now: a finding.
    Vanished,
    /// It was absent and is there now: a note.
    Filled,
}

impl ChangeKind {
    /// Whether this says that the declaration was changed, and not merely completed.
    #[must_use]
    pub const fn is_finding(self) -> bool {
        matches!(self, Self::Changed | Self::Vanished)
    }
}

impl Declaration {
    /// What a record declares.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self {
            video_file_sha256: record.video_file_sha256.clone(),
            event_file_sha256: record.event_file_sha256.clone(),
            size: record.size.clone(),
            obs_bucket: record.obs_bucket.clone(),
            file_directory: record.file_directory.clone(),
            video_filename: record.video_filename.clone(),
            event_filename: record.event_filename.clone(),
            status: record.status.clone(),
            start_time: record.start_time.clone(),
        }
    }

    /// What the record of a report declared; `None` where there was none, or where the answer was about another record.
    #[must_use]
    pub fn of_report(report: &RecordReport) -> Option<Self> {
        report.record.as_ref().filter(|record| is_about(record, &report.record_id)).map(Self::of)
    }

    /// Whether both digests are there and well formed: only such a declaration is held against later ones.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        Role::BOTH.into_iter().all(|role| self.digest(role).is_some_and(|text| text.parse::<Sha256Digest>().is_ok()))
    }

    fn digest(&self, role: Role) -> Option<&str> {
        let text = match role {
            Role::Video => self.video_file_sha256.as_deref(),
            Role::Event => self.event_file_sha256.as_deref(),
        };
        text.filter(|text| !text.is_empty())
    }

    /// Bucket and key; where no location can be made of them, what is written instead.
    fn object(&self, role: Role) -> Option<String> {
        let file = match role {
            Role::Video => self.video_filename.as_deref(),
            Role::Event => self.event_filename.as_deref(),
        };
        let (bucket, directory) = (self.obs_bucket.as_deref(), self.file_directory.as_deref());
        match Location::new(bucket, directory, file) {
            Ok(location) => Some(format!("{}/{}", location.bucket, location.key)),
            Err(LocationError::Absent) => None,
            Err(_) => {
                let written = [bucket, directory, file].map(|part| part.unwrap_or("(none)"));
                Some(written.join("/"))
            }
        }
    }
}

/// Whether an answer is about the record that was asked for; one without an id is taken to be.
pub(super) fn is_about(record: &Record, id: &RecordId) -> bool {
    record.id.as_deref().is_none_or(|answered| answered == id.as_str())
}

/// What is different now from the first complete declaration, in the order digests, size, objects.
#[must_use]
pub fn compare(first: &Declaration, now: &Declaration) -> Vec<Change> {
    let digests = Role::BOTH.map(|role| {
        let same = |a: &str, b: &str| match (a.parse::<Sha256Digest>(), b.parse::<Sha256Digest>()) {
            (Ok(a), Ok(b)) => a == b,
            _ => a == b,
        };
        change(Field::Sha256(role), first.digest(role), now.digest(role), same)
    });
    let sizes = [&first.size, &now.size].map(|size| size.as_ref().map(Value::to_string));
    let size = change(Field::Size, sizes[0].as_deref(), sizes[1].as_deref(), |a, b| a == b);
    let objects = Role::BOTH.map(|role| {
        change(Field::Object(role), first.object(role).as_deref(), now.object(role).as_deref(), |a, b| a == b)
    });
    digests.into_iter().chain([size]).chain(objects).flatten().collect()
}

/// Whether the files are merely at another place: declared there with the same digests and the same size.
#[must_use]
pub fn is_relocation(changes: &[Change]) -> bool {
    let moved = |change: &Change| matches!(change.field, Field::Object(_)) && change.kind == ChangeKind::Changed;
    !changes.is_empty() && changes.iter().all(moved)
}

fn change(
    field: Field,
    first: Option<&str>,
    now: Option<&str>,
    same: impl FnOnce(&str, &str) -> bool,
) -> Option<Change> {
    let kind = match (first, now) {
        (Some(first), Some(now)) if same(first, now) => return None,
        (Some(_), Some(_)) => ChangeKind::Changed,
        (Some(_), None) => ChangeKind::Vanished,
        (None, Some(_)) => ChangeKind::Filled,
        (None, None) => return None,
    };
    Some(Change { field, kind, first: first.map(str::to_owned), now: now.map(str::to_owned) })
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(role) => write!(f, "the SHA-256 of the {role}"),
            Self::Size => f.write_str("the size"),
            Self::Object(role) => write!(f, "the place of the {role}"),
        }
    }
}

impl fmt::Display for Change {
    /// For people: `the size was 4262 and is 4263 now`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, now] = [&self.first, &self.now].map(|value| value.as_deref().unwrap_or("absent"));
        write!(f, "{} was {first} and is {now} now", self.field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn complete() -> Declaration {
        Declaration {
            video_file_sha256: Some("a1".repeat(32)),
            event_file_sha256: Some("b2".repeat(32)),
            size: Some(json!(4262)),
            obs_bucket: Some("bucket".to_owned()),
            file_directory: Some("2026/11".to_owned()),
            video_filename: Some("v.mp4".to_owned()),
            event_filename: Some("e.jsonl".to_owned()),
            status: Some("UPLOAD_COMPLETED".to_owned()),
            start_time: None,
        }
    }

    fn changes(now: &Declaration) -> Vec<(Field, ChangeKind)> {
        compare(&complete(), now).into_iter().map(|change| (change.field, change.kind)).collect()
    }

    #[test]
    fn the_same_values_in_another_spelling_are_no_change() {
        let now = Declaration {
            video_file_sha256: Some("A1".repeat(32)),
            file_directory: Some("/2026/11/".to_owned()),
            status: Some("ARCHIVED".to_owned()),
            start_time: Some("2026-11-22 00:00:00".to_owned()),
            ..complete()
        };
        assert_eq!(changes(&now), []);
    }

    #[test]
    fn another_digest_size_or_object_is_a_change() {
        let now = Declaration {
            video_file_sha256: Some("a0".repeat(32)),
            event_file_sha256: Some("zz".to_owned()),
            size: Some(json!(4263)),
            ..complete()
        };
        let changed = |field| (field, ChangeKind::Changed);
        let digests = Role::BOTH.map(|role| changed(Field::Sha256(role)));
        assert_eq!(changes(&now), [digests[0], digests[1], changed(Field::Size)]);
        let now = Declaration { video_filename: Some("w.mp4".to_owned()), ..complete() };
        assert_eq!(changes(&now), [changed(Field::Object(Role::Video))]);
        for now in [
            Declaration { obs_bucket: Some("other".to_owned()), ..complete() },
            Declaration { file_directory: Some("2026/12".to_owned()), ..complete() },
            Declaration { file_directory: None, ..complete() },
        ] {
            assert_eq!(changes(&now), Role::BOTH.map(|role| changed(Field::Object(role))));
        }
    }

    #[test]
    fn a_value_that_vanished_is_a_finding_and_one_that_was_filled_in_a_note() {
        let bare = Declaration { video_file_sha256: Some(String::new()), size: None, ..complete() };
        let fields = [Field::Sha256(Role::Video), Field::Size];
        assert_eq!(changes(&bare), fields.map(|field| (field, ChangeKind::Vanished)));
        let filled = compare(&bare, &complete());
        assert!(filled.iter().all(|change| change.kind == ChangeKind::Filled && !change.kind.is_finding()));
        assert_eq!(filled[1].to_string(), "the size was absent and is 4262 now");
    }

    #[test]
    fn complete_means_two_well_formed_digests() {
        assert!(complete().is_complete());
        assert!(!Declaration { event_file_sha256: None, ..complete() }.is_complete());
        assert!(!Declaration { event_file_sha256: Some("b2".repeat(31)), ..complete() }.is_complete());
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself_and_json_keeps_it(video in any::<Option<String>>(), bucket in any::<Option<String>>(), size in any::<Option<i64>>()) {
            let declared = Declaration { video_file_sha256: video, obs_bucket: bucket, size: size.map(Value::from), ..complete() };
            prop_assert_eq!(compare(&declared, &declared), vec![]);
            let written = serde_json::to_string(&declared).expect("plain data serialises");
            prop_assert_eq!(serde_json::from_str::<Declaration>(&written).expect("read back"), declared);
        }
    }
}
