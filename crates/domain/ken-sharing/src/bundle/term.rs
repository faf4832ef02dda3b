//! Clauses as the gate holds them: permits with what slices need, prohibitions with what tells
//! where they could apply.
//!
//! An index here may leave out only what Cedar would not allow; a test compares it with no index.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_agreement::cedar::{Reach, relies};
use ken_agreement::status::{PERSON, Pair, Stands};
use ken_agreement::{Action, Clause, Day, Instrument, Words};
use ken_core::{
    Category, ClauseId, FieldName, InstrumentHash, Label, OrganisationId, Purpose, RoleId,
};

use super::succession::inherited;
use super::{Bundle, Held, standing};
use crate::decide::{AGREED, OPT_OUT, RowClass};

/// A permit clause: what slices and reasons need, and what Cedar cannot say.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) id: ClauseId,
    pub(crate) held: usize,
    pub(crate) clause: Clause,
    /// What exceptions know it by.
    pub(crate) relies: BTreeSet<String>,
    pub(crate) words: BTreeSet<Words>,
    /// The facts it requires, without their grades: the states that it was written for.
    pub(crate) accepts: BTreeSet<String>,
    /// The instruments above whose ceilings bind it.
    pub(crate) above: BTreeSet<InstrumentHash>,
    /// The categories about people, where its purpose is beyond their care.
    pub(crate) beyond: BTreeSet<Category>,
    pub(crate) stands: Stands,
    /// The first day of what it narrows: nothing is in force by a text that has not begun.
    source_begins: Option<Day>,
    /// The fields it covers, by its own instrument's dictionary.
    pub(crate) covers: BTreeMap<Category, BTreeSet<FieldName>>,
    from: Reach,
    to: Reach,
}

impl Term {
    pub(super) fn new(
        held: usize,
        (own, all): (&Held, &[Held]),
        clause: &Clause,
        above: BTreeSet<InstrumentHash>,
    ) -> Self {
        let Held { hash, instrument, .. } = own;
        let entries = clause.categories.iter().filter_map(|id| instrument.category(id));
        let covers = entries.map(|entry| {
            let mut fields = entry.whole();
            if let Some(only) = &clause.fields {
                fields.retain(|field| only.contains(field));
            }
            (entry.id.clone(), fields)
        });
        let mut relies = relies(instrument, hash, clause);
        relies.extend(inherited(own, clause, all));
        let source = clause.source.as_ref();
        let source = source.and_then(|named| standing::adopted(&named.instrument, all));
        let words = clause.attest.iter().map(|w| Instrument::words_of(hash, &clause.id, w));
        let accepts = clause.require.iter().map(|fact| crate::decide::base(fact).to_owned());
        let mut accepts: BTreeSet<String> = accepts.collect();
        if accepts.iter().any(|fact| fact.starts_with(AGREED)) {
            accepts.insert(OPT_OUT.to_owned());
        }
        Self {
            id: Instrument::cite(hash, &clause.id),
            held,
            relies,
            words: words.collect(),
            accepts,
            above,
            beyond: beyond(instrument, clause),
            stands: Stands::needed(clause),
            source_begins: source.map(|source| source.instrument.agreement.effective_from),
            covers: covers.collect(),
            from: Reach::of(instrument, &clause.from),
            to: Reach::of(instrument, &clause.to),
            clause: clause.clone(),
        }
    }

    /// Whether what it narrows has had its first day; so has nothing.
    pub(crate) fn is_source_begun(&self, day: Date) -> bool {
        self.source_begins.is_none_or(|first| first.0 <= day)
    }

    /// Whether the flow is of this clause's ends, roles included.
    pub(crate) fn is_seated(&self, ends: &Ends<'_>) -> bool {
        reaches(&self.from, ends.sender, ends) && reaches(&self.to, ends.recipient, ends)
    }

    /// Whether the clause names this end, role included, as one that has what is sent.
    pub(crate) fn names(&self, to: (&OrganisationId, &RoleId)) -> bool {
        let nobody = BTreeSet::new();
        reaches(&self.to, to, &Ends { sender: to, recipient: to, referrers: &nobody })
    }
}

/// What is about people, where a clause's purpose is beyond their care.
fn beyond(instrument: &Instrument, clause: &Clause) -> BTreeSet<Category> {
    let purpose = clause.purpose.as_ref().and_then(|id| instrument.purpose(id));
    if !purpose.is_some_and(|purpose| purpose.beyond_care) {
        return BTreeSet::new();
    }
    let about = instrument.categories.iter().filter(|entry| entry.personal);
    about.map(|entry| entry.id.clone()).collect()
}

/// A prohibition: where it could apply.
#[derive(Debug)]
pub(crate) struct Bars {
    from: Reach,
    to: Reach,
    categories: BTreeSet<Category>,
    labels: BTreeSet<Label>,
    follows_data: bool,
    binds_below: bool,
}

impl Bars {
    pub(super) fn new(own: &Instrument, clause: &Clause) -> Self {
        Self {
            from: Reach::of(own, &clause.from),
            to: Reach::of(own, &clause.to),
            categories: clause.categories.clone(),
            labels: clause.labels.clone(),
            follows_data: clause.follows_data(),
            binds_below: clause.binds_below(),
        }
    }

    /// Of an instrument that does not compile.
    pub(super) fn everything() -> Self {
        Self {
            from: Reach::Anybody,
            to: Reach::Anybody,
            categories: BTreeSet::new(),
            labels: BTreeSet::new(),
            follows_data: true,
            binds_below: true,
        }
    }

    fn could_stop(&self, row: &RowClass, labels: &BTreeSet<&str>, ends: &Ends<'_>) -> bool {
        let anything = self.categories.is_empty() && self.labels.is_empty();
        let what = anything
            || self.categories.contains(&row.category)
            || self.labels.iter().any(|label| labels.contains(label.as_str()));
        what && reaches(&self.from, ends.sender, ends) && reaches(&self.to, ends.recipient, ends)
    }
}

/// The two ends of a flow, each with its role, and who referred the person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends<'a> {
    pub(crate) sender: (&'a OrganisationId, &'a RoleId),
    pub(crate) recipient: (&'a OrganisationId, &'a RoleId),
    pub(crate) referrers: &'a BTreeSet<OrganisationId>,
}

fn reaches(
    reach: &Reach,
    (organisation, role): (&OrganisationId, &RoleId),
    ends: &Ends<'_>,
) -> bool {
    let one_self = || ends.sender.0 == ends.recipient.0;
    match reach {
        Reach::Anybody => true,
        Reach::Referrer => ends.referrers.contains(organisation),
        Reach::Person => organisation.as_str() == PERSON,
        Reach::Oneself => one_self(),
        Reach::Organisations(all) => all.contains(organisation),
        Reach::Seats { own, seats } => {
            let is_seat =
                |(of, held): &(OrganisationId, RoleId)| of == organisation && held == role;
            (!own || one_self()) && seats.iter().any(is_seat)
        }
    }
}

/// What a slice is made by; facts, roles and days do not matter to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Candidacy {
    pub(crate) purpose: Purpose,
    pub(crate) action: Action,
    pub(crate) sender: OrganisationId,
    pub(crate) recipient: OrganisationId,
}

impl Candidacy {
    fn fits(&self, term: &Term, own: &Held) -> bool {
        let pair = Pair::of(&self.sender, &self.recipient);
        let end = |reach: &Reach, id: &OrganisationId| match reach {
            Reach::Organisations(all) => all.contains(id),
            Reach::Seats { seats, .. } => seats.iter().any(|(of, _)| of == id),
            Reach::Anybody | Reach::Referrer | Reach::Person | Reach::Oneself => true,
        };
        pair.suits(&term.clause)
            && pair.organisations().all(|id| own.instrument.party(id).is_some())
            && end(&term.from, &self.sender)
            && end(&term.to, &self.recipient)
    }
}

impl Bundle {
    /// The permits that may fit: by purpose, action and organisations.
    pub(crate) fn candidates(&self, asked: &Candidacy) -> Vec<usize> {
        let key = (asked.purpose.clone(), asked.action);
        let among = self.by_purpose.get(&key).into_iter().flatten().copied();
        let fits = |n: &usize| {
            let term = self.terms.get(*n);
            term.is_some_and(|term| {
                self.held.get(term.held).is_some_and(|own| asked.fits(term, own))
            })
        };
        among.filter(fits).collect()
    }

    /// Whether any agreement's prohibition could stop a clause from carrying a row. Never false
    /// where Cedar would say that one does.
    pub(crate) fn could_be_barred(
        &self,
        term: &Term,
        row: &RowClass,
        labels: &BTreeSet<&str>,
        ends: &Ends<'_>,
    ) -> bool {
        let could = |bars: &Bars| bars.could_stop(row, labels, ends);
        let own = self.bars.get(term.held).into_iter().flatten();
        let of = |hash: &InstrumentHash| {
            let bars = self.by_hash.get(hash).and_then(|held| self.bars.get(*held));
            bars.into_iter().flatten()
        };
        let followed = |hash| of(hash).any(|bars| bars.follows_data && could(bars));
        let bound = |hash| of(hash).any(|bars| bars.binds_below && could(bars));
        own.into_iter().any(could)
            || row.lineage.iter().any(followed)
            || term.above.iter().any(bound)
    }
}
