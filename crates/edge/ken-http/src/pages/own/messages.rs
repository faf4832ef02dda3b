//! `/my/messages`: what I write to my team, and what they answer.
//!
//! # Invariants
//!
//! - Who coordinates is asked of the gate, as on `/my/team`: where the person is shown nobody, the
//!   page and its form are those of a person who has nobody.
//! - A reply is read as the gate shows it, as any part of the record; of one that is kept from the
//!   person nothing stands here.
//! - Nothing that is sent out says that there is a message, or what is in it.

mod show;

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Action;
use ken_care::message::{self, Message, NewMessage, Refused};
use ken_care::role;
use ken_core::{Category, PractitionerId, Sensitive};
use ken_directory::practitioner;
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use maud::Markup;
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Shown};
use crate::pages::compose::{self, Held};
use crate::pages::replies;
use crate::stop::Stop;
use crate::view::form::Wrong;

use show::View;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    words: Sensitive<String>,
    #[serde(default)]
    called: Sensitive<String>,
}

/// What was asked, and what the person is shown.
struct Read {
    view: View,
    /// Who coordinates, as far as the person is shown it.
    told: BTreeSet<PractitionerId>,
}

/// `GET /my/messages`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let read = read(&app, &caller).await?;
    let view = read.as_ref().map(|read| &read.view);
    Ok(page(&app, &caller, view, (&Filled::default(), &[])))
}

/// `POST /my/messages`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let Some(read) = read(&app, &caller).await? else {
        return Ok(page(&app, &caller, None, (&filled, &[])).into_response());
    };
    let new = NewMessage {
        person: caller.own()?,
        account: caller.session().account,
        told: &read.told,
        text: &filled.words,
        helper: &filled.called,
    };
    let sent = message::send(app.db(), &app.ctx(caller.request()), app.keys(), &new).await?;
    let wrong = match sent {
        Ok(_) => {
            let frame = caller.frame(app.site(), show::TITLE).at("/my");
            return Ok(frame.page(&show::sent()).into_response());
        }
        Err(Refused::Empty) => "Write what you want to say",
        Err(Refused::TooLong) => "Write less: this is too long for us to keep",
        Err(Refused::TooMany) => "You wrote a lot, so we did not send this. Please call us",
        Err(Refused::Nobody | Refused::NotTheirs | Refused::Newer | Refused::KeptBack) => {
            "Nobody can read it here yet, so we did not send it. Please call us"
        }
    };
    let wrongs = [Wrong::new("words", wrong)];
    let page = page(&app, &caller, Some(&read.view), (&filled, &wrongs));
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn page(app: &App, caller: &Caller, view: Option<&View>, typed: (&Filled, &[Wrong])) -> Markup {
    let main = match view {
        Some(view) => show::show(view, typed, caller.csrf()),
        None => show::refused(),
    };
    caller.frame(app.site(), show::TITLE).at("/my").page(&main)
}

/// What the page shows; none where the person may not read it here.
async fn read(app: &App, caller: &Caller) -> Result<Option<Read>, Stop> {
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let events = Category::new(message::CATEGORY).map_err(|_| Stop::Fault("http.word"))?;
    let asked = Ask {
        by: Asker::Own(caller.session().account),
        person,
        action: Action::View,
        purpose: ask::purpose(ask::OWN_RECORD)?,
        sources: ask::names(app).await?.into_keys().collect(),
        only: Some(BTreeSet::from([ask::named_person()?, events.clone()])),
        part: Part::default(),
    };
    let Answer::Shown(mut shown) = ask::ask(app, &ctx, &asked).await? else { return Ok(None) };
    compose::bring(app, &mut shown.held).await?;
    // Who could not read a reply here sends nothing.
    let told = if shown.covered.contains(&events) {
        told(app, caller, &shown).await?
    } else {
        BTreeSet::new()
    };
    let messages = message::of_person(app.db(), app.keys(), person).await?;
    let view = View {
        may_write: !told.is_empty(),
        threads: messages.into_iter().map(|one| thread(one, &shown.held)).collect(),
        is_whole: shown.is_whole && shown.next.is_none(),
        today: ctx.clock.today(),
        receipts: ask::receipts(app, shown.entries).await?,
    };
    Ok(Some(Read { view, told }))
}

/// Who coordinates under the person's own id now, as far as what they are shown names them.
async fn told(app: &App, caller: &Caller, shown: &Shown) -> Result<BTreeSet<PractitionerId>, Stop> {
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let today = ctx.clock.today();
    let read = async |s: &mut Snapshot| {
        let mut told = BTreeSet::new();
        for (kind, holder) in role::holders(s, &ctx, person).await? {
            let found = practitioner::find(s, holder.practitioner).await?;
            let name = found.map(|found| found.name).unwrap_or_default();
            let of = (person, &holder.organisation);
            if compose::around(&shown.held, of, (kind.says(), &name), today).is_some() {
                told.insert(holder.practitioner);
            }
        }
        Ok::<_, Stop>(told)
    };
    app.db().snapshot("http.own-messages", read).await
}

/// A message with those of its replies that the person is shown.
fn thread(of: Message, held: &[Held]) -> show::Thread {
    let mut replies = replies::of(held, &of.replies);
    for said in replies.iter_mut().flat_map(|reply| &mut reply.words) {
        said.is_own = true;
    }
    (of, replies)
}
