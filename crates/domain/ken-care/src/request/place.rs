//! Who has to do with a request, and what they know of how it stands.

use std::cmp::Reverse;

use jiff::Timestamp;
use ken_core::{Ctx, Purpose, ResourceId};
use ken_directory::Acting;
use ken_sharing::bundle::Bundle;
use ken_sharing::fact;
use ken_store::{Reads, values};

use super::rule::{Side, Standing, State};
use super::{Kind, LIST_MAX, Whole, request, sql};
use crate::Error;

/// What somebody may do about a request: nothing more than read it once they passed it on.
pub(super) type Place = Option<Side>;

impl Whole {
    /// Where somebody stands to it; none where they have nothing to do with it.
    pub(super) fn place(&self, by: &Acting, bundle: &Bundle) -> Result<Option<Place>, Error> {
        let standing = self.standing()?;
        let (practitioner, held) = &standing.sender;
        if held.organisation == by.organisation {
            let is_theirs = *practitioner == by.practitioner || held.role == by.role;
            return Ok(is_theirs.then_some(Some(Side::Sender)));
        }
        let seat = (&by.organisation, &by.role);
        let receipts = self.turns.iter().filter(|turn| turn.goes());
        let is_named = receipts.filter_map(|turn| turn.told.get(&by.organisation)).any(|told| {
            // What two clauses let go, a role has by both.
            let by_all = || told.clauses.iter().all(|id| bundle.is_named(id, seat));
            told.role == by.role || !told.clauses.is_empty() && by_all()
        });
        let is_holder = standing.holder.organisation == by.organisation;
        Ok(is_named.then_some(is_holder.then_some(Side::Holder)))
    }

    /// Whether somebody's organisation gave it back or closed it, and the sender does not know.
    fn is_ended_untold(&self, by: &Acting) -> Result<bool, Error> {
        let ended = self.turns.iter().rev().find(|turn| {
            let is_own = turn.by.as_ref().is_some_and(|of| of.held.organisation == by.organisation);
            is_own && matches!(turn.state, State::Returned | State::Closed)
        });
        Ok(match ended {
            Some(turn) => !self.is_told(by, turn.number)?,
            None => false,
        })
    }

    /// How it stands as far as an organisation knows. Whoever it was passed on to knows it from
    /// there.
    pub(super) fn known(&self, by: &Acting) -> Result<Standing, Error> {
        let read = self.turns.iter().filter(|turn| turn.is_read_by(&by.organisation));
        let since = read.skip_while(|turn| !turn.goes());
        let known = Standing::of(since).ok_or(Error::Corrupt("request"))?;
        Ok(Standing { sender: self.standing()?.sender, ..known })
    }
}

/// One request on a list: nothing of what it says, and of whom.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: ResourceId,
    /// What it is about.
    pub kind: Kind,
    /// What for.
    pub purpose: Purpose,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether the reader's organisation sent it.
    pub is_own: bool,
    /// How it stands, as far as the reader's organisation knows.
    pub standing: Standing,
    /// Whether it waits for the reader's organisation: to be answered, or to be done.
    pub is_waiting: bool,
    /// Whether the reader's organisation ended it, and the sender was not told.
    pub is_untold: bool,
}

/// The requests that somebody has to do with, up to [`LIST_MAX`] of their organisation, of which
/// those that are not over come first: what waits for them first, the most urgent of it before.
///
/// What is about themselves, their family or a former partner is not among it: it may not be read
/// either.
///
/// # Errors
///
/// [`Error::Corrupt`] when one no longer reads, or whatever the store says.
pub async fn list<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    bundle: &Bundle,
) -> Result<Vec<Listed>, Error> {
    let rows = reads.list(sql::REQUEST_LIST, values![&by.organisation, LIST_MAX], request).await?;
    let mut listed = vec![];
    for row in rows {
        let whole = Whole::of(reads, row?).await?;
        let Some(place) = whole.place(by, bundle)? else { continue };
        if fact::is_near(reads, ctx, by.practitioner, whole.request.person).await? {
            continue;
        }
        let is_untold = whole.is_ended_untold(by)?;
        let (standing, request) = (whole.known(by)?, whole.request);
        listed.push(Listed {
            id: request.id,
            kind: request.kind,
            purpose: request.purpose,
            at: request.at,
            is_own: place == Some(Side::Sender),
            is_waiting: place == Some(Side::Holder)
                && matches!(standing.state, State::Sent | State::Accepted),
            is_untold,
            standing,
        });
    }
    // What is late or asked for now, then what is due first, then the newest. The order in which
    // they were read goes by what is over, which not every reader knows.
    listed.sort_by_key(|one| {
        let due = one.standing.due.unwrap_or(Timestamp::MAX);
        (!one.is_waiting, !one.standing.is_urgent, due, Reverse(one.at), one.id)
    });
    Ok(listed)
}
