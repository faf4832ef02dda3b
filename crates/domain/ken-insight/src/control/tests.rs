//! Somebody who adds and subtracts, against the rule.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A draw, where any will do.
const DRAW: u64 = 7;

/// A table of so many people each, once each.
fn people(within: &[&[u64]], sums: (bool, bool)) -> Counts {
    let cell = |people: &u64| Cell { people: *people, events: *people, largest: 1 };
    table(Unit::People, within.iter().map(|row| row.iter().map(cell).collect()).collect(), sums)
}

fn table(unit: Unit, within: Vec<Vec<Cell>>, sums: (bool, bool)) -> Counts {
    let joined = |cells: &mut dyn Iterator<Item = Cell>| {
        cells.fold(Cell::default(), |mut sum, cell| {
            sum.join(cell);
            sum
        })
    };
    let columns = within[0].len();
    let across = within.iter().map(|row| joined(&mut row.iter().copied())).collect();
    let down = (0..columns).map(|at| joined(&mut within.iter().map(|row| row[at]))).collect();
    let all = joined(&mut within.iter().flatten().copied());
    Counts::new(unit, within, (across, down, all), sums).expect("a table that adds up")
}

/// What one who tries every table of figures up to a bound, and keeps those that agree with all
/// that is told, finds that each figure may be.
struct Attacker<'a> {
    told: &'a Protected,
    most: u64,
    /// Of each figure, which values agree.
    may_be: Vec<Vec<bool>>,
}

impl<'a> Attacker<'a> {
    fn try_all(told: &'a Protected, most: u64) -> Vec<Vec<bool>> {
        let cells = told.figures.len() * told.figures[0].len();
        let width = usize::try_from(most).unwrap() + 1;
        let mut attacker = Self { told, most, may_be: vec![vec![false; width]; cells] };
        attacker.next(&mut vec![]);
        attacker.may_be
    }

    fn next(&mut self, tried: &mut Vec<u64>) {
        let columns = self.told.figures[0].len();
        let (row, column) = (tried.len() / columns, tried.len() % columns);
        if column == 0
            && row > 0
            && !Self::agrees(self.told.across.as_ref(), row - 1, || {
                tried[(row - 1) * columns..].iter().sum()
            })
        {
            return;
        }
        if row == self.told.figures.len() {
            let below = |at: usize| tried.iter().skip(at).step_by(columns).sum::<u64>();
            let down =
                (0..columns).all(|at| Self::agrees(self.told.down.as_ref(), at, || below(at)));
            let all = self.told.all.flatten().is_none_or(|all| all == tried.iter().sum::<u64>());
            if down && all {
                for (cell, value) in tried.iter().enumerate() {
                    self.may_be[cell][usize::try_from(*value).unwrap()] = true;
                }
            }
            return;
        }
        let values = match self.told.figures[row][column] {
            Some(known) => known..=known,
            None => 0..=self.most,
        };
        for value in values {
            tried.push(value);
            self.next(tried);
            tried.pop();
        }
    }

    fn agrees(totals: Option<&Vec<Option<u64>>>, at: usize, sum: impl Fn() -> u64) -> bool {
        totals.and_then(|totals| totals[at]).is_none_or(|known| known == sum())
    }
}

/// Of each small figure, both that it is nought and that it is large enough to be told agree with
/// what is told.
fn assert_hides(counts: &Counts, within: &[Vec<u64>]) {
    let told = counts.protect(DRAW);
    let most = within.iter().flatten().max().unwrap() + PEOPLE_MIN;
    let may_be = Attacker::try_all(&told, most);
    for (at, value) in within.iter().flatten().enumerate().filter(|(_, value)| **value < PEOPLE_MIN)
    {
        assert!(may_be[at][0], "{at} is {value}, and not nought: {told:?}");
        let large = usize::try_from(PEOPLE_MIN).unwrap();
        assert!(may_be[at][large..].iter().any(|may| *may), "{at} is {value}, and few: {told:?}");
    }
}

/// What is told of the figures within, by a draw.
fn told(counts: &Counts, draw: u64) -> Vec<Option<u64>> {
    counts.protect(draw).figures.concat()
}

#[test]
fn what_is_small_is_kept_back_and_cannot_be_subtracted() {
    let check = |within: &[&[u64]], sums, want: &[usize]| {
        let counts = people(within, sums);
        let kept_back = |draw| told(&counts, draw).iter().filter(|one| one.is_none()).count();
        let all: Vec<_> = (0..20).map(kept_back).collect();
        assert!(all.iter().all(|one| want.contains(one)), "{within:?}: {all:?}");
        assert!(want.iter().all(|one| all.contains(one)), "{within:?}: {all:?}");
        assert!((0..20).all(|draw| counts.protect(draw).all.is_none_or(|all| all.is_some())));
    };
    // No totals: nothing tells what one figure is but itself.
    check(&[&[20, 3], &[30, 40]], (false, false), &[1]);
    check(&[&[5, 4], &[0, 6]], (false, false), &[2]);
    // Totals of rows alone: one more of the same row goes.
    check(&[&[20, 3, 50], &[30, 40, 60]], (true, false), &[2]);
    // Totals both ways: a rectangle goes, or a longer way round.
    let both = people(&[&[20, 3, 50], &[30, 40, 60], &[9, 8, 70]], (true, true));
    assert!((0..20).all(|draw| told(&both, draw).iter().filter(|one| one.is_none()).count() >= 4));
    // Nothing is small: all is told.
    check(&[&[20, 30], &[5, 6]], (true, true), &[0]);
}

/// Whoever has read the rule, and tries every column of figures with every draw, finds of none that
/// is kept back that it cannot be nought, or cannot be large.
#[test]
fn the_choice_of_what_goes_with_a_small_figure_tells_nothing_of_it() {
    const MOST: u64 = 12;
    let mut by_told: BTreeMap<_, Vec<[u64; 3]>> = BTreeMap::new();
    let figures = || 0..=MOST;
    let all =
        figures().flat_map(|a| figures().flat_map(move |b| figures().map(move |c| [a, b, c])));
    for column in all {
        let counts = people(&column.each_ref().map(std::slice::from_ref), (false, true));
        for draw in 0..16 {
            let told = counts.protect(draw);
            let key = (told.figures.concat(), told.down.unwrap()[0]);
            let group = by_told.entry(key).or_default();
            if group.last() != Some(&column) {
                group.push(column);
            }
        }
    }
    for ((told, total), group) in by_told {
        let known: u64 = told.iter().flatten().sum();
        // Beyond that, not every column that agrees was tried.
        let Some(total) = total.filter(|total| total - known <= MOST) else { continue };
        for (at, _) in told.iter().enumerate().filter(|(_, one)| one.is_none()) {
            let may_be = |fits: fn(u64) -> bool| group.iter().any(|column| fits(column[at]));
            let is_open = may_be(|one| one == 0) && may_be(|one| one >= PEOPLE_MIN);
            assert!(is_open, "{told:?} of {total}: {group:?}");
        }
    }
}

#[test]
fn totals_that_are_small_are_kept_back_too() {
    let told = people(&[&[1, 2], &[40, 50]], (true, true)).protect(DRAW);
    assert_eq!(told.across.as_ref().unwrap()[0], None, "{told:?}");
    let told = people(&[&[1, 0], &[1, 1]], (true, true)).protect(DRAW);
    assert_eq!(told.kept_back(), (9, 9), "three people in all: nothing is told");
    assert!(people(&[&[9], &[8]], (false, true)).protect(DRAW).all.is_none(), "no total of all");
}

#[test]
fn a_number_that_is_mostly_of_one_person_is_kept_back_and_events_have_no_totals() {
    let cell = |people, events, largest| Cell { people, events, largest };
    let of = |one| {
        let counts = table(Unit::Events, vec![vec![one, cell(30, 90, 9)]], (false, false));
        counts.protect(DRAW).figures.concat()
    };
    assert_eq!(of(cell(9, 40, 20)), [Some(40), Some(90)]);
    assert_eq!(of(cell(9, 40, 21)), [None, Some(90)]);
    assert_eq!(of(cell(4, 40, 10)), [None, Some(90)], "of four people");
    let one = cell(30, 90, 9);
    for sums in [(true, false), (false, true), (true, true)] {
        let totals = (vec![one], vec![one], one);
        assert!(Counts::new(Unit::Events, vec![vec![one]], totals, sums).is_none());
    }
}

#[test]
fn a_table_that_does_not_add_up_is_none() {
    let cell = Cell { people: 7, events: 7, largest: 1 };
    let wrong = Counts::new(
        Unit::People,
        vec![vec![cell]],
        (vec![cell; 2], vec![cell], cell),
        (true, true),
    );
    assert!(wrong.is_none());
    let less = Cell { people: 6, ..cell };
    let of =
        |sums| Counts::new(Unit::People, vec![vec![cell]], (vec![less], vec![cell], cell), sums);
    assert!(of((true, true)).is_none());
    assert!(of((false, true)).is_some(), "a total that is no sum is not told");
    let wide = vec![vec![cell; SIDE_MAX + 1]];
    let totals = (vec![cell], vec![cell; SIDE_MAX + 1], cell);
    assert!(Counts::new(Unit::People, wide, totals, (false, false)).is_none());
}

/// Figures among which small ones, nought and middling ones are frequent.
fn figures(rows: usize, columns: usize) -> impl Strategy<Value = Vec<Vec<u64>>> {
    let figure = prop_oneof![3 => 0..PEOPLE_MIN, 2 => PEOPLE_MIN..9, 1 => Just(0_u64)];
    prop::collection::vec(prop::collection::vec(figure, columns), rows)
}

/// Each small figure may be what the rule asks, through nothing but what is not told.
fn assert_in_doubt(counts: &Counts) {
    let (told, small) = (counts.protect(DRAW), counts.small());
    let mut net = Network::of(counts, &small, DRAW);
    let (across, down, all) = counts.totals();
    for (arc, figure) in told.figures.iter().flatten().enumerate() {
        net.hidden[arc] |= figure.is_none();
    }
    for (totals, first) in [(&told.across, across), (&told.down, down)] {
        for (at, figure) in totals.iter().flatten().enumerate() {
            net.hidden[first + at] |= figure.is_none();
        }
    }
    net.hidden[all] |= told.all == Some(None);
    for arc in small {
        let (down, up) = counts.doubt(arc);
        assert_eq!(net.flow(arc, Way::Up, up, false), up, "{told:?}");
        assert_eq!(net.flow(arc, Way::Down, down, false), down, "{told:?}");
    }
}

fn any_sums() -> impl Strategy<Value = (bool, bool)> {
    (any::<bool>(), any::<bool>())
}

fn counted(within: &[Vec<u64>], sums: (bool, bool)) -> Counts {
    let rows: Vec<&[u64]> = within.iter().map(Vec::as_slice).collect();
    people(&rows, sums)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// E23: whoever tries every table that agrees with what is told can narrow no small figure.
    #[test]
    fn nobody_who_adds_and_subtracts_finds_a_small_figure(
        within in figures(2, 2),
        sums in any_sums(),
    ) {
        assert_hides(&counted(&within, sums), &within);
    }

    /// The same by the rule's own measure, on tables that are too large to try.
    #[test]
    fn a_small_figure_of_a_large_table_may_be_nought_or_large(
        within in figures(6, 5),
        sums in any_sums(),
    ) {
        assert_in_doubt(&counted(&within, sums));
    }

    /// What is told is what was counted.
    #[test]
    fn what_is_told_is_true(within in figures(3, 4), sums in any_sums()) {
        let told = counted(&within, sums).protect(DRAW);
        for (row, counted) in told.figures.iter().zip(&within) {
            for (figure, value) in row.iter().zip(counted) {
                prop_assert!(figure.is_none_or(|figure| figure == *value));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// The same as the first with three columns.
    #[test]
    fn nor_in_a_wider_table(within in figures(2, 3), sums in any_sums()) {
        assert_hides(&counted(&within, sums), &within);
    }
}
