//! A registration without a number: somebody new, or for a human to say; never joined by itself.

use std::collections::BTreeSet;

use ken_core::IdSource as _;
use ken_person::Identified;
use ken_testkit::SeededIds;

use crate::world::{chi, says, worlds};

const NAMES: [&str; 4] = ["Isla Sample", "Jack Sample", "Ann Other", "Islay Sample"];
const BORN: [&str; 4] = ["2017-03-14", "2017-03-15", "1948-03-02", "1948"];
const POSTCODES: [&str; 2] = ["EH1 1BB", "ZZ99 9ZZ"];
/// Registrations that each engine has.
const REGISTRATIONS: usize = 60;

#[tokio::test]
async fn without_a_number_nobody_is_joined_by_itself() {
    for world in worlds().await {
        let engine = world.on.engine;
        let dice = SeededIds::new(12);
        let draw = |below: usize| {
            let mut bytes = [0; 8];
            dice.entropy(&mut bytes);
            usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(below).unwrap()).unwrap()
        };
        // Everybody of these names and days is known with a number, to the health board.
        let mut known = BTreeSet::new();
        for (n, name) in (1..).zip(NAMES) {
            for (day, born) in (1..).zip(BORN) {
                let number = n * 10 + day;
                let of = says("nhsl", &number.to_string(), name, born, &[chi(number)]);
                world.identify(&of).await;
                known.insert((name, born));
            }
        }
        let (mut uncertain, mut new) = (0, 0);
        let before = world.places().await.len();
        for n in 0..REGISTRATIONS {
            let (name, born) = (NAMES[draw(NAMES.len())], BORN[draw(BORN.len())]);
            let name = if draw(4) == 0 { "Una Known" } else { name };
            let mut of = says("cec", &(9_000 + n).to_string(), name, born, &[]);
            of.postcode = POSTCODES[draw(POSTCODES.len())].to_owned().into();
            match world.identify(&of).await {
                Identified::Known(_) => panic!("{engine}: {name} {born} is joined by itself"),
                Identified::New(person) => {
                    new += 1;
                    assert_eq!(world.lead(person).await, person, "{engine}");
                    // A whole day and an equal name are never passed over.
                    let is_whole = born.len() == 10;
                    assert!(!(is_whole && known.contains(&(name, born))), "{engine}: {name}");
                }
                Identified::Uncertain { provisional, candidates } => {
                    uncertain += 1;
                    assert!(!candidates.is_empty(), "{engine}");
                    assert_eq!(world.lead(provisional).await, provisional, "{engine}");
                    // The same source under the same number is who it was.
                    assert_eq!(world.identify(&of).await, Identified::Known(provisional));
                }
            }
        }
        assert!(uncertain > 10 && new > 5, "{engine}: {uncertain} uncertain, {new} new");
        let places = world.places().await.len();
        assert!(places >= (before + uncertain).min(100), "{engine}: each waits for a human");
    }
}
