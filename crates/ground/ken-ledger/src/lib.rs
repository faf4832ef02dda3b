//! The tamper-evident log: append, seal, prove, verify, export.
