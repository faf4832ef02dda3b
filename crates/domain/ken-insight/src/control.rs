//! Disclosure control: which figures of a table of counts may be told, so that none that is kept
//! back can be worked out from those that are told.
//!
//! A table has rows and columns, and totals where adding is right. Its figures are the arcs of a
//! network in which as much flows out of each node as flows in: a row's total into its figures,
//! these into the totals of their columns, and these into the total of all. So what somebody who
//! knows the rules of addition, and that no count is below nought, can find out about a figure is
//! exactly how far a flow can change it through figures that are kept back as well.
//!
//! # Invariants
//!
//! - A figure that stands for fewer than [`PEOPLE_MIN`] people, nobody included, is kept back; so
//!   is a number of events of which one person makes more than half.
//! - Whoever adds and subtracts what is told finds of each of these that it may be nought, and that
//!   it may be what would have been told ([`Protected`] is made in no other way).
//! - Which other figures are kept back beside small ones is drawn, and is never the smallest for
//!   being so: who knows this text learns nothing of one small figure from the choice.
//! - Numbers of events have no totals: one person is in many of them.
//!
//! # Sources
//!
//! - Public Health Scotland, *Statistical disclosure control protocol* 2.1, which asks for
//!   judgement and sets no rule for all; fewer than five and "more than half" are house policy, as
//!   for other numbers here. How far a figure can change is arithmetic, and nobody's rule.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

/// Fewer people than this, and a figure is kept back.
pub const PEOPLE_MIN: u64 = 5;
/// What figures are rounded to, where they are.
pub const ROUND_TO: u64 = 5;
/// Most rows, and most columns, of a table. House policy: more than anybody reads.
pub const SIDE_MAX: usize = 32;
/// What opening a total costs beside a figure within: totals are told for as long as they can be.
const TOTAL_COST: u64 = 1 << 40;
/// More than any count.
const MANY: u64 = 1 << 50;

/// What was counted for one figure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// People, each once.
    pub people: u64,
    /// What happened to them.
    pub events: u64,
    /// The most that happened to one of them.
    pub largest: u64,
}

impl Cell {
    /// Takes in what happened to one more person.
    pub fn add(&mut self, events: u64) {
        self.people += 1;
        self.events += events;
        self.largest = self.largest.max(events);
    }

    /// Takes in what was counted of other people.
    pub fn join(&mut self, other: Self) {
        self.people += other.people;
        self.events += other.events;
        self.largest = self.largest.max(other.largest);
    }
}

/// What a table counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// People, each once in each figure.
    People,
    /// What happened.
    Events,
}

/// A table as it was counted. None of it may be told before it is [`Counts::protect`]ed.
pub struct Counts {
    unit: Unit,
    rows: usize,
    columns: usize,
    /// Figures within, row by row; then totals of rows, of columns, and of all.
    cells: Vec<Cell>,
    /// Whether adding along a row, and down a column, counts nobody twice.
    sums: (bool, bool),
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Counts({} by {})", self.rows, self.columns)
    }
}

/// A table that may be told: none for a figure that is kept back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protected {
    /// The figures within, row by row.
    pub figures: Vec<Vec<Option<u64>>>,
    /// The totals of rows, where adding along a row is right.
    pub across: Option<Vec<Option<u64>>>,
    /// The totals of columns, where adding down a column is right.
    pub down: Option<Vec<Option<u64>>>,
    /// The total of all, where both are.
    pub all: Option<Option<u64>>,
}

impl Protected {
    /// How many figures there are, totals included, and how many of them are kept back.
    #[must_use]
    pub fn kept_back(&self) -> (usize, usize) {
        let sides = [&self.across, &self.down].into_iter().flatten().flatten();
        let within = self.figures.iter().flatten();
        let all: Vec<&Option<u64>> = within.chain(sides).chain(&self.all).collect();
        (all.len(), all.iter().filter(|figure| figure.is_none()).count())
    }

    /// Rounds whatever is told to the nearest [`ROUND_TO`]. Rounded totals are not sums.
    pub(crate) fn round(&mut self) {
        let sides = [&mut self.across, &mut self.down].into_iter().flatten().flatten();
        let within = self.figures.iter_mut().flatten();
        for figure in within.chain(sides).chain(&mut self.all).flatten() {
            *figure = (*figure + ROUND_TO / 2) / ROUND_TO * ROUND_TO;
        }
    }
}

impl Counts {
    /// A table of figures by row, with the totals of rows, of columns and of all as they were
    /// counted; `sums` says whether the totals of rows, and of columns, are sums of their figures.
    /// None where it has no row or column or too many, or a total that should be a sum is not.
    #[must_use]
    pub fn new(
        unit: Unit,
        within: Vec<Vec<Cell>>,
        (across, down, all): (Vec<Cell>, Vec<Cell>, Cell),
        sums: (bool, bool),
    ) -> Option<Self> {
        let (rows, columns) = (within.len(), within.first()?.len());
        let sides = 1..=SIDE_MAX;
        let is_square = within.iter().all(|row| row.len() == columns)
            && (across.len(), down.len()) == (rows, columns);
        // What happened to one person is in many figures: totals would tell it by subtraction.
        let is_torn = unit == Unit::Events && sums != (false, false);
        if !is_square || is_torn || !sides.contains(&rows) || !sides.contains(&columns) {
            return None;
        }
        let cells = within.into_iter().flatten().chain(across).chain(down).chain([all]).collect();
        let counts = Self { unit, rows, columns, cells, sums };
        counts.adds_up().then_some(counts)
    }

    fn value(&self, arc: usize) -> u64 {
        let cell = self.cells.get(arc).copied().unwrap_or_default();
        match self.unit {
            Unit::People => cell.people,
            Unit::Events => cell.events,
        }
    }

    /// Where the totals of rows, those of columns and that of all begin.
    const fn totals(&self) -> (usize, usize, usize) {
        let within = self.rows * self.columns;
        (within, within + self.rows, within + self.rows + self.columns)
    }

    /// Whether a figure is one of those that are told, or kept back: a total that is no sum is
    /// neither, and nobody who is told the others knows it.
    const fn is_shown(&self, arc: usize) -> bool {
        let (across, down, all) = self.totals();
        if arc < across {
            true
        } else if arc < down {
            self.sums.0
        } else if arc < all {
            self.sums.1
        } else {
            self.sums.0 && self.sums.1
        }
    }

    fn adds_up(&self) -> bool {
        let (across, down, all) = self.totals();
        let (rows, columns) = (self.rows, self.columns);
        let sum = |arcs: &mut dyn Iterator<Item = usize>| arcs.map(|arc| self.value(arc)).sum();
        let row = |row: usize| -> u64 { sum(&mut (0..columns).map(|at| row * columns + at)) };
        let column = |column: usize| -> u64 { sum(&mut (0..rows).map(|at| at * columns + column)) };
        let along = (0..rows).all(|at| !self.sums.0 || row(at) == self.value(across + at));
        let below = (0..columns).all(|at| !self.sums.1 || column(at) == self.value(down + at));
        let whole: u64 = sum(&mut (0..across));
        along && below && (!self.is_shown(all) || whole == self.value(all))
    }

    /// Whether a figure alone would say too much.
    fn is_small(&self, arc: usize) -> bool {
        let cell = self.cells.get(arc).copied().unwrap_or_default();
        let is_ones_own = self.unit == Unit::Events && cell.largest.saturating_mul(2) > cell.events;
        cell.people < PEOPLE_MIN || is_ones_own
    }

    /// How far a small figure must seem to be possible: down to nought, and up to what would be
    /// told.
    fn doubt(&self, arc: usize) -> (u64, u64) {
        let value = self.value(arc);
        (value, PEOPLE_MIN.saturating_sub(value))
    }

    /// The small figures that would be told.
    fn small(&self) -> Vec<usize> {
        let arcs = 0..self.cells.len();
        arcs.filter(|arc| self.is_shown(*arc) && self.is_small(*arc)).collect()
    }

    /// What of it may be told: small figures are kept back, and as many others as are needed so
    /// that no small one can be worked out. Which others these are depends on `draw`, which nobody
    /// may know, and not on what they are: otherwise the choice would tell it.
    #[must_use]
    pub fn protect(&self, draw: u64) -> Protected {
        let small = self.small();
        let mut net = Network::of(self, &small, draw);
        for arc in &small {
            let (down, up) = self.doubt(*arc);
            if net.flow(*arc, Way::Up, up, true) < up
                || net.flow(*arc, Way::Down, down, true) < down
            {
                net.hidden.fill(true);
                break;
            }
        }
        let told =
            |arc: usize| (!net.hidden.get(arc).copied().unwrap_or(true)).then(|| self.value(arc));
        let (across, down, all) = self.totals();
        let rows = 0..self.rows;
        let row = |row: usize| (0..self.columns).map(|at| told(row * self.columns + at)).collect();
        Protected {
            figures: rows.map(row).collect(),
            across: self.sums.0.then(|| (across..down).map(told).collect()),
            down: self.sums.1.then(|| (down..all).map(told).collect()),
            all: self.is_shown(all).then(|| told(all)),
        }
    }
}

/// Which way a figure would be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// The figures as arcs between rows, columns, and two nodes for the totals.
struct Network<'a> {
    counts: &'a Counts,
    /// What is not told: kept back, or never shown.
    hidden: Vec<bool>,
    /// By which the prices of figures are drawn.
    draw: u64,
}

/// One step of a change: an arc, and whether it grows.
type Step = (usize, bool);

impl<'a> Network<'a> {
    fn of(counts: &'a Counts, small: &[usize], draw: u64) -> Self {
        let arcs = 0..counts.cells.len();
        let hidden = arcs.map(|arc| !counts.is_shown(arc) || small.contains(&arc)).collect();
        Self { counts, hidden, draw }
    }

    const fn nodes(&self) -> usize {
        self.counts.rows + self.counts.columns + 2
    }

    /// The node that an arc leaves, and the one that it enters.
    const fn ends(&self, arc: usize) -> (usize, usize) {
        let (rows, columns) = (self.counts.rows, self.counts.columns);
        let (across, down, all) = self.counts.totals();
        let (before_rows, after_columns) = (rows + columns, rows + columns + 1);
        if arc < across {
            (arc / columns, rows + arc % columns)
        } else if arc < down {
            (before_rows, arc - across)
        } else if arc < all {
            (rows + arc - down, after_columns)
        } else {
            (after_columns, before_rows)
        }
    }

    /// How far one figure can be changed without any that is told, up to `most`. Where `opens` is
    /// set, figures that are told are kept back from now on where it needs them: those that cost
    /// least.
    fn flow(&mut self, of: usize, way: Way, most: u64, opens: bool) -> u64 {
        let (from, to) = match (way, self.ends(of)) {
            (Way::Up, (leaves, enters)) => (enters, leaves),
            (Way::Down, ends) => ends,
        };
        let mut values: Vec<u64> =
            (0..self.hidden.len()).map(|arc| self.counts.value(arc)).collect();
        let mut done = 0;
        while done < most {
            let Some(path) = self.path((from, to), of, &values, opens) else { break };
            let room = |(arc, grows): &Step| {
                if *grows { MANY } else { values.get(*arc).copied().unwrap_or_default() }
            };
            let step = path.iter().map(room).min().unwrap_or(0).min(most - done);
            for (arc, grows) in path {
                if let Some(value) = values.get_mut(arc) {
                    *value = if grows { *value + step } else { *value - step };
                }
                if let Some(hidden) = self.hidden.get_mut(arc) {
                    *hidden = true;
                }
            }
            done += step;
        }
        done
    }

    /// The cheapest way for one change, through what is kept back for nothing and through what is
    /// told at a price that says nothing of it.
    fn path(
        &self,
        (from, to): (usize, usize),
        but: usize,
        values: &[u64],
        opens: bool,
    ) -> Option<Vec<Step>> {
        let mut best: Vec<(u64, Option<(usize, Step)>)> = vec![(u64::MAX, None); self.nodes()];
        let mut next = BinaryHeap::from([Reverse((0_u64, from))]);
        best.get_mut(from)?.0 = 0;
        while let Some(Reverse((cost, node))) = next.pop() {
            if node == to {
                break;
            }
            if best.get(node).is_none_or(|known| known.0 < cost) {
                continue;
            }
            for (arc, value) in values.iter().enumerate().filter(|(arc, _)| *arc != but) {
                let Some(price) = self.price(arc, opens) else { continue };
                let (leaves, enters) = self.ends(arc);
                let step = if leaves == node { (enters, true) } else { (leaves, false) };
                if (leaves != node && enters != node) || (!step.1 && *value == 0) {
                    continue;
                }
                let known = best.get_mut(step.0)?;
                if cost + price < known.0 {
                    *known = (cost + price, Some((node, (arc, step.1))));
                    next.push(Reverse((cost + price, step.0)));
                }
            }
        }
        let (mut path, mut node) = (vec![], to);
        while node != from {
            let (before, step) = best.get(node)?.1?;
            path.push(step);
            node = before;
        }
        Some(path)
    }

    /// What it costs to change an arc; none where it is told and must stay so.
    fn price(&self, arc: usize, opens: bool) -> Option<u64> {
        if self.hidden.get(arc).copied().unwrap_or(false) {
            return Some(0);
        }
        let is_total = arc >= self.counts.totals().0;
        opens.then(|| drawn(self.draw, arc) + if is_total { TOTAL_COST } else { 0 })
    }
}

/// A price from 1 to 4,096 that follows from the draw and the place alone (`SplitMix64`).
fn drawn(draw: u64, arc: usize) -> u64 {
    let place = u64::try_from(arc).unwrap_or(u64::MAX).wrapping_add(1);
    let mut mixed = draw.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % 4_096 + 1
}

#[cfg(test)]
mod tests;
