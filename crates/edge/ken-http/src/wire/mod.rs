//! The mechanics of a request: its id, its cookies, its headers, and how changes are guarded.

pub(crate) mod address;
pub(crate) mod bound;
pub(crate) mod changes;
pub(crate) mod cookie;
pub(crate) mod csrf;
pub(crate) mod headers;
pub(crate) mod parcel;
pub(crate) mod request;
