//! The header `Content-Range` of a partial answer (RFC 9110, 14.4).

use std::str::FromStr;

/// `bytes FIRST-LAST/TOTAL`, with FIRST ≤ LAST < TOTAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Offset of the first byte of the body.
    pub first: u64,
    /// Offset of its last byte.
    pub last: u64,
    /// Length of the whole object; `None` for `*`.
    pub total: Option<u64>,
}

/// The header is missing a part or contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no content range")]
pub struct ContentRangeError(String);

impl FromStr for ContentRange {
    type Err = ContentRangeError;

    fn from_str(text: &str) -> Result<Self, ContentRangeError> {
        let parse = || {
            let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
            let (first, last) = span.split_once('-')?;
            let (first, last) = (number(first)?, number(last)?);
            let total = if total == "*" { None } else { Some(number(total)?) };
            let sound = first <= last && total.is_none_or(|total| last < total);
            sound.then_some(Self { first, last, total })
        };
        parse().ok_or_else(|| ContentRangeError(text.to_owned()))
    }
}

/// Digits only: a sign or a blank is not part of the grammar.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_range_is_read() {
        assert_eq!("bytes 5-9/10".parse(), Ok(ContentRange { first: 5, last: 9, total: Some(10) }));
        assert_eq!("bytes 0-0/*".parse(), Ok(ContentRange { first: 0, last: 0, total: None }));
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong = [
            "",
            "bytes",
            "bytes 5-9",
            "5-9/10",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "bytes +5-9/10",
            "bytes 5-9/x",
            "bytes */10",
            "bytes -9/10",
            "bytes 5-/10",
            "bytes 5-99999999999999999999/*",
            "items 5-9/10",
        ];
        for text in wrong {
            assert_eq!(text.parse::<ContentRange>(), Err(ContentRangeError(text.to_owned())));
        }
    }
}
