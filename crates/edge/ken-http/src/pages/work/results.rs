//! `/w/find/r/{parcel}`: who fits what was typed, among those the caller may know of.
//!
//! # Invariants
//!
//! - Among those whom the caller may know of alone is looked for anybody (`ken_person::look`), and
//!   each is listed by a decision of its own ([`super::fit`]): nobody else takes a place, is
//!   counted, or makes the answer later.
//! - A search that shows no name which the decision let the caller see counts as one that found
//!   nobody: what was typed is not confirmed for nothing.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::{Ctx, EntryId, PersonId};
use ken_directory::Acting;
use ken_person::{Asker, Error, FOUND_MAX, Fits, Grade, Query, budget};
use ken_sharing::relationship;
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};

use super::find::Typed;
use super::fit::{Fit, Seeker};
use super::handle;
use super::refusal::{self, Asked};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::{card, confirmation, receipt};
use crate::wire::parcel;

/// `GET /w/find/r/{parcel}`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(sealed): Path<String>,
) -> Result<Response, Stop> {
    let Some(typed) = parcel::open::<Typed>(&app, &caller, &sealed).await? else {
        return Ok(Redirect::to("/w/find").into_response());
    };
    let Some(query) = typed.query() else { return Ok(Redirect::to("/w/find").into_response()) };
    let asked = Asked::Typed(typed, sealed);
    let fits = match seek(&app, &caller, &query, |_| true).await? {
        Sought::Stopped => return Ok(refusal::too_often(&app, &caller, &asked)),
        Sought::Nobody { .. } => return refusal::refuse(&app, &caller, &asked).await,
        Sought::Found(fits) => fits,
    };
    let receipts = ask::receipts(&app, entries(&fits)).await?;
    let mut listed = Vec::with_capacity(fits.len());
    for fit in fits {
        listed.push((handle::way(&app, &caller, fit.person).await?, fit));
    }
    let main = html! { (show(&listed, &asked)) (receipt::detail(&receipts)) };
    Ok(caller.frame(app.site(), "Results").at("/w/find").page(&main).into_response())
}

/// What came of looking for somebody.
pub(crate) enum Sought {
    /// Nothing: too many searches have found nobody. It is on the ledger.
    Stopped,
    /// Nobody is listed, somebody perhaps who is not wanted. Whoever says so enters a refusal.
    Nobody {
        /// Whether somebody could have been.
        is_left_out: bool,
    },
    /// These; never none.
    Found(Vec<Fit>),
}

/// Looks for somebody, as often as the caller may: those who fit, of whom the caller may know, and
/// whom `lists` says to list.
///
/// # Errors
///
/// What the gate, the index or the ledger says.
pub(crate) async fn seek(
    app: &App,
    caller: &Caller,
    query: &Query,
    lists: fn(&Fit) -> bool,
) -> Result<Sought, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    // Whoever finds nobody again and again is stopped before anything is looked at.
    let take = async |tx: &mut Tx| budget::take(tx, &ctx, by).await;
    let taken = match app.db().write("http.search-take", take).await {
        Err(Error::TooManySearches) => return stopped(app, &ctx, by).await,
        taken => taken?,
    };
    let mut fits = fits(app, &ctx, by, query).await?;
    let is_left_out = !fits.is_empty();
    fits.retain(lists);
    if fits.is_empty() {
        return match budget::missed(app.db(), &ctx, app.keys(), by, query).await {
            Err(Error::TooManySearches) => stopped(app, &ctx, by).await,
            missed => missed.map(|()| Sought::Nobody { is_left_out }).map_err(Stop::from),
        };
    }
    if fits.iter().any(|fit| fit.how.is_some_and(|how| how.is_shown)) {
        let give = async |tx: &mut Tx| budget::give_back(tx, &taken).await;
        app.db().write("http.search-found", give).await?;
    }
    Ok(Sought::Found(fits))
}

/// Enters that too many searches found nobody.
async fn stopped(app: &App, ctx: &Ctx<'_>, by: &Acting) -> Result<Sought, Stop> {
    let enter = async |tx: &mut Tx| budget::enter_stopped(tx, ctx, app.keys(), by).await;
    app.db().write("http.search-stopped", enter).await?;
    Ok(Sought::Stopped)
}

/// Who fits, and who is written much like it, of whom the caller may know; one more than a page
/// lists at the most.
async fn fits(app: &App, ctx: &Ctx<'_>, by: &Acting, query: &Query) -> Result<Vec<Fit>, Stop> {
    let related = relationship::caseload(app.db(), ctx, by).await?.people;
    let asker = Asker { organisation: &by.organisation, related: &related };
    let look = async |s: &mut Snapshot| ken_person::look(s, query, &asker).await;
    let sought = app.db().snapshot("http.search", look).await?;
    let mut people: Vec<_> =
        sought.into_iter().map(|one| (one.candidate.person(), one.is_exact)).collect();
    if people.is_empty() {
        // Looking at nobody reads what looking at somebody does who holds a number.
        people.push((PersonId::draw(ctx.ids), true));
    }
    let names = ask::names(app).await?;
    let seeker = Seeker { app, ctx, by, names: &names, query: Some(query) };
    let mut fits = vec![];
    for (person, is_exact) in people {
        fits.extend(seeker.fit(person, is_exact).await?);
        if fits.len() > FOUND_MAX {
            break;
        }
    }
    Ok(fits)
}

/// The ledger's entries of everybody who is listed.
pub(crate) fn entries(fits: &[Fit]) -> impl Iterator<Item = (PersonId, EntryId)> {
    fits.iter().flat_map(|fit| fit.entries.iter().copied())
}

/// The page's content: everybody with the way to them.
pub(crate) fn show(fits: &[(String, Fit)], asked: &Asked) -> Markup {
    // Only those who are listed are counted: nobody else changes what is shown of them.
    let (shown, more) = fits.split_at(fits.len().min(FOUND_MAX));
    let other = format!("/w/find/other?{}", asked.query());
    html! {
        h1 {
            @if !more.is_empty() { "More than " (FOUND_MAX) " people you work with fit" }
            @else if fits.len() == 1 { "1 person you work with fits" }
            @else { (fits.len()) " people you work with fit" }
        }
        @if !more.is_empty() {
            p { "These are " (FOUND_MAX) " of them. Give a number, or a given name as well." }
        }
        (card::cards(false, &shown.iter().map(|one| card(one, asked)).collect::<Vec<_>>()))
        h2 { "Somebody else?" }
        p { "Only people you work with are listed, so a list cannot tell you who else is known." }
        (confirmation::link_on(&other, "Go on with what you typed"))
    }
}

fn card((way, fit): &(String, Fit), asked: &Asked) -> Markup {
    html! {
        h2 { a href=(way) { (fit.name) } }
        @if fit.how.is_none() {
            // Only the relationship is known: the page repeats what was typed, and no more.
            @for (question, answer) in asked.answers() { p { (question) " " (answer) } }
        }
        @for detail in &fit.details { p { (detail) } }
        @match fit.how {
            Some(Fits { grade: Grade::Sure, .. }) => {
                p { strong { "Sure." } " Number, name and date of birth agree." }
            }
            Some(Fits { is_exact: false, .. }) => {
                p { strong { "Not quite what you typed." } " Check name and date of birth." }
            }
            Some(_) => p { strong { "Possible." } " Others may have the same: check who it is." }
            None => {}
        }
        p { "Linked to you: " (fit.linked) "." }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::view::rules;

    #[test]
    fn each_fit_can_be_told_from_the_next() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let how = |grade, is_exact| Some(Fits { grade, is_exact, is_shown: true });
        let fit = Fit {
            person,
            name: "SAMPLE, Isla".into(),
            details: vec!["Born 14 Mar 2017 (9y)".into(), "1 Test Row, ZZ9 9ZZ".into()],
            seen: ken_person::Seen::default(),
            linked: "direct care".into(),
            how: how(Grade::Sure, true),
            entries: BTreeSet::new(),
        };
        let typed = Typed { family: "Sample".to_owned().into(), ..Typed::default() };
        let asked = Asked::Typed(typed, "abc".into());
        let possible = Fit { how: how(Grade::Possible, true), ..fit.clone() };
        let like = Fit { how: how(Grade::Possible, false), ..fit.clone() };
        let unseen = Fit { how: None, details: vec![], ..fit.clone() };
        let way = |fit| ("/w/find/h/sealed".to_owned(), fit);
        let shown = [fit.clone(), possible, like, unseen].map(way);
        let shown = show(&shown, &asked).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("4 people you work with fit"));
        for (words, count) in
            [("Sure.", 1), ("Possible.", 1), ("Not quite what you typed", 1), ("Sample", 1)]
        {
            assert_eq!(shown.matches(words).count(), count, "{words}");
        }
        assert!(!shown.contains(&fit.person.to_string()), "no id that another could use");
        let many = show(&vec![way(fit); FOUND_MAX + 1], &asked).into_string();
        rules::assert_part(&many);
        assert!(many.contains("More than 20") && many.matches("Linked to you").count() == 20);
        assert!(shown.contains("/w/find/other?t=abc"));
    }
}
