//! Pages for those who keep messages and matches moving. They see flow, never content.

pub(crate) mod hub;
pub(crate) mod matches;
