//! Planning extracts over both engines.

#[cfg(test)]
mod extracts;
#[cfg(test)]
mod world;
