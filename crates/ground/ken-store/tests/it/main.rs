//! The store from outside: what is kept, what is undone, what is refused.

#[cfg(test)]
mod blobs;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod group;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod measures;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod places;
#[cfg(test)]
mod portable;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod saga;
#[cfg(test)]
mod timers;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod writes;
