//! The files of what is taken away: pages that stand alone, the same for a computer, and a guide.
//!
//! # Invariants
//!
//! - A page has no script and nothing from elsewhere: it opens without a network.
//! - The names of the files, and how many they are, are the same for everybody.

use jiff::Timestamp;
use ken_ledger::{Files, RECEIPTS_FILE};
use maud::{DOCTYPE, Markup, html};
use serde_json::{Value, json};

use super::super::looked::{Looked, Noted};
use super::super::record::{Item, Record};
use super::{NOT_ALL, bundle};
use crate::pages::compose::Held;
use crate::view::timeline::Said;
use crate::view::{card::Look, facts, words};

/// What the pages look like, on a screen and on paper.
const STYLE: &str = "body{font:1.125rem/1.5 sans-serif;margin:2rem auto;max-width:40rem;\
    padding:0 1rem}h2{margin-top:2.5rem}h3{margin:1.5rem 0 .5rem}p{margin:.5rem 0}\
    dt{font-weight:bold}dd{margin:0 0 .5rem}.meta{color:#505a5f}\
    article{border-top:1px solid #505a5f;break-inside:avoid}q{font-style:italic}\
    @media print{body{font-size:12pt;margin:0;max-width:none}}";

/// The guide. It names no place and nobody.
const README: &str = "\
YOUR RECORD

This is what you could read about you on the day below. It is yours.
Who opens these files can read all of them. Keep them in a safe place.

TO READ

record.html       What people wrote about you. Open it in any browser. You can print it.
who-looked.html   Who looked at your record, when and why.

FOR A COMPUTER

record.json       The same record: one Bundle of HL7 FHIR R4.
who-looked.json   The same list of looks, each with its receipts.

PROOFS

proofs.txt        A list of all the other files, each with its SHA-256, signed by the ledger.
receipts.txt      For each look a promise of the ledger that its note stays. It names nobody.

To check that nobody changed anything, on the ZIP file as it was downloaded:

  ken ledger verify-extract my-record.zip --trust KEYS

To check also that the notes of the looks are still there, ask us for a copy of the ledger, which
names nobody, or ask an auditor who has one:

  ken ledger verify-extract my-record.zip --trust KEYS --export LEDGER

KEYS is a file with the key of the ledger, which stands in the signed agreements. The program ken
needs no server and no network for this. The form of the files is public (docs/ledger-format.md of
the program), so others can write one that checks the same.

A check shows that nothing in these files was changed, and that what stands in them was written
down. It does not show that nothing else was.

";
/// What stands above the receipts.
const ABOUT: &str = "# Each is a receipt: a promise that a note stays, signed by the ledger.\n\
    # It names nobody. The last are for the note that you took this copy.\n";
const OLDER: &str = "Your record is longer than this file. You can ask us for the rest.";
const OLDER_LOOKS: &str = "These are the newest looks. There may be older ones that are not here.";

/// What is taken away.
#[derive(Debug)]
pub(super) struct Taken {
    /// When.
    pub(super) made: Timestamp,
    /// The record as its page has it.
    pub(super) record: Record,
    /// The same, item by item.
    pub(super) held: Vec<Held>,
    /// Who looked.
    pub(super) looked: Looked,
    /// The receipts of each look.
    pub(super) receipts: Vec<Vec<String>>,
    /// The receipts for taking it away.
    pub(super) own: Vec<String>,
    /// Whether all of the record is here that may be read.
    pub(super) is_whole: bool,
    /// Whether there may be older looks.
    pub(super) is_cut: bool,
}

/// All files.
pub(super) fn all(taken: &Taken) -> Files {
    let at = format!("{}.", words::day_long(words::local(taken.made).date()));
    let words = taken.receipts.iter().flatten().chain(&taken.own).map(String::as_str);
    let receipts = words.chain([""]).collect::<Vec<_>>().join("\n");
    let older = if taken.is_whole { String::new() } else { format!("{OLDER}\n") };
    let files = [
        ("README.txt", format!("{README}Made on {at} {NOT_ALL}\n{older}")),
        ("record.html", page("My record", &record(taken, &at)).into_string()),
        ("record.json", text(&bundle::bundle(&taken.held, taken.made))),
        ("who-looked.html", page("Who looked at my record", &looked(taken, &at)).into_string()),
        ("who-looked.json", text(&looks(taken))),
        (RECEIPTS_FILE, format!("{ABOUT}{receipts}")),
    ];
    files.map(|(name, text)| (name.to_owned(), text.into_bytes())).into()
}

/// JSON that somebody can read as well.
fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// A page that stands alone.
fn page(title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (STYLE) }
            }
            body { main { h1 { (title) } (main) } }
        }
    }
}

fn record(taken: &Taken, at: &str) -> Markup {
    let me: Vec<_> =
        taken.record.me.iter().map(|(label, value)| (label.as_str(), html! { (value) })).collect();
    html! {
        p { "These are things that people wrote about you. Made on " (at) " " (NOT_ALL) }
        @if !me.is_empty() { (facts::list(&me)) }
        @if taken.record.parts.is_empty() { p { "There was nothing here yet." } }
        @for (_, question, items) in &taken.record.parts {
            h2 { (question) }
            @for item in items { (one(item)) }
        }
        @if !taken.is_whole { p { (OLDER) } }
    }
}

/// One thing that was written, whole: nothing is closed on paper.
fn one(item: &Item) -> Markup {
    html! {
        article {
            h3 { (item.title) }
            @if let Some(note) = &item.note { p { (note) } }
            @for (title, says) in &item.sections {
                @if !title.is_empty() { h4 { (title) } }
                @for line in says.lines().filter(|line| !line.trim().is_empty()) { p { (line) } }
            }
            p.meta { (item.on) ". From " (item.source) "." }
            @for said in &item.words { p { (Said::line(said)) } }
        }
    }
}

fn looked(taken: &Taken, at: &str) -> Markup {
    html! {
        p {
            "This shows who opened your record, sent part of it on, or spoke with others about \
             you. Made on " (at) " " (NOT_ALL)
        }
        @if taken.looked.looks.is_empty() { p { "Nobody had opened your record." } }
        @for look in &taken.looked.looks {
            article {
                h2 { (look.organisation) }
                p { (look.who) }
                p { b { "When: " } (look.when) }
                p { b { "Why: " } (look.why) }
                p { b { "What: " } (look.what) }
                @for (rule, _) in &look.rules { p { b { "Which rule: " } (rule) } }
                @if let Some((word, _)) = &look.tag { p { b { (word) } } }
            }
        }
        @if !taken.looked.checked.is_empty() {
            h2 { "Emergencies that were checked" }
            ul { @for one in &taken.looked.checked { li { (one) } } }
        }
        @if taken.is_cut { p { (OLDER_LOOKS) } }
    }
}

/// Who looked, for a computer.
fn looks(taken: &Taken) -> Value {
    let of = taken.looked.looks.iter().zip(&taken.looked.noted).zip(&taken.receipts);
    let looks: Vec<_> = of.map(|((look, noted), receipts)| seen(look, noted, receipts)).collect();
    json!({
        "made": taken.made.to_string(),
        "looks": looks,
        "checked": taken.looked.checked,
        "older": taken.is_cut,
    })
}

fn seen(look: &Look, noted: &Noted, receipts: &[String]) -> Value {
    let rules: Vec<_> = look.rules.iter().map(|(rule, _)| rule).collect();
    json!({
        "at": noted.at.to_string(),
        "organisation": look.organisation,
        "who": look.who,
        "when": look.when,
        "why": look.why,
        "what": look.what,
        "rules": rules,
        "note": look.tag.as_ref().map(|(word, _)| word),
        "receipts": receipts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::facts::Tone;
    use crate::view::sample;

    fn taken(is_whole: bool) -> Taken {
        let item = Item {
            title: "Came to A&E".into(),
            on: "3 October 2026".into(),
            source: "NHS Glen".into(),
            note: Some("Went home <b>soon</b>.".into()),
            sections: vec![("Plan".into(), "Rest\n\nWater".into())],
            words: vec![sample::said()],
            below: None,
            versions: None,
        };
        let look = Look {
            organisation: "Glen Primary School".into(),
            who: "Teacher".into(),
            when: "3 October 2026, 9:42am".into(),
            why: "To support your wellbeing".into(),
            what: "what has happened".into(),
            rules: vec![("An agreement, clause D1".into(), Some("/my/agreements/ab12".into()))],
            tag: Some(("A copy was taken".into(), Tone::Warn)),
        };
        let made: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let noted = Noted { at: made, entries: vec![] };
        Taken {
            made,
            record: Record {
                me: vec![("Name".into(), "Isla Sample".into())],
                parts: vec![("happened", "What has happened?", vec![item])],
                ..Record::default()
            },
            held: vec![],
            looked: Looked { looks: vec![look], noted: vec![noted], ..Looked::default() },
            receipts: vec![vec!["cmVjZWlwdA".into()]],
            own: vec!["b3du".into()],
            is_whole,
            is_cut: !is_whole,
        }
    }

    /// What a browser would fetch or run.
    const ELSEWHERE: [&str; 8] =
        ["<script", "<link", "src=", "href=", "url(", "@import", "<iframe", "<form"];

    #[test]
    fn a_page_opens_without_a_network_and_runs_nothing() {
        let files = all(&taken(true));
        assert_eq!(files.len(), 6);
        for (name, bytes) in &files {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let Some((_, kind)) = name.rsplit_once('.') else { panic!("{name}") };
            if kind == "html" {
                assert!(text.starts_with("<!DOCTYPE html>") && text.contains("@media print"));
                for none in ELSEWHERE {
                    assert!(!text.contains(none), "{name} has {none}");
                }
            }
            if kind == "json" {
                serde_json::from_str::<Value>(&text).unwrap();
            }
        }
        let record = String::from_utf8(files["record.html"].clone()).unwrap();
        for want in ["Came to A&amp;E", "&lt;b&gt;soon", "<h4>Plan</h4>", "Water", "I was"] {
            assert!(record.contains(want), "{want}: {record}");
        }
        let looks: Value = serde_json::from_slice(&files["who-looked.json"]).unwrap();
        assert_eq!(looks["looks"][0]["receipts"], json!(["cmVjZWlwdA"]));
        let receipts = String::from_utf8(files[RECEIPTS_FILE].clone()).unwrap();
        assert!(receipts.ends_with("\ncmVjZWlwdA\nb3du\n"), "{receipts}");
    }

    #[test]
    fn what_is_left_out_for_length_is_said() {
        let says = |is_whole, words: &str| {
            let files = all(&taken(is_whole));
            let text: String = files.values().map(|one| String::from_utf8_lossy(one)).collect();
            text.contains(words)
        };
        for words in [OLDER, OLDER_LOOKS] {
            assert!(says(false, words) && !says(true, words), "{words}");
        }
        assert!(says(true, NOT_ALL));
    }
}
