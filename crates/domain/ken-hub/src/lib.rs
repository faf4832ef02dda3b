//! Inbox, apply, outbox lanes: a message becomes a record.
