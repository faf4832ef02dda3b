//! Vocabulary: what a code of HL7 v2 is in FHIR.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir concept maps (Apache-2.0), of which these are our reading.
//! - NHS Data Dictionary for the United Kingdom's codes; house policy where a line says so.

use ken_core::identifier::{CHI_SYSTEM, HEALTH_AND_CARE_SYSTEM, NHS_SYSTEM, UCRN_SYSTEM};

/// The roots of names that others have given, and of ours.
pub(crate) const V2: &str = "http://terminology.hl7.org/CodeSystem/v2-";
pub(crate) const V3_ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub(crate) const V3_PARTICIPATION: &str =
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(crate) const EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Finds a code in a table of pairs.
pub(crate) fn find<'t>(table: &[(&str, &'t str)], code: &str) -> Option<&'t str> {
    table.iter().find(|(from, _)| from.eq_ignore_ascii_case(code)).map(|(_, to)| *to)
}

/// CWE.3, the name of a coding system, as the URI that FHIR knows it by.
pub(crate) fn code_system(name: &str) -> String {
    const KNOWN: &[(&str, &str)] = &[
        ("SCT", "http://snomed.info/sct"),
        ("SNM", "http://snomed.info/sct"),
        ("SNM3", "http://snomed.info/sct"),
        ("SNOMED", "http://snomed.info/sct"),
        ("SNOMED-CT", "http://snomed.info/sct"),
        ("LN", "http://loinc.org"),
        ("LOINC", "http://loinc.org"),
        ("I10", "http://hl7.org/fhir/sid/icd-10"),
        ("ICD10", "http://hl7.org/fhir/sid/icd-10"),
        ("UCUM", "http://unitsofmeasure.org"),
        ("MDC", "urn:iso:std:iso:11073:10101"),
        ("DMD", "https://dmd.nhs.uk"),
        ("ISO639", "urn:ietf:bcp:47"),
    ];
    let name = name.trim();
    if let Some(known) = find(KNOWN, name) {
        return known.to_owned();
    }
    if name.is_empty() || name.contains("://") || name.starts_with("urn:") {
        return name.to_owned();
    }
    match (name.get(..3), name.get(3..)) {
        (Some("HL7"), Some(number)) => format!("{V2}{number}"),
        (Some("KEN"), Some(number)) => format!("{}{number}", super::KEN_SYSTEM),
        _ => format!("urn:ken:code:{}", word(name)),
    }
}

/// The namespace of an identifier: a national one by its authority or type, or a local one, which
/// means something only beside the facility that sent it.
pub(crate) fn identifier_system(
    authority: &str,
    universal: &str,
    kind: &str,
    sender: &str,
) -> String {
    const NATIONAL: &[(&str, &str)] = &[
        ("CHI", CHI_SYSTEM),
        ("NHSSCOTLAND", CHI_SYSTEM),
        ("2.16.840.1.113883.2.1.3.2.4.16.53", CHI_SYSTEM),
        ("NHSNBR", NHS_SYSTEM),
        ("NHS", NHS_SYSTEM),
        ("2.16.840.1.113883.2.1.4.1", NHS_SYSTEM),
        ("HCN", HEALTH_AND_CARE_SYSTEM),
        ("HSC", HEALTH_AND_CARE_SYSTEM),
        ("UCRN", UCRN_SYSTEM),
        ("SCN", ken_core::identifier::CANDIDATE_SYSTEM),
    ];
    const BY_KIND: &[(&str, &str)] =
        &[("CHI", CHI_SYSTEM), ("NH", NHS_SYSTEM), ("NHSNMBR", NHS_SYSTEM), ("UCRN", UCRN_SYSTEM)];
    let named = find(NATIONAL, authority).or_else(|| find(NATIONAL, universal));
    if let Some(known) = named.or_else(|| find(BY_KIND, kind)) {
        return known.to_owned();
    }
    if universal.contains('.')
        && universal.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit())
    {
        return format!("urn:oid:{universal}");
    }
    let authority = if authority.is_empty() { kind } else { authority };
    match word(authority) {
        authority if authority.is_empty() => format!("urn:ken:id:{}", word(sender)),
        authority => format!("urn:ken:id:{}:{authority}", word(sender)),
    }
}

/// A name as part of a URN: lower case, everything else a hyphen.
pub(crate) fn word(name: &str) -> String {
    let fold = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let folded: String = name.trim().chars().take(60).map(fold).collect();
    folded.trim_matches('-').to_ascii_lowercase()
}

/// HL7 table 0001.
pub(crate) fn gender(code: &str) -> Option<&'static str> {
    const GENDER: &[(&str, &str)] = &[
        ("F", "female"),
        ("M", "male"),
        ("O", "other"),
        ("I", "other"),
        ("A", "other"),
        ("X", "other"),
        ("U", "unknown"),
        ("N", "unknown"),
        ("1", "male"),
        ("2", "female"),
        ("9", "unknown"),
        ("0", "unknown"),
    ];
    find(GENDER, code)
}

/// HL7 table 0200.
pub(crate) fn name_use(code: &str) -> Option<&'static str> {
    const USE: &[(&str, &str)] = &[
        ("L", "official"),
        ("CURRENT", "official"),
        ("D", "usual"),
        ("A", "nickname"),
        ("N", "nickname"),
        ("M", "maiden"),
        ("B", "old"),
        ("BAD", "old"),
        ("PREVIOUS", "old"),
        ("T", "temp"),
        ("S", "anonymous"),
        ("P", "usual"),
        ("C", "usual"),
    ];
    find(USE, code)
}

/// HL7 table 0190, and what our own senders write out.
pub(crate) fn address_use(code: &str) -> Option<&'static str> {
    const USE: &[(&str, &str)] = &[
        ("H", "home"),
        ("HOME", "home"),
        ("P", "home"),
        ("L", "home"),
        ("B", "work"),
        ("O", "work"),
        ("C", "temp"),
        ("T", "temp"),
        ("TEMP", "temp"),
        ("BA", "old"),
        ("PREVIOUS", "old"),
        // Where somebody was born or came from: nobody is to be looked for there.
        ("N", "old"),
        ("BR", "old"),
        ("BDL", "old"),
        ("F", "old"),
    ];
    find(USE, code)
}

/// HL7 table 0201.
pub(crate) fn contact_use(code: &str) -> Option<&'static str> {
    const USE: &[(&str, &str)] = &[
        ("PRN", "home"),
        ("HOME", "home"),
        ("ORN", "home"),
        ("VHN", "home"),
        ("WPN", "work"),
        ("WORK", "work"),
        ("PRS", "mobile"),
        ("MOBILE", "mobile"),
    ];
    find(USE, code)
}

/// HL7 table 0202.
pub(crate) fn contact_system(code: &str) -> Option<&'static str> {
    const SYSTEM: &[(&str, &str)] = &[
        ("PH", "phone"),
        ("CP", "phone"),
        ("FX", "fax"),
        ("BP", "pager"),
        ("INTERNET", "email"),
        ("X.400", "email"),
        ("NET", "email"),
        ("TDD", "other"),
        ("TTY", "other"),
        ("URL", "url"),
    ];
    find(SYSTEM, code)
}

/// PV1-2 (HL7 table 0004) as v3 `ActCode`, and its words.
pub(crate) fn encounter_class(code: &str) -> (&'static str, &'static str) {
    match code {
        "I" | "C" => ("IMP", "inpatient encounter"),
        "E" => ("EMER", "emergency"),
        "P" => ("PRENC", "pre-admission"),
        "V" => ("VR", "virtual"),
        "H" => ("HH", "home health"),
        _ => ("AMB", "ambulatory"),
    }
}

/// PV1-2 as the encounter's status, where nothing better is known.
pub(crate) fn class_status(code: &str) -> &'static str {
    match code {
        "P" => "planned",
        "I" | "E" | "O" | "R" | "B" | "C" | "V" | "H" => "in-progress",
        _ => "unknown",
    }
}

/// AL1-2 (HL7 table 0127) as `AllergyIntolerance.category`.
pub(crate) fn allergy_category(code: &str) -> Option<&'static str> {
    const CATEGORY: &[(&str, &str)] = &[
        ("DA", "medication"),
        ("FA", "food"),
        ("EA", "environment"),
        ("AA", "environment"),
        ("PA", "environment"),
        ("LA", "environment"),
    ];
    find(CATEGORY, code)
}

/// AL1-4 (HL7 table 0128) as `criticality`.
pub(crate) fn criticality(code: &str) -> Option<&'static str> {
    find(&[("SV", "high"), ("MO", "low"), ("MI", "low"), ("U", "unable-to-assess")], code)
}

/// AL1-4 as the severity of a reaction.
pub(crate) fn severity(code: &str) -> Option<&'static str> {
    find(&[("SV", "severe"), ("MO", "moderate"), ("MI", "mild")], code)
}

/// OBR-25 (HL7 table 0123) as `DiagnosticReport.status`.
pub(crate) fn report_status(code: &str) -> &'static str {
    const STATUS: &[(&str, &str)] = &[
        ("F", "final"),
        ("P", "preliminary"),
        ("R", "preliminary"),
        ("A", "partial"),
        ("C", "corrected"),
        ("M", "amended"),
        ("N", "registered"),
        ("X", "cancelled"),
        ("O", "registered"),
        ("I", "registered"),
        ("S", "registered"),
    ];
    find(STATUS, code).unwrap_or("unknown")
}

/// OBX-11 (HL7 table 0085) as `Observation.status`.
pub(crate) fn result_status(code: &str) -> &'static str {
    const STATUS: &[(&str, &str)] = &[
        ("F", "final"),
        ("U", "final"),
        ("V", "final"),
        ("B", "amended"),
        ("P", "preliminary"),
        ("R", "preliminary"),
        ("S", "preliminary"),
        ("C", "corrected"),
        ("A", "amended"),
        ("D", "entered-in-error"),
        ("W", "entered-in-error"),
        ("X", "cancelled"),
        ("I", "registered"),
        ("O", "registered"),
    ];
    find(STATUS, code).unwrap_or("unknown")
}

/// OBX-8 (HL7 table 0078) in words.
pub(crate) fn interpretation(code: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        ("H", "High"),
        ("L", "Low"),
        ("HH", "Critically high"),
        ("LL", "Critically low"),
        ("N", "Normal"),
        ("A", "Abnormal"),
        ("AA", "Critically abnormal"),
        ("S", "Susceptible"),
        ("R", "Resistant"),
        ("I", "Intermediate"),
        ("POS", "Positive"),
        ("NEG", "Negative"),
        (">", "Off scale high"),
        ("<", "Off scale low"),
        ("U", "Up"),
        ("D", "Down"),
    ];
    find(WORDS, code)
}

/// SCH-25 and AIS-10 (HL7 table 0278) as `Appointment.status`.
pub(crate) fn booking_status(code: &str) -> Option<&'static str> {
    const STATUS: &[(&str, &str)] = &[
        ("BOOKED", "booked"),
        ("PENDING", "pending"),
        ("WAITLIST", "waitlist"),
        ("STARTED", "arrived"),
        ("COMPLETE", "fulfilled"),
        ("CANCELLED", "cancelled"),
        ("DC", "cancelled"),
        ("DELETED", "entered-in-error"),
        ("NOSHOW", "noshow"),
        ("BLOCKED", "cancelled"),
        ("OVERBOOK", "booked"),
    ];
    find(STATUS, code)
}

/// TXA-17 (HL7 table 0271) as `DocumentReference.docStatus`.
pub(crate) fn document_status(code: &str) -> Option<&'static str> {
    const STATUS: &[(&str, &str)] = &[
        ("AU", "final"),
        ("LA", "final"),
        ("DO", "final"),
        ("DI", "preliminary"),
        ("IN", "preliminary"),
        ("IP", "preliminary"),
        ("PA", "preliminary"),
    ];
    find(STATUS, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_find_their_namespace() {
        let check = |authority: &str, universal: &str, kind: &str, want: &str| {
            assert_eq!(identifier_system(authority, universal, kind, "SFAC"), want);
        };
        check("NHSNBR", "", "NHSNMBR", NHS_SYSTEM);
        check("NHSNBR", "", "NH", NHS_SYSTEM);
        check("NHSScotland", "", "CHI", CHI_SYSTEM);
        check("", "2.16.840.1.113883.2.1.3.2.4.16.53", "PI", CHI_SYSTEM);
        check("SIMULATOR MRN", "", "MRN", "urn:ken:id:sfac:simulator-mrn");
        check("", "", "MR", "urn:ken:id:sfac:mr");
        check("GGC", "1.2.3.4", "MR", "urn:oid:1.2.3.4");
    }

    #[test]
    fn systems_of_codes_find_their_uri() {
        let check = |name: &str, want: &str| assert_eq!(code_system(name), want);
        check("SNM3", "http://snomed.info/sct");
        check("HL70063", "http://terminology.hl7.org/CodeSystem/v2-0063");
        check("KENdocument", "https://ken.example/CodeSystem/document");
        check("WinPath", "urn:ken:code:winpath");
        check("urn:x", "urn:x");
        check("éé", "urn:ken:code:");
        check("", "");
    }
}
