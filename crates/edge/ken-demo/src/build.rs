//! Building the partnership in a running Ken: configuration through the domain's operations,
//! history as messages through the hub, and nothing beside it.
//!
//! # Invariants
//!
//! - Every step may be done again: what is there is left as it is, and a message that was applied
//!   is answered as before. So a build that was cut off goes on where it was.
//! - A household's messages keep their order; households do not wait for each other.

mod asks;
mod care;
mod desk;
mod directory;
mod discussed;
mod drafting;
mod error;
mod history;
mod insight;
mod messages;
mod office;
mod partnerships;
mod people;
mod rosters;
mod services;
mod sharing;
mod state;
mod stock;
mod told;
mod words;
mod written;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ken_core::{Clock, Ctx, IdSource};
use ken_directory::{Hasher, organisation};
use ken_hub::Hub;
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot};

pub use directory::Staff;
pub use error::Error;

use crate::{Partnership, SEED};
use state::State;

/// What the build works with: the parts of a running Ken.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The database, migrated.
    pub db: Db,
    /// The key ring.
    pub keys: KeyRing,
    /// The hub; it learns the demo's sources here.
    pub hub: Arc<Hub>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and entropy.
    pub ids: Arc<dyn IdSource>,
    /// What hashes passwords.
    pub hasher: Hasher,
    /// The directory that remembers what was built.
    pub data: PathBuf,
}

impl Parts {
    fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }
}

/// How far the build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A part began: what it does, and of how many steps.
    Began {
        /// What, in a few words.
        what: &'static str,
        /// How many steps.
        total: u64,
    },
    /// So many more steps of the part are done.
    Did(u64),
}

/// Whoever wants to know how far the build is.
pub type Listener<'a> = dyn Fn(Progress) + Send + Sync + 'a;

/// What was built, or found.
pub struct Built {
    /// The partnership.
    pub partnership: Partnership,
    /// Whether it was there already.
    pub is_found: bool,
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Built").field("is_found", &self.is_found).finish_non_exhaustive()
    }
}

/// Builds the partnership, or finds it built.
///
/// # Errors
///
/// [`Error`], after which a second try goes on where the first stopped; [`Error::Foreign`] where
/// directory and database do not belong together: one was built and the other is empty.
pub async fn build(parts: &Parts, listener: &Listener<'_>) -> Result<Built, Error> {
    let before = State::find(&parts.data)?;
    let is_empty = is_empty(parts).await?;
    if before.map_or(!is_empty, |state| state.whole && is_empty) {
        return Err(Error::Foreign);
    }
    let state = before.unwrap_or(State { seed: SEED, start: parts.clock.today(), whole: false });
    let partnership = Partnership::new(state.seed, state.start);
    if state.whole {
        sharing::seal_again(parts, state.start).await?;
        return Ok(Built { partnership, is_found: true });
    }
    state.keep(&parts.data)?;
    let staff = found(parts, &partnership, listener).await?;
    history::send(parts, &partnership, listener).await?;
    people::settle(parts, &partnership, &staff, listener).await?;
    care::coordinate(parts, &partnership, &staff).await?;
    written::write(parts, &partnership, &staff).await?;
    words::say(parts, &partnership).await?;
    messages::send(parts, &partnership, &staff).await?;
    asks::ask(parts, &partnership, &staff).await?;
    told::tell(parts, &partnership, &staff).await?;
    discussed::discuss(parts, &partnership, &staff).await?;
    office::keep(parts, &staff).await?;
    rosters::plan(parts, &staff).await?;
    stock::fill(parts, &staff).await?;
    insight::give(parts, &staff).await?;
    services::fill(parts, partnership.start, &staff).await?;
    State { whole: true, ..state }.keep(&parts.data)?;
    Ok(Built { partnership, is_found: false })
}

/// Whether the database knows no organisation yet.
async fn is_empty(parts: &Parts) -> Result<bool, Error> {
    let read = async |s: &mut Snapshot| organisation::list(s).await;
    Ok(parts.db.snapshot("demo.organisations", read).await?.is_empty())
}

/// Founds the partnership without its people: organisations, sources, practitioners, agreements.
///
/// The simulation begins here, and tells the history in its own way.
///
/// # Errors
///
/// As [`build`].
pub async fn found(
    parts: &Parts,
    partnership: &Partnership,
    listener: &Listener<'_>,
) -> Result<Staff, Error> {
    let staff = directory::staff(parts, partnership, listener).await?;
    sharing::agreements(parts, partnership.start, &staff, listener).await?;
    desk::fill(parts, &staff).await?;
    Ok(staff)
}
