//! Text in Unicode NFC, the form in which it is compared, signed and hashed.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// A text in NFC. ASCII is in that form already, and nearly all of an instrument is ASCII.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_alike() {
        let check = |text: &str, want: &str| assert_eq!(nfc(text), want, "{text:?}");
        check("", "");
        check("\0 to \u{7f}", "\0 to \u{7f}");
        check("Mo\u{301}rag", "M\u{f3}rag");
        check("a\u{300}\u{323}", "\u{1ea1}\u{300}");
        check("\u{212b}", "\u{c5}");
    }

    #[test]
    fn no_letter_alone_takes_the_short_way_wrongly() {
        for letter in '\0'..='\u{2ff}' {
            let text = letter.to_string();
            assert!(text.chars().eq(nfc(&text).chars()) == unicode_normalization::is_nfc(&text));
        }
    }
}
