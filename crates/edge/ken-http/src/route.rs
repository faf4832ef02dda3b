//! Every route, with who may call it. The router is built from this table and from nothing else.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};

use crate::wire::{changes, headers, request};
use crate::{App, asset, pages, stop};

/// What a route does with what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Shows a page. It changes nothing but the ledger.
    Get,
    /// Takes a form.
    Post,
}

/// Who may call a route. Anybody else gets the sign-in page, or the page of what does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Anybody at all.
    Anyone,
    /// Anybody who is signed in, in whatever role.
    SignedIn,
    /// A practitioner in a role that works with people.
    Practitioner,
    /// A person, for their own record.
    Person,
    /// A practitioner in a governance role.
    Governance,
    /// A practitioner in an operations role.
    Operations,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// What it does.
    pub verb: Verb,
    /// Its path, with placeholders in braces.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
    /// Whether it answers with a page to read; the accessibility run visits those.
    pub is_page: bool,
    handler: fn() -> MethodRouter<App>,
}

const fn page(path: &'static str, who: Who, handler: fn() -> MethodRouter<App>) -> Route {
    Route { verb: Verb::Get, path, who, is_page: true, handler }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    page("/accessibility", Who::Anyone, || get(pages::about::accessibility)),
    page("/privacy", Who::Anyone, || get(pages::about::privacy)),
    Route { is_page: false, ..page("/static/{file}", Who::Anyone, || get(asset::serve)) },
];

/// The router, from the table.
pub fn router(app: App) -> Router {
    let routes = ROUTES
        .iter()
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    routes
        .fallback(|| async { stop::Stop::NotFound })
        .layer(from_fn_with_state(app.clone(), changes::guard))
        .layer(from_fn_with_state(app.clone(), stop::show))
        .layer(from_fn_with_state(app.clone(), request::identify))
        .layer(from_fn_with_state(app.clone(), headers::add))
        .with_state(app)
}
