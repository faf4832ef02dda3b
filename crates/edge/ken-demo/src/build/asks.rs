//! What bodies of the demo ask of each other for somebody, through the same gate as anything.

use ken_care::request::{self, Acted, Content, NewRequest, Outcome, State, Step, Told};
use ken_core::{Purpose, ResourceId, Sensitive};
use ken_directory::HeldRole;
use ken_sharing::Gate;
use ken_store::Snapshot;

use super::care::acting;
use super::directory::Staff;
use super::people::find;
use super::{Error, Parts};
use crate::Partnership;
use crate::plan::{REQUESTS, Requested};

/// Sends what the plan names, and takes on what it says is taken on. Done again it sends nothing.
pub(super) async fn ask(
    parts: &Parts,
    partnership: &Partnership,
    staff: &Staff,
) -> Result<(), Error> {
    let gate = Gate::default();
    let current = gate.current(&parts.db, &parts.ctx()).await?;
    for (place, one) in REQUESTS.iter().enumerate() {
        let (by, ctx) = (acting(parts, one.by, staff)?, parts.ctx());
        let read = async |s: &mut Snapshot| request::list(s, &ctx, &by, &current.bundle).await;
        let listed = parts.db.snapshot("demo.requests", read).await?;
        // A build that goes on later finds what it sent.
        let mut own: Vec<_> = listed.iter().filter(|one| one.is_own).collect();
        own.sort_by_key(|one| one.at);
        let sent = own.get(place);
        let id = match sent {
            Some(sent) if sent.standing.state != State::Sent => continue,
            Some(sent) => sent.id,
            None => match send(parts, partnership, (staff, &gate), one).await? {
                Some(id) => id,
                // While the ledger waits for its seals nothing of routine goes: the demo is whole
                // without its requests too.
                None => return Ok(()),
            },
        };
        answer(parts, (staff, &gate), one, id).await?;
    }
    Ok(())
}

async fn send(
    parts: &Parts,
    partnership: &Partnership,
    (staff, gate): (&Staff, &Gate),
    one: &Requested,
) -> Result<Option<ResourceId>, Error> {
    let person = find(parts, partnership, one.person).await?;
    let told = partnership.person(one.person).ok_or(Error::Missing("story"))?;
    let (ctx, by, to) = (parts.ctx(), acting(parts, one.by, staff)?, acting(parts, one.to, staff)?);
    let text = |text: &str| Sensitive::new(text.to_owned());
    let content = Content {
        name: text(&format!("{} {}", told.given, told.family)),
        born: text(&told.born.to_string()),
        phone: text(""),
        worry: text(one.worry),
        did: text(one.did),
        ask: text(one.ask),
        is_told: true,
        told: text(one.told),
    };
    let purpose = Purpose::new("direct-care").map_err(|_| Error::Missing("purpose"))?;
    let kind = request::Kind::Need;
    let held = HeldRole { organisation: to.organisation.clone(), role: to.role.clone() };
    let new = NewRequest { person, kind, purpose, to: held, days: "3wd".to_owned(), content };
    let (db, keys) = (&parts.db, &parts.keys);
    match request::send(db, &ctx, keys, gate, &by, &new).await? {
        Outcome::Sent(id) => Ok(Some(id)),
        Outcome::Refused(_) => Ok(None),
        Outcome::Words(_) => Err(Error::Missing("request")),
    }
}

/// Takes it on, where the plan says so.
async fn answer(
    parts: &Parts,
    (staff, gate): (&Staff, &Gate),
    one: &Requested,
    id: ResourceId,
) -> Result<(), Error> {
    let Some(answer) = one.answer else { return Ok(()) };
    let (by, ctx, text) =
        (acting(parts, one.to, staff)?, parts.ctx(), Sensitive::new(answer.to_owned()));
    let said = (&Step::Accept, &text);
    match request::act(&parts.db, &ctx, &parts.keys, (gate, &by), id, said).await? {
        Acted::Done(_, Told::Yes | Told::No) | Acted::Refused(_) => Ok(()),
        Acted::Done(_, Told::Words(_)) | Acted::Words(_) => Err(Error::Missing("answer")),
    }
}
