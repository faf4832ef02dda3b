//! Logs and metrics.
//!
//! # Invariants
//!
//! - A log line carries only fields of the allow-list, whatever a crate puts into an event: ids,
//!   codes, counts, durations. A field that is not listed is dropped and counted.
//! - The message of a line is ours. Of a foreign crate's event only its level and target remain:
//!   drivers of databases and sockets put parameters, addresses and headers into their messages.
//! - A metric has no label that a person could be told from.

use std::fmt::{self, Write as _};
use std::io;
use std::panic::{self, PanicHookInfo};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Format, Level, Log};
use crate::trouble::{NOTHING_DONE, Trouble};

/// Every field that may stand in a log line. Sorted.
pub(crate) const FIELDS: &[&str] = &[
    "address",
    "code",
    "count",
    "duration_ms",
    "entry.count",
    "error.code",
    "http.method",
    "http.route",
    "http.status",
    "hub.code",
    "hub.source",
    "ledger.size",
    "message",
    "message.id",
    "message.kind",
    "name",
    "organisation.id",
    "person.id",
    "place",
    "request.id",
    "source.id",
    "store.code",
    "store.name",
    "store.why",
    "timer.name",
    "version",
];

/// Sets up logs for the whole process, what is said of a panic among them.
pub(crate) fn log(wanted: &Log) -> Result<(), Trouble> {
    panic::set_hook(Box::new(panicked));
    let level = match wanted.level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
        Level::Trace => tracing::Level::TRACE,
    };
    let format = Line { json: wanted.format == Format::Json };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .event_format(format)
        .try_init()
        .map_err(|_| Trouble::new("ken.log", "Logs were set up twice.", NOTHING_DONE, "Tell us."))
}

/// Says where something broke off, and not what it held: the words of a panic may quote a text
/// that was being cut, and so a name.
fn panicked(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
    let place = place.unwrap_or_default();
    tracing::error!(error.code = "ken.panic", place = place.as_str(), "a task broke off");
    metrics::counter!("ken_panics_total").increment(1);
}

/// Sets up metrics for the whole process; the handle renders them for a scrape.
pub(crate) fn metrics() -> Result<PrometheusHandle, Trouble> {
    PrometheusBuilder::new().install_recorder().map_err(|error| {
        Trouble::new("ken.metrics", "Metrics could not be set up.", NOTHING_DONE, "Tell us.")
            .because(error)
    })
}

/// One log line: time, level, target, message, and the fields of the allow-list.
#[derive(Debug, Clone, Copy)]
struct Line {
    json: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        let mut fields = Allowed { is_ours: is_ours(about.target()), ..Allowed::default() };
        event.record(&mut fields);
        if fields.dropped > 0 {
            metrics::counter!("ken_log_fields_dropped_total").increment(fields.dropped);
        }
        let (level, target) = (about.level().as_str(), about.target());
        let line = if self.json {
            json_line(&now(), level, target, &fields)
        } else {
            text_line(&now(), level, target, &fields)
        };
        writeln!(writer, "{line}")
    }
}

/// Whether an event was written in this workspace, whose messages are fixed texts.
fn is_ours(target: &str) -> bool {
    let owner = target.split("::").next().unwrap_or_default();
    owner == "ken" || owner.starts_with("ken_")
}

/// What may be logged of an event.
#[derive(Debug, Default)]
struct Allowed {
    is_ours: bool,
    message: String,
    fields: Vec<(&'static str, String)>,
    dropped: u64,
}

impl Visit for Allowed {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), || value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field.name(), || format!("{value:?}"));
    }
}

impl Allowed {
    fn take(&mut self, name: &'static str, value: impl FnOnce() -> String) {
        if !self.is_ours {
            self.dropped += 1;
        } else if name == "message" {
            self.message = value();
        } else if FIELDS.binary_search(&name).is_ok() {
            self.fields.push((name, value()));
        } else {
            self.dropped += 1;
        }
    }
}

fn json_line(now: &str, level: &str, target: &str, fields: &Allowed) -> String {
    let mut object = serde_json::Map::new();
    for (key, value) in [("time", now), ("level", level), ("target", target)] {
        object.insert(key.to_owned(), value.into());
    }
    object.insert("message".to_owned(), fields.message.as_str().into());
    for (name, value) in &fields.fields {
        object.insert((*name).to_owned(), value.as_str().into());
    }
    serde_json::Value::Object(object).to_string()
}

fn text_line(now: &str, level: &str, target: &str, fields: &Allowed) -> String {
    let mut line = format!("{now} {level:5} {target}: {}", fields.message);
    for (name, value) in &fields.fields {
        // Writing to a string does not fail.
        let _ = write!(line, " {name}={}", value.escape_debug());
    }
    line
}

#[expect(clippy::disallowed_methods, reason = "a log line's own time; no value rests on it")]
fn now() -> String {
    jiff::Timestamp::now().to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(json: bool, work: impl FnOnce()) -> String {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(kept.clone())
            .event_format(Line { json })
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(FIELDS.is_sorted());
    }

    #[test]
    fn a_field_that_is_not_listed_never_comes_out() {
        for json in [true, false] {
            let line = logged(json, || {
                tracing::info!(name.family = "Canary", error.code = "store.full", "stopped");
            });
            assert!(!line.contains("Canary"), "{line}");
            assert!(line.contains("store.full") && line.contains("stopped"), "{line}");
        }
    }

    #[test]
    fn of_a_foreign_event_only_its_place_comes_out() {
        for json in [true, false] {
            let line = logged(json, || {
                tracing::info!(
                    target: "tokio_postgres::query",
                    name = "Canary",
                    "executing with parameters: [Canary]"
                );
                tracing::info!(target: "kenning", "Canary");
            });
            assert!(!line.contains("Canary"), "{line}");
            assert!(line.contains("tokio_postgres::query"), "{line}");
        }
    }

    #[test]
    fn a_panic_says_its_place_and_not_its_words() {
        let line = logged(false, || {
            let before = panic::take_hook();
            panic::set_hook(Box::new(panicked));
            let broke = panic::catch_unwind(|| "Canary\u{e9}".split_at(7));
            panic::set_hook(before);
            assert!(broke.is_err());
        });
        assert!(line.contains("ken.panic") && line.contains("place="), "{line}");
        assert!(!line.contains("Canary"), "{line}");
    }

    #[test]
    fn a_json_line_is_one_object() {
        let line = logged(true, || tracing::warn!(count = 3, "a \"quoted\"\nthing"));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], "a \"quoted\"\nthing");
        assert_eq!(value["count"], "3");
        assert_eq!(value["level"], "WARN");
        assert_eq!(line.lines().count(), 1);
    }
}
