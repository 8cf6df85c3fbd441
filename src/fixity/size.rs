//! The size rule: what the one declared size of a record may measure.
//!
//! The service declares one size for two files and does not document which it measures, so `auto` accepts either
//! reading and says which fitted.

use std::fmt;

use serde::Serialize;

/// Which reading of the declared size is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SizeRule {
    /// The video alone, or video and event file together.
    #[default]
    Auto,
    /// The video alone.
    Video,
    /// Video and event file together.
    Total,
    /// The size is not compared.
    Off,
}

/// Which reading of the declared size fitted what was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fits {
    /// It is the length of the video.
    Video,
    /// It is the length of video and event file together.
    Total,
    /// It is neither.
    Neither,
}

/// Holds the declared size against the observed lengths.
///
/// `None` when the rule is off. Where both readings fit (an empty event file), the video is named.
#[must_use]
pub fn fits(rule: SizeRule, declared: u64, video: u64, event: u64) -> Option<Fits> {
    let is_video = declared == video;
    let is_total = video.checked_add(event) == Some(declared);
    match rule {
        SizeRule::Off => None,
        SizeRule::Auto | SizeRule::Video if is_video => Some(Fits::Video),
        SizeRule::Auto | SizeRule::Total if is_total => Some(Fits::Total),
        _ => Some(Fits::Neither),
    }
}

impl fmt::Display for SizeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Video => "video",
            Self::Total => "total",
            Self::Off => "off",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_accepts_its_own_readings_and_no_other() {
        use {Fits::*, SizeRule as Rule};
        let cases = [
            (Rule::Auto, 100, Some(Video)),
            (Rule::Auto, 107, Some(Total)),
            (Rule::Auto, 7, Some(Neither)),
            (Rule::Video, 100, Some(Video)),
            (Rule::Video, 107, Some(Neither)),
            (Rule::Total, 107, Some(Total)),
            (Rule::Total, 100, Some(Neither)),
            (Rule::Off, 5, None),
        ];
        for (rule, declared, expected) in cases {
            assert_eq!(fits(rule, declared, 100, 7), expected, "{rule} {declared}");
        }
    }

    #[test]
    fn with_an_empty_event_file_both_readings_are_one() {
        assert_eq!(fits(SizeRule::Auto, 100, 100, 0), Some(Fits::Video));
        assert_eq!(fits(SizeRule::Total, 100, 100, 0), Some(Fits::Total));
    }

    #[test]
    fn lengths_too_large_to_add_fit_nothing() {
        assert_eq!(fits(SizeRule::Auto, 1, u64::MAX, 2), Some(Fits::Neither));
    }

    #[test]
    fn a_rule_is_shown_as_it_is_written_on_the_command_line() {
        let rules = [SizeRule::Auto, SizeRule::Video, SizeRule::Total, SizeRule::Off];
        assert_eq!(rules.map(|rule| rule.to_string()), ["auto", "video", "total", "off"]);
    }
}
