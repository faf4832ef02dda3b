//! Pages for practitioners at work with people.

pub(crate) mod affirm;
pub(crate) mod agreement;
pub(crate) mod assessments;
mod because;
mod called;
pub(crate) mod chronology;
pub(crate) mod claim;
pub(crate) mod claims;
pub(crate) mod duties;
pub(crate) mod emergency;
pub(crate) mod equipment;
pub(crate) mod find;
mod fit;
pub(crate) mod guardian;
pub(crate) mod handle;
pub(crate) mod happened;
pub(crate) mod more;
pub(crate) mod on_duty;
pub(crate) mod people;
pub(crate) mod person;
pub(crate) mod purpose;
pub(crate) mod refusal;
pub(crate) mod results;
pub(crate) mod second;
pub(crate) mod send_to;
pub(crate) mod team;
pub(crate) mod today;
