//! The gate's rule, pure: from a bundle, an ask and facts to Permit, Need or Deny.
//!
//! It reads no clock, no database and no caller's word for a fact. `gate` fetches, calls this, and
//! enters the answer in the ledger before anything leaves.
//!
//! # Invariants
//!
//! - `UpTo` is decided on each category's plain class, so the answer is the same whatever is held;
//!   the classes that are held only take from the mask.
//! - What words would add is decided on the plain classes too, and said beside what is permitted;
//!   an exceptional clause is never among it.
//! - A field that no clause covers is absent from the mask. A category that no instrument knows,
//!   and an ask for nothing, are refused.
//! - The answer is a function of the arguments; what is remembered only saves time.
//! - What a person's own state takes away stands above every agreement (`overlay`, `own`).
//!
//! # Sources
//!
//! - `core.md` sections 2.3 to 2.7; the vectors are in `tests/it/vectors.json`.

mod ask;
pub(crate) mod cedar;
mod cover;
mod error;
pub(crate) mod memo;
mod overlay;
mod own;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ken_agreement::{CategoryEntry, Kind, Visibility, Words};
use ken_core::{Category, ClauseId, FieldName, OrganisationId, Purpose};

use crate::bundle::{Bundle, Candidacy, Term};
use cover::{Deciding, Sight};
use memo::{AskKey, Asked};
use overlay::Overlay;
use plan::Asking;

pub use ask::{
    Ask, Bar, Citation, Covered, Denied, Facts, Fields, Needed, Offer, Offers, Outcome, Permitted,
    Reason, RowClass, Seat, View, Want,
};
pub use error::Error;
pub use overlay::is_place;
pub(crate) use overlay::{
    AGREED, OPT_OUT, OPTED_OUT, PUT_RIGHT, UNSEALED, base, is_hidden as overlay_hides,
};

/// The answers to a look, by source.
pub type Answers = BTreeMap<OrganisationId, Arc<Outcome>>;
/// Fields asked of each row class.
type Open = BTreeMap<RowClass, BTreeSet<FieldName>>;
/// What covers them.
type Mask = BTreeMap<RowClass, Covered>;

/// Decides. `rows` are the row classes held, or about to be sent; none: each category's plain
/// class. Classes of categories that are not asked for are left out.
///
/// # Errors
///
/// [`Error`] when the engine refuses a question, which is a fault of ours; nothing may leave.
pub fn decide(
    bundle: &Bundle,
    ask: &Ask,
    facts: &Facts,
    rows: Option<&BTreeSet<RowClass>>,
) -> Result<Arc<Outcome>, Error> {
    bundle.memo.outcomes.get_or(
        &(ask, facts, rows),
        |key| key.question == *ask && key.facts == *facts && key.rows.as_ref() == rows,
        || {
            let outcome = sliced(bundle, ask, facts, rows)?;
            let (question, facts, rows) = (ask.clone(), facts.clone(), rows.cloned());
            Ok((Asked { question, facts, rows }, Arc::new(outcome)))
        },
    )
}

/// Decides one look at several sources. `rows` are the row classes held of all of them; each
/// source's answer is that of [`decide`] with its own.
///
/// # Errors
///
/// As [`decide`].
pub fn decide_view(
    bundle: &Bundle,
    view: &View,
    facts: &Facts,
    rows: &BTreeSet<RowClass>,
) -> Result<Arc<Answers>, Error> {
    bundle.memo.views.get_or(
        &(view, facts, rows),
        |key| key.question == *view && key.facts == *facts && key.rows == *rows,
        || {
            let mut held: BTreeMap<&OrganisationId, BTreeSet<RowClass>> = BTreeMap::new();
            for row in rows {
                held.entry(&row.source).or_default().insert(row.clone());
            }
            let mut answers = Answers::new();
            for sender in &view.senders {
                let own = held.remove(sender).unwrap_or_default();
                let outcome = sliced(bundle, &view.of(sender), facts, Some(&own))?;
                answers.insert(sender.clone(), Arc::new(outcome));
            }
            let (question, facts, rows) = (view.clone(), facts.clone(), rows.clone());
            Ok((Asked { question, facts, rows }, Arc::new(answers)))
        },
    )
}

/// Decides with every clause a candidate and every policy before the engine, and no answer
/// remembered: slow, and never different in what it lets through; a refusal's reason is not
/// looked for. For tests, and for whoever doubts the slices.
///
/// # Errors
///
/// As [`decide`].
pub fn decide_whole(
    bundle: &Bundle,
    ask: &Ask,
    facts: &Facts,
    rows: Option<&BTreeSet<RowClass>>,
) -> Result<Outcome, Error> {
    let Some(key) = ask_key(ask, facts) else { return Ok(none_matches(ask)) };
    let asking = Asking::new(bundle, ask, facts, &key)?;
    let flow = asking.whole_flow(bundle, ask)?;
    Deciding { bundle, ask, facts, asking: &asking, sight: Sight::Whole(&flow) }.outcome(rows)
}

fn sliced(
    bundle: &Bundle,
    ask: &Ask,
    facts: &Facts,
    rows: Option<&BTreeSet<RowClass>>,
) -> Result<Outcome, Error> {
    let Some(key) = ask_key(ask, facts) else { return Ok(none_matches(ask)) };
    let asking = bundle.memo.askings.get_or(key, |key| Asking::new(bundle, ask, facts, key))?;
    Deciding { bundle, ask, facts, asking: &asking, sight: Sight::Slice }.outcome(rows)
}

/// The fields of a category that a clause carries, for a person of whom these facts hold.
pub(crate) fn carries(
    bundle: &Bundle,
    clause: &ClauseId,
    category: &Category,
    facts: &Facts,
    purpose: &Purpose,
) -> BTreeSet<FieldName> {
    let overlay = Overlay::of(facts, purpose);
    let Some((instrument, clause)) = bundle.clause(clause) else { return BTreeSet::new() };
    let named = |field: &FieldName| clause.fields.as_ref().is_some_and(|own| own.contains(field));
    let mut fields = instrument.category(category).map(CategoryEntry::whole).unwrap_or_default();
    fields.retain(|field| {
        (clause.fields.is_none() || named(field)) && (!overlay.hides(field) || named(field))
    });
    fields
}

/// A null role matches nothing, `*` included.
fn none_matches(ask: &Ask) -> Outcome {
    let first = ask.want.categories().keys().next();
    denied(first.map(|category| (Bar::NoClause, category.to_string())))
}

/// A refusal always has a reason, be it that nothing was asked.
fn denied(why: Option<(Bar, String)>) -> Outcome {
    let (bar, what) = why.unwrap_or_else(|| (Bar::NoClause, "nothing".to_owned()));
    Outcome::Deny(Denied::of(bar, what))
}

/// What an asking is kept under; none where an end has no role.
fn ask_key(ask: &Ask, facts: &Facts) -> Option<AskKey> {
    let (from, to) = (ask.sender.role.clone()?, ask.recipient.role.clone()?);
    let candidacy = Candidacy {
        purpose: ask.purpose.clone(),
        action: ask.action,
        sender: ask.sender.organisation.clone(),
        recipient: ask.recipient.organisation.clone(),
    };
    Some(AskKey { candidacy, roles: (from, to), facts: facts.clone() })
}

impl Deciding<'_> {
    fn outcome(&self, rows: Option<&BTreeSet<RowClass>>) -> Result<Outcome, Error> {
        let in_part = self.ask.want.in_part();
        let plain = self.plain();
        let held = rows.map_or_else(|| plain.clone(), |rows| self.held(rows));
        let asked = if in_part { plain } else { sent(plain, &held) };
        let covered = self.mask(&asked, false)?;
        let open = self.left(&asked, &covered);
        let supposed = self.mask(&open, true)?;
        if self.enough(&covered, &asked) {
            let mask = if in_part { self.mask(&held, false)? } else { covered.clone() };
            let offers = self.offers(&supposed);
            return Ok(Outcome::Permit(self.permitted(mask, &covered, offers)));
        }
        if self.enough(&supposed, &open) {
            return Ok(Outcome::Need(self.needed(&supposed)));
        }
        Ok(denied(self.first_bar(&open, &supposed)?))
    }

    /// The least remediable bar to what no words would open; of equals, the first row's.
    fn first_bar(&self, open: &Open, supposed: &Mask) -> Result<Option<(Bar, String)>, Error> {
        let wanted = self.ask.want.categories();
        let about = |n: &&usize| {
            let term = self.bundle.terms.get(**n);
            term.is_some_and(|term| term.clause.categories.iter().any(|c| wanted.contains_key(c)))
        };
        let among: Vec<usize> = self.asking.seated.iter().filter(about).copied().collect();
        let mut least: Option<(Bar, String)> = None;
        for (row, fields) in &self.left(open, supposed) {
            let bar = self.why(&among, row, fields)?;
            if least.as_ref().is_none_or(|(least, _)| bar.0 < *least) {
                least = Some(bar);
            }
            if least.as_ref().is_some_and(|(least, _)| *least == Bar::Prohibited) {
                break;
            }
        }
        Ok(least)
    }

    /// Every field asked of each category's plain class.
    fn plain(&self) -> Open {
        let sender = &self.ask.sender.organisation;
        let categories = self.ask.want.categories().iter();
        let classes = categories.map(|(category, fields)| {
            let row = RowClass::plain(category.clone(), sender.clone());
            (row, self.asked(category, fields))
        });
        classes.collect()
    }

    /// Every field asked of the classes that are held.
    fn held(&self, rows: &BTreeSet<RowClass>) -> Open {
        let categories = self.ask.want.categories();
        let asked = rows.iter().filter_map(|row| Some((row, categories.get(&row.category)?)));
        asked.map(|(row, fields)| (row.clone(), self.asked(&row.category, fields))).collect()
    }

    /// A category that nobody knows is one field, which nothing covers.
    fn asked(&self, category: &Category, fields: &Fields) -> BTreeSet<FieldName> {
        match (fields, self.bundle.dictionary().fields(category)) {
            (Fields::Only(named), _) => named.clone(),
            (Fields::All, Some(whole)) => whole.clone(),
            (Fields::All, None) => FieldName::new(category.as_str()).into_iter().collect(),
        }
    }

    fn mask(&self, open: &Open, words_supposed: bool) -> Result<Mask, Error> {
        let mut mask = Mask::new();
        for (row, fields) in open {
            let covered = self.cover(row, fields, words_supposed)?;
            if !covered.is_empty() {
                mask.insert(row.clone(), covered);
            }
        }
        Ok(mask)
    }

    /// All of it that must be covered, or, where a part will do, any of it.
    fn enough(&self, covered: &Mask, asked: &Open) -> bool {
        let all = |(row, fields): (&RowClass, &BTreeSet<FieldName>)| {
            let covers = |field| covered.get(row).is_some_and(|got| got.contains_key(field));
            self.must(row, fields).all(covers)
        };
        !covered.is_empty() && (self.ask.want.in_part() || asked.iter().all(all))
    }

    /// The fields without which an ask is not met. Who asks for all of a category asks, where the
    /// person's address is protected, for all of it but the places: a report of harm goes out
    /// without the address rather than not at all.
    fn must<'f>(
        &self,
        row: &RowClass,
        fields: &'f BTreeSet<FieldName>,
    ) -> impl Iterator<Item = &'f FieldName> {
        let of_all = self.ask.want.categories().get(&row.category) == Some(&Fields::All);
        let spared = of_all && !self.ask.want.in_part();
        let overlay = &self.asking.overlay;
        fields.iter().filter(move |field| !(spared && overlay.hides(field)))
    }

    /// The fields that must be covered and are not.
    fn left(&self, asked: &Open, covered: &Mask) -> Open {
        let left = asked.iter().filter_map(|(row, fields)| {
            let got = |field: &&FieldName| covered.get(row).is_some_and(|c| c.contains_key(*field));
            let left: BTreeSet<_> =
                self.must(row, fields).filter(|field| !got(field)).cloned().collect();
            (!left.is_empty()).then(|| (row.clone(), left))
        });
        left.collect()
    }

    fn permitted(&self, mask: Mask, asked: &Mask, offers: Offers) -> Permitted {
        let mut categories: BTreeMap<Category, Covered> = BTreeMap::new();
        for (row, covered) in asked {
            categories.entry(row.category.clone()).or_default().extend(covered.clone());
        }
        let cited: BTreeSet<&ClauseId> =
            mask.values().chain(asked.values()).flat_map(BTreeMap::values).collect();
        let citations = cited.into_iter().filter_map(|id| Some((id.clone(), self.citation(id)?)));
        let citations = citations.collect();
        let hides_places = self.asking.overlay.hides_places;
        Permitted { mask, categories, citations, offers, hides_places }
    }

    fn citation(&self, id: &ClauseId) -> Option<Citation> {
        let term = self.bundle.term(id)?;
        let (own, clause) = (self.bundle.held.get(term.held)?, &term.clause);
        let shown = clause.visible_to_person.unwrap_or(Visibility::AfterReview);
        let earliest =
            if self.asking.overlay.at_risk { Visibility::AfterReview } else { Visibility::Now };
        Some(Citation {
            instrument: own.name.clone(),
            hash: own.hash.clone(),
            kind: clause.kind,
            modality: clause.modality,
            text: clause.text.clone(),
            obligations: clause.obligations.clone(),
            deadline: clause.deadline.clone(),
            visible_to_person: shown.max(earliest),
            unmet: clause.expect.difference(&self.facts.held).cloned().collect(),
        })
    }

    /// The words of every clause that would cover what is left, minus those given.
    fn needed(&self, supposed: &Mask) -> Needed {
        let cited: BTreeSet<&ClauseId> = supposed.values().flat_map(BTreeMap::values).collect();
        let terms = cited.into_iter().filter_map(|id| self.bundle.term(id));
        Needed { statements: terms.flat_map(|term| self.missing(term)).collect() }
    }

    /// A clause's words that are not given, each with its text.
    fn missing(&self, term: &Term) -> BTreeMap<Words, String> {
        let missing = term.words.iter().filter(|words| !self.facts.attested.contains(words));
        let text = |words| self.bundle.text_of(words).unwrap_or_default().to_owned();
        missing.map(|words| (words.clone(), text(words))).collect()
    }

    /// What the clauses would add beside a permit. An emergency has a page, a reason and a review
    /// of its own; its words are no way to see a little more.
    fn offers(&self, supposed: &Mask) -> Offers {
        let mut offers = Offers::new();
        for (row, covered) in supposed {
            for (field, id) in covered {
                let term = self.bundle.term(id);
                let routine = term.filter(|term| term.clause.kind != Kind::Exceptional);
                let Some(term) = routine else { continue };
                let new = || Offer { statements: self.missing(term), adds: BTreeMap::new() };
                let adds = &mut offers.entry(id.clone()).or_insert_with(new).adds;
                adds.entry(row.category.clone()).or_default().insert(field.clone());
            }
        }
        offers
    }
}

/// What is sent: the classes named, and the plain class of each category without any.
fn sent(mut plain: Open, held: &Open) -> Open {
    let named: BTreeSet<&Category> = held.keys().map(|row| &row.category).collect();
    plain.retain(|row, _| !named.contains(&row.category));
    plain.extend(held.clone());
    plain
}
