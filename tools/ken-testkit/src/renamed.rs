//! What is random in an answer by its nature, renamed, so that two answers can be compared.

use std::collections::BTreeMap;

/// Renames ids (UUIDs), pseudonyms and long tokens by their order of appearance.
///
/// It is here and not beside its tests, since it reads tens of thousands of pages in a run, and
/// this crate is optimised.
#[must_use]
pub fn renamed(text: &str) -> String {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || "-_".contains(sign);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|sign| !is_part(sign)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if is_random(part) {
            let next = names.len();
            let number = *names.entry(part).or_insert(next);
            out.push_str("ID");
            out.push_str(&number.to_string());
        } else {
            out.push_str(part);
        }
        let (sign, after) = after.split_at(after.chars().next().map_or(0, char::len_utf8));
        out.push_str(sign);
        rest = after;
    }
    out
}

/// Whether a word is an id, a pseudonym or a token.
fn is_random(part: &str) -> bool {
    let is_uuid = part.len() == 36 && part.matches('-').count() == 4;
    let has = |of: fn(&char) -> bool| part.chars().any(|sign| of(&sign));
    // One token in forty has no digit; words of the pages that look so are renamed alike. The
    // shortest token is an account's id in base 64.
    let is_token = || has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    is_uuid || is_pseudonym(part) || part.len() >= 22 && is_token()
}

/// Whether it is what two bodies call a person between them: `4QQE-VXFD-VQ3G`.
fn is_pseudonym(part: &str) -> bool {
    let is_group = |group: &str| {
        let is_sign = |sign: char| sign.is_ascii_uppercase() || sign.is_ascii_digit();
        group.len() == 4 && group.chars().all(is_sign)
    };
    part.split('-').count() == 3 && part.split('-').all(is_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renaming_keeps_what_differs() {
        let id = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        let other = "7f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        assert_eq!(renamed(&format!("a {id} b {other} {id}")), "a ID0 b ID1 ID0");
        assert_eq!(renamed("of 4QQE-VXFD-VQ3G, née 4QQE"), "of ID0, née 4QQE");
        assert_eq!(
            renamed("t=abcdefghijklmnopqrstuV&u=abcdefghijklmnU"),
            "t=ID0&u=abcdefghijklmnU"
        );
        assert_eq!(renamed("Glen: 12 people"), "Glen: 12 people");
    }
}
