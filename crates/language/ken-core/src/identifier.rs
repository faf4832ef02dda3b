//! National identifiers, each its own type with its own check digit.
