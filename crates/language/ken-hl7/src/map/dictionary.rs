//! Which words of ours a standard message may carry, and the category that each leads to.
//!
//! HL7 v2 has no events for schools, social work or police. Their systems send standard messages
//! (`MDM^T02`, `REF^I12`) with a code of these tables; `docs/messages.md` is the same in prose.
//! A category here is a hint: the national dictionary decides when the resource is filed.

/// The root of our code systems: `KENdocument` in CWE.3 is `<root>document`.
pub const KEN_SYSTEM: &str = "https://ken.example/CodeSystem/";

/// A kind of document (`TXA-2`, system `KENdocument`) or of request (`RF1-3`, `KENrequest`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentKind {
    /// The code.
    pub code: &'static str,
    /// Its name on a page.
    pub name: &'static str,
    /// The category it leads to.
    pub category: &'static str,
}

const fn kind(code: &'static str, name: &'static str, category: &'static str) -> DocumentKind {
    DocumentKind { code, name, category }
}

/// Every kind that Ken knows. One that is not here is filed as `health-record`, the most
/// restricted of the ordinary categories.
pub const DOCUMENT_KINDS: &[DocumentKind] = &[
    kind("KIS", "Key Information Summary", "health-summary"),
    kind("ACP", "Anticipatory care plan", "care-plan"),
    kind("CPLAN", "Child's plan", "care-plan"),
    kind("PLAN", "Support plan", "care-plan"),
    kind("ASSESS", "Assessment", "assessment"),
    kind("SCHOOL", "School event", "education"),
    kind("SW", "Social work event", "chronology"),
    kind("SUPPORT", "Support event", "chronology"),
    kind("POLICE", "Police event", "criminal"),
    kind("CONCERN", "Concern report", "concern"),
    kind("VIEWS", "The person's views", "views"),
    kind("THIRD", "Third-party information", "third-party"),
    kind("OUTCOME", "Outcome", "outcome"),
    kind("ALERT", "Alert", "alerts"),
    kind("COMMS", "Communication needs", "communication"),
    kind("MEDS", "Medication list", "medication"),
    kind("HOUSING", "Housing", "housing"),
    kind("EQUIP", "Equipment", "equipment"),
    kind("POA", "Power of attorney or guardianship", "contacts"),
    kind("LETTER", "Letter", "health-record"),
    kind("DISCHARGE", "Discharge letter", "health-record"),
    kind("RFA", "Request for assistance", "chronology"),
    kind("REFERRAL", "Referral", "health-record"),
];

/// Sections (`OBX-3`, system `KENsection`) that are cut out of their document and filed alone, so
/// that who may read the document does not read them with it: code, name, category, label.
pub const SECTIONS: &[(&str, &str, &str, Option<&str>)] = &[
    ("VIEWS", "What the person said they want", "views", None),
    ("THIRD-PARTY", "About somebody else", "third-party", Some("third-party")),
    ("CRIMINAL", "Allegations and convictions", "criminal", Some("restricted")),
    ("HEALTH", "Health information", "health-record", Some("restricted")),
];

/// The kind that a code names.
pub(crate) fn document_kind(code: &str) -> Option<&'static DocumentKind> {
    DOCUMENT_KINDS.iter().find(|kind| kind.code.eq_ignore_ascii_case(code))
}

/// The label that a category of the dictionary always carries (`agreement.md` 4.1).
pub(crate) fn label_of(category: &str) -> Option<&'static str> {
    match category {
        "third-party" => Some("third-party"),
        "criminal" => Some("restricted"),
        _ => None,
    }
}

/// `NK1-3` or `NK1-7`: a Named Person (`NP`) or Lead Professional (`LP`) is no ordinary contact.
pub(crate) fn contact_category(roles: &[String]) -> &'static str {
    let named = roles.iter().any(|role| ["NP", "LP"].contains(&role.as_str()));
    if named { "named-person" } else { "contacts" }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ken_core::{Category, Label};

    use super::*;

    #[test]
    fn every_word_is_one() {
        let codes: BTreeSet<_> = DOCUMENT_KINDS.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), DOCUMENT_KINDS.len(), "no code twice");
        for kind in DOCUMENT_KINDS {
            assert!(Category::new(kind.category).is_ok(), "{}", kind.code);
        }
        for (code, _, category, label) in SECTIONS {
            assert!(Category::new(*category).is_ok(), "{code}");
            assert!(label.is_none_or(|label| Label::new(label).is_ok()), "{code}");
        }
    }
}
