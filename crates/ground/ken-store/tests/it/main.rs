//! The store from outside: what is kept, what is undone, what is refused.

#[cfg(test)]
mod keys;
#[cfg(test)]
mod writes;
