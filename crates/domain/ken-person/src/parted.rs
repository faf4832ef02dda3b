//! What was one and is two again: told to whoever asks back what was shown of the wrong person.
//!
//! A link or a merge that is taken back leaves a timer in the same transaction, so that the asking
//! back is owed from that moment on, whatever stops before it is done.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PersonId};
use ken_store::{Tx, timer};
use serde_json::{Value, json};

use crate::Error;
use crate::link::LinkId;

/// The timer that says so. Whoever asks back serves it.
pub const PARTED: timer::Kind = "person.parted";

/// Two people whose records were joined, or one of whose numbers meant the other, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// The link, or the merge.
    pub id: LinkId,
    /// The two: whose record stood under the other's, or whose number meant the other; the other.
    pub people: [PersonId; 2],
    /// The same with everybody who stands together with each now.
    pub sides: [BTreeSet<PersonId>; 2],
    /// Since when they were one.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Whose number it was, where a number was moved; none where records were joined.
    pub source: Option<OrganisationId>,
}

impl Parted {
    /// Owes it that what was shown is asked back.
    pub(crate) async fn owe(&self, tx: &mut Tx, ctx: &Ctx<'_>) -> Result<(), Error> {
        let ids = |of: &BTreeSet<PersonId>| of.iter().map(ToString::to_string).collect::<Vec<_>>();
        let detail = json!({
            "people": self.people.map(|person| person.to_string()),
            "sides": [ids(&self.sides[0]), ids(&self.sides[1])],
            "from": self.from.to_string(),
            "until": self.until.to_string(),
            "source": self.source.as_ref().map(OrganisationId::as_str),
        });
        let key = self.id.to_string();
        timer::set(tx, PARTED, &key, ctx.clock.now(), &detail.to_string()).await?;
        Ok(())
    }

    /// Reads what a timer says.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where it does not read.
    pub fn read(key: &str, detail: &str) -> Result<Self, Error> {
        Self::of(key, detail).ok_or(Error::Corrupt("parting"))
    }

    fn of(key: &str, detail: &str) -> Option<Self> {
        let detail: Value = serde_json::from_str(detail).ok()?;
        let text = |key: &str| detail.get(key).and_then(Value::as_str);
        let person = |value: &Value| value.as_str()?.parse::<PersonId>().ok();
        let list = |value: &Value| value.as_array()?.iter().map(person).collect::<Option<_>>();
        let [one, two] = detail.get("people")?.as_array()?.as_slice() else { return None };
        let [ones, twos] = detail.get("sides")?.as_array()?.as_slice() else { return None };
        Some(Self {
            id: key.parse().ok()?,
            people: [person(one)?, person(two)?],
            sides: [list(ones)?, list(twos)?],
            from: text("from")?.parse().ok()?,
            until: text("until")?.parse().ok()?,
            source: text("source").map(str::parse).transpose().ok()?,
        })
    }
}
