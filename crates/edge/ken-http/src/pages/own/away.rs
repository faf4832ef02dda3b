//! `/my/take-away`: all that a person may read here about themselves, in one file that opens
//! anywhere, with the log's word for every byte of it.
//!
//! # Invariants
//!
//! - A copy is a disclosure of the kind *export*: the gate decides each part of it, and the ledger
//!   has it, before there is a file.
//! - It is made of what the pages of one's own show, and of nothing else: what may not be seen
//!   changes no byte of it, and so no count, order or length.
//! - Parts are read one after another, at most [`PARTS_MAX`], and one file is made at a time.
//!
//! Source: ADR 83.

mod bundle;
mod files;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State as Of;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ken_agreement::Action;
use ken_ledger::RECEIPTS_MAX;
use ken_office::mark::{About, file_name};
use ken_records::{Part, Size};
use ken_sharing::gate::Caller as Asker;
use maud::{Markup, html};

use super::looked;
use super::record::{Record, record};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Names, Shown};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::form::Form;
use crate::wire::csrf::Csrf;
use files::Taken;

/// Where it is.
pub(super) const ADDRESS: &str = "/my/take-away";
const TITLE: &str = "Take everything away";
/// Most parts that are read for one file, each of at most [`ken_records::ITEMS_MAX`] events. House
/// policy: eighty years with an event every four days.
const PARTS_MAX: usize = 4;
/// After so many bytes no further part is read, so that the file stays far below the longest.
const BYTES_MAX: usize = 4 << 20;

/// `GET /my/take-away`: what will be in the file. It reads nothing of the person.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    caller.own()?;
    Ok(caller.frame(app.site(), TITLE).at("/my/record").page(&show(caller.csrf())))
}

/// `POST /my/take-away`: the file.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    let _turn = app.copies().acquire().await.map_err(|_| Stop::Busy)?;
    let names = ask::names(&app).await?;
    let shown = Box::pin(read(&app, &caller, &names)).await?;
    let taken = Box::pin(taken(&app, &caller, (shown, &names))).await?;
    let (receipts, made) = (app.receipts().clone(), taken.made);
    // Hashing takes a while: not on a thread that others wait for.
    let file = tokio::task::spawn_blocking(move || receipts.extract(files::all(&taken), made));
    let file = file.await.map_err(|_| Stop::Busy)?.map_err(|error| Stop::Fault(error.code()))?;
    let name = format!("attachment; filename=\"{}\"", file_name(About::Own, "my-record.zip"));
    let head = [(header::CONTENT_TYPE, "application/zip".to_owned())];
    Ok((head, [(header::CONTENT_DISPOSITION, name)], file).into_response())
}

/// All that the person may read of their record, part by part, as far as a file goes.
async fn read(app: &App, caller: &Caller, names: &Names) -> Result<Shown, Stop> {
    let ctx = app.ctx(caller.request());
    let mut part = Part { size: Size::Copy, ..Part::default() };
    let (mut all, mut bytes) = (None, 0);
    for _ in 0..PARTS_MAX {
        let asked = Ask {
            by: Asker::Own(caller.session().account),
            person: caller.own()?,
            action: Action::Export,
            purpose: ask::purpose(ask::OWN_RECORD)?,
            sources: names.keys().cloned().collect(),
            only: None,
            part: part.clone(),
        };
        // No rule in force lets people take their own record away here: there is no such file.
        let Answer::Shown(mut shown) = ask::ask(app, &ctx, &asked).await? else {
            return Err(Stop::NotFound);
        };
        compose::bring(app, &mut shown.held).await?;
        let next = shown.next;
        bytes +=
            shown.held.iter().map(|held| held.resource.value().to_string().len()).sum::<usize>();
        join(&mut all, shown);
        match next {
            Some(end) if bytes < BYTES_MAX => part = part.beyond(end),
            _ => break,
        }
    }
    all.ok_or(Stop::NotFound)
}

/// Puts a further part to what was read. What stands is in every part, and an event of this one may
/// have stood beside those of another: each is there once. The receipts are those of the first: how
/// many parts there were is not told.
fn join(all: &mut Option<Shown>, more: Shown) {
    let Some(all) = all else {
        *all = Some(more);
        return;
    };
    let events = more.held.into_iter().filter(|held| held.is_of_part);
    let events: Vec<_> = events.collect();
    let here: BTreeSet<_> = events.iter().map(|held| held.point.item()).collect();
    all.held.retain(|held| held.is_of_part || !here.contains(&held.point.item()));
    all.held.extend(events);
    all.next = more.next;
    all.is_whole &= more.is_whole;
}

/// Puts what was disclosed, and what the ledger shows of who looked, into the parts of a file.
async fn taken(app: &App, caller: &Caller, (shown, names): (Shown, &Names)) -> Result<Taken, Stop> {
    let made = app.clock().now();
    let own = ask::receipts(app, shown.entries.iter().copied()).await?;
    let record = alone(record(&shown, names, (app.clock().today(), caller.csrf())));
    let looked = looked::for_file(app, caller).await?;
    let entries: Vec<_> = looked.noted.iter().flat_map(|one| one.entries.iter().copied()).collect();
    let most = RECEIPTS_MAX.saturating_sub(own.len());
    let is_cut = looked.earlier.is_some() || entries.len() > most;
    let mut words = ask::receipts(app, entries.into_iter().take(most)).await?.into_iter();
    let of = |count: usize| words.by_ref().take(count).collect();
    let receipts = looked.noted.iter().map(|one| one.entries.len()).map(of).collect();
    let is_whole = shown.is_whole && shown.next.is_none();
    Ok(Taken { made, record, held: shown.held, looked, receipts, own, is_whole, is_cut })
}

/// The record without what can be done with it on its page.
fn alone(mut record: Record) -> Record {
    for item in record.parts.iter_mut().flat_map(|(_, _, items)| items) {
        (item.below, item.versions) = (None, None);
    }
    record
}

/// The page's content: the same for everybody.
fn show(csrf: &Csrf) -> Markup {
    html! {
        h1 { (TITLE) }
        p { "You can take your record home. It is one file. It opens on your own computer or \
            phone. You do not need us, or the web, to read it." }
        h2 { "What is in the file" }
        ul {
            li { "What you can read here about you. It is a page for you to read or print. It is \
                also there for a computer (FHIR)." }
            li { "Who looked at your record, when and why." }
            li { "Proofs. With them, others can check that nobody changed the file. They can also \
                check that nobody wiped out the note of a look." }
            li { "A short guide." }
        }
        h2 { "What is not in it" }
        ul {
            li { "Who wrote each thing down. You can ask us." }
            li { "What you wrote to your team, and your choices. You can read these here." }
            li { (NOT_ALL) }
        }
        h2 { "How big it is" }
        p { "Most files are smaller than a photo. No file is bigger than 64 MB. If your record is \
            very long, the oldest things may not fit. Then the file says so." }
        h2 { "Keep it safe" }
        div.care_state {
            p { b { "Who opens this file can read all of it." } " It has no password." }
            p { "Do not keep it on a phone or computer that others use. Do not send it by email \
                if others can read your email. If it is not safe for you to have it now, you can \
                come back and take it later." }
        }
        (Form { action: ADDRESS, csrf, button: "Make the file", hidden: &[] }.post(&html! {
            p { "It can take a minute. We keep a note that you took it." }
        }))
        p { a.care_lone href="/my/record" { "Back to my record" } }
    }
}

/// One fixed text for everyone, as [`looked::MORE`] is of a page.
const NOT_ALL: &str = "Law or safety may keep some things from this file.";

#[cfg(test)]
mod tests {
    use ken_records::Point;

    use super::*;
    use crate::pages::compose::Held;
    use crate::view::rules;

    #[test]
    fn the_page_warns_everybody_alike() {
        let shown = show(&Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        for want in ["Who opens this file", NOT_ALL, "64 MB", "Make the file"] {
            assert!(shown.contains(want), "{want}");
        }
        assert_eq!(ken_ledger::ARCHIVE_BYTES_MAX, 64 << 20, "the page says so");
    }

    /// An item as a part has it.
    fn held(number: u32, is_of_part: bool) -> Held {
        let item = format!("0190163d-8694-739b-aea5-{number:012}").parse().unwrap();
        let mut held = bundle::tests::held(item, &serde_json::json!({}));
        held.is_of_part = is_of_part;
        held
    }

    fn part(items: Vec<Held>, next: Option<Point>) -> Shown {
        Shown { held: items, is_whole: true, next, ..Shown::default() }
    }

    #[test]
    fn each_item_of_several_parts_is_there_once() {
        let mut all = None;
        let first = vec![held(1, true), held(2, true), held(3, false), held(4, false)];
        let end = first.get(1).map(|held| held.point);
        join(&mut all, part(first, end));
        // What stood beside the first is an event of the second; what stands is there again.
        join(&mut all, part(vec![held(3, true), held(5, true), held(4, false)], None));
        let all = all.unwrap();
        let of = |held: &Held| (held.point.item().to_string(), held.is_of_part);
        let have: Vec<_> = all.held.iter().map(of).collect();
        let want = [(1, true), (2, true), (4, false), (3, true), (5, true)];
        let want = want.map(|(number, is_of_part)| of(&held(number, is_of_part)));
        assert_eq!((have, all.next), (want.to_vec(), None));
    }
}
