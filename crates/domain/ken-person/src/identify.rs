//! Identification: from what a source says to a person, with an honest "uncertain".
//!
//! The rule is [`crate::rule::identify`]; this is what it is asked about and what becomes of its
//! answer. Whom the rule does not know by number or name the index in memory may: who it proposes
//! is compared again from rows, and then is somebody for a human to look at, and never more.
//!
//! # Invariants
//!
//! - Every national identifier and every source number is claimed by one person under a unique
//!   key, and whoever makes a person holds the turn of their family name and date of birth, so that
//!   registrations at the same moment cannot make two people of one unseen.
//! - Who is like another and came at the same moment is asked about a moment later
//!   ([`crate::newcomer`]).
//! - An uncertain identity gets a provisional person of its own at once, and a place in the queue;
//!   nothing waits for the human, and nothing is linked before.
//! - Each new person, new source and uncertain identity is an entry of the ledger.
//! - Who may be meant and cannot be read stops no message: a human looks ([`crate::unread`]).
//! - A source that repeats a number which was taken back ([`crate::number`]) gives nothing by it.
//! - What comes late moves no number away from whom it means since ([`Since`]).

mod claims;
mod since;
mod turn;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_core::identifier::Identifier;
use ken_core::{Ctx, PartialDate, PersonId};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};

use crate::account::Kept;
use crate::demographics::{Demographics, NameKey, SourceRecord};
use crate::index::Index;
use crate::likely::likely;
use crate::rule::{self, Doubt, Known, Verdict};
use crate::unread::{self, Unread};
use crate::variation::{self, Given};
use crate::{Error, account, bounds, entry, number, queue, sql};
use claims::Claims;
pub use since::{InOrder, Since};
use turn::take_turn;

/// How often a registration begins again because others claimed its numbers meanwhile, or because
/// it had to wait for its turn.
const TRIES_MAX: usize = 4;
/// People of one family name and date of birth that are read at a time. House policy: of a common
/// name and an estimated date there are some hundred in a nation.
const NAMESAKES_READ: i64 = 1_000;
/// Most babies of one family name and day that are looked at. House policy: more are no babies, but
/// a date that stands for another.
const BABIES_MAX: usize = 20;
/// Most such lists that are read. House policy: a source that gives one date for everybody.
const LISTS_MAX: usize = 20;

/// Who a source means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// Somebody known. What the source sends is filed under this id; see [`crate::lead`] for who
    /// stands for them.
    Known(PersonId),
    /// Somebody who was not known before.
    New(PersonId),
    /// A human must look. What the source sends is filed under the provisional person.
    Uncertain {
        /// The person made for the time being.
        provisional: PersonId,
        /// Whom it may be, and why.
        candidates: Vec<Doubt>,
    },
}

impl Identified {
    /// The person under whom to file.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        match self {
            Self::Known(person) | Self::New(person) => *person,
            Self::Uncertain { provisional, .. } => *provisional,
        }
    }
}

/// Says who a source means, and keeps what it says about them.
///
/// # Errors
///
/// [`Error::Contended`] when others register the same person again and again, and whatever the
/// store, the key ring or the ledger says.
pub async fn identify(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    index: &Index,
    incoming: &Demographics,
) -> Result<Identified, Error> {
    identify_since(tx, ctx, keys, index, incoming, Since::Nothing).await
}

/// The same of what may have come late.
///
/// # Errors
///
/// As for [`identify`].
pub async fn identify_since(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    index: &Index,
    incoming: &Demographics,
    since: Since,
) -> Result<Identified, Error> {
    match Box::pin(register(tx, ctx, (keys, index), incoming, Some(since))).await? {
        InOrder::Identified(identified) => Ok(identified),
        // What is known is not asked.
        InOrder::Asks(_) => Err(Error::Corrupt("identity")),
    }
}

/// The same of what may come late, which is asked only where it makes a difference.
///
/// # Errors
///
/// As for [`identify`].
pub async fn identify_in_order(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    index: &Index,
    incoming: &Demographics,
) -> Result<InOrder, Error> {
    Box::pin(register(tx, ctx, (keys, index), incoming, None)).await
}

async fn register(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (keys, index): (&KeyRing, &Index),
    incoming: &Demographics,
    since: Option<Since>,
) -> Result<InOrder, Error> {
    let mut has_turn = false;
    for _ in 0..TRIES_MAX {
        let mut asked = Box::pin(candidates(tx, incoming, &mut has_turn)).await?;
        for known in &mut asked.candidates {
            known.is_between = since == Some(Since::OfSame);
        }
        let verdict = Box::pin(verdict(tx, index, incoming, &asked)).await?;
        if let (Verdict::Uncertain(_), Some(own), None) = (&verdict, asked.own, since) {
            return Ok(InOrder::Asks(own));
        }
        let makes = matches!(verdict, Verdict::New | Verdict::Uncertain(_));
        if makes && !has_turn {
            has_turn = true;
            if take_turn(tx, incoming).await? {
                continue;
            }
        }
        let is_last = since.is_none_or(|since| since == Since::Nothing);
        let now = Registration { incoming, asked, is_last };
        let done = match verdict {
            Verdict::Known(lead) => known(tx, ctx, keys, now, lead, &[]).await?,
            Verdict::Duplicate(lead, doubts) => known(tx, ctx, keys, now, lead, &doubts).await?,
            Verdict::New => new(tx, ctx, keys, &now).await?,
            Verdict::Uncertain(doubts) => uncertain(tx, ctx, keys, &now, doubts).await?,
        };
        if let Some(identified) = done {
            let index = index.clone();
            tx.after_commit(move || index.wake());
            return Ok(InOrder::Identified(identified));
        }
    }
    Err(Error::Contended)
}

/// Whom a source would mean, and keeps nothing.
pub(crate) async fn meant(
    tx: &mut Tx,
    index: &Index,
    incoming: &Demographics,
) -> Result<Verdict, Error> {
    let asked = Box::pin(candidates(tx, incoming, &mut true)).await?;
    Box::pin(verdict(tx, index, incoming, &asked)).await
}

/// What a source says of somebody, and what was known when it came.
struct Registration<'a> {
    incoming: &'a Demographics,
    asked: Asked,
    /// Whether the source has said nothing since under the same number.
    is_last: bool,
}

/// What the index knows that bears on a registration.
#[derive(Default)]
struct Asked {
    /// Whom the source's number means already.
    own: Option<PersonId>,
    /// Who stands for them.
    own_lead: Option<PersonId>,
    /// Whose the national numbers of the registration are, and who stands for each.
    holders: Vec<(PersonId, PersonId)>,
    candidates: Vec<Known>,
    /// The national numbers that nobody holds.
    free: Vec<Identifier>,
    /// What the source said under this number before, and of whom.
    said: Vec<(PersonId, Kept)>,
    /// The numbers of candidates that the source gave, and that were taken back since: that it
    /// repeats them says nothing new.
    taken_back: Vec<(PersonId, Identifier)>,
    /// Of whom something that is stored cannot be read.
    unread: Unread,
}

/// Everyone who may be meant: by the source's number, a national number, or name and date. Whose
/// number is not known yet may be somebody new, and takes the turn before anybody is looked for.
async fn candidates(
    tx: &mut Tx,
    incoming: &Demographics,
    has_turn: &mut bool,
) -> Result<Asked, Error> {
    let own = account::hold_number(tx, &incoming.source).await?;
    if own.is_none() && !*has_turn {
        *has_turn = true;
        take_turn(tx, incoming).await?;
    }
    let mut found: BTreeSet<PersonId> = own.into_iter().collect();
    let (mut holders, mut free): (Vec<PersonId>, Vec<_>) = (Vec::new(), Vec::new());
    for identifier in incoming.national() {
        match number::hold_claim(tx, &identifier).await? {
            Some(holder) => holders.push(holder),
            None => free.push(identifier),
        }
    }
    found.extend(&holders);
    let name = NameKey::new(incoming.family.reveal(), incoming.given.reveal());
    let day = incoming.born.and_then(PartialDate::day);
    if let Some(day) = day.filter(|_| !name.family.reveal().is_empty()) {
        found.extend(namesakes(tx, &name, day).await?);
    }
    let mut asked = Asked { own, free, ..Asked::default() };
    let mut leads: BTreeMap<PersonId, bool> = BTreeMap::new();
    for person in found {
        let numbered = own == Some(person) || holders.contains(&person);
        let lead = match account::lead(tx, person).await {
            Err(error) if error.is_of_what_is_stored() => {
                asked.unread.insert(person, numbered);
                continue;
            }
            lead => lead?,
        };
        *leads.entry(lead).or_default() |= numbered;
        if own == Some(person) {
            asked.own_lead = Some(lead);
        }
        if holders.contains(&person) {
            asked.holders.push((person, lead));
        }
    }
    weighed(tx, &incoming.source, leads, &mut asked).await?;
    Ok(asked)
}

/// Reads what is known of those who were found, each with whether a number means them.
async fn weighed(
    tx: &mut Tx,
    source: &SourceRecord,
    leads: BTreeMap<PersonId, bool>,
    asked: &mut Asked,
) -> Result<(), Error> {
    for (lead, numbered) in leads {
        let found = match account::known(tx, lead, source).await {
            Err(error) if error.is_of_what_is_stored() => {
                asked.unread.insert(lead, numbered);
                continue;
            }
            found => found?,
        };
        let (mut known, mut said) = (found.known, found.said);
        known.is_sources_own = asked.own_lead == Some(lead);
        if let Some(own) = asked.own_lead.filter(|own| *own != lead) {
            known.is_set_apart = account::is_apart(tx, own, lead).await?;
        }
        asked.candidates.push(known);
        asked.said.append(&mut said);
        asked.taken_back.extend(found.taken_back.into_iter().map(|number| (lead, number)));
    }
    Ok(())
}

/// What is said of those who were found, and of whom the index proposes where nobody is known.
async fn verdict(
    tx: &mut Tx,
    index: &Index,
    incoming: &Demographics,
    asked: &Asked,
) -> Result<Verdict, Error> {
    let mut verdict = rule::identify(incoming, &asked.candidates);
    if let Verdict::Uncertain(doubts) = &verdict
        && bounds::is_beyond(tx, incoming, doubts).await?
    {
        verdict = Verdict::New;
    }
    match unread::beside(verdict, asked.own_lead, &asked.unread) {
        // Who is known is not looked for further.
        Verdict::New => alike(tx, index, incoming, asked, Vec::new()).await,
        Verdict::Uncertain(doubts) => alike(tx, index, incoming, asked, doubts).await,
        verdict @ (Verdict::Known(_) | Verdict::Duplicate(..)) => Ok(verdict),
    }
}

/// Adds to the doubts those whom the index proposes; where there is neither, nobody is known.
async fn alike(
    tx: &mut Tx,
    index: &Index,
    incoming: &Demographics,
    asked: &Asked,
    mut doubts: Vec<Doubt>,
) -> Result<Verdict, Error> {
    // Of whom the rule was asked, it has said what there is to say.
    let said = asked.candidates.iter().map(|known| known.person);
    let said = said.chain(asked.unread.keys().copied()).collect();
    let found = likely(tx, index, incoming, asked.own_lead, said).await?;
    doubts.extend(found.doubts(incoming, !doubts.is_empty()));
    Ok(if doubts.is_empty() { Verdict::New } else { Verdict::Uncertain(doubts) })
}

/// Those of the same family name and birth date whose given names agree, and those of whom, or of
/// the one who registers, none is told yet; of these none where they are too many for babies.
async fn namesakes(tx: &mut Tx, name: &NameKey, day: Date) -> Result<Vec<PersonId>, Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.parse::<PersonId>(0)?, row.text(1)?));
    let compare = |given: &str| {
        let theirs = NameKey { family: name.family.clone(), given: given.to_owned().into() };
        variation::given(name, &theirs)
    };
    let (mut found, mut babies, mut after) = (vec![], vec![], (String::new(), String::new()));
    for _ in 0..LISTS_MAX {
        let (person, given) = (after.0.as_str(), after.1.as_str());
        let of = values![name.family.reveal(), day, person, given, NAMESAKES_READ];
        let family = tx.list(sql::FAMILY_FIND, of, read).await?;
        let is_all = i64::try_from(family.len()).is_ok_and(|count| count < NAMESAKES_READ);
        for (key, who, given) in family {
            match compare(&given) {
                Given::Equal | Given::Agrees => found.push(who),
                Given::Silent if babies.len() <= BABIES_MAX => babies.push(who),
                Given::Silent | Given::Varies | Given::Differs => {}
            }
            after = (key, given);
        }
        if is_all {
            break;
        }
    }
    if babies.len() <= BABIES_MAX {
        found.append(&mut babies);
    }
    Ok(found)
}

/// Somebody known; `None` when another claimed one of the numbers meanwhile.
async fn known(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    now: Registration<'_>,
    lead: PersonId,
    doubts: &[Doubt],
) -> Result<Option<Identified>, Error> {
    let Registration { incoming, asked, .. } = now;
    let Asked { own, own_lead, holders, mut free, said, taken_back, .. } = asked;
    // Nothing is filed for one person that the rule says is another's.
    if own_lead.is_some_and(|own| own != lead) {
        return Err(Error::Corrupt("identity"));
    }
    // A record that another stands for keeps what its source sends, and so does the one whose
    // number is told: the link may be undone.
    let holder = holders.iter().find(|(_, of)| *of == lead).map(|(holder, _)| *holder);
    let person = own.or(holder).unwrap_or(lead);
    let incoming = &without(incoming, lead, &taken_back);
    free.retain(|number| incoming.identifiers.contains(number));
    let claims = Claims { number: own.is_none(), identifiers: &free };
    if !claims.take(tx, incoming, person).await? {
        return Ok(None);
    }
    let mut before = said.into_iter().filter(|(of, _)| *of == person).map(|(_, kept)| kept);
    account::put(tx, ctx, person, incoming, before.next()).await?;
    if own.is_none() {
        entry::identified(tx, ctx, keys, person, &incoming.source, "known").await?;
    }
    queue::offer_once(tx, ctx, person, &incoming.source.organisation, doubts).await?;
    Ok(Some(Identified::Known(person)))
}

/// What a source says, but for the numbers that it gave this person and that were taken back.
fn without<'a>(
    incoming: &'a Demographics,
    lead: PersonId,
    taken_back: &[(PersonId, Identifier)],
) -> Cow<'a, Demographics> {
    let is_back =
        |number: &Identifier| taken_back.iter().any(|(of, taken)| *of == lead && taken == number);
    if !incoming.identifiers.iter().any(is_back) {
        return Cow::Borrowed(incoming);
    }
    let mut less = incoming.clone();
    less.identifiers.retain(|number| !is_back(number));
    Cow::Owned(less)
}

/// Somebody new; `None` when another claimed one of the numbers meanwhile.
async fn new(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    now: &Registration<'_>,
) -> Result<Option<Identified>, Error> {
    let incoming = now.incoming;
    let person = PersonId::draw(ctx.ids);
    let claims = Claims { number: true, identifiers: &now.asked.free };
    if !claims.take(tx, incoming, person).await? {
        return Ok(None);
    }
    account::make(tx, ctx, person, false).await?;
    account::note_new(tx, person).await?;
    account::put(tx, ctx, person, incoming, None).await?;
    entry::identified(tx, ctx, keys, person, &incoming.source, "new").await?;
    Ok(Some(Identified::New(person)))
}

/// A provisional person and a place in the queue; `None` when another claimed a number meanwhile.
async fn uncertain(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    now: &Registration<'_>,
    doubts: Vec<Doubt>,
) -> Result<Option<Identified>, Error> {
    let (incoming, before) = (now.incoming, now.asked.own);
    if !now.is_last
        && let Some(again) = since::again(tx, ctx, keys, now).await?
    {
        return Ok(Some(again));
    }
    let person = PersonId::draw(ctx.ids);
    let claims = Claims { number: before.is_none(), identifiers: &now.asked.free };
    if !claims.take(tx, incoming, person).await? {
        return Ok(None);
    }
    account::make(tx, ctx, person, true).await?;
    account::note_new(tx, person).await?;
    if let Some(before) = before.filter(|_| now.is_last) {
        // From now on the number means the provisional person; what the source said under it
        // before stays where it was. What comes late is filed under them alone: the number means
        // whom it means since.
        let source = &incoming.source;
        let (system, number) = (source.local.system(), source.local.reveal());
        let of = values![&source.organisation, system, number, before, person];
        if tx.execute(sql::NUMBER_MOVE, of).await? == 0 {
            return Err(Error::Contended);
        }
    }
    account::put(tx, ctx, person, incoming, None).await?;
    queue::offer_once(tx, ctx, person, &incoming.source.organisation, &doubts).await?;
    entry::identified(tx, ctx, keys, person, &incoming.source, "uncertain").await?;
    Ok(Some(Identified::Uncertain { provisional: person, candidates: doubts }))
}
