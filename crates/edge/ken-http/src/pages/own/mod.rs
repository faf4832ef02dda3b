//! Pages for people reading their own record: plain words, one column, "Hide this page" on each.

pub(crate) mod agreements;
pub(crate) mod away;
mod checked;
pub(crate) mod choices;
pub(crate) mod happened;
pub(crate) mod home;
pub(crate) mod looked;
mod looks;
pub(crate) mod messages;
pub(crate) mod record;
mod spoken;
pub(crate) mod team;
pub(crate) mod versions;
pub(crate) mod words;
