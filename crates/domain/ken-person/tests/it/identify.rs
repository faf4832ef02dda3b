//! Who is meant: known, new, uncertain; and by many at once.

use std::collections::BTreeSet;

use ken_person::{Identified, Reason};
use ken_store::{Snapshot, Tx, guard};
use ken_testkit::assert_prepares;

use crate::world::{World, chi, nhs, says, worlds};

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        assert_prepares(&world.on.db, ken_person::STATEMENTS).await;
    }
}

#[tokio::test]
async fn a_number_brings_sources_together() {
    for world in worlds().await {
        let first = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1), nhs(1)]);
        let Identified::New(isla) = world.identify(&first).await else { panic!("new") };
        let check = async |organisation, number, name, born, numbers: &[_], want: Identified| {
            let got = world.identify(&says(organisation, number, name, born, numbers)).await;
            assert_eq!(got, want, "{} {organisation} {number}", world.on.engine);
        };
        let known = || Identified::Known(isla);
        check("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)], known()).await;
        check("ooh", "7", "ISLA SAMPLE", "2017-03", &[chi(1)], known()).await;
        check("cec", "9", "Isla Rose Sample", "2017-03-14", &[nhs(1)], known()).await;
        // The council says less next time, and its number is enough.
        check("cec", "9", "", "", &[], known()).await;
        assert_eq!(world.places().await, []);
        assert_eq!(world.events(isla).await, ["new", "known", "known"], "{}", world.on.engine);
        let has_guard = async |s: &mut Snapshot| Ok(guard::find(s, isla).await?.is_some());
        assert!(world.read(has_guard).await);
    }
}

#[tokio::test]
async fn doubt_makes_a_provisional_person_once() {
    for world in worlds().await {
        let first = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        let isla = world.identify(&first).await.person();
        let unsure = says("cec", "9", "Isla Sample", "2017-03-14", &[]);
        let Identified::Uncertain { provisional, candidates } = world.identify(&unsure).await
        else {
            panic!("uncertain")
        };
        assert_ne!(provisional, isla);
        assert_eq!(candidates[0].person, isla);
        assert!(candidates[0].reasons.contains(&Reason::NameAndBirth));
        // The next message of the same number is about the same provisional person.
        assert_eq!(world.identify(&unsure).await, Identified::Known(provisional));
        let places = world.places().await;
        assert_eq!(places.len(), 1, "{}", world.on.engine);
        assert_eq!((places[0].person, &places[0].candidates), (provisional, &candidates));
        // Nobody's yet, so that nobody is shown it.
        assert!(world.events(provisional).await.is_empty());
    }
}

#[tokio::test]
async fn twins_are_two() {
    for world in worlds().await {
        let isla = world.identify(&says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)])).await;
        let jack = world.identify(&says("nhsl", "2", "Jack Sample", "2017-03-14", &[chi(2)])).await;
        assert!(matches!((&isla, &jack), (Identified::New(_), Identified::New(_))));
        // His record comes with her number.
        let mixed = says("ooh", "5", "Jack Sample", "2017-03-14", &[chi(1)]);
        let Identified::Uncertain { candidates, .. } = world.identify(&mixed).await else {
            panic!("uncertain")
        };
        let people: Vec<_> = candidates.iter().map(|candidate| candidate.person).collect();
        assert_eq!(people, [isla.person(), jack.person()], "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_number_that_only_name_or_date_supports_waits_for_a_human() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        let isla = world.identify(&isla).await.person();
        let mut waiting = 0;
        // Her twin, whom nobody knows yet; her mother, who has her name; too little to tell.
        for (n, name, born) in [
            ("5", "Jack Sample", "2017-03-14"),
            ("6", "Isla Sample", "1987-03-14"),
            ("7", "Isla Sample", ""),
            ("8", "", "2017-03-14"),
        ] {
            let typed = world.identify(&says("ooh", n, name, born, &[chi(1)])).await;
            let Identified::Uncertain { provisional, candidates } = typed else {
                panic!("{name} {born} is taken for her: {}", world.on.engine)
            };
            waiting += 1;
            assert_eq!((candidates.len(), candidates[0].person), (1, isla));
            assert_eq!(world.lead(provisional).await, provisional);
            assert_eq!(world.places().await.len(), waiting, "{}", world.on.engine);
        }
        // Under the number that the board itself uses, the twin is not she either.
        let swapped = says("nhsl", "1", "Jack Sample", "2017-03-14", &[]);
        assert!(matches!(world.identify(&swapped).await, Identified::Uncertain { .. }));
    }
}

#[tokio::test]
async fn a_reused_local_number_does_not_overwrite_anybody() {
    for world in worlds().await {
        let isla = says("cec", "9", "Isla Sample", "2017-03-14", &[chi(1)]);
        let isla = world.identify(&isla).await.person();
        let reused = says("cec", "9", "Hamish Other", "1950-01-01", &[]);
        let Identified::Uncertain { provisional, candidates } = world.identify(&reused).await
        else {
            panic!("uncertain")
        };
        assert!(candidates[0].reasons.contains(&Reason::SourceNumber));
        assert_eq!(world.identify(&reused).await, Identified::Known(provisional));
        let again = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        assert_eq!(world.identify(&again).await, Identified::Known(isla), "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_reused_local_number_that_means_somebody_known_files_nothing_for_its_first_owner() {
    for world in worlds().await {
        let engine = world.on.engine;
        let isla = says("cec", "9", "Isla Sample", "2017-03-14", &[chi(1)]);
        let owner = world.identify(&isla).await.person();
        let hamish = says("nhsl", "2", "Hamish Other", "1950-01-01", &[chi(2)]);
        let hamish = world.identify(&hamish).await.person();
        let reused = says("cec", "9", "Hamish Other", "1950-01-01", &[chi(2)]);
        let Identified::Uncertain { provisional, candidates } = world.identify(&reused).await
        else {
            panic!("{engine}: uncertain")
        };
        let meant: BTreeSet<_> = candidates.iter().map(|doubt| doubt.person).collect();
        assert_eq!(meant, [owner, hamish].into(), "{engine}: a human sees both");
        assert!(![owner, hamish].contains(&provisional), "{engine}");
        // Nothing of the second is said of the first.
        let again = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        assert_eq!(world.identify(&again).await, Identified::Known(owner), "{engine}");
    }
}

#[tokio::test]
async fn a_number_learnt_late_is_a_place_in_the_queue() {
    for world in worlds().await {
        let council = says("cec", "9", "Isla Sample", "2017-03-14", &[]);
        let council = world.identify(&council).await.person();
        let board = says("nhsl", "1", "Isla Sample", "2017-03-15", &[chi(1)]);
        let board = world.identify(&board).await.person();
        let learnt = says("cec", "9", "Isla Sample", "2017-03-14", &[chi(1)]);
        for _ in 0..2 {
            assert_eq!(world.identify(&learnt).await, Identified::Known(council));
        }
        let places = world.places().await;
        assert_eq!(places.len(), 1, "{}", world.on.engine);
        assert_eq!((places[0].person, places[0].candidates[0].person), (council, board));
    }
}

async fn at_once(world: &World, same_local_number: bool) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (db, keys) = (world.on.db.clone(), world.on.keys.clone());
        let (clock, ids) = (world.clock.clone(), world.ids.clone());
        let index = world.index.clone();
        let number = if same_local_number { "1".to_owned() } else { n.to_string() };
        tasks.spawn(async move {
            let ctx = ken_core::Ctx::new(&*clock, &*ids);
            let incoming = says("nhsl", &number, "Isla Sample", "2017-03-14", &[nhs(1), chi(1)]);
            let work = async |tx: &mut ken_store::Tx| {
                ken_person::identify(tx, &ctx, &keys, &index, &incoming).await
            };
            db.write("test.identify", work).await.unwrap()
        });
    }
    let all = tasks.join_all().await;
    let new = all.iter().filter(|one| matches!(one, Identified::New(_))).count();
    let people: std::collections::BTreeSet<_> = all.iter().map(Identified::person).collect();
    assert_eq!((new, people.len()), (1, 1), "{} {all:?}", world.on.engine);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrations_at_once_make_one_person() {
    for world in worlds().await {
        at_once(&world, false).await;
    }
    for world in worlds().await {
        at_once(&world, true).await;
    }
}

/// More people of one family name and date than are read at a time, and the one who is meant last.
#[tokio::test]
async fn a_namesake_is_found_among_however_many() {
    const OTHERS: &str = "WITH RECURSIVE n (at) AS
          (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 1005)
        INSERT INTO person_name
          (family_key, born, given_key, person_id, organisation_id, system, number)
        SELECT family_key, born, 'other', '00000000-0000-4000-8000-00000000' ||
          SUBSTR(CAST(10000 + at AS TEXT), 2), 'x', 'x', 'x' FROM person_name, n";
    for world in worlds().await {
        let isla = world.identify(&says("nhsl", "1", "Isla Sample", "2017-03-14", &[])).await;
        let added = async |tx: &mut Tx| tx.execute(OTHERS, &[]).await;
        let added = world.on.db.write("test.others", added).await;
        assert_eq!(added.unwrap(), 1005, "{}", world.on.engine);
        let unsure = says("cec", "9", "Isla Sample", "2017-03-14", &[]);
        let Identified::Uncertain { candidates, .. } = world.identify(&unsure).await else {
            panic!("{}: she was not found", world.on.engine);
        };
        assert_eq!(candidates.len(), 1);
        assert_eq!(candidates[0].person, isla.person());
    }
}
