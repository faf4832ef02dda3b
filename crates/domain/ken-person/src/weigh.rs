//! How much speaks for two records being one person's, with the sum that says so.
//!
//! What is weighed is what its reader may see of the two, and nothing else: a sum over an address
//! that is kept from them would tell them of it.

use std::fmt;
use std::sync::LazyLock;

use ken_match::{Explanation, Field, Model, Row, Rule, Scorer, alone, explain};

use crate::Index;

/// The shipped model, read once.
pub(crate) static SHIPPED: LazyLock<Option<Model>> = LazyLock::new(|| Model::shipped().ok());

/// What scores by it, made once.
static SCORER: LazyLock<Option<Scorer>> = LazyLock::new(|| SHIPPED.as_ref().map(Scorer::new));

/// The engine's word where two names are not alike at all.
const DIFFERS: &str = "differs";

/// How two records agree that are looked at by themselves: nobody else's name counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alone {
    /// How likely it is that they are one person's.
    pub(crate) probability: f64,
    /// The evidence, in thousandths of a bit.
    pub(crate) millibits: i64,
    /// Whether a rule keeps them apart whatever the evidence, or another family name does.
    pub(crate) is_apart: bool,
}

/// Compares two records by themselves; `None` where this program has no model that reads.
pub(crate) fn alike(one: &Row<'_>, other: &Row<'_>) -> Option<Alone> {
    let pattern = alone(one, other);
    let score = SCORER.as_ref()?.score(pattern);
    let family = usize::from(pattern.level(Field::Surname));
    let differs = Field::Surname.levels().get(family).is_none_or(|word| *word == DIFFERS);
    Some(Alone {
        probability: score.probability,
        millibits: crate::index::millibits(score.bits),
        is_apart: differs || Rule::of(pattern).is_some(),
    })
}

/// What is seen of one record; an empty text is not known, or not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Given names, the first one first.
    pub given: String,
    /// Family name.
    pub family: String,
    /// Date of birth, whole or partial.
    pub born: String,
    /// Sex as recorded.
    pub sex: String,
    /// First line of the address.
    pub address: String,
    /// Postcode.
    pub postcode: String,
    /// CHI number.
    pub chi: String,
    /// NHS number.
    pub nhs: String,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen(..)")
    }
}

impl Seen {
    fn row(&self) -> Row<'_> {
        let (forename, middle) = self.given.split_once(' ').unwrap_or((&self.given, ""));
        Row {
            forename,
            middle,
            surname: &self.family,
            born: &self.born,
            sex: &self.sex,
            address: &self.address,
            postcode: &self.postcode,
            chi: &self.chi,
            nhs: &self.nhs,
            ..Row::default()
        }
    }
}

/// Weighs two records by the model in use; `None` where this program has none that reads.
///
/// It tells a human what the model makes of what they see, and decides nothing.
#[must_use]
pub fn weigh(index: &Index, one: &Seen, other: &Seen) -> Option<Explanation> {
    let using = index.using();
    let model = using.model.as_ref()?;
    Some(explain(model, alone(&one.row(), &other.row())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_weighs_nothing() {
        let morag = Seen {
            given: "Morag Jean".into(),
            family: "Drummond".into(),
            born: "1948-03-02".into(),
            sex: "female".into(),
            address: "1 Made-up Road".into(),
            postcode: "EH1 1AA".into(),
            ..Seen::default()
        };
        let whole = weigh(&Index::new(), &morag, &morag).unwrap();
        assert!(whole.rule.is_none() && whole.score.probability > 0.99);
        let hidden = Seen { address: String::new(), postcode: String::new(), ..morag.clone() };
        let without = weigh(&Index::new(), &morag, &hidden).unwrap();
        let place = without.steps.iter().find(|step| step.what == "address").unwrap();
        assert_eq!(place.how, "missing");
        assert!(without.score.bits < whole.score.bits);
        let twin = Seen { given: "Agnes".into(), ..morag.clone() };
        assert!(
            weigh(&Index::new(), &morag, &twin).unwrap().rule.is_some(),
            "possible twins are never sure"
        );
        assert_eq!(format!("{morag:?}"), "Seen(..)");
    }
}
