//! Partnerships in a tree, on every engine.

use ken_directory::partnership::{self, Level, Partnership};
use ken_directory::{Error, organisation};
use ken_store::{Snapshot, Tx};

use crate::world::{World, worlds};

fn named(id: &str, level: Level, above: Option<&str>, lead: &str) -> Partnership {
    Partnership {
        id: id.parse().unwrap(),
        name: format!("Partnership {id}"),
        level,
        above: above.map(|above| above.parse().unwrap()),
        lead: lead.parse().unwrap(),
        members: ["cec", "nhsl"].iter().map(|id| id.parse().unwrap()).collect(),
    }
}

async fn put(world: &World, new: &Partnership) -> Result<(), &'static str> {
    let ctx = world.ctx();
    let write = async |tx: &mut Tx| partnership::register(tx, &ctx, new).await;
    world.on.db.write("test", write).await.map_err(|error| error.code())
}

async fn all(world: &World) -> Vec<Partnership> {
    let read = async |s: &mut Snapshot| partnership::list(s).await;
    world.on.db.snapshot("test", read).await.unwrap()
}

#[tokio::test]
async fn a_partnership_stands_under_one_of_a_higher_level_and_stays_there() {
    for world in worlds().await {
        let nation = named("nation", Level::National, None, "cec");
        let region = named("region", Level::Regional, Some("nation"), "nhsl");
        let glen = named("glen", Level::Local, Some("region"), "cec");
        assert_eq!(put(&world, &region).await, Err("directory.unknown"), "no such above");
        for one in [&nation, &region, &glen] {
            assert_eq!(put(&world, one).await, Ok(()));
        }
        let upside = named("upside", Level::Regional, Some("glen"), "cec");
        assert_eq!(put(&world, &upside).await, Err("directory.unfit"));
        let beside = named("beside", Level::Local, Some("glen"), "cec");
        assert_eq!(put(&world, &beside).await, Err("directory.unfit"));
        let led = named("led", Level::Local, None, "rowan");
        assert_eq!(put(&world, &led).await, Err("directory.unfit"), "its lead is no member");
        let mut stranger = named("stranger", Level::Local, None, "cec");
        stranger.members.insert("nobody".parse().unwrap());
        assert_eq!(put(&world, &stranger).await, Err("directory.unknown"));
        // Its place, level and lead are for good: it would lose what stands above it.
        for moved in [
            named("glen", Level::Local, None, "cec"),
            named("glen", Level::Local, Some("nation"), "cec"),
            named("glen", Level::Local, Some("region"), "nhsl"),
        ] {
            assert_eq!(put(&world, &moved).await, Err("directory.taken"));
        }
        let mut renamed = glen.clone();
        renamed.name = "Glen and the islands".to_owned();
        renamed.members.remove("nhsl");
        assert_eq!(put(&world, &renamed).await, Ok(()));
        let tree = all(&world).await;
        assert_eq!(tree, [nation, region, renamed.clone()], "{}", world.on.engine);
        let line = partnership::line(&tree, &renamed.id);
        let line: Vec<_> = line.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(line, ["glen", "region", "nation"]);
        assert!(partnership::line(&tree, &"none".parse().unwrap()).is_empty());
        let read = async |s: &mut Snapshot| Ok::<_, Error>(organisation::list(s).await?.len());
        assert_eq!(world.on.db.snapshot("test", read).await.unwrap(), 2);
    }
}
