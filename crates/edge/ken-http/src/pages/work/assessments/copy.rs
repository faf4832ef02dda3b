//! `/w/p/{person}/assessments/copy`: what was signed, to take away as tagged PDF, or for another
//! system as documents of the core standards.
//!
//! # Invariants
//!
//! - A copy is a disclosure of its own, of the kind *export*: the gate decides it, and the ledger
//!   has it, before there is a file.
//! - It holds the newest version, with what is kept apart of it as far as this reader may take it
//!   away; it bears its mark, who took it when, and the receipts of the ledger.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ken_agreement::Action;
use ken_agreement::show::{Block, Document, Section};
use ken_care::form::standard;
use ken_core::{PersonId, Purpose};
use ken_office::mark::{About, file_name};
use ken_office::paper::{self, Size};
use ken_records::Part;
use maud::html;
use serde::Deserialize;
use serde_json::Value;

use super::show::from;
use super::{Written, decide, written};
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::timeline::Said;
use crate::view::words;

/// What the form says where documents are wanted.
pub(super) const DOCUMENTS: &str = "documents";

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    size: String,
    #[serde(default)]
    kind: String,
}

/// `POST /w/p/{person}/assessments/copy`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let of = (person, wanted.purpose.parse().ok());
    let how = (Action::Export, Part::default());
    let refused = |purpose: &Purpose| no_copy(&app, &caller, person, purpose);
    let mut begun = match decide(&app, &caller, of, how, refused).await? {
        Ok(begun) => begun,
        Err(elsewhere) => return Ok(elsewhere),
    };
    compose::bring(&app, &mut begun.shown.held).await?;
    let all = written(&begun.shown.held, &begun.names);
    let found = all.iter().find(|one| one.id == wanted.item).ok_or(Stop::NotFound)?;
    let is_part =
        |one: &&Written| one.id == found.id || one.form().is_some() && one.is_of_one(found);
    let parts: Vec<_> = all.iter().filter(is_part).cloned().collect();
    if wanted.kind == DOCUMENTS {
        return Ok(documents(&parts).unwrap_or_else(|| no_document(&app, &caller, person)));
    }
    let receipts = ask::receipts(&app, begun.shown.entries).await?;
    let today = app.ctx(caller.request()).clock.today();
    let taken = format!("Taken by {} on {}.", caller.acts_as(), words::day_short(today));
    let size = if wanted.size == "large" { Size::Large } else { Size::Standard };
    // Laying out takes a while: not on a thread that others wait for.
    let made = tokio::task::spawn_blocking(move || {
        let head = (About::People, taken.as_str());
        paper::pdf(&document(&parts, &receipts), head, today, size)
    });
    let file = made.await.map_err(|_| Stop::Busy)??;
    Ok(attached(("application/pdf", "written.pdf"), file))
}

fn attached((kind, name): (&'static str, &str), file: Vec<u8>) -> Response {
    let kind = (header::CONTENT_TYPE, kind);
    let name = format!("attachment; filename=\"{}\"", file_name(About::People, name));
    ([kind], [(header::CONTENT_DISPOSITION, name)], file).into_response()
}

/// Every part as a document of its standard, with its marks; none where one of them is no such
/// thing.
fn documents(parts: &[Written]) -> Option<Response> {
    let all = parts.iter().map(|one| standard::document(&one.resource).ok());
    let all: Option<Vec<_>> = all.map(|one| Some(one?.value().clone())).collect();
    Some(attached(("application/json", "written.json"), Value::from(all?).to_string().into()))
}

/// It was written elsewhere, in a way that the standards do not have.
fn no_document(app: &App, caller: &Caller, person: PersonId) -> Response {
    let title = "You cannot take it for another system";
    let back = format!("/w/p/{person}/assessments");
    let main = html! {
        h1 { (title) }
        p { "It was not written in a form of Ken, and not all of it can be told in the standard." }
        p { a.care_lone href=(back) { "Back to assessments and plans" } }
    };
    let frame = caller.frame(app.site(), title).at("/w/find");
    (StatusCode::UNPROCESSABLE_ENTITY, frame.page(&main)).into_response()
}

/// What stands on paper.
fn document(parts: &[Written], receipts: &[String]) -> Document {
    let first = parts.first();
    let title = first.map_or("", |one| one.title.as_str()).to_owned();
    let signed = |one: &Written| {
        let by = one.by.as_deref().unwrap_or(&one.source);
        format!("Signed by {by} on {}.", one.on)
    };
    let mut sections: Vec<_> = parts.iter().flat_map(part).collect();
    if !receipts.is_empty() {
        let blocks = vec![Block::List(receipts.to_vec())];
        let title = "Receipts of the ledger".to_owned();
        sections.push(Section { number: "", title, blocks });
    }
    Document { title, below: first.map(signed).unwrap_or_default(), sections }
}

/// A part as a section, with what was answered before it.
fn part(one: &Written) -> Vec<Section> {
    let text = |text: &str| {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| Block::Text(line.to_owned())).collect()
    };
    let mut blocks = vec![];
    if let Some(day) = one.review {
        blocks.push(Block::Text(format!("Looked at again on {}.", words::day_short(day))));
    }
    let mut sections = vec![Section { number: "", title: one.title.clone(), blocks }];
    for (title, says) in &one.sections {
        let title = if title.is_empty() { "Note" } else { title };
        sections.push(Section { number: "", title: title.to_owned(), blocks: text(says) });
    }
    if !one.words.is_empty() {
        let title = "What the person says of it".to_owned();
        let said = one.words.iter().map(Said::line).collect();
        sections.push(Section { number: "", title, blocks: vec![Block::List(said)] });
    }
    let known = one.origins().into_iter();
    let known: Vec<_> = known.map(|(asked, of)| format!("{asked}: {}", from(&of))).collect();
    if !known.is_empty() {
        let title = "Answered before".to_owned();
        sections.push(Section { number: "", title, blocks: vec![Block::List(known)] });
    }
    sections
}

/// No clause lets this reader take a copy for this purpose. It is the same for everybody whom they
/// may not copy, whatever is held.
fn no_copy(app: &App, caller: &Caller, person: PersonId, purpose: &Purpose) -> Response {
    let back = super::show::address(person, purpose);
    let main = html! {
        h1 { "You cannot take a copy" }
        p { "No agreement lets your role take a copy away for this purpose." }
        p { "What you may read, you may read here. It is up to date here, and a copy is not." }
        p { a.care_lone href=(back) { "Back to assessments and plans" } }
    };
    let frame = caller.frame(app.site(), "You cannot take a copy").at("/w/find");
    (StatusCode::FORBIDDEN, frame.page(&main)).into_response()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_on_paper_is_all_that_was_signed_and_who_said_it_first() {
        let from = json!({ "url": "urn:ken:from", "extension": [
            { "url": "field", "valueString": "views" },
            { "url": "form", "valueString": "Child's plan" },
            { "url": "author", "valueString": "Dr Bea Doctor, NHS Glen" },
            { "url": "source", "valueString": "NHS Glen" },
            { "url": "day", "valueDate": "2026-11-03" },
        ] });
        let item = json!({ "linkId": "views", "extension": [from],
            "answer": [{ "valueString": "I want to stay" }] });
        let one = Written {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".into(),
            title: "Adult assessment".into(),
            name: "Adult assessment".into(),
            category: "assessment".parse().unwrap(),
            on: "3 Nov 2026".into(),
            source: "Glen Council".into(),
            at_source: "cec".parse().unwrap(),
            by: None,
            sections: vec![("Views".into(), "I want to stay\n\nIn my house".into())],
            words: vec![],
            review: Some(date(2027, 1, 31)),
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            version: 1,
            resource: json!({ "questionnaire": "urn:ken:form:adult-assessment|1", "item": [
                { "linkId": "s-views", "item": [item] }] }),
            at: Timestamp::UNIX_EPOCH,
        };
        let made = document(&[one], &["a2Vu".to_owned()]);
        assert_eq!(made.below, "Signed by Glen Council on 3 Nov 2026.");
        let told = format!("{:?}", made.sections);
        for want in [
            "Looked at again on 31 Jan 2027.",
            "I want to stay",
            "In my house",
            "What the person says, in their own words: Child's plan, 3 Nov 2026: Dr Bea",
            "a2Vu",
        ] {
            assert!(told.contains(want), "{want} in {told}");
        }
        let head = (About::People, "Taken by Jo Worker.");
        for size in [Size::Standard, Size::Large] {
            let file = paper::pdf(&made, head, date(2026, 11, 21), size).unwrap();
            assert!(file.starts_with(b"%PDF-1.7"), "{size:?}");
        }
    }
}
