//! What the index holds about a person: each source's account of them, and their identifiers.

use ken_core::identifier::{Identifier, LocalIdentifier, NumberRange};
use ken_core::{Ctx, OrganisationId, PartialDate, PersonId, Sensitive};
use ken_directory::Acting;
use ken_store::{Reads, Row, Tx, guard, values};

use crate::demographics::{Demographics, NameKey, SourceRecord, cut, postcode_key};
use crate::rule::{Account, Known};
use crate::{Error, sql, unread};

/// Most records that stand for one person. House policy: far beyond any true number of sources.
pub(crate) const TOGETHER_MAX: i64 = 100;
/// Most accounts or identifiers of one record that are read.
pub(crate) const ACCOUNTS_MAX: i64 = 100;

/// What one source says about somebody, as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) says: Demographics,
    pub(crate) said_us: i64,
}

impl Kept {
    pub(crate) fn name(&self) -> NameKey {
        NameKey::new(self.says.family.reveal(), self.says.given.reveal())
    }
}

/// Makes a person, with a guard row before any fact.
pub(crate) async fn make(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    id: PersonId,
    is_provisional: bool,
) -> Result<(), Error> {
    guard::create(tx, id).await?;
    tx.execute_later(sql::PERSON_INSERT, values![id, is_provisional, ctx.now_us()]).await?;
    Ok(())
}

/// Who stands for a person: themselves, unless a link says otherwise.
///
/// # Errors
///
/// [`Error::Unknown`] for nobody, and whatever the store says.
pub async fn lead(s: &mut impl Reads, person: PersonId) -> Result<PersonId, Error> {
    let lead = s.find(sql::PERSON_LEAD, values![person], |row| Ok(row.parse(0).ok())).await?;
    lead.ok_or(Error::Unknown("person"))?.ok_or(Error::Corrupt("person"))
}

/// Whether a person was made for the time being, until somebody says who they are.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_provisional(s: &mut impl Reads, person: PersonId) -> Result<bool, Error> {
    let found = s.find(sql::PERSON_PROVISIONAL, values![person], |row| row.int(0)).await?;
    Ok(found.is_some_and(|found| found != 0))
}

/// Everyone who is the same person as `person`, as far as anybody has said: never empty.
///
/// What is held about a person is held under any of these ids.
///
/// # Errors
///
/// [`Error::Unknown`] for nobody, and whatever the store says.
pub async fn together(s: &mut impl Reads, person: PersonId) -> Result<Vec<PersonId>, Error> {
    let lead = lead(s, person).await?;
    Ok(s.list(sql::PERSON_TOGETHER, values![lead, TOGETHER_MAX], |row| row.parse(0)).await?)
}

/// Whether a human said that two are not one: of any of those for whom the lead `one` stands, and
/// any for whom the lead `other` does.
///
/// # Errors
///
/// Whatever the store says.
pub(crate) async fn is_apart(
    s: &mut impl Reads,
    one: PersonId,
    other: PersonId,
) -> Result<bool, Error> {
    for other in together(s, other).await? {
        let said = s.find(sql::apart::FIND, values![one, other], |row| row.int(0)).await?;
        if said.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an organisation has registered a person itself, under any of their ids; nobody has
/// registered somebody unknown.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_known_to(
    s: &mut impl Reads,
    person: PersonId,
    organisation: &OrganisationId,
) -> Result<bool, Error> {
    let lead = match lead(s, person).await {
        Err(Error::Unknown(_)) => return Ok(false),
        lead => lead?,
    };
    Ok(s.find(sql::SOURCE_OWN, values![lead, organisation], |row| row.int(0)).await?.is_some())
}

/// When an organisation says that somebody was born, by the latest of its accounts of them that
/// says it; `None` where none does.
///
/// # Errors
///
/// Whatever the store says.
pub async fn born_said(
    s: &mut impl Reads,
    person: PersonId,
    organisation: &OrganisationId,
) -> Result<Option<PartialDate>, Error> {
    Ok(s.find(sql::SOURCE_BORN, values![person, organisation], |row| row.parse(0)).await?)
}

/// The numbers under which an organisation knows somebody, of this one id.
///
/// # Errors
///
/// Whatever the store says.
pub async fn numbers(
    s: &mut impl Reads,
    person: PersonId,
    organisation: &OrganisationId,
) -> Result<Vec<LocalIdentifier>, Error> {
    let read = |row: &Row<'_>| {
        LocalIdentifier::new(&row.text(0)?, &row.text(1)?)
            .map_err(|_| ken_store::Error::Column { index: 1 })
    };
    Ok(s.list(sql::SOURCE_NUMBERS, values![person, organisation, ACCOUNTS_MAX], read).await?)
}

/// What is held of whoever a lead stands for, when a source registers somebody.
pub(crate) struct Candidate {
    /// What the rule needs to know.
    pub(crate) known: Known,
    /// What the source said of whom under this number before.
    pub(crate) said: Vec<(PersonId, Kept)>,
    /// The numbers that the source said were theirs, and that were taken back since.
    pub(crate) taken_back: Vec<Identifier>,
}

/// Reads what is held of whoever a lead stands for, when `source` registers somebody.
pub(crate) async fn known(
    s: &mut impl Reads,
    lead: PersonId,
    source: &SourceRecord,
) -> Result<Candidate, Error> {
    let with_person = |row: &Row<'_>| Ok(row.parse(14).ok().zip(read(row).ok()));
    let of = values![lead, TOGETHER_MAX * ACCOUNTS_MAX];
    let said = unread::none(s.list(sql::SOURCES_TOGETHER, of, with_person).await?)?;
    let account = |(_, kept): &(PersonId, Kept)| Account {
        name: kept.name(),
        born: kept.says.born,
        postcode: Sensitive::new(postcode_key(kept.says.postcode.reveal())),
        sex: kept.says.sex,
        is_same_source: *source == kept.says.source,
        is_same_organisation: source.organisation == kept.says.source.organisation,
    };
    let (identifiers, ended) = held(s, lead).await?;
    let by_source = |(by, number)| (by == source.organisation).then_some(number);
    let taken_back = ended.into_iter().filter_map(by_source).collect();
    let known = Known {
        person: lead,
        identifiers,
        accounts: said.iter().map(account).collect(),
        is_sources_own: false,
        is_between: false,
        is_set_apart: false,
    };
    let own = said.into_iter().filter(|(_, kept)| kept.says.source == *source);
    Ok(Candidate { known, said: own.collect(), taken_back })
}

/// What each source says of everyone for whom a lead stands.
pub(crate) async fn says(s: &mut impl Reads, lead: PersonId) -> Result<Vec<Demographics>, Error> {
    let of = values![lead, TOGETHER_MAX * ACCOUNTS_MAX];
    let said = s.list(sql::SOURCES_TOGETHER, of, read).await?;
    Ok(said.into_iter().map(|kept| kept.says).collect())
}

/// The national identifiers of everyone for whom a lead stands.
pub(crate) async fn national(s: &mut impl Reads, lead: PersonId) -> Result<Vec<Identifier>, Error> {
    Ok(held(s, lead).await?.0)
}

/// The same, and of whatever kind those that were taken back, by who had said them.
async fn held(
    s: &mut impl Reads,
    lead: PersonId,
) -> Result<(Vec<Identifier>, Vec<(OrganisationId, Identifier)>), Error> {
    let of = values![lead, TOGETHER_MAX * ACCOUNTS_MAX];
    let read = |row: &Row<'_>| Ok(row.parse_opt(2).ok().zip(identifier(row).ok()));
    let (mut standing, mut ended) = (Vec::new(), Vec::new());
    for (ended_by, number) in unread::none(s.list(sql::IDENTIFIERS_TOGETHER, of, read).await?)? {
        match ended_by {
            Some(by) => ended.push((by, number)),
            None if number.is_national() && !number.is_filler() => standing.push(number),
            None => {}
        }
    }
    Ok((standing, ended))
}

/// Whom a source's number means, held so to the end of the transaction: what is filed under a
/// number, and what moves the number with all that is filed under it, go one after the other.
pub(crate) async fn hold_number(
    tx: &mut Tx,
    source: &SourceRecord,
) -> Result<Option<PersonId>, Error> {
    let of = values![&source.organisation, source.local.system(), source.local.reveal()];
    Ok(tx.find(sql::NUMBER_HOLD, of, |row| row.parse(0)).await?)
}

/// Whose an identifier is.
pub(crate) async fn by_identifier(
    s: &mut impl Reads,
    identifier: &Identifier,
) -> Result<Option<PersonId>, Error> {
    let of = values![identifier.system(), identifier.reveal()];
    Ok(s.find(sql::CLAIM_FIND, of, |row| row.parse(0)).await?)
}

/// Lets nobody be found as this person by an identifier.
pub(crate) async fn unclaim(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    number: &Identifier,
) -> Result<(), Error> {
    tx.execute(sql::CLAIM_DELETE, values![number.system(), number.reveal(), person]).await?;
    note(tx, ctx, person).await
}

/// Keeps an identifier by a practitioner's word.
pub(crate) async fn give(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    number: &Identifier,
    (by, evidence): (&Acting, &str),
) -> Result<(), Error> {
    note(tx, ctx, person).await?;
    let (rule, range) = flags(number);
    let (system, value, organisation) = (number.system(), number.reveal(), &by.organisation);
    let now = ctx.now_us();
    let who = by.practitioner;
    let of = values![person, system, value, organisation, rule, range, now, who, evidence];
    tx.execute(sql::number::NUMBER_GIVE, of).await?;
    Ok(())
}

/// Keeps what a source says, over what it said of the person `before`: what it leaves out stays.
pub(crate) async fn put(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    incoming: &Demographics,
    before: Option<Kept>,
) -> Result<(), Error> {
    let says = match &before {
        Some(kept) => incoming.over(&kept.says),
        None => incoming.clone(),
    };
    // What a source only repeats is not written again.
    let repeats = before
        .as_ref()
        .is_some_and(|kept| kept.says == Demographics { identifiers: Vec::new(), ..says.clone() });
    if !repeats {
        write(tx, ctx, person, (before.as_ref(), &says, ctx.now_us())).await?;
    }
    for identifier in &incoming.identifiers {
        if repeats && sql::index::NUMBERED.contains(&identifier.system()) {
            // Only its numbers may be new.
            let id = ctx.ids.ordered().to_string();
            let of = values![id, person, identifier.system(), identifier.reveal()];
            tx.execute_later(sql::index::CHANGED_PUT_UNLESS, of).await?;
        }
        put_identifier(tx, ctx, person, &incoming.source.organisation, identifier).await?;
    }
    Ok(())
}

/// Keeps again what a source has said of somebody since what has just come from it; nothing where
/// it has no account of them under that number.
///
/// # Errors
///
/// Whatever the store says.
pub async fn say_again(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    said: &Demographics,
) -> Result<(), Error> {
    let Some(before) = one(tx, person, &said.source).await? else { return Ok(()) };
    put(tx, ctx, person, said, Some(before)).await
}

/// Notes that what is said of a record has changed, for whoever holds it in memory.
async fn note(tx: &mut Tx, ctx: &Ctx<'_>, person: PersonId) -> Result<(), Error> {
    let id = ctx.ids.ordered().to_string();
    tx.execute_later(sql::index::CHANGED_PUT, values![id, person]).await?;
    Ok(())
}

/// Notes that somebody is new, so that they are asked about once more when every change of the same
/// moment was heard of.
pub(crate) async fn note_new(tx: &mut Tx, person: PersonId) -> Result<(), Error> {
    tx.execute_later(sql::index::NEWCOMER_PUT, values![person]).await?;
    Ok(())
}

/// Moves one source's account from one record to another.
pub(crate) async fn transfer(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    source: &SourceRecord,
    from: PersonId,
    to: PersonId,
) -> Result<(), Error> {
    let number = (&source.organisation, source.local.system(), source.local.reveal());
    let of = values![number.0, number.1, number.2, from, to];
    if tx.execute(sql::NUMBER_MOVE, of).await? == 0 {
        return Err(Error::Contended);
    }
    if let Some(kept) = one(tx, from, source).await? {
        unlist(tx, from, &kept).await?;
        tx.execute(sql::SOURCE_DELETE, values![from, number.0, number.1, number.2]).await?;
        note(tx, ctx, from).await?;
        write(tx, ctx, to, (None, &kept.says, kept.said_us)).await?;
    }
    Ok(())
}

/// What one source says of somebody under one number.
pub(crate) async fn one(
    s: &mut impl Reads,
    person: PersonId,
    source: &SourceRecord,
) -> Result<Option<Kept>, Error> {
    let of = values![person, &source.organisation, source.local.system(), source.local.reveal()];
    Ok(s.find(sql::SOURCE, of, read).await?)
}

/// Writes an account, and lets the person be found by it and no longer by the one before.
async fn write(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    (before, says, said_us): (Option<&Kept>, &Demographics, i64),
) -> Result<(), Error> {
    note(tx, ctx, person).await?;
    let name = NameKey::new(says.family.reveal(), says.given.reveal());
    let source = &says.source;
    let of = values![
        person,
        &source.organisation,
        source.local.system(),
        source.local.reveal(),
        cut(says.family.reveal()),
        cut(says.given.reveal()),
        name.family.reveal(),
        name.given.reveal(),
        says.born,
        says.sex.map(crate::Sex::code),
        cut(says.address.reveal()),
        cut(says.postcode.reveal()),
        cut(says.phone.reveal()),
        says.died,
        said_us
    ];
    tx.execute_later(sql::SOURCE_PUT, of).await?;
    if let Some(before) = before {
        if before.name() == name && before.says.born == says.born {
            return Ok(());
        }
        unlist(tx, person, before).await?;
    }
    if name.family.reveal().is_empty() {
        return Ok(());
    }
    // Who has no date of birth is found by name alone, and is kept under none.
    let born = says.born.map(|born| born.to_string()).unwrap_or_default();
    let of = values![
        name.family.reveal(),
        born,
        name.given.reveal(),
        person,
        &source.organisation,
        source.local.system(),
        source.local.reveal()
    ];
    tx.execute_later(sql::NAME_INSERT, of).await?;
    Ok(())
}

/// Lets a person no longer be found by an account.
async fn unlist(tx: &mut Tx, person: PersonId, kept: &Kept) -> Result<(), Error> {
    let (name, source) = (kept.name(), &kept.says.source);
    let born = kept.says.born.map(|born| born.to_string()).unwrap_or_default();
    let of = values![
        name.family.reveal(),
        born,
        name.given.reveal(),
        person,
        &source.organisation,
        source.local.system(),
        source.local.reveal()
    ];
    tx.execute_later(sql::NAME_DELETE, of).await?;
    Ok(())
}

async fn put_identifier(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    organisation: &OrganisationId,
    identifier: &Identifier,
) -> Result<(), Error> {
    let (rule, range) = flags(identifier);
    let (system, value) = (identifier.system(), identifier.reveal());
    let of = values![person, system, value, organisation, rule, range, ctx.now_us()];
    tx.execute_later(sql::IDENTIFIER_PUT, of).await?;
    Ok(())
}

/// Which check an identifier passed, and in whose range it lies, as they are stored.
fn flags(identifier: &Identifier) -> (&'static str, &'static str) {
    let impossible = |yes: bool| if yes { NumberRange::Test.code() } else { "" };
    match identifier {
        Identifier::Chi(chi) => (chi.rule().code(), impossible(identifier.is_impossible())),
        Identifier::Nhs(number) => ("mod11", number.range().code()),
        Identifier::HealthAndCare(number) => ("mod11", number.range().code()),
        Identifier::Candidate(_) => ("mod11", ""),
        Identifier::Ucrn(_) | Identifier::Local(_) => ("", ""),
    }
}

/// An identifier, of the columns that the statements of identifiers begin with.
pub(crate) fn identifier(row: &Row<'_>) -> Result<Identifier, ken_store::Error> {
    Identifier::parse(&row.text(0)?, &row.text(1)?)
        .map_err(|_| ken_store::Error::Column { index: 1 })
}

/// One account, of the columns that the statements of accounts begin with.
pub(crate) fn read(row: &Row<'_>) -> Result<Kept, ken_store::Error> {
    let local = LocalIdentifier::new(&row.text(1)?, &row.text(2)?)
        .map_err(|_| ken_store::Error::Column { index: 2 })?;
    let source = SourceRecord { organisation: row.parse(0)?, local };
    let says = Demographics {
        family: row.text(3)?.into(),
        given: row.text(4)?.into(),
        born: row.parse_opt(7)?,
        sex: row.parse_opt(8)?,
        address: row.text(9)?.into(),
        postcode: row.text(10)?.into(),
        phone: row.text(11)?.into(),
        died: row.parse_opt(12)?,
        ..Demographics::from_source(source)
    };
    Ok(Kept { says, said_us: row.int(13)? })
}
