//! The command line as types; the only place that knows clap.

mod ledger;
mod parse;
mod services;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;

use crate::record::Moved;
pub use ledger::{Ledger, LedgerArgs, LedgerQuestion};
pub use parse::{Parsed, completions, manual, parse};
pub use services::{Connection, Reading, Speed};
pub use values::{
    AddressingArg, Auto, CheckFormat, ColorArg, DoctorFormat, ExportFormat, Format, HashingArg, ListFormat, PingFailOn,
    ProgressArg, ShowFormat, SizeRuleArg, VersionsArg,
};
use values::{days, duration, size};

/// Proves that screen recordings are, byte for byte, what the service declared when they were made.
#[derive(Debug, Parser)]
#[command(
    name = "recverify",
    version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("RECVERIFY_TARGET"), ")"),
    about,
    long_about = "Proves that screen recordings of Huawei Cloud Workspace are, byte for byte, what the service declared \
                  when they were made: it asks the Workspace API for each record, reads both of its files from the OBS \
                  bucket through SHA-256 and compares.",
    after_long_help = EXIT_CODES,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What people see while it is done.
    #[command(flatten)]
    pub view: View,
}

const EXIT_CODES: &str = "\
Exit codes:
    0    something was selected, and all of it is intact
    1    a finding: altered, missing or inconsistent
    2    usage or settings, before any network; a ledger that cannot be opened
    3    no finding, but something unverified or undeclared
    4    nothing to verify
    5    another run holds the ledger or the archive
    6    outcomes were established but could not be recorded
  130    interrupted from the keyboard (143: by the system)

Keys are taken from the environment or from the credentials file, never from a flag:
    HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_SECURITY_TOKEN
    HW_ACCESS_KEY, HW_SECRET_KEY, HW_SECURITY_TOKEN
    ~/.huaweicloud/credentials, or the file HUAWEICLOUD_SDK_CREDENTIALS_FILE names
    --ecs-agency: temporary keys of the agency of this cloud server
    a token alone is exchanged for temporary keys, by which the bucket is read
RECVERIFY_OBS_ACCESS_KEY, _SECRET_KEY and _SECURITY_TOKEN are for the store alone.";

const DOCTOR_EXIT_CODES: &str = "\
Exit codes:
    0    all is well
    2    usage or settings, before any network
    3    a check failed, or could not be made";

const CHECK_EXIT_CODES: &str = "\
Exit codes:
    0    all that could be checked holds
    1    something does not hold
    2    usage, or a file that cannot be read";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify recordings and say of each whether it is intact
    #[command(after_long_help = EXIT_CODES)]
    Verify(Box<VerifyCommand>),
    /// Verify recordings and keep each that is intact as a BagIt bag, in one pass
    #[command(after_long_help = EXIT_CODES)]
    Archive(Box<Archive>),
    /// List the records of a window
    List(List),
    /// Show a record as the Workspace API describes it
    Show(Show),
    /// Check settings, clock, network, credentials, permissions and addressing, one line each with the remedy
    #[command(after_long_help = DOCTOR_EXIT_CODES)]
    Doctor(Doctor),
    /// Check a report without any service: its signature, its time-stamp, and whether it fits together
    #[command(after_long_help = CHECK_EXIT_CODES)]
    Check(Check),
    /// Ask a ledger what was verified
    Ledger(Ledger),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff
    Man,
}

/// `recverify verify`.
#[derive(Debug, Args)]
pub struct VerifyCommand {
    /// What is verified, and how.
    #[command(flatten)]
    pub verify: Verify,
    /// Bags to check instead of records.
    #[command(flatten)]
    pub bags: Bags,
}

/// Bags that are checked.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Bags")]
pub struct Bags {
    /// Check this BagIt bag instead of asking for records: its bytes against its manifest, offline (repeatable)
    #[arg(long = "bag", value_name = "DIR", num_args = 1.., conflicts_with_all = ["record_ids", "ids_from", "since", "ledger", "reports"])]
    pub dirs: Vec<PathBuf>,
    /// Hold each bag against what the API declares now, and verify the bucket now, each on a line of its own
    #[arg(long, requires = "dirs")]
    pub online: bool,
}

/// `recverify archive`.
#[derive(Debug, Args)]
pub struct Archive {
    /// The archive: a directory of bags, made if it is not there
    #[arg(long, value_name = "DIR", help_heading = "Archive")]
    pub to: PathBuf,
    /// Keep what is not intact as well, in DIR/findings and marked as such: it expires too
    #[arg(long, help_heading = "Archive")]
    pub findings: bool,
    /// What is verified, and how.
    #[command(flatten)]
    pub verify: Verify,
}

/// A selection of records and all it takes to verify them.
#[derive(Debug, Args)]
pub struct Verify {
    /// Records to verify; each once, however often it is named
    #[arg(value_name = "RECORD_ID")]
    pub record_ids: Vec<String>,
    /// Take record ids from a file too, one a line; # begins a comment, - is standard input
    #[arg(long, value_name = "FILE")]
    pub ids_from: Option<PathBuf>,
    /// Which records of a window.
    #[command(flatten)]
    pub window: Window,
    /// How the services are reached.
    #[command(flatten)]
    pub connection: Connection,
    /// How the store is read.
    #[command(flatten)]
    pub reading: Reading,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t, help_heading = "Report")]
    pub format: Format,
    /// Write the report to a file as well, as its extension says (repeatable)
    ///
    /// .txt, .json, .jsonl, .csv, .xml (JUnit) or .sha256 (for sha256sum -c, intact objects only). {run_id} and {date}
    /// (UTC) in the name become those of the run.
    #[arg(short = 'o', long = "report", value_name = "FILE", help_heading = "Report")]
    pub reports: Vec<PathBuf>,
    /// What makes reports evidence.
    #[command(flatten)]
    pub evidence: Evidence,
    /// Who is told about the run.
    #[command(flatten)]
    pub monitoring: Monitoring,
    /// What the one declared size measures: the video, video and event file together, either, or nothing to compare
    #[arg(long, value_enum, default_value_t, value_name = "RULE", help_heading = "Verification")]
    pub size_rule: SizeRuleArg,
    /// What is done about the versions of an altered or missing object: list them, or read those that may be the declared
    /// bytes until one is [default: hash for ids on the command line, else list]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Verification")]
    pub versions: Option<VersionsArg>,
    /// Read the objects of bucket OLD from bucket NEW, where recordings were moved (repeatable)
    #[arg(long = "map-bucket", value_name = "OLD=NEW", help_heading = "Verification")]
    pub moved: Vec<Moved>,
    /// What a ledger remembers.
    #[command(flatten)]
    pub remembering: Remembering,
    /// Start no more records once so much was read: 500MB, 2GB, 1.5TB (kB is 1,000 bytes); one always runs
    #[arg(long, value_name = "SIZE", help_heading = "Budget", value_parser = size)]
    pub max_bytes: Option<u64>,
    /// Start no more records after so long: 90s, 45m, 6h
    #[arg(long, value_name = "TIME", help_heading = "Budget", value_parser = duration)]
    pub max_duration: Option<Duration>,
    /// How much is done at once.
    #[command(flatten)]
    pub speed: Speed,
}

/// What a ledger remembers, and for how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub struct Remembering {
    /// Enter every verification into this ledger, skip what was intact not long ago, and verify what is due again
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// After how long an intact record is due again: 12h, 7d [default: 7d, or half the retention if that is less]
    #[arg(long, value_name = "TIME", value_parser = days)]
    pub reverify_after: Option<SignedDuration>,
    /// How long recordings are kept from their beginning: 15d. What is gone by then and was intact has expired
    #[arg(long, value_name = "TIME", value_parser = days)]
    pub retention: Option<SignedDuration>,
    /// How far before the end of the last complete listing --since ledger begins
    #[arg(long, value_name = "TIME", default_value = "3d", value_parser = days)]
    pub overlap: SignedDuration,
    /// After how long a recording that is not uploaded is told as never_uploaded
    #[arg(long, value_name = "TIME", default_value = "48h", value_parser = days)]
    pub not_ready_after: SignedDuration,
    /// How long a record may wait to be found intact for the first time [default: half the retention]
    #[arg(long, value_name = "TIME", value_parser = days)]
    pub max_unverified_age: Option<SignedDuration>,
}

/// `recverify list`.
#[derive(Debug, Args)]
pub struct List {
    /// Which records.
    #[command(flatten)]
    pub window: Window,
    /// How the service is reached.
    #[command(flatten)]
    pub connection: Connection,
    /// Print lines for people, or a record a line as JSON
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// Records selected by when they began and by filters.
#[derive(Debug, Args, Default, Clone)]
#[command(next_help_heading = "Selection")]
pub struct Window {
    /// Recordings that began then or later: 24h, 7d, a date, or an RFC 3339 time; without a zone UTC. The word ledger goes
    /// on where the listings in --ledger end
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Recordings that began then or earlier; a date means all of that day [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Of this desktop
    #[arg(long, value_name = "ID")]
    pub desktop_id: Option<String>,
    /// Of desktops of this name (repeatable, 100 at most)
    #[arg(long = "desktop-name", value_name = "NAME")]
    pub desktop_names: Vec<String>,
    /// Of this user
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Of this type: FULL, INTERVAL, OPERATION, SESSION
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// At most so many records, oldest first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Report records that are not uploaded yet, instead of counting them
    #[arg(long)]
    pub include_not_ready: bool,
}

/// What makes reports evidence.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Evidence")]
pub struct Evidence {
    /// Who runs the program, as reports name them [default: the login]
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// The case the run belongs to
    #[arg(long, value_name = "TEXT")]
    pub case: Option<String>,
    /// A note for the reports
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Sign each report file with this OpenSSH key: FILE.sig, and FILE.allowed_signers with the key to compare
    ///
    /// An Ed25519 key, as ssh-keygen -t ed25519 makes it. Its passphrase, if it has one, is taken from
    /// RECVERIFY_SIGN_PASSPHRASE or from the file given with --sign-passphrase-file.
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,
    /// File with the passphrase of that key [env: RECVERIFY_SIGN_PASSPHRASE, the passphrase itself]
    #[arg(long, value_name = "FILE", requires = "sign_key")]
    pub sign_passphrase_file: Option<PathBuf>,
    /// Have each report file time-stamped by this authority (RFC 3161): FILE.tsr; it is sent a digest, and no credential
    #[arg(long, value_name = "URL")]
    pub timestamp_url: Option<String>,
}

/// Who watches from outside.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Monitoring")]
pub struct Monitoring {
    /// Replace this file by metrics of the run, for the node exporter's text file collector
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Tell a healthchecks server at this address that the run begins and how it ends
    #[arg(long, value_name = "URL")]
    pub ping_url: Option<String>,
    /// What is told as a failure: findings and half runs, or any exit code but 0
    #[arg(long, value_enum, default_value_t, value_name = "WHAT", requires = "ping_url")]
    pub ping_fail_on: PingFailOn,
}

/// `recverify show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The record to show
    #[arg(value_name = "RECORD_ID")]
    pub record_id: String,
    /// How the service is reached.
    #[command(flatten)]
    pub connection: Connection,
    /// Print the fields, or the API's answer as it came
    #[arg(long, value_enum, default_value_t)]
    pub format: ShowFormat,
}

/// `recverify doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The record to try [default: the newest that is uploaded]
    #[arg(value_name = "RECORD_ID")]
    pub record_id: Option<String>,
    /// How far back records are listed: 24h, 7d, a date, or an RFC 3339 time; without a zone UTC
    #[arg(long, value_name = "TIME", default_value = "15d", help_heading = "Selection")]
    pub since: String,
    /// Print a line a check, or one document
    #[arg(long, value_enum, default_value_t)]
    pub format: DoctorFormat,
    /// How the services are reached.
    #[command(flatten)]
    pub connection: Connection,
    /// How the store is read.
    #[command(flatten)]
    pub reading: Reading,
}

/// `recverify check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The report; FILE.sig and FILE.tsr beside it are checked too
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,
    /// Whose signatures count, as for ssh-keygen -Y verify; without it the signer is told and not judged
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: Option<PathBuf>,
    /// The report of the run before, which this one has to follow in the ledger without a gap
    #[arg(long, value_name = "REPORT")]
    pub previous: Option<PathBuf>,
    /// Hash the files too: a directory with copies as BUCKET/KEY, or with bags
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Print a line a check, or one document
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
}

/// What people see.
#[derive(Debug, Args, Default, Clone, Copy)]
pub struct View {
    /// Say nothing if all is intact; else one line a finding and a summary, on standard error
    #[arg(short, long, global = true, help_heading = "View")]
    pub quiet: bool,
    /// Say more on standard error: retries, and where settings came from
    #[arg(short, long, global = true, help_heading = "View", conflicts_with = "quiet")]
    pub verbose: bool,
    /// Colours in text [env: NO_COLOR]
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", global = true, help_heading = "View")]
    pub color: ColorArg,
    /// Progress bars: auto draws them on a terminal
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", global = true, help_heading = "View")]
    pub progress: ProgressArg,
}
