//! `/my/happened`: what has happened, as every agency tells it, in one list, and a copy of it.

use axum::Extension;
use axum::extract::{Form as FromForm, Query, State as Of};
use axum::response::Response;
use ken_agreement::Action;
use ken_office::mark::About;
use ken_records::{Part, Size};
use ken_sharing::gate::Caller as Asker;
use maud::{Markup, html};

use super::looked::MORE;
use super::words::WRONG;
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Names, Shown};
use crate::pages::chronology::{Chronology, Filter, Sent, Start, Wanted, copy};
use crate::pages::compose::{self, Dated};
use crate::pages::work::happened::events_have;
use crate::stop::Stop;
use crate::view::{receipt, words};
use crate::wire::csrf::Csrf;

/// `GET /my/happened`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Wanted>,
) -> Result<Markup, Stop> {
    answer(&app, &caller, (wanted, None)).await
}

/// `POST /my/happened/part`: what is beyond a point, a visit of its own.
pub(crate) async fn part(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    FromForm(sent): FromForm<Sent>,
) -> Result<Markup, Stop> {
    let start = sent.start().ok_or(Stop::NotFound)?;
    answer(&app, &caller, (sent.wanted, Some(start))).await
}

/// `POST /my/happened/copy`: all that matches, as a file.
pub(crate) async fn copy(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    FromForm(sent): FromForm<Sent>,
) -> Result<Response, Stop> {
    let names = ask::names(&app).await?;
    let part = Filter::of(&sent.wanted, &names).part(Size::Copy, None);
    let shown = read(&app, &caller, (Action::Export, part), &names).await?;
    // No rule in force lets people take their own record away here: there is no such page.
    let shown = shown.ok_or(Stop::NotFound)?;
    let events = events(&shown, &names, caller.csrf());
    let receipts = ask::receipts(&app, shown.entries).await?;
    Ok(copy::file(About::Own, &events, (shown.next.is_none(), &receipts)))
}

/// What the person may see of a part; nothing where no rule in force lets them.
async fn read(
    app: &App,
    caller: &Caller,
    (action, part): (Action, Part),
    names: &Names,
) -> Result<Option<Shown>, Stop> {
    let asked = Ask {
        by: Asker::Own(caller.session().account),
        person: caller.own()?,
        action,
        purpose: ask::purpose(ask::OWN_RECORD)?,
        sources: names.keys().cloned().collect(),
        only: None,
        part,
    };
    Ok(match ask::ask(app, &app.ctx(caller.request()), &asked).await? {
        Answer::Shown(mut shown) => {
            compose::bring(app, &mut shown.held).await?;
            Some(shown)
        }
        Answer::Words(_) | Answer::Refused => None,
    })
}

/// The events in words for the person. The page says once for all why they may see them.
fn events(shown: &Shown, names: &Names, csrf: &Csrf) -> Vec<Dated> {
    let mut events = compose::events(&shown.held, names, &|_| String::new());
    for dated in &mut events {
        dated.event.on = dated.when.says_plainly();
        // Who wrote it down, or reported it, is for whoever answers for it to say.
        dated.event.recorded_by = None;
        dated.event.kind = words::capitalised(&words::category_plain(&dated.category));
        compose::make_own(dated, csrf);
    }
    events
}

async fn answer(
    app: &App,
    caller: &Caller,
    (wanted, start): (Wanted, Option<Start>),
) -> Result<Markup, Stop> {
    let names = ask::names(app).await?;
    let filter = Filter::of(&wanted, &names);
    let part = filter.part(Size::Page, start.map(|start| start.point));
    let Some(shown) = read(app, caller, (Action::View, part), &names).await? else {
        return Ok(page(app, caller, &none()));
    };
    let mut events = events(&shown, &names, caller.csrf());
    events.sort_by(|one, other| filter.order.compare(&one.point, &other.point));
    let here = events.iter().map(|dated| &dated.category);
    let chronology = Chronology {
        action: "/my/happened".to_owned(),
        purpose: None,
        kinds: events_have(shown.covered.iter().chain(here), words::category_plain),
        sources: names.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        filter,
        events,
        start,
        next: shown.next,
    };
    let receipts = ask::receipts(app, shown.entries).await?;
    let main = html! {
        p {
            "This is what people wrote down about you, day by day. Some of it may be hard to \
             read. You can read it with somebody you trust. " (MORE)
        }
        (chronology.show(caller.csrf()))
        h2 { "Is something wrong?" }
        p { (WRONG) }
        (receipt::own(&receipts))
    };
    Ok(page(app, caller, &main))
}

/// What stands there where no rule in force lets people read their own record.
fn none() -> Markup {
    html! {
        h2 { "You cannot read it here yet" }
        p { "You have a right to a copy: ask us. How to reach us is below." }
    }
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    let main = html! {
        h1 { "What has happened" }
        p { a.care_lone href="/my/record" { "Back to my record" } }
        (main)
    };
    caller.frame(app.site(), "What has happened").at("/my/record").page(&main)
}
