//! `/`: the caller's first page, or the sign-in page.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Redirect;
use ken_core::RequestId;

use crate::App;
use crate::caller::{area, session_of};
use crate::stop::Stop;
use crate::view::Area;

/// `GET /`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
) -> Result<Redirect, Stop> {
    let session = session_of(&app, &headers, request).await?;
    let place = match session.map(|(_, session)| area(&session)) {
        None => "/sign-in",
        Some(Area::Outside) => "/choose",
        Some(area) => area.first_page(),
    };
    Ok(Redirect::to(place))
}
