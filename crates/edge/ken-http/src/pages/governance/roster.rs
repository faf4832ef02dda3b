//! `/ig/roster`: the desks of one's own organisation and who is on duty there, planned by its
//! officers, one by one or from a spreadsheet after a dry run.

pub(crate) mod bring;
mod show;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use ken_core::{EntryId, RoleId};
use ken_directory::roster::{self, Known, NewDesk, NewShift, Refusal, Roster, Span};
use ken_directory::{Error, practitioner};
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::Wrong;
use crate::view::{confirmation, words};

/// Where the roster is.
pub(super) const ADDRESS: &str = "/ig/roster";
/// How far ahead shifts are shown, and gaps are looked for. House policy: two weeks.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    /// What is to be done.
    #[serde(default)]
    what: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    desk: String,
    #[serde(default)]
    shift: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    practitioner: String,
    /// A telephone number of the shift's own.
    #[serde(default)]
    number: String,
}

/// What the page is about.
struct Room {
    known: Known,
    /// The roles that somebody of the organisation holds.
    roles: Vec<RoleId>,
    rosters: Vec<Roster>,
    within: Span,
}

/// What somebody wants to change.
enum Wish {
    Desk(NewDesk),
    Shift(NewShift),
    OutDesk(EntryId),
    OutShift(EntryId),
}

impl Wish {
    /// The field to which a refusal belongs.
    fn field(&self) -> &'static str {
        match self {
            Self::Desk(_) | Self::OutDesk(_) => "name",
            Self::Shift(_) | Self::OutShift(_) => "desk",
        }
    }
}

/// `GET /ig/roster`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let room = read(&app, &caller).await?;
    Ok(page(&app, &caller, &show::page(&room, &Filled::default(), &[], caller.csrf())))
}

/// `POST /ig/roster`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let room = read(&app, &caller).await?;
    let wrongs = match wished(&filled, &room) {
        Err(wrongs) => wrongs,
        Ok(wish) => match change(&app, &caller, &wish).await? {
            Ok(()) => {
                let main = html! {
                    (confirmation::done("It is kept", "Others read it under On duty at once."))
                    (confirmation::link_on(ADDRESS, "Back to the roster"))
                };
                return Ok(page(&app, &caller, &main).into_response());
            }
            Err(refusal) => vec![Wrong::new(wish.field(), refusal.says())],
        },
    };
    let main = show::page(&room, &filled, &wrongs, caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

async fn change(app: &App, caller: &Caller, wish: &Wish) -> Result<Result<(), Refusal>, Stop> {
    let (ctx, keys, by) = (app.ctx(caller.request()), app.keys(), caller.acting()?);
    let work = async |tx: &mut Tx| {
        let found = |found: bool| found.then_some(()).ok_or(Refusal::NotFound);
        Ok::<_, Error>(match wish {
            Wish::Desk(new) => roster::put_desk(tx, &ctx, keys, by, new).await?.map(drop),
            Wish::Shift(new) => {
                let new = std::slice::from_ref(new);
                roster::add(tx, &ctx, keys, by, new).await?.map(drop)
            }
            Wish::OutDesk(id) => found(roster::take_out_desk(tx, &ctx, keys, by, *id).await?),
            Wish::OutShift(id) => found(roster::take_out(tx, &ctx, keys, by, *id).await?),
        })
    };
    Ok(app.db().write("directory.roster", work).await?)
}

async fn read(app: &App, caller: &Caller) -> Result<Room, Stop> {
    let (ctx, own) = (app.ctx(caller.request()), &caller.acting()?.organisation);
    let now = ctx.clock.now();
    let until = now.checked_add(AHEAD).map_err(|_| Stop::Fault("http.clock"))?;
    let within = Span { from: now, until };
    let read = async |s: &mut Snapshot| {
        let roles = practitioner::roles_in(s, &ctx, own).await?;
        let known = roster::known(s, &ctx, own).await?;
        let rosters = roster::rosters(s, &ctx, Some(own), within).await?;
        Ok::<_, Stop>(Room { known, roles, rosters, within })
    };
    app.db().snapshot("http.roster", read).await
}

/// What is wished, or what is wrong with it.
fn wished(filled: &Filled, room: &Room) -> Result<Wish, Vec<Wrong>> {
    let gone = |field| vec![Wrong::new(field, Refusal::NotFound.says())];
    match filled.what.as_str() {
        "desk" => desk(filled, room).map(Wish::Desk),
        "shift" => shift(filled, room).map(Wish::Shift),
        "out-desk" => filled.desk.parse().map(Wish::OutDesk).map_err(|_| gone("name")),
        "out-shift" => filled.shift.parse().map(Wish::OutShift).map_err(|_| gone("desk")),
        _ => Err(gone("name")),
    }
}

fn desk(filled: &Filled, room: &Room) -> Result<NewDesk, Vec<Wrong>> {
    let [name, phone, address] =
        [&filled.name, &filled.phone, &filled.address].map(|text| text.trim());
    let role = room.roles.iter().find(|role| role.as_str() == filled.role);
    let mut wrongs = vec![];
    if name.is_empty() {
        wrongs.push(Wrong::new("name", "Enter what people call the desk"));
    }
    if role.is_none() {
        wrongs.push(Wrong::new("role", "Choose the role of whoever is on duty"));
    }
    if phone.is_empty() {
        wrongs.push(Wrong::new("phone", "Enter a telephone number"));
    }
    match role {
        Some(role) if wrongs.is_empty() => Ok(NewDesk {
            name: name.to_owned(),
            role: role.clone(),
            phone: phone.to_owned(),
            address: (!address.is_empty()).then(|| address.to_owned()),
        }),
        _ => Err(wrongs),
    }
}

fn shift(filled: &Filled, room: &Room) -> Result<NewShift, Vec<Wrong>> {
    let desk = room.known.desks.iter().find(|desk| desk.id.to_string() == filled.desk);
    let who = room.known.staff.iter().find(|(id, _)| id.to_string() == filled.practitioner);
    let span = Span::read(&filled.day, &filled.from, &filled.until)
        .and_then(|span| roster::planned(span, room.within.from));
    let mut wrongs = vec![];
    if desk.is_none() {
        wrongs.push(Wrong::new("desk", "Choose the desk"));
    }
    if let Err(says) = span {
        wrongs.push(Wrong::new("day", words::capitalised(says)));
    }
    if who.is_none() && !filled.practitioner.is_empty() {
        wrongs.push(Wrong::new("practitioner", "Choose one of the list"));
    }
    let number = filled.number.trim();
    match (desk, span) {
        (Some(desk), Ok(span)) if wrongs.is_empty() => Ok(NewShift {
            desk: desk.id,
            span,
            practitioner: who.map(|(id, _)| *id),
            phone: (!number.is_empty()).then(|| number.to_owned()),
        }),
        _ => Err(wrongs),
    }
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Duty roster").at("/ig/registers/asset").page(main)
}
