//! Seeding: a list's row gets the number of whom it surely means, and nobody else's.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_core::identifier::{CheckRule, Chi, Identifier, LocalIdentifier};
use ken_directory::{Acting, practitioner};
use ken_person::seeding::{self, Given, List, ListRow, Meant};
use ken_person::{
    Demographics, Error, Evidence, Identified, NumberLink, SourceRecord, Why, number_events,
    number_links, take_number_back,
};
use ken_store::{Snapshot, Tx};

use crate::world::{World, chi, says, source, worlds};

const HEAD: &str = "id,forename,middle,surname,dob,sex,address1,town,postcode,chi";

/// The rows of a list that the council brings.
fn rows(text: &str) -> Vec<ListRow> {
    let text = format!("{HEAD}\n{text}");
    List::read(&text, &"cec".parse().unwrap(), ("urn:glen:swift", "")).unwrap().rows
}

fn row(text: &str) -> Demographics {
    rows(text).remove(0).says
}

/// Isla, as the board registers her with her number.
fn isla() -> Demographics {
    Demographics {
        sex: Some(ken_person::Sex::Female),
        address: "3 High Street\nGlen".to_owned().into(),
        ..says("nhsl", "1", "Isla Rose Sample", "2017-03-14", &[chi(2)])
    }
}

/// As the council has her, who does not know her number.
const ISLA: &str = "7,Isla,Rose,Sample,14/03/2017,F,3 High Street,Glen,EH1 1BB,";

async fn known(world: &World) -> PersonId {
    let person = world.identify(&isla()).await.person();
    // Others, so that no name stands alone.
    for (n, name) in ["Ann Black", "Bert Brown", "Cora Green", "Dan White"].iter().enumerate() {
        let born = format!("19{n}0-01-0{}", n + 1);
        world.identify(&says("nhsl", &format!("o{n}"), name, &born, &[chi(20 + n as u64)])).await;
    }
    world.index.follower().fill(&world.on.db).await.unwrap();
    person
}

fn council(world: &World) -> Acting {
    Acting { organisation: "cec".parse().unwrap(), ..world.steward() }
}

fn why() -> Why {
    Why::new("the pupils of the council's schools").unwrap()
}

async fn whose(world: &World, says: &Demographics) -> Meant {
    let work = async |tx: &mut Tx| seeding::whose(tx, &world.index, says).await;
    world.on.db.write("test.whose", work).await.unwrap()
}

async fn give(
    world: &World,
    by: &Acting,
    what: (&Demographics, PersonId, &Chi),
) -> Result<Given, Error> {
    let (ctx, keys, why) = (world.ctx(), &world.on.keys, why());
    let work =
        async |tx: &mut Tx| seeding::give(tx, &ctx, keys, &world.index, what, (by, &why)).await;
    world.on.db.write("test.give", work).await
}

async fn wait(world: &World, says: &Demographics) -> Option<Identified> {
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    let work = async |tx: &mut Tx| seeding::wait(tx, &ctx, keys, &world.index, says).await;
    world.on.db.write("test.wait", work).await.unwrap()
}

async fn chi_said(world: &World, person: PersonId, by: &[&str]) -> Option<Chi> {
    let by: BTreeSet<_> = by.iter().map(|id| id.parse().unwrap()).collect();
    world.read(async |s: &mut Snapshot| seeding::chi_said(s, person, &by).await).await
}

async fn links(world: &World, person: PersonId) -> Vec<NumberLink> {
    world.read(async |s: &mut Snapshot| number_links(s, person).await).await
}

fn is_sure(meant: &Meant, person: PersonId) -> bool {
    matches!(meant, Meant::Sure(sure) if sure.person == person)
}

#[tokio::test]
async fn whoever_is_sure_and_alone_gets_their_number_by_the_bodys_word() {
    for world in worlds().await {
        let (engine, by) = (world.on.engine, council(&world));
        let (isla, says) = (known(&world).await, row(ISLA));
        let Meant::Sure(sure) = whose(&world, &says).await else { panic!("{engine}: she is sure") };
        assert_eq!(sure.person, isla, "{engine}");
        assert!(sure.probability.is_some_and(|sure| sure >= 0.99), "{engine}: {sure:?}");
        let number = chi_said(&world, isla, &["nhsl"]).await.unwrap();
        assert_eq!(Identifier::Chi(number.clone()), chi(2));
        // A number is told by the word of whom one may hear, and of nobody else.
        assert_eq!(chi_said(&world, isla, &["school", "cec"]).await, None, "{engine}");

        let before = world.entries().await;
        let what = (&says, isla, &number);
        assert_eq!(give(&world, &by, what).await.unwrap(), Given::Now, "{engine}");
        assert_eq!(world.entries().await, before + 1, "{engine}: it is entered");
        let stands = links(&world, isla).await;
        let own = stands.iter().find(|link| link.authority.as_str() == "cec").unwrap();
        assert_eq!((own.evidence, own.by), (Evidence::Matched, Some(by.practitioner)), "{engine}");
        assert_eq!(own.check, Some(CheckRule::Mod11), "{engine}: the check is kept");
        let events = world.read(async |s: &mut Snapshot| number_events(s, isla).await).await;
        assert_eq!(events.len(), 1, "{engine}");
        // The same list again adds nothing.
        assert_eq!(give(&world, &by, what).await.unwrap(), Given::Before, "{engine}");
        assert_eq!(world.entries().await, before + 1, "{engine}");
        // Nor does it give again what was taken back.
        let (ctx, keys, why) = (world.ctx(), &world.on.keys, why());
        let back = async |tx: &mut Tx| {
            let number = Identifier::Chi(number.clone());
            take_number_back(tx, &ctx, keys, isla, &number, (&by, &why)).await
        };
        world.on.db.write("test.back", back).await.unwrap();
        assert_eq!(chi_said(&world, isla, &["nhsl", "cec"]).await, None, "{engine}");
        assert_eq!(give(&world, &by, what).await.unwrap(), Given::Changed, "{engine}");
    }
}

#[tokio::test]
async fn who_is_not_sure_gets_nothing_and_waits_for_a_human() {
    for world in worlds().await {
        let engine = world.on.engine;
        let known = known(&world).await;
        // Her twin, her mother by the name, her namesake elsewhere, a slip in the surname that
        // leaves little, and somebody with another valid number.
        for text in [
            "8,Ailsa,,Sample,14/03/2017,F,3 High Street,Glen,EH1 1BB,",
            "9,Isla,Rose,Sample,14/03/1987,F,3 High Street,Glen,EH1 1BB,",
            "10,Isla,Rose,Sample,14/03/2017,,9 Far Road,Otherton,ZZ99 9ZZ,",
            "11,Isla,,Sampel,2017,,,,,",
            &format!("{ISLA}{}", Chi::impossible(99).reveal()),
        ] {
            let meant = whose(&world, &row(text)).await;
            assert!(!matches!(meant, Meant::Sure(_)), "{engine}: {text}: {meant:?}");
        }
        // Where two are as likely, neither.
        let twice = Demographics { source: source("school", "2"), identifiers: vec![], ..isla() };
        let Identified::Uncertain { provisional, .. } = world.identify(&twice).await else {
            panic!("{engine}: nobody is known by their name")
        };
        world.index.follower().fill(&world.on.db).await.unwrap();
        assert_eq!(whose(&world, &row(ISLA)).await, Meant::Doubt, "{engine}");
        let places = world.places().await.len();
        let waits = wait(&world, &row(ISLA)).await;
        let Some(Identified::Uncertain { provisional: own, candidates }) = waits else {
            panic!("{engine}: {waits:?}")
        };
        let people: BTreeSet<_> = candidates.iter().map(|doubt| doubt.person).collect();
        assert_eq!(people, BTreeSet::from([known, provisional]), "{engine}");
        assert_eq!(world.places().await.len(), places + 1, "{engine}");
        assert_eq!(world.lead(own).await, own, "{engine}: nobody is joined");
    }
}

/// A list of another system, brought under the name of one whose numbers collide with it.
#[tokio::test]
async fn an_own_number_of_somebody_else_moves_nothing_and_means_nobody() {
    for world in worlds().await {
        let engine = world.on.engine;
        let isla = known(&world).await;
        let own = LocalIdentifier::new("urn:glen:swift", "7").unwrap();
        let tom = Demographics {
            source: SourceRecord { organisation: "cec".parse().unwrap(), local: own },
            ..says("cec", "7", "Tom Other", "2016-05-05", &[chi(30)])
        };
        let held = world.identify(&tom).await.person();
        world.index.follower().fill(&world.on.db).await.unwrap();
        let (places, entries) = (world.places().await.len(), world.entries().await);
        for row in [row(ISLA), row(&format!("{ISLA}{}", Chi::impossible(2).reveal()))] {
            assert_eq!(whose(&world, &row).await, Meant::Nobody, "{engine}");
            assert_eq!(wait(&world, &row).await, None, "{engine}");
        }
        // One of his own day and forename, too, whom the rule for messages would take for him.
        let like = row("7,Tom,,Stranger,2016-05-05,M,1 Other Road,Far,ZZ99 9ZZ,");
        assert_eq!(whose(&world, &like).await, Meant::Nobody, "{engine}");
        let stands = (world.places().await.len(), world.entries().await);
        assert_eq!(stands, (places, entries), "{engine}: nothing waits");
        assert_eq!(world.identify(&tom).await, Identified::Known(held), "{engine}: it is his");
        assert_ne!(held, isla);
    }
}

#[tokio::test]
async fn of_a_row_that_is_like_nobody_nobody_is_made() {
    for world in worlds().await {
        let engine = world.on.engine;
        let isla = known(&world).await;
        let (people, entries) = (world.index.records(), world.entries().await);
        let stranger = row("12,Zoe,,Stranger,1950-02-03,F,1 Other Road,Far,ZZ99 9ZZ,");
        assert_eq!(whose(&world, &stranger).await, Meant::Nobody, "{engine}");
        assert_eq!(wait(&world, &stranger).await, None, "{engine}");
        // Whoever is sure waits for nobody either.
        assert_eq!(wait(&world, &row(ISLA)).await, None, "{engine}");
        assert_eq!((world.index.records(), world.entries().await), (people, entries), "{engine}");
        assert_eq!(world.places().await.len(), 0, "{engine}");
        // By her number, which her name and date of birth support, she is known as by a message.
        let by_number = row(&format!("{ISLA}{}", Chi::impossible(2).reveal()));
        let meant = whose(&world, &by_number).await;
        assert!(is_sure(&meant, isla), "{engine}: {meant:?}");
    }
}

#[tokio::test]
async fn nobody_gives_themselves_a_number_by_a_list() {
    for world in worlds().await {
        let (engine, says) = (world.on.engine, row(ISLA));
        let isla = known(&world).await;
        let ctx = world.ctx();
        let register =
            async |tx: &mut Tx| practitioner::register(tx, &ctx, "I. Sample", Some(isla)).await;
        let own = world.on.db.write("test.register", register).await.unwrap();
        let own = Acting { practitioner: own, ..council(&world) };
        let number = Chi::impossible(2);
        let given = give(&world, &own, (&says, isla, &number)).await;
        assert!(matches!(given, Err(Error::Unknown(_))), "{engine}: {given:?}");
    }
}
