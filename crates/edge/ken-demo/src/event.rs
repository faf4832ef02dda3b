//! What happens to people, before it is written as a message.
//!
//! The kinds are those that the hub files; each is rendered by [`crate::message`].
//!
//! # Invariants
//!
//! - Texts are written to the person, in plain words, and are ours.
//! - An event is told by exactly one organisation, the author's.

use jiff::Timestamp;

/// One thing that happened, as one organisation tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When it happened and was sent.
    pub at: Timestamp,
    /// The person's number.
    pub person: u32,
    /// The organisation that tells it.
    pub organisation: &'static str,
    /// The key of the practitioner who recorded it; `None` where a system did.
    pub author: Option<&'static str>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The organisation began to know the person.
    Registered,
    /// What the organisation knows of the person changed: name, address, telephone, death.
    Amended,
    /// Came into a ward.
    Admitted {
        /// The ward.
        ward: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// Went home from a ward.
    Discharged {
        /// The ward.
        ward: &'static str,
        /// What was done and what comes next.
        reason: &'static str,
    },
    /// Was seen: a clinic, a surgery, the emergency department, a call at night.
    Seen {
        /// Where.
        place: &'static str,
        /// Why.
        reason: &'static str,
        /// Whether it was an emergency.
        emergency: bool,
    },
    /// A measured value came back.
    Measured {
        /// What was measured.
        test: Test,
        /// The value in tenths of the test's unit.
        tenths: i64,
    },
    /// Something that the person must not be given.
    Allergic {
        /// What to keep away from.
        to: Substance,
        /// What it does.
        reaction: &'static str,
        /// Whether it could kill.
        severe: bool,
    },
    /// A document.
    Wrote {
        /// What kind of document.
        kind: DocumentKind,
        /// Its version, from 1.
        version: u8,
        /// Its title.
        title: &'static str,
        /// Its text; lines are parted by a line feed.
        text: &'static str,
    },
    /// Something happened at school.
    School {
        /// In a few words.
        title: &'static str,
        /// In full.
        text: &'static str,
    },
    /// Social work did something or learnt something.
    SocialWork {
        /// In a few words.
        title: &'static str,
        /// In full.
        text: &'static str,
    },
    /// A support worker did something with the person.
    Support {
        /// In a few words.
        title: &'static str,
        /// In full.
        text: &'static str,
    },
    /// A concern about an adult or a child, as who noticed it reports it.
    Concern {
        /// The kind of harm.
        harm: &'static str,
        /// What was seen and done.
        summary: &'static str,
        /// What the person said they want.
        views: &'static str,
        /// Someone else in the account; it is labelled, and goes to few.
        other: Option<&'static str>,
    },
}

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A Key Information Summary.
    KeyInformation,
    /// A child's plan.
    ChildsPlan,
    /// An assessment.
    Assessment,
    /// A letter.
    Letter,
    /// Who may act for the person: a power of attorney, a guardian.
    PowerOfAttorney,
}

/// A measured quantity, with its LOINC code and UCUM unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Test {
    /// The LOINC code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The UCUM unit.
    pub unit: &'static str,
    /// The lowest usual value, in tenths.
    pub low_tenths: i64,
    /// The highest usual value, in tenths.
    pub high_tenths: i64,
}

/// Haemoglobin in blood.
pub const HAEMOGLOBIN: Test =
    Test { code: "718-7", name: "Haemoglobin", unit: "g/L", low_tenths: 1_150, high_tenths: 1_650 };
/// Creatinine in serum.
pub const CREATININE: Test = Test {
    code: "14682-9",
    name: "Creatinine",
    unit: "umol/L",
    low_tenths: 450,
    high_tenths: 1_040,
};
/// Potassium in serum.
pub const POTASSIUM: Test =
    Test { code: "2823-3", name: "Potassium", unit: "mmol/L", low_tenths: 35, high_tenths: 53 };
/// Glycated haemoglobin.
pub const HBA1C: Test = Test {
    code: "59261-8",
    name: "Haemoglobin A1c",
    unit: "mmol/mol",
    low_tenths: 200,
    high_tenths: 420,
};

impl Test {
    /// HL7 table 0078: `H`, `L` or `N`.
    #[must_use]
    pub const fn flag(&self, tenths: i64) -> &'static str {
        if tenths > self.high_tenths {
            "H"
        } else if tenths < self.low_tenths {
            "L"
        } else {
            "N"
        }
    }
}

/// Something that people are allergic to, with its SNOMED CT code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Substance {
    /// The SNOMED CT code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// HL7 table 0127: `DA` drug, `FA` food, `EA` environment.
    pub kind: &'static str,
}

/// Penicillin.
pub const PENICILLIN: Substance = Substance { code: "764146007", name: "Penicillin", kind: "DA" };
/// Peanut.
pub const PEANUT: Substance = Substance { code: "762952008", name: "Peanut", kind: "FA" };
/// Latex.
pub const LATEX: Substance = Substance { code: "111088007", name: "Latex", kind: "EA" };
/// Codeine.
pub const CODEINE: Substance = Substance { code: "387494007", name: "Codeine", kind: "DA" };

impl What {
    /// Whether it says who the person is rather than what happened.
    #[must_use]
    pub const fn is_registration(&self) -> bool {
        matches!(self, Self::Registered | Self::Amended)
    }
}
