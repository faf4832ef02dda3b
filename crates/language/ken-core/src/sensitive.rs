//! Personal data that the compiler keeps out of logs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Personal data: it has no `Display`, its `Debug` is blind, and it is opened by name.
///
/// Source: house policy, style rule 23. Search the code for `.reveal()` to see every opening.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Closes a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Opens the value. The caller vouches that it goes to no log, URL, error or metric.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// Opens the value for good.
    pub fn into_revealed(self) -> T {
        self.0
    }

    /// Changes what is inside without opening it to the caller's logs.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Sensitive<U> {
        Sensitive(change(self.0))
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(..)")
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_blind_at_any_depth() {
        let held = Some(vec![Sensitive::new("Morag Canary")]);
        assert_eq!(format!("{held:?}"), "Some([Sensitive(..)])");
    }
}
