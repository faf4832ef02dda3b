//! What is in force, read from the registers in one snapshot.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_agreement::status::{Register, Suspension};
use ken_agreement::{Day, Instrument, InstrumentRef, Tier};
use ken_core::{Ctx, InstrumentHash};
use ken_store::{Reads, Row, values};

use crate::bundle::Admitted;
use crate::pack::{self, Seal};
use crate::{Error, sql};

/// Everything that the gate's policies are made from.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// Every registered instrument, those that have ended included, with what the registers say.
    pub instruments: Vec<Admitted>,
    /// Those that cannot be read, and so are shut.
    pub unread: Vec<Unread>,
    /// The policy head under which this was read.
    pub version: i64,
}

/// Reads everything the policies are made from, in one snapshot: for whoever drafts, signs or
/// foretells, and is to know that a text is missing.
///
/// # Errors
///
/// Whatever the store says; [`Error::Corrupt`] when a stored instrument no longer reads.
pub async fn load<R: Reads>(reads: &mut R, ctx: &Ctx<'_>) -> Result<InForce, Error> {
    let found = load_around(reads, ctx).await?;
    if found.unread.is_empty() { Ok(found) } else { Err(Error::Corrupt("instrument")) }
}

/// The same around what cannot be read: for the gate, and for lists.
///
/// # Errors
///
/// Whatever the store says; [`Error::Corrupt`] when not even a name reads.
pub async fn load_around<R: Reads>(reads: &mut R, ctx: &Ctx<'_>) -> Result<InForce, Error> {
    let version = ken_store::guard::policy_version(reads).await?;
    let row = |row: &Row<'_>| Ok((row.parse::<InstrumentHash>(0)?, row.text(1)?, row.text(2)?));
    let texts = reads.list(sql::LIST_INSTRUMENTS, values![], row).await?;
    let mut registers: BTreeMap<InstrumentHash, Register> = BTreeMap::new();
    let pair = |row: &Row<'_>| Ok((row.parse(0)?, row.parse(1)?));
    for (hash, party) in reads.list(sql::LIST_SIGNATURES, values![], pair).await? {
        registers.entry(hash).or_default().signed.insert(party);
    }
    let today = Day(ctx.clock.today());
    let left = |row: &Row<'_>| Ok((row.parse(0)?, row.parse(1)?, row.parse::<Date>(2)?));
    for (hash, party, from) in reads.list(sql::LIST_DEPARTURES, values![], left).await? {
        registers.entry(hash).or_default().left.insert(party, Day(from));
    }
    for (hash, party) in reads.list(sql::LIST_SUSPENDED, values![ctx.now_us()], pair).await? {
        let suspension = Suspension { party: Some(party), from: today, until: None };
        registers.entry(hash).or_default().suspended.push(suspension);
    }
    let seals = pack::kept(reads).await?;
    let mut instruments = Vec::with_capacity(texts.len());
    let mut unread = vec![];
    for (hash, text, name) in texts {
        let mut register = registers.remove(&hash).unwrap_or_default();
        // Signatures are over the hash: another text under it is one that nobody signed.
        let read = Instrument::from_canonical(&text).ok().filter(|of| of.hash() == hash);
        let Some(instrument) = read else {
            unread.push(Unread::of(hash, (&text, &name), register)?);
            continue;
        };
        if instrument.agreement.tier == Tier::StatutePack {
            let seal = pack::standing(&instrument, seals.get(&hash));
            register.unsealed = !seal.holds();
            if seal == Seal::Broken {
                let code = pack::Fault::Broken.code();
                tracing::error!(error.code = code, "a statute pack's seal does not hold");
            }
        }
        instruments.push(Admitted { instrument, register });
    }
    // What cannot be read has taken the place of what it names all the same.
    let known = instruments.len();
    instruments.extend(unread.iter().map(Unread::admitted));
    mark_superseded(&mut instruments, today.0);
    for (own, told) in unread.iter_mut().zip(instruments.drain(known..)) {
        own.register = told.register;
    }
    Ok(InForce { instruments, unread, version })
}

/// A registered text that cannot be read, or is not the one that was registered.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Its identity.
    pub hash: InstrumentHash,
    /// What is told of it ([`Instrument::remnant`]), or what stands for it.
    pub instrument: Instrument,
    /// Whether that is told: what it labels and what it replaces.
    pub is_told: bool,
    /// Who has signed it.
    pub register: Register,
}

impl Unread {
    /// # Errors
    ///
    /// [`Error::Corrupt`] where its name is none.
    fn of(
        hash: InstrumentHash,
        (text, name): (&str, &str),
        register: Register,
    ) -> Result<Self, Error> {
        let name = name.parse::<InstrumentRef>().map_err(|_| Error::Corrupt("instrument"))?;
        let told = Instrument::remnant(text, &hash).filter(|of| of.name() == name);
        let is_told = told.is_some();
        let instrument = told.or_else(|| Instrument::untold(&name));
        let instrument = instrument.ok_or(Error::Corrupt("instrument"))?;
        Ok(Self { hash, instrument, is_told, register })
    }

    fn admitted(&self) -> Admitted {
        Admitted { instrument: self.instrument.clone(), register: self.register.clone() }
    }
}

/// An instrument is superseded, and another has replaced it, once one that says so has begun,
/// everybody who must has signed that one, its issuer too where it is a statute pack, and so has
/// the lead party of what it replaces: a draft ends nothing, and nobody ends what others agreed by
/// signing a text of their own.
fn mark_superseded(instruments: &mut [Admitted], today: Date) {
    let whole = |Admitted { instrument, register }: &&Admitted| {
        let head = &instrument.agreement;
        let mut must = instrument.parties.iter().map(|party| &party.id).chain([&head.lead_party]);
        let is_begun = head.effective_from.0 <= today && !register.unsealed;
        // Whoever is out on its first day never stood in it; who leaves later has.
        let stood = |party| {
            let left = register.left.get(party);
            left.is_none_or(|from| from.0 > head.effective_from.0)
        };
        let parties = &instrument.parties;
        let ever_stood = parties.is_empty() || parties.iter().any(|party| stood(&party.id));
        is_begun
            && ever_stood
            && stood(&head.lead_party)
            && must.all(|party| register.signed.contains(party))
    };
    let lead = |name: &&InstrumentRef| {
        let named = instruments.iter().find(|of| of.instrument.name() == **name);
        named.map(|of| &of.instrument.agreement.lead_party)
    };
    let replaced = |by: &Admitted| -> BTreeSet<InstrumentRef> {
        let names = by.instrument.lifecycle.supersedes.iter().filter(|_| whole(&by));
        let agreed = |name: &&InstrumentRef| {
            lead(name).is_some_and(|lead| by.register.signed.contains(lead))
        };
        names.filter(agreed).cloned().collect()
    };
    let replaced: Vec<BTreeSet<InstrumentRef>> = instruments.iter().map(replaced).collect();
    let ended: BTreeSet<InstrumentRef> = replaced.iter().flatten().cloned().collect();
    for (Admitted { instrument, register }, replaced) in instruments.iter_mut().zip(replaced) {
        register.superseded = ended.contains(&instrument.name());
        register.replaced = replaced;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The agreement and its successor, which all have signed, with who is out and from when.
    fn is_superseded(left: &[(&str, &str)], today: &str) -> bool {
        let text = include_str!("../../../../../agreements/glen-asp-concern.toml");
        let before = Instrument::parse(text).unwrap();
        let mut after = before.clone();
        after.agreement.version = "99".parse().unwrap();
        after.agreement.effective_from = Day("2027-07-01".parse().unwrap());
        after.lifecycle.supersedes = [before.name()].into();
        let lead = after.agreement.lead_party.clone();
        let signed: BTreeSet<_> =
            after.parties.iter().map(|party| party.id.clone()).chain([lead]).collect();
        let day = |day: &str| Day(day.parse().unwrap());
        let left = left.iter().flat_map(|(who, from)| {
            let all = signed.iter().filter(move |id| *who == "all" || id.as_str() == *who);
            all.map(move |id| (id.clone(), day(from)))
        });
        let register =
            Register { signed: signed.clone(), left: left.collect(), ..Register::default() };
        let old = Register { signed: signed.clone(), ..Register::default() };
        let mut all = [
            Admitted { instrument: before, register: old },
            Admitted { instrument: after, register },
        ];
        mark_superseded(&mut all, today.parse().unwrap());
        let [before, after] = all;
        assert!(!after.register.superseded);
        let replaced = after.register.replaced.contains(&before.instrument.name());
        assert_eq!(replaced, before.register.superseded, "both sides say the same");
        before.register.superseded
    }

    #[test]
    fn what_ended_before_it_began_ends_nothing() {
        assert!(!is_superseded(&[], "2027-06-30"), "not begun");
        assert!(is_superseded(&[], "2027-07-01"));
        assert!(!is_superseded(&[("all", "2027-06-10")], "2027-07-01"), "terminated in June");
        assert!(!is_superseded(&[("all", "2027-07-01")], "2027-07-02"), "or on its first day");
        assert!(is_superseded(&[("all", "2027-07-02")], "2027-08-01"), "it stood for a day");
        assert!(is_superseded(&[("rowan", "2027-06-10")], "2027-07-01"), "one party alone");
    }
}
