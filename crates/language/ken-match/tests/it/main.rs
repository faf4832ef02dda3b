//! The engine from without: what a batch of made-up people must come out as.
//!
//! Every number comes from a fixed seed, so that each run sees the same people.

#[cfg(test)]
mod bad;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod contact;
#[cfg(test)]
mod decided;
#[cfg(test)]
mod explained;
#[cfg(test)]
mod index;
#[cfg(test)]
mod number;
#[cfg(test)]
mod order;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod people;
#[cfg(test)]
mod reliable;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod seeded;
