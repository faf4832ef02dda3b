//! `/w/find/h/{parcel}`: from somebody who was found to their page.
//!
//! A list of who was found names nobody by an id: each link is sealed for the session that asked,
//! and for a while. To anybody else who comes by the page it leads nowhere, and two lists cannot
//! be compared for whom they share.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Redirect;
use ken_core::PersonId;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::wire::parcel;

/// Where the way to somebody begins.
pub(crate) const WAY: &str = "/w/find/h/";

/// What a link carries.
#[derive(Serialize, Deserialize)]
struct Handle {
    person: String,
}

/// The way to somebody's page, for this caller alone.
///
/// # Errors
///
/// What the key store says.
pub(crate) async fn way(app: &App, caller: &Caller, person: PersonId) -> Result<String, Stop> {
    Ok(format!("{WAY}{}", sealed(app, caller, person).await?))
}

/// What stands for somebody who was found, for this caller alone.
///
/// # Errors
///
/// What the key store says.
pub(crate) async fn sealed(app: &App, caller: &Caller, person: PersonId) -> Result<String, Stop> {
    parcel::seal(app, caller, Handle { person: person.to_string() }).await
}

/// `GET /w/find/h/{parcel}`: to the person, or back to the search where it is another's, or too
/// old. What may be seen of the person is decided there.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(sealed): Path<String>,
) -> Result<Redirect, Stop> {
    let handle = parcel::open::<Handle>(&app, &caller, &sealed).await?;
    let person = handle.and_then(|handle| handle.person.parse::<PersonId>().ok());
    Ok(person
        .map_or_else(|| Redirect::to("/w/find"), |person| Redirect::to(&format!("/w/p/{person}"))))
}
