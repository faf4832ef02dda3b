//! The form of a page that is for anybody: bound to the browser by its session, or by a cookie that
//! the page gives it.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use ken_core::RequestId;

use super::cookie;
use super::csrf::{self, Csrf};
use crate::App;

/// A form's token, and the cookie that the browser still needs for it.
pub(crate) struct Bound {
    /// The token.
    pub(crate) csrf: Csrf,
    set: Option<HeaderValue>,
}

impl Bound {
    /// The token of a page that is shown as the answer to a request.
    pub(crate) fn new(app: &App, request: RequestId, headers: &HeaderMap) -> Self {
        let held = cookie::find(headers, app.site(), cookie::SESSION)
            .or_else(|| cookie::find(headers, app.site(), cookie::FORM));
        let secret = held.map_or_else(|| csrf::fresh(&app.ctx(request)), str::to_owned);
        let set = held.is_none().then(|| cookie::set(app.site(), cookie::FORM, &secret)).flatten();
        // Two people at one browser may send the same: each page that is shown has its own token.
        Self { csrf: Csrf::in_role(&secret, request, None), set }
    }

    /// The page, with the cookie where the browser has none.
    pub(crate) fn answer(self, mut page: Response) -> Response {
        if let Some(value) = self.set {
            page.headers_mut().append(header::SET_COOKIE, value);
        }
        page
    }
}
