//! What a form must cover at the least, whatever it is called locally.
//!
//! # Sources
//!
//! - Adults: Talking Points (IRISS), the three groups of outcomes, and the National Minimum
//!   Information Standards (2007) for the shape; the wording of the headings is the house's.
//! - Carers: Carers (Scotland) Act 2016, section 9(1), what an adult carer support plan contains.
//! - Children: GIRFEC practice guidance 1 (2022): the wellbeing indicators of section 96(2) of the
//!   Children and Young People (Scotland) Act 2014, the three sides of the My World Triangle, and
//!   the five questions; the child's plan statement on what a plan says.
//! - Urgent care: Key Information Summary of NHS Scotland, its list of fields.
//! - Support: Social Care (Self-directed Support) (Scotland) Act 2013, its statutory guidance,
//!   section 3, on the four options.

use std::sync::LazyLock;

use serde::Deserialize;

/// A national minimum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// What it is known by.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// What must be covered.
    pub headings: Vec<Heading>,
}

/// Something that must be covered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// What it is known by.
    pub id: String,
    /// What it is about.
    pub text: String,
}

/// Every minimum that is known; a test sees that the file reads.
pub static MINIMA: LazyLock<Vec<Minimum>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../forms/minimum.json")).unwrap_or_default()
});
