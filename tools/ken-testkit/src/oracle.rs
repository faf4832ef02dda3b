//! A second decider: reads the canonical JSON of instruments and interprets it, naively.
//!
//! It shares only ids and strings with the product, and nothing of its structure: no policies, no
//! slices, no memory, no types of agreements. Where it and the gate differ, one of them is wrong.
//! It can be made wrong on purpose ([`Mutant`]): a comparison that lets a mutant live is too weak.
//!
//! # Sources
//!
//! - `core.md` section 2 and `agreement.md` section 4 (the rules as written, not as compiled).

mod mutant;
mod offers;
mod overlay;
mod prohibition;
mod reading;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

pub use mutant::Mutant;
pub use offers::Offers;
use reading::{has, named, strings, text};

/// Names of any sort.
pub type Names = BTreeSet<String>;

/// An instrument as it is held: its canonical JSON, its hash, and what the registers say.
#[derive(Debug, Clone)]
pub struct Known {
    /// SHA-256 of the canonical form, in hex.
    pub hash: String,
    /// The canonical form, read as JSON.
    pub json: Value,
    /// The parties that have signed.
    pub signed: Names,
    /// Whether it is suspended for everybody.
    pub suspended: bool,
    /// Whether another replaces it.
    pub superseded: bool,
    /// The names of those that it has replaced.
    pub replaced: Names,
    /// Whether it is a statute pack for which no issuer vouches.
    pub unsealed: bool,
}

/// A row class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Kind of information.
    pub category: String,
    /// Marks on the row.
    pub labels: Names,
    /// Whose record it is.
    pub source: String,
    /// Under what it was received.
    pub lineage: Names,
}

/// A question, with what the registers say.
#[derive(Debug, Clone)]
pub struct Case {
    /// Sending organisation and role.
    pub from: (String, Option<String>),
    /// Receiving organisation and role.
    pub to: (String, Option<String>),
    /// `push`, `view` and so on.
    pub action: String,
    /// Why.
    pub purpose: String,
    /// Whether a part will do.
    pub up_to: bool,
    /// Categories, each with the fields asked for, or all.
    pub categories: BTreeMap<String, Option<Names>>,
    /// Row classes held or sent, where they are not the plain ones.
    pub rows: Option<BTreeSet<Row>>,
    /// The day.
    pub day: Date,
    /// Facts, by every name.
    pub facts: Names,
    /// `hash#clause/words`.
    pub attested: Names,
    /// Who referred the person.
    pub referrers: Names,
}

/// The oracle's answer, in strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Row and field, with the clause that covers it; and what words would add.
    Permit(BTreeMap<(Row, String), String>, Offers),
    /// `hash#clause/words` still to affirm.
    Need(Names),
    /// The first reason: its rank (the least remediable lowest) and what it names.
    Deny(u8, String),
}

/// Decides a case, naively.
#[must_use]
pub fn decide(world: &[Known], case: &Case, mutant: Mutant) -> Verdict {
    let signed = || world.iter().filter(|of| !of.signed.is_empty());
    let forbids = signed().flat_map(clauses).filter(|forbid| forbid.kind() == "prohibition");
    let mut oracle = Oracle { world, case, mutant, terms: vec![], forbids: forbids.collect() };
    oracle.terms = oracle.in_order();
    oracle.decide()
}

struct Oracle<'a> {
    world: &'a [Known],
    case: &'a Case,
    mutant: Mutant,
    /// The permits that are about this flow, in clause order.
    terms: Vec<Term<'a>>,
    forbids: Vec<Term<'a>>,
}

type Open = BTreeSet<(Row, String)>;
type Mask<'a> = BTreeMap<(Row, String), Term<'a>>;

const PROHIBITED: u8 = 0;
const NO_CLAUSE: u8 = 1;
const FIELD: u8 = 2;
const STANDING: u8 = 3;
const REQUIRE: u8 = 4;

/// A clause in its instrument.
#[derive(Clone, Copy)]
struct Term<'a> {
    of: &'a Known,
    clause: &'a Value,
}

impl Term<'_> {
    fn kind(&self) -> &str {
        text(self.clause, "kind")
    }

    fn id(&self) -> String {
        format!("{}#{}", self.of.hash, text(self.clause, "id"))
    }

    fn words(&self) -> Names {
        strings(self.clause, "attest").map(|words| format!("{}/{words}", self.id())).collect()
    }
}

impl<'a> Oracle<'a> {
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    fn decide(&self) -> Verdict {
        let plain = self.plain();
        let held = self.case.rows.as_ref().map_or_else(|| plain.clone(), |rows| self.open(rows));
        let asked = match () {
            () if self.case.up_to && !self.is(Mutant::HeldDecides) => plain,
            () if self.case.up_to => held.clone(),
            () => {
                let named: Names = held.iter().map(|(row, _)| row.category.clone()).collect();
                let rest = plain.into_iter().filter(|(row, _)| !named.contains(&row.category));
                rest.chain(held.clone()).collect()
            }
        };
        let covered = self.cover(&asked, false);
        if self.enough(&covered, &asked) {
            let offers = self.offers(&held);
            let mask = if self.case.up_to { self.cover(&held, false) } else { covered };
            let mask = mask.into_iter().map(|(field, term)| (field, term.id()));
            return Verdict::Permit(mask.collect(), offers);
        }
        let open = self.left(&asked, &covered);
        let supposed = self.cover(&open, true);
        let some = self.is(Mutant::NeedBesideGap) && !supposed.is_empty();
        if !some && !self.enough(&supposed, &open) {
            return self.why(&self.left(&open, &supposed));
        }
        let words = |term: &Term<'_>| term.words();
        let missing: Names = if self.is(Mutant::NeedOneClause) {
            supposed.values().next().map(words).unwrap_or_default()
        } else {
            supposed.values().flat_map(words).collect()
        };
        Verdict::Need(missing.into_iter().filter(|words| !self.affirmed(words)).collect())
    }

    fn enough(&self, got: &Mask<'_>, asked: &Open) -> bool {
        !got.is_empty() && (self.case.up_to || self.left(asked, got).is_empty())
    }

    /// What is asked, must be covered, and is not.
    fn left(&self, asked: &Open, got: &Mask<'_>) -> Open {
        let open = asked.iter().filter(|at| !got.contains_key(*at) && !self.is_spared(at));
        open.cloned().collect()
    }

    fn plain(&self) -> Open {
        let rows = self.case.categories.keys().map(|category| Row {
            category: category.clone(),
            labels: Names::new(),
            source: self.case.from.0.clone(),
            lineage: Names::new(),
        });
        self.open(&rows.collect())
    }

    fn open(&self, rows: &BTreeSet<Row>) -> Open {
        let mut open = Open::new();
        for row in rows {
            let fields = match self.case.categories.get(&row.category) {
                None => continue,
                Some(Some(fields)) => fields.clone(),
                Some(None) => self.whole(&row.category),
            };
            open.extend(fields.into_iter().map(|field| (row.clone(), field)));
        }
        open
    }

    /// Every field that any instrument gives a category.
    fn whole(&self, category: &str) -> Names {
        let entries = self.world.iter().filter_map(|of| named(&of.json, "category", category));
        let fields: Names = entries.flat_map(fields_of).collect();
        if fields.is_empty() { [category.to_owned()].into() } else { fields }
    }

    fn cover(&self, open: &Open, words: bool) -> Mask<'a> {
        let mut covered = Mask::new();
        let rows: BTreeSet<&Row> = open.iter().map(|(row, _)| row).collect();
        for row in rows {
            let mut left: Names =
                open.iter().filter(|(of, _)| of == row).map(|(_, field)| field.clone()).collect();
            for term in self.terms.iter().filter(|term| self.is_of(term, row)) {
                if self.stop(term, row).is_none() && self.bar(term, words).is_none() {
                    let mut taken = self.covers(term, &row.category);
                    taken.retain(|field| left.remove(field));
                    covered.extend(taken.into_iter().map(|f| ((row.clone(), f), *term)));
                }
            }
        }
        covered
    }

    /// The least remediable reason; of equals the first row's, then the first clause's.
    fn why(&self, open: &Open) -> Verdict {
        let mut least: Option<(u8, String)> = None;
        let mut consider = |rank, what: String| {
            if least.as_ref().is_none_or(|(least, _)| rank < *least) {
                least = Some((rank, what));
            }
        };
        let rows: BTreeSet<&Row> = open.iter().map(|(row, _)| row).collect();
        for row in rows {
            let field = open.iter().find(|(of, _)| of == row).map(|(_, field)| field.clone());
            let mut none = true;
            for term in self.terms.iter().filter(|term| self.is_asked(term, row)) {
                let of = self.is_of(term, row);
                none &= !of;
                let bar = match self.stop(term, row) {
                    Some(stop) => (PROHIBITED, stop),
                    None if !of => continue,
                    None => self
                        .bar(term, true)
                        .unwrap_or_else(|| (FIELD, field.clone().unwrap_or_default())),
                };
                consider(bar.0, bar.1);
            }
            if none {
                consider(NO_CLAUSE, row.category.clone());
            }
        }
        let (rank, what) = least.unwrap_or((NO_CLAUSE, "nothing".to_owned()));
        Verdict::Deny(rank, what)
    }

    /// The clauses that are about this flow, in clause order.
    fn in_order(&self) -> Vec<Term<'a>> {
        let seated = self.case.from.1.is_some() && self.case.to.1.is_some();
        if !seated && !self.is(Mutant::NullRoleIsAny) {
            return vec![];
        }
        let live = self.world.iter().filter(|of| !of.signed.is_empty() && !of.superseded);
        let mut terms: Vec<_> = live.flat_map(clauses).filter(|term| self.is_about(term)).collect();
        terms.sort_by_cached_key(|term| {
            let kind = match term.kind() {
                _ if self.is(Mutant::OrderWithoutKind) => 0,
                "statutory" => 0,
                "routine" => 1,
                _ => 2,
            };
            let wide = strings(term.clause, "categories").count();
            let wide = if self.is(Mutant::OrderWithoutWidth) { 0 } else { wide };
            let id = if self.is(Mutant::OrderWithoutId) { String::new() } else { term.id() };
            (kind, wide, id)
        });
        terms
    }

    fn is_about(&self, term: &Term<'a>) -> bool {
        text(term.clause, "purpose") == self.case.purpose
            && has(term.clause, "action", &self.case.action)
            && term.kind() != "prohibition"
            && self.is_between(term)
            && self.is_sourced(term)
    }

    /// Whether the organisations at both ends are this clause's, as far as it names them.
    fn is_between(&self, term: &Term<'a>) -> bool {
        let (from, to) = (&self.case.from.0, &self.case.to.0);
        let party = |id: &str| named(&term.of.json, "party", id).is_some();
        let (sends, has_it) = (end(term.clause, "from").0, end(term.clause, "to").0);
        let (own, person) = (sends == "*own", has_it == "*person");
        let pair = match () {
            () if to == "person" => person && party(from),
            () if from == to && self.is(Mutant::StarIsOneself) => party(from),
            () if from == to => own && party(from),
            () => {
                let known = self.is(Mutant::StarIsAnyParty) || party(from) && party(to);
                !own && !person && known
            }
        };
        let fits = |who: &str, id: &str| who.starts_with('*') || who == id;
        pair && fits(sends, from) && fits(has_it, to)
    }

    /// Whether a clause is about a row class, between these seats.
    fn is_of(&self, term: &Term<'_>, row: &Row) -> bool {
        has(term.clause, "categories", &row.category) && self.is_asked(term, row)
    }

    /// Whether a clause is about anything that is asked: what stops it stops the rest too.
    fn is_asked(&self, term: &Term<'_>, row: &Row) -> bool {
        strings(term.clause, "categories").any(|of| self.case.categories.contains_key(of))
            && self.seated(term, "from", &self.case.from)
            && self.seated(term, "to", &self.case.to)
            && (end(term.clause, "from").0 != "*own"
                || row.source == self.case.from.0
                || self.is(Mutant::OwnIsAnySource))
    }

    /// What keeps a clause from carrying anything.
    fn bar(&self, term: &Term<'_>, words: bool) -> Option<(u8, String)> {
        let (extent, state) = self.standing(term.of);
        let needs = match text(term.clause, "kind") {
            "routine" => 3,
            _ if term.clause.get("source").is_none() && self.is(Mutant::EnduringLapses) => 3,
            _ if term.clause.get("source").is_none() => 2,
            _ if self.is(Mutant::SourcedLapses) => 2,
            _ => 1,
        };
        if extent < needs {
            return Some((STANDING, state.to_owned()));
        }
        if self.is_early(term.clause) || self.waits(term.clause) {
            return Some((STANDING, "not-begun".to_owned()));
        }
        let holds = |fact: &&str| {
            let claimed = self.is(Mutant::ClaimedCounts);
            self.holds(fact)
                || self.is(Mutant::AgeForgotten) && fact.starts_with("age")
                || claimed && self.case.facts.contains(&format!("{fact}@claimed"))
        };
        if let Some(fact) = strings(term.clause, "require").find(|fact| !holds(fact)) {
            return Some((REQUIRE, fact.to_owned()));
        }
        // Only the words are missing: not a reason, but no cover either.
        let given = words || term.words().iter().all(|words| self.affirmed(words));
        (!given).then(|| (NO_CLAUSE, String::new()))
    }

    fn affirmed(&self, words: &str) -> bool {
        let tail = |words: &str| words.rsplit('/').next().unwrap_or_default().to_owned();
        let served = || self.case.attested.iter().any(|given| tail(given) == tail(words));
        self.case.attested.contains(words) || self.is(Mutant::WordsServeAll) && served()
    }

    /// Whether a seat matches one end of a permit.
    fn seated(&self, term: &Term<'_>, side: &str, seat: &(String, Option<String>)) -> bool {
        let (who, end) = end(term.clause, side);
        let role = seat.1.as_deref().unwrap_or("record");
        match who {
            "*referrer" => self.is(Mutant::ReferrerIsAny) || self.case.referrers.contains(&seat.0),
            "*person" => seat.0 == "person",
            _ => {
                let party = named(&term.of.json, "party", &seat.0);
                let held = party.is_some_and(|party| has(party, "roles", role));
                let kind = party.map_or("", |party| text(party, "kind"));
                let of_kind = end.get("kinds").is_none() || has(end, "kinds", kind);
                let any = has(end, "roles", "*")
                    && !(self.is(Mutant::StarRoleIsRecordOnly) && role != "record");
                let listed = held && has(end, "roles", role);
                (of_kind || self.is(Mutant::KindsForgotten)) && (any || listed)
            }
        }
    }

    fn covers(&self, term: &Term<'_>, category: &str) -> Names {
        let mut fields: Names =
            named(&term.of.json, "category", category).map(fields_of).unwrap_or_default();
        if fields.is_empty() {
            fields.insert(category.to_owned());
        }
        if term.clause.get("fields").is_some() && !self.is(Mutant::MaskIgnored) {
            fields.retain(|field| has(term.clause, "fields", field));
        }
        fields.retain(|field| !self.hides(field) || has(term.clause, "fields", field));
        fields
    }

    /// A clause with a source runs only where that is adopted and the clause narrows it.
    fn is_sourced(&self, term: &Term<'_>) -> bool {
        let Some(source) = term.clause.get("source").and_then(Value::as_str) else { return true };
        let (wanted, id) = source.split_once('#').unwrap_or_default();
        let found = self.law(wanted);
        let wide = found.and_then(|of| Some((of, named(&of.json, "clause", id)?)));
        wide.is_some_and(|(of, wide)| {
            self.is(Mutant::SourceUnchecked) || {
                let early = self.is(Mutant::StageOfSourceForgotten);
                reading::narrows((&term.of.json, term.clause), (&of.json, wide), early)
            }
        })
    }
}

/// The clauses of an instrument.
fn clauses(of: &Known) -> impl Iterator<Item = Term<'_>> {
    let clauses = of.json.get("clause").and_then(Value::as_array);
    clauses.into_iter().flatten().map(move |clause| Term { of, clause })
}

fn fields_of(entry: &Value) -> Names {
    let fields: Names = strings(entry, "fields").map(str::to_owned).collect();
    if fields.is_empty() { [text(entry, "id").to_owned()].into() } else { fields }
}

fn end<'v>(clause: &'v Value, side: &str) -> (&'v str, &'v Value) {
    let end = clause.get(side).unwrap_or(&Value::Null);
    (text(end, "party"), end)
}

fn name(json: &Value) -> String {
    let head = json.get("agreement").unwrap_or(&Value::Null);
    format!("{}@{}", text(head, "id"), text(head, "version"))
}
