//! Numbers as links: said by a source or a steward, taken back, and given again by a later word.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::identifier::{Identifier, NHS_SYSTEM, UCRN_SYSTEM};
use ken_core::{IdSource, PersonId};
use ken_directory::{Acting, practitioner};
use ken_person::{
    Demographics, Error, Evidence, GivenNumber, Identified, NumberLink, Why, give_number, holder,
    number_events, number_links, take_number_back,
};
use ken_store::{Snapshot, Tx};
use ken_testkit::SeededIds;

use crate::world::{World, chi, nhs, says, worlds};

/// Histories that each engine has, and steps of each.
const HISTORIES: u64 = 6;
const STEPS: usize = 40;

fn ucrn(n: u64) -> Identifier {
    Identifier::parse(UCRN_SYSTEM, &format!("UCRN-{n}")).unwrap()
}

fn why() -> Why {
    Why::new("the registers of Scotland confirmed it by telephone").unwrap()
}

async fn give(
    world: &World,
    by: &Acting,
    person: PersonId,
    number: &Identifier,
) -> Result<GivenNumber, Error> {
    let (ctx, keys, why) = (world.ctx(), &world.on.keys, why());
    let work = async |tx: &mut Tx| {
        give_number(tx, &ctx, keys, person, (number, Evidence::Document), (by, &why)).await
    };
    world.on.db.write("test.give", work).await
}

async fn take_back(
    world: &World,
    by: &Acting,
    person: PersonId,
    number: &Identifier,
) -> Result<(), Error> {
    let (ctx, keys, why) = (world.ctx(), &world.on.keys, why());
    let work =
        async |tx: &mut Tx| take_number_back(tx, &ctx, keys, person, number, (by, &why)).await;
    world.on.db.write("test.take-back", work).await
}

async fn whose(world: &World, number: &Identifier) -> Option<PersonId> {
    world.read(async |s: &mut Snapshot| holder(s, number).await).await
}

async fn links(world: &World, person: PersonId) -> Vec<NumberLink> {
    world.read(async |s: &mut Snapshot| number_links(s, person).await).await
}

#[tokio::test]
async fn a_number_is_taken_back_and_given_again_by_a_later_word() {
    for world in worlds().await {
        let (engine, by, number) = (world.on.engine, world.steward(), ucrn(1));
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        let isla = world.identify(&isla).await.person();
        let council = says("cec", "9", "Isla Sample", "2017-03-14", &[chi(1), number.clone()]);
        assert_eq!(world.identify(&council).await, Identified::Known(isla));
        let school = |record: &str| {
            says("school", record, "Isla Sample", "2017-03-14", std::slice::from_ref(&number))
        };
        assert_eq!(world.identify(&school("a")).await, Identified::Known(isla), "{engine}");
        let said: Vec<_> = links(&world, isla)
            .await
            .into_iter()
            .filter(|one| one.number == number)
            .map(|one| (one.authority.to_string(), one.evidence, one.by, one.ended))
            .collect();
        let message = |of: &str| (of.to_owned(), Evidence::Message, None, None);
        assert_eq!(said, [message("cec"), message("school")], "{engine}");

        let before = world.entries().await;
        take_back(&world, &by, isla, &number).await.unwrap();
        assert_eq!(world.entries().await, before + 1, "{engine}: it is entered");
        assert_eq!(whose(&world, &number).await, None, "{engine}: nobody is found by it");
        assert!(matches!(world.identify(&school("b")).await, Identified::Uncertain { .. }));
        // That record holds it now, being another's as far as anybody knows; it is put right.
        let holds = whose(&world, &number).await.unwrap();
        assert_ne!(holds, isla, "{engine}");
        take_back(&world, &by, holds, &number).await.unwrap();
        // Those who said it repeat it: that is no new word.
        for again in [&council, &school("a")] {
            assert_eq!(world.identify(again).await, Identified::Known(isla), "{engine}");
            assert_eq!(
                whose(&world, &number).await,
                None,
                "{engine}: what was taken back stays so"
            );
        }
        let ends = links(&world, isla).await.into_iter().filter(|one| one.number == number);
        assert!(ends.map(|one| one.ended).all(|ended| ended.is_some()), "{engine}");
        assert!(matches!(
            take_back(&world, &by, isla, &number).await,
            Err(Error::Unknown("number"))
        ));

        // A later word gives it again: the steward's.
        let before = world.entries().await;
        assert_eq!(give(&world, &by, isla, &number).await.unwrap(), GivenNumber::Done);
        assert_eq!(world.entries().await, before + 1, "{engine}: it is entered");
        assert_eq!(whose(&world, &number).await, Some(isla), "{engine}");
        let stands = links(&world, isla).await;
        let stands = stands.iter().find(|one| one.number == number && one.ended.is_none());
        let stands = stands.unwrap();
        let who = (stands.authority.as_str(), stands.by, stands.evidence);
        assert_eq!(who, ("nhsl", Some(by.practitioner), Evidence::Document), "{engine}");
        let events = world.read(async |s: &mut Snapshot| number_events(s, isla).await).await;
        let given: Vec<_> = events.iter().map(|event| event.given).collect();
        assert_eq!(given, [Some(Evidence::Document), None], "{engine}: the newest first");
    }
}

#[tokio::test]
async fn by_hand_nobody_gets_what_is_anothers_or_a_second_of_a_kind() {
    for world in worlds().await {
        let (engine, by) = (world.on.engine, world.steward());
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[nhs(1)]);
        let isla = world.identify(&isla).await.person();
        let jack = says("nhsl", "2", "Jack Other", "1950-01-02", &[nhs(2), ucrn(2)]);
        let jack = world.identify(&jack).await.person();
        assert_eq!(give(&world, &by, isla, &ucrn(2)).await.unwrap(), GivenNumber::Another);
        assert_eq!(whose(&world, &ucrn(2)).await, Some(jack), "{engine}");
        let places = world.places().await;
        let asked: Vec<_> =
            places.iter().map(|place| (place.person, place.candidates.len())).collect();
        assert_eq!(asked, [(isla, 1)], "{engine}: a human looks");
        assert_eq!(give(&world, &by, isla, &nhs(3)).await.unwrap(), GivenNumber::HasOther);
        assert_eq!(whose(&world, &nhs(3)).await, None, "{engine}");
        let filler = Identifier::parse(NHS_SYSTEM, "0000000000").unwrap();
        assert_eq!(give(&world, &by, isla, &filler).await.unwrap(), GivenNumber::Filler);
        assert_eq!(give(&world, &by, isla, &ucrn(1)).await.unwrap(), GivenNumber::Done);
        // A local number is a link too.
        let local = Identifier::local("urn:glen:seemis", "42").unwrap();
        assert_eq!(give(&world, &by, isla, &local).await.unwrap(), GivenNumber::Done);
        assert_eq!(whose(&world, &local).await, Some(isla), "{engine}");
        take_back(&world, &by, isla, &local).await.unwrap();
        assert_eq!(whose(&world, &local).await, None, "{engine}");
        // Nobody acts on their own record, nor on nobody's.
        let ctx = world.ctx();
        let register =
            async |tx: &mut Tx| practitioner::register(tx, &ctx, "I. Sample", Some(isla)).await;
        let own = world.on.db.write("test.register", register).await.unwrap();
        let own = Acting { practitioner: own, ..by.clone() };
        assert!(matches!(give(&world, &own, isla, &ucrn(3)).await, Err(Error::Unknown(_))));
        assert!(matches!(take_back(&world, &own, isla, &ucrn(1)).await, Err(Error::Unknown(_))));
        let nobody = PersonId::draw(&*world.ids);
        assert!(matches!(give(&world, &by, nobody, &ucrn(3)).await, Err(Error::Unknown(_))));
    }
}

/// What is said of numbers: by whom of whom, whether it stands, and whose each number is.
#[derive(Debug, Default)]
struct Model {
    said: BTreeMap<(usize, usize, &'static str), bool>,
    claim: BTreeMap<usize, usize>,
}

impl Model {
    fn say(&mut self, person: usize, number: usize, source: &'static str) {
        if self.said.get(&(person, number, source)) == Some(&false) {
            return;
        }
        self.said.insert((person, number, source), true);
        self.claim.entry(number).or_insert(person);
    }

    fn give(&mut self, person: usize, number: usize) -> bool {
        let is_theirs = *self.claim.entry(number).or_insert(person) == person;
        if is_theirs {
            self.said.insert((person, number, "nhsl"), true);
        }
        is_theirs
    }

    fn take_back(&mut self, person: usize, number: usize) -> bool {
        let mut stood = false;
        for ((of, what, _), stands) in &mut self.said {
            if (*of, *what) == (person, number) {
                stood |= std::mem::replace(stands, false);
            }
        }
        self.claim.retain(|what, of| (*of, *what) != (person, number));
        stood
    }
}

/// One history: three people whom two sources know, and two numbers of two kinds, so that nobody
/// has two of one.
struct History<'a> {
    world: &'a World,
    by: Acting,
    seed: u64,
    people: Vec<PersonId>,
    numbers: [Identifier; 2],
    model: Model,
}

const NAMES: [&str; 3] = ["Ann Sample", "Bert Other", "Cora Third"];

impl<'a> History<'a> {
    async fn begin(world: &'a World, seed: u64) -> Self {
        let numbers = [ucrn(10 + seed), nhs(100 + seed)];
        let (by, people, model) = (world.steward(), Vec::new(), Model::default());
        let mut history = Self { world, by, seed, people, numbers, model };
        for of in 0..NAMES.len() {
            let known = [chi(seed * 10 + of as u64)];
            let person = world.identify(&history.says("cec", of, &known)).await.person();
            let school = world.identify(&history.says("school", of, &known)).await;
            assert_eq!(school, Identified::Known(person));
            history.people.push(person);
        }
        history
    }

    fn says(&self, source: &str, of: usize, numbers: &[Identifier]) -> Demographics {
        let (record, name) = (format!("{}-{of}", self.seed), NAMES[of]);
        let born = format!("19{}0-05-05", 2 + of);
        says(source, &record, &format!("{name}{}", self.seed), &born, numbers)
    }

    /// Says, gives or takes back, and sees that what comes of it is what the words say.
    async fn act(&mut self, turn: usize, of: usize, number: usize) {
        let (person, what, by) = (self.people[of], &self.numbers[number], &self.by);
        let told = format!("{} {}", self.world.on.engine, self.seed);
        match turn {
            0 => {
                let done = take_back(self.world, by, person, what).await.is_ok();
                assert_eq!(done, self.model.take_back(of, number), "{told}");
            }
            1 => {
                let given = give(self.world, by, person, what).await.unwrap();
                assert_eq!(given == GivenNumber::Done, self.model.give(of, number), "{told}");
            }
            turn => {
                let source = if turn == 2 { "cec" } else { "school" };
                let says = self.says(source, of, std::slice::from_ref(what));
                assert_eq!(self.world.identify(&says).await, Identified::Known(person), "{told}");
                self.model.say(of, number, source);
            }
        }
        for (number, what) in self.numbers.iter().enumerate() {
            let want = self.model.claim.get(&number).map(|of| self.people[*of]);
            assert_eq!(whose(self.world, what).await, want, "{told}");
        }
        let links = links(self.world, person).await.into_iter();
        let stand: BTreeSet<_> = links
            .filter(|one| one.ended.is_none() && self.numbers.contains(&one.number))
            .map(|one| (one.number.clone(), one.authority.to_string()))
            .collect();
        let said = self.model.said.iter().filter(|((who, ..), stands)| *who == of && **stands);
        let want: BTreeSet<_> = said
            .map(|((_, what, by), _)| (self.numbers[*what].clone(), (*by).to_owned()))
            .collect();
        assert_eq!(stand, want, "{told}");
    }
}

#[tokio::test]
async fn whatever_is_said_given_and_taken_back_a_number_is_whose_the_words_say() {
    for world in worlds().await {
        for seed in 1..=HISTORIES {
            let dice = SeededIds::new(seed);
            let draw = |below: usize| {
                let mut bytes = [0; 8];
                dice.entropy(&mut bytes);
                usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
            };
            let mut history = History::begin(&world, seed).await;
            for _ in 0..STEPS {
                history.act(draw(5), draw(NAMES.len()), draw(2)).await;
            }
        }
    }
}
