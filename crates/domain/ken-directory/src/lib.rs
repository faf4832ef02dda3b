//! Organisations, practitioners, accounts, sign-in and sessions.
