//! Health: results, reports, allergies, conditions.

use super::view;
use crate::{DateTime, Node};

view!(
    /// One result or measurement.
    Observation
);
view!(
    /// A report that gathers observations.
    DiagnosticReport
);
view!(
    /// An allergy or intolerance.
    AllergyIntolerance
);
view!(
    /// A problem or diagnosis.
    Condition
);

impl<'r> Observation<'r> {
    /// What was observed.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        self.0.get("code").words()
    }

    /// The value as people read it, digits and comparator as sent: `<15 mL/min`, `10 - 20 g`.
    #[must_use]
    pub fn value(self) -> Option<String> {
        let plain = ["valueString", "valueDateTime", "valueTime", "valueInteger", "valueBoolean"];
        let words = || self.0.get("valueCodeableConcept").words().map(str::to_owned);
        let pair = |name: &str, from: &str, to: &str, between: &str| {
            let value = self.0.get(name);
            let ends = [quantity(value.get(from)), quantity(value.get(to))];
            ends.iter()
                .any(Option::is_some)
                .then(|| ends.map(Option::unwrap_or_default).join(between))
        };
        let period = || {
            let value = self.0.get("valuePeriod");
            let ends = ["start", "end"].map(|name| value.get(name).plain());
            ends.iter()
                .any(Option::is_some)
                .then(|| ends.map(Option::unwrap_or_default).join(" - "))
        };
        quantity(self.0.get("valueQuantity"))
            .or_else(|| plain.iter().find_map(|key| self.0.get(key).plain()))
            .or_else(words)
            .or_else(|| pair("valueRange", "low", "high", " - "))
            .or_else(|| pair("valueRatio", "numerator", "denominator", ":"))
            .or_else(period)
    }

    /// Whether it was recorded by mistake.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.status() == Some("entered-in-error")
    }

    /// The usual range, as text.
    #[must_use]
    pub fn range(self) -> Option<&'r str> {
        self.0.get("referenceRange").get("text").text()
    }

    /// What the laboratory thinks of it: `High`.
    #[must_use]
    pub fn interpretation(self) -> Option<&'r str> {
        self.0.get("interpretation").first().words()
    }

    /// `final`, `preliminary`, `corrected`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// When it was so.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        self.0.get("effectiveDateTime").date_time()
    }

    /// What was written beside it.
    pub fn notes(self) -> impl Iterator<Item = &'r str> {
        self.0.get("note").items().filter_map(|note| note.get("text").text())
    }
}

/// A `Quantity`: comparator, digits, unit.
fn quantity(quantity: Node<'_>) -> Option<String> {
    let number = quantity.get("value").plain()?;
    let comparator = quantity.get("comparator").text().unwrap_or_default();
    let unit = quantity.get("unit").text().or_else(|| quantity.get("code").text());
    let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    Some(format!("{comparator}{number}{unit}"))
}

impl<'r> DiagnosticReport<'r> {
    /// What was asked for.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        self.0.get("code").words()
    }

    /// `final`, `preliminary`, `corrected`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// When what it reports was so.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        let start = || self.0.get("effectivePeriod").get("start").date_time();
        let issued = || self.0.get("issued").date_time();
        self.0.get("effectiveDateTime").date_time().or_else(start).or_else(issued)
    }

    /// References to the observations.
    pub fn results(self) -> impl Iterator<Item = &'r str> {
        self.0.get("result").items().filter_map(|item| item.get("reference").text())
    }
}

impl<'r> AllergyIntolerance<'r> {
    /// What to.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        self.0.get("code").words()
    }

    /// `low`, `high` or `unable-to-assess`.
    #[must_use]
    pub fn criticality(self) -> Option<&'r str> {
        self.0.get("criticality").text()
    }

    /// How it shows.
    pub fn reactions(self) -> impl Iterator<Item = &'r str> {
        let manifestations =
            |reaction: Node<'r>| reaction.get("manifestation").items().filter_map(Node::words);
        self.0.get("reaction").items().flat_map(manifestations)
    }

    /// `active`, `inactive` or `resolved`.
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("clinicalStatus").code()
    }

    /// How sure it is: `confirmed`, `unconfirmed`, `refuted`, `entered-in-error`.
    #[must_use]
    pub fn verification(self) -> Option<&'r str> {
        self.0.get("verificationStatus").code()
    }

    /// Whether it was recorded by mistake.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.verification() == Some("entered-in-error")
    }

    /// Since when.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        let recorded = || self.0.get("recordedDate").date_time();
        self.0.get("onsetDateTime").date_time().or_else(recorded)
    }
}

impl<'r> Condition<'r> {
    /// What it is.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        self.0.get("code").words()
    }

    /// `active`, `resolved`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("clinicalStatus").code()
    }

    /// Whether it was recorded by mistake.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.0.get("verificationStatus").code() == Some("entered-in-error")
    }

    /// Since when.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        let recorded = || self.0.get("recordedDate").date_time();
        self.0.get("onsetDateTime").date_time().or_else(recorded)
    }
}

#[cfg(test)]
mod tests {
    use crate::Resource;

    use super::*;

    #[test]
    fn a_result_reads_as_it_was_sent() {
        let check = |value: &str, want: Option<&str>| {
            let text = format!(r#"{{"resourceType":"Observation",{value},"status":"final"}}"#);
            let resource = Resource::parse(text.as_bytes()).unwrap();
            let observation = Observation::of(&resource).unwrap();
            assert_eq!(observation.value().as_deref(), want, "{value}");
        };
        check(r#""valueQuantity":{"value":98.00,"unit":"umol/L"}"#, Some("98.00 umol/L"));
        check(r#""valueQuantity":{"value":15,"comparator":"<"}"#, Some("<15"));
        check(r#""valueString":"Alert""#, Some("Alert"));
        check(r#""valueCodeableConcept":{"text":"Positive"}"#, Some("Positive"));
        check(r#""valueBoolean":true"#, Some("yes"));
        check(r#""valueQuantity":{"unit":"kg"}"#, None);
        let range =
            r#""valueRange":{"low":{"value":3.50,"unit":"g"},"high":{"value":5,"unit":"g"}}"#;
        check(range, Some("3.50 g - 5 g"));
        check(
            r#""valueRatio":{"numerator":{"value":1},"denominator":{"value":128}}"#,
            Some("1:128"),
        );
        check(r#""valuePeriod":{"start":"2026-11"}"#, Some("2026-11 - "));
    }

    #[test]
    fn an_allergy_says_how_it_shows() {
        let text = br#"{"resourceType":"AllergyIntolerance","criticality":"high",
            "clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Penicillin"},
            "reaction":[{"manifestation":[{"text":"Rash"},{"text":"Wheezing"}]}]}"#;
        let resource = Resource::parse(text).unwrap();
        let allergy = AllergyIntolerance::of(&resource).unwrap();
        assert_eq!(allergy.reactions().collect::<Vec<_>>(), ["Rash", "Wheezing"]);
        assert_eq!((allergy.name(), allergy.status()), (Some("Penicillin"), Some("active")));
        assert!(allergy.when().is_none());
    }
}
