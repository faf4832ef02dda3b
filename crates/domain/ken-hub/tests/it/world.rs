//! A hub with one source, over fresh databases.

use std::sync::Arc;

use ken_core::OrganisationId;
use ken_hub::{Hub, Mode, Source};
use ken_testkit::{Databases, SeededIds, TestClock, engines};

/// A hub, and what it stands on.
pub(crate) struct World {
    pub(crate) databases: Databases,
    pub(crate) hub: Arc<Hub>,
}

/// The tables of everything that the hub stands on.
pub(crate) async fn worlds() -> Vec<World> {
    let migrations = [
        ken_ledger::MIGRATIONS,
        ken_directory::MIGRATIONS,
        ken_sharing::MIGRATIONS,
        ken_person::MIGRATIONS,
        ken_records::MIGRATIONS,
        ken_hub::MIGRATIONS,
    ];
    let mut worlds = vec![];
    for databases in engines(&migrations).await {
        worlds.push(world(databases).await);
    }
    worlds
}

async fn world(databases: Databases) -> World {
    let clock = Arc::new(TestClock::at("2026-11-21T09:00:00Z"));
    let ids = Arc::new(SeededIds::new(7));
    ken_hub::register(&databases.db, &source("simhospital", "nhsl", "SIMHOSP", "SFAC"))
        .await
        .unwrap();
    ken_hub::register(&databases.db, &source("torture", "practice", "A", "B")).await.unwrap();
    let hub = Hub::open(databases.db.clone(), databases.keys.clone(), clock, ids);
    let hub = Arc::new(hub.await.unwrap());
    World { databases, hub }
}

fn source(id: &str, organisation: &str, app: &str, facility: &str) -> Source {
    Source {
        id: id.to_owned(),
        organisation: OrganisationId::new(organisation).unwrap(),
        name: "A made-up system".to_owned(),
        sending_app: app.to_owned(),
        sending_facility: facility.to_owned(),
        mode: Mode::Original,
        relationship: Some("direct-care".to_owned()),
        is_trusted: true,
    }
}

impl World {
    /// Sends a message and reads what is said of it: MSA-1 and the error code, if there is one.
    pub(crate) async fn say(&self, message: &str) -> String {
        let answer = self.hub.accept(message.as_bytes()).await.into_bytes().unwrap();
        let text = String::from_utf8(answer).unwrap();
        let field = |segment: &str, number: usize| {
            let line = text.split('\r').find(|line| line.starts_with(segment));
            line.and_then(|line| line.split('|').nth(number)).unwrap_or_default().to_owned()
        };
        format!("{} {}", field("MSA", 1), field("ERR", 5)).trim().to_owned()
    }

    /// Registers the source that takes what no other is named for.
    pub(crate) async fn let_anybody_send(&self) {
        let anybody = source("anybody", "nhsl", ken_hub::ANYBODY, ken_hub::ANYBODY);
        ken_hub::register(&self.databases.db, &anybody).await.unwrap();
        self.hub.reload().await.unwrap();
    }

    /// Counts rows; the statement is the test's own.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        use ken_store::Reads;
        let counted = self
            .databases
            .db
            .snapshot("test.count", async |s| s.find(sql, &[], |row| row.int(0)).await);
        counted.await.unwrap().unwrap()
    }
}
