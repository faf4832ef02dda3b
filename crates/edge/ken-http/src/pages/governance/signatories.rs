//! `/ig/signatories`: who signs for one's own organisation, and with which key.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{Timestamp, ToSpan};
use ken_core::PractitionerId;
use ken_directory::practitioner;
use ken_office::signing::{self, NewSignatory, Signatory};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, select, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// How long a key signs before its signatory is confirmed again. House policy: two years.
const KEY_MONTHS: i32 = 24;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    practitioner: String,
    #[serde(default)]
    office: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    end: String,
}

/// Who could sign: practitioners of one's own organisation in a governance role.
type People = Vec<(PractitionerId, String)>;

/// `GET /ig/signatories`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (signatories, people) = read(&app, &caller).await?;
    let main = show(&signatories, &people, &Filled::default(), &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/signatories`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    if !filled.end.is_empty() {
        signing::end(app.db(), &ctx, app.keys(), by, &filled.end).await?;
        let main = done("The signatory is ended", "What they have signed stays signed.");
        return Ok(page(&app, &caller, &main).into_response());
    }
    let (signatories, people) = read(&app, &caller).await?;
    match checked(&filled, &people, ctx.clock.now()) {
        Ok(new) => {
            signing::register(app.db(), &ctx, app.keys(), by, &new).await?;
            let main = done("The signatory is registered", "They can sign from now on.");
            Ok(page(&app, &caller, &main).into_response())
        }
        Err(wrongs) => {
            let main = show(&signatories, &people, &filled, &wrongs, caller.csrf());
            let page = page(&app, &caller, &main);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Signatories").at("/ig/agreements").page(main)
}

fn done(what: &str, next: &str) -> Markup {
    html! {
        (confirmation::done(what, next))
        (confirmation::link_on("/ig/signatories", "Back to the signatories"))
    }
}

async fn read(app: &App, caller: &Caller) -> Result<(Vec<Signatory>, People), Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| {
        let signatories = signing::list(s, &by.organisation).await?;
        let people = practitioner::of_organisation(s, &ctx, &by.organisation).await?;
        Ok::<_, Stop>((signatories, people))
    };
    let (signatories, people) = app.db().snapshot("http.signatories", read).await?;
    let governs = |role: &str| role.split('.').next() == Some("ig");
    let people = people.into_iter().filter(|(_, _, role)| governs(role.as_str()));
    Ok((signatories, people.map(|(id, name, _)| (id, name)).collect()))
}

fn checked(filled: &Filled, people: &People, now: Timestamp) -> Result<NewSignatory, Vec<Wrong>> {
    let who = people.iter().find(|(id, _)| id.to_string() == filled.practitioner);
    let (office, key) = (filled.office.trim(), filled.key.trim());
    let brought = signing::read_key(key);
    let mut wrongs = vec![];
    if who.is_none() {
        wrongs.push(Wrong::new("practitioner", "Choose who signs"));
    }
    if !(1..=200).contains(&office.len()) || office.chars().any(char::is_control) {
        wrongs.push(Wrong::new("office", "Enter the office they sign in"));
    }
    if !key.is_empty() && brought.is_none() {
        wrongs.push(Wrong::new("key", "Enter a public key of 64 digits and letters a to f"));
    }
    match who {
        Some((id, name)) if wrongs.is_empty() => Ok(NewSignatory {
            name: name.clone(),
            practitioner: *id,
            office: office.to_owned(),
            until: words::local(now)
                .checked_add(KEY_MONTHS.months())
                .and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC))
                .map(|day| day.timestamp())
                .ok(),
            brought,
        }),
        _ => Err(wrongs),
    }
}

fn show(
    signatories: &[Signatory],
    people: &People,
    filled: &Filled,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let cards: Vec<_> = signatories.iter().map(|one| card_of(one, csrf)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Nobody is registered to sign for your organisation.".into(),
            caution: "Until somebody is, your organisation cannot sign here.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        (summary(wrongs))
        h1 { "Who signs for my organisation" }
        (panel::show(&Panel { id: "signatories", heading: "Registered".into(), open: true, state }))
        h2 { "Register a signatory" }
        (new_form(people, filled, wrongs, csrf))
    }
}

fn card_of(one: &Signatory, csrf: &Csrf) -> Markup {
    let hidden = [("end", one.name.clone())];
    let button = format!("End the key of {}", one.name);
    let form = Form { action: "/ig/signatories", csrf, button: &button, hidden: &hidden };
    html! {
        h3 { (one.name) }
        p { (one.office) }
        p { @if one.is_kept { "Ken keeps the key; they sign here with their own sign-in." }
            @else { "They keep the key; their signatures are brought as a file." } }
        @if let Some(until) = one.until {
            p { "The key signs until " (words::day_short(words::local(until).date())) "." }
        }
        (form.small(&html! {}))
    }
}

fn new_form(people: &People, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let button = "Register the signatory";
    let form = Form { action: "/ig/signatories", csrf, button, hidden: &[] };
    let mut choices = vec![(String::new(), "Choose".to_owned())];
    choices.extend(people.iter().map(|(id, name)| (id.to_string(), name.clone())));
    form.post(&html! {
        (select("practitioner", "Who", &choices, &filled.practitioner))
        (Field::text("office", "Office", &filled.office)
            .hinted("For example Caldicott Guardian").show(wrongs))
        (Field::text("key", "Public key, if they keep the key themselves", &filled.key)
            .hinted("64 digits and letters a to f. Leave it empty and Ken keeps a key.")
            .show(wrongs))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn people() -> People {
        vec![("0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(), "Sam Both".into())]
    }

    #[test]
    fn the_form_says_what_is_wrong() {
        let now = "2026-11-21T09:00:00Z".parse().unwrap();
        let filled = Filled { key: "zz".into(), ..Filled::default() };
        let wrongs = checked(&filled, &people(), now).unwrap_err();
        assert_eq!(wrongs.len(), 3);
        let page = show(&[], &people(), &filled, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Nobody is registered"));
        let practitioner = people()[0].0.to_string();
        let filled = Filled { practitioner, office: "SIRO".into(), ..Filled::default() };
        let new = checked(&filled, &people(), now).unwrap();
        assert_eq!(new.until.unwrap().to_string(), "2028-11-21T09:00:00Z");
    }
}
