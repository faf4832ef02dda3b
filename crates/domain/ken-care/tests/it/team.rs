//! Who is let into the team, by whom, and how soon it holds.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_care::role::{Change, Kind};
use ken_care::team::{self, Member, NewMember, Refused};
use ken_core::{Ctx, RelationshipId, Sensitive};
use ken_directory::{Acting, practitioner};
use ken_sharing::Decision;
use ken_sharing::bundle::Bundle;
use ken_store::{Snapshot, Tx};

use crate::world::{World, held, holder, why, worlds};

/// The council's children's social worker is her lead professional.
async fn led() -> Vec<(World, Bundle)> {
    let mut all = vec![];
    for world in worlds().await {
        let of = (world.person, Kind::LeadProfessional);
        world.change(&world.jo, of, &Change::Set(holder(&world.beth))).await.unwrap();
        let bundle = world.bundle().await;
        all.push((world, bundle));
    }
    all
}

async fn grant_in(
    world: &World,
    ctx: &Ctx<'_>,
    (by, bundle): (&Acting, &Bundle),
    (whom, kind, days): (&Acting, &str, i64),
) -> Result<RelationshipId, Refused> {
    let (db, keys, why) = (&world.on.db, &world.on.keys, why());
    let (practitioner, held) = (whom.practitioner, held(whom));
    let new = NewMember { kind, practitioner, held, days, why: &why };
    team::grant(db, ctx, keys, (by, bundle), world.person, &new).await.unwrap()
}

async fn grant(
    world: &World,
    of: (&Acting, &Bundle),
    new: (&Acting, &str, i64),
) -> Result<RelationshipId, Refused> {
    grant_in(world, &world.ctx(), of, new).await
}

async fn end(world: &World, by: &Acting, id: RelationshipId) -> Result<(), Refused> {
    let (db, keys, of) = (&world.on.db, &world.on.keys, (world.person, id));
    team::end(db, &world.ctx(), keys, by, of, &why()).await.unwrap()
}

async fn members(world: &World) -> Vec<Member> {
    let ctx = world.ctx();
    let read = async |s: &mut Snapshot| team::members(s, &ctx, world.person).await;
    world.on.db.snapshot("test.members", read).await.unwrap()
}

#[tokio::test]
async fn a_grant_and_its_end_hold_from_the_next_decision() {
    for (world, bundle) in led().await {
        let World { beth, kirsty, on, .. } = &world;
        let engine = on.engine;
        assert!(!world.permits(kirsty).await, "{engine}");
        let id = grant(&world, (beth, &bundle), (kirsty, "direct-care", 30)).await.unwrap();
        assert!(world.permits(kirsty).await, "{engine}: let in");
        let Decision::Permit(permit) = world.ask(kirsty, ("cec", "care-plan")).await else {
            panic!("{engine}: permitted a moment ago")
        };
        end(&world, beth, id).await.unwrap();
        let stale = ken_records::disclose(&on.db, &world.ctx(), &on.keys, vec![permit]).await;
        assert!(matches!(stale, Err(ken_records::Error::Stale)), "{engine}: {stale:?}");
        assert!(!world.permits(kirsty).await, "{engine}: let out");
        assert_eq!(end(&world, beth, id).await, Err(Refused::NotIn), "{engine}");
        let told: Vec<_> = world.entries(world.person).await;
        let told: Vec<_> = told.iter().filter_map(|one| one["team"].as_str()).collect();
        assert_eq!(told, ["granted", "revoked"], "{engine}");
    }
}

/// A reader who has a permit for one body's information learns nothing of what another body did.
#[tokio::test]
async fn who_was_let_in_is_told_to_who_coordinates_and_to_nobody_elses_readers() {
    for (world, bundle) in led().await {
        let World { jo, beth, nadia, kirsty, rao, dawn, on, .. } = &world;
        grant(&world, (beth, &bundle), (kirsty, "direct-care", 30)).await.unwrap();
        grant(&world, (beth, &bundle), (rao, "direct-care", 30)).await.unwrap();
        let check = async |by: &Acting, want: &[&Acting]| {
            let ctx = world.ctx();
            let read = async |s: &mut Snapshot| team::known_to(s, &ctx, by, world.person).await;
            let told = on.db.snapshot("test.known", read).await.unwrap();
            let told: BTreeSet<_> = told.iter().map(|one| one.practitioner).collect();
            let want: BTreeSet<_> = want.iter().map(|one| one.practitioner).collect();
            assert_eq!(told, want, "{}: {:?}", on.engine, by.role);
        };
        check(beth, &[kirsty, rao]).await;
        check(jo, &[kirsty, rao]).await;
        check(kirsty, &[kirsty]).await;
        check(rao, &[rao]).await;
        check(dawn, &[]).await;
        let elsewhere = Acting { organisation: "rowan".parse().unwrap(), ..(*kirsty).clone() };
        check(&elsewhere, &[]).await;
        // At another body the holder reads of everybody; who let them in still does.
        let of = (world.person, Kind::LeadProfessional);
        world.change(beth, of, &Change::Set(holder(rao))).await.unwrap();
        check(rao, &[kirsty, rao]).await;
        check(nadia, &[kirsty, rao]).await;
        world.clock.advance(SignedDuration::from_hours(24 * 31));
        check(rao, &[]).await;
    }
}

#[tokio::test]
async fn access_ends_on_its_day_and_is_maintained_before_it() {
    for (world, bundle) in led().await {
        let World { beth, kirsty, .. } = &world;
        let (engine, of) = (world.on.engine, (beth, &bundle));
        grant(&world, of, (kirsty, "direct-care", 30)).await.unwrap();
        let again = grant(&world, of, (kirsty, "direct-care", 30)).await;
        assert_eq!(again, Err(Refused::Already), "{engine}");
        grant(&world, of, (kirsty, "direct-care", 90)).await.unwrap();
        let now = world.ctx().clock.now();
        let all = members(&world).await;
        assert_eq!((all.len(), all.iter().filter(|one| one.is_in(now)).count()), (2, 1));
        let live = |held: &[ken_sharing::relationship::Relationship]| {
            held.iter().filter(|one| one.practitioner == Some(kirsty.practitioner)).count()
        };
        assert_eq!(live(&world.related(world.person).await), 1, "{engine}");
        world.clock.advance(SignedDuration::from_hours(24 * 31));
        assert_eq!(live(&world.related(world.person).await), 1, "{engine}: maintained");
        world.clock.advance(SignedDuration::from_hours(24 * 60));
        assert_eq!(live(&world.related(world.person).await), 0, "{engine}: its day has come");
        assert!(members(&world).await.is_empty(), "{engine}: what is past is read no more");
    }
}

#[tokio::test]
async fn whoever_leaves_is_out() {
    for (world, bundle) in led().await {
        let World { beth, kirsty, rao, .. } = &world;
        let (engine, of) = (world.on.engine, (beth, &bundle));
        let id = grant(&world, of, (kirsty, "direct-care", 30)).await.unwrap();
        assert_eq!(end(&world, rao, id).await, Err(Refused::NotCoordinating), "{engine}");
        end(&world, kirsty, id).await.unwrap();
        assert!(!world.permits(kirsty).await, "{engine}");
        // Leaving the role by which one was let in ends it too.
        let id = grant(&world, of, (rao, "direct-care", 30)).await.unwrap();
        assert!(world.permits(rao).await, "{engine}");
        let (ctx, keys, held) = (world.ctx(), &world.on.keys, held(rao));
        let left = world.on.db.write("test.left", async |tx: &mut Tx| {
            practitioner::end_role(tx, &ctx, keys, rao.practitioner, &held, None).await
        });
        left.await.unwrap();
        assert!(!world.permits(rao).await, "{engine}");
        end(&world, beth, id).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_lets_in_themselves_or_whom_no_clause_covers() {
    for (world, bundle) in led().await {
        let World { jo, beth, nadia, kirsty, rao, dawn, .. } = &world;
        let engine = world.on.engine;
        let check = async |by: &Acting, new: (&Acting, &str, i64), want: Refused| {
            let told = grant(&world, (by, &bundle), new).await;
            assert_eq!(told, Err(want), "{engine}: {} {}", new.1, new.2);
        };
        let epoch = world.epoch(world.person).await;
        check(beth, (beth, "direct-care", 30), Refused::Oneself).await;
        check(jo, (kirsty, "direct-care", 30), Refused::NotCoordinating).await;
        check(kirsty, (kirsty, "direct-care", 30), Refused::NotCoordinating).await;
        check(beth, (kirsty, "girfec-team", 30), Refused::NotTheirs).await;
        check(beth, (kirsty, "open-inquiry", 30), Refused::Unfit).await;
        check(beth, (kirsty, "lead-professional", 30), Refused::Unfit).await;
        check(beth, (kirsty, "direct-care", 3_000), Refused::Unfit).await;
        check(beth, (dawn, "direct-care", 30), Refused::NoClause).await;
        let clerk = Acting { role: "sw.clerk".parse().unwrap(), ..(*kirsty).clone() };
        check(beth, (&clerk, "direct-care", 30), Refused::NotInRole).await;
        assert_eq!(world.epoch(world.person).await, epoch, "{engine}: a refusal changes nothing");
        assert!(members(&world).await.is_empty(), "{engine}");
        // Who was let out lets nobody in, themselves least of all; nor does who held the role.
        let id = grant(&world, (beth, &bundle), (rao, "direct-care", 30)).await.unwrap();
        end(&world, beth, id).await.unwrap();
        check(rao, (rao, "direct-care", 30), Refused::NotCoordinating).await;
        let of = (world.person, Kind::LeadProfessional);
        world.change(beth, of, &Change::Set(holder(nadia))).await.unwrap();
        check(beth, (beth, "direct-care", 30), Refused::NotCoordinating).await;
        check(beth, (rao, "direct-care", 30), Refused::NotCoordinating).await;
    }
}

#[tokio::test]
async fn a_request_that_is_made_twice_lets_in_once() {
    for (world, bundle) in led().await {
        let (ctx, engine) = (world.ctx(), world.on.engine);
        let new = (&world.kirsty, "direct-care", 30);
        let one = grant_in(&world, &ctx, (&world.beth, &bundle), new).await.unwrap();
        let two = grant_in(&world, &ctx, (&world.beth, &bundle), new).await.unwrap();
        assert_eq!((one, members(&world).await.len()), (two, 1), "{engine}");
        let short = Sensitive::new("  ".to_owned());
        let (db, keys, of) = (&world.on.db, &world.on.keys, (world.person, one));
        let told = team::end(db, &ctx, keys, &world.beth, of, &short).await.unwrap();
        assert_eq!(told, Err(Refused::Unfit), "{engine}");
        for _ in 0..2 {
            team::end(db, &ctx, keys, &world.beth, of, &why()).await.unwrap().unwrap();
        }
    }
}
