//! The made-up partnership of Glen and Strath.
