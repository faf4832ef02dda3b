//! The organisations of Glen and Strath, and the system each of them sends from.
//!
//! Their ids are the party ids of the agreements; every one of them is made up.

use crate::place::{Region, landline, office};

/// An organisation of the demo, which is also a source of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Organisation {
    /// The party id in agreements.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What it is, in one word.
    pub kind: &'static str,
    /// Its partnership.
    pub region: Region,
    /// The sending application, MSH-3.
    pub application: &'static str,
    /// The sending facility, MSH-4.
    pub facility: &'static str,
    /// Who assigns its local ids, PID-3.4; also their prefix.
    pub authority: &'static str,
    /// The domain of its sign-in names; `.example` is reserved (RFC 2606).
    pub domain: &'static str,
    /// The relationship that sending a message about somebody asserts; the partnership trusts each
    /// of these sources for it.
    pub relationship: Option<&'static str>,
}

/// Shorthand for the table: id, name and kind; then MSH-3, MSH-4, authority and domain.
const fn row(
    region: Region,
    (id, name, kind): (&'static str, &'static str, &'static str),
    (application, facility, authority, domain): (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    ),
    relationship: Option<&'static str>,
) -> Organisation {
    Organisation { id, name, kind, region, application, facility, authority, domain, relationship }
}

const CARE: Option<&str> = Some("direct-care");
const GIRFEC: Option<&str> = Some("girfec-team");

/// Every organisation, the seven of Glen first.
pub const ORGANISATIONS: &[Organisation] = &[
    row(
        Region::Glen,
        ("police", "Glen Police", "police"),
        ("CONCERNHUB", "GLENPOLICE", "GPOL", "police.example"),
        None,
    ),
    row(
        Region::Glen,
        ("cec", "Glen Council", "council"),
        ("SOCIALWORK", "GLENCOUNCIL", "GSW", "council.example"),
        CARE,
    ),
    row(
        Region::Glen,
        ("nhsl", "NHS Glen", "health-board"),
        ("WARDBOOK", "NHSGLEN", "GMRN", "nhs.example"),
        CARE,
    ),
    row(
        Region::Glen,
        ("rowan", "Rowan Support", "charity"),
        ("SUPPORTLOG", "ROWAN", "ROW", "rowan.example"),
        None,
    ),
    row(
        Region::Glen,
        ("practice", "Glen Medical Practice", "practice"),
        ("SURGERY", "GLENPRACTICE", "GGP", "practice.example"),
        CARE,
    ),
    row(
        Region::Glen,
        ("ooh", "Glen Out-of-Hours", "out-of-hours"),
        ("NIGHTCALL", "GLENOOH", "GOOH", "ooh.example"),
        CARE,
    ),
    row(
        Region::Glen,
        ("primary", "Glen Primary School", "school"),
        ("CLASSBOOK", "GLENPRIMARY", "GPS", "primary.example"),
        GIRFEC,
    ),
    row(
        Region::Strath,
        ("strath-council", "Strath Council", "council"),
        ("SOCIALWORK", "STRATHCOUNCIL", "SSW", "council.strath.example"),
        CARE,
    ),
    row(
        Region::Strath,
        ("strath-nhs", "NHS Strath", "health-board"),
        ("WARDBOOK", "NHSSTRATH", "SMRN", "nhs.strath.example"),
        CARE,
    ),
    row(
        Region::Strath,
        ("strath-police", "Strath Police", "police"),
        ("CONCERNHUB", "STRATHPOLICE", "SPOL", "police.strath.example"),
        None,
    ),
];

impl Organisation {
    /// The organisation with that id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        ORGANISATIONS.iter().find(|organisation| organisation.id == id)
    }

    /// Its telephone number, from a range that is set aside for drama.
    #[must_use]
    pub fn phone(&self) -> String {
        let at = ORGANISATIONS.iter().position(|other| other.id == self.id).unwrap_or_default();
        match self.region {
            Region::Glen => office(at as u64),
            Region::Strath => landline(900 + at as u64),
        }
    }

    /// The id that this organisation's own system gives to the person with that number.
    #[must_use]
    pub fn local_id(&self, person: u32) -> String {
        // A different stride for each keeps one source's ids from looking like another's.
        let stride = u32::try_from(self.id.len()).unwrap_or(1);
        format!("{}{:06}", self.authority, 100_000 + person * stride)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::place::is_drama_number;

    #[test]
    fn each_is_told_apart_by_everything() {
        let check = |what: fn(&Organisation) -> String| {
            let seen: BTreeSet<String> = ORGANISATIONS.iter().map(what).collect();
            assert_eq!(seen.len(), ORGANISATIONS.len(), "{seen:?}");
        };
        check(|organisation| organisation.id.to_owned());
        check(|organisation| organisation.name.to_owned());
        check(|organisation| format!("{}/{}", organisation.application, organisation.facility));
        check(|organisation| organisation.authority.to_owned());
        check(|organisation| organisation.domain.to_owned());
        check(Organisation::phone);
    }

    #[test]
    fn nobody_can_be_rung_or_written_to() {
        for organisation in ORGANISATIONS {
            assert!(is_drama_number(&organisation.phone()), "{}", organisation.id);
            assert!(organisation.domain.ends_with(".example"), "{}", organisation.id);
        }
    }
}
