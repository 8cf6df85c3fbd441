//! The details of one record (*Querying Screen Recording Details*).

use super::client::{Answered, Question, Workspace, encoded};
use super::error::Failure;
use super::wire;
use crate::event::Watch;
use crate::evidence::{Answer, ApiCall};
use crate::record::{Record, RecordId};

/// An answer larger than this is not read: a record has about 1 KiB.
const ANSWER_CAP: usize = 1 << 20;

/// A record and the answer it was read from.
#[derive(Debug)]
pub struct Details {
    /// As parsed.
    pub record: Record,
    /// As sent.
    pub answer: Answer,
    /// Every request it took, in order.
    pub calls: Vec<ApiCall>,
}

impl Workspace {
    /// Asks for the details of a record, again where the failure may pass.
    pub async fn details(&self, id: &RecordId, watch: &dyn Watch) -> Result<Details, Failure> {
        let question = Question {
            about: id.to_string(),
            path: format!("/screen-records/{}", encoded(id.as_str())),
            query: Vec::new(),
            cap: ANSWER_CAP,
        };
        let Answered { decoded, answer, calls } = self.ask(&question, wire::record, watch).await?;
        Ok(Details { record: decoded, answer, calls })
    }
}
