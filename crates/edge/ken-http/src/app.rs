//! What every handler is given.

use std::sync::Arc;

use ken_core::{Clock, Ctx, IdSource, RequestId};
use ken_directory::{Hasher, passkey};
use ken_ledger::{Receipts, VerifierKey};
use ken_office::replay::Desk;
use ken_office::{breach, seeding};
use ken_sharing::Gate;
use ken_store::Db;
use ken_store::keys::KeyRing;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::Site;
use crate::wire::parcel::ParcelKey;

/// What the binary wires together for the pages.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The keys.
    pub keys: KeyRing,
    /// The gate, with the policies it decides by.
    pub gate: Arc<Gate>,
    /// Hashes and checks passwords, a few at a time.
    pub hasher: Hasher,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and entropy.
    pub ids: Arc<dyn IdSource>,
    /// The index of people in memory, which is the hub's.
    pub index: ken_person::Index,
    /// Signs a receipt for every disclosure.
    pub receipts: Receipts,
    /// What the deployment is called.
    pub site: Site,
    /// The sources that are asked at reading time.
    pub portal: Arc<ken_hub::portal::Portal>,
    /// The issuers whose statute packs are taken.
    pub issuers: Vec<VerifierKey>,
    /// The tasks of changing requests; the binary waits for them before it stops.
    pub tasks: TaskTracker,
}

/// The application, as handlers hold it; a clone is cheap.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    parcel_key: ParcelKey,
    passkeys: Option<passkey::Site>,
    /// Where drafts are tried on past decisions, one at a time.
    replays: Arc<Desk>,
    /// Where the ledger is read for whom a breach concerns, one long span at a time.
    breaches: Arc<breach::Desk>,
    /// Where lists of people are looked up, one at a time.
    lists: Arc<seeding::Desk>,
    /// Where tables for planning are counted, one at a time.
    counts: Arc<ken_insight::Desk>,
    /// Whoever takes their record away waits for their turn: one file at a time is in memory.
    copies: Semaphore,
}

impl App {
    /// Takes the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self::of(parts, None)
    }

    /// Takes the parts, and offers passkeys for the site that people reach Ken at.
    #[must_use]
    pub fn with_passkeys(parts: Parts, site: passkey::Site) -> Self {
        Self::of(parts, Some(site))
    }

    fn of(parts: Parts, passkeys: Option<passkey::Site>) -> Self {
        let parcel_key = ParcelKey::default();
        let (replays, breaches, lists) = (Arc::default(), Arc::default(), Arc::default());
        let (counts, copies) = (Arc::default(), Semaphore::new(1));
        Self(Arc::new(Inner {
            parts,
            parcel_key,
            passkeys,
            replays,
            breaches,
            lists,
            counts,
            copies,
        }))
    }

    pub(crate) fn replays(&self) -> &Arc<Desk> {
        &self.0.replays
    }

    pub(crate) fn breaches(&self) -> &Arc<breach::Desk> {
        &self.0.breaches
    }

    pub(crate) fn lists(&self) -> &Arc<seeding::Desk> {
        &self.0.lists
    }

    pub(crate) fn counts(&self) -> &Arc<ken_insight::Desk> {
        &self.0.counts
    }

    pub(crate) fn copies(&self) -> &Semaphore {
        &self.0.copies
    }

    pub(crate) fn passkeys(&self) -> Option<&passkey::Site> {
        self.0.passkeys.as_ref()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.parts.db
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.0.parts.keys
    }

    pub(crate) fn index(&self) -> &ken_person::Index {
        &self.0.parts.index
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.parts.gate
    }

    pub(crate) fn parcel_key(&self) -> &ParcelKey {
        &self.0.parcel_key
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.parts.hasher
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        &*self.0.parts.ids
    }

    pub(crate) fn receipts(&self) -> &Receipts {
        &self.0.parts.receipts
    }

    pub(crate) fn site(&self) -> &Site {
        &self.0.parts.site
    }

    pub(crate) fn portal(&self) -> &ken_hub::portal::Portal {
        &self.0.parts.portal
    }

    pub(crate) fn issuers(&self) -> &[VerifierKey] {
        &self.0.parts.issuers
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.parts.tasks
    }

    /// The context of one request.
    pub(crate) fn ctx(&self, request: RequestId) -> Ctx<'_> {
        Ctx { clock: self.clock(), ids: self.ids(), request }
    }
}
