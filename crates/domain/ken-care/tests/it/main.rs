//! Care around the person over both engines.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod corrections;
#[cfg(test)]
mod discussions;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod referral;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod support;
#[cfg(test)]
mod team;
#[cfg(test)]
mod told;
#[cfg(test)]
mod words;
#[cfg(test)]
mod world;
#[cfg(test)]
mod writing;
