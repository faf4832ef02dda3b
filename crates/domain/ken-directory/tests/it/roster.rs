//! Duty rosters, on every engine.

use jiff::{SignedDuration, Timestamp};
use ken_core::{AccountId, EntryId, PractitionerId, RoleId};
use ken_directory::roster::{self, Added, KEPT, Known, NewDesk, NewShift, Refusal, Span};
use ken_directory::{Acting, Error, practitioner};
use ken_store::{Snapshot, Tx, values};
use ken_testkit::assert_prepares;

use crate::world::{World, held, worlds};

fn acts(world: &World, organisation: &str) -> Acting {
    Acting {
        account: AccountId::draw(world.ctx().ids),
        practitioner: world.jo,
        organisation: organisation.parse().unwrap(),
        role: "ig.lead".parse().unwrap(),
    }
}

fn desk(name: &str, phone: &str) -> NewDesk {
    let role = "sw.duty".parse().unwrap();
    NewDesk { name: name.into(), role, phone: phone.into(), address: None }
}

/// So many hours from now, for so long.
fn span(world: &World, from: i64, long: i64) -> Span {
    let at = |hours| world.ctx().clock.now() + SignedDuration::from_hours(hours);
    Span { from: at(from), until: at(from + long) }
}

fn shift(desk: EntryId, span: Span, practitioner: Option<PractitionerId>) -> NewShift {
    NewShift { desk, span, practitioner, phone: None }
}

async fn put(world: &World, of: &str, new: &NewDesk) -> Result<EntryId, Refusal> {
    let (ctx, by) = (world.ctx(), acts(world, of));
    world
        .write(async |tx: &mut Tx| roster::put_desk(tx, &ctx, &world.on.keys, &by, new).await)
        .await
}

async fn add(world: &World, of: &str, new: &[NewShift]) -> Result<Added, Refusal> {
    let (ctx, by) = (world.ctx(), acts(world, of));
    world.write(async |tx: &mut Tx| roster::add(tx, &ctx, &world.on.keys, &by, new).await).await
}

/// Who is on duty now, for each desk of everybody: the desk, and the names.
async fn on_now(world: &World) -> Vec<(String, Vec<Option<String>>)> {
    let (ctx, within) = (world.ctx(), span(world, 0, 48));
    let read = async |s: &mut Snapshot| roster::rosters(s, &ctx, None, within).await;
    let rosters = world.on.db.snapshot("test", read).await.unwrap();
    let now = ctx.clock.now();
    rosters
        .iter()
        .map(|of| (of.desk.name.clone(), of.on(now).map(|shift| shift.name.clone()).collect()))
        .collect()
}

async fn known(world: &World) -> Known {
    let (ctx, own) = (world.ctx(), "cec".parse().unwrap());
    let read = async |s: &mut Snapshot| roster::known(s, &ctx, &own).await;
    world.on.db.snapshot("test", read).await.unwrap()
}

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        assert_prepares(&world.on.db, roster::STATEMENTS).await;
    }
}

#[tokio::test]
async fn whoever_is_on_duty_is_told_until_they_leave_their_shift_or_their_work() {
    for world in worlds().await {
        let engine = world.on.engine;
        let day = put(&world, "cec", &desk("Duty desk", "01632 960 001")).await.unwrap();
        let jo = Some("Jo Worker".to_owned());
        let now = |who: Vec<Option<String>>| vec![("Duty desk".to_owned(), who)];
        assert_eq!(on_now(&world).await, now(vec![]), "{engine}: the desk stands, nobody on duty");
        let early = shift(day, span(&world, 0, 8), Some(world.jo));
        let late = shift(day, span(&world, 8, 8), None);
        let added = add(&world, "cec", &[early.clone(), late.clone()]).await;
        assert_eq!(added, Ok(Added { new: 2, known: 0 }), "{engine}");
        // What stands there already is not planned twice.
        let again = add(&world, "cec", &[late, shift(day, span(&world, 4, 2), None)]).await;
        assert_eq!(again, Ok(Added { new: 1, known: 1 }), "{engine}");
        assert_eq!(on_now(&world).await, now(vec![jo.clone()]), "{engine}");
        world.wait(4 * 3600);
        assert_eq!(on_now(&world).await, now(vec![jo.clone(), None]), "{engine}: two at once");
        // Whoever works there no more is not on duty there, whatever the roster says.
        let (ctx, role) = (world.ctx(), held("cec", "sw.duty"));
        let keys = &world.on.keys;
        let end =
            async |tx: &mut Tx| practitioner::end_role(tx, &ctx, keys, world.jo, &role, None).await;
        world.write(end).await;
        assert_eq!(on_now(&world).await, now(vec![None]), "{engine}");
        world.wait(4 * 3600);
        assert_eq!(on_now(&world).await, now(vec![None]), "{engine}: the late shift has begun");
        world.wait(8 * 3600);
        assert_eq!(on_now(&world).await, now(vec![]), "{engine}: the end is outside");
    }
}

#[tokio::test]
async fn a_roster_is_changed_by_its_own_organisation_whole_or_not_at_all() {
    for world in worlds().await {
        let engine = world.on.engine;
        let day = put(&world, "cec", &desk("Duty desk", "01632 960 001")).await.unwrap();
        let (good, past) = (span(&world, 1, 8), span(&world, -9, 8));
        let ours = shift(day, good, None);
        let stranger = PractitionerId::draw(world.ctx().ids);
        let far = span(&world, 401 * 24, 8);
        for bad in [past, far] {
            let tried = add(&world, "cec", &[ours.clone(), shift(day, bad, None)]).await;
            assert_eq!(tried, Err(Refusal::NotFound), "{engine}");
        }
        let tried = add(&world, "cec", &[ours.clone(), shift(day, good, Some(stranger))]).await;
        assert_eq!(tried, Err(Refusal::NotFound), "{engine}");
        assert_eq!(
            add(&world, "nhsl", std::slice::from_ref(&ours)).await,
            Err(Refusal::NotFound),
            "{engine}"
        );
        let named = NewShift { phone: Some("CHI 9990000018".into()), ..ours.clone() };
        assert_eq!(add(&world, "cec", &[named]).await, Err(Refusal::Unfit), "{engine}");
        let within = span(&world, 0, 48);
        let shifts = async || {
            let ctx = world.ctx();
            let read = async |s: &mut Snapshot| roster::rosters(s, &ctx, None, within).await;
            let all = world.on.db.snapshot("test", read).await.unwrap();
            all.into_iter().flat_map(|of| of.shifts).map(|of| of.id).collect::<Vec<_>>()
        };
        assert!(shifts().await.is_empty(), "{engine}: nothing is half-planned");
        add(&world, "cec", &[ours]).await.unwrap();
        let one = shifts().await[0];
        let (ctx, keys, other) = (world.ctx(), &world.on.keys, acts(&world, "nhsl"));
        let own = acts(&world, "cec");
        let out = async |by: &Acting| {
            world.write(async |tx: &mut Tx| roster::take_out(tx, &ctx, keys, by, one).await).await
        };
        let desk_out = async |by: &Acting| {
            let work = async |tx: &mut Tx| roster::take_out_desk(tx, &ctx, keys, by, day).await;
            world.write(work).await
        };
        assert!(!out(&other).await && !desk_out(&other).await, "{engine}");
        assert_eq!(shifts().await, [one], "{engine}");
        assert!(out(&own).await && !out(&own).await && desk_out(&own).await, "{engine}");
        let said: Vec<_> = world.events().await.into_iter().map(|(_, event)| event).collect();
        let last = &said[said.len() - 4..];
        let want = ["desk-registered", "shifts-planned", "shift-taken-out", "desk-taken-out"];
        assert_eq!(last, want, "{engine}");
    }
}

#[tokio::test]
async fn a_desk_of_one_name_is_one_desk_and_a_roster_has_an_end() {
    for world in worlds().await {
        let engine = world.on.engine;
        let first = put(&world, "cec", &desk("Duty desk", "1")).await.unwrap();
        assert_eq!(put(&world, "cec", &desk(" Duty desk ", "2")).await, Ok(first), "{engine}");
        let theirs = put(&world, "nhsl", &desk("Duty desk", "3")).await.unwrap();
        assert_ne!(theirs, first, "{engine}: another body's of the same name");
        let known = known(&world).await;
        assert_eq!((known.desks.len(), known.desks[0].phone.as_str()), (1, "2"), "{engine}");
        assert_eq!(known.staff, [(world.jo, "Jo Worker".to_owned())], "{engine}");
        let to = |address: &str| NewDesk { address: Some(address.into()), ..desk("Desk", "1") };
        for bad in [
            desk("", "1"),
            desk("Desk", " "),
            desk("Two\nlines", "1"),
            // What is read by everybody names nobody who is cared for.
            desk("Mrs M, 9990000018, night sitter", "1"),
            desk("Desk", "999 000 0018"),
            to("for the man of 2/3/1948"),
        ] {
            assert_eq!(put(&world, "cec", &bad).await, Err(Refusal::Unfit), "{engine} {bad:?}");
        }
        for number in 1..roster::DESKS_MAX {
            put(&world, "cec", &desk(&format!("Desk {number}"), "1")).await.unwrap();
        }
        let one_more = put(&world, "cec", &desk("One more", "1")).await;
        assert_eq!(one_more, Err(Refusal::TooMany), "{engine}");
        assert!(put(&world, "cec", &desk("Desk 1", "2")).await.is_ok(), "{engine}");
    }
}

/// Practitioners who stand before everybody else by name.
const MANY: &str = "WITH RECURSIVE n (at) AS
      (SELECT CAST(1 AS BIGINT) UNION ALL SELECT at + 1 FROM n WHERE at < $1)
    INSERT INTO practitioner (practitioner_id, name, registered_us)
    SELECT '00000000-0000-4000-8000-00000000' || SUBSTR(CAST(10000 + at AS TEXT), 2),
      'Agency ' || at, 0 FROM n";
const MANY_HELD: &str = "INSERT INTO practitioner_role
      (practitioner_id, organisation_id, role, from_us)
    SELECT practitioner_id, 'cec', 'nurse', 0 FROM practitioner WHERE name LIKE 'Agency %'";

#[tokio::test]
async fn whoever_is_last_of_a_large_organisation_is_planned_by_name() {
    for world in worlds().await {
        let engine = world.on.engine;
        let day = put(&world, "cec", &desk("Duty desk", "1")).await.unwrap();
        let many = practitioner::LIST_MAX + 20;
        let work = async |tx: &mut Tx| {
            tx.execute(MANY, values![many]).await?;
            Ok::<_, Error>(tx.execute(MANY_HELD, &[]).await?)
        };
        assert_eq!(i64::try_from(world.write(work).await), Ok(many), "{engine}");
        let known = known(&world).await;
        assert_eq!(known.staff.last(), Some(&(world.jo, "Jo Worker".to_owned())), "{engine}");
        let now = world.ctx().clock.now();
        let next = world.ctx().clock.today().tomorrow().unwrap();
        let text = format!("Duty desk,{next},09:00,17:00,Jo Worker");
        let read = roster::read(&text, &known, now).unwrap();
        assert_eq!((read[0].desk, read[0].practitioner), (day, Some(world.jo)), "{engine}");
        let added = add(&world, "cec", &read).await;
        assert_eq!(added, Ok(Added { new: 1, known: 0 }), "{engine}");
        // The roles of all are offered for a desk.
        let (ctx, own) = (world.ctx(), "cec".parse().unwrap());
        let last = async |s: &mut Snapshot| {
            let workers = practitioner::staff_in(s, &ctx, &own, |role| role.as_str() != "nurse");
            let workers = workers.await?;
            let all = practitioner::staff_in(s, &ctx, &own, |_| true).await?;
            Ok::<_, Error>((workers, all))
        };
        let (workers, all) = world.on.db.snapshot("test", last).await.unwrap();
        let jo = (world.jo, "Jo Worker".to_owned(), "sw.duty".parse().unwrap());
        assert!(workers == [jo.clone()] && all.last() == Some(&jo), "{engine}: whoever is last");
        assert_eq!(i64::try_from(all.len()), Ok(many + 1), "{engine}");
        let roles = async |s: &mut Snapshot| practitioner::roles_in(s, &ctx, &own).await;
        let roles = world.on.db.snapshot("test", roles).await.unwrap();
        let roles: Vec<_> = roles.iter().map(RoleId::as_str).collect();
        assert_eq!(roles, ["nurse", "sw.duty"], "{engine}");
    }
}

#[tokio::test]
async fn a_shift_leaves_ninety_days_after_its_end() {
    for world in worlds().await {
        let engine = world.on.engine;
        let day = put(&world, "cec", &desk("Duty desk", "1")).await.unwrap();
        let held = span(&world, 0, 1);
        add(&world, "cec", &[shift(day, held, None)]).await.unwrap();
        let sweep = async || {
            let ctx = world.ctx();
            world.write(async |tx: &mut Tx| roster::sweep(tx, &ctx).await).await
        };
        let until: Timestamp = held.until + KEPT;
        let left = until.duration_since(world.ctx().clock.now()).as_secs();
        world.wait(left - 1);
        assert_eq!(sweep().await, 0, "{engine}");
        world.wait(1);
        assert_eq!((sweep().await, sweep().await), (1, 0), "{engine}");
    }
}
