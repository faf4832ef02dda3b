//! What practitioners of the demo say that they told somebody by word of mouth.

use std::collections::BTreeSet;

use ken_care::told::{self, How, NewTold, Outcome, With};
use ken_core::{Category, Purpose, Sensitive};
use ken_directory::HeldRole;
use ken_sharing::Gate;
use ken_store::Snapshot;

use super::care::acting;
use super::directory::{Staff, word};
use super::people::find;
use super::{Error, Parts};
use crate::Partnership;
use crate::plan::SPOKEN;

/// Records what the plan says was told. Done again it changes nothing.
pub(super) async fn tell(
    parts: &Parts,
    partnership: &Partnership,
    staff: &Staff,
) -> Result<(), Error> {
    let (gate, mut fresh) = (Gate::default(), BTreeSet::new());
    for one in SPOKEN {
        let (by, ctx) = (acting(parts, one.by, staff)?, parts.ctx());
        let read = async |s: &mut Snapshot| told::usual(s, &by).await;
        let is_there = parts.db.snapshot("demo.told", read).await?.is_some();
        // Whoever told something in a try before told all of it.
        if is_there && !fresh.contains(one.by) {
            continue;
        }
        fresh.insert(one.by);
        let with = match one.to {
            Some((at, role)) => {
                let role = role.parse().map_err(|_| Error::Missing("role"))?;
                With::Role(HeldRole { organisation: word(at)?, role })
            }
            None => With::Outside(Sensitive::new(one.outside.to_owned())),
        };
        let missing = |_| Error::Missing("word");
        let new = NewTold {
            person: find(parts, partnership, one.person).await?,
            with,
            is_heard: false,
            how: How::Telephone,
            purpose: Purpose::new(one.purpose).map_err(missing)?,
            categories: BTreeSet::from([Category::new(one.kind).map_err(missing)?]),
            at: None,
            affirmed: BTreeSet::new(),
        };
        let said = told::record(&parts.db, &ctx, &parts.keys, &gate, &by, (&new, true)).await?;
        if !matches!(said, Outcome::Recorded(_)) {
            return Err(Error::Missing("talk"));
        }
    }
    Ok(())
}
