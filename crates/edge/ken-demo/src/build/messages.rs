//! What people of the demo write to their teams, and what these answer, by the functions that the
//! pages use.

use ken_care::message::{self, NewMessage, NewReply};
use ken_care::role;
use ken_core::{AccountId, PersonId, Sensitive};
use ken_sharing::Gate;
use ken_store::Snapshot;

use super::care::acting;
use super::directory::Staff;
use super::people::find;
use super::written::leave;
use super::{Error, Parts};
use crate::Partnership;
use crate::written::{MESSAGES, Message};

/// Sends the messages of the demo, each after the reply to the one before. Done again it changes
/// nothing.
pub(super) async fn send(
    parts: &Parts,
    partnership: &Partnership,
    staff: &Staff,
) -> Result<(), Error> {
    for (place, one) in MESSAGES.iter().enumerate() {
        let person = find(parts, partnership, one.person).await?;
        if message::of_person(&parts.db, &parts.keys, person).await?.len() <= place {
            write(parts, person, one.text).await?;
        }
        reply(parts, person, (one, staff)).await?;
    }
    Ok(())
}

async fn write(parts: &Parts, person: PersonId, text: &str) -> Result<(), Error> {
    let ctx = parts.ctx();
    let read = async |s: &mut Snapshot| role::holders(s, &ctx, person).await;
    let holders = parts.db.snapshot("demo.holders", read).await?;
    let told = holders.into_iter().map(|(_, holder)| holder.practitioner).collect();
    let (text, helper) = (Sensitive::new(text.to_owned()), Sensitive::new(String::new()));
    // Nobody is signed in while the demo is built.
    let account = AccountId::draw(ctx.ids);
    let new = NewMessage { person, account, told: &told, text: &text, helper: &helper };
    let sent = message::send(&parts.db, &parts.ctx(), &parts.keys, &new).await?;
    sent.map_err(|_| Error::Missing("message"))?;
    Ok(())
}

/// Answers the newest message, where it is this one and nobody has.
async fn reply(
    parts: &Parts,
    person: PersonId,
    (one, staff): (&Message, &Staff),
) -> Result<(), Error> {
    let Some((purpose, (who, as_role), text)) = one.reply else { return Ok(()) };
    let all = message::of_person(&parts.db, &parts.keys, person).await?;
    let is_it = |of: &&message::Message| of.replies.is_empty() && of.text.reveal() == one.text;
    let Some(newest) = all.first().filter(is_it) else { return Ok(()) };
    let (by, ctx, gate) = (acting(parts, who, staff)?, parts.ctx(), Gate::default());
    let current = gate.current(&parts.db, &ctx).await?;
    let (of, kind) = ((&by, person), (message::CATEGORY, purpose));
    let reading = leave(parts, &ctx, &gate, of, kind).await?;
    let filing = leave(parts, &ctx, &gate, of, kind).await?;
    // While the ledger waits for its seals nothing of routine goes: the demo is whole without.
    let Some((reading, filing)) = reading.zip(filing) else { return Ok(()) };
    let text = Sensitive::new(text.to_owned());
    let new = NewReply { seen: newest.id, text: &text, as_role };
    let of = (&reading, filing, &current.bundle);
    let sent = message::reply(&parts.db, &ctx, &parts.keys, of, &new).await?;
    sent.map_err(|_| Error::Missing("reply"))?;
    Ok(())
}
