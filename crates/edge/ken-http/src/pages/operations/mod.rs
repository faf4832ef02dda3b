//! Pages for those who keep messages and matches moving. They see flow, and of people only what
//! tells two records apart.

pub(crate) mod health;
pub(crate) mod held;
pub(crate) mod hub;
pub(crate) mod matches;
pub(crate) mod merges;
pub(crate) mod model;
pub(crate) mod numbers;
pub(crate) mod questions;
pub(crate) mod review;
pub(crate) mod seed;
pub(crate) mod unmerge;
