//! The rule: of what was shown while two were one, what is asked back from whom. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{Category, OrganisationId, PractitionerId};

/// Kinds of information, each from whose records.
pub(super) type Kinds = BTreeSet<(OrganisationId, Category)>;

/// What one body was shown of one side that is not its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Of which kinds, from whose records.
    pub(super) kinds: Kinds,
    /// Who looked.
    pub(super) by: BTreeSet<PractitionerId>,
    /// How often something was shown.
    pub(super) times: i64,
    /// The first time.
    pub(super) first: Timestamp,
    /// The last.
    pub(super) last: Timestamp,
}

/// What was shown of one side.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Who was permitted to look at all, though nothing was held, or only what was theirs.
    pub(super) looked: BTreeSet<OrganisationId>,
    /// What was shown, by whom it was shown to.
    pub(super) to: BTreeMap<OrganisationId, Seen>,
}

impl Shown {
    /// Takes one look, and what it showed.
    pub(super) fn take(
        &mut self,
        (to, by): (&OrganisationId, Option<PractitionerId>),
        at: Timestamp,
        kinds: Kinds,
    ) {
        self.looked.insert(to.clone());
        if kinds.is_empty() {
            return;
        }
        let new =
            Seen { kinds: BTreeSet::new(), by: BTreeSet::new(), times: 0, first: at, last: at };
        let seen = self.to.entry(to.clone()).or_insert(new);
        seen.kinds.extend(kinds);
        seen.by.extend(by);
        seen.times += 1;
        seen.first = seen.first.min(at);
        seen.last = seen.last.max(at);
    }
}

/// Something that is asked back: of which side, from whom, and what.
pub(super) type Wrong = (usize, OrganisationId, Seen);

/// Of what was shown while two records were joined: of either side, what a body saw that has to do
/// with the other alone. Where it has to do with both or with neither, whoever looked at both may
/// have meant either, and is asked for both; who looked at one saw what they looked for.
pub(super) fn of_joined(
    shown: [Shown; 2],
    knows: impl Fn(usize, &OrganisationId) -> bool,
) -> Vec<Wrong> {
    let looked_at_both: BTreeSet<_> =
        shown[0].looked.intersection(&shown[1].looked).cloned().collect();
    let mut wrong = vec![];
    for (side, shown) in shown.into_iter().enumerate() {
        for (to, seen) in shown.to {
            let is_asked = match (knows(side, &to), knows(1 - side, &to)) {
                (true, false) => false,
                (false, true) => true,
                (true, true) | (false, false) => looked_at_both.contains(&to),
            };
            if is_asked {
                wrong.push((side, to, seen));
            }
        }
    }
    wrong
}

/// Of what was shown while a number meant somebody else: what had been filed under it is of the
/// first, and was shown as the second's; and whose number it is may have seen the second's by it.
pub(super) fn of_moved(
    of_number: Shown,
    mut of_second: Shown,
    source: &OrganisationId,
) -> Vec<Wrong> {
    let by_number = of_second.to.remove(source).map(|seen| (1, source.clone(), seen));
    of_number.to.into_iter().map(|(to, seen)| (0, to, seen)).chain(by_number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(name: &str) -> OrganisationId {
        name.parse().unwrap()
    }

    /// What a body sees of a side, from whom; of itself, that shows it nothing.
    fn looks(of: &[(&str, &str)]) -> Shown {
        let mut shown = Shown::default();
        for (to, source) in of {
            let kind = (body(source), "medication".parse().unwrap());
            let kinds = (to != source).then_some(kind).into_iter().collect();
            shown.take((&body(to), None), Timestamp::UNIX_EPOCH, kinds);
        }
        shown
    }

    #[test]
    fn whoever_may_have_meant_the_other_is_asked() {
        // Whom a body knows of the two, from whom it saw what of each, and for what it is asked.
        let check = |knows: [bool; 2], saw: [Option<&str>; 2], want: &[usize]| {
            let shown = saw.map(|from| {
                looks(&from.map(|from| ("ward", from)).into_iter().collect::<Vec<_>>())
            });
            let wrong = of_joined(shown, |side, _| knows[side]);
            let sides: Vec<_> = wrong.iter().map(|(side, ..)| *side).collect();
            assert_eq!(sides, want, "{knows:?} {saw:?}");
        };
        let (other, own) = (Some("practice"), Some("ward"));
        // It is the one's only source: of that one it saw its own, and of the other what it should
        // not have.
        check([true, false], [own, other], &[1]);
        check([false, true], [other, own], &[0]);
        check([true, false], [None, other], &[1]);
        check([true, false], [other, other], &[1]);
        check([true, false], [other, None], &[]);
        for both in [[true, true], [false, false]] {
            check(both, [other, other], &[0, 1]);
            check(both, [own, other], &[1]);
            check(both, [other, None], &[]);
            check(both, [None, other], &[]);
            check(both, [own, own], &[]);
        }
    }

    #[test]
    fn what_a_number_brought_is_asked_back_and_what_its_source_saw_by_it() {
        let (of_number, of_second) = (
            looks(&[("ward", "nhsl"), ("nhsl", "nhsl")]),
            looks(&[("ward", "cec"), ("nhsl", "cec")]),
        );
        let wrong = of_moved(of_number, of_second, &body("nhsl"));
        let told: Vec<_> = wrong.iter().map(|(side, to, _)| (*side, to.as_str())).collect();
        assert_eq!(told, [(0, "ward"), (1, "nhsl")]);
    }
}
