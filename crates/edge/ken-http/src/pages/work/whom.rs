//! Whom a page is about: the banner above the pages on which something of somebody is written, so
//! that it is not written of another by mistake (`ux.md` 4.2).
//!
//! # Invariants
//!
//! - It is asked for after the page was permitted, for the same purpose, and only where a clause
//!   that the page relies on lets the reader know who somebody is: no page that may be read enters
//!   a refusal.

use ken_agreement::Action;
use ken_core::{ClauseId, PersonId, Purpose};
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::banner;

/// The banner of somebody, for a page that was permitted by these clauses; nothing where they do
/// not cover it.
///
/// # Errors
///
/// What the gate, the index or the record says.
pub(super) async fn above(
    app: &App,
    caller: &Caller,
    (person, purpose): (PersonId, &Purpose),
    clauses: impl IntoIterator<Item = &ClauseId>,
) -> Result<Markup, Stop> {
    let (ctx, by, core) = (app.ctx(caller.request()), caller.acting()?, ask::core()?);
    let current = app.gate().current(app.db(), &ctx).await?;
    let covers = |id| {
        let clause = current.bundle.clause(id).map(|(_, clause)| clause);
        clause.is_some_and(|one| {
            one.categories.contains(&core) && one.purpose.as_ref() == Some(purpose)
        })
    };
    if !clauses.into_iter().any(covers) {
        return Ok(html! {});
    }
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((ask::names_in(s).await?, ask::together_in(s, person).await?))
    };
    let (names, people) = app.db().snapshot("http.whom", read).await?;
    let asked = Ask {
        by: Asker::Practitioner(by),
        person,
        action: Action::View,
        purpose: purpose.clone(),
        sources: names.into_keys().collect(),
        only: Some(compose::identity()?),
        part: Part::default(),
    };
    Ok(match ask::ask_beside_own(app, &ctx, &asked, &people, by).await? {
        Answer::Shown(shown) if !shown.held.is_empty() => {
            banner::show(&compose::banner(&shown.held, ctx.clock.today()))
        }
        Answer::Shown(_) | Answer::Words(_) | Answer::Refused => html! {},
    })
}
