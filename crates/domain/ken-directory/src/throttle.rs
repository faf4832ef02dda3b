//! How fast somebody may guess: a rule of counts and times, and its durable tallies.
//!
//! # Invariants
//!
//! - Every try is counted before the password is looked at, so that tries made at once do not slip
//!   past; a good sign-in takes its count back.
//! - Nobody is locked out for good: the longest wait is [`WAIT_MAX`].
//! - Nobody elsewhere keeps somebody out of the places from which they sign in: those have a tally
//!   of their own, of the account and the place, and a try there waits only where both do (ADR 52).
//! - Whatever is wrong is answered by the tally that every name has: no answer tells which names
//!   there are, nor where their holders sign in.
//! - A good sign-in takes back of the account's tally what its holder added, and nothing while that
//!   tally waits: who watches how long a name waits learns nothing of its holder's mornings.
//! - A site's tally drains: a large site mistypes every day and is never quiet for one.
//! - The tallies are bounded: one for each account and [`PLACES_MAX`] for its places, and [`SLOTS`]
//!   each for names that nobody has and for address classes. What is kept of a name or an address
//!   is a digest under a key of the installation, cut to a slot: nobody outside can look for two
//!   that share one.
//! - What a clock that was ahead has noted counts as noted now: it makes nobody wait until then.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use ken_core::AccountId;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads as _, Tx, values};

use crate::{Error, sql};

/// Slots for unknown names, and for address classes. A collision costs a stranger a short wait.
pub const SLOTS: u32 = 65_536;
/// The first wait, after the free tries are used up; each further try doubles it.
const WAIT_FIRST: SignedDuration = SignedDuration::from_secs(30);
/// The longest wait. House policy: long enough to make guessing hopeless (under 100 tries a day),
/// short enough to sit out. Whoever goes on guessing can keep a name waiting where its holder has
/// not signed in before; a passkey is the way past that: it is never counted.
pub const WAIT_MAX: SignedDuration = SignedDuration::from_mins(15);
/// Quiet for this long, and the tally begins again.
const FORGET: SignedDuration = SignedDuration::from_hours(24);

/// How long until one wrong try of an address class is forgiven. House policy: ten an hour, which
/// is what a site of some thousand mistypes at worst, and hopeless for guessing.
const DRAIN: SignedDuration = SignedDuration::from_mins(6);

/// How long a place is an account's after a good sign-in there. House policy: a term's absence.
const PLACE_LAST: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Most places of one account; of more, the last used are kept. House policy: work, home, and those
/// on the way. It bounds guessing: each place has its own tries.
pub const PLACES_MAX: i64 = 8;

/// Tries without a wait for one account. House policy: people mistype.
const ACCOUNT_FREE: i64 = 5;
/// Tries without a wait for one address class: a council may stand behind one address.
const ADDRESS_FREE: i64 = 100;

/// How often it went wrong, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tally {
    failures: i64,
    last: Timestamp,
    /// Up to when it has been drained, of an address class; when a sign-in there was good last, of
    /// an account's place.
    drained: Timestamp,
    /// How many of the tries at an account's place stand in the account's tally too.
    shared: i64,
}

/// What of a tally is left at an instant, one failure less for each whole [`DRAIN`].
fn drained(tally: Tally, now: Timestamp) -> Tally {
    let passed = now.duration_since(tally.drained).as_secs() / DRAIN.as_secs();
    let due = passed.max(0);
    if due == 0 {
        return tally;
    }
    let failures = tally.failures.saturating_sub(due).max(0);
    let upto = SignedDuration::from_secs(due.saturating_mul(DRAIN.as_secs()));
    let drained = tally.drained.checked_add(upto).unwrap_or(now);
    Tally { failures, drained, ..tally }
}

/// Until when the next try must wait; `None` when it may go on.
fn wait_until(tally: Tally, free: i64, now: Timestamp) -> Option<Timestamp> {
    let over = tally.failures - free;
    if over < 0 || is_forgotten(tally, now) {
        return None;
    }
    let doublings = u32::try_from(over).unwrap_or(u32::MAX).min(8);
    let wait = (WAIT_FIRST * (1_i32 << doublings)).min(WAIT_MAX);
    let until = tally.last.checked_add(wait).ok()?;
    (until > now).then_some(until)
}

fn is_forgotten(tally: Tally, now: Timestamp) -> bool {
    now.duration_since(tally.last) > FORGET
}

fn after_try(tally: Tally, now: Timestamp) -> Tally {
    let failures = if is_forgotten(tally, now) { 1 } else { tally.failures.saturating_add(1) };
    Tally { failures, last: now, ..tally }
}

/// What a try may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is looked at.
    Now,
    /// It is looked at, in a place of the account: what is wrong waits, as it does anywhere.
    OnlyRight(Timestamp),
    /// It waits for its name. The answer must take as long as one that was looked at.
    Wait(Timestamp),
    /// It waits for its address, whatever the name.
    Closed(Timestamp),
}

/// Whose tries are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Buckets {
    /// Of the account, or of the name that nobody has; wherever the try came from.
    name: String,
    /// Of the account at this place.
    place: String,
    /// Whether this is a place of the account; known once the try is counted.
    is_place: bool,
    address: String,
    /// Whether the try is counted at all, but in the address's tally.
    is_counted: bool,
    /// What the name's tally was, and when this try was counted in it; none where it is not.
    before: Option<(Tally, Timestamp)>,
}

impl Buckets {
    /// The tallies of one try: by account, or by the name that nobody has; and by address class.
    pub(crate) async fn of(
        tx: &mut Tx,
        keys: &KeyRing,
        (account, name): (Option<AccountId>, &str),
        address: IpAddr,
    ) -> Result<Self, Error> {
        let own = installation(tx, keys).await?;
        // Worked out whatever the name: what takes longer for an account would tell of it.
        let nobody = slot(&digest(keys, own, "name", name.as_bytes()).await?);
        let class = digest(keys, own, "address", &address_class(address)).await?;
        let name = match account {
            Some(account) => format!("account:{account}"),
            None => format!("name:{nobody}"),
        };
        let place = format!("{PLACE}{name}:{}", hex(&class));
        let address = format!("{ADDRESS}{}", slot(&class));
        Ok(Self { name, place, is_place: false, address, is_counted: false, before: None })
    }

    /// Where the account's own tries are counted.
    fn own(&self) -> &str {
        if self.is_place { &self.place } else { &self.name }
    }

    /// Counts a try, unless it must wait: then it is counted by address alone, since its answer is
    /// worked out all the same, and nothing is where the address must wait.
    ///
    /// The name's row is always taken first and the address's last, so that two tries cannot wait
    /// for each other.
    pub(crate) async fn count(&mut self, tx: &mut Tx, now: Timestamp) -> Result<Turn, Error> {
        // Looked for whatever the name: what takes longer for an account would tell of it.
        let since = now.saturating_sub(PLACE_LAST).unwrap_or(Timestamp::MIN);
        let of = values![&self.place, since];
        self.is_place = tx.find(sql::THROTTLE_PLACE, of, |row| row.int(0)).await?.is_some();
        let name = take(tx, &self.name, now).await?;
        // The same row again where this is no place: as many statements whatever the name.
        let own = take(tx, self.own(), now).await?;
        let address = drained(take(tx, &self.address, now).await?, now);
        let name_waits = wait_until(name, ACCOUNT_FREE, now);
        if let Some(until) = wait_until(address, ADDRESS_FREE, now) {
            return Ok(Turn::Closed(name_waits.map_or(until, |other| other.max(until))));
        }
        put(tx, &self.address, after_try(address, now)).await?;
        let turn = match name_waits {
            None => Turn::Now,
            Some(until) if wait_until(own, ACCOUNT_FREE, now).is_none() => Turn::OnlyRight(until),
            Some(until) => return Ok(Turn::Wait(until)),
        };
        self.is_counted = true;
        let mut own = after_try(own, now);
        if turn == Turn::Now {
            self.before = Some((name, now));
            own.shared = if is_forgotten(name, now) { 1 } else { own.shared.saturating_add(1) };
            put(tx, &self.name, after_try(name, now)).await?;
        }
        if self.is_place {
            put(tx, &self.place, own).await?;
        }
        Ok(turn)
    }

    /// Takes back a try of which nobody learnt whether it was good.
    pub(crate) async fn take_back(&self, tx: &mut Tx) -> Result<(), Error> {
        if self.before.is_some() {
            tx.execute(sql::THROTTLE_FORGIVE, values![&self.name]).await?;
        }
        if self.is_counted && self.is_place {
            let of = values![&self.place, self.before.is_some()];
            tx.execute(sql::THROTTLE_FORGIVE_HERE, of).await?;
        }
        tx.execute(sql::THROTTLE_FORGIVE, values![&self.address]).await?;
        Ok(())
    }

    /// Takes as long as the note of a refusal, where there is no account to note it on.
    pub(crate) async fn touch(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
        take(tx, &self.name, now).await.map(drop)
    }

    /// Takes back what a good sign-in was counted as; the place is the account's from now on. What
    /// others tried elsewhere stays counted.
    pub(crate) async fn forgive(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
        let shared = self.forgive_name(tx, now).await?;
        take(tx, &self.place, now).await?;
        put(tx, &self.place, Tally { failures: 0, last: now, drained: now, shared }).await?;
        let since = now.saturating_sub(PLACE_LAST).unwrap_or(Timestamp::MIN);
        let (from, to) = places(&self.name);
        let of = values![&from, &to, since, PLACES_MAX];
        tx.execute(sql::THROTTLE_PLACES_SWEEP, of).await?;
        tx.execute(sql::THROTTLE_FORGIVE, values![&self.address]).await?;
        Ok(())
    }

    /// Takes out of the name's tally what this try added, and what went wrong at this place of the
    /// account: who mistypes at home every day is kept waiting nowhere by that. Says how much is
    /// left to be taken out, when the name no longer waits.
    async fn forgive_name(&self, tx: &mut Tx, now: Timestamp) -> Result<i64, Error> {
        let name = take(tx, &self.name, now).await?;
        let here = if self.is_place { take(tx, &self.place, now).await?.shared } else { 1 };
        let Some((before, at)) = self.before else { return Ok(here) };
        let failures = name.failures.saturating_sub(here).max(0);
        // Where nobody has tried since, the tally is as quiet as it was.
        let last = if name.last <= at { before.last } else { name.last };
        put(tx, &self.name, Tally { failures, last, ..name }).await?;
        Ok(0)
    }
}

/// How the tallies of accounts' places begin.
const PLACE: &str = "place:";
/// How the tallies of address classes begin.
const ADDRESS: &str = "address:";

/// Between which words the tallies of a name's places lie.
fn places(name: &str) -> (String, String) {
    (format!("{PLACE}{name}:"), format!("{PLACE}{name};"))
}

/// Forgets the places of an account: it is closed, or its ways in are others now.
pub(crate) async fn forget_places(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    let (from, to) = places(&format!("account:{account}"));
    tx.execute(sql::THROTTLE_PLACES_CLEAR, values![&from, &to]).await?;
    Ok(())
}

/// Lets an account's tally begin again: its ways in are others now, and whoever guessed the ones
/// before keeps nobody from these.
pub(crate) async fn begin_again(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute(sql::THROTTLE_CLEAR, values![format!("account:{account}")]).await?;
    Ok(())
}

/// Reads a tally and keeps others from it until this write ends.
async fn take(tx: &mut Tx, bucket: &str, now: Timestamp) -> Result<Tally, Error> {
    let found = tx
        .find(sql::THROTTLE_TAKE, values![bucket, now], |row| {
            let (failures, last) = (row.int(0)?, row.time(1)?);
            let drained = row.time_opt(2)?.unwrap_or(last);
            Ok(Tally { failures, last, drained, shared: row.int(3)? })
        })
        .await?;
    found.ok_or(Error::Corrupt("tally"))
}

async fn put(tx: &mut Tx, bucket: &str, tally: Tally) -> Result<(), Error> {
    let of = values![bucket, tally.failures, tally.last, tally.drained, tally.shared];
    tx.execute(sql::THROTTLE_PUT, of).await?;
    Ok(())
}

/// The key under which the installation keeps names and addresses.
async fn installation(tx: &mut Tx, keys: &KeyRing) -> Result<KeyId, Error> {
    if let Some(key) = tx.find(sql::THROTTLE_KEY, &[], |row| row.parse(0)).await? {
        return Ok(key);
    }
    let fresh = keys.fresh().await?.to_string();
    tx.execute(sql::THROTTLE_KEY_PUT, values![&fresh]).await?;
    // Another write may have given one meanwhile.
    let held = tx.find(sql::THROTTLE_KEY, &[], |row| row.parse(0)).await?;
    held.ok_or(Error::Corrupt("key of tallies"))
}

async fn digest(keys: &KeyRing, own: KeyId, purpose: &str, text: &[u8]) -> Result<[u8; 32], Error> {
    let digest = keys.digest(&own, &format!("throttle {purpose}"), text).await?;
    digest.ok_or(Error::Corrupt("key of tallies"))
}

/// One of [`SLOTS`].
fn slot(digest: &[u8; 32]) -> String {
    let [first, second, ..] = digest;
    format!("{first:02x}{second:02x}")
}

/// Half of a digest, in letters.
fn hex(digest: &[u8; 32]) -> String {
    digest.iter().take(16).fold(String::with_capacity(32), |text, byte| format!("{text}{byte:02x}"))
}

/// The address class of an address, as tallies and challenges keep it: its slot.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub(crate) async fn of_address(
    tx: &mut Tx,
    keys: &KeyRing,
    address: IpAddr,
) -> Result<String, Error> {
    let own = installation(tx, keys).await?;
    let class = digest(keys, own, "address", &address_class(address)).await?;
    Ok(format!("{ADDRESS}{}", slot(&class)))
}

/// The network that an address belongs to: /24 of IPv4, /56 of IPv6, what one site is given.
fn address_class(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().into_iter().take(3).collect(),
        IpAddr::V6(v6) => v6.octets().into_iter().take(7).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let check = |failures, since: i64, want: Option<i64>| {
            let tally = Tally { failures, last: at(0), drained: at(0), shared: 0 };
            assert_eq!(wait_until(tally, 5, at(since)), want.map(at), "{failures} after {since}");
        };
        check(4, 0, None);
        check(5, 0, Some(30));
        check(5, 29, Some(30));
        check(5, 30, None);
        check(6, 0, Some(60));
        check(9, 0, Some(480));
        check(10, 0, Some(900));
        check(i64::MAX, 899, Some(900));
        check(i64::MAX, 900, None);
    }

    #[test]
    fn a_quiet_day_begins_again() {
        let tally = Tally { failures: 40, last: at(0), drained: at(0), shared: 0 };
        assert_eq!(after_try(tally, at(86_400)).failures, 41);
        assert_eq!(after_try(tally, at(86_401)).failures, 1);
    }

    #[test]
    fn a_site_that_is_never_quiet_drains_all_the_same() {
        let check = |since: i64, failures: i64, upto: i64| {
            let tally = Tally { failures: 100, last: at(since), drained: at(0), shared: 0 };
            let left = drained(tally, at(since));
            assert_eq!((left.failures, left.drained), (failures, at(upto)), "after {since}");
        };
        check(359, 100, 0);
        check(360, 99, 360);
        check(1_000, 98, 720);
        check(86_400, 0, 86_400);
        check(-5, 100, 0);
        // A mistyped password every seven minutes for a month: nobody ever waits.
        let mut tally = Tally { failures: 0, last: at(0), drained: at(0), shared: 0 };
        for minute in (0..43_200).step_by(7) {
            let now = at(minute * 60);
            tally = drained(tally, now);
            assert_eq!(wait_until(tally, ADDRESS_FREE, now), None, "{minute}");
            tally = after_try(tally, now);
        }
    }

    #[test]
    fn one_site_is_one_class() {
        let check = |a: &str, b: &str, same: bool| {
            let class = |text: &str| address_class(text.parse().unwrap());
            assert_eq!(class(a) == class(b), same, "{a} {b}");
        };
        check("192.0.2.1", "192.0.2.200", true);
        check("192.0.2.1", "192.0.3.1", false);
        check("::ffff:192.0.2.1", "192.0.2.9", true);
        check("2001:db8:0:aa01::1", "2001:db8:0:aaff::2", true);
        check("2001:db8:0:aa01::1", "2001:db8:0:ab01::1", false);
    }

    proptest! {
        #[test]
        fn nobody_waits_for_ever(failures in 0..i64::MAX, since in 0i64..2_000_000) {
            let tally = Tally { failures, last: at(0), drained: at(0), shared: 0 };
            let until = wait_until(tally, ACCOUNT_FREE, at(since));
            prop_assert!(until.is_none_or(|until| until <= at(900)));
        }
    }
}
