//! `/w/claims`: emergencies and claims of colleagues that wait for a second person.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::response::{IntoResponse, Redirect, Response};
use ken_core::RelationshipId;
use ken_directory::practitioner;
use ken_sharing::relationship::{self, ClaimOutcome};
use ken_store::Snapshot;
use maud::{Markup, html};

use serde::Deserialize;

use super::second;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What a button carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Decided {
    claim: String,
    decision: String,
}

/// `GET /w/claims`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (askings, more_askings) = second::waiting(&app, &caller).await?;
    let (claims, more_claims) = waiting(&app, &caller).await?;
    let main = html! {
        h1 { "To confirm for a colleague" }
        (panel::show(&second::panel((&askings, more_askings), caller.csrf())))
        (panel::show(&of_claims((&claims, more_claims), caller.csrf())))
    };
    Ok(caller.frame(app.site(), "To confirm").at("/w/claims").page(&main))
}

/// `POST /w/claims`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Decided>,
) -> Result<Response, Stop> {
    let claim = sent.claim.parse().map_err(|_| Stop::BadForm)?;
    let confirm = match sent.decision.as_str() {
        "confirm" => true,
        "refuse" => false,
        _ => return Err(Stop::BadForm),
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let (db, keys) = (app.db(), app.keys());
    let what = match relationship::decide_claim(db, &ctx, keys, by, claim, confirm).await? {
        ClaimOutcome::Confirmed => "The claim is confirmed",
        ClaimOutcome::Refused => "The claim is refused",
        ClaimOutcome::NotOpen => return Ok(Redirect::to("/w/claims").into_response()),
    };
    let main = html! {
        (confirmation::done(what, "Your name stands beside this decision on the ledger."))
        (confirmation::link_on("/w/claims", "Back to the claims"))
    };
    let frame = caller.frame(app.site(), "To confirm").at("/w/claims");
    Ok(frame.page(&main).into_response())
}

/// The claims that wait in the caller's organisation, and whether there are more.
///
/// # Errors
///
/// What the registers say.
pub(crate) async fn waiting(app: &App, caller: &Caller) -> Result<(Vec<Waiting>, bool), Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let claims = relationship::claims(app.db(), &ctx, app.keys(), &by.organisation).await?;
    let read = async |s: &mut Snapshot| {
        let mut waiting = vec![];
        for claim in claims.claims {
            let found = practitioner::find(s, claim.asserted_by).await?;
            waiting.push(Waiting {
                id: claim.id,
                by: found.map(|found| found.name).unwrap_or_default(),
                kind: words::spaced(&claim.kind),
                typed: claim.typed.into_revealed(),
                at: words::moment_short(claim.at),
                is_own: claim.asserted_by == by.practitioner,
            });
        }
        Ok::<_, Stop>((waiting, claims.is_more))
    };
    app.db().snapshot("http.claims", read).await
}

/// One claim: what the claimant typed, and nothing that is held.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// Which claim.
    pub(crate) id: RelationshipId,
    /// Who claims it.
    pub(crate) by: String,
    /// What kind of relationship, in words.
    pub(crate) kind: String,
    /// What they typed.
    pub(crate) typed: String,
    /// When.
    pub(crate) at: String,
    /// Whether it is the reader's own, which somebody else must decide.
    pub(crate) is_own: bool,
}

/// The panel of claims.
fn of_claims((claims, is_more): (&[Waiting], bool), csrf: &Csrf) -> Panel {
    let state = if claims.is_empty() {
        State::Nothing {
            looked: "No claim in your organisation waits for a second person.".into(),
            caution: "A claim leaves this list after 7 days, or when it is decided.".into(),
        }
    } else {
        let cards: Vec<_> = claims.iter().map(|claim| one(claim, csrf)).collect();
        let shown = html! {
            p {
                "A colleague says that they work with somebody. Confirm it only if you know that \
                 it is so. The person can see that it was confirmed."
            }
            (card::cards(false, &cards))
            @if is_more { p { (second::MORE) } }
        };
        State::Content { shown, from: None }
    };
    Panel { id: "claims", heading: "Claims".into(), open: true, state }
}

fn one(claim: &Waiting, csrf: &Csrf) -> Markup {
    let decide = |confirm: bool, button: &str| {
        let hidden = [
            ("claim", claim.id.to_string()),
            ("decision", if confirm { "confirm" } else { "refuse" }.to_owned()),
        ];
        Form { action: "/w/claims", csrf, button, hidden: &hidden }.small(&html! {})
    };
    html! {
        h3 { (claim.by) ": " (claim.kind) }
        p { "Claimed " (claim.at) "." }
        p { "In their words: " q { (claim.typed) } }
        @if claim.is_own {
            p { "This claim is yours. Somebody else must decide it." }
        } @else {
            div.care_buttons { (decide(true, "Confirm")) (decide(false, "Refuse")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn nobody_decides_their_own() {
        let claim = Waiting {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            by: "Jo Findlay".into(),
            kind: "direct care".into(),
            typed: "Visits her <weekly>".into(),
            at: "21 Nov 2026, 09:14".into(),
            is_own: false,
        };
        let own = Waiting { is_own: true, ..claim.clone() };
        let show = |claims: &[Waiting]| {
            panel::show(&of_claims((claims, true), &Csrf::of("x"))).into_string()
        };
        let shown = show(&[claim, own]);
        rules::assert_part(&shown);
        assert_eq!(shown.matches("value=\"confirm\"").count(), 1);
        assert!(shown.contains("&lt;weekly&gt;"));
        rules::assert_part(&show(&[]));
    }
}
