//! The hub over real databases, on every engine there is.

#[cfg(test)]
mod accept;
#[cfg(test)]
mod allergies;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod close;
#[cfg(test)]
mod deaths;
#[cfg(test)]
mod enclosed;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod late;
#[cfg(test)]
mod merges;
#[cfg(test)]
mod mllp;
#[cfg(test)]
mod names;
#[cfg(test)]
mod newborn;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod order;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod pieces;
#[cfg(test)]
mod restrictions;
#[cfg(test)]
mod retold;
#[cfg(test)]
mod settle;
#[cfg(test)]
mod since;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod world;
