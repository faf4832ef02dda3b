//! Builds the whole partnership in a real store, on a temporary disk; simulates its days.
#![cfg(test)]

#[cfg(test)]
mod simulation;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ken_agreement::Action;
use ken_care::role::{self, Kind};
use ken_care::team;
use ken_core::{Clock, Ctx, IdSource};
use ken_demo::{Account, Built, Parts, Progress, build};
use ken_directory::Hasher;
use ken_hub::Hub;
use ken_ledger::{KeyUse, Sealer, SealerSettings, SignerKey, Trust, Turn};
use ken_person::{Found, Query};
use ken_sharing::Gate;
use ken_sharing::gate::{self, Caller, Decision, Question};
use ken_store::ambient::{SystemClock, SystemIds};
use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Settings, Snapshot};
use ken_testkit::patient;

async fn parts(dir: &Path) -> Parts {
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) =
        (Arc::new(SystemClock), Arc::new(SystemIds));
    let db = Db::open(Settings::sqlite(dir.join("ken.db")).with(patient())).await.unwrap();
    db.migrate(&[
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_person::MIGRATIONS,
        ken_records::MIGRATIONS,
        ken_care::MIGRATIONS,
        ken_hub::MIGRATIONS,
        ken_office::MIGRATIONS,
        ken_insight::MIGRATIONS,
    ])
    .await
    .unwrap();
    let keys_db = Db::open(Settings::sqlite(dir.join("keys.db")).with(patient())).await.unwrap();
    let root = RootKey::open(dir, &*ids).unwrap();
    let keys = KeyRing::unlock(keys_db, root).await.unwrap();
    let hub = Hub::open(db.clone(), keys.clone(), clock.clone(), ids.clone()).await.unwrap();
    Parts {
        db,
        keys,
        hub: Arc::new(hub),
        clock,
        ids,
        hasher: Hasher::default(),
        data: dir.to_owned(),
    }
}

async fn built(parts: &Parts) -> (Built, u64) {
    let steps = AtomicU64::new(0);
    let count = |progress| {
        if let Progress::Did(count) = progress {
            steps.fetch_add(count, Ordering::Relaxed);
        }
    };
    let built =
        build(parts, &count).await.unwrap_or_else(|error| panic!("{}: {error:?}", error.code()));
    (built, steps.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_built_once_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let parts = parts(dir.path()).await;
    let (first, steps) = built(&parts).await;
    assert!(!first.is_found);
    assert!(steps > 3_000, "{steps}");
    let (again, none) = built(&parts).await;
    assert!(again.is_found);
    assert_eq!(none, 0);
    assert_eq!(again.partnership.people, first.partnership.people);
    let held = ken_hub::held(&parts.db).await.unwrap();
    let held: Vec<_> = held.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(held, ["hl7.link-by-hand"], "what Sam Petrie is told to look for");
    // The house seals all the while; without it, a build of over a minute stops what is routine.
    sealed(&parts).await;
    reads_her_own(&parts, &first).await;
    is_coordinated(&parts, &first).await;
}

/// Who coordinates is set, a family has declined, and one was let in.
async fn is_coordinated(parts: &Parts, built: &Built) {
    let ctx = Ctx::new(&*parts.clock, &*parts.ids);
    for (handle, named, lead, declined, members) in [
        ("isla", true, true, false, 0),
        ("morag", false, true, false, 1),
        ("zofia", false, false, true, 0),
        ("catriona", false, false, false, 0),
    ] {
        let chi = built.partnership.person(handle).unwrap().chi.clone().unwrap();
        let read = async |s: &mut Snapshot| {
            let Found::People(found) = ken_person::search(s, &Query::chi(chi)).await.unwrap()
            else {
                panic!("too many people have their number");
            };
            let person = found[0].person();
            let named = role::standing(s, person, Kind::NamedPerson).await?;
            let lead = role::standing(s, person, Kind::LeadProfessional).await?;
            let members = team::members(s, &ctx, person).await?;
            Ok::<_, ken_care::Error>((named, lead, members.len()))
        };
        let (of, led, many) = parts.db.snapshot("test.team", read).await.unwrap();
        let told = (of.holder.is_some(), led.holder.is_some(), of.is_declined, many);
        assert_eq!(told, (named, lead, declined, members), "{handle}");
    }
}

async fn sealed(parts: &Parts) {
    let ctx = Ctx::new(&*parts.clock, &*parts.ids);
    let file = parts.data.join("log.key");
    let settings = SealerSettings {
        key: SignerKey::open(&file, "glen.example/ledger", KeyUse::Log, &ctx).unwrap(),
        holder: String::from("test"),
        trust: Trust::default(),
        memory: parts.data.join("witnessed"),
    };
    let mut sealer = Sealer::open(&parts.db, &ctx, settings).await.unwrap();
    while let Turn::Sealed { is_more: true, .. } = sealer.run_once(&parts.db, &ctx).await.unwrap() {
    }
}

/// What is signed lets Morag read what the practice wrote about her.
async fn reads_her_own(parts: &Parts, built: &Built) {
    let ctx = Ctx::new(&*parts.clock, &*parts.ids);
    let is_hers = |one: &&Account| one.holder == ken_demo::Holder::Person("morag");
    let account = built.partnership.accounts.iter().find(is_hers).unwrap().id;
    let chi = built.partnership.person("morag").unwrap().chi.clone().unwrap();
    let search = async |s: &mut Snapshot| ken_person::search(s, &Query::chi(chi)).await;
    let Found::People(found) = parts.db.snapshot("test.find", search).await.unwrap() else {
        panic!("too many people have her number");
    };
    let question = Question {
        person: found[0].person(),
        sources: BTreeSet::from(["practice".parse().unwrap()]),
        action: Action::View,
        purpose: "own-record".parse().unwrap(),
        categories: BTreeSet::from(["core", "health-summary"].map(|word| word.parse().unwrap())),
        before: None,
    };
    let (gate, asker) = (Gate::default(), Caller::Own(account));
    let decided = gate::decide(&parts.db, &ctx, &parts.keys, &gate, asker, &question).await;
    assert!(matches!(decided, Ok(Decision::Permit(_))), "{decided:?}");
}
