//! What a report says of the ledger's chain, and what that is worth.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::content::{ChainHead, Content};
use super::finding::{Finding, Status};
use super::seal;
use crate::ledger::Head;

/// The heads of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// The run it is of.
    pub run_id: String,
    /// Where the chain ended before the run.
    pub before: Head,
    /// Where it ended after it.
    pub after: Head,
    /// What its signature is worth, in words; whoever signed it is not judged.
    pub signature: String,
    /// Whether there is one, and it is of these bytes.
    pub signed: bool,
}

impl Heads {
    /// Reads a report; in words what stands in the way, and an error where it cannot be read at all.
    pub fn of(report: &Path, now: Timestamp) -> io::Result<Result<Self, String>> {
        let content = match Content::read(report)? {
            Some(Ok(content)) => content,
            Some(Err(why)) => return Ok(Err(format!("it is no sound report: {why}"))),
            None => return Ok(Err("only .json and .jsonl have a head of the ledger".to_owned())),
        };
        let Finding { status, message, .. } = seal::signature(report, None, now)?;
        if status == Status::Fail {
            return Ok(Err(message));
        }
        let Some(chain) = content.run.chain else { return Ok(Err("its run had no ledger".to_owned())) };
        let head = |ChainHead { seq, sha256 }| Head { seq, digest: sha256.0 };
        Ok(Ok(Self {
            run_id: content.run.id,
            before: head(chain.before),
            after: head(chain.after),
            signature: message,
            signed: status == Status::Ok,
        }))
    }
}
