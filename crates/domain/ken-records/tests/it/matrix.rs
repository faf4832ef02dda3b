//! Every operation that changes a sharing fact, against every way to disclose.
//!
//! One side is stopped each time that it asks for the time or draws an id, which both do before
//! each of their statements; the other runs meanwhile. Then: nothing that was decided before the
//! change is read after its acknowledgement, and nothing is entered after it that it forbids.
//!
//! What is asserted holds in whatever order the two get on, so nothing here depends on timing;
//! where the stopped side holds no lock the other one is waited for, else only for a moment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ken_agreement::Day;
use ken_core::{Ctx, Fact, PersonId};
use ken_directory::{Acting, account, organisation, practitioner};
use ken_ledger::Page;
use ken_sharing::departure::{self, Leaving};
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::{Caller, Decision, Permit, emergency, gate, instrument, together};
use ken_store::guard;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::stops::Stops;
use crate::world::{World, held, word, worlds};

/// How long the running side is waited for where it may have to wait itself.
const MOMENT: Duration = Duration::from_millis(12);
/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Family,
    ExPartner,
    RelationshipEnds,
    Joined,
    EmergencyEnds,
    IsThePractitioner,
    Suspended,
    RoleEnds,
    AccountCloses,
    PartyLeaves,
    Objects,
    Parted,
    Training,
    Assurance,
}

impl Change {
    /// About one person; the others move the policy head.
    const OF_PERSON: [Self; 7] = [
        Self::Family,
        Self::ExPartner,
        Self::RelationshipEnds,
        Self::Joined,
        Self::EmergencyEnds,
        Self::Objects,
        Self::Parted,
    ];
    /// A party that has left does not come back, so it is the last.
    const OF_REGISTERS: [Self; 7] = [
        Self::IsThePractitioner,
        Self::Suspended,
        Self::RoleEnds,
        Self::AccountCloses,
        Self::Training,
        Self::Assurance,
        Self::PartyLeaves,
    ];

    /// Whether it forbids what was asked; whatever it is, older decisions are stale.
    fn forbids(self) -> bool {
        !matches!(self, Self::Parted | Self::Training | Self::Assurance)
    }
}

/// Who asks about whom, fresh for each run.
#[derive(Debug, Clone)]
struct Case {
    by: Acting,
    own: PersonId,
    person: PersonId,
    alias: PersonId,
    purpose: &'static str,
}

impl Case {
    async fn new(world: &World, change: Change) -> Self {
        let draw = || PersonId::draw(&*world.ids);
        let (own, person, alias) = (draw(), draw(), draw());
        let seat = match change {
            Change::EmergencyEnds => ("police", "pp.supervisor"),
            _ => ("practice", "gp.doctor"),
        };
        let by = world.employed(seat, own).await;
        let purpose = if change == Change::EmergencyEnds { "vital" } else { "direct-care" };
        let case = Self { by, own, person, alias, purpose };
        case.prepare(world, change).await;
        case
    }

    /// A relationship for the person, and what the change will undo.
    async fn prepare(&self, world: &World, change: Change) {
        let (ctx, keys, db) = (world.ctx(), &world.databases.keys, &world.databases.db);
        let new = NewRelationship {
            person: self.person,
            kind: "direct-care".to_owned(),
            organisation: word("practice"),
            practitioner: None,
            grade: Grade::System,
            source: word("practice"),
            until: None,
        };
        db.write("test.prepare", async |tx| {
            for person in [self.person, self.alias, self.own] {
                guard::create(tx, person).await?;
            }
            relationship::record(tx, &ctx, keys, &new).await?;
            if change == Change::Joined {
                fact::set_family(tx, &ctx, self.alias, self.own, &word("nhsl")).await?;
            }
            if change == Change::Parted {
                let guard = together::lock(tx, &[self.person, self.alias].into()).await?;
                together::join(tx, &guard, self.person, self.alias).await?;
            }
            Ok::<_, ken_sharing::Error>(())
        })
        .await
        .unwrap();
        if change == Change::EmergencyEnds {
            let Decision::Need(need) = self.ask(world, &ctx).await.unwrap() else {
                panic!("an emergency needs words")
            };
            let reason = ken_core::Sensitive::new("made up".to_owned());
            let said = &need.statements;
            emergency::open(db, &ctx, keys, &self.by, self.person, &reason, said).await.unwrap();
        }
    }

    async fn ask(&self, world: &World, ctx: &Ctx<'_>) -> Result<Decision, ken_sharing::Error> {
        let mut question = world.question(self.purpose, &["nhsl"]);
        question.person = self.person;
        let (db, keys, caller) =
            (&world.databases.db, &world.databases.keys, Caller::Practitioner(&self.by));
        gate::decide(db, ctx, keys, &world.gate, caller, &question).await
    }

    /// The same, of two sources at once.
    async fn ask_many(&self, world: &World, ctx: &Ctx<'_>) -> Result<Vec<Permit>, String> {
        let mut question = world.question(self.purpose, &["nhsl", "cec"]);
        question.person = self.person;
        let (db, keys, caller) =
            (&world.databases.db, &world.databases.keys, Caller::Practitioner(&self.by));
        let told = gate::decide_many(db, ctx, keys, &world.gate, caller, &question).await;
        Ok(permits(told.map_err(|error| error.code().to_owned())?.into_values()))
    }

    async fn change(&self, world: &World, ctx: &Ctx<'_>, change: Change) {
        let (db, keys) = (&world.databases.db, &world.databases.keys);
        match change {
            Change::EmergencyEnds => {
                let clauses = BTreeSet::new();
                emergency::finish(db, ctx, keys, &self.by, self.person, &clauses).await.unwrap();
            }
            Change::Suspended => {
                let hash = direct_care(world).await;
                instrument::suspend(db, ctx, keys, &hash, &word("practice")).await.unwrap();
            }
            Change::PartyLeaves => {
                let (hash, party) = (direct_care(world).await, word("practice"));
                let leaving = Leaving::ContractEnds(Day(ctx.clock.today()));
                departure::leave(db, ctx, keys, &hash, (&party, leaving)).await.unwrap();
            }
            _ if Change::OF_REGISTERS.contains(&change) => {
                self.register(world, ctx, change).await.unwrap();
            }
            _ => self.said(world, ctx, change).await.unwrap(),
        }
    }

    /// Something is said of the person.
    async fn said(
        &self,
        world: &World,
        ctx: &Ctx<'_>,
        change: Change,
    ) -> Result<(), ken_sharing::Error> {
        let (db, keys, source) = (&world.databases.db, &world.databases.keys, word("nhsl"));
        let (person, own, alias) = (self.person, self.own, self.alias);
        db.write("test.change", async |tx| {
            let both = matches!(change, Change::Joined | Change::Parted).then_some(alias);
            let people: BTreeSet<_> = both.into_iter().chain([person]).collect();
            let guard = together::lock(tx, &people).await?;
            match change {
                Change::Family => fact::set_family(tx, ctx, person, own, &source).await?,
                Change::ExPartner => fact::set_ex_partner(tx, ctx, person, own, &source).await?,
                Change::Joined => together::join(tx, &guard, person, alias).await.map(|()| true)?,
                Change::Parted => {
                    together::part(tx, &guard, &[alias].into()).await.map(|()| true)?
                }
                Change::RelationshipEnds => {
                    let held = relationship::of_person(tx, ctx, person).await?;
                    relationship::end(tx, ctx, keys, person, &held[0]).await?
                }
                _ => {
                    let objection = Fact::new("objection").unwrap();
                    let said = (&objection, Grade::Confirmed);
                    fact::record(tx, ctx, person, &source, said).await?
                }
            };
            guard.bump(tx).await?;
            Ok(())
        })
        .await
    }

    /// A register changes.
    async fn register(
        &self,
        world: &World,
        ctx: &Ctx<'_>,
        change: Change,
    ) -> Result<(), ken_directory::Error> {
        let (db, keys, id) = (&world.databases.db, &world.databases.keys, self.by.practitioner);
        let (at, until) = (&self.by.organisation, Timestamp::MAX);
        db.write("test.register", async |tx| match change {
            Change::IsThePractitioner => practitioner::set_person(tx, id, self.person).await,
            Change::RoleEnds => {
                practitioner::end_role(tx, ctx, keys, id, &held(&self.by), None).await
            }
            Change::AccountCloses => account::close(tx, ctx, keys, self.by.account, None).await,
            Change::Training => {
                let course = ("made-up", until);
                practitioner::record_training(tx, ctx, keys, at, id, course, None).await
            }
            _ => {
                let made_up = ("made-up", until);
                organisation::record_assurance(tx, ctx, keys, at, made_up, None).await
            }
        })
        .await
    }

    /// How many permits stand on the person's stream.
    async fn entered(&self, world: &World) -> usize {
        let entries = world.databases.db.snapshot("test.entered", async |s| {
            let (keys, page) = (&world.databases.keys, Page::default());
            ken_ledger::person_entries(s, keys, self.person, page).await
        });
        let entries = entries.await.unwrap();
        entries.iter().filter(|entry| entry.kind == ken_ledger::EntryKind::Permit).count()
    }
}

async fn direct_care(world: &World) -> ken_core::InstrumentHash {
    let in_force = world.gate.current(&world.databases.db, &world.ctx()).await.unwrap();
    let mut all = in_force.bundle.instruments();
    all.find(|(_, of, _)| of.agreement.id.to_string() == "glen-direct-care").unwrap().0.clone()
}

fn permits(told: impl IntoIterator<Item = Decision>) -> Vec<Permit> {
    let permit = |decision| match decision {
        Decision::Permit(permit) => Some(permit),
        _ => None,
    };
    told.into_iter().filter_map(permit).collect()
}

/// What one side brings back: permits, or the code of an error.
type Brought = Result<Vec<Permit>, String>;

/// Asks, by one source or by several in turn.
async fn asks(world: Arc<World>, case: Case, stops: Arc<Stops>) -> Brought {
    let ctx = Ctx::new(&*stops, &*stops);
    if stops.stop.is_multiple_of(2) {
        return case.ask_many(&world, &ctx).await;
    }
    let told = case.ask(&world, &ctx).await.map_err(|error| error.code().to_owned())?;
    Ok(permits([told]))
}

/// After the acknowledgement: what was brought opens nothing, and nothing new is permitted.
async fn settle(world: &World, case: &Case, change: Change, brought: Brought, what: &str) {
    let (db, keys, ctx) = (&world.databases.db, &world.databases.keys, world.ctx());
    let guard = db.snapshot("test.now", async |s| {
        let epoch = guard::find(s, case.person).await?.map(|guard| guard.epoch);
        Ok::<_, ken_store::Error>((epoch, guard::policy_version(s).await?))
    });
    let now = guard.await.unwrap();
    for permit in brought.unwrap_or_default() {
        let is_current = (Some(permit.epoch()), permit.policy()) == now;
        assert!(!(change.forbids() && is_current), "{what}: permitted after it was forbidden");
        let read = ken_records::disclose(db, &ctx, keys, vec![permit]).await;
        assert_eq!(read.is_ok(), is_current, "{what}: read by an old permit");
    }
    if change.forbids() {
        let again = case.ask(world, &ctx).await.unwrap();
        assert!(!matches!(again, Decision::Permit(_)), "{what}: it forbids");
    }
}

/// The discloser is stopped, the change runs. False when it was never stopped: the last place.
async fn stopped_discloser(world: &Arc<World>, change: Change, stop: usize) -> bool {
    let what = format!("{} {change:?} against a discloser at {stop}", world.databases.engine);
    let case = Case::new(world, change).await;
    let (stops, mut told) = Stops::new(world, stop);
    let mut tasks = JoinSet::new();
    tasks.spawn(asks(Arc::clone(world), case.clone(), Arc::clone(&stops)));
    let is_stopped = tokio::select! {
        told = told.recv() => told.is_some(),
        done = tasks.join_next() => { done.unwrap().unwrap().unwrap(); false },
    };
    if !is_stopped {
        return false;
    }
    let changing = async { case.change(world, &world.ctx(), change).await };
    tokio::pin!(changing);
    let is_done = if stops.is_writing() {
        timeout(MOMENT, &mut changing).await.is_ok()
    } else {
        changing.as_mut().await;
        true
    };
    let entered = case.entered(world).await;
    stops.go_on();
    if !is_done {
        changing.await;
    }
    let brought = tasks.join_next().await.unwrap().unwrap();
    if is_done && change.forbids() {
        assert_eq!(case.entered(world).await, entered, "{what}: entered after it was forbidden");
    }
    settle(world, &case, change, brought, &what).await;
    restore(world, change).await;
    true
}

/// The change is stopped, a discloser runs. False when it was never stopped.
async fn stopped_change(world: &Arc<World>, change: Change, stop: usize) -> bool {
    let what = format!("{} {change:?} at {stop} against a discloser", world.databases.engine);
    let case = Case::new(world, change).await;
    let before = case.ask(world, &world.ctx()).await.unwrap();
    let before = permits([before]);
    assert_eq!(before.len(), 1, "{what}: it was permitted");
    let (stops, mut told) = Stops::new(world, stop);
    let mut tasks = JoinSet::new();
    let (theirs, its, of) = (Arc::clone(world), Arc::clone(&stops), case.clone());
    tasks.spawn(async move { of.change(&theirs, &Ctx::new(&*its, &*its), change).await });
    let is_stopped = tokio::select! {
        told = told.recv() => told.is_some(),
        done = tasks.join_next() => { done.unwrap().unwrap(); false },
    };
    let ctx = world.ctx();
    let mut brought = vec![];
    if is_stopped {
        let asking = case.ask(world, &ctx);
        tokio::pin!(asking);
        let early = timeout(MOMENT, &mut asking).await;
        stops.go_on();
        // Both go on together: one that nobody polls in the midst of its write holds what the
        // other waits for.
        let changed = tasks.join_next();
        let (changed, told) = if let Ok(told) = early {
            (changed.await, told)
        } else {
            tokio::join!(changed, asking)
        };
        changed.unwrap().unwrap();
        brought.extend(told.ok());
    }
    let all = before.into_iter().chain(permits(brought)).collect();
    settle(world, &case, change, Ok(all), &what).await;
    restore(world, change).await;
    is_stopped
}

async fn restore(world: &World, change: Change) {
    if change == Change::Suspended {
        let (hash, keys) = (direct_care(world).await, &world.databases.keys);
        let (db, by) = (&world.databases.db, word("practice"));
        instrument::resume(db, &world.ctx(), keys, &hash, &by).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_is_disclosed_after_any_change_was_acknowledged() {
    for world in worlds().await {
        let world = Arc::new(world);
        for (place, change) in Change::OF_PERSON.into_iter().enumerate() {
            // The first at every place; the others share the same gate, so at every third.
            let apart = if place == 0 { 1 } else { 3 };
            let mut stop = 1 + place % apart;
            while Box::pin(stopped_discloser(&world, change, stop)).await {
                stop += apart;
            }
            assert!(stop > 8, "{change:?}: the discloser was stopped at {stop} places only");
            let mut stop = 1;
            while Box::pin(stopped_change(&world, change, stop)).await {
                stop += 1;
            }
            assert!(stop > 1, "{change:?}: the change was never stopped");
        }
        for change in Change::OF_REGISTERS {
            if change == Change::PartyLeaves {
                assert!(Box::pin(stopped_discloser(&world, change, 3)).await);
                continue;
            }
            // Each makes the policies anew, so not at every place.
            for stop in [2, 5, 13] {
                Box::pin(stopped_discloser(&world, change, stop)).await;
            }
            Box::pin(stopped_change(&world, change, 2)).await;
        }
    }
}
