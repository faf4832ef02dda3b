//! A form that is sent again is told what it was told before, whatever is full meanwhile.

use ken_core::{Ctx, EntryId, Sensitive};
use ken_directory::{HeldRole, Organisation, organisation, practitioner};
use ken_office::breach::{self, FIELDS, Kind, New};
use ken_office::guardian::{self, Asked, ROLE, Side};
use ken_office::{drafting, recommend};
use ken_store::Tx;

use crate::drafting::first;
use crate::world::{World, id, worlds};

/// Fills a register: each row of it twice, so many times.
async fn fill(world: &World, times: usize, sql: &'static str) {
    let work = async |tx: &mut Tx| {
        for _ in 0..times {
            tx.execute(sql, &[]).await?;
        }
        Ok::<_, ken_store::Error>(())
    };
    world.on.db.write("test.fill", work).await.unwrap();
}

/// Whoever may be asked for advice, and whose register breaches stand in.
async fn council(world: &World) {
    let work = async |tx: &mut Tx| {
        let ctx = world.ctx();
        for of in ["cec", "nhsl"] {
            let (name, kind) = (format!("Body {of}"), "council".to_owned());
            let new = Organisation { id: id(of), name, kind, contact_phone: "01632 960001".into() };
            organisation::register(tx, &ctx, &new).await?;
        }
        let held = HeldRole { organisation: id("cec"), role: ROLE.parse().unwrap() };
        let who = practitioner::register(tx, &ctx, "C. Example", None).await?;
        practitioner::give_role(tx, &ctx, &world.on.keys, who, &held, None, None).await
    };
    world.on.db.write("test.council", work).await.unwrap();
}

#[tokio::test]
async fn what_was_done_is_not_refused_when_its_form_comes_again() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        council(&world).await;
        let by = World::lead("cec");
        let text = first().to_toml();
        let draft = drafting::open(db, &world.ctx(), keys, &by, &text).await.unwrap().unwrap();
        let words = FIELDS.iter().map(|field| ((*field).to_owned(), "CANARY".to_owned()));
        let words = Sensitive::new(words.collect());
        let (found, kind) = (world.ctx().clock.now(), Kind::Disclosure);
        let new = New { controller: id("nhsl"), kind, found, people: None, words };
        let items = recommend::read("1,Share sooner").unwrap();
        let why = Sensitive::new("CANARY the ward asks for the whole record".to_owned());
        let report = async |ctx: &Ctx<'_>| breach::record(db, ctx, keys, &by, &new).await.unwrap();
        let contest = async |ctx: &Ctx<'_>| {
            guardian::ask(db, ctx, keys, &by, (Side::ShouldShare, &why)).await.unwrap()
        };
        let import = async |ctx: &Ctx<'_>| {
            let what = ("An inspection", "An inspectorate", &*items);
            recommend::import(db, ctx, keys, &by, what).await.unwrap()
        };
        let comment = async |ctx: &Ctx<'_>| {
            drafting::comment(db, ctx, keys, &by, (draft, "", "Is this so?")).await.unwrap()
        };
        let ctx = world.ctx();
        let reported: EntryId = report(&ctx).await.unwrap();
        let imported: EntryId = import(&ctx).await.unwrap();
        assert_eq!(contest(&ctx).await, Asked::Sent, "{engine}");
        assert_eq!(comment(&ctx).await, Ok(()), "{engine}");
        for (times, sql) in FILLED {
            fill(&world, times, sql).await;
        }
        let other = world.ctx();
        assert_eq!(report(&other).await, Err(breach::Refusal::TooMany), "{engine}");
        assert_eq!(import(&other).await, Err(recommend::Refusal::TooMany), "{engine}");
        assert_eq!(contest(&other).await, Asked::TooMany, "{engine}");
        assert_eq!(comment(&other).await, Err(drafting::Refusal::TooMany), "{engine}");
        assert_eq!(report(&ctx).await, Ok(reported), "{engine}");
        assert_eq!(import(&ctx).await, Ok(imported), "{engine}");
        assert_eq!(contest(&ctx).await, Asked::Sent, "{engine}");
        assert_eq!(comment(&ctx).await, Ok(()), "{engine}");
    }
}

const FILLED: [(usize, &str); 4] = [
    (
        6,
        "INSERT INTO office_breach (organisation, id, reporter, kind, key_id, found_us, aware_us,
           due_us, recorded_us)
         SELECT organisation, id || 'x' || (SELECT COUNT(*) FROM office_breach), reporter, kind,
           key_id, found_us, aware_us, due_us, recorded_us FROM office_breach",
    ),
    (
        8,
        "INSERT INTO office_review_list (organisation, id, title, made_by, imported_by, imported_us)
         SELECT organisation, id || 'x' || (SELECT COUNT(*) FROM office_review_list), title,
           made_by, imported_by, imported_us FROM office_review_list",
    ),
    (
        8,
        "INSERT INTO office_contest (organisation, id, practitioner_id, role, side, entry_id,
           at_us, due_us)
         SELECT organisation, id || 'x' || (SELECT COUNT(*) FROM office_contest),
           practitioner_id, role, side, entry_id, at_us, due_us FROM office_contest",
    ),
    (
        11,
        "INSERT INTO office_draft_comment (draft_id, id, clause, words, by_organisation,
           by_practitioner, revision, at_us)
         SELECT draft_id, id || 'x' || (SELECT COUNT(*) FROM office_draft_comment), clause,
           words, by_organisation, by_practitioner, revision, at_us FROM office_draft_comment",
    ),
];
