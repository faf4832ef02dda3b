//! The hub over real databases, on every engine there is.

mod accept;
mod mllp;
mod world;
