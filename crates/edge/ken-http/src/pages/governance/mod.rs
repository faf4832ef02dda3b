//! Pages for information governance.

pub(crate) mod agreement;
pub(crate) mod agreements;
pub(crate) mod assessment;
pub(crate) mod breach;
pub(crate) mod breach_affected;
mod breach_listed;
mod breach_name;
mod breach_people;
pub(crate) mod breaches;
pub(crate) mod consultations;
pub(crate) mod contract;
pub(crate) mod corrections;
pub(crate) mod disposal;
pub(crate) mod draft;
pub(crate) mod draft_advice;
pub(crate) mod draft_clause;
pub(crate) mod drafts;
pub(crate) mod due;
pub(crate) mod extract;
pub(crate) mod extracts;
pub(crate) mod findings;
pub(crate) mod guardian;
pub(crate) mod matrix;
pub(crate) mod model;
pub(crate) mod notices;
pub(crate) mod partnerships;
pub(crate) mod publication;
pub(crate) mod published;
mod receipts;
pub(crate) mod recommendations;
pub(crate) mod refusals;
pub(crate) mod register;
pub(crate) mod registers;
pub(crate) mod replay;
pub(crate) mod reviews;
pub(crate) mod roster;
pub(crate) mod seal;
pub(crate) mod services;
pub(crate) mod signatories;
pub(crate) mod signing;
pub(crate) mod simulate;
pub(crate) mod standing;
pub(crate) mod stock;
pub(crate) mod supersession;
pub(crate) mod told;
pub(crate) mod wishes;
pub(crate) mod wrong_person;

use ken_agreement::Instrument;
use ken_core::{InstrumentHash, OrganisationId};
use ken_sharing::bundle::Admitted;
use ken_sharing::instrument;
use ken_store::Snapshot;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;

/// Every instrument, with what the registers say.
async fn all(app: &App, caller: &Caller) -> Result<Vec<Admitted>, Stop> {
    let ctx = app.ctx(caller.request());
    let read = async |s: &mut Snapshot| instrument::load_around(s, &ctx).await;
    Ok(app.db().snapshot("http.instruments", read).await?.instruments)
}

/// The instrument of an address, among all of them.
async fn one(app: &App, caller: &Caller, hash: &str) -> Result<(Admitted, Vec<Admitted>), Stop> {
    let hash: InstrumentHash = hash.parse().map_err(|_| Stop::NotFound)?;
    let all = all(app, caller).await?;
    let found = ken_office::agreement::find(&all, &hash).cloned().ok_or(Stop::NotFound)?;
    Ok((found, all))
}

/// A party's name, as its agreement has it.
fn party_name(instrument: &Instrument, id: &OrganisationId) -> String {
    instrument.party(id).map_or_else(|| id.to_string(), |party| party.name.clone())
}
