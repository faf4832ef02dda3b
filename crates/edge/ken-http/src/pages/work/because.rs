//! Why a reader may see what a page about somebody shows: their role, the purpose, the clauses.

use ken_core::Purpose;
use ken_sharing::bundle::Bundle;
use maud::{Markup, html};

use crate::caller::Caller;
use crate::pages::ask::{self, Shown};
use crate::view::words;

/// Why the reader may see the page.
#[derive(Debug, Clone)]
pub(crate) struct Because {
    /// For which purpose.
    pub(crate) purpose: Purpose,
    /// In which role, of which organisation, in words.
    pub(crate) acting: String,
    /// Each clause relied on: the agreement's title and the clause's id.
    pub(crate) clauses: Vec<String>,
    /// The kinds of information that the purpose covers, in words.
    pub(crate) covered: Vec<String>,
    /// Whether this is an emergency access.
    pub(crate) is_emergency: bool,
    /// Whether more could be seen once words are affirmed.
    pub(crate) is_more: bool,
}

/// Why, from what was permitted.
pub(super) fn of(bundle: &Bundle, caller: &Caller, purpose: Purpose, shown: &Shown) -> Because {
    let cited = |id: &ken_core::ClauseId| {
        bundle.clause(id).map(|(instrument, _)| ask::citation(instrument, id))
    };
    Because {
        is_emergency: purpose.as_str() == ask::VITAL,
        purpose,
        acting: caller.acts_as().to_owned(),
        clauses: shown.clauses.iter().filter_map(cited).collect(),
        covered: shown.covered.iter().map(words::category).collect(),
        is_more: !shown.more.is_empty(),
    }
}

/// The same in words.
pub(super) fn shown(because: &Because) -> Markup {
    html! {
        p {
            b { "You can see this because " }
            "you act as " (because.acting) ", for this purpose: "
            b { (words::purpose(&because.purpose)) } "."
            @if because.is_emergency {
                " You opened it in an emergency; somebody will check it. Check the name and the \
                 date of birth: a number opens whoever has it, whatever name was typed beside it."
            }
        }
        p {
            @if because.clauses.len() == 1 { "The clause that allows it: " }
            @else { "The clauses that allow it: " }
            (because.clauses.join("; ")) "."
        }
        details.care_more {
            summary { "What you can see (" (because.covered.len()) " kinds of information)" }
            div {
                p { (because.covered.join(", ")) "." }
                p { "Beside that, what your own organisation recorded itself." }
            }
        }
        @if because.is_more {
            p {
                a.care_lone href="#more" { "More can be shown once you affirm words" }
            }
        }
        p { "The person can read that you looked, and why." }
    }
}
