//! The directory on both engines: registration, sign-in, sessions.

#[cfg(test)]
mod partnership;
#[cfg(test)]
mod passkey;
#[cfg(test)]
mod register;
#[cfg(test)]
mod roster;
#[cfg(test)]
mod seed;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod service;
#[cfg(test)]
mod session;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod stock;
#[cfg(test)]
mod world;
