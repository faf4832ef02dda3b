//! A form that is sent twice makes one thing: a double click, a page that the browser loads again.
//!
//! The forms of each page carry a mark of that page, so that the same bytes to the same address are
//! one sending, and [`Ctx::request`] is the same for each of its requests.
//!
//! # Invariants
//!
//! - A sending is noted in the write that makes the thing: both are kept, or neither, and a first
//!   try that failed keeps nobody from trying again.
//! - What is noted names nobody: a hash, and the id of what was made.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use ken_core::Ctx;
use ken_store::{Reads, Tx, values};
use sha2::{Digest as _, Sha256};

use crate::{Error, sql};

/// How long a sending is remembered. House policy: a page that is left open over night.
pub const LAST: SignedDuration = SignedDuration::from_hours(24);

/// Notes that this request makes something, of this kind and content; gives what the same request
/// made of it before, and then nothing may be made. It stands last before the making: what is
/// refused is not noted.
///
/// # Errors
///
/// Whatever the store says.
pub async fn once<I: Display + FromStr>(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    what: &[&str],
    made: I,
) -> Result<Option<I>, Error> {
    let of = values![hash(ctx, what), made.to_string(), ctx.now_us()];
    if tx.execute(sql::SENDING_PUT, of).await? == 1 {
        return Ok(None);
    }
    before(tx, ctx, what).await
}

/// Says that the same request has made something else meanwhile, for what it made `before` is over;
/// gives what another did in the same moment, and then nothing may be made.
///
/// # Errors
///
/// Whatever the store says.
pub async fn anew<I: Display + FromStr>(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    what: &[&str],
    (over, made): (I, I),
) -> Result<Option<I>, Error> {
    let of = values![hash(ctx, what), made.to_string(), ctx.now_us(), over.to_string()];
    if tx.execute(sql::SENDING_MOVE, of).await? == 1 {
        return Ok(None);
    }
    before(tx, ctx, what).await
}

/// What the same request made before, if it did.
///
/// # Errors
///
/// Whatever the store says.
pub async fn before<I: FromStr>(
    reads: &mut impl Reads,
    ctx: &Ctx<'_>,
    what: &[&str],
) -> Result<Option<I>, Error> {
    let made = reads.find(sql::SENDING_FIND, values![hash(ctx, what)], |row| row.text(0)).await?;
    made.map(|made| made.parse().map_err(|_| Error::Corrupt("sending"))).transpose()
}

/// What stands for a request and the content of what it makes.
fn hash(ctx: &Ctx<'_>, what: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(ctx.request.to_string());
    for part in what {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}
