//! `/ig/stock`: the equipment and service plans of one's own organisation, as its officers keep
//! them: one by one, or from a spreadsheet after a dry run.
//!
//! What looks like a number or a birth of somebody is refused before it is kept.

pub(crate) mod bring;
mod show;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::EntryId;
use ken_directory::Error;
use ken_directory::stock::{self, Entry, NewEquipment, NewPlan, What};
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::{confirmation, words};

/// Where the stock is.
pub(super) const ADDRESS: &str = "/ig/stock";
/// Why no more is kept.
const TOO_MANY: &str = "No more is kept here. Take out what is not needed";
/// That something is not there any more.
const GONE: &str = "This has changed meanwhile. Look again";

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    /// What is to be done.
    #[serde(default)]
    what: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    document: String,
    /// Whom to ask about a plan.
    #[serde(default)]
    phone: String,
    #[serde(default)]
    entry: String,
}

/// What the page is about.
struct Room {
    equipment: Vec<Entry<NewEquipment>>,
    plans: Vec<Entry<NewPlan>>,
    now: Timestamp,
}

/// What somebody wants to change.
enum Wish {
    Equipment(NewEquipment),
    Plan(NewPlan),
    Check(What, EntryId),
    TakeOut(What, EntryId),
}

/// `GET /ig/stock`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let room = read(&app, &caller).await?;
    Ok(page(&app, &caller, &show::page(&room, &Filled::default(), &[], caller.csrf())))
}

/// `POST /ig/stock`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let wrong = match wished(&filled) {
        Err(wrong) => wrong,
        Ok(wish) => {
            if change(&app, &caller, &wish).await? {
                let main = html! {
                    (confirmation::done("It is kept", "Others read it at once."))
                    (confirmation::link_on(ADDRESS, "Back to equipment and plans"))
                };
                return Ok(page(&app, &caller, &main).into_response());
            }
            match wish {
                Wish::Equipment(_) => Wrong::new("name", TOO_MANY),
                Wish::Plan(_) => Wrong::new("title", TOO_MANY),
                Wish::Check(..) | Wish::TakeOut(..) => Wrong::new("equipment", GONE),
            }
        }
    };
    let room = read(&app, &caller).await?;
    let main = show::page(&room, &filled, &[wrong], caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

async fn change(app: &App, caller: &Caller, wish: &Wish) -> Result<bool, Stop> {
    let (ctx, keys, by) = (app.ctx(caller.request()), app.keys(), caller.acting()?);
    let work = async |tx: &mut Tx| match wish {
        Wish::Equipment(new) => {
            stock::put_equipment(tx, &ctx, keys, by, std::slice::from_ref(new)).await
        }
        Wish::Plan(new) => stock::put_plans(tx, &ctx, keys, by, std::slice::from_ref(new)).await,
        Wish::Check(what, id) => stock::check(tx, &ctx, keys, by, (*what, *id)).await,
        Wish::TakeOut(what, id) => stock::take_out(tx, &ctx, keys, by, (*what, *id)).await,
    };
    Ok(app.db().write("directory.stock", work).await?)
}

async fn read(app: &App, caller: &Caller) -> Result<Room, Stop> {
    let (now, own) = (app.ctx(caller.request()).clock.now(), &caller.acting()?.organisation);
    let read = async |s: &mut Snapshot| {
        let equipment = stock::list_equipment(s, Some(own)).await?;
        Ok::<_, Error>(Room { equipment, plans: stock::list_plans(s, Some(own)).await?, now })
    };
    Ok(app.db().snapshot("http.stock", read).await?)
}

/// What is wished, or what is wrong with it.
fn wished(filled: &Filled) -> Result<Wish, Wrong> {
    let id = || filled.entry.parse().map_err(|_| Wrong::new("equipment", GONE));
    let wrong = |field| move |says: &str| Wrong::new(field, words::capitalised(says));
    let Filled { kind, name, number, place, area, contact, .. } = filled;
    let Filled { title, from, until, document, phone, .. } = filled;
    match filled.what.as_str() {
        "equipment" => stock::equipment([kind, name, number, place, area, contact])
            .map(Wish::Equipment)
            .map_err(wrong("name")),
        "plan" => stock::plan([title, from, until, document, phone])
            .map(Wish::Plan)
            .map_err(wrong("title")),
        "check-equipment" => Ok(Wish::Check(What::Equipment, id()?)),
        "check-plan" => Ok(Wish::Check(What::Plan, id()?)),
        "out-equipment" => Ok(Wish::TakeOut(What::Equipment, id()?)),
        "out-plan" => Ok(Wish::TakeOut(What::Plan, id()?)),
        _ => Err(Wrong::new("equipment", GONE)),
    }
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Equipment and plans").at("/ig/registers/asset").page(main)
}
