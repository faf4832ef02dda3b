//! The walk over a file's tokens that fills a [`Source`].
//!
//! A walk goes down every group, macros included, and carries the attributes seen since the last
//! item began. Comments are no tokens, so nothing in them is ever found.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::token::{body_of, end_of_item, group_of, is_mark, is_word, line_of, path_at, string_of};
use super::{At, Function, Source};

/// Words between an item's attributes and its own keyword.
const MODIFIERS: &[&str] = &["pub", "async", "unsafe", "const", "extern", "default"];

pub(super) fn read(path: &str, text: &str) -> Result<Source, String> {
    let tokens: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| {
        let place = error.span().start();
        format!("not Rust at line {}, column {}", place.line, place.column)
    })?;
    let mut source = Source { path: path.to_owned(), ..Source::default() };
    source.walk(tokens, true, text.lines().count());
    Ok(source)
}

/// An attribute's own words, flat.
struct Attribute {
    name: String,
    words: BTreeSet<String>,
}

impl Attribute {
    fn of(group: &Group) -> Self {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let name = match (path_at(&tokens), tokens.first()) {
            (Some((_, path)), _) => path,
            (None, Some(first)) => first.to_string(),
            (None, None) => String::new(),
        };
        let mut words = BTreeSet::new();
        collect(group.stream(), &mut words);
        Self { name, words }
    }

    fn documents(&self) -> bool {
        self.name == "doc"
    }

    fn is_test_function(&self) -> bool {
        self.name == "test" || self.name.ends_with("::test")
    }

    fn is_test_code(&self) -> bool {
        let configured = self.name == "cfg" && self.words.contains("test");
        self.is_test_function() || (configured && !self.words.contains("not"))
    }

    fn expects_disallowed(&self) -> bool {
        self.name == "expect" && self.words.contains("disallowed_methods")
    }
}

fn collect(tokens: TokenStream, into: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => drop(into.insert(word.to_string())),
            TokenTree::Group(group) => collect(group.stream(), into),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

impl Source {
    /// Walks one level; `items` says whether `pub` here begins an item that needs a doc comment,
    /// `last` is the level's last line.
    fn walk(&mut self, tokens: TokenStream, items: bool, last: usize) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = tokens.get(at..).unwrap_or_default();
            if let Some(length) = self.attribute(rest, last, &mut attributes) {
                at += length;
                continue;
            }
            self.item(token, rest, &attributes, items);
            at += self.token(token, rest, items && !is_macro_rules(&tokens, at));
            if !keeps_attributes(token, at.checked_sub(2).and_then(|before| tokens.get(before))) {
                attributes.clear();
            }
        }
    }

    /// Takes an attribute: an outer one is kept for its item, an inner one governs the level.
    fn attribute(
        &mut self,
        rest: &[TokenTree],
        last: usize,
        attributes: &mut Vec<Attribute>,
    ) -> Option<usize> {
        if !is_mark(rest.first(), '#') {
            return None;
        }
        if let Some(group) = group_of(rest.get(1), Delimiter::Bracket) {
            let attribute = Attribute::of(group);
            self.display(&attribute, group);
            self.words.extend(attribute.words.iter().cloned());
            attributes.push(attribute);
            return Some(2);
        }
        if !is_mark(rest.get(1), '!') {
            return None;
        }
        let group = group_of(rest.get(2), Delimiter::Bracket)?;
        if Attribute::of(group).expects_disallowed() {
            let first = rest.first().map_or(1, line_of);
            self.expected.push(first..=last);
        }
        Some(3)
    }

    fn display(&mut self, attribute: &Attribute, group: &Group) {
        if attribute.name != "error" {
            return;
        }
        let Some(TokenTree::Group(inside)) = group.stream().into_iter().nth(1) else { return };
        let Some(token) = inside.stream().into_iter().next() else { return };
        if let Some(text) = string_of(&token.to_string()) {
            self.displays.push(At { line: line_of(&token), text });
        }
    }

    /// Notes what begins at this token: a governed region, a public item, a function.
    fn item(
        &mut self,
        token: &TokenTree,
        rest: &[TokenTree],
        attributes: &[Attribute],
        items: bool,
    ) {
        let first = line_of(token);
        let lines = first..=end_of_item(rest).unwrap_or(first);
        if attributes.iter().any(Attribute::is_test_code) {
            self.tests.push(lines.clone());
        }
        if attributes.iter().any(Attribute::expects_disallowed) {
            self.expected.push(lines);
        }
        if items && is_word(token, "pub") && !attributes.iter().any(Attribute::documents) {
            self.undocumented.extend(public_item(rest));
        }
        if is_word(token, "fn") {
            let is_test = attributes.iter().any(Attribute::is_test_function);
            self.functions.extend(function(rest, is_test));
        }
    }

    /// Keeps a token, goes into a group, and says how many tokens were taken.
    fn token(&mut self, token: &TokenTree, rest: &[TokenTree], items: bool) -> usize {
        match token {
            TokenTree::Group(group) => {
                // A tuple's fields are documented with it; a call's arguments are no items.
                let items = items && group.delimiter() == Delimiter::Brace;
                self.walk(group.stream(), items, group.span_close().end().line);
            }
            TokenTree::Literal(literal) => {
                if let Some(text) = string_of(&literal.to_string()) {
                    self.texts.push(At { line: line_of(token), text });
                }
            }
            TokenTree::Ident(word) => {
                self.words.insert(word.to_string());
                if let Some((length, text)) = path_at(rest) {
                    self.words.extend(text.split("::").map(str::to_owned));
                    self.paths.push(At { line: line_of(token), text });
                    return length;
                }
            }
            TokenTree::Punct(_) => {}
        }
        1
    }
}

/// Whether the group at this place is the body of a `macro_rules!`, whose items are patterns.
fn is_macro_rules(tokens: &[TokenTree], at: usize) -> bool {
    let word = at.checked_sub(3).and_then(|before| tokens.get(before));
    word.is_some_and(|token| is_word(token, "macro_rules"))
}

fn keeps_attributes(token: &TokenTree, before: Option<&TokenTree>) -> bool {
    match token {
        TokenTree::Ident(word) => MODIFIERS.iter().any(|modifier| word == modifier),
        TokenTree::Group(group) => {
            group.delimiter() == Delimiter::Parenthesis
                && before.is_some_and(|token| is_word(token, "pub"))
        }
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    }
}

/// The public item that starts at `pub`, or nothing where rustc asks for no comment either:
/// a restricted item, a re-export, a module (which its file documents).
fn public_item(rest: &[TokenTree]) -> Option<At> {
    let next = rest.get(1)?;
    if group_of(Some(next), Delimiter::Parenthesis).is_some() {
        return None;
    }
    if is_word(next, "use") || is_word(next, "mod") {
        return None;
    }
    let words = rest.iter().skip(1).map_while(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    let text = words.collect::<Vec<_>>().join(" ");
    Some(At { line: line_of(next), text })
}

fn function(rest: &[TokenTree], is_test: bool) -> Option<Function> {
    let Some(TokenTree::Ident(name)) = rest.get(1) else { return None };
    let body = body_of(rest)?;
    let lines = line_of(rest.first()?)..=body.span_close().end().line;
    Some(Function { name: name.to_string(), lines, is_test })
}
