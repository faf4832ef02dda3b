//! The queue of findings: listed for who may see them, closed by a named officer with a reason.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use ken_core::{Ctx, OrganisationId, PractitionerId, Purpose, RoleId, Sensitive};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::json;

use super::rule::Rules;
use crate::{Error, sql};

/// Most findings of one list, the oldest first. House policy: more than a day's work.
pub const LIST_MAX: i64 = 200;
/// Longest reason of a closing, in characters. House policy.
pub const REASON_MAX: usize = 2_000;

/// The id of a finding. It says nothing about anybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(String);

impl FindingId {
    pub(super) fn draw(ctx: &Ctx<'_>) -> Self {
        Self(ctx.ids.ordered().to_string())
    }

    /// Reads an id; none where it is no such thing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
        (text.len() == 36 && text.chars().all(is_id)).then(|| Self(text.to_owned()))
    }

    /// The id as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an officer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judgement {
    /// It was misuse; what follows is not Ken's.
    Misuse,
    /// The rule was right to point at it, and there was a good reason.
    Explained,
    /// The rule should not have pointed at it.
    FalseAlarm,
}

impl Judgement {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Misuse, Self::Explained, Self::FalseAlarm];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Misuse => "misuse",
            Self::Explained => "explained",
            Self::FalseAlarm => "false-alarm",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// The id of its rule.
    pub rule: String,
    /// Who looked.
    pub practitioner: PractitionerId,
    /// On which day.
    pub day: Date,
    /// The first of its entries.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// How many entries.
    pub looks: i64,
    /// What for, as they said.
    pub purpose: Purpose,
    /// What came of it: `permit`, `need`, `deny`.
    pub outcome: String,
    /// The leaf of the first entry in the log, for whoever follows it up with the ledger.
    pub leaf: i64,
}

/// What became of a rule's findings in an organisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Not closed yet.
    pub open: i64,
    /// Closed as misuse.
    pub misuse: i64,
    /// Closed as explained.
    pub explained: i64,
    /// Closed as false alarms.
    pub false_alarm: i64,
}

/// The open findings about an organisation's practitioners that one sees in a role, oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn open<R: Reads>(
    reads: &mut R,
    rules: &Rules,
    organisation: &OrganisationId,
    role: &RoleId,
) -> Result<Vec<Finding>, Error> {
    let mut found = reads.list(sql::LIST_FINDINGS, values![organisation, LIST_MAX], row).await?;
    found.retain(|one: &Finding| rules.seen_by(role).any(|rule| rule.id() == one.rule));
    Ok(found)
}

/// One open finding that one sees in a role.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find<R: Reads>(
    reads: &mut R,
    rules: &Rules,
    by: &Acting,
    id: &FindingId,
) -> Result<Option<Finding>, Error> {
    let of = values![id.as_str(), &by.organisation];
    let found: Option<Finding> = reads.find(sql::FIND_FINDING, of, row).await?;
    Ok(found.filter(|one| rules.seen_by(&by.role).any(|rule| rule.id() == one.rule)))
}

/// What became of an organisation's findings, by rule.
///
/// # Errors
///
/// Whatever the store says.
pub async fn counts<R: Reads>(
    reads: &mut R,
    organisation: &OrganisationId,
) -> Result<BTreeMap<String, Count>, Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.int(2)?));
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for (rule, judged, many) in reads.list(sql::COUNT_FINDINGS, values![organisation], read).await?
    {
        let count = counts.entry(rule).or_default();
        match Judgement::of_code(&judged) {
            None => count.open += many,
            Some(Judgement::Misuse) => count.misuse += many,
            Some(Judgement::Explained) => count.explained += many,
            Some(Judgement::FalseAlarm) => count.false_alarm += many,
        }
    }
    Ok(counts)
}

/// How an officer closes a finding.
#[derive(Debug, Clone)]
pub struct Close {
    /// Which.
    pub finding: FindingId,
    /// What they found.
    pub judgement: Judgement,
    /// Why, in their own words; it is kept on the ledger alone, encrypted.
    pub reason: Sensitive<String>,
}

/// What became of a closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It is closed.
    Closed,
    /// There is no such open finding that this officer sees.
    NotOpen,
    /// It is about the officer.
    Own,
    /// There is no reason, or it is too long.
    NoReason,
}

/// Closes a finding.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn close(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    close: &Close,
) -> Result<Closing, Error> {
    let Close { finding, judgement, reason } = close;
    let reason = reason.reveal().trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        return Ok(Closing::NoReason);
    }
    let rules = Rules::shipped().map_err(|_| Error::Corrupt("rules"))?;
    db.write("office.close-finding", async |tx: &mut Tx| {
        let Some(found) = find(tx, &rules, by, finding).await? else {
            return Ok(Closing::NotOpen);
        };
        if found.practitioner == by.practitioner {
            return Ok(Closing::Own);
        }
        let of = values![finding.as_str(), judgement.code(), by.practitioner, ctx.now_us()];
        if tx.execute(sql::CLOSE_FINDING, of).await? == 0 {
            return Ok(Closing::NotOpen);
        }
        let entry = NewEntry {
            stream: Stream::Organisation(by.organisation.clone()),
            kind: EntryKind::Finding,
            visibility: Visibility::Never,
            detail: json!({
                "finding": finding.as_str(),
                "rule": found.rule,
                "judged": judgement.code(),
                "reason": reason,
                "by": by.practitioner.to_string(),
            }),
        };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(Closing::Closed)
    })
    .await
}

fn row(row: &Row<'_>) -> ken_store::Result<Finding> {
    Ok(Finding {
        id: FindingId(row.text(0)?),
        rule: row.text(1)?,
        practitioner: row.parse(2)?,
        day: row.parse(3)?,
        first: row.time(4)?,
        last: row.time(5)?,
        looks: row.int(6)?,
        purpose: row.parse(7)?,
        outcome: row.text(8)?,
        leaf: row.int(9)?,
    })
}
