//! Components: one function each, the only place that knows the stylesheet's class names.
//!
//! # Invariants
//!
//! - A component takes plain values and gives [`maud::Markup`]; it reads nothing.
//! - Meaning never rests on colour alone, on hovering, or on a script.
//! - Every text that came from somebody goes through maud's escaping; nothing is pre-escaped.

pub(crate) mod alert;
pub(crate) mod banner;
pub(crate) mod brought;
pub(crate) mod card;
pub(crate) mod chronology;
pub(crate) mod compare;
pub(crate) mod confirmation;
pub(crate) mod emergency;
pub(crate) mod facts;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod mark;
pub(crate) mod panel;
pub(crate) mod phone;
pub(crate) mod receipt;
pub(crate) mod redline;
#[cfg(test)]
pub(crate) mod rules;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod typed;
pub(crate) mod waterfall;
pub(crate) mod words;

pub(crate) use frame::{Area, Frame, Visitor};
