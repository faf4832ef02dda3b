//! `/ig/stock/equipment` and `/ig/stock/plans`: rows from a spreadsheet, shown before they are
//! kept.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_directory::rows::Fault;
use ken_directory::stock::{self, NewEquipment, NewPlan};
use ken_store::Tx;
use maud::{Markup, html};

use super::{ADDRESS, TOO_MANY, page};
use crate::App;
use crate::caller::Caller;
use crate::pages::work::equipment::kind_says;
use crate::stop::Stop;
use crate::view::brought::{self, About, Brought};
use crate::view::confirmation;

const EQUIPMENT: About = About {
    address: "/ig/stock/equipment",
    back: ADDRESS,
    title: "Bring equipment from a spreadsheet",
    rows: "One on a line: category, name, how many are free, place, postcode area, contact. The \
           category is one of mobility, bed, lifting, bathing, seating, household, telecare, \
           communication, children.",
    columns: &["Equipment", "For", "Free#", "Where", "Contact"],
};

const PLANS: About = About {
    address: "/ig/stock/plans",
    back: ADDRESS,
    title: "Bring service plans from a spreadsheet",
    rows: "One on a line: title, first year, last year, address of the document, contact.",
    columns: &["Plan", "Years", "Document", "Contact"],
};

/// `GET /ig/stock/equipment`.
pub(crate) async fn get_equipment(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Markup {
    page(&app, &caller, &brought::form(&EQUIPMENT, &Brought::default(), &[], caller.csrf()))
}

/// `GET /ig/stock/plans`.
pub(crate) async fn get_plans(Of(app): Of<App>, Extension(caller): Extension<Caller>) -> Markup {
    page(&app, &caller, &brought::form(&PLANS, &Brought::default(), &[], caller.csrf()))
}

/// `POST /ig/stock/equipment`.
pub(crate) async fn post_equipment(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Brought>,
) -> Result<Response, Stop> {
    let sent = sent.in_lines();
    let all = match stock::read_equipment(&sent.text) {
        Ok(all) => all,
        Err(faults) => return Ok(refused(&app, &caller, (&EQUIPMENT, &sent), &faults)),
    };
    if !sent.is_sure() {
        let rows = all.iter().map(equipment_row).collect();
        let main = brought::dry_run(&EQUIPMENT, &sent, rows, caller.csrf());
        return Ok(page(&app, &caller, &main).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let work = async |tx: &mut Tx| stock::put_equipment(tx, &ctx, app.keys(), by, &all).await;
    let is_kept = app.db().write("directory.stock", work).await?;
    Ok(ended(&app, &caller, (&EQUIPMENT, &sent), is_kept))
}

/// `POST /ig/stock/plans`.
pub(crate) async fn post_plans(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Brought>,
) -> Result<Response, Stop> {
    let sent = sent.in_lines();
    let all = match stock::read_plans(&sent.text) {
        Ok(all) => all,
        Err(faults) => return Ok(refused(&app, &caller, (&PLANS, &sent), &faults)),
    };
    if !sent.is_sure() {
        let rows = all.iter().map(plan_row).collect();
        let main = brought::dry_run(&PLANS, &sent, rows, caller.csrf());
        return Ok(page(&app, &caller, &main).into_response());
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let work = async |tx: &mut Tx| stock::put_plans(tx, &ctx, app.keys(), by, &all).await;
    let is_kept = app.db().write("directory.stock", work).await?;
    Ok(ended(&app, &caller, (&PLANS, &sent), is_kept))
}

fn equipment_row(new: &NewEquipment) -> Vec<Markup> {
    vec![
        html! { (new.name) },
        html! { (kind_says(new.kind)) },
        html! { (new.available) },
        html! { (new.place) ", " (new.area.as_str()) },
        html! { (new.contact) },
    ]
}

fn plan_row(new: &NewPlan) -> Vec<Markup> {
    let (from, until) = new.years;
    vec![
        html! { (new.title) },
        html! { (from) " to " (until) },
        html! { (new.document) },
        html! { (new.contact) },
    ]
}

fn refused(
    app: &App,
    caller: &Caller,
    (about, sent): (&About, &Brought),
    faults: &[Fault],
) -> Response {
    let main = brought::form(about, sent, faults, caller.csrf());
    (StatusCode::UNPROCESSABLE_ENTITY, page(app, caller, &main)).into_response()
}

fn ended(app: &App, caller: &Caller, what: (&About, &Brought), is_kept: bool) -> Response {
    if !is_kept {
        return refused(app, caller, what, &[Fault { line: 1, says: TOO_MANY }]);
    }
    let main = html! {
        (confirmation::done("It is kept", "What had the same name is brought up to date."))
        (confirmation::link_on(ADDRESS, "Back to equipment and plans"))
    };
    page(app, caller, &main).into_response()
}
