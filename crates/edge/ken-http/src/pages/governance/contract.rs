//! `/ig/agreements/{hash}/contract`: the contract that brought a party here ends.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use ken_agreement::{Day, Instrument, Party};
use ken_core::OrganisationId;
use ken_office::exit::{self, Ends};
use ken_sharing::bundle::Admitted;
use maud::{Markup, html};
use serde::Deserialize;

use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::pages::follow::{self, Followed};
use crate::stop::Stop;
use crate::view::form::{Choice, Form, Wrong, choices, summary, tick};
use crate::view::typed::TypedDay;
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries: the party, the contract's last day, and whether it is meant.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    party: String,
    #[serde(flatten)]
    last: TypedDay,
    #[serde(default)]
    sure: String,
    /// Empty until the dry run was shown.
    #[serde(default)]
    step: String,
}

/// What the page is about.
struct Page {
    of: Instrument,
    all: Vec<Admitted>,
    own: OrganisationId,
    today: Date,
}

/// `GET /ig/agreements/{hash}/contract`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let page = read(&app, &caller, &hash).await?;
    Ok(frame(&app, &caller, &ask(&page, &Filled::default(), &[], caller.csrf())))
}

/// `POST /ig/agreements/{hash}/contract`: what would follow; then, once it is meant, the end.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let page = read(&app, &caller, &hash).await?;
    let bad = |main: Markup| {
        (StatusCode::UNPROCESSABLE_ENTITY, frame(&app, &caller, &main)).into_response()
    };
    let (party, last) = match chosen(&page, &filled) {
        Ok(chosen) => chosen,
        Err(wrong) => return Ok(bad(ask(&page, &filled, &[wrong], caller.csrf()))),
    };
    // A contract runs through its last day.
    let day = Day(last.tomorrow().unwrap_or(last));
    let ends = exit::if_contract_ends(&page.of, party, day, page.today);
    if filled.step.is_empty() {
        let main = foretold(&page, (party, &filled), &ends, &[], caller.csrf());
        return Ok(frame(&app, &caller, &main).into_response());
    }
    if filled.sure != "yes" {
        let wrong = Wrong::new("sure", "Tick that the contract ends then");
        return Ok(bad(foretold(&page, (party, &filled), &ends, &[wrong], caller.csrf())));
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let what = (&page.of, &party.id, day);
    let Some((from, _)) = exit::end_contract(app.db(), &ctx, app.keys(), by, what).await? else {
        let wrong = Wrong::new("party", "This party is out by then already. Nothing was changed");
        return Ok(bad(ask(&page, &filled, &[wrong], caller.csrf())));
    };
    let main = done(&page, party, (from, follow::wait(&app).await), &ends);
    Ok(frame(&app, &caller, &main).into_response())
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "A contract ends").at("/ig/agreements").page(main)
}

async fn read(app: &App, caller: &Caller, hash: &str) -> Result<Page, Stop> {
    let (of, all) = super::one(app, caller, hash).await?;
    let (of, own) = (of.instrument, caller.acting()?.organisation.clone());
    if exit::contracted(&of, &own).is_empty() {
        return Err(Stop::NotFound);
    }
    Ok(Page { of, all, own, today: app.ctx(caller.request()).clock.today() })
}

/// The party and the contract's last day, as typed.
fn chosen<'a>(page: &'a Page, filled: &Filled) -> Result<(&'a Party, Date), Wrong> {
    let parties = exit::contracted(&page.of, &page.own);
    let party = parties.into_iter().find(|party| party.id.as_str() == filled.party);
    let party = party.ok_or_else(|| Wrong::new("party", "Choose whose contract ends"))?;
    let day = filled.last.date();
    let day = day.ok_or_else(|| Wrong::new("day", "Enter the last day of the contract"))?;
    Ok((party, day))
}

fn ask(page: &Page, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/ig/agreements/{}/contract", page.of.hash());
    let choice = |party: &Party| Choice {
        value: party.id.to_string(),
        label: party.name.clone(),
        hint: party
            .commissioned_by
            .as_ref()
            .map(|by| format!("Commissioned by {}", party_name(&page.of, by))),
    };
    let parties: Vec<_> = exit::contracted(&page.of, &page.own).into_iter().map(choice).collect();
    html! {
        (summary(wrongs))
        h1 { "A contract ends" }
        p { a href={ "/ig/agreements/" (page.of.hash()) } { (page.of.agreement.title) } }
        p { "Nothing is changed yet: you see first what would follow." }
        (Form { action: &action, csrf, button: "See what would follow", hidden: &[] }.post(&html! {
            (choices("Whose contract ends?", "party", &parties, &filled.party, wrongs))
            (filled.last.show("Last day of the contract", "For example 31 3 2027", wrongs))
        }))
    }
}

fn foretold(
    page: &Page,
    (party, filled): (&Party, &Filled),
    ends: &Ends,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = format!("/ig/agreements/{}/contract", page.of.hash());
    let mut hidden = vec![("party", party.id.to_string()), ("step", "sure".to_owned())];
    hidden.extend(filled.last.carried());
    let button = format!("End it for {}", party.name);
    html! {
        (summary(wrongs))
        h1 { "If the contract of " (party.name) " ends" }
        p { (party.name) " is out from " (words::day_short(ends.from.0)) "." }
        h2 { "Who would lose what" }
        @if ends.loses.is_empty() { p { "Nobody loses anything." } }
        ul { @for line in &ends.loses { li { (line) } } }
        @if !ends.goes_on.is_empty() {
            h2 { "What goes on, because it stands elsewhere" }
            ul { @for line in &ends.goes_on { li { (line) } } }
        }
        (left_to_do(page, party, ends))
        (Form { action: &action, csrf, button: &button, hidden: &hidden }.post(&html! {
            (tick("sure", "The contract ends then, and the party has been told", wrongs))
        }))
        (confirmation::link_on(&action, "Choose another party or day"))
    }
}

/// What is left to do once the contract has ended.
fn left_to_do(page: &Page, party: &Party, ends: &Ends) -> Markup {
    let name = |id: &OrganisationId| party_name(&page.of, id);
    let elsewhere = page
        .all
        .iter()
        .filter(|one| one.register.signed.contains(&party.id))
        .map(|one| &one.instrument)
        .filter(|of| of.hash() != page.of.hash() && of.party(&party.id).is_some());
    html! {
        h2 { "What is left to do" }
        @if ends.recalls.is_empty() { p { "This agreement asks nothing back." } }
        @else {
            p { "These bodies are asked back what they had; it stands on the list of each until it \
                 says what became of it." }
            ul { @for (holder, source, due) in &ends.recalls {
                li { (name(holder)) ": what it had of " (name(source)) ", by "
                    (words::day_short(*due)) }
            } }
        }
        @for of in elsewhere {
            p { (party.name) " stays a party of "
                a href={ "/ig/agreements/" (of.hash()) } { (of.agreement.title) }
                ": end its contract there too, if that ends." }
        }
    }
}

fn done(page: &Page, party: &Party, (from, followed): (Day, Followed), ends: &Ends) -> Markup {
    let says = format!("{} is out from {}.", party.name, words::day_short(from.0));
    html! {
        (follow::done("It is entered", &says, followed))
        (left_to_do(page, party, ends))
        (confirmation::link_on(&format!("/ig/agreements/{}", page.of.hash()), "Back to it"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_agreement::OnExit;

    use super::*;
    use crate::view::rules;

    #[test]
    fn what_would_follow_is_told_before_it_is_meant() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let mut of = Instrument::parse(text).unwrap();
        of.lifecycle.on_party_exit = OnExit::StopAndRecall;
        let (own, today) = ("cec".parse().unwrap(), date(2027, 6, 1));
        let page = Page { of, all: vec![], own, today };
        let csrf = Csrf::of("x");
        let asked = ask(&page, &Filled::default(), &[], &csrf).into_string();
        rules::assert_part(&asked);
        assert!(asked.contains("Rowan") && !asked.contains("value=\"police\""), "{asked}");
        let filled = Filled {
            party: "rowan".into(),
            last: TypedDay::of(["30", "6", "2027"]),
            ..Filled::default()
        };
        let (party, last) = chosen(&page, &filled).unwrap();
        let day = Day(last.tomorrow().unwrap());
        let ends = exit::if_contract_ends(&page.of, party, day, today);
        let told = foretold(&page, (party, &filled), &ends, &[], &csrf).into_string();
        rules::assert_part(&told);
        for want in ["is out from 1 Jul 2027", "may no longer", "asked back", "31 Jul 2027"] {
            assert!(told.contains(want), "{want}: {told}");
        }
        for (field, bad) in [("party", "police"), ("day", "31")] {
            let mut filled = Filled {
                party: "rowan".into(),
                last: TypedDay::of(["30", "6", "2027"]),
                ..Filled::default()
            };
            if field == "party" {
                filled.party = bad.into();
            } else {
                filled.last = TypedDay::of([bad, "6", "2027"]);
            }
            assert_eq!(chosen(&page, &filled).unwrap_err().field, field);
        }
    }
}
