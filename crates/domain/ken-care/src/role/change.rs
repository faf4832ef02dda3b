//! Adding a turn to a role: under the person's guard, with its relationship, its version in the
//! shared record and its ledger entry, in one write.

use std::collections::BTreeSet;

use ken_core::{AccountId, Ctx, OrganisationId, PersonId, Sensitive};
use ken_directory::{Acting, HeldRole, practitioner, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::together;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, PeopleGuard, Reads, Tx, values};
use serde_json::json;

use super::answer::{self, Answer};
use super::rule::{self, Change, Refused, Standing};
use super::{By, Holder, Kind, State, TURNS_MAX, Turn, WHY_LEN_MAX, bound, filing, turns};
use crate::{Error, sql};

/// Changes who coordinates care for a person, and says why; gives the number of the turn. The same
/// request again changes nothing.
///
/// # Errors
///
/// Whatever the store, the key ring, the directory, the record or the ledger says.
pub async fn change(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (person, kind): (PersonId, Kind),
    (change, why): (&Change, &Sensitive<String>),
) -> Result<Result<i64, Refused>, Error> {
    if !(1..=WHY_LEN_MAX).contains(&why.reveal().trim().chars().count()) {
        return Ok(Err(Refused::Unfit));
    }
    make(db, ctx, keys, &Asked { person, kind, what: What::Changed(by, change), why }).await
}

/// Makes the turn that is asked for, or says why nobody makes it.
pub(super) async fn make(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    asked: &Asked<'_>,
) -> Result<Result<i64, Refused>, Error> {
    let person = asked.person;
    // Before a key is drawn: whoever asks for ever leaves nothing behind.
    let before = db.snapshot("care.role-before", async |s| asked.judged(s, ctx).await).await?;
    if let Judged::Before(turn) = before {
        return Ok(Ok(turn));
    } else if let Judged::Refused(refused) = before {
        return Ok(Err(refused));
    }
    let fresh = keys.fresh().await?;
    db.write("care.role", async |tx| {
        // What is filed for the person waits here, before their guard (`ken_records::hold`).
        let group = together::group(tx, person).await?;
        ken_records::hold(tx, keys, &group).await?;
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        let state = match asked.judged(tx, ctx).await? {
            Judged::Before(turn) => return Ok(Ok(turn)),
            Judged::Refused(refused) => return Ok(Err(refused)),
            Judged::May(state) => state,
        };
        let turn = asked.write(tx, ctx, (keys, &fresh), &state, &guard).await?;
        guard.bump(tx).await?;
        Ok(Ok(turn))
    })
    .await
}

/// What is asked, by whom.
pub(super) struct Asked<'a> {
    pub(super) person: PersonId,
    pub(super) kind: Kind,
    pub(super) what: What<'a>,
    pub(super) why: &'a Sensitive<String>,
}

/// A change that a practitioner records, or what the person answers to an offer.
pub(super) enum What<'a> {
    Changed(&'a Acting, &'a Change),
    Answered(AccountId, Answer),
}

impl What<'_> {
    /// The word for it, and whom it names.
    fn words(&self) -> (&'static str, String) {
        let (of, whom) = match self {
            Self::Changed(_, change) => (change.code(), change),
            Self::Answered(_, answer) => return (answer.code(), answer.whom().to_string()),
        };
        let whom = match whom {
            Change::Offer(holder) | Change::Set(holder) => format!("{holder:?}"),
            Change::Accept(whom)
            | Change::Decline(whom)
            | Change::TakeBack(whom)
            | Change::End(whom) => whom.to_string(),
            Change::ChoseNobody(whom) => whom.map(|whom| whom.to_string()).unwrap_or_default(),
        };
        (of, whom)
    }

    /// Whether somebody is named who was not before: under any id, the role has one holder.
    const fn names_anew(&self) -> bool {
        matches!(self, Self::Changed(_, Change::Offer(_) | Change::Set(_)))
    }

    /// Whether it is more than an answer or an end, which always find room.
    const fn is_more(&self) -> bool {
        self.names_anew() || matches!(self, Self::Changed(_, Change::ChoseNobody(_)))
    }
}

/// What comes of asking.
enum Judged {
    /// The same request made this turn.
    Before(i64),
    /// Nothing.
    Refused(Refused),
    /// This state.
    May(State),
}

impl Asked<'_> {
    fn what(&self) -> [String; 5] {
        let (kind, (code, whom)) = (self.kind.code().to_owned(), self.what.words());
        [self.person.to_string(), kind, code.to_owned(), whom, self.why.reveal().clone()]
    }

    async fn judged<R: Reads>(&self, reads: &mut R, ctx: &Ctx<'_>) -> Result<Judged, Error> {
        let what = self.what();
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        if let Some(turn) = sending::before(reads, ctx, &what).await? {
            return Ok(Judged::Before(turn));
        }
        let mut turns = turns(reads, self.person).await?;
        turns.retain(|turn| turn.kind == self.kind);
        let mut standing = Standing::of(&turns);
        let named = self.named(&standing);
        let is_in_role = match &named {
            Some(holder) => is_in_role(reads, ctx, holder).await?,
            None => false,
        };
        if self.what.names_anew() {
            standing = everywhere(reads, self.person, (self.kind, standing)).await?;
        }
        let may = match self.what {
            What::Changed(by, change) => {
                let held = relationship::of_person(reads, ctx, self.person).await?;
                let known = (rule::works_with(&held, by), is_in_role);
                rule::may(change, by, &standing, known)
            }
            What::Answered(_, answer) => {
                let own = practitioner::own_person(reads, answer.whom()).await?;
                let same = together::group(reads, self.person).await?;
                let is_oneself = own.is_some_and(|own| same.contains(&own));
                let told = answer::told(&turns);
                rule::answered(answer, (&standing, &told), (is_oneself, is_in_role))
            }
        };
        Ok(match may {
            Ok(_) if self.what.is_more() && turns.len() >= TURNS_MAX => {
                Judged::Refused(Refused::TooMany)
            }
            Ok(state) => Judged::May(state),
            Err(refused) => Judged::Refused(refused),
        })
    }

    /// Who would hold it or be offered.
    fn named(&self, standing: &Standing) -> Option<Holder> {
        match self.what {
            What::Changed(_, Change::Offer(holder) | Change::Set(holder)) => Some(holder.clone()),
            What::Changed(_, Change::Accept(_)) | What::Answered(_, Answer::Accept(_)) => {
                standing.offered.clone()
            }
            What::Changed(
                _,
                Change::Decline(_) | Change::TakeBack(_) | Change::ChoseNobody(_) | Change::End(_),
            )
            | What::Answered(_, Answer::Decline(_)) => None,
        }
    }

    /// Adds the turn, and ends the role under every other id that stands together with this one.
    async fn write(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        (keys, fresh): (&KeyRing, &KeyId),
        state: &State,
        guard: &PeopleGuard,
    ) -> Result<i64, Error> {
        let before = self.turns(tx).await?;
        let own = Standing::of(&before);
        let last = before.last();
        let number = last.map_or(0, |turn| turn.number).saturating_add(1);
        let what = self.what();
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        if let Some(turn) = sending::once(tx, ctx, &what, number).await? {
            return Ok(turn);
        }
        let after = own.clone().after(state, ctx.clock.now());
        self.put(tx, ctx, (keys, fresh), self.person, (number, state)).await?;
        self.relate(tx, ctx, keys, (&own, &after)).await?;
        let mut places = said_none(&before);
        places.append(&mut said_none(&self.turns(tx).await?));
        self.file(tx, ctx, keys, (&own, &after), places).await?;
        if matches!(state, State::Accepted(_)) {
            for (other, _) in guard.people().iter().filter(|(one, _)| *one != self.person) {
                self.end_under(tx, ctx, (keys, fresh), *other).await?;
            }
        }
        Ok(number)
    }

    /// The turns of this role, the oldest first.
    async fn turns(&self, tx: &mut Tx) -> Result<Vec<Turn>, Error> {
        let mut turns = turns(tx, self.person).await?;
        turns.retain(|turn| turn.kind == self.kind);
        Ok(turns)
    }

    /// The row and its entry.
    async fn put(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        (keys, fresh): (&KeyRing, &KeyId),
        person: PersonId,
        (number, state): (i64, &State),
    ) -> Result<(), Error> {
        let (why, visibility) = (self.why.reveal().trim(), fact::shown_at(tx, ctx, person).await?);
        let (by, account) = match self.what {
            What::Changed(by, _) => (Some(by), None),
            What::Answered(account, _) => (None, Some(account)),
        };
        let aad = bound(person, self.kind, number);
        let sealed = keys.seal(fresh, &aad, why.as_bytes()).await?;
        let holder = state.holder();
        let contact = holder.map(|holder| &holder.contact);
        let of = values![
            person,
            self.kind.code(),
            number,
            state.code(),
            holder.map(|holder| holder.practitioner),
            holder.map(|holder| holder.organisation.as_str()),
            holder.map(|holder| holder.role.as_str()),
            contact.map(|contact| contact.phone.as_str()),
            contact.map(|contact| contact.address.as_str()),
            contact.map(|contact| contact.hours.as_str()),
            contact.map(|contact| contact.cover.as_str()),
            by.map(|by| by.practitioner),
            by.map(|by| by.organisation.as_str()),
            fresh.to_string(),
            sealed.as_slice(),
            ctx.now_us(),
            account,
            // What they did themselves is no secret from them.
            visibility == Visibility::Now || account.is_some()
        ];
        tx.execute(sql::ROLE_INSERT, of).await?;
        let entry = NewEntry {
            stream: Stream::Person(person),
            kind: EntryKind::Relationship,
            visibility,
            detail: json!({
                "coordinating": self.kind.code(),
                "state": state.code(),
                "turn": number,
                "holder": holder.map(|holder| holder.practitioner.to_string()),
                "organisation": holder.map(|holder| holder.organisation.as_str()),
                "practitioner": by.map(|by| by.practitioner.to_string()),
                "by": by.map(|by| by.organisation.as_str()),
                "role": by.map(|by| by.role.as_str()),
                "account": account.map(|account| account.to_string()),
                "why": why,
            }),
        };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(())
    }

    /// Lets the holder's relationship follow the role, under the id that the turn is of.
    async fn relate(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        (own, after): (&Standing, &Standing),
    ) -> Result<(), Error> {
        let who = |standing: &Standing| {
            let holder = standing.holder.as_ref().map(|(holder, _)| holder);
            holder.map(|holder| (holder.practitioner, holder.organisation.clone()))
        };
        if who(own) == who(after) {
            return Ok(());
        }
        end_relationships(tx, ctx, keys, (self.person, self.kind)).await?;
        let Some((practitioner, organisation)) = who(after) else { return Ok(()) };
        let new = NewRelationship {
            person: self.person,
            kind: self.kind.code().to_owned(),
            source: organisation.clone(),
            organisation,
            practitioner: Some(practitioner),
            grade: Grade::Confirmed,
            until: None,
        };
        relationship::record(tx, ctx, keys, &new).await?;
        Ok(())
    }

    /// Ends the role under another id, where anything stands there.
    async fn end_under(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        (keys, fresh): (&KeyRing, &KeyId),
        other: PersonId,
    ) -> Result<(), Error> {
        let turns = turns(tx, other).await?;
        let theirs: Vec<_> = turns.iter().filter(|turn| turn.kind == self.kind).collect();
        let was = Standing::of(theirs.iter().copied());
        // Two ends: one takes an offer back, the next ends the role.
        let is_told = was.holder.is_some() || was.is_declined;
        let ends = usize::from(was.offered.is_some()) + usize::from(is_told);
        let last = theirs.last().map_or(0, |turn| turn.number);
        for number in (1..).take(ends).map(|next: i64| last.saturating_add(next)) {
            self.put(tx, ctx, (keys, fresh), other, (number, &State::Ended)).await?;
        }
        if !is_told {
            return Ok(());
        }
        end_relationships(tx, ctx, keys, (other, self.kind)).await?;
        let key = ken_records::key_of(tx, keys, other).await?;
        let mut places = said_none(theirs);
        places.extend(was.holder.map(|(holder, _)| holder.organisation));
        for at in &places {
            let gone = (self.kind, &Standing::default());
            filing::file(tx, ctx, keys, (other, key), gone, at).await?;
        }
        Ok(())
    }

    /// Files how the role stands: at the organisation of whoever held it and of whoever does; where
    /// it was or is so that the family chose nobody, at `places`, where that is said.
    async fn file(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        (own, after): (&Standing, &Standing),
        mut places: BTreeSet<OrganisationId>,
    ) -> Result<(), Error> {
        let key = ken_records::key_of(tx, keys, self.person).await?;
        let of = |standing: &Standing| {
            standing.holder.as_ref().map(|(holder, _)| holder.organisation.clone())
        };
        places.extend([of(own), of(after)].into_iter().flatten());
        for at in &places {
            filing::file(tx, ctx, keys, (self.person, key), (self.kind, after), at).await?;
        }
        Ok(())
    }
}

/// Where it is said that the person or their family chose nobody: at each organisation that said so
/// since anybody held the role, or whose offer the person declined.
fn said_none<'a>(of: impl IntoIterator<Item = &'a Turn>) -> BTreeSet<OrganisationId> {
    let (mut standing, mut places, mut offers) = (Standing::default(), BTreeSet::new(), None);
    for turn in of {
        standing = standing.after(&turn.state, turn.at);
        let heard = match &turn.by {
            By::Practitioner(_, at) => Some(at.clone()),
            By::Person(_) => offers.clone(),
        };
        if matches!(turn.state, State::Offered(_)) {
            offers.clone_from(&heard);
        }
        if !standing.is_declined {
            places.clear();
        } else if turn.state == State::Declined {
            places.extend(heard);
        }
    }
    places
}

/// How a role stands, with whoever was set in last under any id that stands together with a
/// person's as its holder.
async fn everywhere<R: Reads>(
    reads: &mut R,
    person: PersonId,
    (kind, mut own): (Kind, Standing),
) -> Result<Standing, Error> {
    let since = |of: &Standing| of.holder.as_ref().map(|(_, since)| *since);
    for other in together::others(reads, person).await? {
        let theirs = super::standing(reads, other, kind).await?;
        if since(&theirs) > since(&own) {
            own.holder = theirs.holder;
        }
    }
    Ok(own)
}

pub(super) async fn is_in_role<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    holder: &Holder,
) -> Result<bool, Error> {
    let wanted = HeldRole { organisation: holder.organisation.clone(), role: holder.role.clone() };
    Ok(practitioner::roles(reads, ctx, holder.practitioner).await?.contains(&wanted))
}

/// Ends every relationship of this kind that a role of one id gave.
async fn end_relationships(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, kind): (PersonId, Kind),
) -> Result<(), Error> {
    for held in relationship::of_person(tx, ctx, person).await? {
        if held.kind == kind.code() {
            relationship::end(tx, ctx, keys, person, &held).await?;
        }
    }
    Ok(())
}
