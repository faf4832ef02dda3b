//! Random worlds and random questions to them: a function of the dice.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use ken_agreement::lint::unsound;
use ken_agreement::{Clause, Day, Kind, OnLapse, PartyKind, Scope, Who};
use ken_testkit::oracle::{Case, Known, Row};

use crate::dice::Dice;
use crate::vectors_world::{Entry, glen, word};

/// The partnership with a handful of changes, each of which the gate must still hold.
pub(crate) fn tweaked(dice: &mut Dice, seed: u64) -> Vec<Entry> {
    let mut entries = glen(6);
    // The first world is the partnership as it is.
    let changes = if seed == 0 { 0 } else { 24 };
    for _ in 0..changes {
        let n = dice.below(entries.len());
        let mut entry = entries[n].clone();
        tweak(dice, &mut entry);
        if unsound(&entry.instrument).is_empty() {
            entries[n] = entry;
        }
    }
    entries
}

pub(crate) fn tweak(dice: &mut Dice, entry: &mut Entry) {
    let parties: Vec<_> = entry.instrument.parties.iter().map(|p| p.id.to_string()).collect();
    match dice.below(20) {
        0 if !parties.is_empty() => {
            entry.unsigned.insert(dice.pick(&parties).clone());
        }
        1 => entry.suspended = !entry.suspended,
        2 => entry.superseded = dice.one_in(4),
        3 => {
            let lapse = [OnLapse::Warn, OnLapse::SuspendRoutine, OnLapse::SuspendAll];
            entry.instrument.lifecycle.on_review_lapse = *dice.pick(&lapse);
        }
        4 => twin(dice, entry),
        5..=7 => part_without_words(dice, entry),
        8 | 9 => stage(dice, entry),
        _ => {
            let n = dice.below(entry.instrument.clauses.len());
            if let Some(clause) = entry.instrument.clauses.get_mut(n) {
                tweak_clause(dice, clause, &parties);
            }
        }
    }
}

/// A clause twice, under an id that comes after it in order and before it in the text.
fn twin(dice: &mut Dice, entry: &mut Entry) {
    let permits = entry.instrument.clauses.iter().filter(|clause| !clause.is_prohibition());
    let mut twin = dice.pick(&permits.cloned().collect::<Vec<_>>()).clone();
    twin.id = word(&format!("Z{}", twin.id));
    entry.instrument.clauses.insert(0, twin);
}

/// A clause that waits for a day of its own, about the day on which most is asked.
fn stage(dice: &mut Dice, entry: &mut Entry) {
    let days = i64::try_from(dice.below(5)).unwrap() - 2;
    let day = Date::constant(2027, 6, 1).saturating_add(days.days());
    let n = dice.below(entry.instrument.clauses.len());
    if let Some(clause) = entry.instrument.clauses.get_mut(n) {
        clause.starts = Some(Day(day));
    }
}

/// One category of a clause that asks for words, without them: the rest is offered beside it.
fn part_without_words(dice: &mut Dice, entry: &mut Entry) {
    let asks = entry.instrument.clauses.iter();
    let asks = asks.filter(|clause| !clause.attest.is_empty() && clause.categories.len() > 1);
    let asks: Vec<_> = asks.cloned().collect();
    if asks.is_empty() {
        return;
    }
    let mut part = dice.pick(&asks).clone();
    let categories: Vec<_> = part.categories.iter().cloned().collect();
    part.id = word(&format!("Y{}", part.id));
    part.categories = [dice.pick(&categories).clone()].into();
    part.kind = Kind::Routine;
    part.attest.clear();
    part.source = None;
    entry.instrument.clauses.push(part);
}

fn tweak_clause(dice: &mut Dice, clause: &mut Clause, parties: &[String]) {
    let forbids = clause.is_prohibition();
    let end = if dice.one_in(2) { &mut clause.from } else { &mut clause.to };
    match dice.below(18) {
        0 => clause.require = dice.some(clause.require.clone(), 2),
        14 | 15 if !forbids => {
            clause.require.insert(word(dice.text(&STATES)));
        }
        1 => clause.attest = dice.some(clause.attest.clone(), 2),
        2 => clause.categories = dice.some(clause.categories.clone(), 2),
        3 => {
            clause.categories.insert(word(dice.text(&CATEGORIES)));
        }
        4 if !parties.is_empty() => end.party = Who::Party(word(dice.pick(parties).as_str())),
        5 => end.party = Who::Any,
        6 => end.roles = [word("*")].into(),
        7 if forbids => {
            clause.scope = Some(*dice.pick(&[Scope::Agreement, Scope::Lineage]));
        }
        8 if forbids => {
            clause.except = [word(dice.text(&["X1", "C1", "E1", "D1"]))].into();
        }
        9 if forbids => {
            clause.labels = [word(dice.text(&LABELS))].into();
        }
        10 => clause.source = None,
        13 | 16 | 17 if end.party == Who::Any => {
            let kinds = [PartyKind::PublicAuthority, PartyKind::Health, PartyKind::ThirdSector];
            end.kinds = [*dice.pick(&kinds)].into();
        }
        11 if !forbids => {
            clause.kind = *dice.pick(&[Kind::Statutory, Kind::Routine, Kind::Exceptional]);
        }
        12 if !forbids => {
            let fields = ["name", "dob", "views", "summary", "health_summary", "chi", "address"];
            clause.fields = Some(dice.some(fields.map(word), 2));
        }
        _ => {}
    }
}

const CATEGORIES: [&str; 8] = [
    "core",
    "concern",
    "views",
    "third-party",
    "criminal",
    "health-relevant",
    "health-record",
    "aggregate",
];
const STATES: [&str; 11] = [
    "objection",
    "restriction",
    "restricted-record",
    "protected-address",
    "protected-address",
    "deceased",
    "agreement-withdrawn",
    "ex-partner",
    "linker",
    "ledger-unsealed",
    "being-put-right",
];
const LABELS: [&str; 3] = ["restricted", "third-party", "sealed"];
pub(crate) const ORGANISATIONS: [&str; 10] =
    ["police", "cec", "nhsl", "rowan", "practice", "ooh", "primary", "fire", "person", "acme"];

/// Every clause that permits something, in its instrument.
pub(crate) fn permits<'a>(
    entries: &'a [Entry],
    world: &'a [Known],
) -> Vec<(&'a Entry, &'a Known, &'a Clause)> {
    let permits = entries.iter().zip(world).flat_map(|(entry, known)| {
        let clauses = entry.instrument.clauses.iter().filter(|clause| !clause.is_prohibition());
        clauses.map(move |clause| (entry, known, clause))
    });
    permits.collect()
}

/// A question that fits some clause, and then is bent here and there.
pub(crate) fn question(dice: &mut Dice, entries: &[Entry], world: &[Known]) -> Case {
    let permits = permits(entries, world);
    if dice.one_in(6)
        && let Some(case) = beside(dice, entries, world)
    {
        return bent(dice, case, world);
    }
    let (entry, _, clause) = *dice.pick(&permits);
    let from = seat(dice, entry, &clause.from, None);
    let to = seat(dice, entry, &clause.to, Some(&from.0));
    let actions: Vec<_> = clause.action.iter().map(|action| action.as_str()).collect();
    let own: Vec<_> = clause.categories.iter().map(ToString::to_string).collect();
    let mut categories = dice.some(own.clone(), 2);
    categories.insert(dice.pick(&own).clone());
    if dice.one_in(5) {
        categories.insert(dice.text(&CATEGORIES).to_owned());
    }
    let up_to = dice.one_in(2);
    let all_words = permits.iter().flat_map(|(_, known, c)| {
        c.attest.iter().map(move |words| format!("{}#{}/{words}", known.hash, c.id))
    });
    let all_words: Vec<String> = all_words.collect();
    let attested = match dice.below(4) {
        0 => dice.some(all_words, 2),
        1 => BTreeSet::new(),
        _ => all_words.into_iter().collect(),
    };
    let case = Case {
        purpose: clause.purpose.as_ref().unwrap().to_string(),
        action: dice.text(&actions).to_owned(),
        categories: categories.into_iter().map(|c| (c, fields(dice, entry))).collect(),
        rows: None,
        day: day(dice, entries),
        facts: facts(dice, &permits, clause),
        referrers: dice.some(ORGANISATIONS.map(str::to_owned), 3),
        from,
        to,
        up_to,
        attested,
    };
    bent(dice, case, world)
}

/// A question about what one clause gives, and what another of the same agreement and purpose
/// would give after words; none where no agreement has such two.
pub(crate) fn beside(dice: &mut Dice, entries: &[Entry], world: &[Known]) -> Option<Case> {
    let permits = permits(entries, world);
    let gives = permits.iter().filter(|(_, _, clause)| clause.attest.is_empty());
    let pairs = gives.flat_map(|(entry, known, gives)| {
        let asks = permits.iter().filter(move |(_, of, asks)| {
            let alike = asks.purpose == gives.purpose && !asks.action.is_disjoint(&gives.action);
            known.hash == of.hash && alike && !asks.attest.is_empty()
        });
        asks.map(move |(_, _, asks)| (*entry, *gives, *asks))
    });
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() {
        return None;
    }
    let (entry, gives, asks) = *dice.pick(&pairs);
    let from = seat(dice, entry, &asks.from, None);
    let to = seat(dice, entry, &asks.to, Some(&from.0));
    let actions = gives.action.intersection(&asks.action);
    let actions: Vec<_> = actions.map(|action| action.as_str()).collect();
    let categories = gives.categories.union(&asks.categories);
    let mut facts: BTreeSet<_> =
        gives.require.union(&asks.require).map(ToString::to_string).collect();
    facts.extend(dice.one_in(6).then(|| state(dice, asks)));
    let known = permits.iter().map(|(_, known, clause)| (known, clause));
    let words = known.flat_map(|(known, clause)| {
        clause.attest.iter().map(|words| format!("{}#{}/{words}", known.hash, clause.id))
    });
    let attested = if dice.one_in(2) { dice.some(words, 3) } else { BTreeSet::new() };
    Some(Case {
        purpose: gives.purpose.as_ref()?.to_string(),
        action: dice.text(&actions).to_owned(),
        categories: categories.map(|category| (category.to_string(), None)).collect(),
        rows: None,
        day: Date::constant(2027, 6, 1),
        facts,
        attested,
        referrers: ORGANISATIONS.map(str::to_owned).into(),
        from,
        to,
        up_to: true,
    })
}

pub(crate) fn seat(
    dice: &mut Dice,
    entry: &Entry,
    end: &ken_agreement::End,
    other: Option<&String>,
) -> (String, Option<String>) {
    let organisation = match &end.party {
        Who::Party(id) => id.to_string(),
        Who::Person => "person".to_owned(),
        Who::Own if other.is_some() => other.cloned().unwrap_or_default(),
        _ => {
            let may = entry.instrument.parties.iter().filter(|party| end.may_be(party));
            let may = may.map(|party| party.id.to_string());
            let twice = dice.one_in(20);
            let may: Vec<_> = may.filter(|id| twice || Some(id) != other).collect();
            let anyone = may.is_empty() || dice.one_in(20);
            if anyone { dice.text(&ORGANISATIONS).to_owned() } else { dice.pick(&may).clone() }
        }
    };
    let party = entry.instrument.party(&word(&organisation));
    let mut roles: Vec<String> =
        party.map(|p| p.roles.iter().map(ToString::to_string).collect()).unwrap_or_default();
    let listed: Vec<String> =
        roles.iter().filter(|r| end.roles.contains(r.as_str())).cloned().collect();
    if !listed.is_empty() && !dice.one_in(10) {
        roles = listed;
    }
    if end.any_role() || dice.one_in(20) {
        roles.push("record".to_owned());
    }
    if roles.is_empty() {
        roles.push("nobody".to_owned());
    }
    let role = if organisation == "person" { "self".to_owned() } else { dice.pick(&roles).clone() };
    (organisation, (!dice.one_in(40)).then_some(role))
}

fn fields(dice: &mut Dice, entry: &Entry) -> Option<BTreeSet<String>> {
    if !dice.one_in(5) {
        return None;
    }
    let entries = entry.instrument.categories.iter();
    let all: Vec<_> =
        entries.flat_map(ken_agreement::CategoryEntry::whole).map(|f| f.to_string()).collect();
    Some((0..=dice.below(3)).map(|_| dice.pick(&all).clone()).collect())
}

/// Days at which something changes, and the days beside them.
fn day(dice: &mut Dice, entries: &[Entry]) -> Date {
    if dice.one_in(2) {
        return Date::constant(2027, 6, 1);
    }
    let instrument = &dice.pick(entries).instrument;
    let (head, life) = (&instrument.agreement, &instrument.lifecycle);
    let due = life.review_due.0;
    let starts = instrument.clauses.iter().filter_map(|clause| clause.starts);
    let mut turns = vec![
        head.effective_from.0,
        head.effective_until.map_or(due, |until| until.0),
        due,
        due.saturating_add(life.grace_days.days()),
    ];
    turns.extend(starts.map(|day| day.0));
    let beside = i64::try_from(dice.below(3)).unwrap() - 1;
    dice.pick(&turns).saturating_add(beside.days())
}

fn facts(
    dice: &mut Dice,
    permits: &[(&Entry, &Known, &Clause)],
    clause: &Clause,
) -> BTreeSet<String> {
    let own = clause.require.iter().map(ToString::to_string);
    let claimed = dice.one_in(8);
    let missing = dice.one_in(4);
    let own: Vec<_> = own.map(|f| if claimed { format!("{f}@claimed") } else { f }).collect();
    let mut facts: BTreeSet<_> = own.into_iter().filter(|_| !missing || dice.one_in(2)).collect();
    let all = permits.iter().flat_map(|(_, _, c)| &c.require).map(ToString::to_string);
    if dice.one_in(3) {
        facts.extend(all);
    }
    facts.extend(dice.one_in(10).then(|| "self-or-family".to_owned()));
    facts.extend(dice.one_in(3).then(|| state(dice, clause)));
    if own_agreed(&facts) && dice.one_in(3) {
        facts.insert("agreement-withdrawn:referral@claimed".to_owned());
    }
    facts.extend(dice.one_in(3).then(|| "second-person".to_owned()));
    facts
}

fn own_agreed(facts: &BTreeSet<String>) -> bool {
    facts.contains("person:agreed-referral")
}

/// Something of the person's own state, to one grade or another, for one purpose or for all.
fn state(dice: &mut Dice, clause: &Clause) -> String {
    let purpose = clause.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    let state = dice.text(&STATES);
    let state = match dice.below(6) {
        0 if state.starts_with("agreement") => format!("{state}:referral"),
        0 => format!("{state}:{purpose}"),
        1 => format!("{state}:elsewhere"),
        _ => state.to_owned(),
    };
    if dice.one_in(3) { format!("{state}@claimed") } else { state }
}

fn bent(dice: &mut Dice, mut case: Case, world: &[Known]) -> Case {
    if dice.one_in(25) {
        case.to.0 = dice.text(&ORGANISATIONS).to_owned();
    }
    if dice.one_in(25) {
        case.to.0 = case.from.0.clone();
    }
    if dice.one_in(20) {
        case.purpose = dice.text(&["vital", "asp-inquiry", "own-work"]).to_owned();
    }
    if dice.one_in(2) {
        let hashes: Vec<_> = world.iter().map(|known| known.hash.clone()).collect();
        let mut rows = BTreeSet::new();
        for category in case.categories.keys().cloned().chain(["core".to_owned()]) {
            for _ in 0..dice.below(3) {
                rows.insert(Row {
                    category: category.clone(),
                    labels: dice.some(LABELS.map(str::to_owned), 5),
                    source: if dice.one_in(3) {
                        dice.text(&ORGANISATIONS).to_owned()
                    } else {
                        case.from.0.clone()
                    },
                    lineage: dice.some(hashes.clone(), 4),
                });
            }
        }
        case.rows = Some(rows);
    }
    case
}
