//! Who looks at what about a person waits for an officer, an emergency access to review or a wish
//! to answer: the first of those in turn of whom anybody may.
//!
//! The officers of the organisation with which it lies; its Caldicott Guardian; and then, for each
//! partnership that the organisation is in and each above, the nearest first, the officers of
//! whoever leads it, and their Guardian.
//!
//! # Invariants
//!
//! - Nobody looks while somebody before them may: the further away, the less reason to read.
//! - Nobody near the person counts, nor whoever had a part in it.
//!
//! Source: `core.md` 2.8; house policy for the order.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{Ctx, OrganisationId, PersonId, PractitionerId};
use ken_directory::partnership::{self, Partnership};
use ken_directory::{Acting, practitioner};
use ken_store::Reads;

use crate::{Error, fact};

/// How the roles begin that open the governance office.
pub const OFFICERS: &str = "ig.";
/// The role of the Caldicott Guardian, who is no officer.
pub const GUARDIAN: &str = "ig.guardian";

/// The organisation itself, and whoever leads the partnerships that it is in and those above, the
/// nearest first.
fn in_turn(all: &[Partnership], own: &OrganisationId) -> Vec<OrganisationId> {
    let within = all.iter().filter(|one| one.members.contains(own));
    let lines: BTreeSet<_> = within
        .flat_map(|one| partnership::line(all, &one.id))
        .map(|one| (one.level, &one.id, &one.lead))
        .collect();
    let mut turn = vec![own.clone()];
    for (.., lead) in lines {
        if !turn.contains(lead) {
            turn.push(lead.clone());
        }
    }
    turn
}

/// The organisations in whose turn one stands, oneself first.
pub(crate) fn looks_after(all: &[Partnership], own: &OrganisationId) -> Vec<OrganisationId> {
    let members: BTreeSet<_> = all.iter().flat_map(|one| &one.members).collect();
    let others = members.into_iter().filter(|one| *one != own);
    let others = others.filter(|one| in_turn(all, one).contains(own));
    std::iter::once(own).chain(others).cloned().collect()
}

/// Who holds the roles that review, looked up once for a list: each with whether nothing says who
/// they are as a person, so that nobody is near them. Those come first.
#[derive(Debug, Default)]
pub(crate) struct Seats(BTreeMap<(OrganisationId, &'static str), Vec<(PractitionerId, bool)>>);

impl Seats {
    async fn of<R: Reads>(
        &mut self,
        reads: &mut R,
        ctx: &Ctx<'_>,
        (organisation, begins, but): (&OrganisationId, &'static str, &str),
    ) -> Result<Vec<(PractitionerId, bool)>, Error> {
        let key = (organisation.clone(), begins);
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let mut seats = vec![];
        for who in practitioner::in_role(reads, ctx, (organisation, (begins, but))).await? {
            seats.push((who, practitioner::own_person(reads, who).await?.is_none()));
        }
        seats.sort_by_key(|(_, is_nobodys)| !is_nobodys);
        self.0.insert(key, seats.clone());
        Ok(seats)
    }
}

/// What waits for somebody to look at it.
pub(crate) struct Matter<'a, P> {
    /// The organisation with which it lies.
    pub(crate) organisation: &'a OrganisationId,
    /// Whom it is about.
    pub(crate) person: PersonId,
    /// Who had a part in it.
    pub(crate) is_of: P,
}

/// Whether something waits with a reader. To an officer of the organisation with which it lies it
/// is shown though they had a part in it.
pub(crate) async fn may_read<R: Reads, P: Fn(PractitionerId) -> bool>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    (by, all): (&Acting, &[Partnership]),
    seats: &mut Seats,
    one: &Matter<'_, P>,
) -> Result<bool, Error> {
    let is_guardian = by.role.as_str() == GUARDIAN;
    for organisation in in_turn(all, one.organisation) {
        for (begins, but) in [(OFFICERS, GUARDIAN), (GUARDIAN, "")] {
            if organisation == by.organisation && is_guardian == (begins == GUARDIAN) {
                let is_own = organisation == *one.organisation && !is_guardian;
                let may = is_own || !(one.is_of)(by.practitioner);
                return Ok(may && !fact::is_near(reads, ctx, by.practitioner, one.person).await?);
            }
            for (who, is_nobodys) in seats.of(reads, ctx, (&organisation, begins, but)).await? {
                let may = !(one.is_of)(who)
                    && (is_nobodys || !fact::is_near(reads, ctx, who, one.person).await?);
                if may {
                    return Ok(false);
                }
            }
        }
    }
    Ok(false)
}

/// Whose turn it is to answer, as one reader sees it: looked up once for a list.
#[derive(Debug)]
pub struct Desk {
    by: Acting,
    all: Vec<Partnership>,
    seats: Seats,
}

impl Desk {
    /// The desk of a reader.
    ///
    /// # Errors
    ///
    /// What the directory says.
    pub async fn of<R: Reads>(reads: &mut R, by: &Acting) -> Result<Self, Error> {
        let all = partnership::list(reads).await?;
        Ok(Self { by: by.clone(), all, seats: Seats::default() })
    }

    /// The organisations in whose turn the reader may stand, their own first.
    #[must_use]
    pub fn organisations(&self) -> Vec<OrganisationId> {
        looks_after(&self.all, &self.by.organisation)
    }

    /// Whether what a person asks of an organisation waits with the reader.
    ///
    /// # Errors
    ///
    /// What the directory or the facts say.
    pub async fn has<R: Reads>(
        &mut self,
        reads: &mut R,
        ctx: &Ctx<'_>,
        (person, organisation): (PersonId, &OrganisationId),
    ) -> Result<bool, Error> {
        let is_of: fn(PractitionerId) -> bool = |_| false;
        let one = Matter { organisation, person, is_of };
        may_read(reads, ctx, (&self.by, &self.all), &mut self.seats, &one).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ken_directory::partnership::Level;

    #[test]
    fn the_nearest_lead_comes_first() {
        let one =
            |id: &str, level, above: Option<&str>, lead: &str, members: &[&str]| Partnership {
                id: id.parse().unwrap(),
                name: id.to_owned(),
                level,
                above: above.map(|id| id.parse().unwrap()),
                lead: lead.parse().unwrap(),
                members: members.iter().map(|id| id.parse().unwrap()).collect(),
            };
        let all = [
            one("nation", Level::National, None, "board", &["board"]),
            one("region", Level::Regional, Some("nation"), "nhs", &["nhs", "cec"]),
            one("glen", Level::Local, Some("region"), "cec", &["cec", "rowan"]),
        ];
        let id = |id: &str| id.parse::<OrganisationId>().unwrap();
        let check = |own: &str, want: &[&str]| {
            let turn = in_turn(&all, &id(own));
            assert_eq!(turn.iter().map(OrganisationId::as_str).collect::<Vec<_>>(), want, "{own}");
            for of in want {
                assert!(looks_after(&all, &id(of)).contains(&id(own)), "{of} of {own}");
            }
        };
        check("rowan", &["rowan", "cec", "nhs", "board"]);
        check("cec", &["cec", "nhs", "board"]);
        check("board", &["board"]);
        check("alone", &["alone"]);
        assert!(!looks_after(&all, &id("rowan")).contains(&id("cec")));
    }
}
