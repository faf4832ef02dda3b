//! Whom to turn to now in an organisation that may be sent something about a person, and why them.
//!
//! # Invariants
//!
//! - Whoever coordinates the person's care stands before whoever was let into the team, they before
//!   whoever is on duty, they before a desk at which nobody is, and that before the organisation's
//!   own number.
//! - Nobody is told in a role to which no clause lets it go.
//! - Only those are told of whom the asker may know. Where they may not, the next of the order
//!   stands, and nothing says that there was another.
//!
//! Sources: the maturity model's row on professional details (issues 4, 5 and 8: the most
//! appropriate person with whom to share); house policy for the order.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PersonId, RoleId};
use ken_directory::roster::{Desk, Roster, Shift};
use ken_directory::{Acting, HeldRole, practitioner};
use ken_store::Reads;

use crate::Error;
use crate::role::{Holder, Kind};
use crate::team::{self, Member};

/// What is known of whom to turn to, as far as the asker may know it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Who coordinates the person's care.
    pub holders: Vec<(Kind, Holder)>,
    /// Who was let into the team.
    pub members: Vec<Member>,
    /// Desks, and who is on duty there.
    pub rosters: Vec<Roster>,
}

/// Whom to turn to, in the order of the worth of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee<'a> {
    /// Who coordinates the person's care.
    Coordinator(Kind, &'a Holder),
    /// Who was let into the team, and until when.
    Member(&'a Member),
    /// Who is on duty now, at which desk.
    OnDuty(&'a Desk, &'a Shift),
    /// A desk at which nobody is on duty now.
    Desk(&'a Desk),
    /// The organisation, by the number that it gives to everybody.
    Organisation,
}

impl Addressee<'_> {
    /// Its place in the order, from 0.
    #[must_use]
    pub const fn place(&self) -> u8 {
        match self {
            Self::Coordinator(..) => 0,
            Self::Member(_) => 1,
            Self::OnDuty(..) => 2,
            Self::Desk(_) => 3,
            Self::Organisation => 4,
        }
    }
}

impl Known {
    /// Whom to turn to now in an organisation, of those in roles to which a clause lets it go.
    ///
    /// A lead professional stands before a named person: who brings the services' help together
    /// hears it from all of them. Of members who is in for longest; of desks the first by name.
    #[must_use]
    pub fn addressee(
        &self,
        (organisation, roles): (&OrganisationId, &BTreeSet<RoleId>),
        now: Timestamp,
    ) -> Addressee<'_> {
        let fits = |of: &OrganisationId, role: &RoleId| of == organisation && roles.contains(role);
        let holders = self.holders.iter().filter(|(_, one)| fits(&one.organisation, &one.role));
        if let Some((kind, holder)) = holders.max_by_key(|(kind, _)| *kind) {
            return Addressee::Coordinator(*kind, holder);
        }
        let members = self.members.iter().filter(|one| fits(&one.organisation, &one.role));
        let members = members.filter(|one| one.is_in(now));
        if let Some(member) = members.max_by_key(|one| (one.until, one.id)) {
            return Addressee::Member(member);
        }
        let rosters = self.rosters.iter().filter(|of| fits(&of.desk.organisation, &of.desk.role));
        let mut rosters: Vec<_> = rosters.collect();
        rosters.sort_by_key(|of| (&of.desk.name, of.desk.id));
        let on = rosters.iter().find_map(|of| of.on(now).next().map(|shift| (&of.desk, shift)));
        match (on, rosters.first()) {
            (Some((desk, shift)), _) => Addressee::OnDuty(desk, shift),
            (None, Some(of)) => Addressee::Desk(&of.desk),
            (None, None) => Addressee::Organisation,
        }
    }

    /// The desk of somebody's role in their organisation, by which they are reached where nothing
    /// else is known.
    #[must_use]
    pub fn desk_of(&self, organisation: &OrganisationId, role: &RoleId) -> Option<&Desk> {
        let desks = self.rosters.iter().map(|of| &of.desk);
        let theirs = desks.filter(|desk| desk.organisation == *organisation && desk.role == *role);
        theirs.min_by_key(|desk| (&desk.name, desk.id))
    }
}

/// Who was let into a person's team under one id and has the role still in which they were, as far
/// as somebody is told of it ([`team::known_to`]).
///
/// # Errors
///
/// Whatever the store or the directory says.
pub async fn members<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<Vec<Member>, Error> {
    let mut members = vec![];
    for one in team::known_to(reads, ctx, by, person).await? {
        let held = HeldRole { organisation: one.organisation.clone(), role: one.role.clone() };
        if practitioner::roles(reads, ctx, one.practitioner).await?.contains(&held) {
            members.push(one);
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use ken_directory::roster::Span;
    use proptest::prelude::*;

    use super::*;
    use crate::role::Contact;

    const ORGANISATIONS: [&str; 2] = ["cec", "nhsl"];
    const ROLES: [&str; 3] = ["sw.duty", "sw.children", "nhs.ward"];

    fn word<W: FromStr<Err: std::fmt::Debug>>(text: &str) -> W {
        text.parse().unwrap()
    }

    fn id<W: FromStr<Err: std::fmt::Debug>>(n: usize) -> W {
        word(&format!("0190163d-8694-739b-aea5-{n:012x}"))
    }

    /// So many hours before or after now.
    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hours * 3_600).unwrap()
    }

    fn holder(n: usize, (at, role): (usize, usize)) -> Holder {
        let (organisation, role) = (word(ORGANISATIONS[at]), word(ROLES[role]));
        Holder { practitioner: id(n), organisation, role, contact: Contact::default() }
    }

    fn member(n: usize, (seat, hours): ((usize, usize), i64)) -> Member {
        let Holder { practitioner, organisation, role, .. } = holder(n, seat);
        Member {
            id: id(n),
            kind: "direct-care".to_owned(),
            practitioner,
            organisation,
            role,
            by: (id(99), word("practice")),
            since: at(-100),
            until: at(hours),
            ended: None,
            is_shown: true,
        }
    }

    fn roster(n: usize, (seat, hours): ((usize, usize), Option<i64>)) -> Roster {
        let Holder { organisation, role, .. } = holder(n, seat);
        let (name, phone) = (format!("Desk {n}"), "01632 960 001".to_owned());
        let desk = Desk { id: id(n), organisation, name, role, phone, address: None };
        let shift = |hours| Shift {
            id: id(n),
            span: Span { from: at(hours), until: at(hours + 2) },
            practitioner: None,
            name: None,
            phone: None,
        };
        Roster { desk, shifts: hours.map(shift).into_iter().collect() }
    }

    fn known() -> impl Strategy<Value = Known> {
        let seat = || (0..ORGANISATIONS.len(), 0..ROLES.len());
        let kind = prop::sample::select(Kind::ALL.to_vec());
        let holders = prop::collection::vec((kind, seat()), 0..3);
        let members = prop::collection::vec((seat(), -2..3_i64), 0..4);
        let rosters = prop::collection::vec((seat(), prop::option::of(-4..4_i64)), 0..5);
        (holders, members, rosters).prop_map(|(holders, members, rosters)| {
            let holders = holders.into_iter().enumerate();
            Known {
                holders: holders.map(|(n, (kind, seat))| (kind, holder(n, seat))).collect(),
                members: members.into_iter().enumerate().map(|(n, of)| member(n, of)).collect(),
                rosters: rosters.into_iter().enumerate().map(|(n, of)| roster(n, of)).collect(),
            }
        })
    }

    /// Whose and which role an answer is of.
    fn seat(of: &Addressee<'_>) -> Option<(OrganisationId, RoleId)> {
        let (at, role) = match of {
            Addressee::Coordinator(_, one) => (&one.organisation, &one.role),
            Addressee::Member(one) => (&one.organisation, &one.role),
            Addressee::OnDuty(desk, _) | Addressee::Desk(desk) => (&desk.organisation, &desk.role),
            Addressee::Organisation => return None,
        };
        Some((at.clone(), role.clone()))
    }

    proptest! {
        /// The first of the order that there is, and nobody in another body or role.
        #[test]
        fn whoever_is_told_is_the_first_of_the_order_in_a_role_that_may_have_it(
            known in known(),
            roles in prop::collection::btree_set(prop::sample::select(ROLES.to_vec()), 0..3),
        ) {
            let (now, body) = (at(0), word::<OrganisationId>("cec"));
            let roles: BTreeSet<RoleId> = roles.into_iter().map(word).collect();
            let fits = |of: &OrganisationId, role: &RoleId| *of == body && roles.contains(role);
            let desk = |of: &&Roster| fits(&of.desk.organisation, &of.desk.role);
            let on = |of: &Roster| of.shifts.iter().any(|one| one.span.has(now));
            let is_in = |one: &Member| one.is_in(now) && fits(&one.organisation, &one.role);
            let there = [
                known.holders.iter().any(|(_, one)| fits(&one.organisation, &one.role)),
                known.members.iter().any(is_in),
                known.rosters.iter().filter(desk).any(on),
                known.rosters.iter().any(|of| desk(&of)),
                true,
            ];
            let told = known.addressee((&body, &roles), now);
            prop_assert_eq!(Some(usize::from(told.place())), there.iter().position(|is| *is));
            prop_assert!(seat(&told).is_none_or(|(of, role)| fits(&of, &role)));
            if let Addressee::OnDuty(_, shift) = told {
                prop_assert!(shift.span.has(now));
            }
            // Whoever is not told of changes nothing.
            let mut less = known.clone();
            less.holders.retain(|(_, one)| fits(&one.organisation, &one.role));
            less.members.retain(|one| one.is_in(now));
            less.rosters.retain(|of| of.desk.organisation == body);
            prop_assert_eq!(&less.addressee((&body, &roles), now), &told);
            // Without who coordinates, the next of the order stands.
            less.holders.clear();
            let next = there.iter().skip(1).position(|is| *is).map(|at| at + 1);
            let then = less.addressee((&body, &roles), now).place();
            prop_assert_eq!(Some(usize::from(then)), next);
        }
    }

    #[test]
    fn a_lead_professional_stands_before_a_named_person_and_the_longer_in_first() {
        let (body, roles) = (word("cec"), BTreeSet::from([word("sw.duty")]));
        let mut known = Known {
            holders: Kind::ALL.iter().enumerate().map(|(n, k)| (*k, holder(n, (0, 0)))).collect(),
            members: vec![member(1, ((0, 0), 5)), member(2, ((0, 0), 9)), member(3, ((0, 0), 2))],
            rosters: vec![roster(4, ((0, 0), None)), roster(5, ((0, 0), Some(-1)))],
        };
        let told = known.addressee((&body, &roles), at(0));
        assert!(matches!(told, Addressee::Coordinator(Kind::LeadProfessional, _)));
        known.holders.clear();
        assert_eq!(known.addressee((&body, &roles), at(0)), Addressee::Member(&known.members[1]));
        known.members.clear();
        // Somebody on duty at the second desk stands before nobody at the first.
        let told = known.addressee((&body, &roles), at(0));
        assert!(matches!(told, Addressee::OnDuty(desk, _) if desk.name == "Desk 5"));
        let told = known.addressee((&body, &roles), at(4));
        assert!(matches!(told, Addressee::Desk(desk) if desk.name == "Desk 4"));
        assert_eq!(known.desk_of(&body, &word("sw.duty")).unwrap().name, "Desk 4");
    }
}
