//! `bag-info.txt`: what a bag is and where it comes from, a label and a value a line (RFC 8493, 2.2.2).

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Labels and values, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BagInfo(Vec<(String, String)>);

/// Labels with a meaning to this program: those of the RFC, and its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Number of bytes and of files of the payload, a dot between them.
    PayloadOxum,
    /// The id of the record.
    Identifier,
    /// Its outcome.
    Outcome,
}

impl Label {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PayloadOxum => "Payload-Oxum",
            Self::Identifier => "External-Identifier",
            Self::Outcome => "Recverify-Outcome",
        }
    }
}

/// What could end a line, also to a reader that knows more line ends than two.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');
const ENCODED_WITH_BLANKS: &AsciiSet = &ENCODED.add(b' ');

impl BagInfo {
    /// Adds a value; line breaks and the like in it are percent-encoded.
    pub fn add(&mut self, label: &str, value: &str) {
        // Blanks at its ends would not be read back.
        let encoded = if value.trim() == value { ENCODED } else { ENCODED_WITH_BLANKS };
        self.0.push((label.to_owned(), utf8_percent_encode(value, encoded).to_string()));
    }

    /// Reads labels and values; a line that begins with a blank goes on with the value before. `None` if a line is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut info = Vec::<(String, String)>::new();
        for line in text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()) {
            if line.starts_with([' ', '\t']) {
                let (_, value) = info.last_mut()?;
                *value = format!("{value} {}", line.trim());
            } else {
                let (label, value) = line.split_once(':')?;
                info.push((label.trim_end().to_owned(), value.trim().to_owned()));
            }
        }
        Some(Self(info))
    }

    /// Every value of a label, which is the same in either case.
    pub fn values(&self, label: Label) -> impl Iterator<Item = &str> {
        let of_label = move |(name, _): &&(String, String)| name.eq_ignore_ascii_case(label.as_str());
        self.0.iter().filter(of_label).map(|(_, value)| value.as_str())
    }

    /// The value of a label that stands once.
    #[must_use]
    pub fn value(&self, label: Label) -> Option<String> {
        let mut values = self.values(label);
        let value = values.next()?;
        let decoded = percent_encoding::percent_decode_str(value).decode_utf8().ok()?;
        values.next().is_none().then(|| decoded.into_owned())
    }
}

impl fmt::Display for BagInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(label, value)| writeln!(f, "{label}: {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_many_lines_is_written_on_one_and_read_back() {
        let mut info = BagInfo::default();
        info.add("External-Identifier", "a\r\nOutcome: intact 100%");
        assert_eq!(info.to_string(), "External-Identifier: a%0D%0AOutcome: intact 100%25\n");
        let read = BagInfo::parse(&info.to_string()).expect("sound");
        assert_eq!(read.value(Label::Identifier).as_deref(), Some("a\r\nOutcome: intact 100%"));
    }

    #[test]
    fn folded_lines_belong_together_and_what_is_neither_is_refused() {
        let info = BagInfo::parse("payload-oxum: 1\r\n  .2\nX : y").expect("sound");
        assert_eq!(info.value(Label::PayloadOxum).as_deref(), Some("1 .2"));
        assert_eq!(BagInfo::parse("no label"), None);
        assert_eq!(BagInfo::parse(" folded: first"), None);
    }
}
