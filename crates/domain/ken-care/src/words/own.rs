//! What a person writes of themselves: what matters to them, how to talk with them. It is an entry
//! of their record like any other, kept by the organisation that answers for the person's pages.
//!
//! # Invariants
//!
//! - There is one entry for each topic. What is written later stands in its place, and what was
//!   before is kept as it was: nobody fills the page by it.
//! - An entry is kept as it was written, with who wrote it; it is of the kind `views`, so that
//!   whoever a clause lets read what the person says reads it, and nobody else.
//! - It goes with no number that moves: it is the person's, and not a source's.
//!
//! Sources: `ux.md` 4.13; ADR 75.

use std::collections::BTreeSet;

use ken_core::{AccountId, Ctx, MessageId, OrganisationId, PersonId, ResourceId, Sensitive};
use ken_directory::sending;
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_records::{Filing, Under};
use ken_sharing::{RowClass, fact, together};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::{Value, json};

use super::{ALL_MAX, DAY_MAX, HELPER_LEN_MAX, Refused, TEXT_LEN_MAX};
use crate::Error;
use crate::often::is_too_much;
use crate::sql::words as sql;

/// The kind of information that it is.
pub const CATEGORY: &str = "views";
/// What stands for the number of a source where there is none.
const NO_NUMBER: &str = "own-words";
/// Who wrote it, where nobody helped.
pub const AUTHOR: &str = "The person, in their own words";
/// What it is an answer to.
const FORM: &str = "urn:ken:form:own-words|1";
/// Under what the name of whoever wrote for the person stands.
pub const HELPED: &str = "Written for the person by";
/// The standard extension that names what a reference leads to.
const DISPLAY: &str = "http://hl7.org/fhir/StructureDefinition/display";

/// What an entry of a person's own is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// What matters to them.
    Matters,
    /// How to talk with them.
    Talk,
    /// What makes a good day.
    Day,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Matters, Self::Talk, Self::Day];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Matters => "matters",
            Self::Talk => "talk",
            Self::Day => "day",
        }
    }

    /// As the person would say it.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Matters => "What matters to me",
            Self::Talk => "How to talk with me",
            Self::Day => "What makes a good day",
        }
    }

    /// The topic of that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.code() == code)
    }
}

/// An entry of a person's own.
#[derive(Debug)]
pub struct OwnEntry<'a> {
    /// Whose it is: the person of the account.
    pub person: PersonId,
    /// Under which sign-in.
    pub account: AccountId,
    /// Which organisation keeps it.
    pub at: &'a OrganisationId,
    /// What it is about.
    pub topic: Topic,
    /// The words.
    pub text: &'a Sensitive<String>,
    /// Who writes for the person; nobody where it is empty.
    pub helper: &'a Sensitive<String>,
}

/// Whether a resource is what a person wrote of themselves.
#[must_use]
pub fn is_own(resource: &Value) -> bool {
    resource.get("questionnaire").and_then(Value::as_str) == Some(FORM)
}

/// What must be put right before it is kept, if anything.
#[must_use]
pub fn unfit(new: &OwnEntry<'_>) -> Option<Refused> {
    let (text, helper) = (new.text.reveal().trim(), new.helper.reveal().trim());
    if text.is_empty() {
        return Some(Refused::Empty);
    }
    let is_long = text.chars().count() > TEXT_LEN_MAX || helper.chars().count() > HELPER_LEN_MAX;
    is_long.then_some(Refused::TooLong)
}

/// Files an entry of a person's own, in the place of what they wrote of the same before; gives it.
///
/// # Errors
///
/// Whatever the store, the key ring, the record or the ledger says.
pub async fn write(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &OwnEntry<'_>,
) -> Result<Result<ResourceId, Refused>, Error> {
    if let Some(refused) = unfit(new) {
        return Ok(Err(refused));
    }
    db.write("care.own-words", async |tx| {
        let person = new.person.to_string();
        // Who writes something waits here for whoever files something about them.
        ken_records::hold(tx, keys, &BTreeSet::from([new.person])).await?;
        let what = [person.as_str(), new.topic.code(), new.text.reveal().as_str()];
        if let Some(before) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(before));
        }
        if is_too_much(tx, ctx, new.person, sql::OWN_COUNT, (DAY_MAX, ALL_MAX)).await? {
            return Ok(Err(Refused::TooMany));
        }
        let item = file(tx, ctx, keys, new).await?;
        if sending::once(tx, ctx, &what, item).await?.is_some() {
            return Err(ken_sharing::Error::Contended.into());
        }
        Ok(Ok(item))
    })
    .await
}

async fn file(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &OwnEntry<'_>,
) -> Result<ResourceId, Error> {
    let (item_key, under) =
        (format!("own/{}", new.topic.code()), Under::from(NO_NUMBER.to_owned()));
    let key = ken_records::key_of(tx, keys, new.person).await?;
    let place = ken_records::place(tx, ctx, new.person, (new.at, &under), &item_key).await?;
    let item = place.resource;
    let class = RowClass {
        category: CATEGORY.parse().map_err(|_| Error::Corrupt("word"))?,
        labels: BTreeSet::new(),
        source: new.at.clone(),
        lineage: BTreeSet::new(),
    };
    let filing = Filing {
        key,
        item_key: &item_key,
        resource: resource(new, item, ctx),
        class,
        message: MessageId::draw(ctx.ids),
        event: Some(ctx.clock.now()),
        under: &under,
        told: None,
        said: None,
    };
    let version = ken_records::file(tx, ctx, keys, place, filing).await?.version;
    let entry = NewEntry {
        stream: Stream::Person(new.person),
        kind: EntryKind::Filed,
        visibility: fact::shown_at(tx, ctx, new.person).await?,
        detail: json!({
            "own": CATEGORY,
            "item": item.to_string(),
            "version": version,
            "at": new.at.as_str(),
            "account": new.account.to_string(),
            "helped": !new.helper.reveal().trim().is_empty(),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    tx.execute(sql::OWN_INSERT, values![new.person, item, version, ctx.clock.now()]).await?;
    Ok(item)
}

/// Which entries are a person's own, under any id of theirs.
///
/// # Errors
///
/// Whatever the store says.
pub async fn items<R: Reads>(
    reads: &mut R,
    person: PersonId,
) -> Result<BTreeSet<ResourceId>, Error> {
    let mut items = BTreeSet::new();
    for one in together::group(reads, person).await? {
        let row = |row: &Row<'_>| row.parse::<ResourceId>(0);
        items.extend(reads.list(sql::OWN_LIST, values![one, ALL_MAX], row).await?);
    }
    Ok(items)
}

fn resource(new: &OwnEntry<'_>, item: ResourceId, ctx: &Ctx<'_>) -> Value {
    let said = |id: &str, asked: &str, text: &str| {
        let answer = [json!({ "valueString": text })];
        json!({ "linkId": id, "text": asked, "answer": answer })
    };
    let mut items = vec![said(new.topic.code(), new.topic.says(), new.text.reveal().trim())];
    // Who writes for the person stands in the text, so that each page that shows it shows that.
    let author = match new.helper.reveal().trim() {
        "" => AUTHOR.to_owned(),
        helper => {
            items.push(said("helper", HELPED, helper));
            format!("{helper}, who writes for the person")
        }
    };
    json!({
        "resourceType": "QuestionnaireResponse",
        "id": item.to_string(),
        "questionnaire": FORM,
        "_questionnaire": { "extension": [{ "url": DISPLAY, "valueString": new.topic.says() }] },
        "status": "completed",
        "subject": { "reference": format!("Patient/{}", new.person) },
        "authored": ctx.clock.now().to_string(),
        "author": { "display": author },
        "item": items,
    })
}
