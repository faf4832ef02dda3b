//! A draft tried on the past: what it would newly allow and newly refuse, had it been in force when
//! real decisions were taken.
//!
//! Decisions are read from the ledger, page by page, up to where it ended when the replay began:
//! one picture of it, beside whoever goes on writing. Each is decided again twice: by what is in
//! force now, and by that with the draft. What differs between the two is the draft's doing; what
//! differs from the past without it has changed since for another reason, and is told apart.
//!
//! # Invariants
//!
//! - Nothing that a report holds names a person or an entry; a number that stands for fewer than
//!   [`PEOPLE_MIN`] people is not told.
//! - Every decision of the days asked for is replayed, or counted with why not.
//! - At most `GROUPS_MAX` different decisions are in memory, whatever the ledger holds.
//!
//! # Sources
//!
//! - UK GDPR arts. 25 and 35; the practice of statistical offices for small numbers.

mod count;
mod desk;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use ken_agreement::status::Register;
use ken_agreement::{Instrument, Tier, Words};
use ken_core::{Ctx, OrganisationId};
use ken_ledger::{Entry, scan};
use ken_sharing::bundle::{Admitted, Bundle};
use ken_sharing::gate::replay::{Past, Unread};
use ken_sharing::instrument;
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot};

use crate::Error;
use count::{Counted, Group};

pub use desk::{Began, Desk, Kept, Running, kept};
pub use report::{Asked, Direction, Line, NotReplayed, Report};

/// Most days that a replay goes back. House policy: two years, the longest time between reviews.
pub const DAYS_MAX: u16 = 731;
/// Fewer people than this, and a number is not told. House policy, as for published tables.
pub const PEOPLE_MIN: usize = 5;
/// Most different decisions in memory. House policy: some tens of megabytes.
const GROUPS_MAX: usize = 8_192;
/// Most decisions that are taken again before somebody may stop the replay: well under a second.
const AT_ONCE: usize = 256;

/// Is told how far of how much a replay is, and says whether to go on.
pub type Watch<'a> = &'a (dyn Fn(u64, u64) -> ControlFlow<()> + Sync);

/// A draft, and the policies with it and without it.
#[derive(Debug)]
pub struct Trial {
    draft: Instrument,
    /// The policies now; they hold whatever was in force before, to cite.
    without: Bundle,
    /// The same with the draft, as if every party had signed it.
    with: Bundle,
    day: Date,
    parties: BTreeSet<OrganisationId>,
    /// The draft's words by clause and text: who has affirmed a text need not do so again because
    /// its clause has a new version.
    words: BTreeMap<(String, String), Words>,
    /// Clauses of the draft that would not run.
    idle: Vec<String>,
}

impl Trial {
    /// Makes a draft ready to be tried beside what is in force.
    ///
    /// # Errors
    ///
    /// When the policies do not compile: the draft breaks a rule that no agreement may break.
    pub fn new(draft: Instrument, in_force: Vec<Admitted>, today: Date) -> Result<Self, Error> {
        let parties: BTreeSet<_> = draft.parties.iter().map(|party| party.id.clone()).collect();
        let (name, ended) = (draft.name(), &draft.lifecycle.supersedes);
        let mut after: Vec<Admitted> = in_force.clone();
        // A text that was changed and not yet given a new version stands in for the old one.
        after.retain(|other| other.instrument.name() != name);
        for other in &mut after {
            other.register.superseded |= ended.contains(&other.instrument.name());
        }
        let mut signed = parties.clone();
        signed.insert(draft.agreement.lead_party.clone());
        let register = Register { signed, replaced: ended.clone(), ..Register::default() };
        after.push(Admitted { instrument: draft.clone(), register });
        let without = Bundle::compile(in_force)?;
        let with = Bundle::compile_after(Some(&without), after)?;
        let idle = with.findings().iter().filter(|(of, _)| *of == name);
        let idle = idle.map(|(_, finding)| format!("{}: {}", finding.at, finding.says)).collect();
        let words = words_of(&draft, &with);
        let day = day_of(&draft, today);
        Ok(Self { draft, without, with, day, parties, words, idle })
    }

    /// The draft.
    #[must_use]
    pub fn draft(&self) -> &Instrument {
        &self.draft
    }

    /// What no longer runs in other texts because of the draft: clauses that it no longer lets run,
    /// and texts that stand by name under what it replaces.
    pub(crate) fn stops(&self) -> Vec<String> {
        let (name, ended) = (self.draft.name(), &self.draft.lifecycle.supersedes);
        let before = self.without.findings();
        let new = self.with.findings().iter().filter(|one| one.0 != name && !before.contains(one));
        let clauses = new.map(|(of, finding)| format!("{of}, {}: {}", finding.at, finding.says));
        let is_law = self.draft.agreement.tier == Tier::StatutePack;
        let under = self.with.instruments().filter(|(_, of, register)| {
            let named = of.agreement.under.iter().any(|above| ended.contains(above));
            named && !is_law && !register.superseded && of.name() != name
        });
        let texts = under.map(|(_, of, _)| {
            let says = "its routine sharing stops until a version of it names the new text";
            format!("{} stands under it by name: {says}", of.agreement.title)
        });
        clauses.chain(texts).collect()
    }

    /// A past decision as if it were taken on the draft's day. Who affirmed a text then has
    /// affirmed it for the clause of the draft that asks for the same.
    fn moved(&self, mut past: Past) -> Past {
        past.facts.day = self.day;
        let same = |words: &Words| {
            let text = self.without.text_of(words)?.to_owned();
            self.words.get(&(local(words), text)).cloned()
        };
        let again: Vec<Words> = past.facts.attested.iter().filter_map(same).collect();
        past.facts.attested.extend(again);
        past
    }

    /// Whether the draft may say anything about a decision: one of its parties was an end of it.
    fn concerns(&self, past: &Past) -> bool {
        let recipient = &past.view.recipient.organisation;
        let is_end = |of: &OrganisationId| self.parties.contains(of);
        is_end(recipient) || past.view.senders.iter().any(is_end)
    }
}

/// Today while the draft runs today; otherwise the first day on which it would.
fn day_of(draft: &Instrument, today: Date) -> Date {
    let head = &draft.agreement;
    let is_over = head.effective_until.is_some_and(|until| until.0 < today);
    if head.effective_from.0 <= today && !is_over { today } else { head.effective_from.0 }
}

fn words_of(draft: &Instrument, with: &Bundle) -> BTreeMap<(String, String), Words> {
    let hash = draft.hash();
    let of = draft.clauses.iter().flat_map(|clause| {
        let id = Instrument::cite(&hash, &clause.id);
        let words = clause
            .attest
            .iter()
            .map(move |attestation| Words { clause: id.clone(), attestation: attestation.clone() });
        words.filter_map(|words| Some(((local(&words), with.text_of(&words)?.to_owned()), words)))
    });
    of.collect()
}

/// A clause's id within its instrument.
fn local(words: &Words) -> String {
    let cited = words.clause.to_string();
    cited.rsplit_once('#').map_or(cited.clone(), |(_, own)| own.to_owned())
}

/// Reads what is in force and makes a draft ready, away from the threads that others wait for.
///
/// # Errors
///
/// As [`Trial::new`], and whatever the store says.
pub async fn prepare(db: &Db, ctx: &Ctx<'_>, draft: Instrument) -> Result<Arc<Trial>, Error> {
    let load = async |s: &mut Snapshot| instrument::load(s, ctx).await;
    let in_force = db.snapshot("office.replay-load", load).await?.instruments;
    let today = ctx.clock.today();
    let made = tokio::task::spawn_blocking(move || Trial::new(draft, in_force, today));
    Ok(Arc::new(made.await.map_err(|_| Error::Corrupt("replay"))??))
}

/// Tries a draft on the decisions of the last `days`. None where `watch` said to stop. Dropping it
/// stops it too; it changes nothing.
///
/// # Errors
///
/// Whatever the store, the ledger or the decision says.
pub async fn run(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    trial: &Arc<Trial>,
    days: u16,
    watch: Watch<'_>,
) -> Result<Option<Report>, Error> {
    let until = ctx.clock.now();
    let back = SignedDuration::from_hours(24 * i64::from(days.clamp(1, DAYS_MAX)));
    let since = until.saturating_sub(back).unwrap_or(Timestamp::MIN);
    let begin = async |s: &mut Snapshot| {
        let from = scan::first_since(s, since).await?;
        Ok::<_, Error>((from, scan::leaves(s).await?, scan::unsealed_decisions(s).await?))
    };
    let (from, to, unsealed) = db.snapshot("office.replay-begin", begin).await?;
    let mut counted = Counted::default();
    counted.not_replayed(NotReplayed::NotSealed, unsealed);
    let mut waiting = Waiting::default();
    let mut far = Far { from, to, at: from, decided: from };
    while far.at < to {
        let page = async |s: &mut Snapshot| scan::decisions(s, keys, far.at, to).await;
        for decided in db.snapshot("office.replay-page", page).await? {
            waiting.take(trial, decided.entry, (since, until), &mut counted);
        }
        far.at = to.min(far.at.saturating_add(scan::SCAN_MAX));
        if far.tell(watch, 0).is_break() {
            return Ok(None);
        }
        if far.at == to || waiting.groups.len() >= GROUPS_MAX {
            let Some(after) = decide(trial, waiting, counted, far, watch).await? else {
                return Ok(None);
            };
            (waiting, counted) = (Waiting::default(), after);
            far.decided = far.at;
        }
    }
    Ok(Some(report::of(trial, (since, until, days), counted)))
}

/// How far a replay is, in leaves: each is read once, and what it holds is decided once.
#[derive(Debug, Clone, Copy)]
struct Far {
    from: u64,
    to: u64,
    /// Read up to here.
    at: u64,
    /// Decided up to here.
    decided: u64,
}

impl Far {
    /// Tells how far it is, with so many leaves decided more.
    fn tell(self, watch: Watch<'_>, more: u64) -> ControlFlow<()> {
        let done = (self.at - self.from) + (self.decided - self.from) + more;
        watch(done, 2 * (self.to - self.from))
    }
}

/// Decisions that wait to be taken again, the same ones together.
#[derive(Debug, Default)]
struct Waiting {
    groups: std::collections::HashMap<Past, Group>,
}

impl Waiting {
    fn take(
        &mut self,
        trial: &Trial,
        entry: Option<Entry>,
        (since, until): (Timestamp, Timestamp),
        counted: &mut Counted,
    ) {
        let Some(entry) = entry else {
            return counted.not_replayed(NotReplayed::Changed, 1);
        };
        if entry.at < since || entry.at > until {
            return;
        }
        let Some(detail) = &entry.detail else {
            return counted.not_replayed(NotReplayed::Erased, 1);
        };
        match Past::read(detail) {
            Ok(past) if trial.concerns(&past) => {
                self.groups.entry(trial.moved(past)).or_default().add(&entry.stream);
            }
            Ok(_) => counted.elsewhere += 1,
            Err(why) => counted.not_replayed(
                match why {
                    Unread::NotDecided => NotReplayed::NotDecided,
                    Unread::NoFacts => NotReplayed::NoFacts,
                    Unread::Passing => NotReplayed::Passing,
                    Unread::OtherForm => NotReplayed::OtherForm,
                },
                1,
            ),
        }
    }
}

/// Takes what waits again, some at a time, each time off the threads that others wait for.
async fn decide(
    trial: &Arc<Trial>,
    waiting: Waiting,
    mut counted: Counted,
    far: Far,
    watch: Watch<'_>,
) -> Result<Option<Counted>, Error> {
    let (all, mut done) = (waiting.groups.len().max(1), 0);
    let mut groups = waiting.groups.into_iter();
    loop {
        let some: Vec<_> = groups.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(Some(counted));
        }
        done += some.len();
        let trial = Arc::clone(trial);
        let work = tokio::task::spawn_blocking(move || {
            for (past, group) in some {
                counted.add(&trial, &past, &group)?;
            }
            Ok::<_, Error>(counted)
        });
        counted = work.await.map_err(|_| Error::Corrupt("replay"))??;
        let share = u64::try_from(done * usize::from(u16::MAX) / all).unwrap_or(0);
        let more = (far.at - far.decided) * share / u64::from(u16::MAX);
        if far.tell(watch, more).is_break() {
            return Ok(None);
        }
    }
}
