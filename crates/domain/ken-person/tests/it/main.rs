//! The index on both engines: identification, the queue, links, search.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod identify;
#[cfg(test)]
mod index;
#[cfg(test)]
mod learning;
#[cfg(test)]
mod likely;
#[cfg(test)]
mod links;
#[cfg(test)]
mod newborn;
#[cfg(test)]
mod newcomer;
#[cfg(test)]
mod numberless;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod review;
#[cfg(test)]
mod search;
#[cfg(test)]
mod seeding;
#[cfg(test)]
mod world;
