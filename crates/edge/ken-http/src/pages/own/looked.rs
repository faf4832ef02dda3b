//! `/my/looked`: who looked at my record, and why.
//!
//! # Invariants
//!
//! - The organisation that looked is named, never the hub.
//! - Only looks that the person may see are read here; the page has no count of the others.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use ken_agreement::Action;
use ken_core::{Category, ClauseId, EntryId, OrganisationId, PersonId, Purpose};
use ken_ledger::{Entry, EntryKind, RECEIPTS_MAX, Stream};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::agreements::{self, Pages};
use super::looks::{self, Part, Reach};
use super::spoken;
use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::facts::Tone;
use crate::view::form::Form;
use crate::view::words;
use crate::wire::csrf::Csrf;

use crate::view::card::{self, Look};
use crate::view::panel::{self, Panel, State};

/// One part of the page. House policy: a person's year, and some thousand visits of their own.
const PART: Reach = Reach { looks: 100, lists: 20 };
/// The file. As many receipts as are checked at once; its visits of one's own are house policy.
const FILE: Reach = Reach { looks: RECEIPTS_MAX, lists: 100 };

/// `GET /my/looked`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    answer(&app, &caller, None).await
}

/// What the form for an older part carries. When somebody looked is in no address.
#[derive(Debug, Deserialize)]
pub(crate) struct Earlier {
    #[serde(default)]
    before: String,
}

/// `POST /my/looked/earlier`: who looked before.
pub(crate) async fn earlier(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Earlier>,
) -> Result<Markup, Stop> {
    let before = sent.before.parse().map_err(|_| Stop::NotFound)?;
    answer(&app, &caller, Some(before)).await
}

async fn answer(app: &App, caller: &Caller, before: Option<EntryId>) -> Result<Markup, Stop> {
    let looked = looks(app, caller, before).await?;
    let frame = caller.frame(app.site(), "Who looked at my record").at("/my/looked");
    Ok(frame.page(&show(&looked, caller.csrf())))
}

/// The looks that the person may see, those of one day and role together; the newest, or those
/// before an entry.
///
/// # Errors
///
/// What the ledger or the gate says.
pub(crate) async fn looks(
    app: &App,
    caller: &Caller,
    before: Option<EntryId>,
) -> Result<Looked, Stop> {
    read(app, caller, (before, PART), app.clock().today()).await
}

/// As [`looks`], as far as a file goes. A file is kept, so no day in it is today.
///
/// # Errors
///
/// As [`looks`].
pub(super) async fn for_file(app: &App, caller: &Caller) -> Result<Looked, Stop> {
    read(app, caller, (None, FILE), Date::MIN).await
}

async fn read(
    app: &App,
    caller: &Caller,
    (before, reach): (Option<EntryId>, Reach),
    today: Date,
) -> Result<Looked, Stop> {
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let names = ask::names(app).await?;
    let pages = agreements::pages(app, caller).await?;
    let Part { entries, checked: released, earlier } =
        looks::read(app, person, before, reach).await?;
    let mut days: BTreeMap<_, Seen> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Permit) {
        let Some(mut seen) = entry.detail.as_ref().and_then(|detail| seen(entry.at, detail)) else {
            continue;
        };
        seen.entries.extend(placed(entry));
        let day = words::local(seen.last).date();
        let key = (day, seen.organisation.clone(), seen.role.clone(), seen.to.clone());
        match days.get_mut(&key) {
            Some(together) => together.join(seen),
            None => drop(days.insert(key, seen)),
        }
    }
    let seen: Vec<_> = days.into_values().collect();
    let checked: Vec<_> = entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::EmergencyReview)
        .filter_map(|entry| unreleased(entry, &names, today))
        .collect();
    let look = |seen: &Seen| {
        let organisation = compose::name_of(&names, &seen.organisation);
        let to = seen.to.as_ref().map(|to| compose::name_of(&names, to));
        seen.look((organisation, to), (&current.bundle, &pages), today)
    };
    let noted = |seen: &Seen| (Noted { at: seen.last, entries: seen.entries.clone() }, look(seen));
    let mut looks: Vec<_> = seen.iter().map(noted).collect();
    for one in &released {
        let organisation = compose::name_of(&names, &one.organisation);
        let noted = Noted { at: one.from, entries: vec![] };
        looks.push((noted, one.look(organisation, today)));
    }
    let told = entries.iter().filter(|entry| entry.kind == EntryKind::Told);
    let told =
        told.filter_map(|entry| Some((placed(entry), spoken::read(entry.detail.as_ref()?)?)));
    let told: Vec<_> = told.collect();
    let spoken = told.len();
    for (placed, said) in told {
        let rules = said.clauses.iter().map(|id| rule((&current.bundle, &pages), id)).collect();
        let noted = Noted { at: said.at, entries: placed.into_iter().collect() };
        looks.push((noted, said.look(&names, rules, today)));
    }
    looks.sort_by_key(|(noted, _)| std::cmp::Reverse(noted.at));
    let (noted, looks) = looks.into_iter().unzip();
    Ok(Looked { looks, noted, spoken, checked, is_earlier: before.is_some(), earlier })
}

/// An emergency access that was checked before a check released anything, in a sentence.
fn unreleased(entry: &Entry, names: &ask::Names, today: Date) -> Option<String> {
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
    let part = looks::read(&app, caller.own()?, None, FILE).await?;
    let looks: Vec<_> = part.entries.iter().filter(|entry| is_look(entry)).collect();
    let is_cut = part.earlier.is_some() || looks.len() > RECEIPTS_MAX;
    let words =
        ask::receipts(&app, looks.into_iter().filter_map(placed).take(RECEIPTS_MAX)).await?;
    let cut = if is_cut { CUT } else { "" };
    let text = format!("{ABOUT}{cut}{}\n", words.join("\n"));
    let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"receipts.txt\"");
    Ok(([kind, name], text).into_response())
}

/// What stands above the receipts in the file.
const ABOUT: &str = "# Each is a receipt: a promise that a note stays, signed by the ledger.\n\
    # It names nobody. To check: ken ledger check-receipt THIS-FILE EXPORT --trust KEYS\n";
/// What stands there where the file does not go back to the first look.
const CUT: &str =
    "# These are the newest. There may be receipts of older looks that are not here.\n";

/// Where an entry about a person stands.
fn placed(entry: &Entry) -> Option<(PersonId, EntryId)> {
    match &entry.stream {
        Stream::Person(person) => Some((*person, entry.id)),
        Stream::Organisation(_) => None,
    }
}

/// Whether an entry is somebody else's look, or of what somebody else said.
pub(super) fn is_look(entry: &Entry) -> bool {
    let Some(detail) = &entry.detail else { return false };
    entry.kind == EntryKind::Permit && seen(entry.at, detail).is_some()
        || entry.kind == EntryKind::Told && spoken::read(detail).is_some()
}

/// What one entry, or those of one day together, say.
#[derive(Debug)]
struct Seen {
    organisation: OrganisationId,
    role: String,
    purposes: BTreeSet<Purpose>,
    last: Timestamp,
    entries: Vec<(PersonId, EntryId)>,
    times: usize,
    categories: BTreeSet<Category>,
    clauses: BTreeSet<ClauseId>,
    /// Whether a copy was taken away.
    is_copy: bool,
    /// Whether those who keep a record of their own were asked, at that moment.
    is_asked: bool,
    /// To which organisation it was sent, where it was not looked at.
    to: Option<OrganisationId>,
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
        entries: vec![],
        // It stands beside the look that it belongs to.
        times: usize::from(!gate::has_asked(detail)),
        categories,
        clauses,
        is_copy: text("action") == Some(Action::Export.as_str()),
        is_asked: gate::has_asked(detail),
        to: gate::sent_to(detail),
    })
}

impl Seen {
    fn join(&mut self, other: Self) {
        self.times += other.times;
        self.entries.extend(other.entries);
        self.last = self.last.max(other.last);
        self.purposes.extend(other.purposes);
        self.categories.extend(other.categories);
        self.clauses.extend(other.clauses);
        self.is_copy |= other.is_copy;
        self.is_asked |= other.is_asked;
    }

    fn look(
        &self,
        (organisation, to): (String, Option<String>),
        known: Known<'_>,
        today: Date,
    ) -> Look {
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
            tag: match (is_emergency, self.is_copy) {
                _ if to.is_some() => to.map(|to| (format!("Sent to {to}"), Tone::Good)),
                (true, false) => Some(("Emergency access".to_owned(), Tone::Warn)),
                (true, true) => Some(("Emergency access; a copy was taken".into(), Tone::Warn)),
                (false, true) => Some(("A copy was taken".to_owned(), Tone::Warn)),
                (false, false) if self.is_asked => Some((ASKED.to_owned(), Tone::Good)),
                (false, false) => None,
            },
        }
    }
}

/// What is said of a look for which others were asked what they know.
const ASKED: &str = "Also asked what is known now";

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
    /// The looks, and what was said by word of mouth, the newest first.
    pub(crate) looks: Vec<Look>,
    /// Where each of these stands on the ledger.
    pub(crate) noted: Vec<Noted>,
    /// How many of these were said.
    pub(crate) spoken: usize,
    /// Emergency accesses that were checked, each in a sentence.
    pub(crate) checked: Vec<String>,
    /// Whether newer ones are on another page.
    pub(crate) is_earlier: bool,
    /// Where older ones begin, if there may be some.
    pub(crate) earlier: Option<EntryId>,
}

/// Where a look stands on the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    /// When it was; the last of several that are told together.
    pub(crate) at: Timestamp,
    /// Its entries; none where only a check of it may be seen.
    pub(crate) entries: Vec<(PersonId, EntryId)>,
}

impl Looked {
    /// Whether this is a part only.
    pub(crate) const fn is_part(&self) -> bool {
        self.is_earlier || self.earlier.is_some()
    }
}

/// The page's content.
pub(crate) fn show(looked: &Looked, csrf: &Csrf) -> Markup {
    let state = if looked.looks.is_empty() && looked.is_part() {
        State::Nothing {
            looked: "Nobody opened your record in this part of the time.".into(),
            caution: "The other parts may show that somebody did.".into(),
        }
    } else if looked.looks.is_empty() {
        State::Nothing {
            looked: "Nobody has opened your record yet.".into(),
            caution: "When somebody does, you can read it here.".into(),
        }
    } else {
        State::Content { shown: card::looks(&looked.looks), from: None }
    };
    let heading = match looked.looks.len() {
        _ if looked.is_part() => "In this part".to_owned(),
        0 => "So far".to_owned(),
        1 => "1 time".to_owned(),
        count => format!("{count} times"),
    };
    html! {
        h1 { "Who looked at my record" }
        p { "This page shows who opened your record, sent part of it on, or spoke with others \
             about you: when, and why." }
        @if looked.is_earlier {
            p { "These are older looks. " a href="/my/looked" { "Back to the newest" } }
        }
        p {
            "Each look was allowed by a rule. You can "
            a href="/my/agreements" { "read the rules" } " and "
            a href="/my/choices" { "ask for a change" } "."
        }
        p { (MORE) }
        (panel::show(&Panel { id: "looks", heading, open: true, state }))
        @if let Some(point) = looked.earlier { (older(point, csrf)) }
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

fn older(point: EntryId, csrf: &Csrf) -> Markup {
    let hidden = [("before", point.to_string())];
    let (action, button) = ("/my/looked/earlier", "Show older looks");
    html! {
        p { "There may be older looks too." }
        (Form { action, csrf, button, hidden: &hidden }.small(&html! {}))
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
        let looked = Looked { looks: vec![look.clone(), look], checked, ..Looked::default() };
        let csrf = Csrf::of("secret");
        let shown = show(&looked, &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("2 times") && shown.contains(MORE));
        assert!(shown.contains("Emergencies that were checked") && shown.contains("&lt;open&gt;"));
        assert!(!shown.contains("<form"), "{shown}");
        let empty = show(&Looked::default(), &csrf).into_string();
        rules::assert_part(&empty);
        assert!(empty.contains("Nobody has opened") && empty.contains(MORE));
        // A part without a look does not say that there was none.
        let earlier = Some("0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap());
        for (is_earlier, earlier) in [(false, earlier), (true, earlier), (true, None)] {
            let part = Looked { is_earlier, earlier, ..Looked::default() };
            let shown = show(&part, &csrf).into_string();
            rules::assert_part(&shown);
            assert!(!shown.contains("Nobody has opened") && shown.contains("in this part"));
            assert_eq!(shown.contains("Show older looks"), earlier.is_some());
            assert_eq!(shown.contains("Back to the newest"), is_earlier);
        }
    }
}
