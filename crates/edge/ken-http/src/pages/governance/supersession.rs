//! `/ig/agreements/{hash}/supersession`: what a text would do to one that it replaces, and the
//! confirmation of whoever leads that one.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_agreement::succession::Fate;
use ken_core::OrganisationId;
use ken_office::succession::{self, Confirmation, DryRun, Foretold};
use maud::{Markup, html};
use serde::Deserialize;

use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Form, Wrong, summary, tick};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    sure: String,
    /// What names all that the page told.
    #[serde(default)]
    seen: String,
}

/// What the page is about.
struct Page {
    of: Instrument,
    told: Foretold,
    own: OrganisationId,
}

/// `GET /ig/agreements/{hash}/supersession`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let page = read(&app, &caller, &hash).await?;
    Ok(frame(&app, &caller, &show(&page, &[], caller.csrf())))
}

/// `POST /ig/agreements/{hash}/supersession`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let page = read(&app, &caller, &hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let again = |field, says| {
        let whole = frame(&app, &caller, &show(&page, &[Wrong::new(field, says)], caller.csrf()));
        Ok((StatusCode::UNPROCESSABLE_ENTITY, whole).into_response())
    };
    if filled.sure != "yes" {
        return again("sure", "Tick that you have read what changes");
    }
    let of = (&page.of, filled.seen.as_str());
    match succession::confirm(app.db(), &ctx, app.keys(), by, of).await? {
        Confirmation::Confirmed => {}
        Confirmation::Changed => {
            return again("sure", "What would follow has changed. Read it again, then confirm");
        }
        Confirmation::NotLead => return Err(Stop::NotFound),
    }
    let says = "It stands on the ledger, and keeps your organisation from signing no longer.";
    let main = html! {
        (confirmation::done("Confirmed", says))
        (confirmation::link_on(&format!("/ig/agreements/{hash}/sign"), "Sign the new text"))
    };
    Ok(frame(&app, &caller, &main).into_response())
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "What it replaces").at("/ig/agreements").page(main)
}

/// The text and what it would do, for a party of it and for whoever leads what it replaces.
async fn read(app: &App, caller: &Caller, hash: &str) -> Result<Page, Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    let (ctx, own) = (app.ctx(caller.request()), caller.acting()?.organisation.clone());
    let of = of.instrument;
    let told = succession::foretell(app.db(), &ctx, &own, &of).await?.ok_or(Stop::NotFound)?;
    let leads = told.each.iter().any(|one| one.lead == own) || of.agreement.lead_party == own;
    if !leads && of.party(&own).is_none() {
        return Err(Stop::NotFound);
    }
    Ok(Page { of, told, own })
}

fn show(page: &Page, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let (of, told) = (&page.of, &page.told);
    let action = format!("/ig/agreements/{}/supersession", of.hash());
    let missing: Vec<_> = told.missing.iter().map(|id| party_name(of, id)).collect();
    html! {
        (summary(wrongs))
        h1 { "What it replaces" }
        p { a href={ "/ig/agreements/" (of.hash()) } { (of.agreement.title) } }
        p { "It takes their place on " (words::day_short(told.from.0)) " at the earliest"
            @if missing.is_empty() { "; everybody who must has signed." }
            @else { ", and not before these have signed: " (missing.join(", ")) "." } }
        p { "Try it on past decisions first: "
            a href={ "/ig/replay?draft=" (of.hash()) } { "see who would have been refused" } "." }
        @for one in &told.each { (compared(one)) }
        h2 { "What stops in other texts" }
        (lines(&told.stops, "Nothing stops in other texts."))
        h2 { "What goes on whatever is signed" }
        ul {
            li { "What people asked of sharing, and what they agreed to, is kept beside them and \
                  not beside a text: no version ends it." }
            li { "An emergency that is open ends when it would have ended." }
            li { "What was affirmed for the old text does not count for the new one: whoever looks \
                  affirms again." }
            li { "What the old text forbids follows the data that was received under it." }
        }
        @if told.each.iter().any(|one| one.lead == page.own) {
            h2 { "Confirm" }
            @if told.is_confirmed { p { "Your organisation has confirmed this." } }
            @let seen = [("seen", told.seen())];
            (Form { action: &action, csrf, button: "Confirm what changes", hidden: &seen }.post(
                &tick("sure", "I have read who gains and loses what, and from which day", wrongs)))
        }
    }
}

fn compared(one: &DryRun) -> Markup {
    let changes = &one.succession.changes;
    html! {
        h2 { "In place of " (one.title) " (" (one.replaces) ")" }
        h3 { "Newly allowed" }
        (lines(&changes.newly_allowed, "Nobody may have more."))
        h3 { "No longer allowed" }
        (lines(&changes.no_longer, "Nobody may have less."))
        h3 { "Under other conditions" }
        (lines(&changes.otherwise, "No condition changes."))
        @for (heading, fate) in one.succession.parts() {
            @if !fate.is_empty() { h3 { (heading) } (shown(fate)) }
        }
        p { "Open duties of your organisation under the old text: " (one.open_duties)
            ". They go on until they are done." }
    }
}

fn shown(fate: &Fate) -> Markup {
    let sorts = [("Goes on", &fate.goes_on), ("Ends", &fate.ends), ("Begins", &fate.begins)];
    html! {
        @for (what, list) in sorts.iter().filter(|(_, list)| !list.is_empty()) {
            p { b { (what) } }
            ul { @for line in *list { li { (line) } } }
        }
    }
}

fn lines(lines: &[String], none: &str) -> Markup {
    html! {
        @if lines.is_empty() { p { (none) } } @else { ul { @for line in lines { li { (line) } } } }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_agreement::Day;
    use ken_agreement::succession::Succession;

    use super::*;
    use crate::view::rules;

    #[test]
    fn only_whoever_leads_what_is_replaced_is_asked_to_confirm() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let mut after = of.clone();
        after.clauses.retain(|clause| clause.id.as_str() != "C1");
        let check = |own: &str, want: bool| {
            let each = vec![DryRun {
                replaces: of.name(),
                title: of.agreement.title.clone(),
                lead: of.agreement.lead_party.clone(),
                succession: Succession::of(&of, &after),
                open_duties: 2,
            }];
            let (from, missing) = (Day(date(2027, 6, 1)), vec!["police".parse().unwrap()]);
            let (stops, is_confirmed) = (vec![], false);
            let told = Foretold { each, from, missing, stops, is_confirmed, policy: 1 };
            let page = Page { of: after.clone(), told, own: own.parse().unwrap() };
            let shown = show(&page, &[], &Csrf::of("x")).into_string();
            rules::assert_part(&shown);
            assert_eq!(shown.contains("Confirm what changes"), want, "{own}");
            for said in ["may no longer", "Duties to share", "not before these have signed"] {
                assert!(shown.contains(said), "{said}: {shown}");
            }
        };
        check(of.agreement.lead_party.as_str(), true);
        check("rowan", false);
    }
}
