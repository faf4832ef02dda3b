//! Whom a breach concerns: exactly those of whom something was given, and exactly what was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ken_core::{
    AccountId, Category, ClauseId, EntryId, FieldName, InstrumentHash, OrganisationId, PersonId,
    PractitionerId, Sensitive,
};
use ken_directory::Acting;
use ken_office::breach::{
    self, Affecteds, Answer, Asked, Desk, FIELDS, HELD, Item, Kind, New, Refusal, SAFE_ONLY,
    Selection,
};
use ken_sharing::fact::{self, Grade};
use ken_sharing::{Action, Caller, Decision, Question, affirmation};
use ken_store::{Reads as _, Snapshot, values};
use ken_testkit::engines;

use crate::history::{LISTS, Past, care, word};

/// Looks of the exercise, and spans that are asked for afterwards.
const LOOKS: usize = 60;
const ASKED: usize = 36;
/// Looks that have no leaf in the log yet.
const UNSEALED: usize = 12;
const PURPOSES: [&str; 3] = ["direct-care", "own-work", "vital"];
const KINDS: [&str; 6] =
    ["core", "identifiers", "contacts", "medication", "health-record", "care-plan"];
const BODIES: [&str; 4] = ["cec", "nhsl", "ooh", "practice"];

/// One field that a permit gave, as whoever asked had it: the ledger is not looked at.
#[derive(Debug, Clone)]
struct Had {
    at: Timestamp,
    entry: EntryId,
    person: PersonId,
    to: OrganisationId,
    by: Option<PractitionerId>,
    source: OrganisationId,
    category: Category,
    field: FieldName,
    clause: ClauseId,
}

/// What everybody had.
#[derive(Debug, Default)]
struct Model(Vec<Had>);

type Items = BTreeMap<(OrganisationId, Category), Item>;

impl Model {
    fn take(
        &mut self,
        at: Timestamp,
        (to, by): (&OrganisationId, Option<PractitionerId>),
        decided: &BTreeMap<OrganisationId, Decision>,
    ) {
        for decision in decided.values() {
            let Decision::Permit(permit) = decision else { continue };
            for (category, fields) in permit.categories() {
                self.0.extend(fields.iter().map(|(field, clause)| Had {
                    at,
                    entry: permit.entry(),
                    person: permit.person(),
                    to: to.clone(),
                    by,
                    source: permit.source().clone(),
                    category: category.clone(),
                    field: field.clone(),
                    clause: clause.clone(),
                }));
            }
        }
    }

    /// Whom it concerns, and how many disclosures that was. A field that two agreements give is of
    /// the one that gave it.
    fn concerns(&self, own: &OrganisationId, of: &Selection) -> (BTreeMap<PersonId, Items>, u64) {
        let fits = |had: &&Had| {
            (had.to == *own || had.source == *own)
                && (of.from..of.until).contains(&had.at)
                && of.to.as_ref().map_or(had.to.as_str() != "person", |to| *to == had.to)
                && of.by.is_none_or(|by| had.by == Some(by))
                && of.source.as_ref().is_none_or(|source| *source == had.source)
                && of
                    .under
                    .as_ref()
                    .is_none_or(|hash| had.clause.as_str().split('#').next() == Some(hash.as_str()))
        };
        let (mut people, mut entries) = (BTreeMap::<PersonId, Items>::new(), BTreeSet::new());
        let mut counted = BTreeSet::new();
        for had in self.0.iter().filter(fits) {
            entries.insert(had.entry);
            let key = (had.source.clone(), had.category.clone());
            let items = people.entry(had.person).or_default();
            let item = items.entry(key.clone()).or_insert_with(|| Item {
                fields: Arc::default(),
                to: Arc::default(),
                times: 0,
                first: had.at,
                last: had.at,
            });
            Arc::make_mut(&mut item.fields).insert(had.field.clone());
            Arc::make_mut(&mut item.to).insert(had.to.clone());
            item.times += u64::from(counted.insert((had.entry, key)));
            item.first = item.first.min(had.at);
            item.last = item.last.max(had.at);
        }
        (people, u64::try_from(entries.len()).unwrap())
    }
}

/// The officer of a body, and a breach of it.
async fn breached(past: &Past, own: &str) -> (Acting, EntryId) {
    let by = past.practitioner((own, "ig.lead"), None).await;
    let words = FIELDS.iter().map(|field| ((*field).to_owned(), "CANARY".to_owned()));
    let (controller, found) = (word(own), past.ctx().clock.now());
    let words = Sensitive::new(words.collect());
    let new = New { controller, kind: Kind::Access, found, people: None, words };
    let (db, keys) = (&past.on.db, &past.on.keys);
    let id = breach::record(db, &past.ctx(), keys, &by, &new).await.unwrap().unwrap();
    (by, id)
}

async fn list(
    past: &Past,
    (by, id): &(Acting, EntryId),
    (of, asked): (&Selection, Asked),
) -> Result<Affecteds, Refusal> {
    let told = ask(past, &Arc::default(), (by, *id), (of, asked)).await?;
    let Answer::Told(found) = told else { panic!("{told:?}") };
    Ok(Arc::unwrap_or_clone(found))
}

async fn ask(
    past: &Past,
    desk: &Arc<Desk>,
    (by, id): (&Acting, EntryId),
    (of, asked): (&Selection, Asked),
) -> Result<Answer, Refusal> {
    let (db, keys, ctx) = (&past.on.db, &past.on.keys, past.ctx());
    let current = past.gate.current(db, &ctx).await.unwrap();
    let under = (&current.bundle, desk);
    breach::affected(db, &ctx, keys, under, by, (id, of, asked)).await.unwrap()
}

/// Some weeks of work: looks of everybody at everybody, the last of them not sealed yet.
async fn work(past: &Past) -> Model {
    let (dice, mut model) = (past.dice(), Model::default());
    for n in 0..LOOKS {
        let (by, person) = (dice.pick(&past.staff), *dice.pick(&past.people));
        let kinds = *dice.pick(&[2, KINDS.len()]);
        let question = Question {
            person,
            sources: BODIES.into_iter().map(word).collect(),
            action: Action::View,
            purpose: word(dice.pick::<&str>(&PURPOSES)),
            categories: KINDS[..kinds].iter().map(|kind| word(kind)).collect(),
            before: None,
        };
        let ctx = past.ctx();
        let decided = past.ask(Caller::Practitioner(by), &question).await;
        let seat = (&by.organisation, Some(by.practitioner));
        model.take(ctx.clock.now(), seat, &decided);
        let need = decided.into_values().find_map(|decision| match decision {
            Decision::Need(need) => Some(need),
            _ => None,
        });
        if let Some(need) = need {
            let said = &need.statements;
            affirmation::affirm(&past.on.db, &ctx, by, person, said).await.unwrap();
            let decided = past.ask(Caller::Practitioner(by), &question).await;
            model.take(ctx.clock.now(), seat, &decided);
        }
        // People read their own records too.
        if dice.one_in(3) {
            let own = Caller::Own(AccountId::draw(&*past.ids));
            let purpose = word("own-record");
            let decided = past.ask(own, &Question { purpose, ..question }).await;
            model.take(ctx.clock.now(), (&word("person"), None), &decided);
        }
        // Little goes on while the ledger is not sealed; the last looks are not, and are counted.
        if n + UNSEALED < LOOKS {
            let minutes = i64::try_from(dice.below(600)).unwrap();
            past.pass(SignedDuration::from_mins(minutes)).await;
        } else {
            past.clock.advance(SignedDuration::from_secs(1));
        }
    }
    model
}

/// A span and what else an officer may know, at random.
fn chosen(past: &Past, (begin, end): (Timestamp, Timestamp), n: usize) -> Selection {
    let dice = past.dice();
    let whole = usize::try_from(end.as_second() - begin.as_second()).unwrap();
    let second = |n: usize| SignedDuration::from_secs(i64::try_from(n).unwrap());
    let (from, until) = if n < 4 {
        (begin, end)
    } else {
        let from = begin + second(dice.below(whole));
        (from, from + second(1 + dice.below(whole)))
    };
    let body = |is: bool| is.then(|| word(dice.pick::<&str>(&BODIES)));
    let to = if dice.one_in(6) { Some(word("person")) } else { body(dice.one_in(4)) };
    Selection {
        from,
        until,
        to,
        by: dice.one_in(4).then(|| dice.pick(&past.staff).practitioner),
        source: body(dice.one_in(4)),
        under: dice.one_in(4).then(|| care().hash()),
    }
}

#[tokio::test]
async fn the_ledger_tells_exactly_whom_a_breach_concerns_and_of_what() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 24, 9).await;
        let marked = past.people[0];
        past.write(async |tx| {
            let at_risk = (&word("at-risk"), Grade::System);
            fact::record(tx, &past.ctx(), marked, &word("nhsl"), at_risk).await?;
            Ok(())
        })
        .await;
        let begin = past.ctx().clock.now();
        let model = work(&past).await;
        past.clock.advance(SignedDuration::from_secs(1));
        let end = past.ctx().clock.now();
        let mut bodies = vec![];
        for own in ["practice", "nhsl", "cec"] {
            bodies.push(breached(&past, own).await);
        }
        let marks = "SELECT person_id FROM person_fact
            WHERE name = 'at-risk' OR name = 'protected-address'";
        let read = async |s: &mut Snapshot| s.list(marks, &[], |row| row.parse(0)).await;
        let unsafe_people: Vec<PersonId> = past.on.db.snapshot("test.marks", read).await.unwrap();
        let (mut told, mut fields, mut own_looks) = (0, 0, 0);
        for n in 0..ASKED {
            let (of, own) = (chosen(&past, (begin, end), n), &bodies[n % bodies.len()]);
            let found = list(&past, own, (&of, Asked::List)).await.unwrap();
            let (want, disclosures) = model.concerns(&own.0.organisation, &of);
            let got: BTreeMap<PersonId, Items> =
                found.people.iter().map(|one| (one.person, one.items.clone())).collect();
            assert_eq!(got, want, "{engine}: {n}: {of:?}");
            let (unread, erased) = (found.unread, found.erased);
            assert_eq!((found.disclosures, unread, erased), (disclosures, 0, 0), "{engine}: {n}");
            own_looks += disclosures * u64::from(of.to == Some(word("person")));
            for one in &found.people {
                let is_unsafe = unsafe_people.contains(&one.person);
                assert_eq!(one.is_safe_only, is_unsafe, "{engine}: {}", one.person);
            }
            told += got.len();
            fields += got.values().flatten().map(|(_, item)| item.fields.len()).sum::<usize>();
        }
        // The exercise is no exercise where nothing was given.
        assert!(told > 40 && fields > 300, "{engine}: {told} {fields}");
        assert!(own_looks > 0, "{engine}: people looked");
        tell(&past, &bodies, (begin, end)).await;
        in_parts(&past, &bodies, (begin, end)).await;
        erased(&past, &bodies[0], (begin, end), &model).await;
    }
}

/// What an officer is told, and what stands on the ledger of it.
async fn tell(past: &Past, bodies: &[(Acting, EntryId)], (begin, end): (Timestamp, Timestamp)) {
    let engine = past.on.engine;
    let all = Selection { from: begin, until: end, to: None, by: None, source: None, under: None };
    let [one, other] = [&bodies[0], &bodies[1]];
    let [mine, theirs] = [
        list(past, one, (&all, Asked::File)).await.unwrap(),
        list(past, other, (&all, Asked::Count)).await.unwrap(),
    ];
    let handles = |of: &Affecteds| -> BTreeSet<String> {
        of.people.iter().map(|one| one.handle.clone()).collect()
    };
    assert_eq!(handles(&mine).len(), mine.people.len(), "{engine}: each has one");
    assert!(handles(&mine).is_disjoint(&handles(&theirs)), "{engine}: and another elsewhere");
    let text = breach::csv(&mine);
    let lines = 1 + mine.people.iter().map(|one| one.items.len()).sum::<usize>();
    assert_eq!(text.lines().count(), lines, "{engine}");
    let page = ken_ledger::Page { before: None, limit: 200 };
    let read = async |s: &mut Snapshot| {
        ken_ledger::organisation_entries(s, &past.on.keys, &word("practice"), page).await
    };
    let entries = past.on.db.snapshot("test.entries", read).await.unwrap();
    let asked = entries.into_iter().filter_map(|entry| entry.detail);
    let asked = asked.filter(|detail| detail["asked"] == "file").collect::<Vec<_>>();
    let [asked] = asked.as_slice() else { panic!("{engine}: {asked:?}") };
    assert_eq!(asked["people"], mine.people.len(), "{engine}");
    assert_eq!(asked["by"], one.0.practitioner.to_string(), "{engine}");
    for person in &past.people {
        let person = person.to_string();
        assert!(!text.contains(&person), "{engine}: {text}");
        assert!(!asked.to_string().contains(&person), "{engine}: {asked}");
    }
    assert_eq!(text.contains(SAFE_ONLY), mine.people.iter().any(|one| one.is_safe_only));
    let none = (one.0.clone(), other.1);
    assert_eq!(list(past, &none, (&all, Asked::List)).await, Err(Refusal::Unknown), "{engine}");
    let never = Selection { until: begin, ..all.clone() };
    assert_eq!(list(past, one, (&never, Asked::List)).await, Err(Refusal::When), "{engine}");
    let unknown: InstrumentHash = care().hash();
    let before = Selection {
        from: begin - SignedDuration::from_hours(48),
        until: begin,
        under: Some(unknown),
        ..all
    };
    let found = list(past, one, (&before, Asked::List)).await.unwrap();
    let as_of = found.as_of;
    assert_eq!(found, Affecteds { as_of, ..Affecteds::default() }, "{engine}: nothing was given");
    assert_eq!(as_of.at, past.ctx().clock.now(), "{engine}");
    assert_eq!(asked["as-of"], mine.as_of.at.to_string(), "{engine}");
}

/// A long span is read in the background: the same is told, once it is read, to whom asked.
async fn in_parts(
    past: &Past,
    bodies: &[(Acting, EntryId)],
    (from, until): (Timestamp, Timestamp),
) {
    let engine = past.on.engine;
    let all = Selection { from, until, to: None, by: None, source: None, under: None };
    let less = Selection { until: from + SignedDuration::from_hours(1), ..all.clone() };
    let (own, other) = (&bodies[0], &bodies[1]);
    let want = list(past, own, (&all, Asked::Count)).await.unwrap();
    let desk = Arc::new(Desk::reading_at_once(0));
    let ask = async |(by, id): &(Acting, EntryId), of: &Selection| {
        ask(past, &desk, (by, *id), (of, Asked::Count)).await.unwrap()
    };
    let begun = ask(own, &all).await;
    let Answer::Begins(place) = begun else { panic!("{engine}: {begun:?}") };
    assert!(matches!(ask(own, &all).await, Answer::Runs(far) if far.done == 0), "{engine}");
    assert!(matches!(ask(own, &less).await, Answer::Busy), "{engine}: one at a time");
    assert!(matches!(ask(other, &all).await, Answer::Busy), "{engine}: nobody else's");
    let (db, keys, ctx) = (&past.on.db, &past.on.keys, past.ctx());
    let current = past.gate.current(db, &ctx).await.unwrap();
    place.run(db, &ctx, keys, &current.bundle, &|| true).await.unwrap();
    let begun = ask(own, &all).await;
    let Answer::Begins(place) = begun else { panic!("{engine}: it was stopped: {begun:?}") };
    place.run(db, &ctx, keys, &current.bundle, &|| false).await.unwrap();
    let told = ask(own, &all).await;
    assert!(matches!(&told, Answer::Told(found) if **found == want), "{engine}: {told:?}");
    // What is held is of whom asked, of this breach, for a while.
    let theirs = ask(other, &all).await;
    let Answer::Begins(place) = theirs else { panic!("{engine}: {theirs:?}") };
    place.run(db, &ctx, keys, &current.bundle, &|| false).await.unwrap();
    past.clock.advance(HELD + SignedDuration::from_secs(1));
    let again = ask(other, &all).await;
    assert!(matches!(again, Answer::Begins(_)), "{engine}: {again:?}");
    drop(again);
    assert!(matches!(ask(own, &all).await, Answer::Begins(_)), "{engine}: the place is free");
}

/// What was erased since is counted, and is no fault of the list.
async fn erased(
    past: &Past,
    own: &(Acting, EntryId),
    (from, until): (Timestamp, Timestamp),
    model: &Model,
) {
    let engine = past.on.engine;
    let all = Selection { from, until, to: None, by: None, source: None, under: None };
    let before = list(past, own, (&all, Asked::Count)).await.unwrap();
    let person = before.people[0].person;
    let (ctx, keys) = (past.ctx(), &past.on.keys);
    let certify = past.on.db.write("test.erase", async |tx| {
        let (by, why) = (word("practice"), serde_json::json!("article 17"));
        ken_ledger::certify_erasure(tx, &ctx, keys, person, &by, &[], why).await
    });
    ken_ledger::destroy(keys, &certify.await.unwrap()).await.unwrap();
    let after = list(past, own, (&all, Asked::Count)).await.unwrap();
    let of: BTreeSet<_> =
        model.0.iter().filter(|had| had.person == person).map(|had| had.entry).collect();
    let want = u64::try_from(of.len()).unwrap();
    assert_eq!((after.unread, after.erased), (0, want), "{engine}");
    assert_eq!(after.people, before.people[1..], "{engine}");
}

/// What somebody did to one entry in the database.
const CHANGES: [&str; 6] = [
    "UPDATE ledger_entry SET at_us = 4000000000000000 WHERE entry_id = $1",
    "UPDATE ledger_entry SET kind = 'filed' WHERE entry_id = $1",
    "UPDATE ledger_entry SET kind = 'no kind' WHERE entry_id = $1",
    "DELETE FROM ledger_entry WHERE entry_id = $1",
    "DELETE FROM ledger_leaf WHERE entry_id = $1",
    "UPDATE ledger_entry SET at_us = 1 WHERE entry_id = $1",
];

/// A look of a doctor at what their own practice holds.
async fn own_look(past: &Past) -> EntryId {
    let question = Question {
        person: past.people[0],
        sources: BTreeSet::from([word("practice")]),
        action: Action::View,
        purpose: word("own-work"),
        categories: KINDS.into_iter().map(word).collect(),
        before: None,
    };
    let decided = past.ask(Caller::Practitioner(&past.staff[0]), &question).await;
    let Some(Decision::Permit(permit)) = decided.into_values().next() else { panic!("no permit") };
    permit.entry()
}

#[tokio::test]
async fn what_was_changed_or_removed_is_counted_and_hides_nothing_else() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 36, 1).await;
        past.pass(SignedDuration::from_hours(6)).await;
        let (from, mut looks) = (past.ctx().clock.now(), vec![]);
        for _ in 0..2 * CHANGES.len() {
            looks.push(own_look(&past).await);
            past.pass(SignedDuration::from_mins(10)).await;
        }
        let unsealed = own_look(&past).await;
        past.clock.advance(SignedDuration::from_secs(1));
        let until = past.ctx().clock.now();
        let all = Selection { from, until, to: None, by: None, source: None, under: None };
        let own = breached(&past, "practice").await;
        let counts = async || {
            let found = list(&past, &own, (&all, Asked::List)).await.unwrap();
            (found.disclosures, found.unread)
        };
        assert_eq!(counts().await, (13, 0), "{engine}");
        let changed = looks.iter().step_by(2).zip(CHANGES).chain([(&unsealed, CHANGES[1])]);
        let (mut whole, mut unread) = (13, 0);
        for (entry, change) in changed {
            past.write(async |tx| Ok(tx.execute(change, values![*entry]).await.map(drop)?)).await;
            (whole, unread) = (whole - 1, unread + 1);
            assert_eq!(counts().await, (whole, unread), "{engine}: {change}");
        }
    }
}
