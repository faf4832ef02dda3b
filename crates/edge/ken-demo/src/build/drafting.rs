//! A draft that is negotiated while the demo runs, and is before the public.

use jiff::ToSpan;
use ken_agreement::{Basis, Instrument, Parts as Written, Who};
use ken_core::Sensitive;
use ken_directory::Acting;
use ken_office::drafting::{self, Proposed, consult};
use ken_store::Snapshot;

use super::directory::Staff;
use super::sharing::governs;
use super::{Error, Parts};

/// The clause that another party proposes otherwise.
const CLAUSE: &str = "D5";

/// Opens a draft of the next version of an agreement, for its lead party: somebody has commented,
/// somebody proposes a clause, and the public is asked.
pub(super) async fn negotiate(parts: &Parts, of: &Instrument, staff: &Staff) -> Result<(), Error> {
    let ctx = parts.ctx();
    let (db, keys, lead) = (&parts.db, &parts.keys, &of.agreement.lead_party);
    let (by, missing) = (governs(parts, staff, lead)?, || Error::Missing("draft"));
    let list = async |s: &mut Snapshot| drafting::list(s, lead).await;
    if !db.snapshot("demo.drafts", list).await?.is_empty() {
        return Ok(()); // A build that goes on leaves what is there.
    }
    let text = next(of)?.to_toml();
    let id = drafting::open(db, &ctx, keys, &by, &text).await?.map_err(|_| missing())?;
    let other = of.parties.iter().map(|party| &party.id).find(|party| *party != lead);
    let other: Acting = governs(parts, staff, other.ok_or_else(missing)?)?;
    let words = (id, CLAUSE, "Do they need the whole plan?");
    drafting::comment(db, &ctx, keys, &other, words).await?.map_err(|_| missing())?;
    let clause = CLAUSE.parse().map_err(|_| missing())?;
    let mut new = of.clause(&clause).cloned().ok_or_else(missing)?;
    "Social workers who support the person see the plan and its assessment."
        .clone_into(&mut new.text);
    let text = Written { clauses: vec![new], bases: vec![] }.to_toml();
    let why = "What a visit needs is in the plan.".to_owned();
    let proposed = Proposed { clause, text, why };
    let made = drafting::propose(db, &ctx, keys, &other, (id, &proposed)).await?;
    made.map_err(|_| missing())?;
    let closes = ctx.clock.today().saturating_add(12.weeks());
    let what = (id, "Is anything here that you would not expect?", closes);
    let asked = consult::consult(db, &ctx, keys, &by, what).await?.map_err(|_| missing())?;
    let view = Sensitive::new("I would like to be told each time. (made up)".to_owned());
    consult::say(db, &ctx, keys, (asked, &view)).await?.map_err(|_| missing())
}

/// The next version, in which each party has a basis of its own and confirms it itself.
fn next(of: &Instrument) -> Result<Instrument, Error> {
    let mut next = of.clone();
    next.agreement.version = "2".parse().map_err(|_| Error::Missing("version"))?;
    next.lifecycle.supersedes = [of.name()].into();
    let own = |basis: &Basis| matches!(basis.party, Who::Party(_));
    let shared: Vec<_> = next.bases.iter().filter(|basis| !own(basis)).cloned().collect();
    next.bases.retain(own);
    for basis in &shared {
        let of_kind = |kind| basis.kinds.is_empty() || basis.kinds.contains(kind);
        for party in of.parties.iter().filter(|party| of_kind(&party.kind)) {
            next.bases.push(Basis {
                id: format!("{}.{}", basis.id, party.id),
                party: Who::Party(party.id.clone()),
                kinds: std::collections::BTreeSet::new(),
                ..basis.clone()
            });
        }
    }
    next.bases.iter_mut().for_each(|basis| basis.confirmed_by.clear());
    Ok(next)
}
