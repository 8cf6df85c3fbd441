//! The values flags take: words out of a set, times, sizes and counts.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::ValueEnum;
use jiff::{SignedDuration, Span, SpanRelativeTo};

use crate::fixity::SizeRule;
use crate::ping::FailOn;
use crate::store::Hashing;
use crate::verify::Versions;

/// How a ledger is exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One verification a line, its whole report in it.
    #[default]
    Jsonl,
    /// For spreadsheets.
    Csv,
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

/// How checks are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// One a line.
    #[default]
    Text,
    /// One document.
    Json,
}

/// How the checks of a report are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// One a line.
    #[default]
    Text,
    /// One document.
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

/// What is done about the versions of an altered or missing object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VersionsArg {
    /// Nothing.
    Off,
    /// They are listed.
    List,
    /// Those that may be the declared bytes are read.
    Hash,
}

impl From<VersionsArg> for Versions {
    fn from(arg: VersionsArg) -> Self {
        match arg {
            VersionsArg::Off => Self::Off,
            VersionsArg::List => Self::List,
            VersionsArg::Hash => Self::Hash,
        }
    }
}

/// Where bytes are hashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum HashingArg {
    /// By the size of the object.
    #[default]
    Auto,
    /// Where they are received.
    Inline,
    /// On a thread beside.
    Beside,
}

/// A value, or what the program finds out by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Auto<T> {
    /// `auto`.
    #[default]
    Auto,
    /// As given.
    Given(T),
}

impl<T> Auto<T> {
    /// The value, if one was given.
    pub fn given(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Given(value) => Some(value),
        }
    }

    fn parse(text: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Self, String> {
        if text == "auto" { Ok(Self::Auto) } else { parse(text).map(Self::Given) }
    }
}

impl From<HashingArg> for Hashing {
    fn from(arg: HashingArg) -> Self {
        match arg {
            HashingArg::Auto => Self::Auto,
            HashingArg::Inline => Self::Inline,
            HashingArg::Beside => Self::Beside,
        }
    }
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

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed.filter(|time| !time.is_zero()).ok_or_else(|| "a time such as 500ms, 30s or 2m is expected".to_owned())
}

/// A length of time in which days are 24 hours.
pub(super) fn days(text: &str) -> Result<SignedDuration, String> {
    let span = text.parse::<Span>().ok();
    let time = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    time.filter(SignedDuration::is_positive).ok_or_else(|| "a time such as 12h or 7d is expected".to_owned())
}

/// A number with a decimal unit, as stores bill: `500MB`, `1.5 GB`, `4096`.
pub(super) fn size(text: &str) -> Result<u64, String> {
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

/// A size in memory: a whole number with a binary unit, or a [`size`].
fn binary_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u32); 3] = [("kib", 10), ("mib", 20), ("gib", 30)];
    let lower = text.trim().to_ascii_lowercase();
    let binary = UNITS.iter().find_map(|(unit, power)| Some((lower.strip_suffix(unit)?, *power)));
    let Some((number, power)) = binary else { return size(text) };
    let amount = number.trim().parse::<u64>().ok().and_then(|amount| amount.checked_mul(1 << power));
    amount.ok_or_else(|| "a size such as 64MiB or 1GiB is expected".to_owned())
}

/// What objects may take of memory; less than 1 MiB would not do for a video and an event file.
pub(super) fn memory(text: &str) -> Result<u64, String> {
    binary_size(text)
        .and_then(|bytes| if bytes < 1 << 20 { Err("1MiB at least is needed".to_owned()) } else { Ok(bytes) })
}

/// The length of a part, or `auto`.
pub(super) fn part_size(text: &str) -> Result<Auto<u64>, String> {
    Auto::parse(text, |text| {
        binary_size(text)
            .and_then(|bytes| if bytes < 1000 { Err("a part has 1kB at least".to_owned()) } else { Ok(bytes) })
    })
}

/// A number from 1 on, or `auto`.
pub(super) fn number(text: &str) -> Result<Auto<NonZeroUsize>, String> {
    Auto::parse(text, |text| text.parse().map_err(|_| "auto or a number from 1 on is expected".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_memory_may_be_binary() {
        let cases = [("64MiB", 64 << 20), ("1 gib", 1 << 30), ("2048KiB", 2 << 20), ("5MB", 5_000_000)];
        for (text, bytes) in cases {
            assert_eq!(memory(text), Ok(bytes), "{text}");
        }
        for text in ["1023KiB", "0MiB", "MiB", "1.5MiB", "99999999999999GiB", "auto"] {
            assert!(memory(text).is_err(), "{text}");
        }
        assert_eq!(part_size("8MiB"), Ok(Auto::Given(8 << 20)));
        assert_eq!(part_size("auto"), Ok(Auto::Auto));
        assert!(part_size("999").is_err());
    }

    #[test]
    fn a_number_is_given_or_found_out() {
        assert_eq!(number("auto"), Ok(Auto::Auto));
        assert_eq!(number("3").map(Auto::given), Ok(NonZeroUsize::new(3)));
        for text in ["0", "-1", "many", ""] {
            assert!(number(text).is_err(), "{text}");
        }
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
}
