//! What is measured: names, counts and durations of writes and snapshots.

use std::sync::{Arc, Mutex};

use ken_store::{Error, values};
use ken_testkit::store;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::writes::{NOTES, ids};

/// Remembers the names and labels of what is measured.
#[derive(Debug, Clone, Default)]
struct Names(Arc<Mutex<Vec<String>>>);

impl Names {
    fn note(&self, key: &Key) {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        let line = format!("{}{}", key.name(), labels.collect::<String>());
        self.0.lock().unwrap().push(line);
    }
}

impl Recorder for Names {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.note(key);
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.note(key);
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.note(key);
        Histogram::noop()
    }
}

#[tokio::test]
async fn writes_and_snapshots_are_measured_by_name_and_outcome() {
    let (_dir, db, _keys) = store(&[NOTES]).await;
    let names = Names::default();
    let _recording = metrics::set_default_local_recorder(&names);
    for _ in 0..2 {
        let sql = "INSERT INTO note (id) VALUES ($1)";
        let put = db.write("canary-put", async |tx| {
            tx.execute(sql, values!["Morag Canary"]).await.map(drop)
        });
        let _: Result<(), Error> = put.await;
    }
    ids(&db).await;
    let lines = names.0.lock().unwrap().clone();
    for want in [
        "ken_store_total kind=write name=canary-put outcome=ok",
        "ken_store_total kind=write name=canary-put outcome=refused",
        "ken_store_seconds kind=write name=canary-put",
        "ken_store_total kind=snapshot name=ids outcome=ok",
    ] {
        assert!(lines.iter().any(|line| line == want), "{want} is missing: {lines:?}");
    }
    assert!(!lines.iter().any(|line| line.contains("Morag")), "{lines:?}");
}
