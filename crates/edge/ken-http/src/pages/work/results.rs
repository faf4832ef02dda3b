//! `/w/find/r/{parcel}`: who fits what was typed, among those the caller may know of.
//!
//! # Invariants
//!
//! - Only people with whom a relationship of the caller supports a purpose are listed, each after
//!   a decision of its own. Anybody else who fits looks like nobody (`core.md` 2.9): about them
//!   nothing is decided here and nothing is written, so that the answer takes no longer either.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::{Ctx, EntryId, PersonId};
use ken_directory::Acting;
use ken_person::{FOUND_MAX, budget};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};

use super::find::Typed;
use super::refusal::{self, Asked};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Names};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::{card, confirmation, receipt};
use crate::wire::parcel;

/// Somebody who fits, with what the decision lets the caller see.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// Whom the link leads to.
    pub(crate) person: PersonId,
    /// "SAMPLE, Isla".
    pub(crate) name: String,
    /// Born, address and number, as far as they are shown.
    pub(crate) details: Vec<String>,
    /// The kinds of relationship, in words.
    pub(crate) linked: String,
    /// Whether they are what was typed, and not only written much like it.
    pub(crate) is_exact: bool,
    /// The ledger's entries of what is shown.
    pub(crate) entries: BTreeSet<(PersonId, EntryId)>,
}

/// `GET /w/find/r/{parcel}`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(sealed): Path<String>,
) -> Result<Response, Stop> {
    let Some(typed) = parcel::open::<Typed>(&app, &caller, &sealed).await? else {
        return Ok(Redirect::to("/w/find").into_response());
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let (names, mut fits) = (ask::names(&app).await?, vec![]);
    // Whoever finds nobody again and again is stopped before anything is looked at.
    let take = async |tx: &mut Tx| budget::take(tx, &ctx, by).await;
    let taken = match app.db().write("http.search-take", take).await {
        Err(ken_person::Error::TooManySearches) => {
            let asked = Asked::Typed(typed, sealed);
            return Ok(refusal::too_often(&app, &caller, &asked));
        }
        taken => taken?,
    };
    let mut people = sought(&app, &typed).await?;
    if people.is_empty() {
        // Looking at nobody reads what looking at somebody hidden does.
        people.push((PersonId::draw(ctx.ids), true));
    }
    for (person, is_exact) in people {
        let fit = fit(&app, &ctx, by, person, &typed, &names).await?;
        fits.extend(fit.map(|fit| Fit { is_exact, ..fit }));
    }
    let asked = Asked::Typed(typed, sealed);
    if fits.is_empty() {
        return refusal::refuse(&app, &caller, &asked).await;
    }
    let give = async |tx: &mut Tx| budget::give_back(tx, &taken).await;
    app.db().write("http.search-found", give).await?;
    let receipts = ask::receipts(&app, entries(&fits)).await?;
    let main = html! { (show(&fits, &asked.query())) (receipt::detail(&receipts)) };
    Ok(caller.frame(app.site(), "Results").at("/w/find").page(&main).into_response())
}

/// Who fits what was typed, and who is written much like it, whoever may know of them.
async fn sought(app: &App, typed: &Typed) -> Result<Vec<(PersonId, bool)>, Stop> {
    let Some(query) = typed.query() else { return Ok(vec![]) };
    let read = async |s: &mut Snapshot| ken_person::look(s, app.index(), &query).await;
    let sought = app.db().snapshot("http.search", read).await?;
    Ok(sought.into_iter().map(|one| (one.candidate.person(), one.is_exact)).collect())
}

/// How somebody who fits is shown, if the caller may know of them: by a relationship, or because
/// the caller's own organisation holds their name.
pub(crate) async fn fit(
    app: &App,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
    typed: &Typed,
    names: &Names,
) -> Result<Option<Fit>, Stop> {
    let choices = app.gate().purposes(app.db(), ctx, by, person).await?;
    let works_with_own = choices.iter().any(|choice| choice.purpose.as_str() == ask::OWN_WORK);
    let related = choices.into_iter().find(|choice| choice.relationship.is_some());
    let only = Some(BTreeSet::from([ask::core()?]));
    let known = async |s: &mut Snapshot| ken_person::is_known_to(s, person, &by.organisation).await;
    let is_known = app.db().snapshot("http.known", known).await?;
    if related.is_none() && !(works_with_own && is_known) {
        return Ok(None);
    }
    let own = ask::own(app, ctx, by, person, (only.clone(), Part::default())).await?;
    let (mut held, mut entries) = own.map(|own| (own.held, own.entries)).unwrap_or_default();
    if let (Some(choice), true) = (&related, held.is_empty()) {
        let sources = names.keys().cloned().collect();
        let purpose = choice.purpose.clone();
        let (by, part) = (Asker::Practitioner(by), Part::default());
        let asked = Ask { by, person, purpose, sources, only, part };
        if let Answer::Shown(shown) = ask::ask(app, ctx, &asked).await? {
            (held, entries) = (shown.held, shown.entries);
        }
    }
    let linked = match related.as_ref().and_then(|choice| choice.relationship.as_deref()) {
        Some(kind) => ask::relationship_words(kind),
        None => "your organisation holds them".to_owned(),
    };
    let today = ctx.clock.today();
    let seen = compose::name(&held).map(|(family, given)| {
        let banner = compose::banner(&held, today);
        let facts = banner.facts.into_iter().filter(|(_, value)| !value.is_empty());
        let details = facts.map(|(label, value)| format!("{label} {value}")).collect();
        (format!("{}, {given}", family.to_uppercase()), details)
    });
    let (name, details) = match (seen, related.is_some()) {
        (Some(seen), _) => seen,
        // Only the relationship is known: the page repeats what was typed, and no more.
        (None, true) => ("Somebody who fits what you typed".to_owned(), typed_lines(typed)),
        (None, false) => return Ok(None),
    };
    Ok(Some(Fit { person, name, details, linked, is_exact: true, entries }))
}

/// The ledger's entries of everybody who is listed.
pub(crate) fn entries(fits: &[Fit]) -> impl Iterator<Item = (PersonId, EntryId)> {
    fits.iter().flat_map(|fit| fit.entries.iter().copied())
}

fn typed_lines(typed: &Typed) -> Vec<String> {
    let line = |(question, answer): (&str, String)| format!("{question} {answer}");
    typed.answers().into_iter().map(line).collect()
}

/// The page's content.
pub(crate) fn show(fits: &[Fit], query: &str) -> Markup {
    // Only those who are listed are counted: nobody else changes what is shown of them.
    let (shown, more) = fits.split_at(fits.len().min(FOUND_MAX));
    html! {
        h1 {
            @if !more.is_empty() { "More than " (FOUND_MAX) " people you work with fit" }
            @else if fits.len() == 1 { "1 person you work with fits" }
            @else { (fits.len()) " people you work with fit" }
        }
        @if !more.is_empty() {
            p { "These are " (FOUND_MAX) " of them. Give a number, or a given name as well." }
        }
        (card::cards(false, &shown.iter().map(one).collect::<Vec<_>>()))
        h2 { "Somebody else?" }
        p { "Only people you work with are listed, so a list cannot tell you who else is known." }
        (confirmation::link_on(&format!("/w/find/other?{query}"), "Go on with what you typed"))
    }
}

fn one(fit: &Fit) -> Markup {
    html! {
        h2 { a href={ "/w/p/" (fit.person) } { (fit.name) } }
        @for detail in &fit.details { p { (detail) } }
        @if !fit.is_exact {
            p { strong { "Not quite what you typed." } " Check name and date of birth." }
        }
        p { "Linked to you: " (fit.linked) "." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_fit_can_be_told_from_the_next() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let fit = Fit {
            person,
            name: "SAMPLE, Isla".into(),
            details: vec!["Born 14 Mar 2017 (9y)".into(), "1 Test Row, ZZ9 9ZZ".into()],
            linked: "direct care".into(),
            is_exact: true,
            entries: BTreeSet::new(),
        };
        let other = Fit { is_exact: false, ..fit.clone() };
        let shown = show(&[fit.clone(), other], "t=abc").into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("2 people you work with fit"));
        assert_eq!(shown.matches("Not quite what you typed").count(), 1);
        let many = show(&vec![fit; FOUND_MAX + 1], "t=abc").into_string();
        rules::assert_part(&many);
        assert!(many.contains("More than 20") && many.matches("Linked to you").count() == 20);
        assert!(shown.contains("/w/find/other?t=abc"));
    }
}
