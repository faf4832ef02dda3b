//! Privacy notices: made from a text, published once, and kept as they were.
//!
//! # Invariants
//!
//! - A notice is of one text. Another text, a changed one included, needs another notice.
//! - What was published is stored as it was made and named by its hash; nothing changes it, and
//!   the hash stands on the ledger of the party that leads the agreement.
//! - That party alone publishes, and only what the text itself lets anybody sign.
//! - Publishing and its clearance for signing are one write.
//!
//! # Sources
//!
//! - UK GDPR arts. 12 to 14: people are told in plain words, and in time; house policy that the
//!   words are made from the rules that run, never written beside them.

use jiff::Timestamp;
use ken_agreement::show::{self, Document};
use ken_agreement::{Instrument, Tier, words_hash};
use ken_core::{Ctx, InstrumentHash, OrganisationId, PractitionerId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::instrument;
use ken_sharing::signing::{self, Clearance, Refusal};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Error, sql};

/// Most notices that a page lists. House policy: as many as there are instruments.
const NOTICES_MAX: i64 = 2_000;

/// The form that notices are stored in; a stored one reads for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Form {
    /// The first.
    #[serde(rename = "ken-notice/1")]
    Notice1,
}

/// A notice, in both readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    form: Form,
    /// The text that it is made from.
    pub instrument: InstrumentHash,
    /// The agreement's name, whatever its version.
    pub agreement: String,
    /// Which notice of the agreement it is, from 1.
    pub number: i64,
    /// The standard reading.
    pub standard: Reading,
    /// The easy reading.
    pub easy: Reading,
}

/// One reading of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Its title.
    pub title: String,
    /// A line below the title; empty for none.
    pub below: String,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// A section of a reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// A table: its head, then its rows.
    Table(Vec<String>, Vec<Vec<String>>),
}

impl Reading {
    fn of(document: Document) -> Self {
        let Document { title, below, sections } = document;
        let sections = sections.into_iter().map(|section| {
            let blocks = section.blocks.into_iter().map(|block| match block {
                show::Block::Text(text) => Block::Text(text),
                show::Block::List(items) => Block::List(items),
                show::Block::Table(head, rows) => {
                    Block::Table(head.into_iter().map(str::to_owned).collect(), rows)
                }
            });
            Section { title: section.title, blocks: blocks.collect() }
        });
        Self { title, below, sections: sections.collect() }
    }
}

/// A notice that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its SHA-256, in hexadecimal: its name.
    pub hash: InstrumentHash,
    /// What it says.
    pub notice: Notice,
    /// The bytes that the hash is of.
    pub bytes: String,
    /// The party that published it.
    pub by: OrganisationId,
    /// When.
    pub at: Timestamp,
}

/// A line of the list of notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The notice's hash.
    pub hash: InstrumentHash,
    /// The text that it is made from.
    pub instrument: InstrumentHash,
    /// The agreement's name.
    pub agreement: String,
    /// Which notice of the agreement it is.
    pub number: i64,
    /// The agreement's title when it was published.
    pub title: String,
    /// When.
    pub at: Timestamp,
}

/// Why a notice is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Another party leads the agreement, and publishes.
    NotLead,
    /// Nobody could sign the text, so nobody is told of it.
    Text(Refusal),
}

impl Refused {
    /// Why, in a sentence.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::NotLead => "The party that leads the agreement publishes its notice.",
            Self::Text(refusal) => refusal.says(),
        }
    }
}

/// Whether people are told of sharing under such a text by a notice of its own.
#[must_use]
pub fn is_needed(of: &Instrument) -> bool {
    of.transparency.is_some() || of.agreement.tier == Tier::Isa
}

/// The notice that a text makes, as the `number`th of its agreement.
#[must_use]
pub fn draft(of: &Instrument, number: i64) -> Notice {
    Notice {
        form: Form::Notice1,
        instrument: of.hash(),
        agreement: of.agreement.id.to_string(),
        number,
        standard: Reading::of(show::notice(&[of], false)),
        easy: Reading::of(show::notice(&[of], true)),
    }
}

/// Publishes the notice of a registered text, for its lead party and by name, and clears the text
/// for signing; again gives what was published.
///
/// # Errors
///
/// `ken_sharing::Error::UnknownInstrument` for a text that is not registered, or whatever the
/// store or the ledger says.
pub async fn publish(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (party, by): (&OrganisationId, PractitionerId),
    of: &Instrument,
) -> Result<Result<Published, Refused>, Error> {
    if of.agreement.lead_party != *party {
        return Ok(Err(Refused::NotLead));
    }
    let text = of.hash();
    db.write("office.publish-notice", async |tx| {
        let found = instrument::refusals(tx, ctx, &text, party).await?;
        let stops = [Refusal::Unsound, Refusal::BasisUnconfirmed];
        if let Some(refusal) = stops.into_iter().find(|one| found.contains(one)) {
            return Ok(Err(Refused::Text(refusal)));
        }
        let (what, given) = (Clearance::Notice, (party, None));
        if let Some(before) = of_text(tx, &text).await? {
            if !signing::cleared(tx, &text).await?.is_notice_published {
                signing::clear(tx, ctx, keys, &text, what, given).await?;
            }
            return Ok(Ok(before));
        }
        let published = keep(tx, ctx, (party, by), of).await?;
        let detail = json!({
            "instrument": text.as_str(),
            "notice-published": published.hash.as_str(),
            "number": published.notice.number,
            "by": by.to_string(),
        });
        let stream = Stream::Organisation(party.clone());
        let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
        let entry = NewEntry { stream, kind, visibility, detail };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        signing::clear(tx, ctx, keys, &text, what, given).await?;
        Ok(Ok(published))
    })
    .await
}

async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (party, by): (&OrganisationId, PractitionerId),
    of: &Instrument,
) -> Result<Published, Error> {
    let name = of.agreement.id.to_string();
    let last = tx.find(sql::LAST_NOTICE, values![name.as_str()], |row| row.int(0)).await?;
    let number = last.unwrap_or_default().saturating_add(1);
    let notice = draft(of, number);
    let bytes = serde_json::to_string(&notice).map_err(|_| Error::Corrupt("notice"))?;
    let hash = named(&bytes)?;
    let row = values![
        &hash,
        &notice.instrument,
        name.as_str(),
        number,
        of.agreement.title.as_str(),
        bytes.as_str(),
        party,
        by,
        ctx.now_us()
    ];
    if tx.execute(sql::INSERT_PUBLISHED, row).await? == 0 {
        // Another text of the agreement took the number at the same moment.
        return Err(Error::Store(ken_store::Error::Contended));
    }
    let (by, at) = (party.clone(), ctx.clock.now());
    Ok(Published { hash, notice, bytes, by, at })
}

/// The notice of this hash. What is stored under it must be what was published.
///
/// # Errors
///
/// [`Error::Corrupt`] when the bytes no longer have their hash, or whatever the store says.
pub async fn find<R: Reads>(
    reads: &mut R,
    hash: &InstrumentHash,
) -> Result<Option<Published>, Error> {
    let found = reads.find(sql::FIND_PUBLISHED, values![hash], read).await?;
    found.map(opened).transpose()
}

/// The notice that was published of a text.
///
/// # Errors
///
/// As [`find`].
pub async fn of_text<R: Reads>(
    reads: &mut R,
    text: &InstrumentHash,
) -> Result<Option<Published>, Error> {
    let found = reads.find(sql::FIND_PUBLISHED_OF, values![text], read).await?;
    found.map(opened).transpose()
}

/// How many notices of an agreement were published; the next has the number after.
///
/// # Errors
///
/// Whatever the store says.
pub async fn count<R: Reads>(reads: &mut R, agreement: &str) -> Result<i64, Error> {
    let last = reads.find(sql::LAST_NOTICE, values![agreement], |row| row.int(0)).await?;
    Ok(last.unwrap_or_default())
}

/// Every notice, by agreement, the newest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(reads: &mut R) -> Result<Vec<Heading>, Error> {
    let row = |row: &Row<'_>| {
        let (hash, instrument, agreement) = (row.parse(0)?, row.parse(1)?, row.text(2)?);
        let (number, title, at) = (row.int(3)?, row.text(4)?, row.time(5)?);
        Ok(Heading { hash, instrument, agreement, number, title, at })
    };
    Ok(reads.list(sql::LIST_PUBLISHED, values![NOTICES_MAX], row).await?)
}

/// A row as it is stored: hash, bytes, publisher, time.
type Stored = (InstrumentHash, String, OrganisationId, Timestamp);

fn read(row: &Row<'_>) -> Result<Stored, ken_store::Error> {
    Ok((row.parse(0)?, row.text(1)?, row.parse(2)?, row.time(3)?))
}

fn opened((hash, bytes, by, at): Stored) -> Result<Published, Error> {
    if named(&bytes)? != hash {
        return Err(Error::Corrupt("notice"));
    }
    let notice = serde_json::from_str(&bytes).map_err(|_| Error::Corrupt("notice"))?;
    Ok(Published { hash, notice, bytes, by, at })
}

/// The name of a notice: the SHA-256 of its bytes. Texts of instruments are in Unicode NFC, as
/// that hash asks for, and ours are ASCII.
fn named(bytes: &str) -> Result<InstrumentHash, Error> {
    InstrumentHash::new(words_hash(bytes)).map_err(|_| Error::Corrupt("notice"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings_stand_in_the_stored_form_and_read_back() {
        let text = include_str!("../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let notice = draft(&of, 1);
        assert!(is_needed(&of) && notice.instrument == of.hash());
        let titles: Vec<_> = notice.standard.sections.iter().map(|one| &*one.title).collect();
        assert!(titles.contains(&"Who receives what, and why"), "{titles:?}");
        assert!(notice.easy.sections.len() > 3);
        let bytes = serde_json::to_string(&notice).unwrap();
        assert_eq!(serde_json::from_str::<Notice>(&bytes).unwrap(), notice);
        assert!(serde_json::from_str::<Notice>(&bytes.replace("notice/1", "notice/2")).is_err());
    }

    #[test]
    fn bytes_that_are_not_those_of_the_name_are_not_shown() {
        let text = include_str!("../../../../agreements/glen-asp-concern.toml");
        let bytes = serde_json::to_string(&draft(&Instrument::parse(text).unwrap(), 1)).unwrap();
        let (by, at) = ("cec".parse::<OrganisationId>().unwrap(), Timestamp::UNIX_EPOCH);
        let hash = named(&bytes).unwrap();
        assert!(opened((hash.clone(), bytes.clone(), by.clone(), at)).is_ok());
        let changed = bytes.replace("You can object.", "You can not object.");
        assert_ne!(changed, bytes);
        assert!(opened((hash, changed, by, at)).is_err());
    }
}
