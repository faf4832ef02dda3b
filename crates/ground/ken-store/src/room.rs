//! Room: whether the database can take what it is given to keep.
//!
//! A full disk refuses some writes and still takes smaller ones, so that one write that went well
//! says little. Once a write was refused, the database therefore counts as full until a look has
//! found room for [`LOOK_BYTES`], however many small writes go well between.
//!
//! # Invariants
//!
//! - Nothing is asked of the disk while no write was refused.
//! - What a look has written is taken away again, by the next look if not by itself.
//!
//! Source: house policy; a node that cannot keep what it is sent must not be sent more.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::sql::room as sql;
pub use crate::sql::room::ALL as STATEMENTS;
use crate::{Db, Result, values};

/// How much must fit before there is room again. House policy: a few of the largest messages.
pub const LOOK_BYTES: usize = 256 * 1024;

/// Whether a write was refused for want of room.
#[derive(Debug, Default)]
pub(crate) struct Room {
    full: AtomicBool,
}

impl Room {
    /// A write found no room.
    pub(crate) fn refused(&self) {
        if !self.full.swap(true, Ordering::Relaxed) {
            tracing::error!(error.code = "store.disk-full", "no room is left: nothing can be kept");
        }
    }

    fn found(&self) {
        if self.full.swap(false, Ordering::Relaxed) {
            tracing::warn!("there is room again");
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

impl Db {
    /// Whether this process has had no write refused for want of room since room was last found.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.room.is_full()
    }

    /// Looks whether there is room again, where there was none; to be called now and then.
    ///
    /// # Errors
    ///
    /// [`crate::Error::DiskFull`] while there is none, or those of a write.
    pub async fn look_for_room(&self) -> Result<()> {
        if self.has_room() {
            return Ok(());
        }
        let body = filling();
        self.write("store-room", async |tx| {
            tx.execute(sql::ROOM_TAKE, values![&body]).await.map(drop)
        })
        .await?;
        self.room.found();
        self.write("store-room-back", async |tx| tx.execute(sql::ROOM_GIVE, &[]).await.map(drop))
            .await
    }
}

/// Bytes that no engine can store shorter (xorshift, Marsaglia 2003).
fn filling() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(LOOK_BYTES);
    while bytes.len() < LOOK_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}
