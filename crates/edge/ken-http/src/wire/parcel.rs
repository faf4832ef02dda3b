//! What one page hands to the next through the browser, sealed.
//!
//! What somebody typed must reach the next page, on whatever node it is served, and must not stand
//! in an address. So it is sealed under a key of the key store, bound to the session and a time:
//! to anybody else, and to the same browser when its time is over, it is noise. Each page seals
//! anew.

use jiff::{SignedDuration, Timestamp};
use ken_store::keys::KeyId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;

/// How long a parcel may be opened. House policy: longer than a session may be silent, so that no
/// telephone call is longer than the form it interrupts.
const LAST: SignedDuration = SignedDuration::from_mins(45);
const DAY_SECONDS: i64 = 86_400;
/// Longest parcel, in characters: twice what six details of 100 characters need.
const LEN_MAX: usize = 8 * 1024;
/// Length of a key's id in a parcel.
const KEY_LEN: usize = 36;

/// The key of a day's parcels, on whatever node, and the day. A parcel of yesterday still opens,
/// and one of the day before is noise, also after a restart.
#[derive(Debug, Default)]
pub(crate) struct ParcelKey(Mutex<Option<(KeyId, i64)>>);

#[derive(Serialize, Deserialize)]
struct Inside<T> {
    until_us: i64,
    what: T,
}

/// Seals `what` for the caller's own browser.
///
/// # Errors
///
/// What the key store says.
pub(crate) async fn seal<T: Serialize>(
    app: &App,
    caller: &Caller,
    what: T,
) -> Result<String, Stop> {
    let ctx = app.ctx(caller.request());
    let now = ctx.clock.now();
    let until = now.checked_add(LAST).map_err(|_| Stop::Fault("http.clock"))?;
    let inside = Inside { until_us: until.as_microsecond(), what };
    let inside = serde_json::to_vec(&inside).map_err(|_| Stop::Fault("http.parcel"))?;
    let key = key(app, now).await?;
    let sealed = app.keys().seal(&key, &binding(caller), &inside).await?;
    let mut parcel = key.to_string().into_bytes();
    parcel.extend(sealed);
    Ok(URL_SAFE_NO_PAD.encode(parcel))
}

async fn key(app: &App, now: Timestamp) -> Result<KeyId, Stop> {
    let day = now.as_second().div_euclid(DAY_SECONDS);
    let mut held = app.parcel_key().0.lock().await;
    if let Some((key, of)) = *held
        && of == day
    {
        return Ok(key);
    }
    let key = ken_person::budget::key_of(app.db(), app.keys(), day).await?;
    *held = Some((key, day));
    Ok(key)
}

/// Opens a parcel; `None` when it is not one, is another's, or is too old.
///
/// # Errors
///
/// What the key store says.
pub(crate) async fn open<T: DeserializeOwned>(
    app: &App,
    caller: &Caller,
    parcel: &str,
) -> Result<Option<T>, Stop> {
    let Some((key, sealed)) = split(parcel) else { return Ok(None) };
    let opened = match app.keys().open(&key, &binding(caller), &sealed).await {
        Ok(opened) => opened,
        Err(ken_store::Error::Unsealable | ken_store::Error::KeyUnknown) => None,
        Err(error) => return Err(error.into()),
    };
    let inside = opened.and_then(|bytes| serde_json::from_slice::<Inside<T>>(&bytes).ok());
    let now = app.ctx(caller.request()).now_us();
    Ok(inside.filter(|inside| inside.until_us > now).map(|inside| inside.what))
}

fn split(parcel: &str) -> Option<(KeyId, Vec<u8>)> {
    if parcel.len() > LEN_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(parcel).ok()?;
    let (key, sealed) = bytes.split_at_checked(KEY_LEN)?;
    Some((std::str::from_utf8(key).ok()?.parse().ok()?, sealed.to_vec()))
}

fn binding(caller: &Caller) -> Vec<u8> {
    format!("ken-parcel/1\n{}", caller.session().id).into_bytes()
}
