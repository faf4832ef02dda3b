//! What the registers say, read in one snapshot.

use std::collections::BTreeSet;

use ken_core::{Ctx, Fact, PersonId};
use ken_directory::{organisation, practitioner};
use ken_store::guard::{self, Guard};
use ken_store::{Db, Snapshot};

use super::{Caller, Gate};
use crate::decide::{Facts, PUT_RIGHT, RowClass, UNSEALED};
use crate::linker::LINKER;
use crate::{Error, affirmation, class, emergency, fact, linker, relationship};

/// A colleague agreed beforehand to the emergency access that is open (`core.md` 2.8).
const SECOND_PERSON: &str = "second-person";

/// One consistent picture of everything a decision rests on.
#[derive(Debug)]
pub(super) struct Seen {
    /// The epoch of the person's guard; none for somebody unknown, and for whoever asks after they
    /// have left: both are refused alike, on the organisation's stream.
    pub(super) epoch: Option<i64>,
    /// The policy head.
    pub(super) policy: i64,
    /// What the registers say.
    pub(super) facts: Facts,
    /// Whether the practitioner has an emergency access open on the person.
    pub(super) has_emergency: bool,
    /// The row classes held about the person.
    pub(super) held: BTreeSet<RowClass>,
}

pub(super) async fn read(
    db: &Db,
    ctx: &Ctx<'_>,
    gate: &Gate,
    caller: Caller<'_>,
    person: PersonId,
) -> Result<Seen, Error> {
    db.snapshot("sharing.facts", async |s| {
        let (head, (mut facts, open), classes) = tokio::try_join!(
            Box::pin(head(s, ctx, gate, caller, person)),
            Box::pin(facts_of(s, ctx, caller, person)),
            async { class::held(&mut s.beside(), person).await },
        )?;
        let guard = head.guard.filter(|_| !head.has_left);
        let is_barred = guard.as_ref().is_some_and(|guard| guard.barrier.is_some());
        let hold_ups = [(PUT_RIGHT, is_barred), (UNSEALED, head.is_unsealed)];
        let hold_ups = hold_ups.into_iter().filter(|(_, is_so)| *is_so);
        facts.held.extend(hold_ups.flat_map(|(state, _)| Fact::new(state)));
        let epoch = guard.map(|guard| guard.epoch);
        Ok(Seen { epoch, policy: head.policy, facts, has_emergency: open.is_some(), held: classes })
    })
    .await
}

/// What the moment says, whoever is asked about what.
struct Head {
    has_left: bool,
    guard: Option<Guard>,
    policy: i64,
    is_unsealed: bool,
}

async fn head(
    s: &Snapshot,
    ctx: &Ctx<'_>,
    gate: &Gate,
    caller: Caller<'_>,
    person: PersonId,
) -> Result<Head, Error> {
    let has_left = async {
        let s = &mut s.beside();
        Ok::<_, Error>(match caller {
            Caller::Practitioner(by) => ken_directory::account::has_left(s, ctx, by).await?,
            Caller::Own(account) => ken_directory::account::is_closed(s, account).await?,
        })
    };
    let (has_left, guard, policy, is_unsealed) = tokio::try_join!(
        has_left,
        async { Ok(guard::find(&mut s.beside(), person).await?) },
        async { Ok(guard::policy_version(&mut s.beside()).await?) },
        gate.sealing.is_behind(s, ctx),
    )?;
    Ok(Head { has_left, guard, policy, is_unsealed })
}

/// What the registers say of the person and of who asks, and the emergency access that is open.
pub(super) async fn facts_of(
    s: &Snapshot,
    ctx: &Ctx<'_>,
    caller: Caller<'_>,
    person: PersonId,
) -> Result<(Facts, Option<emergency::Open>), Error> {
    let mut facts = Facts::none(ctx.clock.today());
    let Caller::Practitioner(by) = caller else {
        facts.held = fact::of_person_for(s, ctx, person, None).await?;
        return Ok((facts, None));
    };
    let (held, related, trained, assured, attested, open, linked) = tokio::try_join!(
        fact::of_person_for(s, ctx, person, Some(by.practitioner)),
        async { relationship::of_person(&mut s.beside(), ctx, person).await },
        async { Ok(practitioner::trainings(&mut s.beside(), ctx, by.practitioner).await?) },
        async { Ok(organisation::assurances(&mut s.beside(), ctx, &by.organisation).await?) },
        async { affirmation::held(&mut s.beside(), ctx, by, person).await },
        async { emergency::find(&mut s.beside(), ctx, by, person).await },
        async { linker::is_linker(&mut s.beside(), ctx, person, by.practitioner).await },
    )?;
    (facts.held, facts.attested) = (held, attested);
    facts.held.extend(relationship::facts(&related, by));
    facts.referrers = relationship::referrers(&related, by);
    facts.held.extend(trained.into_iter().chain(assured));
    if open.as_ref().is_some_and(|open| open.has_second) {
        facts.held.extend(Fact::new(SECOND_PERSON));
    }
    if linked {
        facts.held.extend(Fact::new(LINKER));
    }
    Ok((facts, open))
}
