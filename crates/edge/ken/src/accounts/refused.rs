//! Why a wish about accounts is refused, in words; the same whoever carries it out.

use ken_directory::Error;
use serde::{Deserialize, Serialize};

use crate::trouble::{NOTHING_DONE, Trouble};

/// A wish that cannot be carried out as it is. What it names is a kind of thing, never anybody.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "why", content = "what", rename_all = "kebab-case")]
pub(super) enum Refused {
    /// Nothing of that name is there.
    Unknown(String),
    /// It is there already.
    Taken(String),
    /// It is not written as it must be.
    Unfit(String),
    /// No more of them fit.
    TooMany(String),
}

impl Refused {
    /// The refusal in an error; none where the wish is fit and something else went wrong.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Unknown(what) => Some(Self::Unknown((*what).to_owned())),
            Error::Taken(what) => Some(Self::Taken((*what).to_owned())),
            Error::Unfit(what) => Some(Self::Unfit((*what).to_owned())),
            Error::TooMany(what) => Some(Self::TooMany((*what).to_owned())),
            _ => None,
        }
    }

    /// The same, for the person at the keyboard.
    pub(super) fn trouble(&self) -> Trouble {
        let (code, happened, next) = match self {
            Self::Unknown(what) => (
                "directory.unknown",
                format!("There is no {what} as you named it."),
                "See `ken accounts list` and `ken organisations list` for who is there.",
            ),
            Self::Taken(what) => (
                "directory.taken",
                format!("That {what} is registered already."),
                "Choose another; `ken accounts list` says which are there.",
            ),
            Self::Unfit(what) => (
                "directory.unfit",
                format!("That {what} is not acceptable: empty, too long, or with a strange sign."),
                "Write it otherwise.",
            ),
            Self::TooMany(what) => (
                "directory.too-many",
                format!("No more {what} fit here."),
                "End one that is not needed first.",
            ),
        };
        Trouble::new(code, happened, NOTHING_DONE, next)
    }
}
