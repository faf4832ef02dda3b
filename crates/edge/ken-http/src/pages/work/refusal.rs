//! The refusal: nothing about the person but what the caller typed, and three ways on.
//!
//! # Invariants
//!
//! - The page is the same whether the person is held, unknown, or hidden: it is made from what the
//!   caller typed and from the caller's role alone (`core.md` 2.9).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::PersonId;
use maud::{Markup, html};

use crate::view::{card, confirmation};

/// What the caller asked for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// Details they typed, question and answer, and the sealed parcel that carries them on.
    Typed(Vec<(&'static str, String)>, String),
    /// An address they followed.
    Address(PersonId),
}

impl Asked {
    /// What the three ways on carry in their address: opaque either way.
    pub(crate) fn query(&self) -> String {
        match self {
            Self::Typed(_, parcel) => format!("t={parcel}"),
            Self::Address(person) => format!("p={person}"),
        }
    }
}

/// The page's content.
pub(crate) fn show(asked: &Asked) -> Markup {
    let query = asked.query();
    html! {
        h1 { "We cannot show you this" }
        p {
            "No agreement and no relationship that is recorded here lets you see this in your \
             present role. We say the same whether or not anything is held, so this page tells \
             you nothing about anybody."
        }
        @if let Asked::Typed(typed, _) = asked {
            h2 { "What you typed" }
            (confirmation::check_answers(
                &typed.iter().map(|(q, a)| (*q, a.clone())).collect::<Vec<_>>()))
        }
        h2 { "What you can do" }
        (card::cards(true, &ways(&query)))
        p { "That you asked, and were refused, is on the ledger." }
        (confirmation::link_on("/w/find", "Find somebody else"))
    }
}

fn ways(query: &str) -> [Markup; 3] {
    [
        html! {
            h3 { "You work with this person" }
            p { "Say how, in your own words. A second person in your organisation confirms it." }
            p { a href={ "/w/claim?" (query) } { "Claim a relationship" } }
        },
        html! {
            h3 { "Your organisation should be able to see this" }
            p { "An agreement has to say so. Ask those who write yours." }
            p { a href="/w/agreement" { "Ask for an agreement" } }
        },
        html! {
            h3 { "Somebody could come to harm now" }
            p {
                "Open the record in an emergency. You give a reason, it lasts 24 hours, and \
                 somebody else checks it."
            }
            p { a href={ "/w/emergency?" (query) } { "Emergency access" } }
        },
    ]
}

/// The refusal as an answer: its status, too, is always the same.
pub(crate) fn answer(page: Markup) -> Response {
    (StatusCode::FORBIDDEN, page).into_response()
}
