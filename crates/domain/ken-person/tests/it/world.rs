//! An empty index on every engine there is, and registrations to fill it.

use std::sync::Arc;

use ken_core::identifier::{Chi, Identifier, LocalIdentifier, NhsNumber};
use ken_core::{AccountId, Ctx, PersonId, PractitionerId, Sensitive};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_person::{Demographics, Error, Identified, Index, Place, SourceRecord, identify, queue};
use ken_store::{Reads, Snapshot, Tx};
use ken_testkit::{Databases, SeededIds, TestClock, engines};

pub(crate) struct World {
    pub(crate) on: Databases,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<SeededIds>,
    /// Nobody, until a test fills it.
    pub(crate) index: Index,
}

pub(crate) async fn worlds() -> Vec<World> {
    let lists = [
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_person::MIGRATIONS,
    ];
    let world = |on| World { on, clock: Arc::default(), ids: Arc::default(), index: Index::new() };
    engines(&lists).await.into_iter().map(world).collect()
}

pub(crate) fn chi(n: u64) -> Identifier {
    Identifier::Chi(Chi::impossible(n))
}

pub(crate) fn nhs(n: u64) -> Identifier {
    Identifier::Nhs(NhsNumber::impossible(n))
}

pub(crate) fn source(organisation: &str, number: &str) -> SourceRecord {
    let local = LocalIdentifier::new("urn:test:number", number).unwrap();
    SourceRecord { organisation: organisation.parse().unwrap(), local }
}

/// `says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)])`
pub(crate) fn says(
    organisation: &str,
    number: &str,
    name: &str,
    born: &str,
    identifiers: &[Identifier],
) -> Demographics {
    let (given, family) = name.split_once(' ').unwrap_or(("", ""));
    Demographics {
        given: Sensitive::new(given.to_owned()),
        family: Sensitive::new(family.to_owned()),
        born: born.parse().ok(),
        postcode: Sensitive::new("EH1 1BB".to_owned()),
        identifiers: identifiers.to_vec(),
        ..Demographics::from_source(source(organisation, number))
    }
}

impl World {
    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    pub(crate) async fn identify(&self, incoming: &Demographics) -> Identified {
        let (keys, index) = (&self.on.keys, &self.index);
        let work = async |tx: &mut Tx| identify(tx, &self.ctx(), keys, index, incoming).await;
        self.on.db.write("test.identify", work).await.unwrap()
    }

    pub(crate) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut Snapshot) -> Result<T, Error>,
    ) -> T {
        self.on.db.snapshot("test", work).await.unwrap()
    }

    pub(crate) async fn places(&self) -> Vec<Place> {
        let nobody = PractitionerId::draw(&*self.ids);
        self.read(async |s: &mut Snapshot| queue::list(s, nobody, None).await).await
    }

    pub(crate) async fn lead(&self, person: PersonId) -> PersonId {
        self.read(async |s: &mut Snapshot| ken_person::lead(s, person).await).await
    }

    /// Who stands together with somebody, as the gate has it.
    pub(crate) async fn stands_with(&self, person: PersonId) -> Vec<PersonId> {
        let read = async |s: &mut Snapshot| Ok(ken_sharing::together::others(s, person).await?);
        self.read(read).await.into_iter().collect()
    }

    /// How many entries the ledger has, whoever may see them.
    pub(crate) async fn entries(&self) -> i64 {
        let count = "SELECT COUNT(*) FROM ledger_entry";
        let read = async |s: &mut Snapshot| Ok(s.find(count, &[], |row| row.int(0)).await?);
        self.read(read).await.unwrap()
    }

    /// The kinds and events on a person's stream, oldest first, whoever may see them.
    pub(crate) async fn events(&self, person: PersonId) -> Vec<String> {
        let read = async |s: &mut Snapshot| {
            let page = ken_ledger::Page::default();
            Ok::<_, Error>(ken_ledger::person_entries(s, &self.on.keys, person, page).await?)
        };
        let entries = self.on.db.snapshot("test", read).await.unwrap();
        let kind = |entry: &ken_ledger::Entry| {
            assert!(matches!(entry.kind, EntryKind::Linked | EntryKind::Unlinked));
            let detail = entry.detail.clone().unwrap_or_default();
            detail["verdict"].as_str().unwrap_or_default().to_owned()
        };
        entries.iter().rev().map(kind).collect()
    }

    pub(crate) fn steward(&self) -> Acting {
        Acting {
            account: AccountId::draw(&*self.ids),
            practitioner: PractitionerId::draw(&*self.ids),
            organisation: "nhsl".parse().unwrap(),
            role: "ops.hub".parse().unwrap(),
        }
    }
}
