//! Makes visible what a name from outside could smuggle into a terminal or past a reader's eye.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Control and C1 characters, and those that change the direction of text or cannot be seen (Unicode, *Trojan Source*).
pub(super) fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with each such character written as `\u{…}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_treacherous(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\x1b[2Jb\u{202e}gpj.exe\n"), "a\\u{1b}[2Jb\\u{202e}gpj.exe\\u{a}");
        assert_eq!(visible("\u{9b}31m\u{7f}\u{2066}"), "\\u{9b}31m\\u{7f}\\u{2066}");
    }

    #[test]
    fn ordinary_names_of_any_script_stay() {
        for name in ["桌面-01", "Zoë", "شاشة", "a b+c%20", "😀"] {
            assert_eq!(visible(name), name);
        }
    }

    proptest! {
        #[test]
        fn nothing_treacherous_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).contains(is_treacherous));
        }
    }
}
