//! `/choose`: in which role somebody acts now.

use axum::Extension;
use axum::extract::{Form as Sent, State};
use axum::response::Redirect;
use ken_directory::{HeldRole, Holder, practitioner, session};
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::{Caller, organisation_name};
use crate::stop::Stop;
use crate::view::card;
use crate::view::form::Form;
use crate::view::words;
use crate::wire::csrf::Csrf;

/// One role that may be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// The organisation's id.
    pub(crate) organisation: String,
    /// Its name.
    pub(crate) organisation_name: String,
    /// The role's id.
    pub(crate) id: String,
    /// The role in words.
    pub(crate) words: String,
}

/// Which button was pressed.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    organisation: String,
    role: String,
}

/// `GET /choose`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let Holder::Practitioner(practitioner) = caller.session().holder else {
        return Err(Stop::NotFound);
    };
    let ctx = app.ctx(caller.request());
    let read = async |s: &mut Snapshot| {
        let mut roles = vec![];
        for held in practitioner::roles(s, &ctx, practitioner).await? {
            roles.push(Role {
                organisation_name: organisation_name(s, &held.organisation).await?,
                organisation: held.organisation.to_string(),
                words: words::role(held.role.as_str()),
                id: held.role.to_string(),
            });
        }
        Ok::<_, Stop>(roles)
    };
    let roles = app.db().snapshot("http.choose", read).await?;
    Ok(caller.frame(app.site(), "Choose a role").page(&show(&roles, caller.csrf())))
}

/// `POST /choose`.
pub(crate) async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Sent(chosen): Sent<Chosen>,
) -> Result<Redirect, Stop> {
    let organisation = chosen.organisation.parse().map_err(|_| Stop::BadForm)?;
    let role = chosen.role.parse().map_err(|_| Stop::BadForm)?;
    let (ctx, role) = (app.ctx(caller.request()), HeldRole { organisation, role });
    let held = app
        .db()
        .write("http.choose", async |tx: &mut Tx| {
            session::act(tx, &ctx, app.keys(), caller.token(), &role).await
        })
        .await?;
    if held { Ok(Redirect::to("/")) } else { Err(Stop::NotFound) }
}

/// The page's content.
pub(crate) fn show(roles: &[Role], csrf: &Csrf) -> Markup {
    let card = |role: &Role| {
        let hidden = [("organisation", role.organisation.clone()), ("role", role.id.clone())];
        let button = format!("Act as {}", role.words);
        let form = Form { action: "/choose", csrf, button: &button, hidden: &hidden };
        html! {
            h2 { (role.words) }
            p { (role.organisation_name) }
            (form.small(&html! {}))
        }
    };
    html! {
        h1 { "In which role do you act now?" }
        @if roles.is_empty() {
            p { "No role is recorded for you. Ask your organisation to record one." }
        } @else {
            p { "What you may see depends on the role, and each look is recorded with it." }
            (card::cards(true, &roles.iter().map(card).collect::<Vec<_>>()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_role_has_its_button() {
        let role = Role {
            organisation: "cec".into(),
            organisation_name: "Glen Council".into(),
            id: "sw.duty".into(),
            words: "Duty social worker".into(),
        };
        let shown = show(&[role], &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Act as Duty social worker"));
        rules::assert_part(&show(&[], &Csrf::of("x")).into_string());
    }
}
