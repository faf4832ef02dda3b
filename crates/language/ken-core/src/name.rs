//! Names, folded so that two spellings of one name compare equal.

use unicode_normalization::UnicodeNormalization;

/// A name folded for comparison: lower case, no accents, no punctuation, single spaces.
///
/// It is a search key, not something to show; what the person calls themselves is kept as it is.
pub type NormalisedName = String;

/// Folds a name: `Ó Briain-MacLEOD` becomes `o briain macleod`.
///
/// Apostrophes vanish (`O'Neil` and `ONeil` are one), other punctuation parts words. Letters that
/// no decomposition reaches keep their own fold (`ł` is `l`, `ß` is `ss`, `æ` is `ae`).
#[must_use]
pub fn normalise(name: &str) -> NormalisedName {
    let mut folded = String::with_capacity(name.len());
    for letter in name.nfkd().flat_map(char::to_lowercase) {
        match letter {
            '\'' | '\u{2018}' | '\u{2019}' | '`' | '\u{2bc}' => {}
            'ł' => folded.push('l'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            letter if unicode_normalization::char::is_combining_mark(letter) => {}
            letter if letter.is_alphanumeric() => folded.push(letter),
            _ if folded.ends_with(' ') || folded.is_empty() => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_name_fold_together() {
        let check = |name: &str, want: &str| assert_eq!(normalise(name), want);
        check("Ó Briain-MacLEOD", "o briain macleod");
        check("O'Neil", "oneil");
        check("O\u{2019}Neil", "oneil");
        check("  Ann  Marie ", "ann marie");
        check("Łucja Żółć", "lucja zolc");
        check("Groß", "gross");
        check("王 小明", "王 小明");
        check("", "");
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(name in "\\PC{0,24}") {
            let once = normalise(&name);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}
