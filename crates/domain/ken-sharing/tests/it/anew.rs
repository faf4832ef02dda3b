//! Random worlds in which texts were agreed anew or have not begun, and questions about data that
//! older texts still follow.

use jiff::ToSpan;
use jiff::civil::Date;
use ken_agreement::lint::unsound;
use ken_agreement::{Day, Kind, Tier};
use ken_testkit::oracle::{Case, Known, Row};

use crate::dice::Dice;
use crate::questions::{ORGANISATIONS, permits, question, seat};
use crate::vectors_world::{Entry, word};

/// The day about which most is asked.
const TODAY: Date = Date::constant(2027, 6, 1);

/// Some begin about the day of the questions, and some are agreed anew.
pub(crate) fn agreed_anew(dice: &mut Dice, entries: &mut Vec<Entry>) {
    for entry in entries.iter_mut() {
        if !dice.one_in(4) {
            continue;
        }
        let days = i64::try_from(dice.below(4)).unwrap() - 2;
        let mut later = entry.instrument.clone();
        later.agreement.effective_from = Day(TODAY.saturating_add(days.days()));
        if unsound(&later).is_empty() {
            entry.instrument = later;
        }
    }
    for _ in 0..=dice.below(3) {
        successor(dice, entries);
    }
}

/// A question about data that a prohibition follows, or any other.
pub(crate) fn question_anew(dice: &mut Dice, entries: &[Entry], world: &[Known]) -> Case {
    let followed = if dice.one_in(2) { followed(dice, entries, world) } else { None };
    followed.unwrap_or_else(|| question(dice, entries, world))
}

/// A newer version of one of them that has taken its place, or only says so.
fn successor(dice: &mut Dice, entries: &mut Vec<Entry>) {
    let free: Vec<_> = (0..entries.len()).filter(|n| !entries[*n].superseded).collect();
    // The accord and its own heirs, one time in two: most exceptions are for it.
    let accords = free.iter().filter(|n| entries[**n].instrument.agreement.tier == Tier::Accord);
    let accords: Vec<_> = accords.copied().collect();
    let from = if dice.one_in(2) && !accords.is_empty() { &accords } else { &free };
    if from.is_empty() {
        return;
    }
    let n = *dice.pick(from);
    let mut newer = entries[n].instrument.clone();
    newer.agreement.version = word(&format!("9{}", entries.len()));
    newer.lifecycle.supersedes = [entries[n].instrument.name()].into();
    if dice.one_in(3) {
        let clauses = newer.clauses.iter_mut().filter(|clause| clause.kind == Kind::Exceptional);
        for clause in clauses {
            clause.kind = *dice.pick(&[Kind::Statutory, Kind::Routine]);
        }
    }
    if !unsound(&newer).is_empty() {
        return;
    }
    let takes = !dice.one_in(4);
    entries[n].superseded = takes;
    entries.push(if takes { Entry::in_their_place(newer) } else { Entry::new(newer) });
}

/// A question by a clause that a prohibition of another text might except, about a row that this
/// prohibition follows; none where no text has one.
fn followed(dice: &mut Dice, entries: &[Entry], world: &[Known]) -> Option<Case> {
    let forbids = entries.iter().zip(world).flat_map(|(entry, known)| {
        let clauses = entry.instrument.clauses.iter();
        let follows = clauses.filter(|clause| clause.follows_data() && !clause.except.is_empty());
        follows.map(move |clause| (known, clause))
    });
    let forbids: Vec<_> = forbids.collect();
    let (of, forbid) = if forbids.is_empty() { return None } else { *dice.pick(&forbids) };
    let permits = permits(entries, world).into_iter();
    let excepted = permits.filter(|(_, by, clause)| {
        let about =
            forbid.categories.is_empty() || !forbid.categories.is_disjoint(&clause.categories);
        forbid.except.contains(&clause.id) && by.hash != of.hash && about
    });
    let excepted: Vec<_> = excepted.collect();
    let (entry, by, clause) = if excepted.is_empty() { return None } else { *dice.pick(&excepted) };
    let to = seat(dice, entry, &forbid.to, None);
    let from = seat(dice, entry, &clause.from, Some(&to.0));
    let about = clause.categories.iter();
    let about =
        about.filter(|one| forbid.categories.is_empty() || forbid.categories.contains(*one));
    let category = dice.pick(&about.collect::<Vec<_>>()).to_string();
    let row = Row {
        category: category.clone(),
        labels: forbid.labels.iter().map(ToString::to_string).collect(),
        source: from.0.clone(),
        lineage: [of.hash.clone()].into(),
    };
    let actions: Vec<_> = clause.action.iter().map(|action| action.as_str()).collect();
    let words = clause.attest.iter().map(|words| format!("{}#{}/{words}", by.hash, clause.id));
    Some(Case {
        purpose: clause.purpose.as_ref()?.to_string(),
        action: dice.text(&actions).to_owned(),
        categories: [(category, None)].into(),
        rows: Some([row].into()),
        day: Date::constant(2027, 6, 1),
        facts: clause.require.iter().map(ToString::to_string).collect(),
        referrers: ORGANISATIONS.map(str::to_owned).into(),
        attested: words.collect(),
        up_to: false,
        from,
        to,
    })
}
