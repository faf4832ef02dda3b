//! What a person asks by themselves, and what it does to the next decision.

use jiff::SignedDuration;
use ken_agreement::Jurisdiction;
use ken_core::{AccountId, EntryId, PersonId, Purpose, Sensitive};
use ken_directory::Acting;
use ken_sharing::wish::{self, Answer, Asked, Ending, NewWish, State, What};
use ken_sharing::{Error, fact};
use ken_store::{Reads as _, Row, Snapshot, Tx, values};

use crate::reviews::staff;
use crate::world::{World, word, worlds, worlds_of};

pub(crate) async fn ask(world: &World, person: PersonId, what: What) -> Asked {
    let new = NewWish {
        person,
        account: AccountId::draw(&*world.ids),
        typed: what.is_quiet().then(|| Sensitive::new("CANARY call my sister".to_owned())),
        what,
        organisation: word("cec"),
    };
    wish::ask(&world.on.db, &world.ctx(), &world.on.keys, &new).await.unwrap()
}

#[track_caller]
pub(crate) fn kept(asked: Asked) -> EntryId {
    let Asked::Kept(id) = asked else { panic!("{asked:?}") };
    id
}

async fn back(world: &World, person: PersonId, id: EntryId) -> bool {
    let (db, keys, who) = (&world.on.db, &world.on.keys, (person, AccountId::draw(&*world.ids)));
    wish::take_back(db, &world.ctx(), keys, who, id).await.unwrap()
}

async fn answer(world: &World, by: &Acting, which: (PersonId, EntryId), shown: [bool; 2]) -> bool {
    let [is_granted, is_shown] = shown;
    let words = Sensitive::new("Because CANARY".to_owned());
    let answer = Answer { person: which.0, id: which.1, is_granted, is_shown, words };
    wish::decide(&world.on.db, &world.ctx(), &world.on.keys, by, &answer).await.unwrap()
}

/// What the person's own page has to show.
async fn shown(world: &World, person: PersonId) -> Vec<(String, State)> {
    let all = wish::of_person(&world.on.db, &world.on.keys, person).await.unwrap();
    all.into_iter().map(|wish| (wish.what.code(), wish.state)).collect()
}

/// The states that hold of somebody.
async fn live(world: &World, person: PersonId) -> Vec<String> {
    let sql = "SELECT name FROM person_fact WHERE person_id = $1 AND until_us IS NULL";
    let row = |row: &Row<'_>| row.text(0);
    let read = async |s: &mut Snapshot| s.list(sql, values![person], row).await;
    world.on.db.snapshot("test.live", read).await.unwrap()
}

/// What the ledger says of somebody's wishes, and when they see it.
async fn entered(world: &World, person: PersonId) -> Vec<String> {
    let sql = "SELECT kind, visibility FROM ledger_entry
        WHERE stream_id = $1 AND kind IN ('objection', 'fact') ORDER BY entry_id";
    let row = |row: &Row<'_>| Ok(format!("{} {}", row.text(0)?, row.text(1)?));
    let read = async |s: &mut Snapshot| s.list(sql, values![person.to_string()], row).await;
    world.on.db.snapshot("test.entered", read).await.unwrap()
}

#[tokio::test]
async fn an_objection_stops_the_next_decision_until_it_is_taken_back() {
    for world in worlds(71).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        for (what, stops) in [
            (What::Objection(None), true),
            (What::Objection(Some(Purpose::new("direct-care").unwrap())), true),
            (What::Objection(Some(Purpose::new("support-offer").unwrap())), false),
            (What::Restriction, true),
        ] {
            assert!(world.permits(&by, person).await, "{engine}: before {what:?}");
            let id = kept(ask(&world, person, what.clone()).await);
            assert_eq!(world.permits(&by, person).await, !stops, "{engine}: {what:?}");
            assert_eq!(ask(&world, person, what.clone()).await, Asked::Already, "{engine}");
            assert_eq!(shown(&world, person).await[0], (what.code(), State::Waiting), "{engine}");
            assert!(back(&world, person, id).await, "{engine}: {what:?}");
            assert!(!back(&world, person, id).await, "{engine}: it was back already");
            assert!(world.permits(&by, person).await, "{engine}: after {what:?}");
            world.clock.advance(SignedDuration::from_secs(1));
        }
        assert!(shown(&world, person).await.iter().all(|(_, state)| *state == State::Ended));
        let entered = entered(&world, person).await;
        assert_eq!(entered.len(), 8, "{engine}: {entered:?}");
        assert!(entered.iter().all(|entry| entry.ends_with(" now")), "{engine}: {entered:?}");
    }
}

#[tokio::test]
async fn an_objection_under_one_number_stops_all_numbers_of_the_person() {
    for world in worlds(72).await {
        let engine = world.on.engine;
        let (person, alias) = (world.person().await, world.person().await);
        world.join(person, alias).await.unwrap();
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let id = kept(ask(&world, alias, What::Objection(None)).await);
        assert!(!world.permits(&by, person).await, "{engine}");
        assert_eq!(shown(&world, person).await.len(), 1, "{engine}");
        assert!(back(&world, person, id).await, "{engine}: taken back under the other number");
        assert!(world.permits(&by, person).await, "{engine}");
    }
}

#[tokio::test]
async fn an_agreement_and_its_withdrawal_end_each_other() {
    let asks = |text: &str| {
        let required = "require = [\"relationship:direct-care\"]\nexpect";
        text.replace(required, &required.replace(']', ", \"person:agreed-referral\"]"))
    };
    for world in worlds_of(73, asks).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        let (yes, no) = (What::Agreed("referral".into()), What::Withdrawn("referral".into()));
        assert!(!world.permits(&by, person).await, "{engine}");
        for _ in 0..2 {
            let id = kept(ask(&world, person, yes.clone()).await);
            assert!(world.permits(&by, person).await, "{engine}");
            assert!(!back(&world, person, id).await, "{engine}: withdrawn, not taken back");
            world.clock.advance(SignedDuration::from_secs(1));
            kept(ask(&world, person, no.clone()).await);
            assert!(!world.permits(&by, person).await, "{engine}");
            world.clock.advance(SignedDuration::from_secs(1));
        }
        let shown = shown(&world, person).await;
        assert_eq!(shown[0], (no.code(), State::Stands), "{engine}");
        assert!(shown[1..].iter().all(|(_, state)| *state == State::Ended), "{engine}: {shown:?}");
    }
}

#[tokio::test]
async fn a_protection_waits_for_an_officer_and_shows_nowhere() {
    for world in worlds(74).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let gp = world.practitioner(("practice", "gp.doctor"), None).await;
        let officer = world.practitioner(("cec", "ig.lead"), None).await;
        let elsewhere = world.practitioner(("nhsl", "ig.lead"), None).await;
        let own = world.practitioner(("cec", "ig.lead"), Some(person)).await;
        let id = kept(ask(&world, person, What::RestrictedRecord).await);
        assert!(world.permits(&gp, person).await, "{engine}: nothing is granted yet");
        let partner = world.person().await;
        former_partners(&world, person, partner).await;
        let former = world.practitioner(("cec", "ig.lead"), Some(partner)).await;
        let (db, keys) = (&world.on.db, &world.on.keys);
        let waits = async |by: &Acting| wish::waiting(db, &world.ctx(), keys, by).await.unwrap();
        let waiting = waits(&officer).await;
        assert_eq!(waiting.len(), 1, "{engine}");
        let typed = waiting[0].typed.as_ref().unwrap().reveal();
        assert_eq!(typed, "CANARY call my sister", "{engine}");
        for by in [&elsewhere, &own, &former] {
            assert!(waits(by).await.is_empty(), "{engine}: what was typed is not for them");
            let found = wish::find(db, &world.ctx(), keys, by, (person, id)).await.unwrap();
            assert!(found.is_none(), "{engine}");
            assert!(!answer(&world, by, (person, id), [true, false]).await, "{engine}");
        }
        assert!(answer(&world, &officer, (person, id), [true, false]).await, "{engine}");
        assert!(!answer(&world, &officer, (person, id), [false, false]).await, "{engine}: once");
        assert!(!world.permits(&gp, person).await, "{engine}: it is granted");
        assert!(!back(&world, person, id).await, "{engine}: somebody may make them ask");
        let granted =
            async |by: &Acting| wish::granted(db, &world.ctx(), keys, by).await.unwrap().len();
        assert_eq!([granted(&officer).await, granted(&former).await], [1, 0], "{engine}");
        assert!(shown(&world, person).await.is_empty(), "{engine}");
        let reason = Sensitive::new("They asked, alone with me".to_owned());
        let end = async |by: &Acting| {
            let which = ((person, id), &reason);
            wish::end(db, &world.ctx(), keys, by, which).await.unwrap() == Ending::Done
        };
        assert!(!end(&elsewhere).await && !end(&former).await, "{engine}");
        assert!(end(&officer).await, "{engine}");
        assert!(!end(&officer).await, "{engine}: it has ended");
        assert!(world.permits(&gp, person).await, "{engine}");
        assert_eq!(entered(&world, person).await, ["fact after-review"; 3], "{engine}");
    }
}

#[tokio::test]
async fn what_no_officer_may_answer_waits_with_the_guardian() {
    for world in worlds(78).await {
        let engine = world.on.engine;
        let (person, partner) = (world.person().await, world.person().await);
        former_partners(&world, person, partner).await;
        let former = staff(&world, "ig.lead", Some(partner)).await;
        let guardian = staff(&world, "ig.guardian", None).await;
        let elsewhere = world.practitioner(("nhsl", "ig.guardian"), None).await;
        let which = (person, kept(ask(&world, person, What::AtRisk).await));
        let (db, keys) = (&world.on.db, &world.on.keys);
        let lists = async |by: &Acting| {
            let waiting = wish::waiting(db, &world.ctx(), keys, by).await.unwrap();
            let granted = wish::granted(db, &world.ctx(), keys, by).await.unwrap();
            [waiting.len(), granted.len()]
        };
        assert_eq!(lists(&guardian).await, [1, 0], "{engine}: nobody else is there to answer");
        for by in [&former, &elsewhere] {
            assert_eq!(lists(by).await, [0, 0], "{engine}");
            assert!(!answer(&world, by, which, [true, false]).await, "{engine}");
        }
        assert!(answer(&world, &guardian, which, [true, false]).await, "{engine}");
        assert!(live(&world, person).await.contains(&What::AtRisk.code()), "{engine}");
        assert_eq!(lists(&guardian).await, [0, 1], "{engine}");
        // Once somebody is there who may, it is theirs.
        let officer = staff(&world, "ig.lead", None).await;
        assert_eq!(lists(&guardian).await, [0, 0], "{engine}");
        assert_eq!(lists(&officer).await, [0, 1], "{engine}");
    }
}

pub(crate) async fn former_partners(world: &World, person: PersonId, partner: PersonId) {
    let ctx = world.ctx();
    let said = world.on.db.write("test.former-partners", async |tx: &mut Tx| {
        let guard = tx.lock_people(&[person, partner].into()).await?;
        fact::set_ex_partner(tx, &ctx, person, partner, &word("cec")).await?;
        guard.bump(tx).await?;
        Ok::<_, Error>(())
    });
    said.await.unwrap();
}

#[tokio::test]
async fn an_officer_shows_what_the_person_wants_to_see_but_never_that_they_are_at_risk() {
    for world in worlds(75).await {
        let engine = world.on.engine;
        let officer = world.practitioner(("cec", "ig.lead"), None).await;
        for (what, want) in [(What::ProtectedAddress, 1), (What::AtRisk, 0)] {
            let person = world.person().await;
            let id = kept(ask(&world, person, what.clone()).await);
            assert!(answer(&world, &officer, (person, id), [true, true]).await, "{engine}");
            // Asked again it looks the same, and a refusal takes nothing from what stands.
            let again = kept(ask(&world, person, what.clone()).await);
            assert!(answer(&world, &officer, (person, again), [false, false]).await, "{engine}");
            assert_eq!(live(&world, person).await, [what.code()], "{engine}");
            assert_eq!(shown(&world, person).await.len(), want, "{engine}: {what:?}");
        }
        // Of an objection that is refused the person reads why, and sharing goes on.
        let person = world.person().await;
        let gp = world.practitioner(("practice", "gp.doctor"), None).await;
        let id = kept(ask(&world, person, What::Objection(None)).await);
        assert!(!world.permits(&gp, person).await, "{engine}");
        assert!(answer(&world, &officer, (person, id), [false, false]).await, "{engine}");
        assert!(world.permits(&gp, person).await, "{engine}");
        let wishes = wish::of_person(&world.on.db, &world.on.keys, person).await.unwrap();
        assert_eq!(wishes[0].state, State::Refused, "{engine}");
        assert_eq!(wishes[0].answer.as_ref().unwrap().reveal(), "Because CANARY", "{engine}");
    }
}

#[tokio::test]
async fn nobody_fills_the_queue() {
    for world in worlds(76).await {
        let engine = world.on.engine;
        let person = world.person().await;
        for n in 0..wish::DAY_MAX {
            let purpose = Purpose::new(format!("purpose-{n}")).unwrap();
            kept(ask(&world, person, What::Objection(Some(purpose))).await);
        }
        let one_more = What::Restriction;
        assert_eq!(ask(&world, person, one_more.clone()).await, Asked::TooMany, "{engine}");
        kept(ask(&world, person, What::AtRisk).await);
        for _ in 1..wish::DAY_MAX {
            kept(ask(&world, person, What::ProtectedAddress).await);
        }
        assert_eq!(ask(&world, person, What::AtRisk).await, Asked::TooMany, "{engine}");
        world.clock.advance(SignedDuration::from_hours(25));
        kept(ask(&world, person, one_more).await);
    }
}

#[tokio::test]
async fn what_a_person_typed_is_in_no_table_as_it_is() {
    for world in worlds(77).await {
        let person = world.person().await;
        kept(ask(&world, person, What::AtRisk).await);
        let sql = "SELECT what FROM wish WHERE person_id = $1 AND typed IS NOT NULL";
        let row = |row: &Row<'_>| row.text(0);
        let read = async |s: &mut Snapshot| s.list(sql, values![person], row).await;
        assert_eq!(world.on.db.snapshot("test.typed", read).await.unwrap(), ["at-risk"]);
        let sql = "SELECT typed FROM wish WHERE person_id = $1";
        let row = |row: &Row<'_>| row.bytes(0);
        let read = async |s: &mut Snapshot| s.find(sql, values![person], row).await;
        let sealed = world.on.db.snapshot("test.sealed", read).await.unwrap().unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"CANARY"), "{}", world.on.engine);
    }
}

/// E35: England's opt-out stops planning under England's agreements, and nothing else.
#[tokio::test]
async fn an_opt_out_stops_planning_in_its_nation_and_nothing_else() {
    let says = "id = \"direct-care\"\n";
    let beyond = |text: &str| text.replacen(says, &format!("{says}beyond_care = true\n"), 1);
    let english = |text: &str| text.replace("\"GB-SCT\"", "\"GB-ENG\"");
    let both = |text: &str| english(&beyond(text));
    let check = async |seed, change: &dyn Fn(&str) -> String, stops: bool| {
        for world in worlds_of(seed, change).await {
            let engine = world.on.engine;
            let person = world.person().await;
            let by = world.practitioner(("practice", "gp.doctor"), None).await;
            assert!(world.permits(&by, person).await, "{engine}: before");
            let what = What::OptOut(Jurisdiction::England);
            let id = kept(ask(&world, person, what.clone()).await);
            assert_eq!(world.permits(&by, person).await, !stops, "{engine}");
            assert_eq!(shown(&world, person).await, [(what.code(), State::Stands)], "{engine}");
            assert!(back(&world, person, id).await, "{engine}");
            assert!(world.permits(&by, person).await, "{engine}: after");
            assert_eq!(entered(&world, person).await, ["objection now"; 2], "{engine}");
        }
    };
    check(81, &both, true).await;
    check(82, &beyond, false).await;
    check(83, &english, false).await;
}
