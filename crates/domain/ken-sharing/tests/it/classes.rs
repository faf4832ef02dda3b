//! How many classes of rows one person may have: the message that brings one more is refused, so
//! that no decision about them ever is.

use std::collections::BTreeSet;

use ken_sharing::class::{CLASSES_PER_PERSON_MAX, note_held};
use ken_sharing::{Error, RowClass};
use ken_store::Tx;

use crate::world::{word, worlds};

fn class(number: usize) -> RowClass {
    RowClass {
        category: word("health-summary"),
        labels: BTreeSet::from([word(&format!("label-{number}"))]),
        source: word("practice"),
        lineage: BTreeSet::new(),
    }
}

#[tokio::test]
async fn one_class_too_many_is_not_filed_and_stops_no_decision() {
    for world in worlds(75).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let note = async |from: usize, to: usize| {
            let noted = world.on.db.write("test.classes", async |tx: &mut Tx| {
                for number in from..to {
                    note_held(tx, person, &class(number)).await?;
                }
                Ok::<_, Error>(())
            });
            noted.await.map_err(|error| error.code())
        };
        // Some are held already.
        let mut held = 0;
        while held < CLASSES_PER_PERSON_MAX {
            let next = (held + 250).min(CLASSES_PER_PERSON_MAX);
            if note(held, next).await.is_err() {
                break;
            }
            held = next;
        }
        assert!(held + 500 > CLASSES_PER_PERSON_MAX, "{engine}: {held}");
        let beyond = CLASSES_PER_PERSON_MAX;
        let refused = note(beyond, beyond + 500).await;
        assert_eq!(refused, Err("sharing.too-many-classes"), "{engine}");
        assert!(world.permits(&by, person).await, "{engine}: what is held is decided upon");
    }
}
