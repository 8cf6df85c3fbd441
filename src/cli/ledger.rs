//! What a ledger is asked, as types.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CheckFormat, ExportFormat};

/// `recverify ledger`.
#[derive(Debug, Args)]
pub struct Ledger {
    /// What is asked.
    #[command(subcommand)]
    pub question: LedgerQuestion,
}

/// What a ledger is asked.
#[derive(Debug, Subcommand)]
pub enum LedgerQuestion {
    /// Records by outcome, the oldest never found intact, the last run
    Status {
        /// Which ledger.
        #[command(flatten)]
        from: LedgerArgs,
    },
    /// Everything the ledger knows of one record
    Show {
        /// The record
        #[arg(value_name = "RECORD_ID")]
        record_id: String,
        /// Which ledger.
        #[command(flatten)]
        from: LedgerArgs,
    },
    /// Answer for what the last verification of a record came to, so that the same is no alarm again; anything else is
    Ack {
        /// The record
        #[arg(value_name = "RECORD_ID")]
        record_id: String,
        /// Why nothing is to be done about it
        #[arg(long, value_name = "TEXT")]
        note: String,
        /// Who answers for it [default: the login]
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
        /// Which ledger.
        #[command(flatten)]
        from: LedgerArgs,
    },
    /// Everything that was ever acknowledged
    Acks {
        /// Which ledger.
        #[command(flatten)]
        from: LedgerArgs,
    },
    /// Copy the ledger as of one moment, even while a run goes on
    Backup {
        /// Where to; nothing may be there yet
        #[arg(value_name = "FILE")]
        to: PathBuf,
        /// The ledger
        #[arg(long, value_name = "FILE")]
        ledger: PathBuf,
    },
    /// Whether every row is as it was written, and none is missing: the whole chain, and what was kept of it elsewhere
    ///
    /// Exit 0 means that all of it holds, 1 that something does not, 2 that it cannot be read.
    Verify {
        /// A report of an earlier run (.json, .jsonl), best a signed one: the heads it has must be in the ledger; repeatable
        #[arg(long = "report", value_name = "REPORT")]
        reports: Vec<PathBuf>,
        /// Print a line a check, or one document
        #[arg(long, value_enum, default_value_t)]
        format: CheckFormat,
        /// The ledger
        #[arg(long, value_name = "FILE")]
        ledger: PathBuf,
    },
    /// Show one record without the rest: its rows, and of all others the digests, by which anybody makes the heads anew
    Prove {
        /// The record
        #[arg(value_name = "RECORD_ID")]
        record_id: String,
        /// Where to
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Leave out the reports kept with the rows; their digests stay
        #[arg(long)]
        without_reports: bool,
        /// Which ledger.
        #[command(flatten)]
        from: LedgerArgs,
    },
    /// Every verification, one a line
    Export {
        /// As JSON lines with the whole report, or as CSV with what was declared
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
        /// Which ledger.
        #[command(flatten)]
        from: LedgerArgs,
    },
}

/// A ledger to be read, and whose records of it.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The ledger
    #[arg(long, value_name = "FILE")]
    pub ledger: PathBuf,
    /// Only records of this project, if the ledger holds several
    #[arg(long)]
    pub project_id: Option<String>,
    /// Only records of this Workspace API
    #[arg(long, value_name = "URL")]
    pub workspace_endpoint: Option<String>,
}
