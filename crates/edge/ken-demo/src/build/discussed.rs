//! What practitioners of the demo discuss, by the function that the pages use.

use ken_care::discussion::{self, Words};
use ken_core::{Ctx, Sensitive};
use ken_sharing::Gate;
use ken_store::Snapshot;

use super::care::acting;
use super::directory::Staff;
use super::people::find;
use super::written::leave;
use super::{Error, Parts};
use crate::Partnership;
use crate::plan::{DISCUSSED, Discussed};

/// Opens the discussions of the plan. Done again it changes nothing.
pub(super) async fn discuss(
    parts: &Parts,
    partnership: &Partnership,
    staff: &Staff,
) -> Result<(), Error> {
    let gate = Gate::default();
    for (place, one) in DISCUSSED.iter().enumerate() {
        let Some((first, ..)) = one.said.first() else { continue };
        let by = acting(parts, first, staff)?;
        let mine = async |s: &mut Snapshot| discussion::mine(s, &by).await;
        // Whoever opened something in a try before is not begun again.
        if parts.db.snapshot("demo.discussed", mine).await?.len() > place {
            continue;
        }
        hold(parts, partnership, (staff, &gate), one).await?;
    }
    Ok(())
}

async fn hold(
    parts: &Parts,
    partnership: &Partnership,
    (staff, gate): (&Staff, &Gate),
    one: &Discussed,
) -> Result<(), Error> {
    let person = find(parts, partnership, one.person).await?;
    let topic = Sensitive::new(one.topic.to_owned());
    let mut opened = None;
    for (who, as_role, text) in one.said {
        let (by, ctx): (_, Ctx<'_>) = (acting(parts, who, staff)?, parts.ctx());
        let current = gate.current(&parts.db, &ctx).await?;
        let asked = leave(parts, &ctx, gate, (&by, person), (one.kind, one.purpose)).await?;
        // While the ledger waits for its seals nothing of routine goes: the demo is whole without.
        let Some(asked) = asked else { return Ok(()) };
        let text = Sensitive::new((*text).to_owned());
        let (words, of) = (Words { text: &text, as_role }, (asked, &current.bundle));
        let (db, keys) = (&parts.db, &parts.keys);
        let said = match opened {
            None => discussion::open(db, &ctx, keys, of, (&topic, &words)).await?,
            Some(id) => discussion::say(db, &ctx, keys, of, (id, &words)).await?,
        };
        let said = said.map_err(|_| Error::Missing("discussion"))?;
        opened.get_or_insert(said);
    }
    Ok(())
}
