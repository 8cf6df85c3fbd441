//! Identical reasons counted together: five thousand refused records are one line.

use crate::evidence::RecordReport;
use crate::fixity::{Code, Outcome};

/// How many ids of a group are kept to be named.
const NAMED: usize = 10;

/// Records that are not intact for the same reason in the same bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) outcome: Outcome,
    pub(super) code: Option<Code>,
    pub(super) bucket: Option<String>,
    pub(super) count: u64,
    /// The first ids, in the order they came.
    pub(super) ids: Vec<String>,
}

/// The groups of a run, in the order their first record came.
#[derive(Debug, Default)]
pub(super) struct Groups(Vec<Group>);

impl Groups {
    /// Counts a record that is not intact; returns how many of its group there are now.
    pub(super) fn add(&mut self, report: &RecordReport) -> u64 {
        let code = report.reason.as_ref().map(|reason| reason.code);
        let bucket =
            report.objects.iter().find(|object| object.outcome == report.outcome).and_then(|o| o.bucket.clone());
        let same = |group: &&mut Group| group.outcome == report.outcome && group.code == code && group.bucket == bucket;
        let id = report.record_id.to_string();
        if let Some(group) = self.0.iter_mut().find(same) {
            group.count += 1;
            if group.ids.len() < NAMED {
                group.ids.push(id);
            }
            return group.count;
        }
        self.0.push(Group { outcome: report.outcome, code, bucket, count: 1, ids: vec![id] });
        1
    }

    /// All groups.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.0.iter()
    }
}

impl Group {
    /// `unverified: access_denied, bucket b`.
    pub(super) fn title(&self) -> String {
        let code = self.code.map_or_else(String::new, |code| format!(": {code}"));
        let bucket = self.bucket.as_ref().map_or_else(String::new, |bucket| format!(", bucket {bucket}"));
        format!("{}{code}{bucket}", self.outcome)
    }
}
