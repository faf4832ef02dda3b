//! Filing, deciding and disclosing over real databases, on every engine there is.

mod disclose;
mod world;
