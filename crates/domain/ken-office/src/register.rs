//! The registers: agreements for the public, who adopted what, information assets, processors,
//! contacts, network assurance; and the answer to "with which bodies do you share this?".
//!
//! # Invariants
//!
//! - The public register counts what it withholds; what is withheld has a reason on the ledger.
//! - A processor is never a party: it stands here, with its terms.
//!
//! # Sources
//!
//! - UK GDPR arts. 28 and 30; Freedom of Information (Scotland) Act 2002; Public Records (Scotland)
//!   Act 2011, for which the register is evidence; house policy of staleness after 180 days.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use ken_agreement::status::{Pair, Stands};
use ken_agreement::{Day, Tier};
use ken_core::{Category, Ctx, EntryId, InstrumentHash, OrganisationId, Purpose};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::bundle::Admitted;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::json;

use crate::matrix::{self, Cell};
use crate::{Error, sql};

/// Most entries of one register that are read. House policy.
const ENTRIES_MAX: i64 = 2_000;
/// After so long without a confirmation an entry is stale. House policy: half a year.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(180 * 24);

/// One of the registers that organisations keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Register {
    /// Systems that hold information, each with its owner and what it holds.
    Asset,
    /// Processors, each with its contract, its terms and its own processors.
    Processor,
    /// Accountable people and how to reach them.
    Contact,
    /// What shows that a network or organisation is secure, and until when.
    Assurance,
}

impl Register {
    /// Every register.
    pub const ALL: [Self; 4] = [Self::Asset, Self::Processor, Self::Contact, Self::Assurance];

    /// The stable code, in addresses and in the table.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Processor => "processor",
            Self::Contact => "contact",
            Self::Assurance => "assurance",
        }
    }

    /// The register of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|register| register.code() == code)
    }
}

/// What is written into a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The system, processor, person's office, or certificate.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// What it holds, its terms, how to reach it, or what it shows.
    pub detail: String,
    /// Its last day, if it has one.
    pub until: Option<Day>,
    /// The source of messages that an asset is, or the organisation here that a processor is.
    pub about: Option<String>,
    /// What a processor's contract lays down.
    pub duties: BTreeSet<Duty>,
}

/// What a contract with a processor must lay down.
///
/// Source: UK GDPR art. 28(3)(a) to (h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// It acts on documented instructions alone.
    Instructions,
    /// Whoever works for it is bound to confidence.
    Confidence,
    /// It keeps what it holds secure.
    Security,
    /// It uses another processor only as it may.
    Others,
    /// It helps to answer people's requests.
    Requests,
    /// It helps with security, breaches and assessments.
    Help,
    /// It deletes or returns everything at the end.
    End,
    /// It shows that it does all this, and can be audited.
    Audit,
}

impl Duty {
    /// All of them, in the order of the law.
    pub const ALL: [Self; 8] = [
        Self::Instructions,
        Self::Confidence,
        Self::Security,
        Self::Others,
        Self::Requests,
        Self::Help,
        Self::End,
        Self::Audit,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Confidence => "confidence",
            Self::Security => "security",
            Self::Others => "others",
            Self::Requests => "requests",
            Self::Help => "help",
            Self::End => "end",
            Self::Audit => "audit",
        }
    }

    fn read(codes: &str) -> BTreeSet<Self> {
        let is_of = |duty: &Self| codes.split(' ').any(|code| code == duty.code());
        Self::ALL.into_iter().filter(is_of).collect()
    }
}

/// A system that sends messages, as far as its accountability goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct System {
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its id as a source.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// The systems for which nobody is accountable: no entry of their organisation's asset register is
/// about them, or nobody has confirmed it for half a year.
#[must_use]
pub fn unowned<'a>(
    systems: &'a [System],
    assets: &[Entry],
    (now, today): (Timestamp, Date),
) -> Vec<&'a System> {
    let is_owned = |system: &&System| {
        assets.iter().any(|entry| {
            entry.organisation == system.organisation
                && entry.written.about.as_deref() == Some(system.id.as_str())
                && !entry.is_stale(now, today)
        })
    };
    systems.iter().filter(|system| !is_owned(system)).collect()
}

/// What a controller's register says of an organisation that processes for it.
#[must_use]
pub fn processor<'a>(
    processors: &'a [Entry],
    controller: &OrganisationId,
    of: &OrganisationId,
) -> Option<&'a Entry> {
    let about = Some(of.as_str());
    let is =
        |one: &&Entry| one.organisation == *controller && one.written.about.as_deref() == about;
    processors.iter().find(is)
}

/// An entry of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub organisation: OrganisationId,
    /// Its id.
    pub id: EntryId,
    /// What it says.
    pub written: Written,
    /// When somebody last said that it is so.
    pub confirmed: Timestamp,
}

impl Entry {
    /// Whether nobody has confirmed it for half a year, or its last day is over.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp, today: Date) -> bool {
        now.duration_since(self.confirmed) > STALE_AFTER
            || self.written.until.is_some_and(|until| until.0 < today)
    }
}

/// Writes an entry of one's own organisation.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn write(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (register, written): (Register, &Written),
) -> Result<EntryId, Error> {
    let id = EntryId::draw(ctx.ids);
    let until = written.until.map(|day| day.to_string());
    let duties = written.duties.iter().map(|duty| duty.code()).collect::<Vec<_>>().join(" ");
    db.write("office.register", async |tx| {
        let of = values![
            &by.organisation,
            id,
            register.code(),
            written.name.as_str(),
            written.owner.as_str(),
            written.detail.as_str(),
            until.as_deref(),
            by.practitioner,
            ctx.now_us(),
            written.about.as_deref(),
            duties.as_str()
        ];
        tx.execute(sql::UPSERT_REGISTER, of).await?;
        note(tx, ctx, keys, by, json!({ "register": register.code(), "id": id.to_string() })).await
    })
    .await?;
    Ok(id)
}

/// Says that an entry of one's own organisation is still so.
///
/// # Errors
///
/// Whatever the store says.
pub async fn confirm(db: &Db, ctx: &Ctx<'_>, by: &Acting, id: EntryId) -> Result<bool, Error> {
    db.write("office.confirm", async |tx| {
        let of = values![&by.organisation, id, by.practitioner, ctx.now_us()];
        Ok(tx.execute(sql::CONFIRM_REGISTER, of).await? > 0)
    })
    .await
}

/// Takes an entry of one's own organisation out.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn remove(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    id: EntryId,
) -> Result<bool, Error> {
    db.write("office.unregister", async |tx| {
        if tx.execute(sql::DELETE_REGISTER, values![&by.organisation, id]).await? == 0 {
            return Ok(false);
        }
        note(tx, ctx, keys, by, json!({ "unregistered": id.to_string() })).await?;
        Ok(true)
    })
    .await
}

/// One register, of every organisation.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(reads: &mut R, register: Register) -> Result<Vec<Entry>, Error> {
    let row = |row: &Row<'_>| {
        let written = Written {
            name: row.text(2)?,
            owner: row.text(3)?,
            detail: row.text(4)?,
            until: row.parse_opt::<Date>(5)?.map(Day),
            about: row.text_opt(7)?,
            // Entries of before this was asked lay down nothing that is known.
            duties: Duty::read(&row.text_opt(8)?.unwrap_or_default()),
        };
        let (organisation, id) = (row.parse(0)?, row.parse(1)?);
        Ok(Entry { organisation, id, written, confirmed: row.time(6)? })
    };
    let of = values![register.code(), ENTRIES_MAX];
    Ok(reads.list(sql::LIST_REGISTER, of, row).await?)
}

/// Withholds an agreement from the public register, for a reason; none shows it again. For the
/// lead party.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn withhold(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (hash, reason): (&InstrumentHash, Option<&str>),
) -> Result<(), Error> {
    db.write("office.withhold", async |tx| {
        match reason {
            Some(reason) => {
                let of = values![hash, reason, &by.organisation, ctx.now_us()];
                tx.execute(sql::UPSERT_WITHHELD, of).await?
            }
            None => tx.execute(sql::DELETE_WITHHELD, values![hash]).await?,
        };
        let detail = json!({ "instrument": hash.as_str(), "withheld": reason });
        note(tx, ctx, keys, by, detail).await
    })
    .await
}

/// What the public register withholds, with the reason.
///
/// # Errors
///
/// Whatever the store says.
pub async fn withheld<R: Reads>(reads: &mut R) -> Result<BTreeMap<InstrumentHash, String>, Error> {
    let row = |row: &Row<'_>| Ok((row.parse(0)?, row.text(1)?));
    Ok(reads.list(sql::LIST_WITHHELD, values![], row).await?.into_iter().collect())
}

async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    mut detail: serde_json::Value,
) -> Result<(), Error> {
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("by".to_owned(), json!(by.practitioner.to_string()));
    }
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}

/// The public register: what anybody may read, and how many are withheld.
#[derive(Debug)]
pub struct Public<'a> {
    /// The agreements, by title.
    pub shown: Vec<&'a Admitted>,
    /// How many are withheld.
    pub withheld: usize,
}

/// The agreements that somebody has signed and that are not replaced, less those withheld.
#[must_use]
pub fn public<'a>(all: &'a [Admitted], withheld: &BTreeMap<InstrumentHash, String>) -> Public<'a> {
    let live = |of: &&Admitted| !of.register.signed.is_empty() && !of.register.superseded;
    let is_withheld = |of: &&Admitted| withheld.contains_key(&of.instrument.hash());
    let (hidden, mut shown): (Vec<_>, Vec<_>) = all.iter().filter(live).partition(is_withheld);
    shown.sort_by(|a, b| a.instrument.agreement.title.cmp(&b.instrument.agreement.title));
    Public { shown, withheld: hidden.len() }
}

/// A body with which an organisation shares a kind of information, and what for.
pub type Shares = BTreeMap<OrganisationId, BTreeSet<(Purpose, InstrumentHash)>>;

/// With which bodies an organisation shares a kind of information today: the answer to a request
/// for information, from the rules that run. None where it would cost too many questions.
///
/// # Errors
///
/// Whatever the decision says.
pub fn shares(
    all: &[Admitted],
    own: &OrganisationId,
    category: &Category,
    today: Date,
) -> Result<Option<Shares>, Error> {
    let mut found = Shares::new();
    let mut asked = 0_usize;
    for Admitted { instrument, register } in all {
        let knows = instrument.category(category).is_some();
        if instrument.party(own).is_none()
            || !knows
            || !matrix::has_matrix(instrument.agreement.tier)
        {
            continue;
        }
        let ready = matrix::ready(instrument, all, today)?;
        for (to, role) in matrix::recipients(instrument) {
            let status = instrument.status(register, Pair::of(own, &to), today);
            let stands = status.map(|status| status.stands(instrument.lifecycle.on_review_lapse));
            let ended = stands.is_none_or(|stands| stands < Stands::Enduring);
            if to == *own || ended || instrument.party(&to).is_none() {
                continue;
            }
            asked += ready.routes_len();
            if asked > matrix::QUESTIONS_MAX {
                return Ok(None);
            }
            for row in ready.of_kind(&(to.clone(), role), own, category)? {
                if row.cell > Cell::Emergency {
                    let why = (row.purpose, instrument.hash());
                    found.entry(to.clone()).or_default().insert(why);
                }
            }
        }
    }
    Ok(Some(found))
}

/// Whether the public reads an instrument of this tier as an agreement; a statute pack is law.
#[must_use]
pub fn is_agreement(tier: Tier) -> bool {
    tier != Tier::StatutePack
}
