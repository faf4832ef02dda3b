//! `/ig/roster/bring`: shifts from a spreadsheet, shown before they are planned.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_directory::roster::{self, Known, NewShift};
use ken_directory::rows::Fault;
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};

use super::{ADDRESS, page};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::brought::{self, About, Brought};
use crate::view::{confirmation, words};

const ABOUT: About = About {
    address: "/ig/roster/bring",
    back: ADDRESS,
    title: "Bring shifts from a spreadsheet",
    rows: "One shift on a line: desk, day as 2027-04-01, from, until, who, phone. The last two may \
           be empty. From a spreadsheet: save as CSV, and paste it.",
    columns: &["Desk", "When", "Who", "Phone"],
};

/// `GET /ig/roster/bring`.
pub(crate) async fn get(Of(app): Of<App>, Extension(caller): Extension<Caller>) -> Markup {
    page(&app, &caller, &brought::form(&ABOUT, &Brought::default(), &[], caller.csrf()))
}

/// `POST /ig/roster/bring`: what a list says; then, once that is meant, its shifts are planned.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Brought>,
) -> Result<Response, Stop> {
    let sent = sent.in_lines();
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| roster::known(s, &ctx, &by.organisation).await;
    let known = app.db().snapshot("http.roster-known", read).await?;
    let refused = |faults: &[Fault]| {
        let main = brought::form(&ABOUT, &sent, faults, caller.csrf());
        (StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response()
    };
    let shifts = match roster::read(&sent.text, &known, ctx.clock.now()) {
        Ok(shifts) => shifts,
        Err(faults) => return Ok(refused(&faults)),
    };
    if !sent.is_sure() {
        let main = brought::dry_run(&ABOUT, &sent, rows(&shifts, &known), caller.csrf());
        return Ok(page(&app, &caller, &main).into_response());
    }
    let work = async |tx: &mut Tx| roster::add(tx, &ctx, app.keys(), by, &shifts).await;
    match app.db().write("directory.roster", work).await? {
        Ok(added) => {
            let known = format!("{} of them stood there already.", added.known);
            let main = html! {
                (confirmation::done(&format!("{} shifts are planned", added.new), &known))
                (confirmation::link_on(ADDRESS, "Back to the roster"))
            };
            Ok(page(&app, &caller, &main).into_response())
        }
        Err(refusal) => Ok(refused(&[Fault { line: 1, says: refusal.says() }])),
    }
}

fn rows(shifts: &[NewShift], known: &Known) -> Vec<Vec<Markup>> {
    let row = |new: &NewShift| {
        let desk = known.desks.iter().find(|desk| desk.id == new.desk);
        let who = known.staff.iter().find(|(id, _)| Some(*id) == new.practitioner);
        let phone = new.phone.as_deref().or(desk.map(|desk| desk.phone.as_str()));
        vec![
            html! { (desk.map_or("–", |desk| &desk.name)) },
            html! { (words::from_until(new.span.from, new.span.until)) },
            html! { (who.map_or("–", |(_, name)| name)) },
            html! { (phone.unwrap_or("–")) },
        ]
    };
    shifts.iter().map(row).collect()
}
