//! `/my/looked`: who looked at my record, and why.
//!
//! # Invariants
//!
//! - The organisation that looked is named, never the hub.
//! - Only looks that the person may see are read here; the page has no count of the others.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::State as Of;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{Category, ClauseId, OrganisationId, PersonId, Purpose};
use ken_ledger::{Entry, EntryKind, PAGE_MAX, Page, RECEIPTS_MAX, Stream};
use ken_sharing::bundle::Bundle;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde_json::Value;

use super::agreements::{self, Pages};
use super::checked::{self, Checked};
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::facts::Tone;
use crate::view::words;

use crate::view::card::{self, Look};
use crate::view::panel::{self, Panel, State};

/// `GET /my/looked`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let looked = looks(&app, &caller).await?;
    let frame = caller.frame(app.site(), "Who looked at my record").at("/my/looked");
    Ok(frame.page(&show(&looked)))
}

/// The looks that the person may see, those of one day and role together.
///
/// # Errors
///
/// What the ledger or the gate says.
pub(crate) async fn looks(app: &App, caller: &Caller) -> Result<Looked, Stop> {
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let names = ask::names(app).await?;
    let pages = agreements::pages(app, caller).await?;
    let (entries, released) = entries(app, person).await?;
    let is_more = entries.len() >= usize::try_from(PAGE_MAX).unwrap_or(usize::MAX);
    let mut days: BTreeMap<_, Seen> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Permit) {
        let Some(seen) = entry.detail.as_ref().and_then(|detail| seen(entry.at, detail)) else {
            continue;
        };
        let day = words::local(seen.last).date();
        let key = (day, seen.organisation.clone(), seen.role.clone());
        match days.get_mut(&key) {
            Some(together) => together.join(seen),
            None => drop(days.insert(key, seen)),
        }
    }
    let seen: Vec<_> = days.into_values().collect();
    let today = ctx.clock.today();
    let checked: Vec<_> = entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::EmergencyReview)
        .filter_map(|entry| unreleased(entry, &names, today))
        .collect();
    let look = |seen: &Seen| {
        let organisation = compose::name_of(&names, &seen.organisation);
        seen.look(organisation, (&current.bundle, &pages), today)
    };
    let mut looks: Vec<_> = seen.iter().map(|seen| (seen.last, look(seen))).collect();
    for one in &released {
        let organisation = compose::name_of(&names, &one.organisation);
        looks.push((one.from, one.look(organisation, today)));
    }
    looks.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(Looked { looks: looks.into_iter().map(|(_, look)| look).collect(), checked, is_more })
}

/// An emergency access that was checked before a check released anything, in a sentence.
fn unreleased(entry: &Entry, names: &ask::Names, today: jiff::civil::Date) -> Option<String> {
    let detail = entry.detail.as_ref().filter(|detail| detail.get("released").is_none())?;
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let organisation = compose::name_of(names, &text("organisation")?.parse().ok()?);
    let found = match text("outcome")? {
        "justified" => "It was right to open it.",
        _ => "It was not right to open it. We must put that right with you.",
    };
    let when = words::moment_long(entry.at, today);
    Some(format!(
        "Somebody at {organisation} opened your record in an emergency. It was checked: {when}. \
         {found}"
    ))
}

/// `GET /my/receipts`: the ledger's receipts of the looks that the person may see here, in a file
/// that names nobody. That of an own visit stands on the page visited: what the ledger has of those
/// may wait with all else, and would tell by its absence that something waits.
pub(crate) async fn receipts(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    let (entries, _) = entries(&app, caller.own()?).await?;
    let is_look = |entry: &&Entry| {
        let detail = entry.detail.as_ref().filter(|_| entry.kind == EntryKind::Permit);
        detail.and_then(|detail| seen(entry.at, detail)).is_some()
    };
    let looks = entries.iter().filter(is_look);
    let of = |entry: &Entry| match &entry.stream {
        Stream::Person(person) => Some((*person, entry.id)),
        Stream::Organisation(_) => None,
    };
    let words = ask::receipts(&app, looks.filter_map(of).take(RECEIPTS_MAX)).await?;
    let text = format!("{ABOUT}{}\n", words.join("\n"));
    let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"receipts.txt\"");
    Ok(([kind, name], text).into_response())
}

/// What stands above the receipts in the file.
const ABOUT: &str = "# Each is a receipt: a promise that a note stays, signed by the ledger.\n\
    # It names nobody. To check: ken ledger check-receipt THIS-FILE EXPORT --trust KEYS\n";

/// What the person may see, and among it the emergencies that were checked.
async fn entries(app: &App, person: PersonId) -> Result<(Vec<Entry>, Vec<Checked>), Stop> {
    let page = Page { before: None, limit: PAGE_MAX };
    let read = async |s: &mut Snapshot| {
        let mut entries = vec![];
        for one in ken_person::together(s, person).await? {
            entries.extend(ken_ledger::person_entries(s, app.keys(), one, page).await?);
        }
        let mut found = vec![];
        let reviews = entries.iter().filter(|entry| entry.kind == EntryKind::EmergencyReview);
        for detail in reviews.filter_map(|entry| entry.detail.as_ref()) {
            found.extend(checked::read(s, detail).await?);
        }
        Ok::<_, Stop>((entries, found))
    };
    app.db().snapshot("http.looked", read).await
}

/// What one entry, or those of one day together, say.
#[derive(Debug)]
struct Seen {
    organisation: OrganisationId,
    role: String,
    purposes: BTreeSet<Purpose>,
    last: Timestamp,
    times: usize,
    categories: BTreeSet<Category>,
    clauses: BTreeSet<ClauseId>,
}

/// Reads an entry; `None` for the person's own look, which is no news to them.
fn seen(at: Timestamp, detail: &Value) -> Option<Seen> {
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let (mut categories, mut clauses) = (BTreeSet::new(), BTreeSet::new());
    for source in detail.get("from").and_then(Value::as_object)?.values() {
        for (clause, of) in source.get("clauses").and_then(Value::as_object).into_iter().flatten() {
            clauses.extend(clause.parse::<ClauseId>().ok());
            let words = of.as_array().into_iter().flatten().filter_map(Value::as_str);
            categories.extend(words.filter_map(|word| word.parse::<Category>().ok()));
        }
    }
    Some(Seen {
        organisation: text("organisation")?.parse().ok()?,
        role: text("role")?.to_owned(),
        purposes: BTreeSet::from([text("purpose")?.parse().ok()?]),
        last: at,
        times: 1,
        categories,
        clauses,
    })
}

impl Seen {
    fn join(&mut self, other: Self) {
        self.times += other.times;
        self.last = self.last.max(other.last);
        self.purposes.extend(other.purposes);
        self.categories.extend(other.categories);
        self.clauses.extend(other.clauses);
    }

    fn look(&self, organisation: String, known: Known<'_>, today: jiff::civil::Date) -> Look {
        let when = words::moment_long(self.last, today);
        let rules: BTreeSet<_> = self.clauses.iter().map(|id| rule(known, id)).collect();
        let what: Vec<_> = self.categories.iter().map(words::category_plain).collect();
        let why: Vec<_> = self.purposes.iter().map(words::purpose_plain).collect();
        let is_emergency = self.purposes.iter().any(|of| of.as_str() == ask::VITAL);
        Look {
            organisation,
            who: words::role(&self.role),
            when: if self.times > 1 { format!("{when} ({} times)", self.times) } else { when },
            why: why.join("; "),
            what: what.join(", "),
            rules: rules.into_iter().collect(),
            tag: is_emergency.then(|| ("Emergency access".to_owned(), Tone::Warn)),
        }
    }
}

/// The policies that are held, and what may be said of their agreements.
type Known<'a> = (&'a Bundle, &'a Pages);

/// A clause with the page that explains its agreement. What is withheld from the register is not
/// named; law, and what has ended, has no page.
fn rule((bundle, pages): Known<'_>, id: &ClauseId) -> (String, Option<String>) {
    match bundle.clause(id) {
        Some((of, _)) if !pages.hidden.contains(&of.hash()) => {
            let hash = of.hash();
            let page = pages.open.contains(&hash).then(|| format!("/my/agreements/{hash}"));
            (ask::citation(of, id), page)
        }
        _ => ("A rule that has no page here. You can ask us about it.".to_owned(), None),
    }
}

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looked {
    /// The looks, the newest first.
    pub(crate) looks: Vec<Look>,
    /// Emergency accesses that were checked, each in a sentence.
    pub(crate) checked: Vec<String>,
    /// Whether only the newest are shown.
    pub(crate) is_more: bool,
}

/// The page's content.
pub(crate) fn show(looked: &Looked) -> Markup {
    let state = if looked.looks.is_empty() {
        State::Nothing {
            looked: "Nobody has opened your record yet.".into(),
            caution: "When somebody does, you can read it here.".into(),
        }
    } else {
        let shown = html! {
            (card::looks(&looked.looks))
            @if looked.is_more { p { "These are the newest. You can ask for older ones." } }
        };
        State::Content { shown, from: None }
    };
    let heading = match looked.looks.len() {
        0 => "So far".to_owned(),
        1 => "1 time".to_owned(),
        count => format!("{count} times"),
    };
    html! {
        h1 { "Who looked at my record" }
        p { "This page shows who opened your record, when, and why." }
        p {
            "Each look was allowed by a rule. You can "
            a href="/my/agreements" { "read the rules" } " and "
            a href="/my/choices" { "ask for a change" } "."
        }
        p { (MORE) }
        (panel::show(&Panel { id: "looks", heading, open: true, state }))
        @if !looked.checked.is_empty() {
            h2 { "Emergencies that were checked" }
            ul { @for one in &looked.checked { li { (one) } } }
        }
        h2 { "Keep a receipt" }
        p {
            "A receipt is a promise that nobody can wipe out these notes. It says nothing about \
             you. If you keep it somewhere safe, we cannot hide that a note was there."
        }
        p { a href="/my/receipts" download { "Get the receipts as a small file" } }
        h2 { "Does something look wrong?" }
        p { "Tell us. We must find out and answer you. How to reach us is below." }
    }
}

/// One fixed text for everyone: it says nothing about this person (`core.md` 2.9).
pub(crate) const MORE: &str = "Law or safety may keep some things from this page.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn looks_are_counted_and_their_absence_explained() {
        let look = Look {
            organisation: "Glen Primary School".into(),
            who: "Ms A Teacher".into(),
            when: "Today, 9:42am".into(),
            why: "To support your wellbeing".into(),
            what: "what has happened".into(),
            rules: vec![],
            tag: None,
        };
        let checked = vec!["It was right to <open> it.".to_owned()];
        let looked = Looked { looks: vec![look.clone(), look], checked, is_more: true };
        let shown = show(&looked).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("2 times") && shown.contains(MORE));
        assert!(shown.contains("Emergencies that were checked") && shown.contains("&lt;open&gt;"));
        let empty = show(&Looked::default()).into_string();
        rules::assert_part(&empty);
        assert!(empty.contains("Nobody has opened") && empty.contains(MORE));
    }
}
