//! The command line as types; the only place that knows clap.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, error::ErrorKind};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use crate::fixity::SizeRule;
use crate::ping::FailOn;

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
    5    another run holds the ledger
    6    outcomes were established but could not be recorded
  130    interrupted from the keyboard (143: by the system)

Keys are taken from the environment or from the credentials file, never from a flag:
    HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_SECURITY_TOKEN
    HW_ACCESS_KEY, HW_SECRET_KEY, HW_SECURITY_TOKEN
    ~/.huaweicloud/credentials, or the file HUAWEICLOUD_SDK_CREDENTIALS_FILE names";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify recordings and say of each whether it is intact
    #[command(after_long_help = EXIT_CODES)]
    Verify(Box<Verify>),
    /// List the records of a window
    List(List),
    /// Show a record as the Workspace API describes it
    Show(Show),
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
    /// Who is told about the run.
    #[command(flatten)]
    pub monitoring: Monitoring,
    /// What the one declared size measures: the video, video and event file together, either, or nothing to compare
    #[arg(long, value_enum, default_value_t, value_name = "RULE", help_heading = "Verification")]
    pub size_rule: SizeRuleArg,
    /// Enter every verification into this ledger, skip what was intact not long ago, and verify what is due again
    #[arg(long, value_name = "FILE", help_heading = "Ledger")]
    pub ledger: Option<PathBuf>,
    /// After how long an intact record is due again: 12h, 7d
    #[arg(long, value_name = "TIME", default_value = "7d", help_heading = "Ledger", value_parser = days)]
    pub reverify_after: SignedDuration,
    /// Start no more records once so much was read: 500MB, 2GB, 1.5TB (kB is 1,000 bytes); one always runs
    #[arg(long, value_name = "SIZE", help_heading = "Budget", value_parser = size)]
    pub max_bytes: Option<u64>,
    /// Start no more records after so long: 90s, 45m, 6h
    #[arg(long, value_name = "TIME", help_heading = "Budget", value_parser = duration)]
    pub max_duration: Option<Duration>,
    /// How many records are verified at once
    #[arg(
        long,
        value_name = "N",
        value_parser = count,
        help_heading = "Verification",
        long_help = "How many records are verified at once [env: RECVERIFY_CONCURRENCY] [default: 4]"
    )]
    pub concurrency: Option<NonZeroUsize>,
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
    /// Recordings that began then or later: 24h, 7d, a date, or an RFC 3339 time; without a zone UTC
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

/// How a ledger is exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One verification a line, its whole report in it.
    #[default]
    Jsonl,
    /// For spreadsheets.
    Csv,
}

/// Where the services are and how long they may take.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Region of desktops and bucket [env: HUAWEICLOUD_REGION, HW_REGION_NAME]
    #[arg(long)]
    pub region: Option<String>,
    /// Project the records belong to [env: HUAWEICLOUD_SDK_PROJECT_ID, HW_PROJECT_ID]
    #[arg(long)]
    pub project_id: Option<String>,
    /// Address of the Workspace API, instead of the region's [env: RECVERIFY_WORKSPACE_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub workspace_endpoint: Option<String>,
    /// File with an IAM user token for the API, instead of signing [env: RECVERIFY_AUTH_TOKEN, the token itself]
    #[arg(long, value_name = "FILE")]
    pub auth_token_file: Option<PathBuf>,
    /// PEM file of certificates to trust instead of the system's [env: SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Allow plain http to hosts other than this one; keys and records go unprotected
    #[arg(long)]
    pub allow_http: bool,
    /// How long making a connection may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub connect_timeout: Option<Duration>,
    /// How long nothing may come before an answer counts as stalled
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub stall_timeout: Option<Duration>,
    /// How often a question to the API is asked at most
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub api_tries: u32,
    /// The first wait before a retry; it doubles up to 30s, with jitter
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = duration)]
    pub retry_wait: Option<Duration>,
}

/// How the store is read.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Store")]
pub struct Reading {
    /// Address of OBS without a bucket, instead of the region's [env: RECVERIFY_OBS_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub obs_endpoint: Option<String>,
    /// Region the requests to OBS are signed for, if another [env: RECVERIFY_OBS_REGION]
    #[arg(long, value_name = "REGION")]
    pub obs_region: Option<String>,
    /// How buckets are named: auto is path for an IP or localhost, else virtual [env: RECVERIFY_ADDRESSING]
    #[arg(long, value_enum)]
    pub addressing: Option<AddressingArg>,
    /// How often a read that broke off goes on; 1 MiB of progress refunds a retry
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub read_retries: u32,
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

/// What goes to standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// One document.
    Json,
    /// One record a line.
    Jsonl,
}

/// How records are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One record a line.
    Jsonl,
}

/// How a record is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// Its fields, one a line.
    #[default]
    Text,
    /// The API's answer, byte for byte.
    Json,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// When bars are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressArg {
    /// On a terminal.
    #[default]
    Auto,
    /// Never.
    Never,
}

/// What is told as a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PingFailOn {
    /// Findings, and runs whose results are not whole.
    #[default]
    Finding,
    /// Any exit code but 0.
    Any,
}

/// How buckets are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AddressingArg {
    /// By the endpoint.
    Auto,
    /// In the host.
    Virtual,
    /// In the path.
    Path,
}

/// What the declared size may measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SizeRuleArg {
    /// Either reading.
    #[default]
    Auto,
    /// The video.
    Video,
    /// Video and event file together.
    Total,
    /// Nothing.
    Off,
}

impl From<SizeRuleArg> for SizeRule {
    fn from(arg: SizeRuleArg) -> Self {
        match arg {
            SizeRuleArg::Auto => Self::Auto,
            SizeRuleArg::Video => Self::Video,
            SizeRuleArg::Total => Self::Total,
            SizeRuleArg::Off => Self::Off,
        }
    }
}

impl From<PingFailOn> for FailOn {
    fn from(arg: PingFailOn) -> Self {
        match arg {
            PingFailOn::Finding => Self::Finding,
            PingFailOn::Any => Self::Any,
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed.filter(|time| !time.is_zero()).ok_or_else(|| "a time such as 500ms, 30s or 2m is expected".to_owned())
}

/// A length of time in which days are 24 hours.
fn days(text: &str) -> Result<SignedDuration, String> {
    let span = text.parse::<Span>().ok();
    let time = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    time.filter(SignedDuration::is_positive).ok_or_else(|| "a time such as 12h or 7d is expected".to_owned())
}

/// A number with a decimal unit, as stores bill: `500MB`, `1.5 GB`, `4096`.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u32); 6] = [("kb", 3), ("mb", 6), ("gb", 9), ("tb", 12), ("pb", 15), ("b", 0)];
    let refused = || "a size such as 500MB, 2GB or 1.5TB is expected; kB is 1,000 bytes".to_owned();
    let lower = text.trim().to_ascii_lowercase();
    let (number, power) = UNITS
        .iter()
        .find_map(|(unit, power)| lower.strip_suffix(unit).map(|number| (number, *power)))
        .unwrap_or((&lower, 0));
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let places = u32::try_from(fraction.len()).map_err(|_| refused())?;
    if whole.is_empty() || !digits(whole) || !digits(fraction) || places > power {
        return Err(refused());
    }
    let amount: u64 = format!("{whole}{fraction}").parse().map_err(|_| refused())?;
    amount.checked_mul(10u64.pow(power - places)).filter(|bytes| *bytes > 0).ok_or_else(refused)
}

fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "a number from 1 on is expected".to_owned())
}

/// What became of a command line that asks for nothing to be run.
#[derive(Debug)]
pub enum Parsed {
    /// It is to be run.
    Run(Box<Cli>),
    /// It asked for this text.
    Told(String),
    /// It is wrong; one line says how.
    Wrong(String),
}

/// Parses a command line, its first word the program's name.
#[must_use]
pub fn parse(args: Vec<std::ffi::OsString>) -> Parsed {
    match Cli::try_parse_from(args) {
        Ok(cli) => Parsed::Run(Box::new(cli)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Parsed::Told(error.render().to_string())
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Parsed::Wrong("no command was given; see recverify --help".to_owned())
        }
        Err(error) => Parsed::Wrong(in_one_line(&error.render().to_string())),
    }
}

/// Clap's message without its usage block: what is wrong, its tip if there is one, and where help is.
fn in_one_line(rendered: &str) -> String {
    let mut paragraphs = rendered.split("\n\n").map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let first = paragraphs.next().unwrap_or_default();
    let what = first.strip_prefix("error: ").unwrap_or(&first).to_owned();
    let tip = paragraphs.find_map(|text| text.strip_prefix("tip: ").map(str::to_owned));
    let tip = tip.map_or_else(String::new, |tip| format!("; {tip}"));
    format!("{what}{tip}; see recverify --help")
}

/// The completion script for a shell.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "recverify", &mut script);
    script
}

/// The manual page, all commands included.
#[must_use]
pub fn manual() -> Vec<u8> {
    let mut page = Vec::new();
    let command = Cli::command();
    // Writing to memory cannot fail, and nothing else in it can.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
    let nested = |command: &clap::Command| command.get_subcommands().cloned().collect::<Vec<_>>();
    let commands = nested(&command).into_iter().flat_map(|command| match nested(&command) {
        none if none.is_empty() => vec![(command.get_name().to_owned(), command)],
        subs => subs.into_iter().map(|sub| (format!("{} {}", command.get_name(), sub.get_name()), sub)).collect(),
    });
    for (name, sub) in commands {
        let title = format!("recverify {name}").to_uppercase();
        page.extend_from_slice(format!(".SH \"{title}\"\n").as_bytes());
        let man = clap_mangen::Man::new(sub.clone());
        let _ = man.render_synopsis_section(&mut page).and_then(|()| man.render_description_section(&mut page));
        let _ = man.render_options_section(&mut page);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> String {
        match parse(line.split(' ').map(Into::into).collect()) {
            Parsed::Wrong(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_wrong_fits_one_line() {
        assert_eq!(
            wrong("recverify verify --regoin x a"),
            "unexpected argument '--regoin' found; a similar argument exists: '--region'; see recverify --help"
        );
        assert_eq!(
            wrong("recverify show"),
            "the following required arguments were not provided: <RECORD_ID>; see recverify --help"
        );
        assert_eq!(wrong("recverify"), "no command was given; see recverify --help");
        assert_eq!(
            wrong("recverify verify a --stall-timeout 0s"),
            "invalid value '0s' for '--stall-timeout <TIME>': a time such as 500ms, 30s or 2m is expected; see recverify --help"
        );
    }

    #[test]
    fn sizes_are_decimal() {
        let cases = [("4096", 4096), ("1kB", 1000), ("1.5 GB", 1_500_000_000), ("2tb", 2_000_000_000_000), ("7B", 7)];
        for (text, bytes) in cases {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "GB", "1.5", "-1MB", "1e9", "1.2345kB", "99999999999999999999", "99999PB", "1GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn view_flags_stand_before_or_after_the_command() {
        for line in ["recverify -q verify a", "recverify verify a -q"] {
            let Parsed::Run(cli) = parse(line.split(' ').map(Into::into).collect()) else { panic!("{line}") };
            assert!(cli.view.quiet, "{line}");
        }
    }
}
