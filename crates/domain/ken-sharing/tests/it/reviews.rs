//! Who checks an emergency access: nobody near the person, and never nobody at all.

use std::collections::BTreeSet;

use ken_core::{PersonId, PractitionerId, Sensitive};
use ken_directory::partnership::{self, Level, Partnership};
use ken_directory::{Acting, HeldRole, Organisation, organisation, practitioner};
use ken_sharing::emergency::{self, Finding, ReviewOutcome, Unreviewed};
use ken_sharing::wish::{self, What};
use ken_store::{Tx, values};

use crate::wish::{ask, former_partners, kept};
use crate::world::{World, word, worlds};

/// Somebody of the council in a role, with an account to use it with.
pub(crate) async fn staff(world: &World, role: &str, own: Option<PersonId>) -> Acting {
    staff_of(world, ("cec", role), own).await
}

/// The same of any organisation.
async fn staff_of(world: &World, seat: (&str, &str), own: Option<PersonId>) -> Acting {
    let by = world.practitioner(seat, own).await;
    let (ctx, keys, name) = (world.ctx(), &world.on.keys, by.practitioner.to_string());
    let work = async |tx: &mut Tx| {
        let held = HeldRole { organisation: by.organisation.clone(), role: by.role.clone() };
        practitioner::give_role(tx, &ctx, keys, by.practitioner, &held, None, None).await.unwrap();
        let of = values![by.account, name.as_str(), by.practitioner];
        tx.execute(
            "INSERT INTO account (account_id, sign_in_name, practitioner_id, one_time_step, closed,
              registered_us) VALUES ($1, $2, $3, 0, 0, 0)",
            of,
        )
        .await
    };
    world.on.db.write("test.staff", work).await.unwrap();
    by
}

async fn close(world: &World, who: PractitionerId) {
    let close = async |tx: &mut Tx| {
        let of = values![who];
        tx.execute("UPDATE account SET closed = 1 WHERE practitioner_id = $1", of).await
    };
    assert_eq!(world.on.db.write("test.close", close).await.unwrap(), 1);
}

async fn waits(world: &World, by: &Acting) -> Vec<Unreviewed> {
    emergency::unreviewed(&world.on.db, &world.ctx(), by).await.unwrap().first
}

async fn review(world: &World, by: &Acting, one: &Unreviewed) -> bool {
    let finding = Finding { outcome: ReviewOutcome::Justified, shows_reason: true };
    let (db, keys, which) = (&world.on.db, &world.on.keys, (one.person, one.id));
    emergency::review(db, &world.ctx(), keys, by, which, finding).await.unwrap()
}

#[tokio::test]
async fn nobody_near_the_person_checks_and_somebody_always_can() {
    for world in worlds(81).await {
        let engine = world.on.engine;
        let (person, partner) = (world.person().await, world.person().await);
        former_partners(&world, person, partner).await;
        let opener = staff(&world, "sw.duty", None).await;
        let own = staff(&world, "ig.lead", Some(person)).await;
        let former = staff(&world, "ig.lead", Some(partner)).await;
        let officer = staff(&world, "ig.lead", None).await;
        let near_guardian = staff(&world, "ig.guardian", Some(partner)).await;
        let guardian = staff(&world, "ig.guardian", None).await;
        let (ctx, reason) = (world.ctx(), Sensitive::new("CANARY does not answer".to_owned()));
        let (db, keys, said) = (&world.on.db, &world.on.keys, BTreeSet::new());
        emergency::open(db, &ctx, keys, &opener, person, &reason, &said).await.unwrap();
        let [one] = waits(&world, &officer).await.try_into().unwrap();
        for by in [&own, &former, &near_guardian, &guardian] {
            assert_eq!(waits(&world, by).await, [], "{engine}: an officer can");
            assert!(!review(&world, by, &one).await, "{engine}");
        }
        // The only officer who may is gone: the others still may not, and the Guardian sees it.
        close(&world, officer.practitioner).await;
        for by in [&own, &former, &near_guardian] {
            assert_eq!(waits(&world, by).await, [], "{engine}");
            assert!(!review(&world, by, &one).await, "{engine}");
        }
        assert_eq!(waits(&world, &guardian).await, std::slice::from_ref(&one), "{engine}");
        assert!(review(&world, &guardian, &one).await, "{engine}");
        assert_eq!(waits(&world, &guardian).await, [], "{engine}");
        // What the only officer opened themselves is checked by the Guardian too.
        close(&world, own.practitioner).await;
        close(&world, former.practitioner).await;
        let lead = staff(&world, "ig.lead", None).await;
        let other = world.person().await;
        emergency::open(db, &ctx, keys, &lead, other, &reason, &said).await.unwrap();
        let [one] = waits(&world, &guardian).await.try_into().unwrap();
        assert!(!review(&world, &lead, &one).await, "{engine}: nobody checks their own");
        let another = staff(&world, "ig.lead", None).await;
        assert!(!review(&world, &guardian, &one).await, "{engine}: there is an officer again");
        assert!(review(&world, &another, &one).await, "{engine}");
    }
}

/// A council that leads a partnership with out-of-hours, and a board that leads the region above.
async fn put_tree(world: &World) {
    let ctx = world.ctx();
    let put = async |tx: &mut Tx| {
        for (name, level, lead, members, over) in [
            ("region", Level::Regional, "nhsl", &["nhsl"][..], None),
            ("glen", Level::Local, "cec", &["cec", "ooh"], Some("region")),
        ] {
            let new = Partnership {
                id: word(name),
                name: name.to_owned(),
                level,
                above: over.map(word),
                lead: word(lead),
                members: members.iter().map(|id| word(id)).collect(),
            };
            partnership::register(tx, &ctx, &new).await?;
        }
        Ok::<_, ken_directory::Error>(())
    };
    world.on.db.write("test.tree", put).await.unwrap();
}

/// Where everybody of an organisation who may review is near the person, whoever leads the nearest
/// partnership does; what is not reviewed in time is late there, and on the ledger.
#[tokio::test]
async fn where_nobody_of_an_organisation_may_whoever_leads_above_it_checks() {
    for world in worlds(82).await {
        let engine = world.on.engine;
        let (person, ctx) = (world.person().await, world.ctx());
        let opener = staff_of(&world, ("ooh", "ooh.clinician"), None).await;
        let own = staff_of(&world, ("ooh", "ig.lead"), Some(person)).await;
        let guardian = staff_of(&world, ("ooh", "ig.guardian"), Some(person)).await;
        let near_lead = staff(&world, "ig.lead", Some(person)).await;
        let lead = staff(&world, "ig.lead", None).await;
        let above = staff_of(&world, ("nhsl", "ig.lead"), None).await;
        put_tree(&world).await;
        let (db, keys, said) = (&world.on.db, &world.on.keys, BTreeSet::new());
        let reason = Sensitive::new("CANARY does not answer".to_owned());
        let open = async |by: &Acting, person| {
            let by = Acting { practitioner: PractitionerId::draw(&*world.ids), ..by.clone() };
            emergency::open(db, &ctx, keys, &by, person, &reason, &said).await.unwrap();
        };
        open(&opener, person).await;
        open(&opener, person).await;
        let waiting = waits(&world, &lead).await;
        assert_eq!(waiting.len(), 2, "{engine}");
        for by in [&own, &guardian, &near_lead, &above] {
            assert_eq!(waits(&world, by).await, [], "{engine}: {by:?}");
            assert!(!review(&world, by, &waiting[0]).await, "{engine}");
        }
        assert!(review(&world, &lead, &waiting[0]).await, "{engine}");
        // Two hundred that are not somebody's to check hide nothing that is.
        let (nurse, other) = (staff(&world, "sw.duty", None).await, world.person().await);
        for _ in 0..200 {
            open(&nurse, person).await;
        }
        open(&nurse, other).await;
        let [one] = waits(&world, &near_lead).await.try_into().unwrap();
        assert_eq!(one.person, other, "{engine}");
        // Nor do two hundred of one's own hide what is of a member, though it is due after them.
        open(&opener, person).await;
        let later = async |tx: &mut Tx| {
            let sql = "UPDATE emergency_access SET review_due_us = review_due_us + 86400000000
                WHERE organisation = 'ooh' AND reviewed_us IS NULL";
            tx.execute(sql, &[]).await
        };
        assert_eq!(world.on.db.write("test.later", later).await.unwrap(), 2, "{engine}");
        let whole = emergency::unreviewed(db, &ctx, &lead).await.unwrap();
        let of_member = whole.first.iter().filter(|one| one.organisation == opener.organisation);
        assert_eq!((whole.first.len(), of_member.count()), (200, 2), "{engine}");
        assert!(whole.is_more, "{engine}: it says so");
        assert!(whole.first.is_sorted_by_key(|one| (one.review_due, one.id)), "{engine}");
        assert!(!emergency::unreviewed(db, &ctx, &near_lead).await.unwrap().is_more, "{engine}");
        // With nobody at the council either, it is for whoever leads the region.
        close(&world, lead.practitioner).await;
        assert_eq!(waits(&world, &above).await.len(), 200, "{engine}");
        assert!(review(&world, &above, &waiting[1]).await, "{engine}");
    }
}

/// Of two hundred and more members the one whose name comes last waits like any other.
#[tokio::test]
async fn a_cry_for_help_at_the_last_of_many_members_is_on_the_list_of_who_leads() {
    for world in worlds(83).await {
        let engine = world.on.engine;
        let person = world.person().await;
        let lead = staff_of(&world, ("nhsl", "ig.lead"), None).await;
        let ctx = world.ctx();
        let many = (0..=200).map(|n| word(&format!("aa{n}")));
        let many = Partnership {
            id: word("glen"),
            name: "glen".to_owned(),
            level: Level::Local,
            above: None,
            lead: word("nhsl"),
            members: many.chain(["cec", "nhsl"].map(word)).collect(),
        };
        let put = async |tx: &mut Tx| {
            for id in &many.members {
                let named = Organisation {
                    id: id.clone(),
                    name: format!("Glen {id}"),
                    kind: "made-up".to_owned(),
                    contact_phone: "01632 960 001".to_owned(),
                };
                organisation::register(tx, &ctx, &named).await?;
            }
            partnership::register(tx, &ctx, &many).await
        };
        world.on.db.write("test.many", put).await.unwrap();
        let asked = ask(&world, person, What::AtRisk).await;
        let (db, keys) = (&world.on.db, &world.on.keys);
        let waiting = wish::waiting(db, &ctx, keys, &lead).await.unwrap();
        let waiting: Vec<_> = waiting.iter().map(|one| (one.person, one.id)).collect();
        assert_eq!(waiting, [(person, kept(asked))], "{engine}: nobody of the council is there");
    }
}
