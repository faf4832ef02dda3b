//! What the person may see of who looked, newest first, part by part.
//!
//! # Invariants
//!
//! - Looks alone take places of a part: no number of sign-ins or own visits pushes one out.
//! - A part ends where the next begins, over all of the person's ids; nothing stands in both.

use ken_core::{EntryId, PersonId};
use ken_ledger::{Entry, EntryKind, PAGE_MAX, Page};
use ken_store::Snapshot;

use super::checked::{self, Checked};
use super::looked;
use crate::App;
use crate::stop::Stop;

/// How far one part goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// It ends when it has so many looks, or a few more.
    pub(super) looks: usize,
    /// Most lists of [`PAGE_MAX`] entries that it reads, though it finds no look: own visits
    /// are permits too, and what they are is sealed.
    pub(super) lists: usize,
}

/// A part of what the person may see.
#[derive(Debug)]
pub(super) struct Part {
    /// Looks, own visits and checks, as they are entered.
    pub(super) entries: Vec<Entry>,
    /// The emergencies among it that were checked.
    pub(super) checked: Vec<Checked>,
    /// Where the next part begins, if there may be one.
    pub(super) earlier: Option<EntryId>,
}

/// Reads on from `before` as far as it may, or until nothing is left.
pub(super) async fn read(
    app: &App,
    person: PersonId,
    before: Option<EntryId>,
    reach: Reach,
) -> Result<Part, Stop> {
    let read = async |s: &mut Snapshot| {
        let people = ken_person::together(s, person).await?;
        let (mut entries, mut earlier) = (vec![], before);
        for _ in 0..reach.lists {
            let (some, next) = list(s, app, &people, earlier).await?;
            entries.extend(some);
            earlier = next;
            let found = entries.iter().filter(|entry| looked::is_look(entry)).count();
            if next.is_none() || found >= reach.looks {
                break;
            }
        }
        let mut checked = vec![];
        let reviews = entries.iter().filter(|entry| entry.kind == EntryKind::EmergencyReview);
        for detail in reviews.filter_map(|entry| entry.detail.as_ref()) {
            checked.extend(checked::read(s, detail).await?);
        }
        Ok::<_, Stop>(Part { entries, checked, earlier })
    };
    app.db().snapshot("http.looked", read).await
}

/// One list of each of the person's ids, as far as all of them go.
async fn list(
    s: &mut Snapshot,
    app: &App,
    people: &[PersonId],
    before: Option<EntryId>,
) -> Result<(Vec<Entry>, Option<EntryId>), Stop> {
    let page = Page { before, limit: PAGE_MAX };
    let (mut all, mut cut) = (vec![], None);
    for one in people {
        let some = ken_ledger::person_looks(s, app.keys(), *one, page).await?;
        if u32::try_from(some.len()).is_ok_and(|count| count >= PAGE_MAX) {
            cut = cut.max(some.last().map(|entry| entry.id));
        }
        all.extend(some);
    }
    if let Some(cut) = cut {
        all.retain(|entry| entry.id >= cut);
    }
    Ok((all, cut))
}
