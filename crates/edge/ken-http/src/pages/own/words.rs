//! `/my/words`: what I say of what others wrote about me, what I ask to be put right, and what I
//! write of myself.
//!
//! # Invariants
//!
//! - Words are said of an entry that the gate shows to the person at that moment, and of nothing
//!   else; an entry that is not there and one that is kept from them are the same page.
//! - Which entry is meant, and when it was, is in no address.
//! - These pages show the person's own words alone; of what is kept from them nothing follows.

mod show;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ken_agreement::Action;
use ken_care::correction::{self, Correction, NewCorrection};
use ken_care::words::own::{self, OwnEntry, Topic};
use ken_care::words::{self, How, NewWords, Refused};
use ken_core::{Category, PersonId, ResourceId, Sensitive};
use ken_records::{Part, Point, Seen};
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use maud::Markup;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::choices;
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Shown};
use crate::pages::compose::{self, Dated};
use crate::stop::Stop;
use crate::view::banner::Banner;
use crate::view::form::Wrong;
use crate::view::words as says;

use show::{Home, Own};

pub(super) use show::{CARE, helper, lines};

/// What stands where somebody may find that something is wrong.
pub(super) const WRONG: &str = "Say so here, with the button below it. Everybody who may read it \
    then reads your words too. You can also call us: how is below.";

/// What the form says of an entry that is to be put right.
const CORRECT: &str = "correct";

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    step: String,
    #[serde(default)]
    point: String,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    how: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    called: String,
}

/// An entry that the person sees.
struct Found {
    point: Point,
    dated: Dated,
    seen: Seen,
    /// Who the person is, as whoever put it into the record wrote it; nothing where nobody did.
    name: Option<String>,
    /// What stands for the entry as it is shown now.
    print: String,
    receipts: Vec<String>,
}

/// `GET /my/words`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let home = home(&app, &caller).await?;
    Ok(page(&app, &caller, &show::home(&home, &Filled::default(), &[], caller.csrf())))
}

/// `POST /my/words/about`: one entry, and what can be said of it.
pub(crate) async fn about(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Markup, Stop> {
    let found = find(&app, &caller, &filled.point).await?;
    Ok(page(&app, &caller, &show::about(&found, &Filled::default(), &[], caller.csrf())))
}

/// `POST /my/words`: something of an entry, or of oneself.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    match filled.step.as_str() {
        "say" => say(&app, &caller, &filled).await,
        "write" => write(&app, &caller, &filled).await,
        _ => Err(Stop::BadForm),
    }
}

/// Says something of an entry.
async fn say(app: &App, caller: &Caller, filled: &Filled) -> Result<Response, Stop> {
    // What was typed of an entry that is not there any more goes back to whoever typed it.
    let found = match find(app, caller, &filled.point).await {
        Err(Stop::NotFound) if !filled.words.trim().is_empty() => return Err(Stop::StaleForm),
        found => found?,
    };
    let again = |wrong: Wrong| {
        let main = show::about(&found, filled, &[wrong], caller.csrf());
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page(app, caller, &main)).into_response())
    };
    // Nobody agrees with what they have not read.
    if filled.seen != found.print {
        return again(Wrong::new("how", "This has changed. Read it again, then choose"));
    }
    let (text, helper) = typed(filled);
    let ctx = app.ctx(caller.request());
    if filled.how == CORRECT {
        let Some(name) = found.name.clone().map(Sensitive::new) else {
            return again(Wrong::new("how", "We cannot send this for you. Call us: how is below"));
        };
        let (event, on) = (&found.dated.event, found.dated.when.says_plainly());
        let about = Sensitive::new(format!("{}, {on}", event.title));
        let new = NewCorrection {
            person: caller.own()?,
            account: caller.session().account,
            name: &name,
            about: &about,
            text: &text,
            helper: &helper,
        };
        let asked = correction::ask(app.db(), &ctx, app.keys(), &found.seen, &new).await?;
        let done = || page(app, caller, &show::asked(&event.source)).into_response();
        return kept(app, caller, asked, (done, again));
    }
    let Some(how) = How::of_code(&filled.how) else {
        return again(Wrong::new("how", "Choose one"));
    };
    let new = NewWords {
        person: caller.own()?,
        account: caller.session().account,
        how,
        text: &text,
        helper: &helper,
    };
    let said = words::say(app.db(), &ctx, app.keys(), &found.seen, &new).await?;
    let done = || page(app, caller, &show::said()).into_response();
    kept(app, caller, said, (done, again))
}

/// The page after something was sent: that it is kept, or why it is not.
fn kept(
    app: &App,
    caller: &Caller,
    sent: Result<ResourceId, Refused>,
    (done, again): (impl FnOnce() -> Response, impl FnOnce(Wrong) -> Result<Response, Stop>),
) -> Result<Response, Stop> {
    match sent {
        Ok(_) => Ok(done()),
        Err(Refused::NotTheirs) => Err(Stop::NotFound),
        Err(Refused::TooMany) => Ok(page(app, caller, &show::too_many()).into_response()),
        Err(refused) => again(wrong(refused)),
    }
}

/// Writes something of oneself.
async fn write(app: &App, caller: &Caller, filled: &Filled) -> Result<Response, Stop> {
    let home = home(app, caller).await?;
    let again = |wrong: Wrong| {
        let main = show::home(&home, filled, &[wrong], caller.csrf());
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page(app, caller, &main)).into_response())
    };
    // Who could not read it back writes nothing, and neither does anybody where nobody keeps it.
    let Some((at, _)) = home.keeper.as_ref() else { return Err(Stop::NotFound) };
    let Some(topic) = Topic::of_code(&filled.topic) else {
        return again(Wrong::new("topic", "Choose what it is about"));
    };
    let (text, helper) = typed(filled);
    let new = OwnEntry {
        person: caller.own()?,
        account: caller.session().account,
        at,
        topic,
        text: &text,
        helper: &helper,
    };
    let written = own::write(app.db(), &app.ctx(caller.request()), app.keys(), &new).await?;
    let done = || page(app, caller, &show::written()).into_response();
    kept(app, caller, written, (done, again))
}

fn typed(filled: &Filled) -> (Sensitive<String>, Sensitive<String>) {
    (Sensitive::new(filled.words.clone()), Sensitive::new(filled.called.clone()))
}

fn wrong(refused: Refused) -> Wrong {
    match refused {
        Refused::TooLong => Wrong::new("words", "Write less: this is too long for us to keep"),
        Refused::Empty | Refused::NotTheirs | Refused::TooMany => {
            Wrong::new("words", "Write what you want to say")
        }
    }
}

/// The entry at a point of the person's own record, as they see it now.
async fn find(app: &App, caller: &Caller, point: &str) -> Result<Found, Stop> {
    let point: Point = point.parse().map_err(|_| Stop::NotFound)?;
    let part = Part { before: Some(point.after()), ..Part::default() };
    let mut shown = read(app, caller, (part, None)).await?.ok_or(Stop::NotFound)?;
    compose::bring(app, &mut shown.held).await?;
    let names = ask::names(app).await?;
    let name = called(&compose::banner(&shown.held, app.ctx(caller.request()).clock.today()));
    let events = compose::events(&shown.held, &names, &|_| String::new());
    let mut dated = events.into_iter().find(|dated| dated.point == point).ok_or(Stop::NotFound)?;
    compose::make_own(&mut dated, caller.csrf());
    let held = shown.held.into_iter().find(|held| held.point == point).ok_or(Stop::NotFound)?;
    let stands_for_it = print_of(&held);
    let seen = held.seen.ok_or(Stop::NotFound)?;
    let receipts = ask::receipts(app, shown.entries).await?;
    Ok(Found { point, dated, seen, name, print: stands_for_it, receipts })
}

/// A person as whoever looks for their record needs them: name and date of birth.
fn called(banner: &Banner) -> Option<String> {
    let born = banner.facts.iter().find(|(label, value)| *label == "Born" && !value.is_empty());
    let born = born.map(|(_, value)| format!(", born {value}")).unwrap_or_default();
    // Without a name there is no given name either.
    (!banner.given.is_empty()).then(|| format!("{} {}{born}", banner.given, banner.family))
}

/// What stands for an entry as it is shown: another where anything of it is.
fn print_of(held: &compose::Held) -> String {
    let digest = Sha256::digest(held.resource.value().to_string());
    URL_SAFE_NO_PAD.encode(digest)
}

/// A part of the person's own record; nothing where no rule in force lets them read it.
async fn read(
    app: &App,
    caller: &Caller,
    (part, only): (Part, Option<BTreeSet<Category>>),
) -> Result<Option<Shown>, Stop> {
    let asked = Ask {
        by: Asker::Own(caller.session().account),
        person: caller.own()?,
        action: Action::View,
        purpose: ask::purpose(ask::OWN_RECORD)?,
        sources: ask::names(app).await?.into_keys().collect(),
        only,
        part,
    };
    Ok(match ask::ask(app, &app.ctx(caller.request()), &asked).await? {
        Answer::Shown(shown) => Some(shown),
        Answer::Words(_) | Answer::Refused => None,
    })
}

/// What the person has said, and who keeps what they write of themselves.
async fn home(app: &App, caller: &Caller) -> Result<Home, Stop> {
    let (db, keys, person) = (app.db(), app.keys(), caller.own()?);
    let views = Category::new(own::CATEGORY).map_err(|_| Stop::Fault("http.word"))?;
    let only = Some(BTreeSet::from([views.clone()]));
    // Where no rule in force lets them read their record, they read none of it here either.
    let Some(shown) = read(app, caller, (Part::default(), only)).await? else {
        return Ok(Home::default());
    };
    let read = async |s: &mut Snapshot| Ok::<_, Stop>(own::items(s, person).await?);
    let items = db.snapshot("http.own-words", read).await?;
    let names = ask::names(app).await?;
    let is_own =
        |held: &&compose::Held| held.seen.as_ref().is_some_and(|seen| items.contains(&seen.item()));
    let own = shown.held.iter().filter(is_own).map(|held| Own {
        on: says::day_long(says::local(held.point.moment()).date()),
        text: compose::sections(&held.resource),
    });
    let offers = choices::offers(app, caller).await?;
    Ok(Home {
        own: own.collect(),
        is_whole: shown.is_whole && shown.next.is_none(),
        said: words::of_person(db, keys, person).await?,
        asked: corrections(app, person, &names).await?,
        keeper: offers.answers.filter(|_| shown.covered.contains(&views)),
        receipts: ask::receipts(app, shown.entries).await?,
    })
}

/// What the person asked to be put right, each with the name of whom they asked.
async fn corrections(
    app: &App,
    person: PersonId,
    names: &ask::Names,
) -> Result<Vec<(String, Correction)>, Stop> {
    let all = correction::of_person(app.db(), app.keys(), person).await?;
    let with = |one: Correction| (compose::name_of(names, &one.organisation), one);
    Ok(all.into_iter().map(with).collect())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "My words").at("/my").page(main)
}
