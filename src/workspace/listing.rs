//! The records of a window, page by page (*Querying Screen Recordings*).

use jiff::Timestamp;

use super::client::{Answered, Question, Workspace};
use super::error::{ApiError, Failure};
use super::paging::{Cursor, PAGE, inclusive_end};
use super::wire;
use crate::event::Watch;
use crate::evidence::{Answer, ApiCall, ServiceAnswer};
use crate::record::{Criteria, Record, list_time};

/// A page of a hundred records has about 100 KiB.
const ANSWER_CAP: usize = 8 << 20;

/// So many of the newest records are asked for where one will do: the very newest may not be uploaded yet.
const NEWEST: u64 = 10;

/// A listing that is being read.
#[derive(Debug)]
pub struct Listing<'a> {
    workspace: &'a Workspace,
    criteria: Criteria,
    cursor: Cursor,
    done: bool,
    calls: Vec<ApiCall>,
}

impl Workspace {
    /// Begins a listing; nothing is asked yet.
    #[must_use]
    pub fn list(&self, criteria: Criteria) -> Listing<'_> {
        Listing {
            workspace: self,
            cursor: Cursor::new(criteria.since, criteria.until),
            criteria,
            done: false,
            calls: Vec::new(),
        }
    }

    /// A few of the newest records of a window, newest first: one question, for whoever needs an example.
    pub async fn newest(&self, criteria: &Criteria, watch: &dyn Watch) -> Result<Vec<Record>, Failure> {
        let question = question(criteria, criteria.since, 0, NEWEST, "desc");
        Ok(self.ask(&question, wire::page, watch).await?.decoded.records)
    }
}

impl Listing<'_> {
    /// The next records, oldest first, each once; `None` at the end.
    pub async fn next(&mut self, watch: &dyn Watch) -> Result<Option<Vec<Record>>, Failure> {
        while !self.done {
            let question = self.question();
            let page = match self.workspace.ask(&question, wire::page, watch).await {
                Ok(Answered { decoded, answer, calls }) => {
                    self.keep(calls, Some(answer));
                    decoded
                }
                Err(mut failure) => {
                    self.keep(std::mem::take(&mut failure.calls), failure.answer.take());
                    return Err(failure);
                }
            };
            let taken = self.cursor.take(page).map_err(|unsound| Failure {
                error: ApiError::Unreadable { message: unsound.to_string(), answer: ServiceAnswer::default() },
                answer: None,
                calls: Vec::new(),
            })?;
            self.done = taken.done;
            if !taken.fresh.is_empty() {
                return Ok(Some(taken.fresh));
            }
        }
        Ok(None)
    }

    /// The calls made since they were last taken, each with its answer.
    pub fn take_calls(&mut self) -> Vec<ApiCall> {
        std::mem::take(&mut self.calls)
    }

    /// Nothing stands beside the calls of a listing, so each has its answer itself.
    fn keep(&mut self, mut calls: Vec<ApiCall>, answer: Option<Answer>) {
        if let Some(last) = calls.last_mut() {
            last.answer = answer;
        }
        self.calls.extend(calls);
    }

    fn question(&self) -> Question {
        let (from, offset) = self.cursor.next();
        question(&self.criteria, from, offset, PAGE, "asc")
    }
}

fn question(criteria: &Criteria, from: Timestamp, offset: u64, limit: u64, sort_type: &str) -> Question {
    let Criteria { until, desktop_id, desktop_names, username, kind, .. } = criteria;
    let mut query = vec![
        ("limit", limit.to_string()),
        ("offset", offset.to_string()),
        ("start_time", list_time(from)),
        ("end_time", list_time(inclusive_end(*until))),
        ("sort_field", "start_time".to_owned()),
        ("sort_type", sort_type.to_owned()),
    ];
    query.extend(desktop_id.clone().map(|id| ("desktop_id", id)));
    query.extend((!desktop_names.is_empty()).then(|| ("desktop_names", desktop_names.join(","))));
    query.extend(username.clone().map(|name| ("username", name)));
    query.extend(kind.clone().map(|kind| ("type", kind)));
    Question {
        about: "the listing".to_owned(),
        path: "/screen-records".to_owned(),
        query: query.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        cap: ANSWER_CAP,
    }
}
