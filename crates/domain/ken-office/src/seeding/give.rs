//! Giving a list its numbers: the sure ones as links, the others to the queue.
//!
//! # Invariants
//!
//! - Each row is a write of its own, and is looked up again in it: what has changed since it was
//!   shown is not given; nor is what the gate no longer lets the body be told.
//! - How many rows wait for a human is told to nobody: of one row it would say that somebody is
//!   there whom the body may not know of.
//! - Who waits for a human is filed as their source wrote them, so that a reviewer sees both sides.

use ken_core::{Category, Ctx, MessageId};
use ken_person::seeding::{self, Given, Sure};
use ken_person::{Demographics, Why};
use ken_records::{Filing, Under, moves};
use ken_sharing::RowClass;
use ken_store::{Db, Tx};
use serde_json::{Value, json};

use super::desk::Place;
use super::look::{By, told};
use super::{Found, Kept, Looked, enter};
use crate::Error;

/// What a source's list is called among what it filed under a number.
const ITEM: &str = "list";
/// How often a row is tried again that met another's change. House policy, as for requests.
const TRIES_MAX: usize = 3;

/// What became of a row.
enum Done {
    Given(Given),
    Nothing,
}

impl Place {
    /// Gives what was found, and holds what was kept, be it a failure. Where `stops` says so it
    /// ends: what was given stays given, and the same list brought again goes on.
    ///
    /// # Errors
    ///
    /// Whatever the store, the key ring, the record or the ledger says.
    pub async fn give(
        self,
        db: &Db,
        ctx: &Ctx<'_>,
        by: By<'_>,
        why: &Why,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Error> {
        let ended = Box::pin(given(&self, db, ctx, (by, why), stops)).await;
        self.end(ended, ctx.clock.now())
    }
}

async fn given(
    place: &Place,
    db: &Db,
    ctx: &Ctx<'_>,
    (by, why): (By<'_>, &Why),
    stops: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Looked>, Error> {
    let Some(looked) = place.looked() else { return Err(Error::Corrupt("list")) };
    let (mut rows, mut kept) = (looked.rows.clone(), Kept::default());
    let each = place.list().rows.iter().zip(rows.iter_mut());
    for (at, (row, found)) in each.enumerate() {
        if stops() {
            return Ok(None);
        }
        let mut tries = TRIES_MAX;
        let done = loop {
            match Box::pin(row_given(db, ctx, (by, why), (&row.says, found))).await {
                Err(error) if tries > 1 && error.is_contended() => tries -= 1,
                done => break done?,
            }
        };
        match done {
            Done::Given(Given::Now) => kept.given += 1,
            Done::Given(Given::Before) => kept.before += 1,
            Done::Given(Given::Changed) => *found = Found::Open,
            Done::Nothing => {}
        }
        place.tell(at + 1, ctx.clock.now());
    }
    let detail = json!({
        "event": "list-given", "list": place.id().to_string(), "rows": rows.len(),
        "given": kept.given, "before": kept.before,
        "reason": why.reveal(), "by": by.acting.practitioner.to_string(),
    });
    let enter = async |tx: &mut Tx| enter(tx, ctx, (by.keys, by.acting), detail).await;
    db.write("office.seed-given", enter).await?;
    Ok(Some(Looked { rows, kept: Some(kept) }))
}

/// Gives one row what was found of it.
async fn row_given(
    db: &Db,
    ctx: &Ctx<'_>,
    (by, why): (By<'_>, &Why),
    (says, found): (&Demographics, &Found),
) -> Result<Done, Error> {
    match found {
        Found::Sure { person, chi, probability } => {
            let sure = Sure { person: *person, probability: *probability };
            if Box::pin(told(db, ctx, by, (sure, says))).await? != *found {
                return Ok(Done::Given(Given::Changed));
            }
            let what = (says, *person, chi);
            let give = async |tx: &mut Tx| {
                seeding::give(tx, ctx, by.keys, by.index, what, (by.acting, why)).await
            };
            match db.write("office.seed-give", give).await {
                Ok(given) => Ok(Done::Given(given)),
                // Nobody gives themselves a number.
                Err(ken_person::Error::Unknown(_)) => Ok(Done::Given(Given::Changed)),
                Err(error) => Err(error.into()),
            }
        }
        Found::Open => {
            let wait = async |tx: &mut Tx| Box::pin(waits(tx, ctx, by, says)).await;
            db.write("office.seed-wait", wait).await?;
            Ok(Done::Nothing)
        }
        Found::Named(_) | Found::Bad => Ok(Done::Nothing),
    }
}

/// Registers whom a row may mean, and files what it says.
async fn waits(tx: &mut Tx, ctx: &Ctx<'_>, by: By<'_>, says: &Demographics) -> Result<(), Error> {
    let registered = seeding::wait(tx, ctx, by.keys, by.index, says).await?;
    let Some(registered) = registered else { return Ok(()) };
    let (person, source) = (registered.person(), &says.source.organisation);
    let under = Under::of(&says.source.local);
    // What is told now is composed with what was told before: not until that is here.
    if moves::coming(tx, person, source, &under).await?.is_some() {
        return Ok(());
    }
    let category = Category::new("core").map_err(|_| Error::Corrupt("category"))?;
    let key = ken_records::key_of(tx, by.keys, person).await?;
    let place = ken_records::place(tx, ctx, person, (source, &under), ITEM).await?;
    let filing = Filing {
        key,
        item_key: ITEM,
        resource: patient(says, &place.resource.to_string()),
        class: RowClass::plain(category, source.clone()),
        message: MessageId::draw(ctx.ids),
        event: None,
        under: &under,
        told: None,
        said: None,
    };
    ken_records::file(tx, ctx, by.keys, place, filing).await?;
    Ok(())
}

/// What a row says of who somebody is, as FHIR; nothing of what it leaves out.
fn patient(says: &Demographics, id: &str) -> Value {
    let texts = |text: &str, between: char| -> Vec<String> {
        text.split(between).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let number = |system: &str, value: &str| json!({ "system": system, "value": value });
    let own = &says.source.local;
    let numbers = says.identifiers.iter().map(|one| number(one.system(), one.reveal()));
    let numbers: Vec<_> =
        std::iter::once(number(own.system(), own.reveal())).chain(numbers).collect();
    let mut patient = json!({
        "resourceType": "Patient",
        "id": id,
        "name": [{
            "family": says.family.reveal(),
            "given": texts(says.given.reveal(), ' '),
        }],
        "identifier": numbers,
        "address": [{
            "line": texts(says.address.reveal(), '\n'),
            "postalCode": says.postcode.reveal(),
        }],
    });
    if let Some(patient) = patient.as_object_mut() {
        patient.extend(says.born.map(|born| ("birthDate".to_owned(), json!(born.to_string()))));
        patient.extend(says.sex.map(|sex| ("gender".to_owned(), json!(sex.code()))));
    }
    patient
}
