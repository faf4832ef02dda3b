//! The gate's rule, pure: from a bundle, an ask and facts to Permit, Need or Deny.
//!
//! It reads no clock, no database and no caller's word for a fact. `gate` fetches, calls this, and
//! enters the answer in the ledger before anything leaves.
//!
//! # Invariants
//!
//! - `UpTo` is decided on each category's plain class, so the answer is the same whatever is held;
//!   the classes that are held only take from the mask.
//! - A field that no clause covers is absent from the mask. A category that no instrument knows,
//!   and an ask for nothing, are refused.
//! - The answer is a function of the arguments; what is remembered only saves time.
//!
//! # Sources
//!
//! - `core.md` sections 2.3 to 2.7; the vectors are in `tests/it/vectors.json`.

mod ask;
pub(crate) mod cedar;
mod cover;
mod error;
pub(crate) mod memo;

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::Visibility;
use ken_core::{Category, ClauseId, FieldName, RoleId};

use crate::bundle::{Bundle, Candidacy};
use cedar::{Said, seated};
use cover::{Deciding, View};
use memo::{AskKey, Asking, FlowKey, Kept, Stood};

pub use ask::{
    Ask, Bar, Citation, Covered, Denied, Facts, Fields, Needed, Outcome, Permitted, Reason,
    RowClass, Seat, Want,
};
pub use error::Error;

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
) -> Result<Outcome, Error> {
    let (Some(from), Some(to)) = (&ask.sender.role, &ask.recipient.role) else {
        return Ok(none_matches(ask));
    };
    let key = ask_key(ask, facts, from, to);
    let asking = bundle.memo.askings.get_or(key, |key| asking(bundle, ask, facts, key))?;
    Deciding { bundle, ask, facts, asking: &asking, view: View::Slice }.outcome(rows)
}

/// Decides with every clause a candidate and every policy before the engine, and no answer
/// remembered: slow, and never different. For tests, and for whoever doubts the slices.
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
    let (Some(from), Some(to)) = (&ask.sender.role, &ask.recipient.role) else {
        return Ok(none_matches(ask));
    };
    let mut asking = asking(bundle, ask, facts, &ask_key(ask, facts, from, to))?;
    asking.candidates = (0..bundle.terms.len()).collect();
    Deciding { bundle, ask, facts, asking: &asking, view: View::Whole }.outcome(rows)
}

/// A null role matches nothing, `*` included.
fn none_matches(ask: &Ask) -> Outcome {
    let categories = ask.want.categories().keys();
    refuse(categories.map(|category| (Bar::NoClause, category.as_str())))
}

fn refuse<'a>(bars: impl Iterator<Item = (Bar, &'a str)>) -> Outcome {
    let reasons = bars.map(|(bar, what)| Reason { bar, what: what.to_owned() });
    denied(reasons.collect())
}

/// A refusal always has a reason, be it that nothing was asked.
fn denied(mut reasons: BTreeSet<Reason>) -> Outcome {
    if reasons.is_empty() {
        reasons.insert(Reason { bar: Bar::NoClause, what: "nothing".to_owned() });
    }
    Outcome::Deny(Denied { reasons })
}

fn ask_key(ask: &Ask, facts: &Facts, from: &RoleId, to: &RoleId) -> AskKey {
    AskKey {
        flow: FlowKey {
            sender: (ask.sender.organisation.clone(), from.clone()),
            recipient: (ask.recipient.organisation.clone(), to.clone()),
            action: ask.action,
            day: facts.day,
        },
        purpose: ask.purpose.clone(),
        facts: facts.held.clone(),
        attested: facts.attested.clone(),
        referrers: facts.referrers.clone(),
    }
}

fn asking(bundle: &Bundle, ask: &Ask, facts: &Facts, key: &AskKey) -> Result<Asking, Error> {
    let stood = bundle.memo.flows.get_or(key.flow.clone(), |_| stood(bundle, ask, facts))?;
    let candidacy = Candidacy {
        purpose: &ask.purpose,
        action: ask.action,
        sender: &ask.sender.organisation,
        recipient: &ask.recipient.organisation,
    };
    Ok(Asking {
        stood,
        said: Said::new(ask.purpose.as_str(), facts)?,
        candidates: bundle.candidates(&candidacy),
        answers: Kept::classes(),
    })
}

fn stood(bundle: &Bundle, ask: &Ask, facts: &Facts) -> Result<Stood, Error> {
    let (sender, recipient) = (&ask.sender.organisation, &ask.recipient.organisation);
    let standing = bundle.standing(sender, recipient, facts.day);
    let seats = seated(&ask.sender).zip(seated(&ask.recipient));
    let (from, to) = seats.ok_or_else(|| Error::Engine("a seat without a role".to_owned()))?;
    let flow = bundle.engine.flow(from, to, ask.action, standing.tokens.iter())?;
    Ok(Stood { flow, standing })
}

impl Deciding<'_> {
    fn outcome(&self, rows: Option<&BTreeSet<RowClass>>) -> Result<Outcome, Error> {
        let plain = self.plain();
        let held = rows.map_or_else(|| plain.clone(), |rows| self.held(rows));
        let asked = if self.ask.want.in_part() { plain } else { sent(plain, &held) };
        let (covered, _) = self.mask(&asked, false)?;
        if self.enough(&covered, &asked) {
            let in_part = self.ask.want.in_part();
            let mask = if in_part { self.mask(&held, false)?.0 } else { covered.clone() };
            return Ok(Outcome::Permit(self.permitted(mask, &covered)));
        }
        let open = left(asked, &covered);
        let (supposed, reasons) = self.mask(&open, true)?;
        if !self.enough(&supposed, &open) {
            return Ok(denied(reasons));
        }
        Ok(Outcome::Need(self.needed(&supposed)))
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

    fn mask(&self, open: &Open, words_supposed: bool) -> Result<(Mask, BTreeSet<Reason>), Error> {
        let (mut mask, mut reasons) = (Mask::new(), BTreeSet::new());
        for (row, fields) in open {
            let (covered, bars) = self.cover(row, fields, words_supposed)?;
            if !covered.is_empty() {
                mask.insert(row.clone(), covered);
            }
            reasons.extend(bars);
        }
        Ok((mask, reasons))
    }

    /// All of it, or, where a part will do, any of it.
    fn enough(&self, covered: &Mask, asked: &Open) -> bool {
        let all = |(row, fields): (&RowClass, &BTreeSet<FieldName>)| {
            let got = covered.get(row).map_or(0, BTreeMap::len);
            got == fields.len() && got > 0
        };
        if self.ask.want.in_part() {
            !covered.is_empty()
        } else {
            !asked.is_empty() && asked.iter().all(all)
        }
    }

    fn permitted(&self, mask: Mask, asked: &Mask) -> Permitted {
        let mut categories: BTreeMap<Category, Covered> = BTreeMap::new();
        for (row, covered) in asked {
            categories.entry(row.category.clone()).or_default().extend(covered.clone());
        }
        let cited: BTreeSet<&ClauseId> =
            mask.values().chain(asked.values()).flat_map(BTreeMap::values).collect();
        let citations = cited.into_iter().filter_map(|id| Some((id.clone(), self.citation(id)?)));
        let citations = citations.collect();
        Permitted { mask, categories, citations }
    }

    fn citation(&self, id: &ClauseId) -> Option<Citation> {
        let term = self.bundle.terms.iter().find(|term| term.id == *id)?;
        let (own, clause) = (self.bundle.held.get(term.held)?, &term.clause);
        Some(Citation {
            instrument: own.name.clone(),
            hash: own.hash.clone(),
            kind: clause.kind,
            modality: clause.modality,
            text: clause.text.clone(),
            obligations: clause.obligations.clone(),
            deadline: clause.deadline.clone(),
            visible_to_person: clause.visible_to_person.unwrap_or(Visibility::AfterReview),
            unmet: clause.expect.difference(&self.facts.held).cloned().collect(),
        })
    }

    /// The words of every clause that would cover what is left, minus those given.
    fn needed(&self, supposed: &Mask) -> Needed {
        let cited: BTreeSet<&ClauseId> = supposed.values().flat_map(BTreeMap::values).collect();
        let terms = self.bundle.terms.iter().filter(|term| cited.contains(&term.id));
        let words = terms.flat_map(|term| &term.words);
        let missing = words.filter(|words| !self.facts.attested.contains(words));
        let text = |words| self.bundle.text_of(words).unwrap_or_default().to_owned();
        Needed { statements: missing.map(|words| (words.clone(), text(words))).collect() }
    }
}

/// What is sent: the classes named, and the plain class of each category without any.
fn sent(mut plain: Open, held: &Open) -> Open {
    let named: BTreeSet<&Category> = held.keys().map(|row| &row.category).collect();
    plain.retain(|row, _| !named.contains(&row.category));
    plain.extend(held.clone());
    plain
}

/// The fields that are not covered.
fn left(asked: Open, covered: &Mask) -> Open {
    let left = asked.into_iter().filter_map(|(row, mut fields)| {
        if let Some(covered) = covered.get(&row) {
            fields.retain(|field| !covered.contains_key(field));
        }
        (!fields.is_empty()).then_some((row, fields))
    });
    left.collect()
}
