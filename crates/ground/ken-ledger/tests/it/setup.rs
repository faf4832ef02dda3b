//! A ledger to test, with its clock, ids, log key and witnesses.

use std::collections::BTreeSet;

use ken_core::{Ctx, EntryId, PersonId};
use ken_ledger::{
    EntryKind, Error, KeyUse, MIGRATIONS, NewEntry, Note, Sealer, SealerSettings, SignerKey,
    Stream, Trust, Turn, VerifierKey, Visibility, append, checkpoint, export,
};
use ken_store::{Db, Reads as _, Tx};
use ken_testkit::{Databases, SeededIds, TestClock, engines};
use serde_json::{Value, json};

use crate::sql;

pub(crate) const ORIGIN: &str = "glen.example/ledger";

/// One ledger, on one engine.
pub(crate) struct World {
    pub(crate) base: Databases,
    pub(crate) clock: TestClock,
    pub(crate) ids: SeededIds,
}

impl World {
    pub(crate) async fn each() -> Vec<Self> {
        let bases = engines(&[MIGRATIONS]).await;
        let world = |base| Self { base, clock: TestClock::default(), ids: SeededIds::new(7) };
        bases.into_iter().map(world).collect()
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&self.clock, &self.ids)
    }

    pub(crate) fn db(&self) -> &Db {
        &self.base.db
    }

    pub(crate) fn person(&self) -> PersonId {
        PersonId::draw(&self.ids)
    }

    pub(crate) fn settings(&self, holder: &str) -> SealerSettings {
        SealerSettings {
            key: log_key(),
            holder: holder.to_owned(),
            trust: trust(),
            memory: self.base.dir.path().join("witnessed"),
        }
    }

    pub(crate) async fn sealer(&self) -> Sealer {
        Sealer::open(self.db(), &self.ctx(), self.settings("one")).await.unwrap()
    }

    /// Writes one entry.
    pub(crate) async fn append(&self, entry: NewEntry) -> EntryId {
        let ctx = self.ctx();
        let keys = &self.base.keys;
        let written: Result<_, Error> =
            self.db().write("test", async |tx: &mut Tx| append(tx, &ctx, keys, entry).await).await;
        written.unwrap()
    }

    /// Writes `count` entries about as many people.
    pub(crate) async fn append_some(&self, count: usize) -> Vec<EntryId> {
        let mut ids = Vec::new();
        for number in 0..count {
            ids.push(self.append(about(self.person(), json!(number))).await);
        }
        ids
    }

    /// Seals all that is waiting, and gives the size of the log.
    pub(crate) async fn seal_all(&self, sealer: &mut Sealer) -> u64 {
        loop {
            match sealer.run_once(self.db(), &self.ctx()).await.unwrap() {
                Turn::Sealed { size, is_more: false, .. } => return size,
                Turn::Sealed { .. } => {}
                Turn::Standby => panic!("another sealer holds the lease"),
            }
        }
    }

    /// Runs statements as a vandal would; how many rows the last has changed.
    pub(crate) async fn run(&self, all: &[(&'static str, &[ken_store::Value<'_>])]) -> u64 {
        let changed: Result<u64, Error> = self
            .db()
            .write("test", async |tx: &mut Tx| {
                let mut changed = 0;
                for (statement, of) in all {
                    changed = tx.execute(*statement, of).await?;
                }
                Ok(changed)
            })
            .await;
        changed.unwrap()
    }

    /// The newest checkpoint, cosigned by these.
    pub(crate) async fn cosigned_by(&self, names: &[&str]) -> Note {
        let note: Result<_, Error> =
            self.db().snapshot("test", async |s| checkpoint(s).await).await;
        let note = note.unwrap().unwrap();
        let mut bare = Note::new(note.text().to_owned(), note.signatures()[..1].to_vec());
        for (time, name) in (1_795_000_000..).zip(names) {
            bare.add(witness_key(name).sign(note.text(), time));
        }
        bare
    }

    pub(crate) async fn export(&self) -> Vec<u8> {
        let mut file = Vec::new();
        export(self.db(), &self.clock, &log_key(), &mut file).await.unwrap();
        file
    }

    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        let found: Result<_, Error> = self
            .db()
            .snapshot("test", async |s| Ok(s.find(sql, &[], |row| row.int(0)).await?))
            .await;
        found.unwrap().unwrap()
    }

    /// The entries of the leaves; panics unless indices count from 0 and no entry is twice.
    pub(crate) async fn leaves(&self) -> Vec<EntryId> {
        let leaves: Result<Vec<(i64, EntryId)>, Error> = self
            .db()
            .snapshot("test", async |s| {
                Ok(s.list(sql::LEAVES, &[], |row| Ok((row.int(0)?, row.parse(1)?))).await?)
            })
            .await;
        let leaves = leaves.unwrap();
        for (place, (index, _)) in leaves.iter().enumerate() {
            assert_eq!(usize::try_from(*index), Ok(place));
        }
        let entries: Vec<EntryId> = leaves.into_iter().map(|(_, entry)| entry).collect();
        assert_eq!(entries.iter().collect::<BTreeSet<_>>().len(), entries.len());
        entries
    }
}

pub(crate) fn log_key() -> SignerKey {
    SignerKey::new(ORIGIN, KeyUse::Log, &[1; 32]).unwrap()
}

pub(crate) fn witness_key(name: &str) -> SignerKey {
    let seed = [u8::try_from(name.len()).unwrap(); 32];
    SignerKey::new(name, KeyUse::Witness, &seed).unwrap()
}

pub(crate) fn witness(name: &str) -> VerifierKey {
    witness_key(name).verifier().clone()
}

/// Trusts the log, and asks for both witnesses.
pub(crate) fn trust() -> Trust {
    let lines = format!(
        "log {}\nwitness p {}\nwitness n {}\ngroup both all p n\nquorum both\n",
        log_key().verifier(),
        witness("police"),
        witness("nhsl")
    );
    Trust::parse(&lines).unwrap()
}

pub(crate) fn about(person: PersonId, detail: Value) -> NewEntry {
    NewEntry {
        stream: Stream::Person(person),
        kind: EntryKind::Permit,
        visibility: Visibility::Now,
        detail,
    }
}

pub(crate) fn of_police(detail: Value) -> NewEntry {
    NewEntry {
        stream: Stream::Organisation("police".parse().unwrap()),
        kind: EntryKind::SignIn,
        visibility: Visibility::Never,
        detail,
    }
}
