//! Organisations, and what they can show for themselves. Configuration, not history.

use jiff::Timestamp;
use ken_core::{Ctx, Fact, OrganisationId};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Tx, guard, values};
use serde_json::json;

use crate::{Acting, Error, entry, sql, text};

/// Most organisations of one partnership. The largest in Scotland has about sixty; a GP practice
/// counts.
pub const ORGANISATIONS_MAX: i64 = 2_000;
/// Most assurances or trainings of one holder that are read.
pub const FACTS_MAX: i64 = 100;

/// A health board, council, police division, practice, charity or school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its id, as agreements name it.
    pub id: OrganisationId,
    /// Its name, as people know it.
    pub name: String,
    /// What it is, in one word or two: `health-board`, `council`, `police`, `school`.
    pub kind: String,
    /// The telephone number that pages give to whoever needs it.
    pub contact_phone: String,
}

/// Registers an organisation, or brings its name, kind and telephone number up to date.
///
/// # Errors
///
/// [`Error::Unfit`] for a reserved id or an empty or overlong text, and whatever the store says.
pub async fn register(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    organisation: &Organisation,
) -> Result<(), Error> {
    check_id(&organisation.id)?;
    text::check(&organisation.name, "organisation name")?;
    text::check(&organisation.kind, "organisation kind")?;
    text::check(&organisation.contact_phone, "telephone number")?;
    let of = values![
        &organisation.id,
        &organisation.name,
        &organisation.kind,
        &organisation.contact_phone,
        ctx.now_us()
    ];
    tx.execute(sql::ORGANISATION_PUT, of).await?;
    Ok(())
}

/// Checks that an id is an organisation's: agreements reserve `person` for the person, and write
/// `*`, `/` and `#` for other things.
pub(crate) fn check_id(id: &OrganisationId) -> Result<(), Error> {
    let is_reserved = id.as_str() == "person" || id.as_str().contains(['/', '#', '*']);
    if is_reserved { Err(Error::Unfit("organisation id")) } else { Ok(()) }
}

/// One organisation.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find(s: &mut impl Reads, id: &OrganisationId) -> Result<Option<Organisation>, Error> {
    Ok(s.find(sql::ORGANISATION, values![id], read).await?)
}

/// All organisations, by id.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list(s: &mut impl Reads) -> Result<Vec<Organisation>, Error> {
    Ok(s.list(sql::ORGANISATIONS, values![ORGANISATIONS_MAX], read).await?)
}

fn read(row: &ken_store::Row<'_>) -> Result<Organisation, ken_store::Error> {
    Ok(Organisation {
        id: row.parse(0)?,
        name: row.text(1)?,
        kind: row.text(2)?,
        contact_phone: row.text(3)?,
    })
}

/// Records that an organisation holds an assurance until an instant: the fact `assurance:name`.
///
/// # Errors
///
/// [`Error::Unfit`] where the name is not a word of an agreement, and whatever the store, the key
/// ring or the ledger says.
pub async fn record_assurance(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    id: &OrganisationId,
    (name, until): (&str, Timestamp),
    by: Option<&Acting>,
) -> Result<(), Error> {
    fact("assurance", name)?;
    if find(tx, id).await?.is_none() {
        return Err(Error::Unknown("organisation"));
    }
    tx.execute(sql::ASSURANCE_PUT, values![id, name, ctx.now_us(), until]).await?;
    guard::bump_policy(tx).await?;
    let detail =
        json!({ "event": "assurance-recorded", "assurance": name, "until": until.to_string() });
    entry::changed(tx, ctx, keys, id, by, detail).await
}

/// The assurances that an organisation holds now, as facts.
///
/// # Errors
///
/// Whatever the store says.
pub async fn assurances(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    id: &OrganisationId,
) -> Result<Vec<Fact>, Error> {
    let of = values![id, ctx.now_us(), FACTS_MAX];
    let names = s.list(sql::ASSURANCES, of, |row| row.text(0)).await?;
    names.iter().map(|name| fact("assurance", name)).collect()
}

/// A fact of a register: `assurance:cyber-essentials`, `trained:asp-basic`.
pub(crate) fn fact(kind: &str, name: &str) -> Result<Fact, Error> {
    Fact::new(format!("{kind}:{name}")).map_err(|_| Error::Unfit("fact"))
}
