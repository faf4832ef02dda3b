//! Running the rules over the ledger: a page of leaves at a time, each decision once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use ken_core::{BoxFuture, Ctx, OrganisationId, PersonId, PractitionerId};
use ken_directory::practitioner;
use ken_ledger::scan::{self, Decided};
use ken_ledger::{Entry, EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::fact;
use ken_store::keys::KeyRing;
use ken_store::timer::{self, Failure, Handler, Lease};
use ken_store::{Db, Error as StoreError, Reads, Row, Snapshot, Tx, values};
use serde_json::{Value, json};

use super::queue::FindingId;
use super::rule::{Look, Near, Rules};
use crate::refusals::{self, Sort};
use crate::{Error, sql};

/// The timer that runs the rules.
const AUDIT: timer::Kind = "office.audit";
/// How often new decisions are examined. House policy: soon enough to ask while it is remembered.
const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Days for which it is kept whose records somebody opened. House policy: entries reach the log
/// within the hour, so the day before is the last that still changes.
const KEPT_DAYS: i32 = 2;
/// Start of the facts that name a relationship.
const RELATIONSHIP: &str = "relationship:";

/// How far the audit is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Examined {
    /// The next leaf of the log.
    pub next: u64,
    /// Decisions that were examined.
    pub decisions: u64,
    /// Decisions that could not be: erased, or not what was sealed.
    pub unread: u64,
    /// When it looked last; none before the first time.
    pub at: Option<Timestamp>,
}

/// How far the audit is.
///
/// # Errors
///
/// Whatever the store says.
pub async fn examined<R: Reads>(reads: &mut R) -> Result<Examined, Error> {
    let read = |row: &Row<'_>| Ok(([row.int(0)?, row.int(1)?, row.int(2)?], row.time(3)?));
    let Some((counts, at)) = reads.find(sql::FIND_AUDIT, &[], read).await? else {
        return Ok(Examined::default());
    };
    let [next, decisions, unread] = counts.map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Examined { next, decisions, unread, at: Some(at) })
}

/// Begins to examine; harmless when it goes on already. For the start of a process.
///
/// # Errors
///
/// Whatever the store says.
pub async fn start(db: &Db, ctx: &Ctx<'_>) -> Result<(), Error> {
    db.write("office.audit-start", async |tx| {
        tx.execute(sql::BEGIN_AUDIT, values![ctx.now_us()]).await?;
        timer::set_once(tx, AUDIT, "rules", ctx.clock.now(), "").await?;
        Ok(())
    })
    .await
}

/// The handler of the audit's timer.
#[must_use]
pub fn handlers(keys: &KeyRing) -> Vec<Arc<dyn Handler>> {
    vec![Arc::new(Audit { keys: keys.clone() })]
}

struct Audit {
    keys: KeyRing,
}

impl Handler for Audit {
    fn kind(&self) -> timer::Kind {
        AUDIT
    }

    fn fire<'a>(
        &'a self,
        db: &'a Db,
        ctx: Ctx<'a>,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let done = advance(db, &ctx, &self.keys, lease).await;
            done.map_err(|error| Failure { code: error.code() })
        })
    }
}

/// One page of the log: what the rules point at, and who looked at whom.
#[derive(Debug, Default)]
struct Page {
    from: u64,
    to: u64,
    is_more: bool,
    decisions: i64,
    unread: i64,
    hits: Vec<Hit>,
    opened: BTreeMap<(Date, PractitionerId), Opened>,
    refused: BTreeMap<(Date, Sort), i64>,
}

/// What one practitioner opened on one day, as far as this page goes.
#[derive(Debug)]
struct Opened {
    last: Seen,
    people: BTreeSet<PersonId>,
}

/// One decision of a practitioner about a person.
#[derive(Debug, Clone)]
struct Seen {
    leaf: u64,
    at: Timestamp,
    organisation: OrganisationId,
    practitioner: PractitionerId,
    person: PersonId,
    look: Look,
}

/// A rule that points at a decision.
#[derive(Debug)]
struct Hit {
    rule: &'static str,
    threshold: u32,
    /// Whether it counts with the others of its day, whomever they were about.
    is_of_the_day: bool,
    seen: Seen,
}

/// Examines the next page, and keeps what was found in one write with the cursor.
async fn advance(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, lease: &Lease) -> Result<(), Error> {
    let rules = Rules::shipped().map_err(|_| Error::Corrupt("rules"))?;
    let read = async |s: &mut Snapshot| {
        let from = examined(s).await?.next;
        let size = scan::leaves(s).await?;
        let to = size.min(from.saturating_add(scan::SCAN_MAX));
        let mut page = Page { from, to, is_more: to < size, ..Page::default() };
        for decided in scan::decisions(s, keys, from, to).await? {
            examine(s, ctx, &rules, decided, &mut page).await?;
        }
        Ok::<_, Error>(page)
    };
    let page = db.snapshot("office.audit-page", read).await?;
    db.write("office.audit", async |tx| {
        keep(tx, ctx, keys, &rules, &page).await?;
        lease.done(tx).await?;
        let now = ctx.clock.now();
        let next = if page.is_more { now } else { now.saturating_add(EVERY).unwrap_or(now) };
        timer::set(tx, AUDIT, "rules", next, "").await?;
        Ok(())
    })
    .await
}

/// Holds one decision against every rule.
async fn examine(
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    rules: &Rules,
    decided: Decided,
    page: &mut Page,
) -> Result<(), Error> {
    let Some(entry) = decided.entry else {
        page.unread += 1;
        return Ok(());
    };
    page.decisions += 1;
    for sort in refusals::of(&entry) {
        *page.refused.entry((day(entry.at), sort)).or_default() += 1;
    }
    match seen(decided.leaf, &entry) {
        Read::Look(seen) => {
            let near = near(s, ctx, &seen).await?;
            for rule in rules.all() {
                if rule.points_at(&seen.look, &near) {
                    page.hits.push(Hit {
                        rule: rule.id(),
                        threshold: rule.threshold,
                        is_of_the_day: rule.counts_the_day(),
                        seen: seen.clone(),
                    });
                } else if rule.counts_people() && rule.counts(&seen.look) {
                    let key = (day(seen.at), seen.practitioner);
                    let last = seen.clone();
                    let opened = page.opened.entry(key);
                    let opened = opened.or_insert_with(|| Opened { last, people: BTreeSet::new() });
                    opened.people.insert(seen.person);
                    opened.last = seen.clone();
                }
            }
        }
        Read::Nobodys => {}
        Read::Unread => page.unread += 1,
    }
    Ok(())
}

/// What an entry is to the audit.
enum Read {
    /// A practitioner asked about a person.
    Look(Seen),
    /// A person asked for their own record, or somebody asked about nobody.
    Nobodys,
    /// Its detail is gone, or of a form that this version does not know.
    Unread,
}

fn seen(leaf: u64, entry: &Entry) -> Read {
    let Stream::Person(person) = entry.stream else { return Read::Nobodys };
    let Some(detail) = &entry.detail else { return Read::Unread };
    if detail.get("own").and_then(Value::as_bool) == Some(true) {
        return Read::Nobodys;
    }
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let facts = detail.get("facts").and_then(Value::as_array);
    let named = |fact: &Value| fact.as_str().is_some_and(|fact| fact.starts_with(RELATIONSHIP));
    let of = || {
        Some(Seen {
            leaf,
            at: entry.at,
            organisation: text("organisation")?.parse().ok()?,
            practitioner: text("practitioner")?.parse().ok()?,
            person,
            look: Look {
                outcome: entry.kind,
                purpose: text("purpose")?.parse().ok()?,
                // An entry that kept no facts is not held against anybody.
                has_relationship: facts.is_none_or(|facts| facts.iter().any(named)),
            },
        })
    };
    of().map_or(Read::Unread, Read::Look)
}

/// Who looked is, to whom it was about.
async fn near(s: &mut Snapshot, ctx: &Ctx<'_>, seen: &Seen) -> Result<Near, Error> {
    let about = fact::near(s, ctx, seen.person).await?;
    let mut near = Near::default();
    for id in &about.same {
        let works_for = practitioner::works_for(s, ctx, *id).await?;
        near.is_colleague |= works_for.contains(&seen.organisation);
    }
    let Some(own) = practitioner::own_person(s, seen.practitioner).await? else {
        return Ok(near);
    };
    let own = fact::near(s, ctx, own).await?;
    near.is_self = !own.same.is_disjoint(&about.same);
    near.is_family = !own.same.is_disjoint(&about.family) || !own.family.is_disjoint(&about.same);
    near.is_former_partner = !own.same.is_disjoint(&about.former_partners)
        || !own.former_partners.is_disjoint(&about.same);
    near.is_neighbour = ken_person::share_postcode(s, &own.same, &about.same).await?;
    Ok(near)
}

/// The day of an instant, where the field lives.
fn day(at: Timestamp) -> Date {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).date()
}

async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    rules: &Rules,
    page: &Page,
) -> Result<(), Error> {
    let leaf = |leaf: u64| i64::try_from(leaf).unwrap_or(i64::MAX);
    let (from, to) = (leaf(page.from), leaf(page.to));
    let of = values![from, to, page.decisions, page.unread, ctx.now_us()];
    if tx.execute(sql::MOVE_AUDIT, of).await? == 0 {
        // Another node has examined this page.
        return Err(StoreError::Contended.into());
    }
    for Hit { rule, threshold, is_of_the_day, seen } in &page.hits {
        let about = if *is_of_the_day { String::new() } else { seen.person.to_string() };
        found(tx, ctx, keys, (rule, *threshold), (seen, &about)).await?;
    }
    for ((day, practitioner), opened) in &page.opened {
        let day_text = day.to_string();
        let of = |person: &PersonId| values![day_text.as_str(), *practitioner, *person].to_vec();
        let rows: Vec<_> = opened.people.iter().map(of).collect();
        tx.execute_each(sql::INSERT_LOOK, &rows).await?;
        let of = values![day_text.as_str(), *practitioner];
        let people = tx.find(sql::COUNT_LOOKS, of, |row| row.int(0)).await?.unwrap_or(0);
        for rule in rules.all().iter().filter(|rule| rule.counts_people() && rule.runs()) {
            if people >= i64::from(rule.threshold) {
                found(tx, ctx, keys, (rule.id(), 1), (&opened.last, "")).await?;
            }
        }
    }
    refusals::count(tx, &page.refused, ctx.clock.today()).await?;
    // A page of long ago still counts its own days.
    let earliest = page.opened.keys().map(|(day, _)| *day).chain([ctx.clock.today()]).min();
    let before = earliest.map(|day| day.saturating_sub(KEPT_DAYS.days()).to_string());
    tx.execute(sql::DELETE_LOOKS, values![before.as_deref()]).await?;
    Ok(())
}

/// Notes a finding, or one entry more of the same: by rule, practitioner, day and whom it was
/// about. It is entered on the ledger once it reaches its rule's threshold.
async fn found(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (rule, threshold): (&str, u32),
    (seen, about): (&Seen, &str),
) -> Result<(), Error> {
    let Seen { leaf, at, organisation, practitioner, look, .. } = seen;
    let day = day(*at).to_string();
    let key = ken_agreement::words_hash(&format!("{rule} {practitioner} {day} {about}"));
    let id = FindingId::draw(ctx);
    let leaf = i64::try_from(*leaf).unwrap_or(i64::MAX);
    let of = values![
        id.as_str(),
        key.as_str(),
        rule,
        organisation,
        *practitioner,
        day.as_str(),
        *at,
        look.purpose.as_str(),
        look.outcome.code(),
        leaf,
        i64::from(threshold)
    ];
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.int(1)?));
    let kept = tx.find(sql::UPSERT_FINDING, of, read).await?;
    let (kept, looks) = kept.ok_or(Error::Corrupt("finding"))?;
    if looks != i64::from(threshold) {
        return Ok(());
    }
    let entry = NewEntry {
        stream: Stream::Organisation(organisation.clone()),
        kind: EntryKind::Finding,
        visibility: Visibility::Never,
        detail: json!({
            "finding": kept,
            "rule": rule,
            "practitioner": practitioner.to_string(),
            "day": day,
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_that_of_the_field() {
        let at: Timestamp = "2027-06-01T23:30:00Z".parse().unwrap();
        assert_eq!(day(at).to_string(), "2027-06-02", "summer time");
    }

    #[test]
    fn what_is_not_about_a_practitioner_and_a_person_is_nobodys() {
        let entry = |stream: &str, detail: Option<Value>| Entry {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            stream: stream.parse().unwrap(),
            kind: EntryKind::Permit,
            visibility: Visibility::Now,
            at: Timestamp::UNIX_EPOCH,
            detail,
        };
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        let own = Some(json!({ "own": true }));
        assert!(matches!(seen(1, &entry(person, own)), Read::Nobodys));
        assert!(matches!(seen(1, &entry("o:cec", None)), Read::Nobodys));
        assert!(matches!(seen(1, &entry(person, None)), Read::Unread));
        let of = |facts: &[&str]| {
            let detail = json!({
                "organisation": "cec", "purpose": "direct-care", "facts": facts,
                "practitioner": "0190163d-8694-739b-aea5-966c26f8ad90",
            });
            match seen(1, &entry(person, Some(detail))) {
                Read::Look(seen) => seen.look.has_relationship,
                _ => panic!("a look"),
            }
        };
        assert!(of(&["age>=16", "relationship:direct-care@claimed"]));
        assert!(!of(&["age>=16"]));
    }
}
