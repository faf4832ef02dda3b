//! `/ig/drafts/{draft}/clauses/{clause}`: one clause of a draft: as it stands, and every proposal
//! for it side by side.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Path, State as Of};
use ken_agreement::{Clause, ClauseKey, Parts};
use ken_core::OrganisationId;
use ken_office::drafting::{Proposal, State, rule};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::draft::{self, Filled, Room};
use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::redline::redline;
use crate::view::table::{self, Table};
use crate::wire::csrf::Csrf;

/// Most open proposals that are compared in one table. House policy: more are not read at once.
const BESIDE_MAX: usize = 8;

/// `GET /ig/drafts/{draft}/clauses/{clause}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path((id, clause)): Path<(String, String)>,
) -> Result<Markup, Stop> {
    let room = draft::read(&app, &caller, &id).await?;
    let own = &caller.acting()?.organisation;
    let key: ClauseKey = clause.parse().map_err(|_| Stop::NotFound)?;
    let (filled, csrf) = (Filled::default(), caller.csrf());
    let main = match room.draft.of.clause(&key) {
        Some(clause) => show(&room, clause, own, (&filled, &[]), csrf),
        None if room.proposals.iter().any(|one| one.clause == key) => {
            absent(&room, &key, own, csrf)
        }
        None => return Err(Stop::NotFound),
    };
    Ok(draft::page(&app, &caller, &main))
}

/// The page of a clause that the text has.
pub(super) fn show(
    room: &Room,
    clause: &Clause,
    own: &OrganisationId,
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let open = room.draft.state == State::Open;
    html! {
        (summary(wrongs))
        h1 { "Clause " (clause.id) }
        (back(room))
        p { (clause.text) }
        (beside(room, &clause.id))
        (decided(room, &clause.id))
        (draft::said_of(room, clause.id.as_str()))
        @if open { (draft::comment(room, clause.id.as_str(), (filled, wrongs), csrf)) }
        @if open && room.draft.for_party(own).is_ok() {
            (propose(room, Some(clause), (filled, wrongs), csrf))
        }
        @if open && room.draft.for_lead(own).is_ok() {
            (decide(room, &clause.id, (filled, wrongs), csrf))
        }
    }
}

/// The page of a clause that is proposed, or that was there once.
fn absent(room: &Room, key: &ClauseKey, own: &OrganisationId, csrf: &Csrf) -> Markup {
    let leads = room.draft.for_lead(own).is_ok() && room.draft.state == State::Open;
    html! {
        h1 { "Clause " (key) }
        (back(room))
        p { "The text does not have this clause." }
        (beside(room, key))
        (decided(room, key))
        @if leads { (decide(room, key, (&Filled::default(), &[]), csrf)) }
    }
}

fn back(room: &Room) -> Markup {
    html! {
        p { a href={ "/ig/drafts/" (room.draft.id) } { (room.draft.of.agreement.title) } }
    }
}

fn open_ones<'a>(room: &'a Room, key: &'a ClauseKey) -> impl Iterator<Item = &'a Proposal> {
    room.proposals.iter().filter(move |one| one.clause == *key && one.decision.is_none())
}

/// Fields of a clause as they are written.
fn fields(clause: Option<&Clause>) -> Map<String, Value> {
    match clause.and_then(|clause| serde_json::to_value(clause).ok()) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// A field in words that people can compare.
fn written(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| written(Some(item))).collect();
            items.join(", ")
        }
        Some(Value::Object(table)) => {
            let pair =
                |(name, value): (&String, &Value)| format!("{name} {}", written(Some(value)));
            let pairs: Vec<_> = table.iter().map(pair).collect();
            pairs.join("; ")
        }
        Some(other) => other.to_string(),
    }
}

/// The clause and every open proposal for it, field by field, and what each would change.
fn beside(room: &Room, key: &ClauseKey) -> Markup {
    let now = fields(room.draft.of.clause(key));
    let ones: Vec<_> = open_ones(room, key).take(BESIDE_MAX).collect();
    if ones.is_empty() {
        return html! { p { "Nothing is proposed for this clause now." } };
    }
    let texts: Vec<_> = ones
        .iter()
        .map(|one| fields(rule::read_clause(key, &one.text).ok().flatten().as_ref()))
        .collect();
    let names: BTreeSet<&String> = now.keys().chain(texts.iter().flat_map(Map::keys)).collect();
    let rows = names.into_iter().map(|name| {
        let old = written(now.get(name));
        let cells = texts.iter().map(|text| redline(&old, &written(text.get(name))));
        let first = [html! { (name) }, html! { (old) }];
        first.into_iter().chain(cells).collect()
    });
    let heads: Vec<_> = ones
        .iter()
        .enumerate()
        .map(|(place, one)| format!("{}. {}", place + 1, party_name(&room.draft.of, &one.by)))
        .collect();
    let mut columns = vec!["Field", "As it stands"];
    columns.extend(heads.iter().map(String::as_str));
    let table =
        Table { id: "beside", caption: "Side by side", columns: &columns, rows: rows.collect() };
    html! {
        h2 { "What is proposed" }
        (table::show(&table))
        @for (place, one) in ones.iter().enumerate() {
            h3 { "Proposal " (place + 1) ", by " (party_name(&room.draft.of, &one.by)) }
            @if one.text.is_empty() { p { "It takes the clause away." } }
            @if rule::stands(&room.draft.of, key) != one.base {
                p { b { "The clause has changed since this was proposed." } }
            }
            p { "Why: " (one.why) }
            (draft::changes(&one.said))
        }
    }
}

fn decided(room: &Room, key: &ClauseKey) -> Markup {
    let ones = room.proposals.iter().filter(|one| one.clause == *key);
    let ones: Vec<_> = ones.filter_map(|one| Some((one, one.decision.as_ref()?))).collect();
    html! {
        @if !ones.is_empty() {
            h2 { "What was decided" }
            ul { @for (one, (accepted, reason)) in ones {
                li {
                    (party_name(&room.draft.of, &one.by)) ": "
                    @if *accepted { "accepted" } @else { "declined" }
                    ". " (reason)
                }
            } }
        }
    }
}

fn propose(
    room: &Room,
    clause: Option<&Clause>,
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let action = format!("/ig/drafts/{}", room.draft.id);
    let key = clause.map(|clause| clause.id.to_string()).unwrap_or_default();
    let hidden = [("what", "propose".to_owned()), ("clause", key)];
    let form = Form { action: &action, csrf, button: "Propose it", hidden: &hidden };
    let clauses = clause.cloned().into_iter().collect();
    let stands = Parts { clauses, bases: vec![] }.to_toml();
    let text = if filled.text.is_empty() { &stands } else { &filled.text };
    let hint = if clause.is_some() {
        "The whole clause as it should be. Leave it empty to propose that it goes."
    } else {
        "The whole clause, under [[clause]]."
    };
    form.post(&html! {
        (Field::whole("text", "The clause", text).hinted(hint).show(wrongs))
        (Field::long("why", "Why?", &filled.why).show(wrongs))
    })
}

/// The form for a clause that the text does not have.
pub(super) fn new(room: &Room, given: (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    html! { h2 { "Propose a new clause" } (propose(room, None, given, csrf)) }
}

fn decide(
    room: &Room,
    key: &ClauseKey,
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let ones: Vec<_> = open_ones(room, key).take(BESIDE_MAX).collect();
    if ones.is_empty() {
        return html! {};
    }
    let action = format!("/ig/drafts/{}", room.draft.id);
    let hidden = [("what", "decide".to_owned()), ("clause", key.to_string())];
    let form = Form { action: &action, csrf, button: "Decide it", hidden: &hidden };
    let choice = |value: &str, label: String| Choice { value: value.to_owned(), label, hint: None };
    let which = |(place, one): (usize, &&Proposal)| {
        let words = format!("Proposal {}, by {}", place + 1, party_name(&room.draft.of, &one.by));
        choice(&one.id.to_string(), words)
    };
    let which: Vec<_> = ones.iter().enumerate().map(which).collect();
    let ways = [choice("accept", "Accept it".into()), choice("decline", "Decline it".into())];
    html! {
        h2 { "Decide, as the party that leads it" }
        (form.post(&html! {
            (choices("Which proposal?", "proposal", &which, "", wrongs))
            (choices("What becomes of it?", "decision", &ways, "", wrongs))
            (Field::long("reason", "The reason", &filled.reason).show(wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn proposals_that_conflict_stand_side_by_side() {
        let mut room = draft::tests::room();
        let of = room.draft.of.clone();
        let clause = of.clause(&"C5".parse().unwrap()).unwrap();
        let page = |room: &Room, own: &str| {
            let given = (&Filled::default(), &[][..]);
            let own = own.parse().unwrap();
            let page = show(room, clause, &own, given, &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            page
        };
        let shown = page(&room, "cec");
        for want in ["1. Glen Police", "2. Glen Council", "<ins>", "<del>", "Decide it", "A &lt;re"]
        {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        assert!(!page(&room, "police").contains("Decide it"));
        assert!(!page(&room, "union").contains("Propose it"));
        room.proposals[0].base = "another".into();
        assert!(page(&room, "cec").contains("has changed since this was proposed"));
        room.proposals[0].decision = Some((false, "Too wide".into()));
        assert!(page(&room, "cec").contains("declined. Too wide"));
        let gone = absent(&room, &clause.id, &"cec".parse().unwrap(), &Csrf::of("x")).into_string();
        rules::assert_part(&gone);
    }
}
