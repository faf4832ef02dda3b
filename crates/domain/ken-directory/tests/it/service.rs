//! The directory of services, on every engine: from ALISS, kept right, and out again.

use jiff::{SignedDuration, Timestamp};
use ken_core::{AccountId, EntryId, PractitionerId};
use ken_directory::service::{
    self, Checked, Entry, KEPT, NotAsked, Plan, Proposed, Response, STALE, Says, Verdict,
};
use ken_directory::{Acting, Error, practitioner};
use ken_store::{Snapshot, Tx};
use ken_testkit::assert_prepares;
use serde_json::{Value, json};

use crate::world::{World, cec, worlds};

/// A response in the form that ALISS writes (`ServiceModel` of its published program); what it
/// tells is made up.
const ALISS: &str = include_str!("aliss.json");

/// The same, reviewed at this instant.
fn reviewed(at: Timestamp) -> Response {
    service::read(&ALISS.replace("2026-02-01T09:30:00", &at.to_string())).unwrap()
}

async fn load(world: &World, response: &Response) -> Plan {
    let ctx = world.ctx();
    world.write(async |tx: &mut Tx| service::load(tx, &ctx, response).await).await
}

async fn list(world: &World) -> Vec<Entry> {
    let read = async |s: &mut Snapshot| service::list(s).await;
    world.on.db.snapshot("test", read).await.unwrap()
}

/// The lunch club.
async fn lunch(world: &World) -> Entry {
    list(world).await.into_iter().find(|of| of.service.says.name.starts_with("Lunch")).unwrap()
}

fn acts(world: &World, organisation: &str, practitioner: PractitionerId) -> Acting {
    Acting {
        account: AccountId::draw(world.ctx().ids),
        practitioner,
        organisation: organisation.parse().unwrap(),
        role: "ig.lead".parse().unwrap(),
    }
}

/// Loads the response, checked now, and says that the lunch club is the council's.
async fn claimed(world: &World) -> Entry {
    let (ctx, keys, of) = (world.ctx(), &world.on.keys, cec());
    load(world, &reviewed(ctx.clock.now())).await;
    let provider = lunch(world).await.service.provider.id;
    let claim = async |tx: &mut Tx| service::claim(tx, &ctx, keys, (provider, &of), None).await;
    world.write(claim).await;
    lunch(world).await
}

async fn ann(world: &World) -> PractitionerId {
    let ctx = world.ctx();
    let ann = async |tx: &mut Tx| practitioner::register(tx, &ctx, "Ann Other", None).await;
    world.write(ann).await
}

async fn propose(world: &World, by: &Acting, (id, says): (EntryId, &Says)) -> Proposed {
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    world.write(async |tx: &mut Tx| service::propose(tx, &ctx, keys, by, (id, says)).await).await
}

async fn decide(world: &World, by: &Acting, id: EntryId, verdict: Verdict) -> Checked {
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    world.write(async |tx: &mut Tx| service::decide(tx, &ctx, keys, by, (id, verdict)).await).await
}

#[tokio::test]
async fn services_come_from_aliss_and_go_out_as_open_referral() {
    let aliss: Value = serde_json::from_str(ALISS).unwrap();
    for world in worlds().await {
        let engine = world.on.engine;
        assert_prepares(&world.on.db, service::STATEMENTS).await;
        let response = service::read(ALISS).unwrap();
        let read = async |s: &mut Snapshot| service::plan(s, &response).await;
        let plan = world.on.db.snapshot("test", read).await.unwrap();
        assert_eq!((plan.new.len(), list(&world).await.len()), (2, 0), "{engine}: a dry run");
        assert_eq!(load(&world, &response).await, plan, "{engine}");
        assert_eq!(load(&world, &response).await.same.len(), 2, "{engine}: again");
        let entries = list(&world).await;
        assert_eq!(entries.len(), 2, "{engine}");
        for from in aliss["data"].as_array().unwrap() {
            let id = from["id"].as_str().unwrap();
            let of = entries.iter().find(|of| of.service.id.to_string() == id);
            let to = service::whole(of.unwrap(), world.ctx().clock.now());
            assert_same(from, &to);
            assert_eq!(to["x-licence"], aliss["meta"]["licence"], "{engine}");
            assert_eq!(to["x-attribution"], aliss["meta"]["attribution"], "{engine}");
        }
        let page = service::page(&entries, (1, 1), world.ctx().clock.now());
        for (key, want) in [("total_items", 2), ("total_pages", 2), ("size", 1)] {
            assert_eq!(page[key], json!(want), "{key}");
        }
        assert_eq!(page["last_page"], json!(false));
        let beyond = service::page(&entries, (9, 50), world.ctx().clock.now());
        assert_eq!((&beyond["empty"], &beyond["last_page"]), (&json!(true), &json!(true)));
    }
}

/// Id, organisation, places, areas and categories are what they were.
fn assert_same(from: &Value, to: &Value) {
    for key in ["id", "name", "description"] {
        assert_eq!(to[key], from[key]);
    }
    for key in ["id", "name"] {
        assert_eq!(to["organization"][key], from["organisation"][key]);
    }
    let all = |of: &Value, key: &str| of[key].as_array().unwrap().clone();
    let (places, at) = (all(from, "locations"), all(to, "service_at_locations"));
    assert_eq!(places.len(), at.len());
    for (place, at) in places.iter().zip(&at) {
        let location = &at["location"];
        for key in ["id", "name", "latitude", "longitude"] {
            assert_eq!(location[key].to_string(), place[key].to_string(), "{key}");
        }
        let address = &location["addresses"][0];
        for (key, was) in [
            ("address_1", "street_address"),
            ("city", "locality"),
            ("postal_code", "postal_code"),
            ("country", "country"),
        ] {
            assert_eq!(address[key], place[was], "{key}");
        }
    }
    let (areas, to_areas) = (all(from, "service_areas"), all(to, "service_areas"));
    assert_eq!(areas.len(), to_areas.len());
    for (area, to) in areas.iter().zip(&to_areas) {
        assert_eq!(to["name"], area["name"]);
        assert!(to["uri"].as_str().unwrap().ends_with(area["code"].as_str().unwrap()));
    }
    let (kinds, terms) = (all(from, "categories"), all(to, "attributes"));
    assert_eq!(kinds.len(), terms.len());
    for (kind, term) in kinds.iter().zip(&terms) {
        let term = &term["taxonomy_term"];
        assert_eq!((&term["name"], &term["code"]), (&kind["name"], &kind["slug"]));
    }
}

#[tokio::test]
async fn nobody_is_asked_by_an_entry_past_its_review_date() {
    for world in worlds().await {
        let engine = world.on.engine;
        claimed(&world).await;
        let asked = async || {
            let (of, now) = (lunch(&world).await, world.ctx().clock.now());
            of.asked(now).cloned()
        };
        assert_eq!(asked().await, Ok(cec()), "{engine}");
        world.wait(STALE.as_secs());
        assert_eq!(asked().await, Ok(cec()), "{engine}: on the day");
        world.wait(1);
        assert_eq!(asked().await, Err(NotAsked::Stale), "{engine}");
        // Its own officer says that it is still so; another body's cannot.
        let (ctx, keys, id) = (world.ctx(), &world.on.keys, lunch(&world).await.service.id);
        for (of, want) in [("nhsl", false), ("cec", true)] {
            let by = acts(&world, of, world.jo);
            let still = async |tx: &mut Tx| service::still_so(tx, &ctx, keys, &by, id).await;
            assert_eq!(world.write(still).await, want, "{engine} {of}");
        }
        assert_eq!(asked().await, Ok(cec()), "{engine}");
        // Whoever is not registered here is asked by telephone.
        let bus = list(&world).await.into_iter().find(|of| of.organisation.is_none()).unwrap();
        assert_eq!(bus.asked(bus.checked), Err(NotAsked::Elsewhere), "{engine}");
    }
}

#[tokio::test]
async fn who_assures_an_entry_is_told_until_it_changes() {
    for world in worlds().await {
        let engine = world.on.engine;
        let id = claimed(&world).await.service.id;
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let assure = async |by: &Acting| {
            world.write(async |tx: &mut Tx| service::assure(tx, &ctx, keys, by, id).await).await
        };
        assert_eq!(lunch(&world).await.assured, None, "{engine}");
        let own = acts(&world, "cec", world.jo);
        assert!(!assure(&own).await, "{engine}: nobody assures what they say of themselves");
        let by = acts(&world, "nhsl", world.jo);
        assert!(assure(&by).await, "{engine}");
        let assured = lunch(&world).await.assured.unwrap();
        assert_eq!(assured.by.as_str(), "nhsl", "{engine}");
        assert_eq!(world.events().await.pop().unwrap().1, "service-assured", "{engine}");
        // Told again as it was, it stays; told otherwise, it is another text.
        load(&world, &reviewed(world.ctx().clock.now())).await;
        assert!(lunch(&world).await.assured.is_some(), "{engine}");
        let other = ALISS.replace("01632 960 001", "01632 960 002");
        let other = service::read(&other).unwrap();
        assert_eq!(load(&world, &other).await.changed, [id], "{engine}");
        assert_eq!(lunch(&world).await.assured, None, "{engine}");
        // Whoever gets the entry assures it no more.
        assert!(assure(&by).await, "{engine}");
        let (provider, of) = (lunch(&world).await.service.provider.id, by.organisation.clone());
        let claim = async |tx: &mut Tx| service::claim(tx, &ctx, keys, (provider, &of), None).await;
        world.write(claim).await;
        assert_eq!(lunch(&world).await.assured, None, "{engine}");
    }
}

#[tokio::test]
async fn a_correction_is_live_after_one_look_by_somebody_else() {
    for world in worlds().await {
        let engine = world.on.engine;
        let of = claimed(&world).await;
        let (id, ann) = (of.service.id, ann(&world).await);
        let own = acts(&world, "cec", world.jo);
        let says = Says { phone: "01632 960 009".into(), ..of.service.says.clone() };
        let theirs = acts(&world, "nhsl", world.jo);
        assert_eq!(propose(&world, &theirs, (id, &says)).await, Proposed::NotTheirs, "{engine}");
        assert_eq!(propose(&world, &own, (id, &of.service.says)).await, Proposed::Same);
        let named = Says { summary: "For 999 000 0018".into(), ..says.clone() };
        let unfit = propose(&world, &own, (id, &named)).await;
        assert!(matches!(unfit, Proposed::Unfit("summary", _)), "{engine}: {unfit:?}");
        let first = propose(&world, &own, (id, &named_well(&says))).await;
        let Proposed::Waits(first) = first else { panic!("{engine}: {first:?}") };
        let Proposed::Waits(waits) = propose(&world, &own, (id, &says)).await else {
            panic!("{engine}")
        };
        // Another waits in its place; whoever looked at the first decides nothing.
        let other = acts(&world, "cec", ann);
        assert_eq!(decide(&world, &other, first, Verdict::Right).await, Checked::Gone, "{engine}");
        let own_look = decide(&world, &own, waits, Verdict::Right).await;
        assert_eq!(own_look, Checked::Own, "{engine}: whoever proposed it");
        assert_eq!(lunch(&world).await.service.says, of.service.says, "{engine}");
        assert_eq!(decide(&world, &other, waits, Verdict::Right).await, Checked::Live, "{engine}");
        let live = lunch(&world).await;
        assert_eq!((live.service.says, live.assured), (says.clone(), None), "{engine}");
        assert_eq!(world.events().await.pop().unwrap().1, "service-corrected", "{engine}");
        assert_eq!(decide(&world, &other, waits, Verdict::Right).await, Checked::Gone, "{engine}");
        // What was corrected here since is not undone by what the source said before.
        let plan = load(&world, &reviewed(world.ctx().clock.now())).await;
        assert_eq!((plan.left, plan.changed.len()), (vec![id], 0), "{engine}");
        assert_eq!(lunch(&world).await.service.says.phone, "01632 960 009", "{engine}");
    }
}

fn named_well(says: &Says) -> Says {
    Says { name: "Lunch and tea club".into(), ..says.clone() }
}

#[tokio::test]
async fn two_accounts_of_one_human_are_not_two_people() {
    for world in worlds().await {
        let of = claimed(&world).await;
        let ann = ann(&world).await;
        let ctx = world.ctx();
        let person = ken_core::PersonId::draw(ctx.ids);
        let both = async |tx: &mut Tx| {
            practitioner::set_person(tx, world.jo, person).await?;
            practitioner::set_person(tx, ann, person).await
        };
        world.write(both).await;
        let own = acts(&world, "cec", world.jo);
        let waits = propose(&world, &own, (of.service.id, &named_well(&of.service.says))).await;
        let Proposed::Waits(waits) = waits else { panic!("{waits:?}") };
        let other = acts(&world, "cec", ann);
        let looked = decide(&world, &other, waits, Verdict::Right).await;
        assert_eq!(looked, Checked::Own, "{}", world.on.engine);
        // Taking it back is theirs.
        let back = decide(&world, &other, waits, Verdict::Wrong).await;
        assert_eq!(back, Checked::Declined, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn what_nobody_tells_or_checks_is_forgotten_after_two_years() {
    for world in worlds().await {
        let engine = world.on.engine;
        claimed(&world).await;
        let sweep = async || {
            let ctx = world.ctx();
            world.write(async |tx: &mut Tx| service::sweep(tx, &ctx).await).await
        };
        // Nobody has ever reviewed the bus, which was told today.
        assert_eq!(sweep().await, 0, "{engine}");
        world.wait((KEPT - SignedDuration::from_secs(1)).as_secs());
        assert_eq!(sweep().await, 0, "{engine}");
        world.wait(1);
        assert_eq!((sweep().await, list(&world).await.len()), (2, 0), "{engine}");
    }
}

#[tokio::test]
async fn a_claim_is_of_a_known_provider_for_a_registered_organisation() {
    for world in worlds().await {
        claimed(&world).await;
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let known = lunch(&world).await.service.provider.id;
        for (provider, of) in [(EntryId::draw(ctx.ids), "cec"), (known, "nobody")] {
            let of = of.parse().unwrap();
            let claim =
                async |tx: &mut Tx| service::claim(tx, &ctx, keys, (provider, &of), None).await;
            let tried = world.on.db.write("test", claim).await;
            assert!(matches!(tried, Err(Error::Unknown(_))), "{}", world.on.engine);
        }
    }
}
