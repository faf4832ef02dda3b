//! The instruments of the made-up partnership, and what is wrong with worse ones.

#[cfg(test)]
mod any_bytes;
#[cfg(test)]
mod canonical;
#[cfg(test)]
mod checklist;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod law;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod shelf;
#[cfg(test)]
mod show;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod told;
