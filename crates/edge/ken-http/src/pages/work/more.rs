//! What a reader could see of a person as well, once they affirm the words that a clause asks for.
//!
//! # Invariants
//!
//! - The same is offered whether any of it is held or not: it follows from clauses, the purpose and
//!   the registers, and from no record.

use std::collections::BTreeMap;

use ken_core::{ClauseId, PersonId, Purpose};
use ken_sharing::bundle::Bundle;
use ken_sharing::duty::What;
use maud::{Markup, html};

use super::duties;
use crate::pages::ask::{self, More};
use crate::view::panel::{Panel, State};
use crate::view::words;

/// What one clause would show.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// The clause.
    pub(crate) clause: ClauseId,
    /// The agreement's title and the clause's id.
    pub(crate) rule: String,
    /// The sentence that was signed.
    pub(crate) text: String,
    /// The kinds of information, in words.
    pub(crate) kinds: Vec<String>,
    /// The exact words to affirm.
    pub(crate) words: Vec<String>,
    /// What the reader will owe.
    pub(crate) follows: Vec<String>,
}

/// What the clauses would show, in words.
pub(crate) fn offers(bundle: &Bundle, more: &BTreeMap<ClauseId, More>) -> Vec<Offer> {
    let offer = |(id, more): (&ClauseId, &More)| {
        let (instrument, clause) = bundle.clause(id)?;
        Some(Offer {
            clause: id.clone(),
            rule: ask::citation(instrument, id),
            text: clause.text.trim().to_owned(),
            kinds: more.kinds.iter().map(words::category).collect(),
            words: more.statements.iter().map(|one| one.text.clone()).collect(),
            follows: follows(bundle, id),
        })
    };
    more.iter().filter_map(offer).collect()
}

/// What whoever sees something under a clause owes for it.
pub(crate) fn follows(bundle: &Bundle, id: &ClauseId) -> Vec<String> {
    let Some((_, clause)) = bundle.clause(id) else { return vec![] };
    let owed = clause.obligations.iter().filter_map(|obligation| {
        let (what, span) = What::of_obligation(obligation, clause.deadline.as_deref())?;
        Some(format!("{}, within {}", duties::says(what).0, words::deadline(span)))
    });
    owed.collect()
}

/// The panel under what is shown.
pub(crate) fn panel(person: PersonId, purpose: &Purpose, offers: &[Offer]) -> Panel {
    let shown = html! {
        p {
            "This is what the agreements would let you see, once you affirm their words. \
             It is said here whether or not anything is held."
        }
        @for offer in offers { (one(person, purpose, offer)) }
    };
    let state = State::Content { shown, from: None };
    Panel { id: "more", heading: "What you could see as well".into(), open: true, state }
}

fn one(person: PersonId, purpose: &Purpose, offer: &Offer) -> Markup {
    let clause = offer.clause.as_str();
    let key = clause.rsplit('#').next().unwrap_or_default();
    let query = format!("purpose={purpose}&clause={}", clause.replace('#', "%23"));
    html! {
        h3 { (offer.kinds.join(", ")) }
        p { (offer.rule) ": " (offer.text) }
        p { "The words that it asks you to affirm:" }
        @for text in &offer.words { blockquote.care_words { p { (text) } } }
        (owed(&offer.follows))
        p {
            a href={ "/w/p/" (person) "/affirm?" (query) } {
                "Affirm the words of clause " (key) ", to see this"
            }
        }
    }
}

/// What the reader will owe, where that is something.
pub(crate) fn owed(follows: &[String]) -> Markup {
    html! {
        @if !follows.is_empty() {
            p { b { "What you then have to do: " } (follows.join("; ")) "." }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::{panel, rules};

    pub(crate) fn offer() -> Offer {
        Offer {
            clause: "0a#W2".parse().unwrap(),
            rule: "GIRFEC, clause W2".into(),
            text: "The team sees a concern.".into(),
            kinds: vec!["Concerns".into()],
            words: vec!["I look only at what this purpose needs.".into()],
            follows: vec!["Tell the person, or record why not, within 5 working days".into()],
        }
    }

    #[test]
    fn an_offer_has_its_words_and_where_to_affirm_them() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let purpose = Purpose::new("girfec-wellbeing").unwrap();
        let shown = panel::show(&super::panel(person, &purpose, &[offer()])).into_string();
        rules::assert_part(&shown);
        for want in [
            "I look only at what this purpose needs.",
            "affirm?purpose=girfec-wellbeing&amp;clause=0a%23W2",
            "What you then have to do:",
            "whether or not anything is held",
        ] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        let free = Offer { follows: vec![], ..offer() };
        let shown = panel::show(&super::panel(person, &purpose, &[free])).into_string();
        assert!(!shown.contains("have to do"));
    }
}
