//! What happened or is planned: stays and visits, appointments, requests, alerts, provenance.

use super::view;
use crate::{DateTime, Node};

view!(
    /// A stay, a visit, a contact.
    Encounter
);
view!(
    /// A planned contact.
    Appointment
);
view!(
    /// A request: a referral, a concern report, a request for assistance.
    ServiceRequest
);
view!(
    /// An alert that stands on the record.
    Flag
);
view!(
    /// Something that was said to someone.
    Communication
);
view!(
    /// Where a version came from.
    Provenance
);

/// Our extension for the words of an alert: `Flag` has no element for them.
pub(crate) const FLAG_DETAIL: &str = "https://ken.example/StructureDefinition/flag-detail";

/// From and until; either may be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// From when.
    pub start: Option<DateTime>,
    /// Until when; open if absent.
    pub end: Option<DateTime>,
}

fn period(node: Node<'_>) -> Period {
    Period { start: node.get("start").date_time(), end: node.get("end").date_time() }
}

impl<'r> Encounter<'r> {
    /// `in-progress`, `finished`, `planned`, `cancelled`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// The class code (v3 ActCode): `IMP`, `EMER`, `AMB`.
    #[must_use]
    pub fn class(self) -> Option<&'r str> {
        self.0.get("class").get("code").text()
    }

    /// From and until.
    #[must_use]
    pub fn period(self) -> Period {
        period(self.0.get("period"))
    }

    /// Where, by name.
    #[must_use]
    pub fn location(self) -> Option<&'r str> {
        self.0.get("location").items().find_map(|item| item.get("location").words())
    }

    /// Which service.
    #[must_use]
    pub fn service(self) -> Option<&'r str> {
        self.0.get("serviceType").words()
    }

    /// Why.
    #[must_use]
    pub fn reason(self) -> Option<&'r str> {
        self.0.get("reasonCode").items().find_map(Node::words)
    }

    /// Who took part, by name.
    pub fn participants(self) -> impl Iterator<Item = &'r str> {
        self.0.get("participant").items().filter_map(|item| item.get("individual").words())
    }
}

impl<'r> Appointment<'r> {
    /// `booked`, `cancelled`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// What for.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        let described = || self.0.get("description").text();
        let typed = || self.0.get("appointmentType").words();
        self.0.get("serviceType").first().words().or_else(described).or_else(typed)
    }

    /// From and until.
    #[must_use]
    pub fn period(self) -> Period {
        period(self.0)
    }
}

impl<'r> ServiceRequest<'r> {
    /// What is asked for.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        let kind = || self.0.get("category").first().words();
        self.0.get("code").words().or_else(kind)
    }

    /// `active`, `completed`, `revoked`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// Who asks, by name.
    #[must_use]
    pub fn requester(self) -> Option<&'r str> {
        self.0.get("requester").words()
    }

    /// Why.
    #[must_use]
    pub fn reason(self) -> Option<&'r str> {
        self.0.get("reasonCode").items().find_map(Node::words)
    }

    /// What was written with it.
    pub fn notes(self) -> impl Iterator<Item = &'r str> {
        self.0.get("note").items().filter_map(|note| note.get("text").text())
    }

    /// When it was asked.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        self.0.get("authoredOn").date_time()
    }
}

impl<'r> Flag<'r> {
    /// What to beware of.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        self.0.get("code").words()
    }

    /// Whether it stands.
    #[must_use]
    pub fn is_active(self) -> bool {
        self.0.get("status").text() == Some("active")
    }

    /// From and until.
    #[must_use]
    pub fn period(self) -> Period {
        period(self.0.get("period"))
    }

    /// What was written beside it.
    pub fn details(self) -> impl Iterator<Item = &'r str> {
        let of_ours = |node: &Node<'r>| node.get("url").text() == Some(FLAG_DETAIL);
        let extensions = self.0.get("extension").items().filter(of_ours);
        extensions.filter_map(|node| node.get("valueString").text())
    }

    /// Who raised it, by name.
    #[must_use]
    pub fn author(self) -> Option<&'r str> {
        self.0.get("author").words()
    }
}

impl<'r> Communication<'r> {
    /// What was said.
    pub fn said(self) -> impl Iterator<Item = &'r str> {
        self.0.get("payload").items().filter_map(|item| item.get("contentString").text())
    }

    /// When.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        self.0.get("sent").date_time()
    }
}

impl<'r> Provenance<'r> {
    /// Who, by name.
    pub fn agents(self) -> impl Iterator<Item = &'r str> {
        self.0.get("agent").items().filter_map(|agent| agent.get("who").words())
    }

    /// When it was recorded.
    #[must_use]
    pub fn recorded(self) -> Option<DateTime> {
        self.0.get("recorded").date_time()
    }

    /// In the course of what.
    #[must_use]
    pub fn activity(self) -> Option<&'r str> {
        self.0.get("activity").words()
    }
}

#[cfg(test)]
mod tests {
    use crate::Resource;

    use super::*;

    #[test]
    fn a_stay_is_answered() {
        let text = br#"{"resourceType":"Encounter","status":"finished","class":{"code":"IMP"},
            "period":{"start":"2026-11-01T10:00:00+00:00"},
            "location":[{"location":{"display":"Renal ward"}}],
            "participant":[{"individual":{"display":"Dr Woolfson"}}]}"#;
        let resource = Resource::parse(text).unwrap();
        let stay = Encounter::of(&resource).unwrap();
        assert_eq!((stay.class(), stay.location()), (Some("IMP"), Some("Renal ward")));
        assert_eq!(stay.participants().collect::<Vec<_>>(), ["Dr Woolfson"]);
        assert!(stay.period().start.is_some() && stay.period().end.is_none());
        assert_eq!((stay.reason(), stay.service()), (None, None));
    }
}
