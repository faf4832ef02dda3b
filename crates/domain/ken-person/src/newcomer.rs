//! Newcomers are asked about once more: whom their registration could not have heard of.
//!
//! Two who are one, written differently and registered at the same moment, or while the index is
//! filled, are each new: neither registration could see the other. So everybody who is made waits
//! in the store until a node whose index has read their note asks whom else they may be. Of two
//! such notes one has the later place, and whoever has read that place holds both.
//!
//! # Invariants
//!
//! - A newcomer ceases to wait in the transaction that makes the place in the queue, or once it is
//!   known that nobody is like them; so a crash loses no question, and several nodes ask it once.
//! - Of two newcomers the later one is asked about the earlier, never both ways round.
//! - It makes places in the queue and nothing else: nobody is linked, nobody becomes provisional.
//!
//! Sources: ADR 53.

use std::collections::BTreeSet;

use ken_core::{Ctx, PersonId};
use ken_store::{Db, Reads, Tx, values};

use crate::index::{self, Follower, Index};
use crate::likely::likely;
use crate::{Demographics, Error, account, queue, sql};

/// Newcomers that are read from one picture of the store. House policy: some milliseconds of work.
const ASKED_AT_ONCE: i64 = 64;
/// Most such pictures of one turn, so that whoever asks it to stop is heard.
const TURN_MAX: usize = 16;

/// Somebody who waits, and the place of the note that said so.
type Waiting = (PersonId, i64);

/// What a turn came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AskedAgain {
    /// How many newcomers were asked about.
    pub people: usize,
    /// Of how many of them something stored could not be read: they are not asked about again.
    pub unread: usize,
}

/// Asks about the newcomers that a follower's index has heard of whom else they may be, and gives
/// those who may be somebody a place in the queue.
///
/// # Errors
///
/// Whatever the store says; who was not asked about waits on.
pub async fn ask_again(db: &Db, ctx: &Ctx<'_>, follower: &Follower) -> Result<AskedAgain, Error> {
    let mut done = AskedAgain::default();
    let Some(place) = follower.place() else { return Ok(done) };
    for _ in 0..TURN_MAX {
        let index = follower.index();
        let read = db.snapshot("person.newcomers", async |s| waiting(s, index, place).await);
        let (like, mut none, unread) = read.await?;
        if like.is_empty() && none.is_empty() {
            break;
        }
        done.people += like.len() + none.len();
        done.unread += unread;
        for one in like {
            let asked = db.write("person.ask-again", async |tx| ask(tx, ctx, index, one).await);
            match asked.await {
                Err(error) if error.is_of_what_is_stored() => {
                    done.unread += 1;
                    none.push(one.0);
                }
                asked => asked?,
            }
        }
        let gone: Vec<_> = none.iter().map(|person| values![person].to_vec()).collect();
        let forget = async |tx: &mut Tx| {
            tx.execute_each(sql::index::UNASKED_DELETE, &gone).await?;
            Ok::<_, Error>(())
        };
        if !gone.is_empty() {
            db.write("person.asked", forget).await?;
        }
    }
    Ok(done)
}

/// Who waits: those whom the index takes for somebody else as well, and those whom it does not, or
/// of whom nothing can be read; and how many these last are.
async fn waiting(
    s: &mut impl Reads,
    index: &Index,
    place: i64,
) -> Result<(Vec<Waiting>, Vec<PersonId>, usize), Error> {
    let (mut like, mut none, mut unread) = (Vec::new(), Vec::new(), 0);
    let read = |row: &ken_store::Row<'_>| Ok((row.parse::<PersonId>(0)?, row.int(1)?));
    for one in s.list(sql::index::UNASKED, values![place, ASKED_AT_ONCE], read).await? {
        let rows = match index::rows(s, one.0).await {
            Err(error) if error.is_of_what_is_stored() => {
                unread += 1;
                none.push(one.0);
                continue;
            }
            rows => rows?,
        };
        let is_other = |says: &Demographics| index.propose(says).iter().any(|who| *who != one.0);
        if rows.registered().iter().any(is_other) {
            like.push(one);
        } else {
            none.push(one.0);
        }
    }
    Ok((like, none, unread))
}

/// Asks about one newcomer; nothing where another node has asked.
async fn ask(tx: &mut Tx, ctx: &Ctx<'_>, index: &Index, newcomer: Waiting) -> Result<(), Error> {
    let (person, _) = newcomer;
    if tx.execute(sql::index::UNASKED_DELETE, values![person]).await? == 0 {
        return Ok(());
    }
    let own = match account::lead(tx, person).await {
        Err(Error::Unknown(_)) => return Ok(()),
        lead => lead?,
    };
    for says in index::rows(tx, person).await?.registered() {
        let found = likely(tx, index, &says, Some(own), BTreeSet::from([own])).await?;
        let mut doubts = found.doubts(&says, false);
        let mut asked_elsewhere = BTreeSet::new();
        for doubt in &doubts {
            if is_asked_elsewhere(tx, newcomer, doubt.person).await? {
                asked_elsewhere.insert(doubt.person);
            }
        }
        doubts.retain(|doubt| !asked_elsewhere.contains(&doubt.person));
        queue::offer_once(tx, ctx, person, &says.source.organisation, &doubts).await?;
    }
    Ok(())
}

/// Whether the question is, or was, asked of the other one: of whoever still waits after this
/// newcomer it will be. What is looked at first is what whoever asks changes last.
async fn is_asked_elsewhere(
    tx: &mut Tx,
    (person, place): Waiting,
    other: PersonId,
) -> Result<bool, Error> {
    let of = values![other, place, person];
    if tx.find(sql::index::UNASKED_AFTER, of, |row| row.int(0)).await?.is_some() {
        return Ok(true);
    }
    let of = values![other, person];
    Ok(tx.find(sql::REVIEW_OFFERED, of, |row| row.text(0)).await?.is_some())
}
