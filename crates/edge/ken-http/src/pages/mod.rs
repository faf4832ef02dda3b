//! One file for each page: what it is sent, what it shows, and its tests.

pub(crate) mod about;
pub(crate) mod ask;
pub(crate) mod choose;
pub(crate) mod chronology;
pub(crate) mod compose;
pub(crate) mod confirm;
pub(crate) mod follow;
pub(crate) mod governance;
pub(crate) mod home;
pub(crate) mod matching;
pub(crate) mod operations;
pub(crate) mod own;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod replies;
pub(crate) mod services;
pub(crate) mod sign_in;
pub(crate) mod work;
