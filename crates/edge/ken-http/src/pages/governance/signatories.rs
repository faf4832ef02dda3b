//! `/ig/signatories`: who signs for one's own organisation, and with which key.
//!
//! Each change is asked first and told in words, then confirmed by whoever makes it; a key that
//! somebody keeps themselves counts once a second officer has confirmed it.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{Timestamp, ToSpan};
use ken_core::PractitionerId;
use ken_directory::confirm::Ready;
use ken_directory::practitioner;
use ken_office::signatory::{self, Change, NewSignatory, Signatory};
use ken_office::{guardian, signing};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::confirm::{self, Way};
use crate::pages::passkeys;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, select, summary, tick};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::address::Peer;
use crate::wire::csrf::Csrf;

/// How long a key signs before its signatory is confirmed again. House policy: two years.
const KEY_MONTHS: i32 = 24;

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    practitioner: String,
    #[serde(default)]
    office: String,
    #[serde(default)]
    key: String,
    /// Whose key to end.
    #[serde(default)]
    end: String,
    /// Whose key to confirm, as the second officer.
    #[serde(default)]
    second: String,
    /// Whether this is the page that told what would be done.
    #[serde(default)]
    asked: String,
    #[serde(default)]
    sure: String,
    #[serde(flatten)]
    shown: confirm::Typed,
}

/// Who could sign: practitioners of one's own organisation who can open these pages.
type People = Vec<(PractitionerId, String)>;

/// What the page is about.
struct Room {
    signatories: Vec<Signatory>,
    people: People,
    /// Whether another officer can confirm a key that the reader registers.
    has_second: bool,
    way: Way,
}

/// What somebody wants to change.
enum Wish {
    Add(Box<NewSignatory>),
    End(String),
    Second(Signatory),
}

/// `GET /ig/signatories`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let room = read(&app, &caller).await?;
    Ok(page(&app, &caller, &show(&room, &Filled::default(), &[], caller.csrf())))
}

/// `POST /ig/signatories/begin`: what the browser needs to ask for a passkey.
pub(crate) async fn begin(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Stop> {
    confirm::begin(&app, &caller, &signatory::about(&caller.acting()?.organisation)).await
}

/// `POST /ig/signatories`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    from: Peer,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (ctx, by, room) = (app.ctx(caller.request()), caller.acting()?, read(&app, &caller).await?);
    let bad = StatusCode::UNPROCESSABLE_ENTITY;
    let wish = match wished(&filled, &room, ctx.clock.now())? {
        Ok(wish) => wish,
        Err(wrongs) => {
            let main = show(&room, &filled, &wrongs, caller.csrf());
            return Ok((bad, page(&app, &caller, &main)).into_response());
        }
    };
    let ask = |status, filled: &Filled, says: Option<String>| {
        let wrongs: Vec<_> = says.into_iter().map(|says| Wrong::new("sure", says)).collect();
        let main = asked(&room, &wish, filled, &wrongs, caller.csrf());
        confirm::page(room.way, status, page(&app, &caller, &main))
    };
    if filled.asked.is_empty() {
        return Ok(ask(StatusCode::OK, &filled, None));
    }
    if filled.sure != "yes" {
        return Ok(ask(bad, &filled, Some("Tick that you want this".to_owned())));
    }
    let about = signatory::about(&by.organisation);
    let (typed, shown) = filled.parted();
    match confirm::prepare(&app, &caller, (room.way, &about), (shown, from)).await? {
        Ok(ready) => match refused(change(&app, &caller, &wish, ready).await?) {
            Ok((what, next)) => Ok(page(&app, &caller, &done(what, next)).into_response()),
            Err(says) => Ok(ask(bad, &typed, Some(says.to_owned()))),
        },
        Err(says) => Ok(ask(bad, &typed, Some(says))),
    }
}

impl Filled {
    /// What was typed, and what was shown, which never comes back.
    fn parted(mut self) -> (Self, confirm::Typed) {
        let shown = std::mem::take(&mut self.shown);
        (self, shown)
    }
}

async fn change(app: &App, caller: &Caller, wish: &Wish, ready: Ready) -> Result<Change, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), (caller.acting()?, ready));
    let (db, keys) = (app.db(), app.keys());
    Ok(match wish {
        Wish::Add(new) => signatory::register(db, &ctx, keys, by, new).await?,
        Wish::End(name) => signatory::end(db, &ctx, keys, by, name).await?,
        Wish::Second(one) => signatory::second(db, &ctx, keys, by, &one.name).await?,
    })
}

/// What was done, in words; or why nothing was.
fn refused(change: Change) -> Result<(&'static str, &'static str), &'static str> {
    match change {
        Change::Done => Ok(("It is done", "What was signed before stays signed.")),
        Change::Waits => Ok((
            "The key waits for a second officer",
            "Ask another governance officer of your organisation to confirm it here.",
        )),
        Change::Live => Err("They have a key already. End that one first"),
        Change::OwnWord => Err("Somebody else confirms it than who registered it"),
        Change::Unknown => Err("There is no such key any more"),
        Change::Unconfirmed => Err(confirm::UNCONFIRMED),
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

async fn read(app: &App, caller: &Caller) -> Result<Room, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| {
        let governs = |role: &str| role.starts_with("ig.") && role != guardian::ROLE;
        let people = practitioner::of_organisation(s, &ctx, &by.organisation).await?;
        let people = people.into_iter().filter(|(_, _, role)| governs(role.as_str()));
        Ok::<_, Stop>(Room {
            signatories: signatory::list(s, &by.organisation).await?,
            people: people.map(|(id, name, _)| (id, name)).collect(),
            has_second: signatory::has_second(s, &ctx, by).await?,
            way: confirm::way(app, s, by.account).await?,
        })
    };
    app.db().snapshot("http.signatories", read).await
}

/// What is wished, or what is wrong with it.
fn wished(filled: &Filled, room: &Room, now: Timestamp) -> Result<Result<Wish, Vec<Wrong>>, Stop> {
    let named = |name: &str| {
        let found = room.signatories.iter().find(|one| one.name == name);
        found.cloned().ok_or(Stop::NotFound)
    };
    if !filled.end.is_empty() {
        return Ok(Ok(Wish::End(named(&filled.end)?.name)));
    }
    if !filled.second.is_empty() {
        return Ok(Ok(Wish::Second(named(&filled.second)?)));
    }
    Ok(checked(filled, &room.people, now).map(|new| Wish::Add(Box::new(new))))
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

fn show(room: &Room, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let cards: Vec<_> = room.signatories.iter().map(|one| card_of(one, csrf)).collect();
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
        @if !room.has_second {
            p { "You are the only governance officer of your organisation who can sign in. A key \
                 that somebody keeps themselves counts at once, and the ledger says that nobody \
                 else confirmed it." }
        }
        (new_form(&room.people, filled, wrongs, csrf))
    }
}

fn card_of(one: &Signatory, csrf: &Csrf) -> Markup {
    let small = |what: &str, field: &'static str| {
        let (button, hidden) =
            (format!("{what} the key of {}", one.name), [(field, one.name.clone())]);
        let form = Form { action: "/ig/signatories", csrf, button: &button, hidden: &hidden };
        form.small(&html! {})
    };
    html! {
        h3 { (one.name) }
        p { (one.office) }
        p { @if one.waits.is_some() {
                "The key waits for a second officer. Until then it signs nothing."
            } @else if one.is_kept {
                "Ken keeps the key; they sign here with their own sign-in."
            } @else { "They keep the key, and bring their signatures as a file." } }
        @if let Some(until) = one.until {
            p { "The key signs until " (words::day_short(words::local(until).date())) "." }
        }
        @if one.waits.is_some() { (small("Confirm", "second")) }
        (small("End", "end"))
    }
}

/// What would be done, in words, with the form of whoever confirms it.
fn asked(room: &Room, wish: &Wish, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let title = match wish {
        Wish::Add(new) => format!("Register {} as {}", new.name, new.office),
        Wish::End(name) => format!("End the key of {name}"),
        Wish::Second(one) => format!("Confirm the key of {}", one.name),
    };
    let pairs = [
        ("practitioner", &filled.practitioner),
        ("office", &filled.office),
        ("key", &filled.key),
        ("end", &filled.end),
        ("second", &filled.second),
    ];
    let mut hidden = vec![("asked", "yes".to_owned())];
    let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    hidden.extend(given.map(|(name, value)| (name, value.clone())));
    let form = Form { action: "/ig/signatories", csrf, button: &title, hidden: &hidden };
    let why = "Who signs binds your organisation, so we ask again who you are.";
    html! {
        (summary(wrongs))
        h1 { (title) }
        (means(room, wish))
        (confirm::form(room.way, why, &form, &tick("sure", "I want this", wrongs), wrongs))
        @if room.way == Way::Passkey { (passkeys::script()) }
        (confirmation::link_on("/ig/signatories", "Leave it as it is"))
    }
}

/// What follows from it.
fn means(room: &Room, wish: &Wish) -> Markup {
    let digits = |key: &str| html! { p { "The key: " code.care_code { (key) } } };
    match wish {
        Wish::Add(new) => html! {
            @if let Some(key) = &new.brought {
                (digits(&signing::hex(key.as_bytes())))
                @if room.has_second {
                    p { "It signs nothing until another governance officer has confirmed it." }
                } @else {
                    p { "Nobody else of your organisation can confirm it, so it signs at once, and \
                         the ledger says so." }
                }
            } @else {
                p { "Ken keeps a key. Only " (new.name) " signs with it, and is asked again each \
                     time." }
            }
        },
        Wish::End(_) => html! { p { "It signs nothing more. What it has signed stays signed." } },
        Wish::Second(one) => html! {
            @if let Some(key) = &one.waits { (digits(key)) }
            p { "Compare it with what " (one.name) " tells you themselves. It signs from then on." }
        },
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

    fn room(signatories: Vec<Signatory>, has_second: bool) -> Room {
        Room { signatories, people: people(), has_second, way: Way::Password }
    }

    #[test]
    fn what_would_be_done_is_told_before_it_is_confirmed() {
        let one = Signatory {
            name: "Sam <Both>".into(),
            practitioner: people()[0].0,
            office: "SIRO".into(),
            until: None,
            is_kept: false,
            waits: Some("ab".repeat(32)),
            added_by: people()[0].0,
        };
        let room = room(vec![one.clone()], true);
        let page = show(&room, &Filled::default(), &[], &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Confirm the key of Sam &lt;Both&gt;"));
        let wrongs = [Wrong::new("sure", "Tick that you want this")];
        for wish in [Wish::End(one.name.clone()), Wish::Second(one)] {
            let page = asked(&room, &wish, &Filled::default(), &wrongs, &Csrf::of("x"));
            rules::assert_part(&page.into_string());
        }
    }

    #[test]
    fn the_form_says_what_is_wrong() {
        let now = "2026-11-21T09:00:00Z".parse().unwrap();
        let filled = Filled { key: "zz".into(), ..Filled::default() };
        let wrongs = checked(&filled, &people(), now).unwrap_err();
        assert_eq!(wrongs.len(), 3);
        let room = room(vec![], false);
        let page = show(&room, &filled, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Nobody is registered") && page.contains("You are the only"));
        let practitioner = people()[0].0.to_string();
        let filled = Filled { practitioner, office: "SIRO".into(), ..Filled::default() };
        let new = checked(&filled, &people(), now).unwrap();
        assert_eq!(new.until.unwrap().to_string(), "2028-11-21T09:00:00Z");
    }
}
