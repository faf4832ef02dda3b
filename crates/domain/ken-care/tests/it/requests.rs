//! Requests for assistance: sent under a clause, answered, passed on and closed, read by a permit.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_care::request::{
    self, Acted, Answer, Content, Kind, Listed, NewRequest, Outcome, Refused, Shown, State, Step,
    Told, late,
};
use ken_core::{IdSource, PersonId, ResourceId, Sensitive};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_sharing::{Statement, affirmation};
use ken_store::timer::Runner;
use ken_store::{Snapshot, Tx};
use ken_testkit::SeededIds;

use crate::world::{World, held, word, worlds};

const WORRY: &str = "She fell twice this week";

fn says(text: &str) -> Sensitive<String> {
    Sensitive::new(text.to_owned())
}

fn new(person: PersonId, kind: Kind, purpose: &str, to: &Acting) -> NewRequest {
    let content = Content {
        name: says("Morag Made-up"),
        born: says("1 January 1948"),
        phone: says(""),
        worry: says(WORRY),
        did: says("We checked the house"),
        ask: says("Please see her this week"),
        is_told: true,
        told: says("She is glad of it"),
    };
    let (purpose, to) = (word(purpose), held(to));
    NewRequest { person, kind, purpose, to, days: "3wd".to_owned(), content }
}

impl World {
    async fn send(&self, by: &Acting, new: &NewRequest) -> Outcome {
        let (db, keys) = (&self.on.db, &self.on.keys);
        request::send(db, &self.ctx(), keys, &self.gate, by, new).await.unwrap()
    }

    /// What jo, who is the council's, asks of the doctor for her.
    async fn asked(&self) -> ResourceId {
        let new = new(self.person, Kind::Need, "direct-care", &self.rao);
        let sent = self.send(&self.jo, &new).await;
        let Outcome::Sent(id) = sent else { panic!("{sent:?}") };
        id
    }

    async fn act(&self, by: &Acting, id: ResourceId, step: &Step, words: &str) -> Acted {
        let (db, keys) = (&self.on.db, &self.on.keys);
        let of = (step, &says(words));
        request::act(db, &self.ctx(), keys, (&self.gate, by), id, of).await.unwrap()
    }

    /// Takes a step that is told.
    async fn done(&self, by: &Acting, id: ResourceId, step: &Step, words: &str) {
        let acted = self.act(by, id, step, words).await;
        assert!(matches!(&acted, Acted::Done(_, Told::Yes)), "{step:?}: {acted:?}");
    }

    async fn refused(&self, by: &Acting, id: ResourceId, step: &Step, want: Refused) {
        let acted = self.act(by, id, step, "No").await;
        assert!(matches!(&acted, Acted::Refused(got) if *got == want), "{step:?}: {acted:?}");
    }

    async fn read(&self, by: &Acting, id: ResourceId) -> Answer {
        let (db, keys) = (&self.on.db, &self.on.keys);
        request::read(db, &self.ctx(), keys, &self.gate, by, id).await.unwrap()
    }

    async fn shown(&self, by: &Acting, id: ResourceId) -> Shown {
        match self.read(by, id).await {
            Answer::Shown(shown) => *shown,
            Answer::None => panic!("no request of theirs"),
        }
    }

    async fn knows(&self, by: &Acting, id: ResourceId) -> bool {
        let listed = self.listed(by).await.iter().any(|one| one.id == id);
        assert_eq!(listed, !matches!(self.read(by, id).await, Answer::None));
        listed
    }

    async fn listed(&self, by: &Acting) -> Vec<Listed> {
        let (bundle, ctx) = (self.bundle().await, self.ctx());
        let read = async |s: &mut Snapshot| request::list(s, &ctx, by, &bundle).await;
        self.on.db.snapshot("test.requests", read).await.unwrap()
    }

    async fn affirm(&self, by: &Acting, words: &BTreeSet<Statement>) {
        let (db, ctx) = (&self.on.db, self.ctx());
        affirmation::affirm(db, &ctx, by, self.person, words).await.unwrap();
    }

    /// How what the person may see left: that something was sent, and that it was read.
    async fn looks(&self) -> Vec<String> {
        let (page, keys) = (ken_ledger::Page { before: None, limit: 200 }, &self.on.keys);
        let person = self.person;
        let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
        let entries = self.on.db.snapshot("test.looks", read).await.unwrap();
        let looks = entries.into_iter().filter(|entry| entry.kind == EntryKind::Permit);
        let action = |entry: ken_ledger::Entry| {
            let of = entry.detail?;
            of["action"].as_str().map(str::to_owned)
        };
        looks.filter_map(action).collect()
    }

    /// Lets time pass in a house whose ledger is sealed all the while.
    async fn pass(&self, until: Timestamp) {
        self.clock.set(until);
        let seal = "UPDATE ledger_entry SET sealed = 1";
        let sealed: Result<u64, ken_store::Error> =
            self.on.db.write("test.seal", async |tx: &mut Tx| tx.execute(seal, &[]).await).await;
        sealed.unwrap();
    }

    /// Lets the clocks run that are due.
    async fn run_clocks(&self) -> usize {
        let handlers = late::handlers(&self.on.keys);
        let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
        runner.run_once(&self.on.db, self.ctx()).await.unwrap()
    }
}

fn words_of(shown: &Shown) -> Vec<(State, String)> {
    let words = |one: &request::Said| one.words.as_ref().map(|text| text.reveal().clone());
    shown.turns.iter().map(|one| (one.state, words(one).unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_request_is_sent_answered_and_closed_with_feedback() {
    for world in worlds().await {
        let (jo, rao, engine) = (&world.jo, &world.rao, world.on.engine);
        let id = world.asked().await;
        let got = world.shown(rao, id).await;
        assert_eq!(got.parts["worry"].reveal(), WORRY, "{engine}");
        assert_eq!(got.parts["name"].reveal(), "Morag Made-up");
        assert_eq!((got.standing.state, got.turns.len()), (State::Sent, 1));
        assert!(!world.permits(rao).await, "a request opens nothing beside it");
        // Nobody else has it: another role of the sender, another body, one that signed nothing.
        for other in [&world.beth, &world.nadia, &world.kirsty, &world.dawn] {
            assert!(!world.knows(other, id).await, "{engine}");
            world.refused(other, id, &Step::Accept, Refused::NotTheirs).await;
        }
        world.refused(rao, id, &Step::Close, Refused::NotNow).await;
        world.refused(jo, id, &Step::Accept, Refused::NotNow).await;
        world.done(rao, id, &Step::Accept, "").await;
        let waits: Vec<_> = world.listed(rao).await.iter().map(|one| one.is_waiting).collect();
        assert_eq!(waits, [true]);
        world.done(jo, id, &Step::Say, "She is in tomorrow").await;
        // Nothing is closed in silence.
        let silent = world.act(rao, id, &Step::Close, "  ").await;
        assert!(matches!(silent, Acted::Refused(Refused::Unfit)), "{silent:?}");
        world.done(rao, id, &Step::Close, "Seen at home; a walking frame is ordered").await;
        let own = words_of(&world.shown(rao, id).await);
        assert_eq!(own[2], (State::Said, "She is in tomorrow".to_owned()), "{engine}");
        let got = world.shown(jo, id).await;
        let closed = (State::Closed, "Seen at home; a walking frame is ordered".to_owned());
        assert_eq!(words_of(&got).last(), Some(&closed), "{engine}");
        assert_eq!(got.standing.state, State::Closed);
        assert_eq!(words_of(&world.shown(rao, id).await).last(), Some(&closed), "{engine}");
        assert!(got.turns.iter().all(|turn| !turn.is_untold), "{engine}");
        world.refused(rao, id, &Step::Say, Refused::NotNow).await;
        let looks: BTreeSet<_> = world.looks().await.into_iter().collect();
        assert_eq!(looks, ["push", "view"].map(str::to_owned).into(), "{engine}");
        // What accepting gave is over with it.
        assert!(
            world
                .related(world.person)
                .await
                .iter()
                .all(|one| one.organisation != rao.organisation)
        );
    }
}

#[tokio::test]
async fn by_a_clause_for_any_role_the_chosen_one_alone_reads() {
    for world in worlds().await {
        let (kirsty, jo, engine) = (&world.kirsty, &world.jo, world.on.engine);
        world.relate(world.person, "nhsl", "direct-care").await;
        let sent = world.send(kirsty, &new(world.person, Kind::Need, "direct-care", jo)).await;
        let Outcome::Sent(id) = sent else { panic!("{engine} {sent:?}") };
        for other in [&world.beth, &world.nadia] {
            assert!(!world.knows(other, id).await, "{engine}");
            world.refused(other, id, &Step::Accept, Refused::NotTheirs).await;
        }
        assert!(world.knows(jo, id).await, "{engine}");
    }
}

#[tokio::test]
async fn nothing_is_kept_where_no_clause_lets_it_go() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (jo, person) = (&world.jo, world.person);
        let another = world.another().await;
        let check = async |by: &Acting, new: NewRequest| {
            let sent = world.send(by, &new).await;
            let is_none = matches!(sent, Outcome::Refused(Refused::NoClause));
            assert!(is_none, "{engine} {sent:?}");
            assert!(world.listed(by).await.is_empty());
        };
        // A body that signed nothing; a kind that no clause carries; nobody who works with her;
        // somebody whom the sender does not know; nobody at all.
        check(jo, new(person, Kind::Need, "direct-care", &world.dawn)).await;
        check(jo, new(person, Kind::Concern, "direct-care", &world.rao)).await;
        check(&world.kirsty, new(person, Kind::Need, "direct-care", &world.rao)).await;
        check(jo, new(another, Kind::Need, "direct-care", &world.rao)).await;
        check(jo, new(PersonId::draw(&*world.ids), Kind::Need, "direct-care", &world.rao)).await;
        assert!(world.listed(&world.rao).await.is_empty());
        let mut bare = new(person, Kind::Need, "direct-care", &world.rao);
        bare.content.ask = says(" ");
        let sent = world.send(jo, &bare).await;
        assert!(matches!(sent, Outcome::Refused(Refused::Unfit)), "{sent:?}");
    }
}

#[tokio::test]
async fn words_are_affirmed_before_a_concern_goes_and_before_its_answer_does() {
    for world in worlds().await {
        let (kirsty, beth, engine) = (&world.kirsty, &world.beth, world.on.engine);
        world.relate(world.person, "nhsl", "girfec-team").await;
        let new = new(world.person, Kind::Concern, "girfec-wellbeing", beth);
        let asked = world.send(kirsty, &new).await;
        let Outcome::Words(words) = asked else { panic!("{engine} {asked:?}") };
        assert!(world.listed(beth).await.is_empty(), "{engine}: nothing is kept before it");
        world.affirm(kirsty, &words).await;
        let sent = world.send(kirsty, &new).await;
        let Outcome::Sent(id) = sent else { panic!("{engine} {sent:?}") };
        let acted = world.act(beth, id, &Step::Accept, "I ring the family").await;
        let Acted::Done(turn, Told::Words(words)) = acted else { panic!("{engine} {acted:?}") };
        assert_eq!(world.shown(kirsty, id).await.standing.state, State::Sent);
        assert!(world.shown(beth, id).await.turns[1].is_untold);
        world.affirm(beth, &words).await;
        let (db, keys, ctx) = (&world.on.db, &world.on.keys, world.ctx());
        let told = request::tell(db, &ctx, keys, &world.gate, beth, (id, turn)).await.unwrap();
        assert_eq!(told, Ok(Told::Yes), "{engine}");
        let got = world.shown(kirsty, id).await;
        assert_eq!(words_of(&got)[1], (State::Accepted, "I ring the family".to_owned()));
        // What the clause keeps the person waiting for no look at it tells before.
        assert_eq!(world.looks().await, [""; 0], "{engine}");
        // Nobody tells of another's turn.
        let told = request::tell(db, &ctx, keys, &world.gate, kirsty, (id, turn)).await.unwrap();
        assert_eq!(told, Err(Refused::NotNow), "{engine}");
    }
}

#[tokio::test]
async fn what_is_passed_on_is_somebody_elses_to_answer() {
    for world in worlds().await {
        let (jo, rao, kirsty) = (&world.jo, &world.rao, &world.kirsty);
        let (id, engine) = (world.asked().await, world.on.engine);
        let on = Step::PassOn(held(kirsty));
        // Who does not work with her yet may not send it on.
        world.refused(rao, id, &on, Refused::NoClause).await;
        world.done(rao, id, &Step::Accept, "").await;
        world.refused(rao, id, &Step::PassOn(held(jo)), Refused::NoClause).await;
        assert!(!world.knows(kirsty, id).await, "{engine}");
        world.done(rao, id, &on, "She is on the ward now").await;
        let got = world.shown(kirsty, id).await;
        assert_eq!((got.standing.state, got.turns.len()), (State::Sent, 1), "{engine}");
        assert_eq!(got.standing.sender.1, held(jo));
        assert_eq!(got.parts["worry"].reveal(), WORRY);
        assert_eq!(world.shown(jo, id).await.standing.holder, held(kirsty));
        world.refused(rao, id, &Step::Close, Refused::NotNow).await;
        assert!(world.knows(rao, id).await);
        assert!(world.shown(jo, id).await.turns.iter().all(|turn| !turn.is_untold), "{engine}");
        world.done(kirsty, id, &Step::Return, "She went home").await;
        assert_eq!(world.shown(jo, id).await.standing.state, State::Returned);
        assert_eq!(world.shown(rao, id).await.standing.state, State::Sent, "{engine}: not told");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_late_by_the_clock_of_the_place() {
    for world in worlds().await {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let engine = world.on.engine;
        // A Friday; on the Sunday between the clocks go forward.
        world.clock.set(at("2027-03-26T17:00:00Z"));
        // While nobody seals the ledger nothing of routine goes.
        let asked = new(world.person, Kind::Need, "direct-care", &world.rao);
        let sent = world.send(&world.jo, &asked).await;
        assert!(matches!(sent, Outcome::Refused(Refused::NoClause)), "{engine} {sent:?}");
        world.pass(at("2027-03-26T17:00:00Z")).await;
        let mut asked = new(world.person, Kind::Need, "direct-care", &world.rao);
        asked.days = "1wd".to_owned();
        let sent = world.send(&world.jo, &asked).await;
        let Outcome::Sent(id) = sent else { panic!("{engine} {sent:?}") };
        let due = at("2027-03-29T23:00:00Z");
        assert_eq!(world.shown(&world.rao, id).await.standing.due, Some(due), "{engine}");
        world.pass(at("2027-03-29T22:59:59Z")).await;
        assert_eq!(world.run_clocks().await, 0, "{engine}: the day is not over");
        world.pass(due).await;
        assert_eq!(world.run_clocks().await, 1, "{engine}");
        let got = world.shown(&world.rao, id).await;
        assert!(got.standing.is_urgent && got.standing.state == State::Sent, "{engine}");
        assert_eq!(got.turns.len(), 2);
        // Whoever sent it knows the day; that nobody answered is not told by the clock.
        assert_eq!(world.shown(&world.jo, id).await.turns.len(), 1, "{engine}");
        world.done(&world.rao, id, &Step::Accept, "").await;
        assert!(!world.shown(&world.jo, id).await.standing.is_urgent);
        assert_eq!(world.run_clocks().await, 0, "{engine}");
        // One that is answered in time is never late.
        let sent = world.send(&world.jo, &asked).await;
        let Outcome::Sent(id) = sent else { panic!("{engine} {sent:?}") };
        world.done(&world.jo, id, &Step::Escalate, "She fell again").await;
        assert!(world.shown(&world.rao, id).await.standing.is_urgent);
        world.done(&world.rao, id, &Step::Return, "She has another doctor").await;
        world.pass(at("2027-04-20T09:00:00Z")).await;
        world.run_clocks().await;
        let turns = world.shown(&world.rao, id).await.turns;
        assert!(turns.iter().all(|turn| turn.state != State::Late), "{engine}");
    }
}

#[tokio::test]
async fn a_request_that_is_sent_twice_is_one_and_a_merge_moves_none() {
    for world in worlds().await {
        let engine = world.on.engine;
        let new = new(world.person, Kind::Need, "direct-care", &world.rao);
        let (db, keys, ctx) = (&world.on.db, &world.on.keys, world.ctx());
        let mut ids = BTreeSet::new();
        for _ in 0..2 {
            let sent = request::send(db, &ctx, keys, &world.gate, &world.jo, &new).await.unwrap();
            let Outcome::Sent(id) = sent else { panic!("{engine} {sent:?}") };
            ids.insert(id);
        }
        assert_eq!((ids.len(), world.listed(&world.rao).await.len()), (1, 1), "{engine}");
        let (another, id) = (world.another().await, ids.pop_first().unwrap());
        world.join(world.person, another).await;
        assert_eq!(world.shown(&world.rao, id).await.person, world.person);
        world.part(world.person).await;
        assert_eq!(world.shown(&world.rao, id).await.parts["worry"].reveal(), WORRY);
    }
}

/// How a request stands, as whoever tests it would note it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Noted {
    state: State,
    with_doctor: bool,
    is_urgent: bool,
}

fn any(dice: &SeededIds, count: usize) -> usize {
    // Above the bits by which an id says of which kind it is.
    let number = u128::from_le_bytes(dice.random().into_bytes()) >> 72;
    usize::try_from(number % u128::try_from(count).unwrap()).unwrap()
}

/// What a step of one of three comes to, told another way than the product tells it.
fn expected(noted: Noted, who: usize, step: &Step, is_related: bool) -> Option<Noted> {
    let holds = if noted.with_doctor { 1 } else { 2 };
    let is_over = [State::Returned, State::Closed].contains(&noted.state);
    let is_new = noted.state == State::Sent;
    let to = |state| Some(Noted { state, is_urgent: false, ..noted });
    match step {
        Step::Say if !is_over && (who == 0 || who == holds) => Some(noted),
        Step::Escalate if who == 0 && is_new && !noted.is_urgent => {
            Some(Noted { is_urgent: true, ..noted })
        }
        Step::Accept if who == holds && is_new => to(State::Accepted),
        Step::Return if who == holds && !is_over => to(State::Returned),
        Step::Close if who == holds && noted.state == State::Accepted => to(State::Closed),
        Step::PassOn(_) if who == holds && !is_over && noted.with_doctor && is_related => {
            Some(Noted { state: State::Sent, with_doctor: false, is_urgent: false })
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_request_stands_as_its_steps_say_whoever_takes_them() {
    for world in worlds().await {
        let (engine, dice) = (world.on.engine, SeededIds::new(71));
        let people = [&world.jo, &world.rao, &world.kirsty];
        let mut seen = BTreeSet::new();
        for _ in 0..12 {
            let id = world.asked().await;
            let mut noted = Noted { state: State::Sent, with_doctor: true, is_urgent: false };
            for _ in 0..12 {
                let step = match any(&dice, 8) {
                    0 => Step::Return,
                    1 => Step::PassOn(held(&world.kirsty)),
                    2 | 3 => Step::Close,
                    4 => Step::Say,
                    5 => Step::Escalate,
                    _ => Step::Accept,
                };
                // Whose step it would be, every other time.
                let who = match (any(&dice, 2), &step) {
                    (0, Step::Escalate) => 0,
                    (0, _) if noted.with_doctor => 1,
                    (0, _) => 2,
                    _ => any(&dice, 3),
                };
                let related = world.related(world.person).await;
                let works = related.iter().any(|one| one.organisation == world.rao.organisation);
                let want = expected(noted, who, &step, works);
                let turns = world.shown(people[0], id).await.turns.len();
                let acted = world.act(people[who], id, &step, "Noted").await;
                let is_done = matches!(acted, Acted::Done(..));
                assert_eq!(is_done, want.is_some(), "{engine} {noted:?} {who} {step:?} {acted:?}");
                noted = want.unwrap_or(noted);
                let got = world.shown(people[if noted.with_doctor { 1 } else { 2 }], id).await;
                let stands = (got.standing.state, got.standing.is_urgent);
                assert_eq!(stands, (noted.state, noted.is_urgent), "{engine} {step:?}");
                let after = world.shown(people[0], id).await.turns.len();
                assert!(is_done || after == turns, "{engine}: a refusal leaves nothing");
                seen.insert(noted);
            }
        }
        let reached: BTreeSet<State> = seen.iter().map(|one| one.state).collect();
        let all = [State::Sent, State::Accepted, State::Returned, State::Closed];
        assert_eq!(reached, all.into(), "{engine}");
        assert!(seen.iter().any(|one| !one.with_doctor) && seen.iter().any(|one| one.is_urgent));
    }
}
