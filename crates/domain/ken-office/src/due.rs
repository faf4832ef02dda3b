//! What is due: reviews, signatures, assessments, and the duties that disclosures bring.
//!
//! # Invariants
//!
//! - The list is computed from the instruments and the duties each time; nothing on it is stale.
//! - Each review notice is sent once, by a durable timer, and stands on the lead party's ledger.
//!
//! Source: house policy of notices at 90, 60, 30 and 7 days; the practice of registers that warn
//! three months before a review and take an agreement off when it is three months late.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ken_core::{BoxFuture, Ctx, InstrumentHash, OrganisationId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_person::PARTED;
use ken_sharing::bundle::Admitted;
use ken_sharing::{duty, emergency, instrument, wish};
use ken_store::keys::KeyRing;
use ken_store::timer::{self, Failure, Handler, Lease};
use ken_store::{Db, Reads, Snapshot, Tx, values};
use serde_json::json;

use crate::{Error, agreement, breach, sql, wrong_person};

/// Days before a review is due on which its lead party is told.
pub const NOTICE_DAYS: [i32; 4] = [90, 60, 30, 7];
/// The timer that looks every day which notices are to come.
const PLAN: timer::Kind = "office.plan";
/// The timer of one notice.
const NOTICE: timer::Kind = "office.review-notice";

/// What an entry of the list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The review of an agreement.
    Review,
    /// The review of its impact assessment.
    Assessment,
    /// One's own signature, which is missing.
    Signature,
    /// A party that leaves.
    Leaving,
}

/// One entry of the list, about an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// By when.
    pub due: Date,
    /// What about.
    pub about: About,
    /// The agreement.
    pub hash: InstrumentHash,
    /// Its title.
    pub title: String,
}

/// What is due for an organisation within the longest notice, the most urgent first.
#[must_use]
pub fn list(all: &[Admitted], own: &OrganisationId, today: Date) -> Vec<Item> {
    let longest = NOTICE_DAYS.into_iter().max().unwrap_or_default();
    let horizon = today.saturating_add(longest.days());
    let mut items = Vec::new();
    for Admitted { instrument, register } in all {
        let head = &instrument.agreement;
        let leads = head.lead_party == *own;
        let out = register.left.get(own).is_some_and(|day| day.0 <= today);
        let over = head.effective_until.is_some_and(|until| until.0 < today);
        if !leads && instrument.party(own).is_none() || register.superseded || out || over {
            continue;
        }
        let view = agreement::overview(instrument, register, today);
        let mut dues = Vec::new();
        if leads && !view.signed.is_empty() {
            dues.push((About::Review, instrument.lifecycle.review_due.0));
            dues.extend(instrument.dpia.iter().map(|of| (About::Assessment, of.review_due.0)));
            dues.extend(view.leaving.iter().map(|(_, day)| (About::Leaving, day.0)));
        }
        if view.missing.contains(own) {
            dues.push((About::Signature, head.effective_from.0));
        }
        for (about, due) in dues.into_iter().filter(|(_, due)| *due <= horizon) {
            let title = head.title.clone();
            items.push(Item { due, about, hash: instrument.hash(), title });
        }
    }
    items.sort_by(|a, b| (a.due, a.about, &a.title).cmp(&(b.due, b.about, &b.title)));
    items
}

/// Starts the daily look; harmless when it goes on already. For the start of a process.
///
/// # Errors
///
/// Whatever the store says.
pub async fn start(db: &Db, ctx: &Ctx<'_>) -> Result<(), Error> {
    db.write("office.plan-start", async |tx| {
        timer::set(tx, PLAN, "daily", ctx.clock.now(), "").await?;
        Ok(())
    })
    .await
}

/// The handlers of the office's timers.
#[must_use]
pub fn handlers(keys: &KeyRing) -> Vec<Arc<dyn Handler>> {
    let of = |kind| -> Arc<dyn Handler> { Arc::new(Office { kind, keys: keys.clone() }) };
    [PLAN, NOTICE, duty::TIMER, emergency::TIMER, wish::TIMER, breach::TIMER, PARTED].map(of).into()
}

/// One of the office's timers.
struct Office {
    kind: timer::Kind,
    keys: KeyRing,
}

impl Handler for Office {
    fn kind(&self) -> timer::Kind {
        self.kind
    }

    fn fire<'a>(
        &'a self,
        db: &'a Db,
        ctx: Ctx<'a>,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let done = match self.kind {
                PLAN => plan(db, &ctx, lease).await,
                NOTICE => notice(db, &ctx, &self.keys, lease).await,
                breach::TIMER => breach::missed(db, &ctx, &self.keys, lease).await,
                PARTED => wrong_person::ask_back(db, &ctx, &self.keys, lease).await,
                emergency::TIMER => {
                    emergency::missed(db, &ctx, &self.keys, lease).await.map_err(Error::from)
                }
                wish::TIMER => wish::missed(db, &ctx, &self.keys, lease).await.map_err(Error::from),
                _ => duty::missed(db, &ctx, &self.keys, lease).await.map_err(Error::from),
            };
            done.map_err(|error| Failure { code: error.code() })
        })
    }
}

/// Sets a timer for each notice to come, and comes back tomorrow.
async fn plan(db: &Db, ctx: &Ctx<'_>, lease: &Lease) -> Result<(), Error> {
    let load = async |s: &mut Snapshot| instrument::load_around(s, ctx).await;
    let all = db.snapshot("office.plan-load", load).await?.instruments;
    let today = ctx.clock.today();
    let notices: Vec<_> = all.iter().flat_map(|of| notices(of, today)).collect();
    db.write("office.plan", async |tx| {
        for (key, at, lead) in &notices {
            if tx.find(sql::FIND_NOTICE, values![key.as_str()], |row| row.int(0)).await?.is_none() {
                timer::set(tx, NOTICE, key, *at, lead.as_str()).await?;
            }
        }
        lease.done(tx).await?;
        let tomorrow = morning(today.saturating_add(1.day()));
        timer::set(tx, PLAN, "daily", tomorrow.unwrap_or(Timestamp::MAX), "").await?;
        Ok(())
    })
    .await
}

/// The notices of an instrument that has been signed: the newest that is late, and all to come.
fn notices(of: &Admitted, today: Date) -> Vec<(String, Timestamp, OrganisationId)> {
    let Admitted { instrument, register } = of;
    if register.signed.is_empty() || register.superseded {
        return Vec::new();
    }
    let due = instrument.lifecycle.review_due.0;
    let (hash, lead) = (instrument.hash(), &instrument.agreement.lead_party);
    let day = |days: i32| due.saturating_sub(days.days());
    let late = NOTICE_DAYS.into_iter().filter(|days| day(*days) <= today).min();
    let wanted = NOTICE_DAYS.into_iter().filter(|days| day(*days) > today).chain(late);
    let set = wanted
        .filter_map(|days| Some((format!("{hash}/{days}"), morning(day(days))?, lead.clone())));
    set.collect()
}

/// Eight in the morning, when somebody is there to read it.
fn morning(day: Date) -> Option<Timestamp> {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    day.at(8, 0, 0, 0).to_zoned(zone).ok().map(|at| at.timestamp())
}

/// Sends one notice: once, and on the lead party's ledger.
async fn notice(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, lease: &Lease) -> Result<(), Error> {
    let lead: OrganisationId = lease.detail.parse().map_err(|_| Error::Corrupt("notice"))?;
    let (hash, days) = lease.key.rsplit_once('/').ok_or(Error::Corrupt("notice"))?;
    db.write("office.notice", async |tx: &mut Tx| {
        let of = values![lease.key.as_str(), &lead, ctx.now_us()];
        if tx.execute(sql::INSERT_NOTICE, of).await? > 0 {
            let entry = NewEntry {
                stream: Stream::Organisation(lead.clone()),
                kind: EntryKind::Duty,
                visibility: Visibility::Never,
                detail: json!({ "review-notice": days, "instrument": hash }),
            };
            ken_ledger::append(tx, ctx, keys, entry).await?;
        }
        Ok(lease.done(tx).await?)
    })
    .await
}

/// How many notices an organisation has been sent about an instrument.
///
/// # Errors
///
/// Whatever the store says.
pub async fn notices_sent<R: Reads>(
    reads: &mut R,
    lead: &OrganisationId,
) -> Result<Vec<(String, Timestamp)>, Error> {
    let of = values![lead, duty::LIST_MAX];
    Ok(reads.list(sql::LIST_NOTICES, of, |row| Ok((row.text(0)?, row.time(1)?))).await?)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_agreement::Instrument;
    use ken_agreement::status::Register;

    use super::*;

    fn admitted(signed: &[&str]) -> Admitted {
        let text = include_str!("../../../../agreements/glen-asp-concern.toml");
        let signed = signed.iter().map(|id| id.parse().unwrap()).collect();
        let register = Register { signed, ..Register::default() };
        Admitted { instrument: Instrument::parse(text).unwrap(), register }
    }

    #[test]
    fn notices_come_before_the_review_and_a_late_start_sends_one() {
        let of = admitted(&["cec"]); // Its review is due on 31 March 2028.
        let days = |today| {
            let found = notices(&of, today);
            found.iter().map(|(key, ..)| key.rsplit_once('/').unwrap().1.to_owned()).collect()
        };
        let check = |today, want: &[&str]| {
            let found: Vec<String> = days(today);
            assert_eq!(found, want, "{today}");
        };
        check(date(2027, 6, 1), &["90", "60", "30", "7"]);
        check(date(2028, 1, 1), &["60", "30", "7", "90"]);
        check(date(2028, 3, 1), &["7", "30"]);
        check(date(2028, 5, 1), &["7"]);
        assert!(notices(&admitted(&[]), date(2027, 6, 1)).is_empty());
    }

    #[test]
    fn the_list_is_of_ones_own_and_of_what_is_near() {
        let all = [admitted(&["cec"])];
        let lead = all[0].instrument.agreement.lead_party.clone();
        let check = |own: &OrganisationId, today, want: &[About]| {
            let found: Vec<_> = list(&all, own, today).iter().map(|item| item.about).collect();
            assert_eq!(found, want, "{own} {today}");
        };
        check(&lead, date(2027, 6, 1), &[]);
        check(&lead, date(2028, 2, 1), &[About::Assessment, About::Review]);
        check(&"police".parse().unwrap(), date(2027, 6, 1), &[About::Signature]);
        check(&"practice".parse().unwrap(), date(2028, 2, 1), &[]);
    }
}
