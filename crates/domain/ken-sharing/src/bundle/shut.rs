//! An instrument that does not compile: shut, and nothing else stops for it.
//!
//! To leave it out would widen: its prohibitions follow data into other instruments. To decide by
//! the policies of before would widen too: they know no signature, suspension or departure since.
//!
//! # Invariants
//!
//! - A shut instrument permits nothing, nothing rests on it, and nothing that was received under it
//!   goes anywhere, an emergency included: which exceptions it made cannot be told. What its
//!   ceilings bound stops too.
//! - Its dictionary counts: labels only take away. What it replaced stays replaced.
//! - A text that cannot be read is shut too. Its head and its dictionary count where the signed
//!   bytes tell them; otherwise everything that it could have replaced or labelled is taken to be.
//! - What keeps an instrument from compiling is in it alone, or is another of its name: so each is
//!   tried by itself, once, and found by its hash from then on.
//! - That a text compiles is remembered by its hash: the same text, the same program, the same
//!   answer. That one does not is found anew each time, with all that is wrong in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ken_agreement::cedar::{PolicyText, shut};
use ken_agreement::{Clause, Instrument, InstrumentRef};
use ken_core::InstrumentHash;

use super::{Admitted, Bundle, Error, Held};
use crate::decide::cedar::Forbids;
use crate::instrument::Unread;

/// The code of a text that cannot be read, and tells what it labels and replaces.
pub(super) const UNREAD: &str = "sharing.bundle-unread";
/// The code of one that tells nothing.
pub(super) const UNTOLD: &str = "sharing.bundle-untold";

/// How many texts are remembered to compile, the latest first: each of their parties asks, and each
/// page on which somebody may sign.
const COMPILED_MAX: usize = 64;

/// The hashes of texts that this process has compiled by themselves.
static COMPILED: Mutex<VecDeque<InstrumentHash>> = Mutex::new(VecDeque::new());

/// Which do not compile, each with the code of why.
pub(super) type Shut = BTreeMap<InstrumentHash, &'static str>;

impl Bundle {
    /// As [`Bundle::compile_after`], but an instrument that does not compile is shut, and the
    /// others go on: [`Bundle::shut`] names it. For the gate; whoever drafts wants the error.
    ///
    /// # Errors
    ///
    /// [`Error`] when it does not compile even so, which is a fault of ours.
    pub fn compile_around(
        before: Option<&Self>,
        admitted: impl IntoIterator<Item = Admitted>,
    ) -> Result<Self, Error> {
        Self::compile_in_force(before, admitted, &[])
    }

    /// The same, beside texts that cannot be read, which are shut too. Where nothing is told of one
    /// of them, it may have replaced whatever its signatories lead, and labelled anything.
    ///
    /// # Errors
    ///
    /// As [`Bundle::compile_around`].
    pub fn compile_in_force(
        before: Option<&Self>,
        admitted: impl IntoIterator<Item = Admitted>,
        unread: &[Unread],
    ) -> Result<Self, Error> {
        let mut admitted: Vec<Admitted> = admitted.into_iter().collect();
        let untold = unread.iter().filter(|of| !of.is_told);
        let doubted: BTreeSet<_> = untold.flat_map(|of| &of.register.signed).collect();
        for Admitted { instrument, register } in &mut admitted {
            register.superseded |= doubted.contains(&instrument.agreement.lead_party);
        }
        let known = before.into_iter().flat_map(|before| &before.held);
        let known = known.filter_map(|own| Some((own.hash.clone(), own.shut?)));
        // What could not be read is read anew each time.
        let known: Shut = known.filter(|(_, code)| ![UNREAD, UNTOLD].contains(code)).collect();
        if let Ok(bundle) = Self::of(before, admitted.iter().cloned(), (&known, unread)) {
            return Ok(bundle);
        }
        let shut = broken(before, &admitted, known);
        Self::of(before, admitted, (&shut, unread))
    }

    /// The instruments that do not compile or cannot be read, each with the code of why.
    pub fn shut(&self) -> impl Iterator<Item = (&InstrumentRef, &'static str)> {
        self.held.iter().filter_map(|own| Some((&own.name, own.shut?)))
    }

    /// Whether an instrument is here and compiles.
    pub(super) fn is_open(&self, hash: &InstrumentHash) -> bool {
        let own = self.by_hash.get(hash).and_then(|held| self.held.get(*held));
        own.is_some_and(|own| own.shut.is_none())
    }
}

/// Whether an instrument compiles: beside any others, for what could stop it is in it alone.
///
/// # Errors
///
/// Why it does not.
pub fn compiles(instrument: &Instrument) -> Result<(), Error> {
    let hash = instrument.hash();
    if compiled().contains(&hash) {
        return Ok(());
    }
    let signed = [instrument.agreement.lead_party.clone()].into();
    let register = ken_agreement::status::Register { signed, ..Default::default() };
    Bundle::compile([Admitted { instrument: instrument.clone(), register }])?;
    let mut compiled = compiled();
    // Another task may have compiled it meanwhile.
    if !compiled.contains(&hash) {
        compiled.truncate(COMPILED_MAX - 1);
        compiled.push_front(hash);
    }
    Ok(())
}

fn compiled() -> MutexGuard<'static, VecDeque<InstrumentHash>> {
    COMPILED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken(before: Option<&Bundle>, admitted: &[Admitted], mut shut: Shut) -> Shut {
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    let signed = || admitted.iter().filter(|of| !of.register.signed.is_empty());
    for name in signed().map(|of| of.instrument.name()) {
        if !once.insert(name.clone()) {
            twice.insert(name);
        }
    }
    for Admitted { instrument, .. } in signed() {
        let (hash, name) = (instrument.hash(), instrument.name());
        if twice.contains(&name) {
            shut.insert(hash, Error::Twice(name).code());
        } else if !shut.contains_key(&hash)
            && !before.is_some_and(|before| before.is_open(&hash))
            && let Err(error) = compiles(instrument)
        {
            shut.insert(hash, error.code());
        }
    }
    shut
}

impl Held {
    /// What stands for a text that cannot be read.
    pub(super) fn unread(of: &Unread) -> Self {
        Self {
            hash: of.hash.clone(),
            name: of.instrument.name(),
            instrument: of.instrument.clone(),
            register: of.register.clone(),
            stages: BTreeSet::new(),
            shut: Some(if of.is_told { UNREAD } else { UNTOLD }),
        }
    }
}

impl Forbids {
    /// A prohibition of an instrument.
    pub(super) fn of(hash: &InstrumentHash, clause: &Clause, policy: PolicyText) -> Self {
        let (follows_data, binds_below) = (clause.follows_data(), clause.binds_below());
        Self { instrument: hash.clone(), follows_data, binds_below, policy }
    }

    /// What stands for an instrument that is shut.
    pub(super) fn everything(hash: &InstrumentHash) -> Self {
        Self { instrument: hash.clone(), follows_data: true, binds_below: true, policy: shut(hash) }
    }
}
