//! Who may see what for which purpose, by asking the pure decision; and as a file of commas.
//!
//! # Invariants
//!
//! - A cell is an answer of `ken_sharing::decide`, on policies made from the instrument and what it
//!   stands on, as if every party had signed. Clauses are read in no second way.
//! - The facts that clauses require are supposed; the words to affirm are not.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_agreement::status::{PERSON, Register};
use ken_agreement::{Action, Instrument, InstrumentRef, Kind, Tier};
use ken_core::{Category, ClauseId, Fact, OrganisationId, Purpose, RoleId};
use ken_sharing::bundle::{Admitted, Bundle};
use ken_sharing::decide::{self, Ask, Facts, Outcome, Seat, Want};

use crate::Error;

/// Most questions of one matrix. House policy: a second's work; more is asked role by role.
pub const QUESTIONS_MAX: usize = 40_000;
/// The passive end of a fetch, and the person's own role.
const RECORD: &str = "record";
const SELF: &str = "self";

/// What a role may have of one kind of information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing.
    No,
    /// In an emergency alone.
    Emergency,
    /// Some of its fields, once words are affirmed.
    PartAfterWords,
    /// All of it, once words are affirmed.
    AfterWords,
    /// Some of its fields.
    Part,
    /// All of it.
    Yes,
}

impl Cell {
    /// The cell in words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::No => "No",
            Self::Emergency => "In an emergency",
            Self::PartAfterWords => "In part, after affirming why",
            Self::AfterWords => "Yes, after affirming why",
            Self::Part => "In part",
            Self::Yes => "Yes",
        }
    }
}

/// One answer of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The kind of information.
    pub category: Category,
    /// Whose it is.
    pub from: OrganisationId,
    /// What for.
    pub purpose: Purpose,
    /// How it moves.
    pub action: Action,
    /// The answer.
    pub cell: Cell,
    /// The clauses relied upon.
    pub clauses: BTreeSet<String>,
    /// What must hold as well.
    pub facts: BTreeSet<Fact>,
}

/// An instrument made ready to be asked, with what it stands on, as if all had signed.
#[derive(Debug)]
pub struct Ready {
    instrument: Instrument,
    bundle: Bundle,
    facts: Facts,
}

/// The roles that may stand at the receiving end, the person last.
#[must_use]
pub fn recipients(instrument: &Instrument) -> Vec<(OrganisationId, RoleId)> {
    let parties = instrument.parties.iter();
    let mut all: Vec<_> = parties
        .flat_map(|party| party.roles.iter().map(|role| (party.id.clone(), role.clone())))
        .collect();
    all.extend(PERSON.parse().ok().zip(SELF.parse().ok()));
    all
}

/// Makes an instrument ready, with those of `others` that it stands under or narrows.
///
/// # Errors
///
/// When the policies do not compile.
pub fn ready(instrument: &Instrument, others: &[Admitted], today: Date) -> Result<Ready, Error> {
    let named = instrument.clauses.iter().filter_map(|clause| clause.source.as_ref());
    let named = named.map(|source| &source.instrument).chain(&instrument.agreement.under);
    let named: BTreeSet<&InstrumentRef> = named.collect();
    let beneath = others.iter().map(|other| &other.instrument);
    let beneath = beneath.filter(|other| named.contains(&other.name()));
    let signed = |instrument: &Instrument| {
        let parties = instrument.parties.iter().map(|party| party.id.clone());
        let lead = instrument.agreement.lead_party.clone();
        let register = Register { signed: parties.chain([lead]).collect(), ..Register::default() };
        Admitted { instrument: instrument.clone(), register }
    };
    let bundle = Bundle::compile(beneath.chain([instrument]).map(signed))?;
    let mut facts = Facts::none(day_within(instrument, today));
    let clauses = instrument.clauses.iter();
    facts.held = clauses.clone().flat_map(|clause| clause.require.clone()).collect();
    facts.referrers = instrument.parties.iter().map(|party| party.id.clone()).collect();
    Ok(Ready { instrument: instrument.clone(), bundle, facts })
}

/// Today, or the first day of an instrument that has not begun or has ended.
fn day_within(instrument: &Instrument, today: Date) -> Date {
    let head = &instrument.agreement;
    let begun = head.effective_from.0 <= today;
    let lasts = head.effective_until.is_none_or(|until| today <= until.0);
    let reviewed = today <= instrument.lifecycle.review_due.0;
    if begun && lasts && reviewed { today } else { head.effective_from.0 }
}

impl Ready {
    /// The policies.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The facts that its clauses require, on a day when it is in force.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What one role may have, kind by kind; a kind of which it may have nothing has no row.
    ///
    /// # Errors
    ///
    /// Whatever the decision says.
    pub fn of_role(&self, to: &(OrganisationId, RoleId)) -> Result<Vec<Row>, Error> {
        let mut rows = BTreeSet::new();
        for (action, purpose) in self.routes() {
            for from in self.senders(&to.0) {
                for category in &self.instrument.categories {
                    let row = self.ask(to, &from, (action, &purpose), &category.id)?;
                    rows.extend(row);
                }
            }
        }
        Ok(rows.into_iter().collect())
    }

    /// What one role may have of one kind from one party.
    ///
    /// # Errors
    ///
    /// Whatever the decision says.
    pub fn of_kind(
        &self,
        to: &(OrganisationId, RoleId),
        from: &OrganisationId,
        category: &Category,
    ) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        for (action, purpose) in self.routes() {
            rows.extend(self.ask(to, from, (action, &purpose), category)?);
        }
        Ok(rows)
    }

    /// How many questions one kind from one party costs.
    #[must_use]
    pub fn routes_len(&self) -> usize {
        self.routes().len()
    }

    /// The roles of a party.
    #[must_use]
    pub fn roles_of(&self, party: &OrganisationId) -> Vec<RoleId> {
        let party = self.instrument.party(party);
        party.map(|party| party.roles.iter().cloned().collect()).unwrap_or_default()
    }

    /// How many questions one role costs.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.routes().len() * self.instrument.parties.len() * self.instrument.categories.len()
    }

    /// Every way of moving and purpose that a permit of it names.
    fn routes(&self) -> BTreeSet<(Action, Purpose)> {
        let clauses = self.instrument.clauses.iter();
        let routes = clauses.filter_map(|clause| clause.purpose.as_ref().map(|of| (clause, of)));
        let routes = routes
            .flat_map(|(clause, of)| clause.action.iter().map(move |action| (*action, of.clone())));
        routes.collect()
    }

    /// Other parties first; an organisation's own records are own work.
    fn senders(&self, to: &OrganisationId) -> Vec<OrganisationId> {
        let others = self.instrument.parties.iter().map(|party| party.id.clone());
        let (own, mut all): (Vec<_>, Vec<_>) = others.partition(|id| id == to);
        all.extend(own);
        all
    }

    fn ask(
        &self,
        to: &(OrganisationId, RoleId),
        from: &OrganisationId,
        (action, purpose): (Action, &Purpose),
        category: &Category,
    ) -> Result<Option<Row>, Error> {
        let mut best: Option<Row> = None;
        for role in self.sender_roles(from, action) {
            let ask = Ask {
                sender: Seat { organisation: from.clone(), role: Some(role) },
                recipient: Seat { organisation: to.0.clone(), role: Some(to.1.clone()) },
                action,
                purpose: purpose.clone(),
                want: Want::some_of([category.clone()]),
            };
            let (cell, clauses) = self.cell(&ask, category)?;
            if cell > best.as_ref().map_or(Cell::No, |row| row.cell) {
                let (category, from, purpose) = (category.clone(), from.clone(), purpose.clone());
                let facts = self.required(&clauses);
                let clauses = clauses.iter().map(|id| self.clause_name(id)).collect();
                best = Some(Row { category, from, purpose, action, cell, clauses, facts });
            }
        }
        Ok(best)
    }

    /// A store answers a fetch; somebody in a role sends.
    fn sender_roles(&self, from: &OrganisationId, action: Action) -> Vec<RoleId> {
        if action.fetches() {
            return RECORD.parse().into_iter().collect();
        }
        self.roles_of(from)
    }

    fn cell(&self, ask: &Ask, category: &Category) -> Result<(Cell, BTreeSet<ClauseId>), Error> {
        match &*decide::decide(&self.bundle, ask, &self.facts, None)? {
            Outcome::Permit(permitted) => Ok(self.given(permitted, category, false)),
            Outcome::Need(needed) => {
                let mut facts = self.facts.clone();
                facts.attested = needed.statements.keys().cloned().collect();
                match &*decide::decide(&self.bundle, ask, &facts, None)? {
                    Outcome::Permit(permitted) => Ok(self.given(permitted, category, true)),
                    _ => Ok((Cell::No, BTreeSet::new())),
                }
            }
            Outcome::Deny(_) => Ok((Cell::No, BTreeSet::new())),
        }
    }

    fn given(
        &self,
        permitted: &decide::Permitted,
        category: &Category,
        after_words: bool,
    ) -> (Cell, BTreeSet<ClauseId>) {
        let covered = permitted.categories.get(category).cloned().unwrap_or_default();
        let named = covered.keys().cloned().collect();
        let is_whole = self.bundle.dictionary().is_whole(category, &named);
        let clauses: BTreeSet<ClauseId> = covered.into_values().collect();
        let kinds = clauses.iter().filter_map(|id| permitted.citations.get(id));
        let emergency = kinds.map(|cited| cited.kind).all(|kind| kind == Kind::Exceptional);
        let cell = match (clauses.is_empty(), emergency, is_whole, after_words) {
            (true, ..) => Cell::No,
            (_, true, ..) => Cell::Emergency,
            (_, _, true, false) => Cell::Yes,
            (_, _, false, false) => Cell::Part,
            (_, _, true, true) => Cell::AfterWords,
            (_, _, false, true) => Cell::PartAfterWords,
        };
        (cell, clauses)
    }

    fn required(&self, clauses: &BTreeSet<ClauseId>) -> BTreeSet<Fact> {
        let clauses = clauses.iter().filter_map(|id| self.bundle.clause(id));
        clauses.flat_map(|(_, clause)| clause.require.clone()).collect()
    }

    /// `C1`, or `scot-accord@3#X1` for a clause of another instrument.
    fn clause_name(&self, id: &ClauseId) -> String {
        match self.bundle.clause(id) {
            Some((own, clause)) if own.name() == self.instrument.name() => clause.id.to_string(),
            Some((other, clause)) => format!("{}#{}", other.name(), clause.id),
            None => id.to_string(),
        }
    }
}

/// The whole matrix as a file of commas, role by role; none where it would cost too many questions.
///
/// # Errors
///
/// Whatever the decision says.
pub fn csv(ready: &Ready) -> Result<Option<String>, Error> {
    let roles = recipients(&ready.instrument);
    if roles.len().saturating_mul(ready.questions()) > QUESTIONS_MAX {
        return Ok(None);
    }
    let mut text =
        "organisation,role,kind of information,from,purpose,how,answer,clauses,must hold\r\n"
            .to_owned();
    for to in roles {
        for row in ready.of_role(&to)? {
            let facts: Vec<_> = row.facts.iter().map(Fact::as_str).collect();
            let clauses: Vec<_> = row.clauses.iter().map(String::as_str).collect();
            let cells = [
                to.0.as_str(),
                to.1.as_str(),
                row.category.as_str(),
                row.from.as_str(),
                row.purpose.as_str(),
                row.action.as_str(),
                row.cell.says(),
                &clauses.join(" "),
                &facts.join(" "),
            ];
            text.push_str(&cells.map(quoted).join(","));
            text.push_str("\r\n");
        }
    }
    Ok(Some(text))
}

/// A cell that neither breaks the row nor becomes a formula where it is opened.
#[must_use]
pub fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

/// Whether an instrument of this tier has clauses of its own to ask about.
#[must_use]
pub fn has_matrix(tier: Tier) -> bool {
    matches!(tier, Tier::Isa | Tier::Accord)
}
