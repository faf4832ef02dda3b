//! Sharing, as its callers see it.

#[cfg(test)]
mod anew;
#[cfg(test)]
mod at_risk;
#[cfg(test)]
mod caseload;
#[cfg(test)]
mod ceiling;
#[cfg(test)]
mod classes;
#[cfg(test)]
mod concern;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod in_turn;
#[cfg(test)]
mod law;
#[cfg(test)]
mod layered;
#[cfg(test)]
mod never_widens;
#[cfg(test)]
mod offers;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod partnership;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod python;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod referrer;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod sectors;
#[cfg(test)]
mod sendable;
#[cfg(test)]
mod shut;
#[cfg(test)]
mod stages;
#[cfg(test)]
mod succession;
#[cfg(test)]
mod together;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod vectors_random;
#[cfg(test)]
mod vectors_world;
#[cfg(test)]
mod wish;
#[cfg(test)]
mod world;
