//! Who calls, and whether they may call this route.
//!
//! # Invariants
//!
//! - Every route passes [`admit`], which the router adds from the table; no handler can forget it.
//! - A route that is not for the caller looks like one that does not exist.
//! - A form acts in the role in which its page was shown, or not at all: what another tab has
//!   chosen since is another role.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ken_core::{OrganisationId, PersonId, RequestId};
use ken_directory::{Acting, Holder, Session, Token, organisation, practitioner, session};
use ken_office::guardian;
use ken_store::Snapshot;

use crate::route::Who;
use crate::stop::Stop;
use crate::view::{Area, Frame, Visitor, words};
use crate::wire::changes::{OfNoSession, Sending};
use crate::wire::cookie;
use crate::wire::csrf::{Csrf, Sent};
use crate::{App, Site};

/// Who calls: a signed-in browser, and what it acts as.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    request: RequestId,
    token: Token,
    session: Session,
    visitor: Visitor,
}

impl Caller {
    /// The request that is being answered.
    pub(crate) fn request(&self) -> RequestId {
        self.0.request
    }

    /// The session's token, for what changes the session.
    pub(crate) fn token(&self) -> &Token {
        &self.0.token
    }

    /// The session.
    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    /// The token of the caller's forms.
    pub(crate) fn csrf(&self) -> &Csrf {
        &self.0.visitor.csrf
    }

    /// What a practitioner acts as.
    ///
    /// # Errors
    ///
    /// [`Stop::NotFound`] for anybody else; [`admit`] has made sure of it already.
    pub(crate) fn acting(&self) -> Result<&Acting, Stop> {
        self.0.session.acting.as_ref().ok_or(Stop::NotFound)
    }

    /// Whose own record it is.
    ///
    /// # Errors
    ///
    /// [`Stop::NotFound`] for a practitioner; [`admit`] has made sure of it already.
    pub(crate) fn own(&self) -> Result<PersonId, Stop> {
        match self.0.session.holder {
            Holder::Person(person) => Ok(person),
            Holder::Practitioner(_) => Err(Stop::NotFound),
        }
    }

    /// Their name, as the header has it.
    pub(crate) fn name(&self) -> &str {
        &self.0.visitor.name
    }

    /// Role and organisation in words: "Duty social worker, Glen Council".
    pub(crate) fn acts_as(&self) -> &str {
        self.0.visitor.acts_as.as_deref().unwrap_or_default()
    }

    /// The frame of a page of the caller's own area.
    pub(crate) fn frame<'a>(&'a self, site: &'a Site, title: &'a str) -> Frame<'a> {
        Frame::plain(site, title, area(&self.0.session)).for_visitor(&self.0.visitor)
    }
}

/// The area of a session; [`Area::Outside`] before a role is chosen.
pub(crate) fn area(session: &Session) -> Area {
    match (&session.acting, session.holder) {
        (_, Holder::Person(_)) => Area::Own,
        (None, _) => Area::Outside,
        (Some(acting), _) if acting.role.as_str() == guardian::ROLE => Area::Guardian,
        (Some(acting), _) => match acting.role.as_str().split('.').next() {
            Some("ig") => Area::Governance,
            Some("ops") => Area::Operations,
            _ => Area::Work,
        },
    }
}

/// The live session of a request's cookie, if it has one.
///
/// # Errors
///
/// What the directory says.
pub(crate) async fn session_of(
    app: &App,
    headers: &HeaderMap,
    request: RequestId,
) -> Result<Option<(Token, Session)>, Stop> {
    let cookie = cookie::find(headers, app.site(), cookie::SESSION);
    let Some(token) = cookie.and_then(Token::parse) else { return Ok(None) };
    let session = session::resume(app.db(), &app.ctx(request), &token).await?;
    Ok(session.map(|session| (token, session)))
}

/// Lets a request by if its caller may call a route of this kind.
pub(crate) async fn admit(
    State((app, who)): State<(App, Who)>,
    mut request: Request,
    next: Next,
) -> Response {
    if who == Who::Anyone {
        return next.run(request).await;
    }
    // The same form of the same page is the same request, however often it is sent.
    let sending = request.extensions().get::<Sending>().map(|sending| sending.0);
    let drawn = request.extensions().get::<RequestId>().copied();
    let Some(id) = sending.or(drawn) else {
        return Stop::Fault("http.no-request-id").into_response();
    };
    let sent = request.extensions().get::<Sent>().cloned();
    match find(&app, (who, sent), request.headers(), (id, drawn.unwrap_or(id))).await {
        Ok(_) if request.extensions().get::<OfNoSession>().is_some() => {
            Stop::StaleForm.into_response()
        }
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(stop) => stop.into_response(),
    }
}

async fn find(
    app: &App,
    (who, sent): (Who, Option<Sent>),
    headers: &HeaderMap,
    (id, page): (RequestId, RequestId),
) -> Result<Caller, Stop> {
    let cookie = cookie::find(headers, app.site(), cookie::SESSION);
    let (token, ctx) = (cookie.and_then(Token::parse).ok_or(Stop::SignIn)?, app.ctx(id));
    // One picture of the session and of whom it belongs to.
    let read = async |s: &mut Snapshot| {
        let (session, is_due) = session::find(s, &ctx, &token).await?.ok_or(Stop::SignIn)?;
        let may = is_shown_in(who, sent.as_ref(), &session).and_then(|()| may_call(who, &session));
        // Each page that is shown is another, be it the answer to the same form.
        let csrf = Csrf::in_role(&token.cookie(), page, session.acting.as_ref());
        let visitor = match may {
            Ok(()) => Ok(visitor(app, s, &session, csrf, id).await?),
            Err(stop) => Err(stop),
        };
        Ok::<_, Stop>((session, is_due, visitor))
    };
    let (session, is_due, visitor) = app.db().snapshot("http.caller", read).await?;
    if is_due {
        session::note_use(app.db(), &ctx, &token).await?;
    }
    let visitor = visitor?;
    Ok(Caller(Arc::new(Inner { request: id, token, session, visitor })))
}

/// Whether a form was shown in the role in which it would act. What concerns the account alone,
/// such as signing out, is the same in each role.
fn is_shown_in(who: Who, sent: Option<&Sent>, session: &Session) -> Result<(), Stop> {
    match (who, sent, &session.acting) {
        (Who::SignedIn, ..) | (_, None, _) | (_, _, None) => Ok(()),
        (_, Some(sent), Some(acting)) if sent.is_of(acting) => Ok(()),
        _ => Err(Stop::OtherRole),
    }
}

/// Whether a session may call routes of this kind.
fn may_call(who: Who, session: &Session) -> Result<(), Stop> {
    let have = area(session);
    let wanted = match who {
        Who::Anyone | Who::SignedIn => have,
        Who::Practitioner => Area::Work,
        Who::Person => Area::Own,
        Who::Governance => Area::Governance,
        Who::Operations => Area::Operations,
        Who::Guardian => Area::Guardian,
    };
    match have {
        have if have == wanted => Ok(()),
        Area::Outside => Err(Stop::ChooseRole),
        _ => Err(Stop::NotFound),
    }
}

async fn visitor(
    app: &App,
    s: &Snapshot,
    session: &Session,
    csrf: Csrf,
    id: RequestId,
) -> Result<Visitor, Stop> {
    let Holder::Practitioner(practitioner) = session.holder else {
        // A person's name is their record's to say, and needs a decision; the header needs none.
        let name = "Your own record".to_owned();
        let has_passkeys = app.passkeys().is_some();
        return Ok(Visitor { name, acts_as: None, may_change_role: false, has_passkeys, csrf });
    };
    let acts_as = async {
        let Some(acting) = &session.acting else { return Ok(None) };
        let organisation = organisation_name(&mut s.beside(), &acting.organisation).await?;
        Ok(Some(format!("{}, {organisation}", words::role(acting.role.as_str()))))
    };
    let ctx = app.ctx(id);
    let (found, roles, acts_as) = tokio::try_join!(
        async { Ok::<_, Stop>(practitioner::find(&mut s.beside(), practitioner).await?) },
        async { Ok(practitioner::roles(&mut s.beside(), &ctx, practitioner).await?) },
        acts_as,
    )?;
    Ok(Visitor {
        name: found.map(|found| found.name).unwrap_or_default(),
        acts_as,
        may_change_role: roles.len() > 1,
        has_passkeys: app.passkeys().is_some(),
        csrf,
    })
}

/// An organisation's name; its id where it is not registered.
pub(crate) async fn organisation_name(
    s: &mut Snapshot,
    id: &OrganisationId,
) -> Result<String, Stop> {
    let found = organisation::find(s, id).await?;
    Ok(found.map_or_else(|| id.to_string(), |found| found.name))
}
