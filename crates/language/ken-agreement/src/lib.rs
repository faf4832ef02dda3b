//! The agreement language: parse, canonical form, lint, and Cedar text.
