//! Privacy notices over both engines: published once by the lead party, kept as they were, and
//! asked for before anybody signs.

use ken_agreement::Instrument;
use ken_agreement::show::told;
use ken_core::InstrumentHash;
use ken_office::notice::{self, Block, Published, Refused};
use ken_office::signing::Attempt;
use ken_sharing::signing::{Clearance, Refusal};
use ken_store::Snapshot;

use crate::world::{World, id, worlds};

const TEXT: &str = include_str!("../../../../../agreements/glen-asp-concern.toml");

async fn publish(world: &World, party: &str, of: &Instrument) -> Result<Published, Refused> {
    let (db, keys) = (&world.on.db, &world.on.keys);
    let (party, who) = (id(party), World::lead(party).practitioner);
    notice::publish(db, &world.ctx(), keys, (&party, who), of).await.unwrap()
}

async fn find(world: &World, hash: &InstrumentHash) -> Option<Published> {
    let read = async |s: &mut Snapshot| notice::find(s, hash).await;
    world.on.db.snapshot("test.notice", read).await.unwrap()
}

#[tokio::test]
async fn a_text_is_signed_after_its_own_notice_and_no_other() {
    for world in worlds().await {
        let of = Instrument::parse(TEXT).unwrap();
        let hash = world.concern.clone();
        world.clear(&hash, Clearance::Assessment).await;
        let unpublished = Attempt::Refused(Refusal::NoticeUnpublished);
        assert_eq!(publish(&world, "police", &of).await, Err(Refused::NotLead));
        assert_eq!(world.sign("cec", &hash).await, unpublished);
        let first = publish(&world, "cec", &of).await.unwrap();
        assert_eq!(world.sign("cec", &hash).await, Attempt::Signed, "{}", world.on.engine);
        let entered = world.entries("cec").await;
        let named = entered.iter().find(|entry| entry.get("notice-published").is_some()).unwrap();
        assert_eq!(named["notice-published"], first.hash.as_str());
        assert_eq!(named["instrument"], hash.as_str());

        // The next version says one thing otherwise: it has no notice until it gets its own.
        let mut next = of.clone();
        next.agreement.version = "9".parse().unwrap();
        next.clauses[1].text.push_str(" Nobody else does.");
        let changed = world.register(&next).await;
        world.clear(&changed, Clearance::Assessment).await;
        assert_eq!(world.sign("cec", &changed).await, unpublished, "another's notice counted");
        let second = publish(&world, "cec", &next).await.unwrap();
        assert_eq!((first.notice.number, second.notice.number), (1, 2));
        assert_eq!(world.sign("cec", &changed).await, Attempt::Signed);

        // Publishing again is no second notice, and the first is what it was.
        assert_eq!(publish(&world, "cec", &of).await.unwrap(), first);
        assert_eq!(find(&world, &first.hash).await.as_ref(), Some(&first));
        let read = async |s: &mut Snapshot| notice::list(s).await;
        let listed = world.on.db.snapshot("test.notices", read).await.unwrap();
        let numbers: Vec<_> = listed.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [2, 1], "the newest first");
    }
}

#[tokio::test]
async fn nobody_is_told_of_a_text_that_nobody_could_sign() {
    for world in worlds().await {
        let check = async |version: &str, change: fn(&mut Instrument), want: Refusal| {
            let mut of = Instrument::parse(TEXT).unwrap();
            of.agreement.version = version.parse().unwrap();
            change(&mut of);
            world.register(&of).await;
            let got = publish(&world, "cec", &of).await;
            assert_eq!(got, Err(Refused::Text(want)), "{}", world.on.engine);
        };
        check("7", |of| of.bases.clear(), Refusal::Unsound).await;
        check("8", |of| of.bases[0].confirmed_by.clear(), Refusal::Unsound).await;
    }
}

#[test]
fn a_notice_tells_each_recipient_purpose_and_kind_of_its_text() {
    let of = Instrument::parse(TEXT).unwrap();
    let notice = notice::draft(&of, 1);
    let rows = notice.standard.sections.iter().flat_map(|section| &section.blocks);
    let rows = rows.filter_map(|block| match block {
        Block::Table(head, rows) if head[0] == "Who receives it" => Some(rows),
        _ => None,
    });
    let rows: Vec<_> = rows.flatten().collect();
    let all = told(&[&of]);
    assert!(all.len() > 20, "{}", all.len());
    for one in &all {
        let here = |row: &&&Vec<String>| {
            row[0] == one.recipient && row[1] == one.purpose && row[2].contains(&one.category)
        };
        assert!(rows.iter().any(|row| here(&row)), "{one:?} is not told");
    }
    let pairs: std::collections::BTreeSet<_> =
        all.iter().map(|one| (&one.recipient, &one.purpose)).collect();
    assert_eq!(rows.len(), pairs.len(), "more is told than is so");
}
