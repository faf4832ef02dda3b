//! How much speaks for two records being one person's, with the sum that says so.
//!
//! What is weighed is what its reader may see of the two, and nothing else: a sum over an address
//! that is kept from them would tell them of it.

use std::fmt;
use std::sync::LazyLock;

use ken_match::{Explanation, Model, Row, alone, explain};

/// The shipped model, read once.
pub(crate) static SHIPPED: LazyLock<Option<Model>> = LazyLock::new(|| Model::shipped().ok());

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

/// Weighs two records by the shipped model; `None` where this program has none that reads.
///
/// It tells a human what the model makes of what they see, and decides nothing.
#[must_use]
pub fn weigh(one: &Seen, other: &Seen) -> Option<Explanation> {
    let model = SHIPPED.as_ref()?;
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
        let whole = weigh(&morag, &morag).unwrap();
        assert!(whole.rule.is_none() && whole.score.probability > 0.99);
        let hidden = Seen { address: String::new(), postcode: String::new(), ..morag.clone() };
        let without = weigh(&morag, &hidden).unwrap();
        let place = without.steps.iter().find(|step| step.what == "address").unwrap();
        assert_eq!(place.how, "missing");
        assert!(without.score.bits < whole.score.bits);
        let twin = Seen { given: "Agnes".into(), ..morag.clone() };
        assert!(weigh(&morag, &twin).unwrap().rule.is_some(), "possible twins are never sure");
        assert_eq!(format!("{morag:?}"), "Seen(..)");
    }
}
