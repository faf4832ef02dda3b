//! `/notices`: the privacy notices that were published, for anybody and without signing in.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State as Of};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ken_core::InstrumentHash;
use ken_office::notice::{self, Block, Heading, Published, Reading};
use ken_office::register;
use ken_store::Snapshot;
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use crate::App;
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::{Area, Frame, card, words};

/// What the address carries: a closed word.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    reading: String,
}

/// What the public may read: each notice, and how many agreements are withheld.
struct Public {
    shown: Vec<Heading>,
    withheld: usize,
}

/// `GET /notices`.
pub(crate) async fn get(Of(app): Of<App>) -> Result<Markup, Stop> {
    let public = public(&app).await?;
    Ok(frame(&app, "Privacy notices", &list(&public)))
}

/// `GET /notices/{hash}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Path(hash): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Stop> {
    let main = notice(&app, &hash, &asked, "/notices").await?;
    Ok(frame(&app, "Privacy notice", &main))
}

/// One notice that the public may read; its other readings are under `place`.
///
/// # Errors
///
/// [`Stop::NotFound`] where there is none, and what the registers say.
pub(crate) async fn notice(
    app: &App,
    hash: &str,
    asked: &Asked,
    place: &str,
) -> Result<Markup, Stop> {
    let (published, public) = find(app, hash).await?;
    let newest = public.shown.iter().find(|one| one.agreement == published.notice.agreement);
    Ok(show(&published, newest, asked.reading == "easy", place))
}

/// The newest notice of each agreement that the public may read, by the text it is made from.
///
/// # Errors
///
/// What the registers say.
pub(crate) async fn by_text(app: &App) -> Result<BTreeMap<InstrumentHash, InstrumentHash>, Stop> {
    let shown = public(app).await?.shown;
    // The newest come first, and stay.
    Ok(shown.into_iter().rev().map(|one| (one.instrument, one.hash)).collect())
}

/// `GET /notices/{hash}/notice.json`: the very bytes, so that anybody can check their hash.
pub(crate) async fn bytes(Of(app): Of<App>, Path(hash): Path<String>) -> Result<Response, Stop> {
    let (published, _) = find(&app, &hash).await?;
    let kind = (header::CONTENT_TYPE, "application/json");
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"notice.json\"");
    Ok(([kind, name], published.bytes).into_response())
}

fn frame(app: &App, title: &str, main: &Markup) -> Markup {
    Frame::plain(app.site(), title, Area::Outside).page(main)
}

async fn public(app: &App) -> Result<Public, Stop> {
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((notice::list(s).await?, register::withheld(s).await?))
    };
    let (mut shown, withheld) = app.db().snapshot("http.published", read).await?;
    shown.retain(|one| !withheld.contains_key(&one.instrument));
    Ok(Public { shown, withheld: withheld.len() })
}

/// A notice that the public may read.
async fn find(app: &App, hash: &str) -> Result<(Published, Public), Stop> {
    let hash: InstrumentHash = hash.parse().map_err(|_| Stop::NotFound)?;
    let public = public(app).await?;
    if !public.shown.iter().any(|one| one.hash == hash) {
        return Err(Stop::NotFound);
    }
    let read = async |s: &mut Snapshot| notice::find(s, &hash).await;
    let found = app.db().snapshot("http.published-one", read).await?;
    Ok((found.ok_or(Stop::NotFound)?, public))
}

fn list(public: &Public) -> Markup {
    let mut by_agreement: BTreeMap<&str, Vec<&Heading>> = BTreeMap::new();
    for heading in &public.shown {
        by_agreement.entry(&heading.agreement).or_default().push(heading);
    }
    let cards: Vec<_> = by_agreement.values().map(|versions| card_of(versions)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No notice is published here yet.".into(),
            caution: "Nothing is shared under an agreement before its notice is published.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    let withheld = match public.withheld {
        0 => "No agreement is withheld.".to_owned(),
        1 => "One agreement is withheld with its notice, with a recorded reason.".to_owned(),
        more => {
            format!("{more} agreements are withheld with their notices, with recorded reasons.")
        }
    };
    html! {
        h1 { "Privacy notices" }
        p { "What happens with information about you, agreement by agreement." }
        (panel::show(&Panel { id: "notices", heading: "Notices".into(), open: true, state }))
        p { (withheld) }
        p { a href="/register" { "The agreements themselves" } }
    }
}

fn card_of(versions: &[&Heading]) -> Markup {
    html! {
        @for (place, heading) in versions.iter().enumerate() {
            @if place == 0 {
                h3 { a href={ "/notices/" (heading.hash) } { (heading.title) } }
                p { "Notice " (heading.number) ", published "
                    (words::day_short(words::local(heading.at).date())) ". "
                    a href={ "/notices/" (heading.hash) "?reading=easy" } { "Easy read" } }
            } @else {
                p { "Before it: " a href={ "/notices/" (heading.hash) } {
                    "notice " (heading.number) " of "
                    (words::day_short(words::local(heading.at).date())) } }
            }
        }
    }
}

fn show(published: &Published, newest: Option<&Heading>, easy: bool, place: &str) -> Markup {
    let notice = &published.notice;
    let shown = if easy { &notice.easy } else { &notice.standard };
    let address = format!("{place}/{}", published.hash);
    html! {
        h1 { (shown.title) }
        @if let Some(newest) = newest.filter(|newest| newest.hash != published.hash) {
            p { b { "A newer notice has replaced this one." } " "
                a href={ (place) "/" (newest.hash) } { "Read notice " (newest.number) } }
        }
        p {
            @if easy { a href=(address) { "The standard reading" } }
            @else { a href={ (address) "?reading=easy" } { "Easy read" } }
        }
        (body(shown, 2, "notice"))
        p { "Notice " (notice.number) ", published "
            (words::day_long(words::local(published.at).date()))
            ". It has not been changed since: its identity is "
            code.care_code { (published.hash) } ", and "
            a href={ "/notices/" (published.hash) "/notice.json" } { "its exact bytes" }
            " can be checked." }
        p { a href="/notices" { "All notices" } }
    }
}

/// A reading with its title below a heading of the second level; `name` is unique on the page.
pub(super) fn reading(shown: &Reading, name: &str) -> Markup {
    html! { p { b { (shown.title) } } (body(shown, 3, name)) }
}

fn body(shown: &Reading, level: u8, name: &str) -> Markup {
    html! {
        @if !shown.below.is_empty() { p { (shown.below) } }
        @for (place, section) in shown.sections.iter().enumerate() {
            (heading(level, &section.title))
            @for (at, block) in section.blocks.iter().enumerate() {
                (piece(block, &section.title, &format!("{name}-{place}-{at}")))
            }
        }
    }
}

/// A heading; two levels are all that notices have.
fn heading(level: u8, title: &str) -> PreEscaped<String> {
    if level == 2 {
        html! { h2 { (title) } }
    } else {
        html! { h3 { (title) } }
    }
}

fn piece(block: &Block, title: &str, id: &str) -> Markup {
    match block {
        Block::Text(text) => html! { p { (text) } },
        Block::List(items) => html! { ul { @for item in items { li { (item) } } } },
        Block::Table(head, rows) => {
            let columns: Vec<_> = head.iter().map(String::as_str).collect();
            let rows = rows.iter().map(|row| row.iter().map(|cell| html! { (cell) }).collect());
            table::show(&Table { id, caption: title, columns: &columns, rows: rows.collect() })
        }
    }
}

#[cfg(test)]
mod tests {
    use ken_agreement::Instrument;

    use super::*;
    use crate::view::rules;

    fn heading(number: i64, hash: &str) -> Heading {
        Heading {
            hash: hash.parse().unwrap(),
            instrument: "ab".parse().unwrap(),
            agreement: "glen-asp-concern".into(),
            number,
            title: "Adult <concern>".into(),
            at: "2026-11-21T09:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_notice_says_which_it_is_and_what_replaced_it() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let notice = notice::draft(&Instrument::parse(text).unwrap(), 1);
        let hash = "01".parse().unwrap();
        let (by, at) = ("cec".parse().unwrap(), "2026-11-21T09:00:00Z".parse().unwrap());
        let published = Published { hash, notice, bytes: String::new(), by, at };
        for (newest, replaced) in [(heading(2, "02"), true), (heading(1, "01"), false)] {
            for easy in [true, false] {
                let page = show(&published, Some(&newest), easy, "/my/notices").into_string();
                rules::assert_part(&page);
                assert_eq!(page.contains("has replaced this one"), replaced);
                assert_eq!(page.contains("The law that allows it"), !easy);
                assert_eq!(page.contains("href=\"/my/notices/01?reading=easy\""), !easy);
            }
        }
    }

    #[test]
    fn the_list_has_the_newest_first_and_counts_what_is_withheld() {
        let shown = vec![heading(2, "02"), heading(1, "01")];
        let page = list(&Public { shown, withheld: 1 }).into_string();
        rules::assert_part(&page);
        for want in ["Notice 2", "notice 1 of", "One agreement is withheld"] {
            assert!(page.contains(want), "{want} in {page}");
        }
        let page = list(&Public { shown: vec![], withheld: 0 }).into_string();
        rules::assert_part(&page);
        assert!(page.contains("No notice is published here yet"));
    }
}
