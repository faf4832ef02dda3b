//! Who holds a coordinating role: one at a time, named by those who may, and never forgotten.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_care::role::{Change, Contact, Holder, Kind, Refused, TURNS_MAX};
use ken_core::IdSource as _;
use ken_directory::Acting;
use ken_testkit::SeededIds;

use crate::world::{World, holder, why, word, worlds, worlds_of};

const LEAD: Kind = Kind::LeadProfessional;
const NONE: &str = "None: the person or their family chose this";

#[tokio::test]
async fn a_named_person_is_offered_accepted_and_handed_over_without_a_gap() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, Kind::NamedPerson));
        let (jo, beth, nadia) = (&world.jo, &world.beth, &world.nadia);
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        let standing = world.standing(world.person, of.1).await;
        assert!(standing.holder.is_none() && standing.offered == Some(holder(beth)), "{engine}");
        // Who is offered does not say for the family that it is they.
        let accepted = Change::Accept(beth.practitioner);
        assert_eq!(world.change(beth, of, &accepted).await, Err(Refused::Oneself));
        world.change(jo, of, &accepted).await.unwrap();
        assert!(world.standing(world.person, of.1).await.is_held_by(beth), "{engine}");
        // A hand-over that is offered, and declined, leaves who holds it.
        world.change(beth, of, &Change::Offer(holder(nadia))).await.unwrap();
        assert!(world.standing(world.person, of.1).await.is_held_by(beth), "{engine}");
        world.change(jo, of, &Change::Decline(nadia.practitioner)).await.unwrap();
        assert!(world.standing(world.person, of.1).await.is_held_by(beth), "{engine}");
        world.change(beth, of, &Change::Set(holder(nadia))).await.unwrap();
        assert!(world.standing(world.person, of.1).await.is_held_by(nadia), "{engine}");
        world.change(nadia, of, &Change::End(nadia.practitioner)).await.unwrap();
        let states: Vec<_> =
            world.turns(world.person).await.iter().map(|turn| turn.state.code()).collect();
        let want = ["offered", "accepted", "offered", "declined", "accepted", "ended"];
        assert_eq!(states, want, "{engine}");
        let entries = world.entries(world.person).await;
        assert_eq!(entries.len(), want.len(), "{engine}");
        assert!(entries.iter().all(|one| one["why"] == why().reveal().as_str()), "{engine}");
    }
}

#[tokio::test]
async fn an_answer_is_of_the_one_who_was_offered_and_of_nobody_else() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, LEAD));
        let World { jo, beth, nadia, kirsty, .. } = &world;
        let check = async |change: &Change, want: Refused| {
            let told = world.change(jo, of, change).await;
            assert_eq!(told, Err(want), "{engine} {change:?}");
            assert!(world.standing(of.0, of.1).await.is_held_by(beth), "{engine} {change:?}");
        };
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        let declined = Change::Decline(nadia.practitioner);
        let taken_back = Change::TakeBack(nadia.practitioner);
        for answer in [&declined, &taken_back] {
            world.change(jo, of, &Change::Offer(holder(nadia))).await.unwrap();
            // While somebody is offered no word is of the holder.
            check(&Change::End(beth.practitioner), Refused::Unanswered).await;
            check(&Change::ChoseNobody(Some(beth.practitioner)), Refused::Unanswered).await;
            assert_eq!(world.offered(jo).await, [(LEAD, holder(nadia))], "{engine}");
            assert!(world.offered(kirsty).await.is_empty(), "{engine}: not theirs to answer");
            world.change(jo, of, answer).await.unwrap();
            // Whoever had the same page open answers after that.
            check(&declined, Refused::NothingOffered).await;
            check(&taken_back, Refused::NothingOffered).await;
        }
        // An offer that another takes the place of is accepted by nobody.
        world.change(jo, of, &Change::Offer(holder(nadia))).await.unwrap();
        world.change(beth, of, &Change::Offer(holder(kirsty))).await.unwrap();
        check(&Change::Accept(nadia.practitioner), Refused::NothingOffered).await;
        check(&declined, Refused::NothingOffered).await;
        check(&taken_back, Refused::NothingOffered).await;
        world.change(jo, of, &Change::Accept(kirsty.practitioner)).await.unwrap();
        assert!(world.standing(of.0, of.1).await.is_held_by(kirsty), "{engine}");
    }
}

#[tokio::test]
async fn an_end_is_of_the_holder_whom_it_names_and_of_nobody_who_took_over() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, LEAD));
        let World { jo, beth, nadia, kirsty, .. } = &world;
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        assert_eq!(world.held(jo).await, [(LEAD, beth.practitioner)], "{engine}");
        assert!(world.held(kirsty).await.is_empty(), "{engine}: not theirs to end");
        // Jo has the page open while Beth hands over.
        world.change(beth, of, &Change::Set(holder(nadia))).await.unwrap();
        let whom = beth.practitioner;
        let nobody = Change::ChoseNobody(Some(whom));
        for change in [Change::End(whom), nobody.clone(), Change::ChoseNobody(None)] {
            let late = world.change(jo, of, &change).await;
            assert_eq!(late, Err(Refused::NotHolder), "{engine} {change:?}");
            assert!(world.standing(of.0, of.1).await.is_held_by(nadia), "{engine} {change:?}");
        }
        // Named as who holds it now, each is so.
        world.change(jo, of, &Change::End(nadia.practitioner)).await.unwrap();
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        world.change(jo, of, &nobody).await.unwrap();
        assert!(world.standing(of.0, of.1).await.is_declined, "{engine}");
    }
}

#[tokio::test]
async fn a_family_that_chose_none_is_a_state_and_no_absence() {
    for world in worlds().await {
        let of = (world.person, Kind::NamedPerson);
        assert!(!world.standing(world.person, of.1).await.is_declined);
        world.change(&world.jo, of, &Change::ChoseNobody(None)).await.unwrap();
        let standing = world.standing(world.person, of.1).await;
        assert!(standing.is_declined && standing.holder.is_none(), "{}", world.on.engine);
        let again = world.change(&world.jo, of, &Change::ChoseNobody(None)).await;
        assert_eq!(again, Err(Refused::Already));
        // The other role is another question.
        assert!(!world.standing(world.person, LEAD).await.is_declined);
        world.change(&world.jo, of, &Change::Set(holder(&world.beth))).await.unwrap();
        assert!(!world.standing(world.person, of.1).await.is_declined);
    }
}

#[tokio::test]
async fn nobody_names_themselves_and_no_stranger_names_anybody() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, LEAD));
        let World { jo, beth, nadia, kirsty, rao, .. } = &world;
        let epoch = world.epoch(world.person).await;
        let check = async |by: &Acting, change: &Change, want: Refused| {
            assert_eq!(world.change(by, of, change).await, Err(want), "{engine} {change:?}");
        };
        check(jo, &Change::Set(holder(jo)), Refused::Oneself).await;
        check(kirsty, &Change::Set(holder(rao)), Refused::NotTheirs).await;
        check(kirsty, &Change::ChoseNobody(None), Refused::NotTheirs).await;
        check(jo, &Change::Set(holder(kirsty)), Refused::NotTheirs).await;
        check(jo, &Change::Accept(beth.practitioner), Refused::NothingOffered).await;
        check(jo, &Change::End(beth.practitioner), Refused::Already).await;
        let elsewhere = Holder { role: word("sw.duty"), ..holder(beth) };
        check(jo, &Change::Set(elsewhere), Refused::NotInRole).await;
        let contact = Contact { phone: "0".repeat(201), ..Contact::default() };
        check(jo, &Change::Set(Holder { contact, ..holder(beth) }), Refused::Unfit).await;
        assert_eq!(world.epoch(world.person).await, epoch, "{engine}: a refusal changes nothing");
        assert!(world.turns(world.person).await.is_empty() && world.entries(of.0).await.is_empty());
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        assert!(world.epoch(world.person).await > epoch, "{engine}");
        // Another body that works with her names nobody while there is a holder.
        world.relate(world.person, "nhsl", "direct-care").await;
        check(kirsty, &Change::Set(holder(rao)), Refused::NotTheirs).await;
        check(kirsty, &Change::End(beth.practitioner), Refused::NotTheirs).await;
        // The holder hands over to whoever will have it.
        world.change(beth, of, &Change::Set(holder(kirsty))).await.unwrap();
        check(nadia, &Change::End(kirsty.practitioner), Refused::NotTheirs).await;
        assert!(world.standing(world.person, LEAD).await.is_held_by(kirsty), "{engine}");
    }
}

#[tokio::test]
async fn a_reader_sees_who_it_is_and_how_to_reach_them_by_a_clause_alone() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, LEAD));
        let silent = Holder { contact: Contact::default(), ..holder(&world.beth) };
        world.change(&world.jo, of, &Change::Set(silent)).await.unwrap();
        let shown = async || world.said(world.person, &world.rao, "cec").await;
        assert_eq!(shown().await, "", "{engine}: no relationship, no name");
        world.relate(world.person, "practice", "direct-care").await;
        let said = shown().await;
        assert!(said.contains("Beth Ogilvie, Glen cec"), "{engine}: {said}");
        assert!(said.contains("01632 960 001 (the desk of Glen cec)"), "{engine}: {said}");
        world.change(&world.beth, of, &Change::Set(holder(&world.kirsty))).await.unwrap();
        let said = shown().await;
        assert!(!said.contains("Beth") && said.contains("\"active\":false"), "{engine}: {said}");
        world
            .change(&world.jo, (of.0, Kind::NamedPerson), &Change::ChoseNobody(None))
            .await
            .unwrap();
        assert!(shown().await.contains(NONE), "{engine}");
    }
}

/// That the family chose nobody is said by whoever heard it, and by nobody once somebody holds it.
#[tokio::test]
async fn nobody_was_chosen_is_said_of_nobody_who_was_set_in_since() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, Kind::NamedPerson));
        let World { jo, beth, kirsty, rao, .. } = &world;
        world.relate(world.person, "nhsl", "direct-care").await;
        world.relate(world.person, "practice", "direct-care").await;
        let said = async |at: &str| world.said(world.person, rao, at).await;
        world.change(kirsty, of, &Change::ChoseNobody(None)).await.unwrap();
        assert!(said("nhsl").await.contains(NONE), "{engine}");
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        world.change(jo, of, &Change::TakeBack(beth.practitioner)).await.unwrap();
        assert!(said("nhsl").await.contains(NONE), "{engine}: still so");
        assert_eq!(said("cec").await, "", "{engine}: the council said no such thing");
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        world.change(jo, of, &Change::Accept(beth.practitioner)).await.unwrap();
        assert!(said("cec").await.contains("Beth Ogilvie"), "{engine}");
        let ward = said("nhsl").await;
        assert!(!ward.contains(NONE) && ward.contains("\"active\":false"), "{engine}: {ward}");
        // Who hears it of an offer says it too, and neither once somebody is set in.
        world.clock.advance(SignedDuration::from_secs(1));
        world.change(beth, of, &Change::End(beth.practitioner)).await.unwrap();
        world.change(kirsty, of, &Change::ChoseNobody(None)).await.unwrap();
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        world.change(jo, of, &Change::Decline(beth.practitioner)).await.unwrap();
        assert!(said("nhsl").await.contains(NONE) && said("cec").await.contains(NONE), "{engine}");
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        assert!(!said("nhsl").await.contains(NONE) && !said("cec").await.contains(NONE));
    }
}

/// Two ids that stand together do not say "nobody" under one and a name under the other.
#[tokio::test]
async fn who_is_set_in_under_one_id_ends_that_nobody_was_chosen_under_the_other() {
    for world in worlds().await {
        let (engine, other) = (world.on.engine, world.another().await);
        let World { jo, beth, kirsty, rao, .. } = &world;
        for at in ["nhsl", "practice"] {
            world.relate(other, at, "direct-care").await;
        }
        world.change(kirsty, (other, LEAD), &Change::ChoseNobody(None)).await.unwrap();
        assert!(world.said(other, rao, "nhsl").await.contains(NONE), "{engine}");
        world.join(world.person, other).await;
        world.change(jo, (world.person, LEAD), &Change::Set(holder(beth))).await.unwrap();
        assert!(!world.standing(other, LEAD).await.is_declined, "{engine}");
        let states: Vec<_> =
            world.turns(other).await.iter().map(|turn| turn.state.code()).collect();
        assert_eq!(states, ["declined", "ended"], "{engine}");
        let ward = world.said(other, rao, "nhsl").await;
        assert!(!ward.contains(NONE) && ward.contains("\"active\":false"), "{engine}: {ward}");
    }
}

#[tokio::test]
async fn the_gate_knows_a_holder_by_the_role_and_nobody_else() {
    for world in worlds().await {
        let of = (world.person, LEAD);
        let has = async |by: &Acting| {
            let held = world.related(world.person).await;
            held.iter().any(|one| {
                one.kind == "lead-professional" && one.practitioner == Some(by.practitioner)
            })
        };
        world.change(&world.jo, of, &Change::Offer(holder(&world.beth))).await.unwrap();
        assert!(!has(&world.beth).await, "an offer is no role");
        world.change(&world.jo, of, &Change::Accept(world.beth.practitioner)).await.unwrap();
        assert!(has(&world.beth).await && !has(&world.jo).await);
        world.change(&world.beth, of, &Change::Set(holder(&world.nadia))).await.unwrap();
        assert!(!has(&world.beth).await && has(&world.nadia).await);
        world.change(&world.nadia, of, &Change::End(world.nadia.practitioner)).await.unwrap();
        assert!(!has(&world.nadia).await);
    }
}

/// The ward sees what the others hold only while its reader is the lead professional.
fn ward_leads(text: &str) -> String {
    let ward = r#"to = { party = "nhsl", roles = ["nhs.ward", "nhs.gp"] }"#;
    let Some((before, after)) = text.split_once(ward) else { return text.to_owned() };
    let (asked, wanted) = ("relationship:direct-care", "relationship:lead-professional");
    format!("{before}{ward}{}", after.replacen(asked, wanted, 1))
}

#[tokio::test]
async fn a_clause_that_asks_for_the_lead_professional_opens_to_them_alone() {
    for world in worlds_of(ward_leads).await {
        let (engine, of) = (world.on.engine, (world.person, LEAD));
        let World { jo, beth, kirsty, .. } = &world;
        world.relate(world.person, "nhsl", "direct-care").await;
        assert!(!world.permits(kirsty).await, "{engine}: the relationship is not enough");
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        world.change(beth, of, &Change::Offer(holder(kirsty))).await.unwrap();
        assert!(!world.permits(kirsty).await, "{engine}: an offer is no role");
        world.change(beth, of, &Change::Accept(kirsty.practitioner)).await.unwrap();
        assert!(world.permits(kirsty).await, "{engine}");
        world.change(kirsty, of, &Change::End(kirsty.practitioner)).await.unwrap();
        assert!(!world.permits(kirsty).await, "{engine}: ended");
    }
}

/// A link widens nothing: each id keeps its own until somebody is set in, who is then the only one;
/// and who is parted again keeps what was said of them.
#[tokio::test]
async fn two_records_of_one_person_have_one_holder_once_somebody_is_set_in() {
    for world in worlds().await {
        let (engine, one, other) = (world.on.engine, world.person, world.another().await);
        world.relate(other, "nhsl", "direct-care").await;
        let World { jo, beth, kirsty, .. } = &world;
        world.change(jo, (one, LEAD), &Change::Set(holder(beth))).await.unwrap();
        let ward = world.change(jo, (other, LEAD), &Change::Set(holder(beth))).await;
        assert_eq!(ward, Err(Refused::NotTheirs), "{engine}");
        world.join(one, other).await;
        // The ward cannot name its own beside the council's, under the other id.
        let beside = world.change(kirsty, (other, LEAD), &Change::Set(holder(beth))).await;
        assert_eq!(beside, Err(Refused::NotTheirs), "{engine}");
        world.change(beth, (other, LEAD), &Change::Set(holder(kirsty))).await.unwrap();
        assert!(world.standing(one, LEAD).await.holder.is_none(), "{engine}");
        assert!(world.standing(other, LEAD).await.is_held_by(kirsty), "{engine}");
        let lead = |held: &[ken_sharing::relationship::Relationship]| {
            held.iter().filter(|held| held.kind == LEAD.code()).count()
        };
        assert_eq!(lead(&world.related(one).await), 0, "{engine}");
        world.part(other).await;
        assert_eq!(lead(&world.related(other).await), 1, "{engine}");
        assert_eq!(world.turns(one).await.len(), 2, "{engine}: set, and ended");
    }
}

#[tokio::test]
async fn a_role_that_has_had_its_turns_is_answered_and_ended_and_no_more() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, LEAD));
        let World { jo, beth, nadia, .. } = &world;
        let taken_back = Change::TakeBack(nadia.practitioner);
        for _ in 0..(TURNS_MAX - 2) / 2 {
            world.change(jo, of, &Change::Offer(holder(nadia))).await.unwrap();
            world.change(jo, of, &taken_back).await.unwrap();
        }
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        world.change(jo, of, &Change::Offer(holder(nadia))).await.unwrap();
        assert_eq!(world.turns(of.0).await.len(), TURNS_MAX, "{engine}");
        let more = world.change(jo, of, &Change::Set(holder(nadia))).await;
        assert_eq!(more, Err(Refused::TooMany), "{engine}");
        world.change(jo, of, &taken_back).await.unwrap();
        let none = world.change(jo, of, &Change::ChoseNobody(Some(beth.practitioner))).await;
        assert_eq!(none, Err(Refused::TooMany), "{engine}");
        world.change(jo, of, &Change::End(beth.practitioner)).await.unwrap();
        assert!(world.standing(of.0, of.1).await.holder.is_none(), "{engine}");
    }
}

fn any(dice: &SeededIds, count: usize) -> usize {
    let number = u128::from_le_bytes(dice.random().into_bytes()) >> 72;
    usize::try_from(number).unwrap() % count
}

#[tokio::test]
async fn whatever_is_asked_a_role_has_one_holder_and_its_history_only_grows() {
    for world in worlds().await {
        let (engine, dice) = (world.on.engine, SeededIds::new(61));
        world.relate(world.person, "nhsl", "direct-care").await;
        let people = [&world.jo, &world.beth, &world.nadia, &world.kirsty, &world.rao];
        let (mut made, mut told) = (0, vec![]);
        for _ in 0..120 {
            let kind = Kind::ALL[any(&dice, 2)];
            let (by, new) = (people[any(&dice, 5)], holder(people[any(&dice, 5)]));
            let standing = world.standing(world.person, kind).await;
            let holds = standing.holder.map(|(holder, _)| holder.practitioner);
            let offered = standing.offered.map(|holder| holder.practitioner);
            let change = match (any(&dice, 6), offered) {
                (0, _) => Change::Offer(new),
                (1 | 2, _) => Change::Set(new),
                (3, whom) => Change::Accept(whom.unwrap_or(new.practitioner)),
                (4, Some(whom)) => Change::Decline(whom),
                (4, None) => Change::ChoseNobody(holds),
                (_, Some(whom)) => Change::TakeBack(whom),
                (_, None) => Change::End(holds.unwrap_or(new.practitioner)),
            };
            let is_made = world.change(by, (world.person, kind), &change).await.is_ok();
            made += usize::from(is_made);
            world.clock.advance(SignedDuration::from_secs(1));
            let related = world.related(world.person).await;
            for kind in Kind::ALL {
                let standing = world.standing(world.person, kind).await;
                let holds = standing.holder.map(|(holder, _)| holder.practitioner);
                let of_kind = related.iter().filter(|one| one.kind == kind.code());
                let of_kind: Vec<_> = of_kind.filter_map(|one| one.practitioner).collect();
                assert_eq!(of_kind, holds.into_iter().collect::<Vec<_>>(), "{engine}: {change:?}");
            }
            let turns = world.turns(world.person).await;
            let now: BTreeSet<_> =
                turns.iter().map(|one| (one.kind, one.number, format!("{one:?}"))).collect();
            let before: BTreeSet<_> = told.drain(..).collect();
            assert!(before.is_subset(&now), "{engine}: {change:?}");
            assert_eq!(now.len(), made, "{engine}: {change:?}");
            told.extend(now);
        }
        assert!(made > 10, "{engine}: {made} are too few");
    }
}
