//! B1: what is adopted above is seen below, and no partnership below widens it or leaves it out.

use ken_agreement::{Clause, Day, Instrument};
use ken_core::{InstrumentHash, PartnershipId};
use ken_directory::partnership::{self, Level, Partnership};
use ken_directory::{Error, Organisation, organisation};
use ken_office::signing::Attempt;
use ken_sharing::adoption::{self, Refused};
use ken_sharing::instrument;
use ken_sharing::signing::{Clearance, Refusal};
use ken_store::{Snapshot, Tx};

use crate::world::{World, id, worlds};

const REGION: &str = include_str!("../../../../../agreements/lowland-accord.toml");
const LOCAL: &str = include_str!("../../../../../agreements/glen-welfare-checks.toml");

fn of(id: &str) -> PartnershipId {
    id.parse().unwrap()
}

/// The nation under `cec`, the region and Glen under `cec`, an island beside them under `nhsl`.
async fn tree(world: &World) {
    let ctx = world.ctx();
    let put = async |tx: &mut Tx| {
        for name in ["cec", "nhsl", "rowan"] {
            let new = Organisation {
                id: id(name),
                name: name.to_owned(),
                kind: "council".to_owned(),
                contact_phone: "01632 960 001".to_owned(),
            };
            organisation::register(tx, &ctx, &new).await?;
        }
        for (name, level, above, lead) in [
            ("nation", Level::National, None, "cec"),
            ("region", Level::Regional, Some("nation"), "cec"),
            ("glen", Level::Local, Some("region"), "cec"),
            ("island", Level::Local, Some("nation"), "nhsl"),
        ] {
            let members: &[&str] = if name == "island" { &["nhsl"] } else { &["cec", "rowan"] };
            let new = Partnership {
                id: of(name),
                name: name.to_owned(),
                level,
                above: above.map(of),
                lead: id(lead),
                members: members.iter().map(|name| id(name)).collect(),
            };
            partnership::register(tx, &ctx, &new).await?;
        }
        Ok::<_, Error>(())
    };
    world.on.db.write("test.tree", put).await.unwrap();
}

async fn adopt(world: &World, by: &str, name: &str, hash: &InstrumentHash) -> Option<Refused> {
    let (db, ctx, keys) = (&world.on.db, world.ctx(), &world.on.keys);
    let by = World::lead(by);
    adoption::adopt(db, &ctx, keys, &by, (&of(name), hash)).await.unwrap()
}

async fn seen(world: &World, name: &str) -> Vec<(InstrumentHash, String)> {
    let read = async |s: &mut Snapshot| {
        let (all, adopted) = (partnership::list(s).await?, partnership::adoptions(s).await?);
        let seen = adoption::seen(&all, &adopted, &of(name)).into_iter();
        Ok::<_, Error>(seen.map(|one| (one.instrument, one.by.to_string())).collect())
    };
    world.on.db.snapshot("test.seen", read).await.unwrap()
}

/// Registers a text and clears it.
async fn ready(world: &World, text: &Instrument) -> InstrumentHash {
    world.clock.advance(jiff::SignedDuration::from_secs(1));
    let hash = world.register(text).await;
    world.clear(&hash, Clearance::Notice).await;
    world.clear(&hash, Clearance::Assessment).await;
    world.clock.advance(jiff::SignedDuration::from_secs(1));
    hash
}

#[tokio::test]
async fn what_is_adopted_above_is_seen_below_and_not_widened_there() {
    for world in worlds().await {
        let engine = world.on.engine;
        tree(&world).await;
        let nation = ready(&world, &accord()).await;
        assert_eq!(adopt(&world, "cec", "nation", &nation).await, Some(Refused::Draft));
        assert_eq!(world.sign("cec", &nation).await, Attempt::Signed, "{engine}");
        assert_eq!(adopt(&world, "nhsl", "nation", &nation).await, Some(Refused::NotLead));
        assert_eq!(adopt(&world, "cec", "none", &nation).await, Some(Refused::Unknown));
        // Texts from before are signed as they are, whatever is adopted later.
        let mut alone = Instrument::parse(REGION).unwrap();
        alone.agreement.version = "0".parse().unwrap();
        alone.agreement.under.retain(|name| name.id != "scot-accord");
        let alone = ready(&world, &alone).await;
        assert_eq!(world.sign("cec", &alone).await, Attempt::Signed, "{engine}");
        let before = ready(&world, &local("0.9", &["scot-accord@3"])).await;
        for _ in 0..2 {
            assert_eq!(adopt(&world, "cec", "nation", &nation).await, None, "{engine}");
        }
        for name in ["nation", "region", "glen", "island"] {
            assert_eq!(seen(&world, name).await, [(nation.clone(), "nation".to_owned())]);
        }
        let entry = &world.entries("cec").await[0];
        assert_eq!(entry["partnership"], "nation", "{engine}: {entry}");
        // A region that leaves the nation out is not adopted; one that stands under it is.
        let region = Instrument::parse(REGION).unwrap();
        let left_out = adopt(&world, "cec", "region", &alone).await;
        let missing = Refused::NotUnder(["scot-accord@3".parse().unwrap()].into());
        assert_eq!(left_out, Some(missing), "{engine}");
        let region = ready(&world, &region).await;
        assert_eq!(world.sign("cec", &region).await, Attempt::Signed, "{engine}");
        assert_eq!(adopt(&world, "cec", "region", &region).await, None, "{engine}");
        assert_eq!(seen(&world, "glen").await.len(), 2, "{engine}: both are seen below");
        assert_eq!(seen(&world, "island").await.len(), 1, "{engine}: and not beside");
        // Below: what leaves the region out, or widens what it set, is neither signed nor adopted.
        let out = ready(&world, &local("2", &["scot-accord@3"])).await;
        assert_eq!(world.sign("cec", &out).await, Attempt::Refused(Refusal::NotUnder), "{engine}");
        let under = ["lowland-accord@1", "scot-accord@3"];
        let mut wide = local("3", &under);
        wide.categories[1].label = Some("restricted".parse().unwrap());
        let wide = ready(&world, &wide).await;
        assert_eq!(world.sign("cec", &wide).await, Attempt::Refused(Refusal::Unsound), "{engine}");
        let good = ready(&world, &local("1", &under)).await;
        assert_eq!(world.sign("cec", &good).await, Attempt::Signed, "{engine}");
        assert_eq!(adopt(&world, "cec", "glen", &good).await, None, "{engine}");
        assert_eq!(world.sign("cec", &before).await, Attempt::Signed, "{engine}: from before");
        let refused = adopt(&world, "cec", "glen", &before).await;
        assert!(matches!(refused, Some(Refused::NotUnder(_))), "{engine}: {refused:?}");
        assert!(refused.unwrap().says().contains("lowland-accord@1"), "{engine}");
    }
}

/// The nation's accord and what is adopted of it; its members are those who sign here.
async fn nation(world: &World, change: impl FnOnce(&mut Instrument)) -> Instrument {
    let mut nation = accord();
    nation.agreement.version = "3.1".parse().unwrap();
    nation.parties.retain(|party| ["cec", "nhsl", "rowan"].contains(&party.id.as_str()));
    let ceiling = Instrument::parse(REGION).unwrap();
    nation.clauses.extend(ceiling.clauses.into_iter().filter(Clause::binds_below));
    change(&mut nation);
    let hash = ready(world, &nation).await;
    assert_eq!(world.sign("cec", &hash).await, Attempt::Signed);
    assert_eq!(adopt(world, "cec", "nation", &hash).await, None);
    nation
}

#[tokio::test]
async fn what_took_the_place_of_an_adopted_accord_is_demanded_in_its_stead() {
    for world in worlds().await {
        let engine = world.on.engine;
        tree(&world).await;
        let old = nation(&world, |_| ()).await;
        // Whoever leads the accord signs what takes its place; nobody else's word is a way out.
        let mut new = old.clone();
        new.agreement.version = "4".parse().unwrap();
        new.lifecycle.supersedes = [old.name()].into();
        let next = ready(&world, &new).await;
        assert_eq!(world.sign("rowan", &next).await, Attempt::Refused(Refusal::NotUnder));
        world.clear(&next, Clearance::Supersession).await;
        for party in ["cec", "rowan", "nhsl"] {
            assert_eq!(world.sign(party, &next).await, Attempt::Signed, "{engine}: {party}");
        }
        let under = ready(&world, &local("2", &["scot-accord@3.1"])).await;
        let refused = Attempt::Refused(Refusal::NotUnder);
        assert_eq!(world.sign("cec", &under).await, refused, "{engine}: the old one");
        let none = ready(&world, &local("3", &["statute-pack@2027-04"])).await;
        assert!(not_under(&world, "cec", &none).await, "{engine}: neither");
        let under = ready(&world, &local("4", &["scot-accord@4"])).await;
        assert_eq!(world.sign("cec", &under).await, Attempt::Signed, "{engine}");
    }
}

#[tokio::test]
async fn what_has_ended_is_not_demanded_and_a_missed_review_gives_nothing_away() {
    for world in worlds().await {
        let engine = world.on.engine;
        tree(&world).await;
        nation(&world, |of| {
            of.agreement.effective_until = Some(Day("2027-06-30".parse().unwrap()));
            of.lifecycle.review_due = Day("2027-06-10".parse().unwrap());
            of.lifecycle.grace_days = 2;
        })
        .await;
        let free = |version: &str| local(version, &["scot-accord@3", "statute-pack@2027-04"]);
        let mut wide = free("5");
        wide.categories[1].label = Some("restricted".parse().unwrap());
        let (good, wide) = (ready(&world, &free("4")).await, ready(&world, &wide).await);
        for (day, want) in [
            ("2027-06-12", [true, true]),
            ("2027-06-13", [false, true]),
            ("2027-06-30", [false, true]),
            ("2027-07-01", [false, false]),
        ] {
            world.clock.set(format!("{day}T09:00:00Z").parse().unwrap());
            let got =
                [not_under(&world, "cec", &good).await, not_under(&world, "cec", &wide).await];
            assert_eq!(got, want, "{engine}: {day}");
        }
    }
}

/// Whether a text is not signed because it leaves an accord out.
async fn not_under(world: &World, party: &str, hash: &InstrumentHash) -> bool {
    let (ctx, party) = (world.ctx(), id(party));
    let read = async |s: &mut Snapshot| instrument::refusals(s, &ctx, hash, &party).await;
    world.on.db.snapshot("test.refusals", read).await.unwrap().contains(&Refusal::NotUnder)
}

#[tokio::test]
async fn members_of_different_partnerships_are_under_what_both_are_below() {
    for world in worlds().await {
        let engine = world.on.engine;
        tree(&world).await;
        nation(&world, |_| ()).await;
        // Rowan is in Glen and NHS Glen on the island; both are below the nation.
        let between = |version: &str, under: &[&str]| {
            let mut of = local(version, under);
            let text = of.canonical_json().replace("\"cec\"", "\"nhsl\"");
            of = Instrument::from_canonical(&text).unwrap();
            of
        };
        let out = ready(&world, &between("2", &["statute-pack@2027-04"])).await;
        let under = ready(&world, &between("3", &["scot-accord@3.1"])).await;
        for party in ["nhsl", "rowan"] {
            assert!(not_under(&world, party, &out).await, "{engine}: {party}");
            assert!(!not_under(&world, party, &under).await, "{engine}: {party}");
        }
    }
}

fn accord() -> Instrument {
    let text = include_str!("../../../../../agreements/scot-accord.toml");
    Instrument::parse(text).unwrap()
}

fn local(version: &str, under: &[&str]) -> Instrument {
    let mut local = Instrument::parse(LOCAL).unwrap();
    local.agreement.version = version.parse().unwrap();
    local.agreement.under = under.iter().map(|name| name.parse().unwrap()).collect();
    local
}
