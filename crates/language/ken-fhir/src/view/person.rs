//! Who someone is: `Patient`, `RelatedPerson`, and the data types they are made of.

use jiff::civil::Date;
use ken_core::PartialDate;

use super::view;
use crate::{DateTime, Node};

view!(
    /// A person as FHIR has them.
    Patient
);
view!(
    /// Someone who matters to a person: next of kin, carer, named person.
    RelatedPerson
);

/// A name, with its use.
#[derive(Debug, Clone, Copy)]
pub struct HumanName<'r>(Node<'r>);

/// An identifier, with who gives it out.
#[derive(Debug, Clone, Copy)]
pub struct Identifier<'r>(Node<'r>);

/// An address.
#[derive(Debug, Clone, Copy)]
pub struct Address<'r>(Node<'r>);

/// A telephone number or another way to reach someone.
#[derive(Debug, Clone, Copy)]
pub struct Contact<'r>(Node<'r>);

impl<'r> Patient<'r> {
    /// The names, the one in use first.
    #[must_use]
    pub fn names(self) -> Vec<HumanName<'r>> {
        names(self.0)
    }

    /// The name to show.
    #[must_use]
    pub fn name(self) -> Option<String> {
        self.names().first().map(|name| name.shown())
    }

    /// All identifiers.
    pub fn identifiers(self) -> impl Iterator<Item = Identifier<'r>> {
        self.0.get("identifier").items().map(Identifier)
    }

    /// The birth date, as far as it is known.
    #[must_use]
    pub fn birth_date(self) -> Option<PartialDate> {
        self.0.get("birthDate").date()
    }

    /// `male`, `female`, `other` or `unknown`.
    #[must_use]
    pub fn gender(self) -> Option<&'r str> {
        self.0.get("gender").text()
    }

    /// The addresses.
    pub fn addresses(self) -> impl Iterator<Item = Address<'r>> {
        self.0.get("address").items().map(Address)
    }

    /// The ways to reach them.
    pub fn contacts(self) -> impl Iterator<Item = Contact<'r>> {
        self.0.get("telecom").items().map(Contact)
    }

    /// Whether they have died.
    #[must_use]
    pub fn is_deceased(self) -> bool {
        self.0.get("deceasedBoolean").is_true() || self.died().is_some()
    }

    /// When they died, if it is known.
    #[must_use]
    pub fn died(self) -> Option<DateTime> {
        self.0.get("deceasedDateTime").date_time()
    }

    /// The general practice or practitioner, by name.
    #[must_use]
    pub fn general_practitioner(self) -> Option<&'r str> {
        self.0.get("generalPractitioner").items().find_map(Node::words)
    }

    /// The languages in which they are spoken with.
    pub fn languages(self) -> impl Iterator<Item = &'r str> {
        self.0.get("communication").items().filter_map(|item| item.get("language").words())
    }
}

impl<'r> RelatedPerson<'r> {
    /// Whether they are this still on a day: not said to be inactive, nor past their end.
    #[must_use]
    pub fn is_current(self, today: Date) -> bool {
        let ended = self.0.get("period").get("end").date_time().is_some_and(|end| {
            // A month that has begun is not over.
            let (end, today) = (end.date().to_string(), today.to_string());
            today.get(..end.len()).is_some_and(|today| *end < *today)
        });
        let active = self.0.get("active");
        !ended && (!active.is_some() || active.is_true())
    }

    /// The name to show.
    #[must_use]
    pub fn name(self) -> Option<String> {
        names(self.0).first().map(|name| name.shown())
    }

    /// What they are to the person.
    pub fn relationships(self) -> impl Iterator<Item = &'r str> {
        self.0.get("relationship").items().filter_map(Node::words)
    }

    /// The ways to reach them.
    pub fn contacts(self) -> impl Iterator<Item = Contact<'r>> {
        self.0.get("telecom").items().map(Contact)
    }

    /// The addresses.
    pub fn addresses(self) -> impl Iterator<Item = Address<'r>> {
        self.0.get("address").items().map(Address)
    }
}

/// Names in the order to show: official, usual, the rest; old ones last.
fn names(node: Node<'_>) -> Vec<HumanName<'_>> {
    let mut names: Vec<_> = node.get("name").items().map(HumanName).collect();
    names.sort_by_key(|name| match name.usage() {
        Some("official") => 0,
        Some("usual") | None => 1,
        Some("old" | "maiden" | "anonymous") => 3,
        Some(_) => 2,
    });
    names
}

impl<'r> HumanName<'r> {
    /// The family name.
    #[must_use]
    pub fn family(self) -> Option<&'r str> {
        self.0.get("family").text()
    }

    /// The given names, in their order.
    pub fn given(self) -> impl Iterator<Item = &'r str> {
        self.0.get("given").items().filter_map(Node::text)
    }

    /// `official`, `usual`, `old`, ...
    #[must_use]
    pub fn usage(self) -> Option<&'r str> {
        self.0.get("use").text()
    }

    /// The name as it is shown: the sender's own text, or prefix, given, family, suffix.
    #[must_use]
    pub fn shown(self) -> String {
        if let Some(text) = self.0.get("text").text() {
            return text.to_owned();
        }
        let prefix = self.0.get("prefix").items().filter_map(Node::text);
        let suffix = self.0.get("suffix").items().filter_map(Node::text);
        let parts: Vec<_> = prefix.chain(self.given()).chain(self.family()).chain(suffix).collect();
        parts.join(" ")
    }
}

impl<'r> Identifier<'r> {
    /// The namespace, as a URI.
    #[must_use]
    pub fn system(self) -> Option<&'r str> {
        self.0.get("system").text()
    }

    /// The identifier itself.
    #[must_use]
    pub fn value(self) -> Option<&'r str> {
        self.0.get("value").text()
    }

    /// The code of its type (HL7 table 0203): `NH`, `MR`.
    #[must_use]
    pub fn kind(self) -> Option<&'r str> {
        self.0.get("type").code()
    }

    /// Who gave it out.
    #[must_use]
    pub fn assigner(self) -> Option<&'r str> {
        self.0.get("assigner").words()
    }
}

impl<'r> Address<'r> {
    /// The lines to print, the postcode among them.
    #[must_use]
    pub fn lines(self) -> Vec<&'r str> {
        let fields = ["city", "district", "state", "postalCode"].into_iter();
        let lines = self.0.get("line").items().filter_map(Node::text);
        let lines: Vec<_> = lines.chain(fields.filter_map(|key| self.0.get(key).text())).collect();
        if lines.is_empty() { self.0.get("text").text().into_iter().collect() } else { lines }
    }

    /// The postcode.
    #[must_use]
    pub fn postcode(self) -> Option<&'r str> {
        self.0.get("postalCode").text()
    }

    /// `home`, `work`, `temp`, `old`.
    #[must_use]
    pub fn usage(self) -> Option<&'r str> {
        self.0.get("use").text()
    }
}

impl<'r> Contact<'r> {
    /// `phone`, `email`, ...
    #[must_use]
    pub fn system(self) -> Option<&'r str> {
        self.0.get("system").text()
    }

    /// The number or address.
    #[must_use]
    pub fn value(self) -> Option<&'r str> {
        self.0.get("value").text()
    }

    /// `home`, `work`, `mobile`, ...
    #[must_use]
    pub fn usage(self) -> Option<&'r str> {
        self.0.get("use").text()
    }
}

#[cfg(test)]
mod tests {
    use crate::Resource;

    use super::*;

    const MORAG: &str = r#"{"resourceType":"Patient",
        "identifier":[{"system":"urn:x","value":"1","type":{"coding":[{"code":"MR"}]}}],
        "name":[{"use":"maiden","family":"Reid"},
                {"use":"official","family":"Bain","given":["Morag","Ann"],"prefix":["Mrs"]}],
        "birthDate":"1948-03","gender":"female","deceasedBoolean":false,
        "address":[{"line":["1 Test Street"],"city":"Testtown","postalCode":"ZZ99 9ZZ"}],
        "generalPractitioner":[{"display":"Glen Medical Practice"}]}"#;

    #[test]
    fn a_banner_is_answered() {
        let resource = Resource::parse(MORAG.as_bytes()).unwrap();
        let patient = Patient::of(&resource).unwrap();
        assert_eq!(patient.name().as_deref(), Some("Mrs Morag Ann Bain"));
        assert_eq!(patient.birth_date().unwrap().to_string(), "1948-03");
        assert_eq!(patient.general_practitioner(), Some("Glen Medical Practice"));
        assert!(!patient.is_deceased());
        let address = patient.addresses().next().unwrap();
        assert_eq!(address.lines(), ["1 Test Street", "Testtown", "ZZ99 9ZZ"]);
        let identifier = patient.identifiers().next().unwrap();
        assert_eq!((identifier.kind(), identifier.value()), (Some("MR"), Some("1")));
        assert!(RelatedPerson::of(&resource).is_none());
        assert!(!format!("{patient:?}").contains("Bain"));
    }

    #[test]
    fn nobody_is_near_past_their_end() {
        let check = |elements: &str, want: bool| {
            let text = format!(r#"{{"resourceType":"RelatedPerson"{elements}}}"#);
            let resource = Resource::parse(text.as_bytes()).unwrap();
            let person = RelatedPerson::of(&resource).unwrap();
            assert_eq!(person.is_current("2026-11-22".parse().unwrap()), want, "{elements}");
        };
        check("", true);
        check(r#","active":true"#, true);
        check(r#","active":false"#, false);
        let until = |end: &str| format!(r#","active":true,"period":{{"end":"{end}"}}"#);
        for (end, want) in [
            ("2026-11-21", false),
            ("2026-11-22", true),
            ("2026-11", true),
            ("2026-10", false),
            ("2026", true),
            ("2025", false),
            ("2026-11-21T23:59:00Z", false),
            ("2027-01-01", true),
        ] {
            check(&until(end), want);
        }
    }
}
