//! Messages of a person to their team: who reads them, who answers, and what is filed of it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_care::message::{self, DAY_MAX, NewMessage, NewReply, REPLIES_DAY_MAX, Refused};
use ken_care::role::{Change, Kind};
use ken_care::writing::{self, Answer, Leave, Request};
use ken_core::{AccountId, Ctx, PersonId, ResourceId, Sensitive};
use ken_directory::Acting;
use ken_sharing::Decision;
use ken_store::Snapshot;

use crate::world::{World, holder, word, worlds, worlds_of};

const ASKED: &str = "May I take the small tablets again?";
const NEXT: &str = "And may I stop the large ones?";
const REPLY: &str = "Yes, that is fine";

/// Sends a message, as somebody who was shown that these coordinate their care.
async fn send_told(
    world: &World,
    ctx: &Ctx<'_>,
    person: PersonId,
    (told, text): (&[&Acting], &str),
) -> Result<ResourceId, Refused> {
    let told = told.iter().map(|one| one.practitioner).collect();
    let (text, helper) = (Sensitive::new(text.to_owned()), Sensitive::new(String::new()));
    let account = AccountId::draw(&*world.ids);
    let new = NewMessage { person, account, told: &told, text: &text, helper: &helper };
    message::send(&world.on.db, ctx, &world.on.keys, &new).await.unwrap()
}

async fn send(world: &World, person: PersonId, text: &str) -> Result<ResourceId, Refused> {
    send_told(world, &world.ctx(), person, (&[&world.rao, &world.kirsty], text)).await
}

/// Leave to read and write of a kind; none where the gate refuses.
async fn leave_of(world: &World, by: &Acting, person: PersonId, kind: &str) -> Option<Leave> {
    let sources = [["cec", "nhsl", "practice"].map(word).into_iter().collect::<BTreeSet<_>>()];
    let (purpose, category) = (word("direct-care"), word(kind));
    let request = Request { person, purpose, category, sources: &sources };
    let (db, keys) = (&world.on.db, &world.on.keys);
    match writing::ask(db, &world.ctx(), keys, &world.gate, by, &request).await.unwrap() {
        Answer::May(leave) => Some(leave),
        Answer::Words(_) | Answer::Refused => None,
    }
}

async fn leave(world: &World, by: &Acting, person: PersonId) -> Leave {
    leave_of(world, by, person, message::CATEGORY).await.unwrap()
}

/// What a leave shows of the messages; none where its holder is not of the team.
async fn shown(world: &World, of: &Leave) -> Option<Vec<String>> {
    let (db, keys) = (&world.on.db, &world.on.keys);
    let all = message::of_team(db, &world.ctx(), keys, of).await.unwrap()?;
    Some(all.into_iter().map(|one| one.text.reveal().clone()).collect())
}

async fn read(world: &World, by: &Acting, person: PersonId) -> Option<Vec<String>> {
    shown(world, &leave(world, by, person).await).await
}

/// Answers with what was seen last.
async fn reply(
    world: &World,
    ctx: &Ctx<'_>,
    (by, person): (&Acting, PersonId),
    (seen, text): (ResourceId, &str),
) -> Result<ResourceId, Refused> {
    let (reading, filing) = (leave(world, by, person).await, leave(world, by, person).await);
    let (text, bundle) = (Sensitive::new(text.to_owned()), world.bundle().await);
    let new = NewReply { seen, text: &text, as_role: "GP" };
    let of = (&reading, filing, &bundle);
    message::reply(&world.on.db, ctx, &world.on.keys, of, &new).await.unwrap()
}

async fn waiting(world: &World, by: &Acting) -> Vec<PersonId> {
    let read = async |s: &mut Snapshot| message::waiting(s, by).await;
    let waiting = world.on.db.snapshot("test.waiting", read).await.unwrap();
    waiting.into_iter().map(|(person, _)| person).collect()
}

async fn own(world: &World, person: PersonId) -> Vec<message::Message> {
    message::of_person(&world.on.db, &world.on.keys, person).await.unwrap()
}

/// What a ward nurse is shown of what the practice wrote of what has happened.
async fn filed(world: &World, person: PersonId) -> Vec<serde_json::Value> {
    let asked = world.ask_of(person, &world.kirsty, ("practice", message::CATEGORY)).await;
    let Decision::Permit(permit) = asked else { panic!("no permit") };
    let (db, keys) = (&world.on.db, &world.on.keys);
    let shown = ken_records::disclose(db, &world.ctx(), keys, vec![permit]).await.unwrap();
    shown.items.into_iter().map(|item| item.body).collect()
}

const OF: Kind = Kind::LeadProfessional;

/// Makes somebody the lead professional, by way of two social workers: nobody names themselves.
async fn coordinated(world: &World, person: PersonId, whom: &Acting) {
    for at in ["cec", "practice", "nhsl"] {
        world.relate(person, at, "direct-care").await;
    }
    let (jo, beth) = (&world.jo, &world.beth);
    world.change(jo, (person, OF), &Change::Set(holder(beth))).await.unwrap();
    world.change(beth, (person, OF), &Change::Set(holder(whom))).await.unwrap();
}

#[tokio::test]
async fn a_message_is_the_teams_to_read_and_its_reply_is_filed() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let (rao, kirsty) = (&world.rao, &world.kirsty);
        assert_eq!(send(&world, person, ASKED).await, Err(Refused::Nobody), "{engine}");
        coordinated(&world, person, rao).await;
        // Whoever is shown nobody who would read it writes nothing.
        for told in [&[][..], &[&world.beth]] {
            let no = send_told(&world, &world.ctx(), person, (told, ASKED)).await;
            assert_eq!(no, Err(Refused::Nobody), "{engine}");
        }
        let ctx = world.ctx();
        let id = send_told(&world, &ctx, person, (&[rao], ASKED)).await.unwrap();
        let again = send_told(&world, &ctx, person, (&[rao], ASKED)).await;
        assert_eq!(again, Ok(id), "{engine}: sent twice is once");
        // Who may read the record, and is not of the team, reads no message and answers none.
        assert_eq!(read(&world, kirsty, person).await, None, "{engine}");
        let no = reply(&world, &world.ctx(), (kirsty, person), (id, REPLY)).await;
        assert_eq!(no, Err(Refused::NotTheirs), "{engine}");
        assert!(waiting(&world, kirsty).await.is_empty(), "{engine}");
        // Nor does the team by a leave for something else.
        let other = leave_of(&world, rao, person, "care-plan").await.unwrap();
        assert_eq!(shown(&world, &other).await, None, "{engine}");
        assert_eq!(waiting(&world, rao).await, [person], "{engine}");
        assert_eq!(read(&world, rao, person).await.unwrap(), [ASKED], "{engine}");
        let ctx = world.ctx();
        let item = reply(&world, &ctx, (rao, person), (id, REPLY)).await.unwrap();
        let again = reply(&world, &ctx, (rao, person), (id, REPLY)).await;
        assert_eq!(again, Ok(item), "{engine}: sent twice is once");
        assert!(waiting(&world, rao).await.is_empty(), "{engine}: it is answered");
        let own = own(&world, person).await;
        assert_eq!((own.len(), own[0].text.reveal().as_str()), (1, ASKED), "{engine}");
        assert_eq!(own[0].replies, [item], "{engine}");
        // It is an item of the practice, which quotes nothing of what was asked.
        let filed = filed(&world, person).await;
        assert_eq!(filed.len(), 1, "{engine}");
        let said = message::said(&filed[0]).unwrap();
        assert_eq!((said.by.as_str(), said.text.as_str()), ("Dr Rao, GP, Glen practice", REPLY));
        let body = filed[0].to_string();
        assert!(!body.contains(ASKED), "{engine}: {body}");
        let entries = world.of_messages(person).await;
        assert_eq!(entries.len(), 2, "{engine}: {entries:?}");
        let all = format!("{entries:?}");
        assert!(!all.contains(REPLY) && !all.contains(ASKED), "{engine}: {all}");
    }
}

#[tokio::test]
async fn nobody_answers_past_what_they_read() {
    for world in worlds().await {
        let (engine, person, rao) = (world.on.engine, world.person, &world.rao);
        coordinated(&world, person, rao).await;
        let first = send(&world, person, ASKED).await.unwrap();
        let second = send(&world, person, NEXT).await.unwrap();
        let of = (rao, person);
        let never = ResourceId::draw(&*world.ids);
        for seen in [first, never] {
            let no = reply(&world, &world.ctx(), of, (seen, REPLY)).await;
            assert_eq!(no, Err(Refused::Newer), "{engine}: the second was not read");
        }
        assert!(filed(&world, person).await.is_empty(), "{engine}");
        assert_eq!(waiting(&world, rao).await, [person], "{engine}: and waits still");
        let item = reply(&world, &world.ctx(), of, (second, REPLY)).await.unwrap();
        assert!(waiting(&world, rao).await.is_empty(), "{engine}");
        let all = own(&world, person).await;
        assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), [second, first], "{engine}");
        assert_eq!((&*all[0].replies, &*all[1].replies), (&[item][..], &[][..]), "{engine}");
        send(&world, person, "Thank you").await.unwrap();
        assert_eq!(waiting(&world, rao).await, [person], "{engine}: it waits again");
    }
}

#[tokio::test]
async fn a_message_waits_with_whoever_coordinates_now() {
    for world in worlds().await {
        let (engine, person) = (world.on.engine, world.person);
        let (rao, kirsty) = (&world.rao, &world.kirsty);
        coordinated(&world, person, rao).await;
        let id = send(&world, person, ASKED).await.unwrap();
        let (before, db, keys) = (leave(&world, rao, person).await, &world.on.db, &world.on.keys);
        let over = Change::Set(holder(kirsty));
        world.change(rao, (person, OF), &over).await.unwrap();
        let late = message::of_team(db, &world.ctx(), keys, &before).await;
        assert!(late.is_err(), "{engine}: what was decided before holds no more");
        assert!(waiting(&world, rao).await.is_empty(), "{engine}");
        assert_eq!(read(&world, rao, person).await, None, "{engine}");
        let no = reply(&world, &world.ctx(), (rao, person), (id, REPLY)).await;
        assert_eq!(no, Err(Refused::NotTheirs), "{engine}");
        assert_eq!(waiting(&world, kirsty).await, [person], "{engine}");
        assert_eq!(read(&world, kirsty, person).await.unwrap(), [ASKED], "{engine}");
        // While nobody does it waits with nobody, and then with whoever does next.
        let end = Change::End(kirsty.practitioner);
        world.change(kirsty, (person, OF), &end).await.unwrap();
        assert!(waiting(&world, kirsty).await.is_empty(), "{engine}");
        let next = Change::Set(holder(&world.beth));
        world.change(&world.jo, (person, OF), &next).await.unwrap();
        assert_eq!(waiting(&world, &world.beth).await, [person], "{engine}");
        assert!(waiting(&world, kirsty).await.is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn joined_in_error_neither_team_reads_what_the_other_person_wrote() {
    for world in worlds().await {
        let (engine, one, other) = (world.on.engine, world.person, world.another().await);
        let (rao, kirsty) = (&world.rao, &world.kirsty);
        coordinated(&world, one, rao).await;
        coordinated(&world, other, kirsty).await;
        let id = send(&world, one, ASKED).await.unwrap();
        send(&world, other, NEXT).await.unwrap();
        world.join(one, other).await;
        assert_eq!(read(&world, rao, one).await.unwrap(), [ASKED], "{engine}");
        assert_eq!(read(&world, rao, other).await, None, "{engine}: no team of theirs");
        assert_eq!(waiting(&world, rao).await, [one], "{engine}");
        let item = reply(&world, &world.ctx(), (rao, one), (id, REPLY)).await.unwrap();
        assert_eq!(waiting(&world, kirsty).await, [other], "{engine}: that was not answered");
        assert_eq!(own(&world, other).await.len(), 1, "{engine}");
        world.part(other).await;
        assert_eq!(own(&world, one).await[0].replies, [item], "{engine}");
        let theirs = own(&world, other).await;
        assert_eq!((theirs.len(), theirs[0].replies.len()), (1, 0), "{engine}");
        assert_eq!(filed(&world, one).await.len(), 1, "{engine}");
        assert!(filed(&world, other).await.is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn no_number_of_messages_leaves_a_team_without_an_answer() {
    for world in worlds().await {
        let (engine, person, rao) = (world.on.engine, world.person, &world.rao);
        coordinated(&world, person, rao).await;
        for (text, want) in [(" ", Refused::Empty), (&*"x".repeat(3_001), Refused::TooLong)] {
            assert_eq!(send(&world, person, text).await, Err(want), "{engine}");
        }
        let mut last = None;
        for at in 0..DAY_MAX {
            last = Some(send(&world, person, &format!("{at}")).await.unwrap());
        }
        let no = send(&world, person, "one more").await;
        assert_eq!(no, Err(Refused::TooMany), "{engine}");
        let (of, seen) = ((rao, person), last.unwrap());
        for at in 0..REPLIES_DAY_MAX {
            let text = format!("{at}");
            reply(&world, &world.ctx(), of, (seen, &text)).await.unwrap();
        }
        let no = reply(&world, &world.ctx(), of, (seen, REPLY)).await;
        assert_eq!(no, Err(Refused::TooMany), "{engine}");
        world.clock.advance(SignedDuration::from_hours(24));
        send(&world, person, "one more").await.unwrap();
    }
}

#[tokio::test]
async fn who_may_not_read_what_has_happened_reads_no_message() {
    let without = |text: &str| text.replace("\"chronology\", \"assessment\"", "\"assessment\"");
    for world in worlds_of(without).await {
        let (engine, person, rao) = (world.on.engine, world.person, &world.rao);
        coordinated(&world, person, rao).await;
        send(&world, person, ASKED).await.unwrap();
        assert_eq!(waiting(&world, rao).await, [person], "{engine}");
        let may = leave_of(&world, rao, person, message::CATEGORY).await;
        assert!(may.is_none(), "{engine}: no clause covers it");
        let plan = leave_of(&world, rao, person, "care-plan").await.unwrap();
        assert_eq!(shown(&world, &plan).await, None, "{engine}");
    }
}

#[tokio::test]
async fn no_reply_rests_on_a_clause_that_keeps_it_from_the_person() {
    let later = |text: &str| {
        let is_of_care = text.contains("id = \"glen-direct-care\"");
        let (now, then) = ("visible_to_person = \"now\"", "visible_to_person = \"after-review\"");
        if is_of_care { text.replace(now, then) } else { text.to_owned() }
    };
    for world in worlds_of(later).await {
        let (engine, person, rao) = (world.on.engine, world.person, &world.rao);
        coordinated(&world, person, rao).await;
        let id = send(&world, person, ASKED).await.unwrap();
        let no = reply(&world, &world.ctx(), (rao, person), (id, REPLY)).await;
        assert_eq!(no, Err(Refused::KeptBack), "{engine}");
        assert!(filed(&world, person).await.is_empty(), "{engine}");
        assert_eq!(waiting(&world, rao).await, [person], "{engine}");
    }
}

impl World {
    /// What stands on the ledger of messages and of what was written.
    async fn of_messages(&self, person: PersonId) -> Vec<serde_json::Value> {
        let page = ken_ledger::Page { before: None, limit: 200 };
        let keys = &self.on.keys;
        let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
        let entries = self.on.db.snapshot("test.entries", read).await.unwrap();
        let details = entries.into_iter().filter_map(|entry| entry.detail);
        let is_of =
            |one: &serde_json::Value| one.get("message").is_some() || one.get("written").is_some();
        details.filter(is_of).collect()
    }
}
