//! A shelf of instruments: what stands above each, what its clauses narrow, what replaces what.
//!
//! # Invariants
//!
//! - A name stands on a shelf once; two instruments of one name are two hashes for one citation.
//! - What is above an instrument is found through every layer, and a circle ends.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::InstrumentHash;

use crate::instrument::Instrument;
use crate::key::InstrumentRef;
use crate::lint::{self, Finding};

/// Instruments by name.
#[derive(Debug, Clone, Default)]
pub struct Shelf(BTreeMap<InstrumentRef, Instrument>);

impl Shelf {
    /// Puts an instrument on the shelf.
    ///
    /// # Errors
    ///
    /// The name, where another instrument has it already; the same instrument again is no error.
    pub fn put(&mut self, instrument: Instrument) -> Result<(), InstrumentRef> {
        let name = instrument.name();
        match self.0.get(&name) {
            Some(there) if *there != instrument => Err(name),
            _ => {
                self.0.insert(name, instrument);
                Ok(())
            }
        }
    }

    /// The instrument of a name.
    #[must_use]
    pub fn get(&self, name: &InstrumentRef) -> Option<&Instrument> {
        self.0.get(name)
    }

    /// Every instrument, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Instrument> {
        self.0.values()
    }

    /// Every instrument above one, through every layer, the nearest first.
    #[must_use]
    pub fn above(&self, instrument: &Instrument) -> Vec<&Instrument> {
        let mut seen: BTreeSet<InstrumentRef> = [instrument.name()].into();
        let mut found: Vec<&Instrument> = vec![];
        let mut next: Vec<&InstrumentRef> = instrument.agreement.under.iter().collect();
        while !next.is_empty() {
            let layer = std::mem::take(&mut next);
            for name in layer {
                if seen.insert(name.clone())
                    && let Some(above) = self.0.get(name)
                {
                    found.push(above);
                    next.extend(&above.agreement.under);
                }
            }
        }
        found
    }

    /// What an instrument names and the shelf lacks: above it, or as the source of a clause.
    #[must_use]
    pub fn missing(&self, instrument: &Instrument) -> BTreeSet<InstrumentRef> {
        let sources = instrument.clauses.iter().filter_map(|clause| clause.source.as_ref());
        let named = sources.map(|source| &source.instrument).chain(&instrument.agreement.under);
        named.filter(|name| !self.0.contains_key(*name)).cloned().collect()
    }

    /// The instruments on the shelf that say they replace this one.
    pub fn replaced_by<'a>(
        &'a self,
        name: &'a InstrumentRef,
    ) -> impl Iterator<Item = &'a Instrument> {
        self.0.values().filter(move |other| other.lifecycle.supersedes.contains(name))
    }

    /// Everything wrong with an instrument beside the others.
    #[must_use]
    pub fn lint(&self, instrument: &Instrument) -> Vec<Finding> {
        let name = instrument.name();
        let others: Vec<_> = self.0.values().filter(|other| other.name() != name).collect();
        lint::lint(instrument, &others)
    }
}

/// A statute pack that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Pack {
    /// Its text, as published.
    pub text: &'static str,
    /// The hash under which it was published: another text is another pack.
    pub hash: &'static str,
    /// The note by which its issuer vouches for it, a signed note over its name and hash.
    pub note: &'static str,
}

/// The public key of whoever issues the packs that come with the program, as a verifier key of a
/// signed note. The secret half is not in the repository; see ADR 32.
pub const PACK_ISSUER: &str =
    "ken.example/statute-packs+ccf88c08+Aaiti8I98ZzX9I4em3tyzc+NIklOxGlFQx9Y8dhS4gGn";

/// Every statute pack that comes with the program, each pinned by its hash.
pub const PACKS: [Pack; 1] = [Pack {
    text: include_str!("../../../../agreements/statute-pack.toml"),
    hash: "f82c6d633b9080512b67a74044434b01ea555b2124e023f6d56c41aebc0859ae",
    note: include_str!("../../../../agreements/statute-pack.note"),
}];

impl Pack {
    /// The pack, if its text is still what was published under its hash.
    #[must_use]
    pub fn open(&self) -> Option<Instrument> {
        let pinned = InstrumentHash::new(self.hash).ok()?;
        Instrument::parse(self.text).ok().filter(|pack| pack.hash() == pinned)
    }
}
