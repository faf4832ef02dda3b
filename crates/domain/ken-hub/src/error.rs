//! What can go wrong at the hub. A message that is refused is an answer, not an error.

use thiserror::Error;

/// Why an operation of the hub failed. None of these says anything about a person.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done, and nothing was acknowledged.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The ledger could not be written.
    #[error("ledger failed")]
    Ledger(#[from] ken_ledger::Error),
    /// The person index failed.
    #[error("person index failed")]
    Person(#[from] ken_person::Error),
    /// The record failed.
    #[error("record failed")]
    Records(#[from] ken_records::Error),
    /// Sharing facts could not be changed.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// What was filed under the number before is still on its way to whom it means now; a human
    /// must look where that has failed, and messages behind it do not wait.
    #[error("what was filed under a number is on its way")]
    Moving {
        /// Whether it has failed.
        has_failed: bool,
    },
    /// A source would be trusted for what no setting of its own may say.
    #[error("a source does not set {0}")]
    Unfit(&'static str),
    /// What is stored cannot be read back: the named thing is corrupt.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
}

impl Error {
    /// Whether the same message may well succeed in a moment: another write was in the way.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        if matches!(
            self,
            Self::Person(ken_person::Error::Contended) | Self::Moving { has_failed: false }
        ) {
            return true;
        }
        self.store().is_some_and(ken_store::Error::is_transient)
    }

    /// Whether the database was away, full, busy or stopped the work: it says nothing of what was
    /// asked, which may well succeed later.
    #[must_use]
    pub fn is_of_store(&self) -> bool {
        use ken_store::Error as Store;
        let by_store = matches!(
            self.store(),
            Some(
                Store::Interrupted
                    | Store::DiskFull
                    | Store::ReadOnly
                    | Store::Closed
                    | Store::Commit(_)
                    | Store::File(_)
            )
        );
        by_store || self.is_transient()
    }

    /// Whether others had what was wanted, or it took longer than it may: the database was there,
    /// and may do something else.
    pub(crate) fn is_of_turn(&self) -> bool {
        use ken_store::Error as Store;
        let by_person = matches!(
            self,
            Self::Person(ken_person::Error::Contended) | Self::Moving { has_failed: false }
        );
        let store = self.store();
        let by_other =
            matches!(store, Some(Store::Contended | Store::Interrupted | Store::Revoked));
        by_person || by_other
    }

    /// What the store said, if it is at the root of this.
    fn store(&self) -> Option<&ken_store::Error> {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(store) = error.downcast_ref::<ken_store::Error>() {
                return Some(store);
            }
            cause = error.source();
        }
        None
    }

    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(cause) => cause.code(),
            Self::Ledger(cause) => cause.code(),
            Self::Person(cause) => cause.code(),
            Self::Records(cause) => cause.code(),
            Self::Sharing(cause) => cause.code(),
            Self::Moving { .. } => "hub.number-moving",
            Self::Unfit(_) => "hub.unfit-source",
            Self::Corrupt(_) => "hub.corrupt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_did_not_do_says_nothing_of_a_message() {
        use ken_store::Error as Store;
        let check = |cause: Store, want: bool| {
            let code = cause.code();
            assert_eq!(Error::from(cause.clone()).is_of_store(), want, "{code}");
            assert_eq!(Error::from(ken_person::Error::from(cause)).is_of_store(), want, "{code}");
        };
        for cause in [
            Store::Interrupted,
            Store::DiskFull,
            Store::ReadOnly,
            Store::Closed,
            Store::Commit(Box::new(Store::DiskFull)),
            Store::Broken,
            Store::Overloaded,
            Store::Contended,
            Store::Revoked,
        ] {
            check(cause, true);
        }
        for cause in [Store::Parameters, Store::TooManyRows, Store::Column { index: 1 }] {
            check(cause, false);
        }
        assert!(!Error::Corrupt("inbox").is_of_store());
    }
}
