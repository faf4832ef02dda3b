//! What words would add beside a permit, found clause by clause.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mutant, Names, Open, Oracle, Row};

/// By `hash#clause`: the words still to affirm, and the categories' fields that they would add.
pub type Offers = BTreeMap<String, (Names, BTreeSet<(String, String)>)>;

impl Oracle<'_> {
    /// Clause by clause in clause order: what it would add to what is given and offered before it.
    pub(super) fn offers(&self, held: &Open) -> Offers {
        let mut offers = Offers::new();
        if !self.case.up_to || self.is(Mutant::OfferForgotten) {
            return offers;
        }
        let asked = if self.is(Mutant::OfferOfHeld) { held.clone() } else { self.plain() };
        let given = self.cover(&asked, false);
        let mut left: Open = asked.iter().filter(|at| !given.contains_key(*at)).cloned().collect();
        if self.is(Mutant::OfferOfWhatIsGiven) {
            left = asked;
        }
        for term in &self.terms {
            let words = term.words();
            let missing = words.iter().filter(|words| !self.affirmed(words));
            let missing: Names = missing.cloned().collect();
            let emergency = term.kind() == "exceptional" && !self.is(Mutant::OfferOfEmergency);
            if missing.is_empty() || emergency || self.bar(term, true).is_some() {
                continue;
            }
            let would = |(row, field): &&(Row, String)| {
                let allowed = self.stop(term, row).is_none();
                self.is_of(term, row)
                    && (allowed || self.is(Mutant::OfferOfWhatIsForbidden))
                    && self.covers(term, &row.category).contains(field)
            };
            let adds: Open = left.iter().filter(would).cloned().collect();
            if adds.is_empty() {
                continue;
            }
            if !self.is(Mutant::OfferByEveryClause) {
                left.retain(|at| !adds.contains(at));
            }
            let said = if self.is(Mutant::OfferOfGivenWords) { words } else { missing };
            let adds = adds.into_iter().map(|(row, field)| (row.category, field)).collect();
            offers.insert(term.id(), (said, adds));
        }
        offers
    }
}
