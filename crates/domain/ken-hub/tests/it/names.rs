//! What a source calls things stands nowhere as it was told, and a database of before learns it.

use std::collections::BTreeMap;

use ken_hl7::Message;
use ken_records::Namer;
use ken_store::{Reads, Snapshot, Tx, values};

use crate::world::{World, worlds};

fn message(kind: &str, control_id: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||{kind}|{control_id}|P|2.5\r\
         EVN|A08|20261121101500\r\
         PID|1||77^^^B^MR||Bain^Morag||19010101|F\r{rest}"
    )
}

/// Illnesses, two allergies of one name, who is near, a report with its lines, and a document with
/// a section that takes the place of one which has not come.
fn messages() -> [String; 4] {
    let mark = "|".repeat(21);
    [
        message(
            "ADT^A08^ADT_A01",
            "1",
            "NK1|1|Bain^Ann|MTH\rAL1|1|DA|OTHER^Latex\rAL1|2|DA|OTHER^Latex\r\
             DG1|1||B20^HIV disease^ICD10|||F\r",
        ),
        message("PPR^PC1", "2", "PRB|AD|2026|195967001^Asthma^SCT|P77^PAS\r"),
        message(
            "ORU^R01",
            "3",
            &format!("OBR|1||F9^LAB|x^Syphilis{mark}F\rOBX|1|TX|t^Syphilis|1|Reactive||||||F"),
        ),
        message(
            "MDM^T10",
            "4",
            "TXA|1|SW|TX|20261120||||||||DOC-5^S|DOC-4^S|||||\rOBX|1|TX|N^Note||It is said\r\
             OBX|2|TX|VIEWS^Views^KENsection||She says",
        ),
    ]
}

/// What is kept of names: of items by their ids, and of endings.
async fn kept(world: &World) -> (BTreeMap<String, String>, Vec<(String, String)>) {
    let read = async |s: &mut Snapshot| {
        let items = "SELECT resource_id, item_key FROM record_item";
        let items = s.list(items, &[], |row| Ok((row.text(0)?, row.text(1)?))).await?;
        let endings = "SELECT own_like, cut_like FROM record_ending ORDER BY own_like";
        let endings = s.list(endings, &[], |row| Ok((row.text(0)?, row.text(1)?))).await?;
        Ok::<_, ken_store::Error>((items.into_iter().collect(), endings))
    };
    world.databases.db.snapshot("test.names", read).await.unwrap()
}

/// Puts names back as they were told. Says how many.
async fn tell_plainly(world: &World) -> u64 {
    let namer = Namer::new(&world.databases.keys);
    let mut plain = BTreeMap::new();
    for text in messages() {
        let mapped = ken_hl7::map::map(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let told = mapped.resources.iter().filter_map(|one| one.key.clone());
        for key in told.chain(mapped.ended.iter().map(|one| one.key.clone())) {
            plain.insert(namer.key("torture", &key), key);
        }
    }
    let (items, endings) = kept(world).await;
    let write = async |tx: &mut Tx| {
        let mut changed = 0;
        for (item, name) in &items {
            let own =
                |kept: &&String| name.ends_with(*kept) || name.ends_with(&format!("{kept}#2"));
            let Some(key) = plain.keys().filter(own).max_by_key(|kept| kept.len()) else {
                continue;
            };
            let name = name.replace(key, &plain[key]);
            let of = values![item.as_str(), name.as_str()];
            let sql = "UPDATE record_item SET item_key = $2 WHERE resource_id = $1";
            changed += tx.execute(sql, of).await?;
        }
        for (own, cut) in &endings {
            let (_, key) = own.split_once(" % ").unwrap();
            let name = format!("torture % {}", plain[key].replace('_', "!_"));
            let all = format!("{name}|%");
            let of = values![own.as_str(), name.as_str(), all.as_str(), cut.as_str()];
            let sql = "UPDATE record_ending SET own_like = $2, cut_like = $3
                WHERE own_like = $1 AND cut_like = $4";
            changed += tx.execute(sql, of).await?;
        }
        tx.execute("DELETE FROM record_names_kept", &[]).await?;
        Ok::<_, ken_store::Error>(changed)
    };
    world.databases.db.write("test.names", write).await.unwrap()
}

#[tokio::test]
async fn what_things_are_called_stands_nowhere_as_it_was_told() {
    for world in worlds().await {
        for text in messages() {
            world.tick();
            assert_eq!(world.say(&text).await, "AA", "{text}");
        }
        let (items, endings) = kept(&world).await;
        assert!(items.len() >= 8 && endings.len() == 1, "{items:?} {endings:?}");
        let all = format!("{items:?} {endings:?}").to_lowercase();
        for word in ["hiv", "icd", "195967001", "pas", "other", "latex", "lab", "doc-", "ann"] {
            assert!(!all.contains(word), "{word}: {all}");
        }
        let changed = tell_plainly(&world).await;
        assert!(changed >= 8, "{changed}");
        let (plain, _) = kept(&world).await;
        assert!(plain.values().any(|name| name.contains("B20")), "{plain:?}");
        let (db, keys) = (&world.databases.db, &world.databases.keys);
        ken_records::called::keep(db, keys).await.unwrap();
        assert_eq!(kept(&world).await, (items, endings), "{}", world.databases.engine);
        // Whatever is told again is what is held.
        let before = world.picture(world.people().await[0]).await;
        for (at, text) in messages().into_iter().enumerate() {
            world.tick();
            let again = text.replace(&format!("|{}|P|2.5", at + 1), &format!("|again{at}|P|2.5"));
            assert_eq!(world.say(&again).await, "AA", "{again}");
        }
        assert_eq!(world.picture(world.people().await[0]).await, before);
    }
}
