//! What every page and every component must keep, checked on the text of the HTML.
//!
//! Fast enough to run on everything; a browser with axe checks the rest (`tests/ui`).
//!
//! Sources: WCAG 2.2 (1.1.1, 1.3.1, 2.4.2, 2.4.6, 3.1.1, 4.1.2); HTML; our own policy header.

use std::collections::BTreeMap;

/// One tag: its name, and its attributes in order. A closing tag's name begins with `/`.
struct Tag<'h> {
    name: &'h str,
    attributes: Vec<(&'h str, &'h str)>,
    /// The text between this tag and the next.
    text: &'h str,
}

impl<'h> Tag<'h> {
    fn attribute(&self, name: &str) -> Option<&'h str> {
        self.attributes.iter().find(|(have, _)| *have == name).map(|(_, value)| *value)
    }
}

/// Fails unless `html` is a whole page that keeps the rules.
#[track_caller]
pub(crate) fn assert_page(html: &str) {
    let broken = check_page(html);
    assert!(broken.is_empty(), "{broken:#?}\n{html}");
}

/// Fails unless `html` is a part of a page that keeps the rules that a part can keep.
#[track_caller]
pub(crate) fn assert_part(html: &str) {
    let broken = check_part(html);
    assert!(broken.is_empty(), "{broken:#?}\n{html}");
}

/// What a whole page breaks.
pub(crate) fn check_page(html: &str) -> Vec<String> {
    let mut broken = check_part(html);
    let tags = tags(html);
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    let mut one = |name: &str| {
        if count(name) != 1 {
            broken.push(format!("{} of <{name}>, one is wanted", count(name)));
        }
    };
    for name in ["h1", "main", "title", "header", "footer", "aside"] {
        one(name);
    }
    let html_tag = tags.iter().find(|tag| tag.name == "html");
    if html_tag.and_then(|tag| tag.attribute("lang")).is_none_or(str::is_empty) {
        broken.push("no language".into());
    }
    if !html.starts_with("<!DOCTYPE html>") {
        broken.push("no doctype".into());
    }
    headings_in_order(&tags, &mut broken);
    broken
}

/// What a part of a page breaks.
pub(crate) fn check_part(html: &str) -> Vec<String> {
    let tags = tags(html);
    let mut broken = vec![];
    nothing_inline(&tags, &mut broken);
    let ids = unique_ids(&tags, &mut broken);
    references(&tags, &ids, &mut broken);
    names(&tags, &mut broken);
    forms(&tags, &mut broken);
    tables(&tags, &mut broken);
    balanced(&tags, &mut broken);
    broken
}

fn nothing_inline(tags: &[Tag<'_>], broken: &mut Vec<String>) {
    for tag in tags {
        let ours = tag.attribute("src").is_some_and(|src| src.starts_with("/static/"));
        if tag.name == "script" && !(ours && tag.text.is_empty()) {
            broken.push("a script that is not our own file".into());
        }
        if ["style", "iframe", "object", "embed", "base"].contains(&tag.name) {
            broken.push(format!("<{}> is forbidden", tag.name));
        }
        for (name, value) in &tag.attributes {
            if *name == "style" || name.starts_with("on") {
                broken.push(format!("<{}> has {name}=", tag.name));
            }
            let address = ["href", "src", "action"].contains(name);
            if address && value.starts_with("javascript:") {
                broken.push(format!("<{}> runs a script", tag.name));
            }
            let loads = *name == "src" || (tag.name == "link" && *name == "href");
            if loads && !value.starts_with("/static/") {
                broken.push(format!("<{}> loads {value}", tag.name));
            }
        }
    }
}

fn unique_ids<'h>(tags: &[Tag<'h>], broken: &mut Vec<String>) -> BTreeMap<&'h str, usize> {
    let mut ids = BTreeMap::new();
    for id in tags.iter().filter_map(|tag| tag.attribute("id")) {
        *ids.entry(id).or_insert(0) += 1;
    }
    let twice = ids.iter().filter(|(_, count)| **count > 1);
    broken.extend(twice.map(|(id, _)| format!("the id {id} stands twice")));
    ids
}

fn references(tags: &[Tag<'_>], ids: &BTreeMap<&str, usize>, broken: &mut Vec<String>) {
    for tag in tags {
        for name in ["for", "aria-labelledby", "aria-describedby"] {
            let wanted = tag.attribute(name).into_iter().flat_map(str::split_whitespace);
            for id in wanted.filter(|id| !ids.contains_key(id)) {
                broken.push(format!("{name} names {id}, which is not there"));
            }
        }
        let within = tag.attribute("href").and_then(|href| href.strip_prefix('#'));
        if let Some(id) = within.filter(|id| !ids.contains_key(id)) {
            broken.push(format!("a link goes to #{id}, which is not there"));
        }
    }
}

/// Every control has a label, every link, button and heading has words, every region a name.
fn names(tags: &[Tag<'_>], broken: &mut Vec<String>) {
    for (place, tag) in tags.iter().enumerate() {
        let labelled =
            || tag.attribute("aria-label").or(tag.attribute("aria-labelledby")).is_some();
        match tag.name {
            "input" | "textarea" | "select" if tag.attribute("type") != Some("hidden") => {
                let id = tag.attribute("id").unwrap_or_default();
                let label =
                    tags.iter().any(|t| t.name == "label" && t.attribute("for") == Some(id));
                if !label && !labelled() {
                    broken.push(format!("<{}> {id:?} has no label", tag.name));
                }
            }
            "a" | "button" | "h1" | "h2" | "h3" | "h4" | "summary" | "legend" | "label" | "th"
            | "caption" | "title"
                if words_within(tags, place).trim().is_empty() && !labelled() =>
            {
                broken.push(format!("<{}> has no words", tag.name));
            }
            "nav" | "section" if !labelled() => broken.push(format!("<{}> has no name", tag.name)),
            "img" if tag.attribute("alt").is_none() => broken.push("an image has no alt".into()),
            _ => {}
        }
    }
}

fn words_within(tags: &[Tag<'_>], place: usize) -> String {
    let end = format!("/{}", tags[place].name);
    tags[place..].iter().take_while(|tag| tag.name != end).map(|tag| tag.text).collect()
}

/// A form that changes something carries its token, and goes to us.
fn forms(tags: &[Tag<'_>], broken: &mut Vec<String>) {
    for (place, tag) in tags.iter().enumerate().filter(|(_, tag)| tag.name == "form") {
        let inside: Vec<_> = tags[place..].iter().take_while(|tag| tag.name != "/form").collect();
        let token = inside.iter().any(|tag| tag.attribute("name") == Some("csrf"));
        let post = tag.attribute("method") == Some("post");
        if post != token {
            broken.push(format!("a form has method post: {post}, token: {token}"));
        }
        if !tag.attribute("action").is_some_and(|action| action.starts_with('/')) {
            broken.push("a form goes nowhere, or outside".into());
        }
        if !inside.iter().any(|tag| tag.name == "button") {
            broken.push("a form has no button".into());
        }
    }
}

fn tables(tags: &[Tag<'_>], broken: &mut Vec<String>) {
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    if count("table") != count("caption") {
        broken.push("a table has no caption".into());
    }
    if tags.iter().any(|tag| tag.name == "th" && tag.attribute("scope").is_none()) {
        broken.push("a heading cell has no scope".into());
    }
}

fn headings_in_order(tags: &[Tag<'_>], broken: &mut Vec<String>) {
    let mut last = 0;
    // The help box stands outside the content and begins at the second level again.
    for tag in tags {
        let level = tag.name.strip_prefix('h').and_then(|level| level.parse::<u32>().ok());
        if let Some(level) = level.filter(|level| (1..=6).contains(level)) {
            if level > last + 1 && last != 0 || last == 0 && level > 2 {
                broken.push(format!("h{level} follows h{last}"));
            }
            last = level;
        }
    }
}

fn balanced(tags: &[Tag<'_>], broken: &mut Vec<String>) {
    const VOID: [&str; 6] = ["input", "meta", "link", "br", "img", "!DOCTYPE"];
    let mut open = vec![];
    for tag in tags.iter().filter(|tag| !VOID.contains(&tag.name)) {
        match tag.name.strip_prefix('/') {
            None => open.push(tag.name),
            Some(name) if open.pop() == Some(name) => {}
            Some(name) => broken.push(format!("</{name}> closes nothing")),
        }
    }
    broken.extend(open.iter().map(|name| format!("<{name}> is not closed")));
}

/// Reads tags as maud writes them: attributes in double quotes, text escaped.
fn tags(html: &str) -> Vec<Tag<'_>> {
    let read = |part| {
        let (tag, text) = str::split_once(part, '>').expect("a tag ends");
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = vec![];
        while !rest.trim().is_empty() {
            rest = rest.trim_start();
            let end = rest.find(['=', ' ']).unwrap_or(rest.len());
            let (attribute, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix("=\"") {
                Some(quoted) => quoted.split_once('"').expect("a quote ends"),
                None => ("", after),
            };
            attributes.push((attribute, value));
            rest = after;
        }
        Tag { name, attributes, text }
    };
    html.split('<').skip(1).map(read).collect()
}

#[test]
fn the_rules_find_what_is_broken() {
    let check = |html: &str, want: &str| {
        let broken = check_part(html);
        assert!(broken.iter().any(|found| found.contains(want)), "{want}: {broken:?}");
    };
    assert_part("<p>Good</p>");
    check(r#"<p style="x">a</p>"#, "style=");
    check(r#"<p onclick="x">a</p>"#, "onclick=");
    check("<script>x</script>", "script");
    check(r#"<script src="https://x/y.js"></script>"#, "script");
    check(r#"<script src="/static/y.js">x</script>"#, "script");
    check(r#"<img src="/static/x">"#, "alt");
    check(r#"<img alt="" src="https://x">"#, "loads");
    check(r#"<a href="javascript:x">a</a>"#, "runs");
    check(r#"<p id="a">a</p><p id="a">a</p>"#, "twice");
    check(r#"<label for="b">a</label>"#, "not there");
    check(r##"<a href="#c">a</a>"##, "not there");
    check(r#"<input id="a" type="text">"#, "no label");
    check("<h2></h2>", "no words");
    check(r#"<a href="/"></a>"#, "no words");
    check("<nav>a</nav>", "no name");
    check("<form method=\"post\" action=\"/\"><button>a</button></form>", "token: false");
    check("<form method=\"get\" action=\"/\"></form>", "no button");
    check("<form method=\"get\" action=\"//x\"><button>a</button></div>", "closes nothing");
    check("<table></table>", "no caption");
    check("<th>a</th>", "no scope");
    check("<p>a", "not closed");
    let whole = check_page("<p>a</p>");
    for want in ["<h1>", "<main>", "<title>", "language", "doctype"] {
        assert!(whole.iter().any(|found| found.contains(want)), "{want}: {whole:?}");
    }
    let skipped = check_page("<h1>a</h1><h3>b</h3>");
    assert!(skipped.iter().any(|found| found.contains("h3 follows h1")));
}
