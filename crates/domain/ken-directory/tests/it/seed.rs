//! Public bodies from a seed file, on every engine.

use ken_directory::seed::{self, Otherwise, Plan, SCOTLAND, Seed};
use ken_directory::{Error, organisation};
use ken_store::{Snapshot, Tx};

use crate::world::{World, worlds};

async fn load(world: &World, seed: &Seed) -> Plan {
    let ctx = world.ctx();
    world.write(async |tx: &mut Tx| seed::load(tx, &ctx, seed).await).await
}

async fn registered(world: &World) -> Vec<organisation::Organisation> {
    let read = async |s: &mut Snapshot| organisation::list(s).await;
    world.on.db.snapshot("test", read).await.unwrap()
}

#[tokio::test]
async fn a_seed_loads_once_and_changes_nothing_that_is_there() {
    for world in worlds().await {
        let engine = world.on.engine;
        let seed = Seed::parse(SCOTLAND).unwrap();
        let read = async |s: &mut Snapshot| seed::plan(s, &seed).await;
        let foretold = world.on.db.snapshot("test", read).await.unwrap();
        assert_eq!(registered(&world).await.len(), 2, "{engine}: a plan writes nothing");
        let loaded = load(&world, &seed).await;
        assert_eq!(loaded, foretold, "{engine}: what was foretold");
        assert_eq!((loaded.new.len(), loaded.same), (77, 0), "{engine}");
        let before = registered(&world).await;
        assert_eq!(before.len(), 79, "{engine}");
        let again = load(&world, &seed).await;
        assert_eq!(again, Plan { same: 77, ..Plan::default() }, "{engine}");
        assert_eq!(registered(&world).await, before, "{engine}");
        // A telephone number is somebody's own to register, and no seed takes it away.
        let ctx = world.ctx();
        let id = "nhs-fife".parse().unwrap();
        let mut fife = before.iter().find(|one| one.id == id).unwrap().clone();
        fife.contact_phone = "01632 960 002".to_owned();
        world.write(async |tx: &mut Tx| organisation::register(tx, &ctx, &fife).await).await;
        assert_eq!(load(&world, &seed).await.same, 77, "{engine}");
        assert!(registered(&world).await.contains(&fife), "{engine}");
    }
}

#[tokio::test]
async fn a_seed_that_says_otherwise_writes_nothing() {
    for world in worlds().await {
        let engine = world.on.engine;
        let seed = Seed::parse(SCOTLAND).unwrap();
        load(&world, &seed).await;
        let before = registered(&world).await;
        let check = async |id: &str, what: &'static str, change: &dyn Fn(&mut seed::Body)| {
            let mut other = seed.clone();
            let mut beside = other.bodies[0].clone();
            beside.id = "new-council".parse().unwrap();
            beside.code = "S12000099".to_owned();
            let body = other.bodies.iter_mut().find(|body| body.id.as_str() == id);
            change(body.unwrap());
            other.bodies.push(beside);
            let said = load(&world, &other).await;
            let want = [Otherwise { id: id.parse().unwrap(), what }];
            assert_eq!(said.otherwise, want, "{engine}: {id}");
            assert_eq!(said.new.len(), 1, "{engine}: what would be new is told");
            assert_eq!(registered(&world).await, before, "{engine}: {id}: nothing is written");
        };
        check("fife-council", "name", &|body| body.name = "Kingdom of Fife".to_owned()).await;
        check("fife-council", "kind", &|body| body.kind = "health-board".to_owned()).await;
        check("fife-council", "code", &|body| body.code = "S12000015".to_owned()).await;
        let authority = "fife-integration-authority";
        check(authority, "parts", &|body| drop(body.parts.pop_first())).await;
        // A code that is somebody's already.
        let mut taken = seed.clone();
        taken.bodies.truncate(1);
        taken.bodies[0].id = "another-council".parse().unwrap();
        assert_eq!(load(&world, &taken).await.otherwise[0].what, "code", "{engine}");
        assert_eq!(registered(&world).await, before, "{engine}");
    }
}

#[tokio::test]
async fn an_authority_knows_its_councils_and_its_board() {
    for world in worlds().await {
        load(&world, &Seed::parse(SCOTLAND).unwrap()).await;
        let read = async |s: &mut Snapshot| {
            let shared = "clackmannanshire-and-stirling-integration-authority".parse().unwrap();
            let parts = seed::parts(s, &shared).await?;
            let of = seed::authorities_of(s, &"stirling-council".parse().unwrap()).await?;
            let code = seed::code(s, &shared).await?;
            let none = seed::parts(s, &"stirling-council".parse().unwrap()).await?;
            Ok::<_, Error>((parts, of, code, none, shared))
        };
        let (parts, of, code, none, shared) = world.on.db.snapshot("test", read).await.unwrap();
        let parts: Vec<_> = parts.iter().map(ken_core::OrganisationId::as_str).collect();
        assert_eq!(parts, ["clackmannanshire-council", "nhs-forth-valley", "stirling-council"]);
        assert_eq!((of, code.as_deref()), ([shared].into(), Some("S37000005")));
        assert!(none.is_empty());
    }
}
