//! Finding somebody.

use ken_core::PersonId;
use ken_core::identifier::{Chi, NhsNumber};
use ken_directory::Acting;
use ken_person::budget::{self, ACCOUNT_MISSES_MAX, SOUGHT_MISSES_MAX};
use ken_person::{Asker, Error, FOUND_MAX, Found, Grade, Query, Seen, look, search};
use ken_store::{Snapshot, Tx};

use crate::world::{World, chi, nhs, says, worlds};

async fn find(world: &World, query: Query) -> Option<Vec<ken_core::PersonId>> {
    match world.read(async |s: &mut Snapshot| search(s, &query).await).await {
        Found::People(people) => Some(people.iter().map(ken_person::Candidate::person).collect()),
        Found::TooMany => None,
    }
}

fn named(family: &str, given: &str, born: &str) -> Query {
    Query::name_and_birth(family, given, born.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn numbers_and_names_find_the_one_who_stands_for_all() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1), nhs(1)]);
        let isla = world.identify(&isla).await.person();
        let jack = says("nhsl", "2", "Jack Sample", "2017-03-14", &[chi(2)]);
        let jack = world.identify(&jack).await.person();
        let check = async |query: Query, want: &[ken_core::PersonId]| {
            let mut want = want.to_vec();
            want.sort();
            assert_eq!(find(&world, query).await, Some(want), "{}", world.on.engine);
        };
        check(Query::chi(Chi::impossible(1)), &[isla]).await;
        check(Query::nhs(NhsNumber::impossible(1)), &[isla]).await;
        check(Query::chi(Chi::impossible(9)), &[]).await;
        // An NHS number is a valid CHI number as well: whoever asks for one, finds the other.
        let digits = NhsNumber::impossible(1).reveal().to_owned();
        check(Query::chi(Chi::parse(&digits).unwrap()), &[isla]).await;
        check(Query::number(&digits).unwrap(), &[isla]).await;
        check(named("SAMPLE", "isla", "2017-03-14"), &[isla]).await;
        check(named("Sample", "", "2017-03-14"), &[isla, jack]).await;
        check(named("Sample", "Isla", "2017-03-15"), &[]).await;
        // The name by which a source knew her is gone once the source has another.
        world.identify(&says("nhsl", "1", "Isla Married", "2017-03-14", &[])).await;
        check(named("Sample", "Isla", "2017-03-14"), &[]).await;
        check(named("Married", "Isla", "2017-03-14"), &[isla]).await;
    }
}

#[tokio::test]
async fn too_many_are_none() {
    for world in worlds().await {
        for n in 0..=FOUND_MAX as u64 {
            let given = format!("G{n} Sample");
            world.identify(&says("nhsl", &n.to_string(), &given, "2017-03-14", &[chi(n)])).await;
        }
        assert_eq!(find(&world, named("Sample", "", "2017-03-14")).await, None);
        let one = find(&world, named("Sample", "G3", "2017-03-14")).await;
        assert_eq!(one.map(|people| people.len()), Some(1), "{}", world.on.engine);
    }
}

#[tokio::test]
async fn what_is_found_does_not_show() {
    for world in worlds().await {
        world.identify(&says("nhsl", "1", "Morag Canary", "1948-02-03", &[chi(1)])).await;
        let query = Query::chi(Chi::impossible(1));
        let found = world.read(async |s: &mut Snapshot| search(s, &query).await).await;
        let shown = format!("{found:?} {query:?}");
        assert_eq!(shown.matches("Candidate").count(), 1);
        for secret in ["Canary", "canary", "1948", Chi::impossible(1).reveal()] {
            assert!(!shown.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn part_of_a_birth_date_is_enough_to_be_found() {
    for world in worlds().await {
        let mut known = Vec::new();
        for (n, born) in ["1948-03-02", "1948-03", "1948", ""].iter().enumerate() {
            let says = says("nhsl", &n.to_string(), "Morag Bain", born, &[]);
            known.push(world.identify(&says).await.person());
        }
        let check = async |given: &str, born: &str, want: &[usize]| {
            let query = Query::name_and_partial_birth("Bain", given, born.parse().unwrap());
            let mut want: Vec<_> = want.iter().map(|at| known[*at]).collect();
            want.sort();
            let engine = world.on.engine;
            assert_eq!(find(&world, query.unwrap()).await, Some(want), "{engine} {given} {born}");
        };
        check("Morag", "1948-03-02", &[0, 1, 2, 3]).await;
        check("", "1948-03-02", &[0, 1, 2]).await;
        check("Morag", "1948-03-03", &[1, 2, 3]).await;
        check("Morag", "1948-03", &[0, 1, 2, 3]).await;
        check("Morag", "1948-04", &[2, 3]).await;
        check("Morag", "1948", &[0, 1, 2, 3]).await;
        check("Morag", "1949", &[3]).await;
        check("Isla", "1948", &[]).await;
    }
}

#[tokio::test]
async fn one_of_the_given_names_finds() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[]);
        let mut rose = says("nhsl", "2", "Isla Other", "2016-03-14", &[]);
        rose.given = "Isla Rose".to_owned().into();
        let isla = world.identify(&isla).await.person();
        let rose = world.identify(&rose).await.person();
        let check = async |family: &str, given: &str, born: &str, want: &[ken_core::PersonId]| {
            let found = find(&world, named(family, given, born)).await;
            assert_eq!(found.as_deref(), Some(want), "{} {given}", world.on.engine);
        };
        check("Other", "Isla", "2016-03-14", &[rose]).await;
        check("Other", "Rose", "2016-03-14", &[rose]).await;
        check("Other", "Isla Rose", "2016-03-14", &[rose]).await;
        check("Other", "Ros", "2016-03-14", &[]).await;
        check("Other", "%", "2016-03-14", &[rose]).await;
        check("Sample", "Isla Rose", "2017-03-14", &[isla]).await;
    }
}

/// Who is found by a name for an organisation that has these relationships.
async fn sought(
    world: &World,
    query: &Query,
    (organisation, related): (&str, &[PersonId]),
) -> Vec<(PersonId, bool)> {
    let organisation = organisation.parse().unwrap();
    let by = Asker { organisation: &organisation, related };
    let sought = world.read(async |s: &mut Snapshot| look(s, query, &by).await).await;
    sought.into_iter().map(|one| (one.candidate.person(), one.is_exact)).collect()
}

#[tokio::test]
async fn who_is_written_otherwise_is_found_too() {
    for world in worlds().await {
        let engine = world.on.engine;
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[]);
        let isla = world.identify(&isla).await.person();
        world.identify(&says("nhsl", "2", "Morag Quirk", "1948-02-03", &[])).await;
        for asker in [("nhsl", &[][..]), ("cec", &[isla][..])] {
            let exact = named("Sample", "Isla", "2017-03-14");
            assert_eq!(sought(&world, &exact, asker).await, [(isla, true)], "{engine}");
            for (family, given, born) in [
                ("Sampel", "Isla", "2017-03-14"),
                ("Sampel", "", "2017-03-14"),
                ("Sample", "Ilsa", "2017-03-14"),
                ("Sample", "Isla", "2017-04-14"),
            ] {
                let found = sought(&world, &named(family, given, born), asker).await;
                assert_eq!(found, [(isla, false)], "{engine} {family} {given} {born}");
            }
            // Another name on that day, or another day with that name, is somebody else.
            for (family, given, born) in [
                ("Sample", "Jack", "2017-03-14"),
                ("Quirk", "Isla", "2001-10-30"),
                ("Sampel", "", "2017-03-15"),
            ] {
                let found = sought(&world, &named(family, given, born), asker).await;
                assert_eq!(found, [], "{engine} {family} {given} {born}");
            }
        }
        let stranger = ("cec", &[][..]);
        for family in ["Sample", "Sampel"] {
            let found = sought(&world, &named(family, "Isla", "2017-03-14"), stranger).await;
            assert_eq!(found, [], "{engine}: whom nobody of theirs knows");
        }
    }
}

/// Whoever may not be known of takes nobody's place: not of those who fit, not of the likely ones,
/// however many they are, and whether the index holds them or not.
#[tokio::test]
async fn nobody_unknown_to_the_asker_takes_a_place() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut own = Vec::new();
        for (n, name) in (0..).zip(["Isla Sample", "Isla Sampel", "Ilsa Sample"]) {
            let says = says("nhsl", &format!("own{n}"), name, "2017-03-14", &[chi(n)]);
            own.push(world.identify(&says).await.person());
        }
        let friend = says("cec", "friend", "Isla Sampl", "2017-03-14", &[chi(7)]);
        let friend = world.identify(&friend).await.person();
        let asker = ("nhsl", &[friend][..]);
        let queries = [
            named("Sample", "Isla", "2017-03-14"),
            named("Sampel", "Isla", "2017-03-14"),
            named("Sample", "", "2017-03-14"),
            named("Semple", "Isla", "2017-03-14"),
        ];
        let mut before = Vec::new();
        for query in &queries {
            before.push(sought(&world, query, asker).await);
        }
        assert_eq!(before[0].first(), Some(&(own[0], true)), "{engine}");
        assert_eq!(before[0].len(), 4, "{engine}: {:?}", before[0]);
        let names = ["Isla Sample", "Isla Sampel", "Isla Semple"].into_iter().cycle();
        for (n, name) in (0..150).zip(names) {
            let says = says("cec", &n.to_string(), name, "2017-03-14", &[chi(100 + n)]);
            world.identify(&says).await;
        }
        world.index.follower().fill(&world.on.db).await.unwrap();
        for (query, before) in queries.iter().zip(before) {
            assert_eq!(sought(&world, query, asker).await, before, "{engine} {query:?}");
        }
    }
}

#[test]
fn what_is_shown_decides_whether_somebody_fits() {
    let seen = |family: &str, given: &str, born: &str| Seen {
        family: family.to_owned(),
        given: given.to_owned(),
        born: born.to_owned(),
        ..Seen::default()
    };
    let isla = seen("Sample", "Isla", "2017-03-14");
    let fits = |query: &Query, seen: &Seen| {
        query.fits(seen).map(|fits| (fits.grade, fits.is_exact, fits.is_shown))
    };
    let possible = |is_exact, is_shown| Some((Grade::Possible, is_exact, is_shown));
    let name = named("Sample", "Isla", "2017-03-14");
    assert_eq!(fits(&name, &isla), possible(true, true));
    assert_eq!(fits(&named("Sampel", "Isla", "2017-03-14"), &isla), possible(false, true));
    assert_eq!(fits(&named("Former", "Isla", "2017-03-14"), &isla), None);
    assert_eq!(fits(&name, &Seen::default()), None);
    // A date that is not shown is not confirmed.
    assert_eq!(fits(&name, &seen("Sample", "Isla", "")), possible(true, false));
    assert_eq!(fits(&named("Sampel", "Isla", "2017-03-14"), &seen("Sample", "Isla", "")), None);
    let number = |family: &str, given: &str, born: &str| {
        Query::chi(Chi::impossible(1)).beside(family, given, born.parse().ok())
    };
    assert_eq!(fits(&number("", "", ""), &isla), possible(true, true));
    assert_eq!(fits(&number("Sample", "", ""), &isla), possible(true, true));
    let sure = number("Sample", "Isla", "2017-03-14");
    assert_eq!(fits(&sure, &isla), Some((Grade::Sure, true, true)));
    assert_eq!(fits(&sure, &seen("Sample", "Isla", "")), possible(true, false));
    assert_eq!(fits(&number("Sample", "Isla", "1950-01-01"), &isla), None);
    assert_eq!(fits(&number("Sample", "Jack", ""), &isla), None);
    assert!(sure.is_number(Chi::impossible(1).reveal()) && !sure.is_number("1"));
}

#[tokio::test]
async fn a_number_that_the_details_contradict_is_nobodys() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        let isla = world.identify(&isla).await.person();
        let check = async |family: &str, given: &str, born: &str, is_found: bool| {
            let query = Query::chi(Chi::impossible(1)).beside(family, given, born.parse().ok());
            let want = if is_found { vec![isla] } else { vec![] };
            assert_eq!(find(&world, query).await, Some(want), "{} {born}", world.on.engine);
        };
        check("", "", "", true).await;
        check("Sample", "", "", true).await;
        check("Sample", "Isla", "2017-03-14", true).await;
        check("Quirk", "", "", false).await;
        check("Sample", "Jack", "2017-03-14", false).await;
        check("", "", "1950-01-01", false).await;
    }
}

async fn taken(world: &World, by: &Acting) -> Result<budget::Taken, Error> {
    let ctx = world.ctx();
    world.on.db.write("test.take", async |tx: &mut Tx| budget::take(tx, &ctx, by).await).await
}

#[tokio::test]
async fn searches_that_find_nobody_come_to_an_end() {
    for world in worlds().await {
        let (engine, by) = (world.on.engine, world.steward());
        for _ in 0..ACCOUNT_MISSES_MAX {
            taken(&world, &by).await.unwrap();
        }
        for _ in 0..3 {
            let refused = taken(&world, &by).await;
            assert!(matches!(refused, Err(Error::TooManySearches)), "{engine}: {refused:?}");
        }
        // A second account of the same practitioner has what is left to them, and no more.
        let second = Acting { account: world.steward().account, ..by.clone() };
        let left = budget::PRACTITIONER_MISSES_MAX - ACCOUNT_MISSES_MAX;
        for _ in 0..left {
            taken(&world, &second).await.unwrap();
        }
        assert!(taken(&world, &second).await.is_err(), "{engine}");
        // A colleague is not stopped by it; what found somebody counts for nothing.
        let colleague = world.steward();
        for _ in 0..2 * ACCOUNT_MISSES_MAX {
            let taken = taken(&world, &colleague).await.unwrap();
            let give = async |tx: &mut Tx| budget::give_back(tx, &taken).await;
            world.on.db.write("test.give", give).await.unwrap();
        }
        world.clock.advance(jiff::SignedDuration::from_hours(1));
        taken(&world, &by).await.unwrap();
    }
}

#[tokio::test]
async fn an_organisation_that_looks_for_one_person_again_and_again_is_stopped() {
    for world in worlds().await {
        let engine = world.on.engine;
        let name = named("Sample", "Isla", "2017-03-14");
        let missed = async |query: &Query| {
            // Every account another.
            let (ctx, by) = (world.ctx(), world.steward());
            budget::missed(&world.on.db, &ctx, &world.on.keys, &by, query).await
        };
        for _ in 0..SOUGHT_MISSES_MAX {
            missed(&name).await.unwrap();
        }
        // Another given name is one more try for the same person.
        let refused = missed(&named("Sample", "Jack", "2017-03-14")).await;
        assert!(matches!(refused, Err(Error::TooManySearches)), "{engine}: {refused:?}");
        missed(&named("Sample", "Isla", "2017-03-15")).await.unwrap();
        world.clock.advance(jiff::SignedDuration::from_hours(1));
        missed(&name).await.unwrap();
        world.clock.advance(jiff::SignedDuration::from_hours(48));
        missed(&name).await.unwrap();
    }
}
