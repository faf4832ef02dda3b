//! The hub over real databases, on every engine there is.

#[cfg(test)]
mod accept;
#[cfg(test)]
mod close;
#[cfg(test)]
mod merges;
#[cfg(test)]
mod mllp;
#[cfg(test)]
mod pieces;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod world;
