//! What the registers say, read in one snapshot.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{Ctx, Fact, PersonId};
use ken_store::Db;
use ken_store::guard;

use super::Caller;
use crate::decide::{Facts, PUT_RIGHT, RowClass, UNSEALED};
use crate::{Error, affirmation, class, emergency, fact, relationship};

/// A colleague agreed beforehand to the emergency access that is open (`core.md` 2.8).
const SECOND_PERSON: &str = "second-person";
/// Age of the oldest unsealed entry over which routine disclosures stop (`core.md` 3.2).
const UNSEALED_MAX: SignedDuration = SignedDuration::from_secs(60);

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
    caller: Caller<'_>,
    person: PersonId,
) -> Result<Seen, Error> {
    db.snapshot("sharing.facts", async |s| {
        let has_left = match caller {
            Caller::Practitioner(by) => ken_directory::account::has_left(s, ctx, by).await?,
            Caller::Own(account) => ken_directory::account::is_closed(s, account).await?,
        };
        let guard = guard::find(s, person).await?.filter(|_| !has_left);
        let is_barred = guard.as_ref().is_some_and(|guard| guard.barrier.is_some());
        let epoch = guard.map(|guard| guard.epoch);
        let policy = guard::policy_version(s).await?;
        let is_unsealed = ken_ledger::oldest_unsealed_age(s, ctx).await? > UNSEALED_MAX;
        let mut has_emergency = false;
        let mut facts = Facts::none(ctx.clock.today());
        match caller {
            Caller::Practitioner(by) => {
                let own = ken_directory::practitioner::own_person(s, by.practitioner).await?;
                facts.held = fact::of_person(s, ctx, person, own).await?;
                let related = relationship::of_person(s, ctx, person).await?;
                facts.held.extend(relationship::facts(&related, by));
                let trained = ken_directory::practitioner::trainings(s, ctx, by.practitioner);
                facts.held.extend(trained.await?);
                let assured = ken_directory::organisation::assurances(s, ctx, &by.organisation);
                facts.held.extend(assured.await?);
                facts.attested = affirmation::held(s, ctx, by, person).await?;
                let open = emergency::find(s, ctx, by, person).await?;
                has_emergency = open.is_some();
                if open.is_some_and(|open| open.has_second) {
                    facts.held.extend(Fact::new(SECOND_PERSON));
                }
            }
            Caller::Own(_) => facts.held = fact::of_person(s, ctx, person, None).await?,
        }
        let hold_ups = [(PUT_RIGHT, is_barred), (UNSEALED, is_unsealed)];
        let hold_ups = hold_ups.into_iter().filter(|(_, is_so)| *is_so);
        facts.held.extend(hold_ups.flat_map(|(state, _)| Fact::new(state)));
        let held = class::held(s, person).await?;
        Ok(Seen { epoch, policy, facts, has_emergency, held })
    })
    .await
}
