//! What is said of people once the index knows them: their accounts, and relationships that no
//! message asserts.

use std::collections::BTreeSet;

use ken_core::{Fact, PersonId};
use ken_directory::{Holder, practitioner};
use ken_person::{Found, Query};
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::{self, NewRelationship};

use super::directory::{Staff, open, word};
use super::{Error, Listener, Parts, Progress};
use crate::plan::{FAMILIES, OWN_RECORDS, RELATIONSHIPS, Relationship};
use crate::{Account, Partnership};

/// What a person's own access requires: that somebody saw who they are.
const VERIFIED: &str = "person:verified";
/// The organisation that saw people's papers, and whose register names families.
const REGISTER: &str = "practice";

/// Opens people's own accounts, and records the relationships and families of the plan.
pub(super) async fn settle(
    parts: &Parts,
    partnership: &Partnership,
    staff: &Staff,
    listener: &Listener<'_>,
) -> Result<(), Error> {
    let own = partnership.accounts.iter().filter_map(|account| match account.holder {
        crate::Holder::Person(handle) => Some((account, handle)),
        crate::Holder::Practitioner(_) => None,
    });
    let own: Vec<(&Account, &str)> = own.collect();
    let total = own.len() + RELATIONSHIPS.len() + FAMILIES.len() + OWN_RECORDS.len();
    listener(Progress::Began { what: "People's own access", total: total as u64 });
    for (account, handle) in own {
        let person = find(parts, partnership, handle).await?;
        verify(parts, person).await?;
        open(parts, account, Holder::Person(person), None).await?;
        listener(Progress::Did(1));
    }
    for one in RELATIONSHIPS {
        let person = find(parts, partnership, one.person).await?;
        relate(parts, person, one, staff).await?;
        listener(Progress::Did(1));
    }
    for (one, other) in FAMILIES {
        let pair = (find(parts, partnership, one).await?, find(parts, partnership, other).await?);
        join(parts, pair).await?;
        listener(Progress::Did(1));
    }
    for (key, handle) in OWN_RECORDS {
        let person = find(parts, partnership, handle).await?;
        let id = *staff.get(key).ok_or(Error::Missing("practitioner"))?;
        let known = async |tx: &mut ken_store::Tx| practitioner::set_person(tx, id, person).await;
        parts.db.write("demo.own-record", known).await?;
        listener(Progress::Did(1));
    }
    Ok(())
}

/// The person of a story, as the index has them.
pub(super) async fn find(
    parts: &Parts,
    partnership: &Partnership,
    handle: &str,
) -> Result<PersonId, Error> {
    let told = partnership.person(handle).ok_or(Error::Missing("story"))?;
    let chi = told.chi.clone().ok_or(Error::Missing("CHI number"))?;
    let query = Query::chi(chi);
    let look = async |s: &mut ken_store::Snapshot| ken_person::search(s, &query).await;
    match parts.db.snapshot("demo.find", look).await? {
        Found::People(people) => match people.as_slice() {
            [one] => Ok(one.person()),
            _ => Err(Error::Missing("person")),
        },
        Found::TooMany => Err(Error::Missing("person")),
    }
}

async fn verify(parts: &Parts, person: PersonId) -> Result<(), Error> {
    let (ctx, register) = (parts.ctx(), word(REGISTER)?);
    let verified = Fact::new(VERIFIED).map_err(|_| Error::Missing("fact"))?;
    let write = async |tx: &mut ken_store::Tx| {
        let guard = tx.lock_people(&BTreeSet::from([person])).await?;
        if fact::record(tx, &ctx, person, &register, (&verified, Grade::System)).await? {
            guard.bump(tx).await?;
        }
        Ok::<_, Error>(())
    };
    parts.db.write("demo.verify", write).await
}

async fn relate(
    parts: &Parts,
    person: PersonId,
    one: &Relationship,
    staff: &Staff,
) -> Result<(), Error> {
    let ctx = parts.ctx();
    let practitioner = one.practitioner.map(|key| staff.get(key).copied());
    let practitioner = practitioner.map(|id| id.ok_or(Error::Missing("practitioner")));
    let new = NewRelationship {
        person,
        kind: one.kind.to_owned(),
        organisation: word(one.organisation)?,
        practitioner: practitioner.transpose()?,
        grade: Grade::System,
        source: word(one.organisation)?,
        until: None,
    };
    let write = async |tx: &mut ken_store::Tx| {
        let guard = tx.lock_people(&BTreeSet::from([person])).await?;
        let held = relationship::of_person(tx, &ctx, person).await?;
        let is_held = held.iter().any(|old| {
            old.kind == new.kind
                && old.organisation == new.organisation
                && old.practitioner == new.practitioner
        });
        if !is_held {
            relationship::record(tx, &ctx, &parts.keys, &new).await?;
            guard.bump(tx).await?;
        }
        Ok::<_, Error>(())
    };
    parts.db.write("demo.relationship", write).await
}

/// Says that two people are family, each of the other.
async fn join(parts: &Parts, (one, other): (PersonId, PersonId)) -> Result<(), Error> {
    let (ctx, register) = (parts.ctx(), word(REGISTER)?);
    let write = async |tx: &mut ken_store::Tx| {
        let guard = tx.lock_people(&BTreeSet::from([one, other])).await?;
        let there = fact::set_family(tx, &ctx, one, other, &register).await?;
        let back = fact::set_family(tx, &ctx, other, one, &register).await?;
        if there || back {
            guard.bump(tx).await?;
        }
        Ok::<_, Error>(())
    };
    parts.db.write("demo.family", write).await
}
