//! Pages for information governance.

pub(crate) mod reviews;
