//! Small questions asked of tokens: is it this word, where does the item end, what is the text.

use proc_macro2::{Delimiter, Group, TokenTree};

pub(super) fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

pub(super) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(found) if found == word)
}

pub(super) fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == mark)
}

pub(super) fn group_of(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The braces that an item opens, unless it ends before with a semicolon.
pub(super) fn body_of(rest: &[TokenTree]) -> Option<&Group> {
    rest.iter()
        .take_while(|token| !is_mark(Some(token), ';'))
        .find_map(|token| group_of(Some(token), Delimiter::Brace))
}

/// The last line of an item: its closing brace, its semicolon, or what there is.
pub(super) fn end_of_item(rest: &[TokenTree]) -> Option<usize> {
    if let Some(body) = body_of(rest) {
        return Some(body.span_close().end().line);
    }
    let semicolon = rest.iter().find(|token| is_mark(Some(token), ';'));
    semicolon.or(rest.last()).map(|token| token.span().end().line)
}

/// How many tokens the path at the start takes, with its text; a lone word is no path.
pub(super) fn path_at(rest: &[TokenTree]) -> Option<(usize, String)> {
    let Some(TokenTree::Ident(first)) = rest.first() else { return None };
    let mut text = first.to_string();
    let mut length = 1;
    while is_mark(rest.get(length), ':') && is_mark(rest.get(length + 1), ':') {
        let Some(TokenTree::Ident(next)) = rest.get(length + 2) else { break };
        text.push_str("::");
        text.push_str(&next.to_string());
        length += 3;
    }
    (length > 1).then_some((length, text))
}

/// The value of a string literal as written, with the common escapes undone.
pub(super) fn string_of(literal: &str) -> Option<String> {
    let from = literal.find('"')?;
    let to = literal.rfind('"')?;
    let prefix = literal.get(..from)?;
    if !matches!(prefix.trim_end_matches('#'), "" | "r" | "b" | "br" | "c" | "cr") {
        return None;
    }
    let inside = literal.get(from + 1..to)?;
    if prefix.contains('r') { Some(inside.to_owned()) } else { Some(unescaped(inside)) }
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(found) = chars.next() {
        match (found, chars.peek()) {
            ('\\', Some('\n')) => while chars.next_if(|next| next.is_whitespace()).is_some() {},
            ('\\', Some('n')) => {
                chars.next();
                out.push('\n');
            }
            ('\\', Some('"' | '\\')) => out.extend(chars.next()),
            _ => out.push(found),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_give_their_text() {
        let check = |literal, text| assert_eq!(string_of(literal).as_deref(), text, "{literal}");
        check(r#""plain""#, Some("plain"));
        check(r##"r#"raw \n"#"##, Some(r"raw \n"));
        check(r#""a \"b\" \\ \n""#, Some("a \"b\" \\ \n"));
        check("\"one \\\n     line\"", Some("one line"));
        check(r#"b"bytes""#, Some("bytes"));
        check("'\"'", None);
        check("12", None);
    }
}
