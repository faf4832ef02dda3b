//! Who stands behind one handle of a breach's list, where the agreements let the officer see it:
//! each look is a decision of the gate, with its words affirmed and its entry on the ledger.

use std::collections::BTreeSet;

use ken_agreement::Action;
use ken_office::breach::Affected;
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_sharing::{Statement, affirmation};
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask};
use crate::pages::compose;
use crate::pages::work::affirm::digest;
use crate::stop::Stop;
use crate::view::form::{Wrong, tick};
use crate::view::{facts, receipt};

/// The purpose of a governance lead's look at whom a disclosure was about.
const PURPOSE: &str = "governance";

/// What the gate says of a name.
#[derive(Debug)]
pub(super) enum Named {
    /// The name, what tells its bearer apart, and the receipts of the look.
    Shown(String, Vec<(&'static str, String)>, Vec<String>),
    /// It may be seen once these words are affirmed.
    Words(BTreeSet<Statement>),
    /// It may not be seen.
    Refused,
}

/// Asks for the name of one person of the list, with the words that the officer has affirmed, by
/// what stands for them.
///
/// # Errors
///
/// What the gate, the index or the record says.
pub(super) async fn named(
    app: &App,
    caller: &Caller,
    one: &Affected,
    seen: Option<&str>,
) -> Result<Named, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let asked = Ask {
        by: Asker::Practitioner(by),
        person: one.person,
        action: Action::View,
        purpose: ask::purpose(PURPOSE)?,
        sources: one.items.keys().map(|(source, _)| source.clone()).collect(),
        only: Some(compose::identity()?),
        part: Part::default(),
    };
    let mut answer = ask::ask(app, &ctx, &asked).await?;
    if let (Answer::Words(said), Some(seen)) = (&answer, seen)
        && seen == digest(said)
    {
        let read = async |s: &mut Snapshot| ken_person::together(s, one.person).await;
        for person in app.db().snapshot("http.together", read).await? {
            affirmation::affirm(app.db(), &ctx, by, person, said).await?;
        }
        answer = ask::ask(app, &ctx, &asked).await?;
    }
    Ok(match answer {
        Answer::Words(said) => Named::Words(said),
        Answer::Refused => Named::Refused,
        Answer::Shown(shown) => {
            let banner = compose::banner(&shown.held, ctx.clock.today());
            let name = format!("{}, {}", banner.family.to_uppercase(), banner.given);
            let facts = banner.facts.into_iter().filter(|(_, value)| !value.is_empty());
            let facts = facts.collect();
            Named::Shown(name, facts, ask::receipts(app, shown.entries).await?)
        }
    })
}

/// What the gate said.
pub(super) fn show(handle: &str, named: &Named) -> Markup {
    html! {
        h2 { "Who " (handle) " is" }
        @match named {
            Named::Shown(name, told, receipts) => {
                p { strong { (name) } }
                (facts::list(&told.iter().map(|(label, value)| (*label, html! { (value) }))
                    .collect::<Vec<_>>()))
                (receipt::detail(receipts))
            }
            Named::Words(_) => p { "Before you can see a name, affirm the words below." },
            Named::Refused => p { "Nothing that was signed lets you see this name. Give the \
                handle, with what was given and when, to whoever looks after the person." },
        }
    }
}

/// The words to affirm, with their box.
pub(super) fn words(named: Option<&Named>, wrongs: &[Wrong]) -> Markup {
    html! { @if let Some(Named::Words(said)) = named {
        ul { @for one in said { li { (one.text) } } }
        (tick("affirmed", "I affirm this", wrongs))
    } }
}

/// What stands for the words that are shown, for the form to carry.
pub(super) fn seen(named: Option<&Named>) -> String {
    match named {
        Some(Named::Words(said)) => digest(said),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_name_is_shown_with_its_receipt_or_not_at_all() {
        let words_of =
            "0123456789012345678901234567890123456789012345678901234567890123#G1/oversight"
                .parse()
                .unwrap();
        let said = Statement { words: words_of, text: "Only <oversight>".to_owned() };
        let of = Named::Words([said].into());
        let told = vec![("Born", "2 Mar 1948".to_owned())];
        let shown = Named::Shown("DRUMMOND, Morag".to_owned(), told, vec!["receipt".to_owned()]);
        for (named, want) in [(&of, "affirm"), (&shown, "DRUMMOND"), (&Named::Refused, "Nothing")] {
            let page = html! { (show("ABCDE-FGHJK", named)) (words(Some(named), &[])) };
            let page = page.into_string();
            assert!(page.contains(want), "{want}: {page}");
            rules::assert_part(&page);
            assert_eq!(page.contains("I affirm this"), !seen(Some(named)).is_empty(), "{page}");
        }
        assert!(words(None, &[]).into_string().is_empty() && seen(None).is_empty());
    }
}
