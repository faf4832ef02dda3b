//! `/ops/health`: whether what was changed is in force everywhere, whether the ledger is sealed in
//! time, what is being put right and what stopped on the way to that, what was due at a time and
//! fails, and which agreement does not compile. It names nobody.
//!
//! Source: `core.md` 3.2 (sealing), 4.2 (older decisions are over), 4.3 (the barrier).

use axum::Extension;
use axum::extract::State as Of;
use jiff::{SignedDuration, Timestamp};
use ken_core::OrganisationId;
use ken_ledger::SEAL_WITHIN;
use ken_records::moves::{self, MOVES_MAX, Stopped};
use ken_store::timer::{self, Failing};
use ken_store::{Snapshot, guard, node};
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::words;

/// Most records being put right that are counted; more than that is "at least".
const BARRED_MAX: u32 = 200;

/// `GET /ops/health`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let ctx = app.ctx(caller.request());
    let shut = app.gate().current(app.db(), &ctx).await.map(|current| {
        current.bundle.shut().map(|(name, code)| format!("{name} ({code})")).collect()
    });
    let names = ask::names(&app).await?;
    let read = async |s: &mut Snapshot| {
        let version = guard::policy_version(s).await?;
        Ok::<_, Stop>(Health {
            is_drained: node::late(s, ctx.clock, version).await? == 0,
            unsealed: ken_ledger::oldest_unsealed_age(s, &ctx).await?,
            barred: guard::barred(s, BARRED_MAX).await?.len(),
            shut: shut.map_err(|error| error.code()),
            refused: app.index().refused_model(),
            stopped: moves::stopped(s).await?,
            failing: timer::failing(s).await?,
            at: ctx.clock.now(),
        })
    };
    let health = app.db().snapshot("http.health", read).await?;
    let name = |of: &OrganisationId| compose::name_of(&names, of);
    Ok(caller.frame(app.site(), "Health").at("/ops/health").page(&show(&health, name)))
}

/// What the page shows.
#[derive(Debug, Clone)]
struct Health {
    /// Whether no node decides by anything older than what is in force.
    is_drained: bool,
    /// How old the oldest entry without a leaf is.
    unsealed: SignedDuration,
    /// How many records are being put right.
    barred: usize,
    /// The agreements that do not compile; or the code of why nothing is decided at all.
    shut: Result<Vec<String>, &'static str>,
    /// Why the matching model that two adopted is not used.
    refused: Option<&'static str>,
    /// Moves of numbers that failed too often.
    stopped: Vec<Stopped>,
    /// What was promised for a time and fails.
    failing: Vec<Failing>,
    /// When we looked.
    at: Timestamp,
}

/// A heading, a word and its tone, and what it means.
type Line = (&'static str, &'static str, Tone, String);

fn lines(health: &Health) -> [Line; 6] {
    [
        line("Changes of agreements, roles and training", decisions(health.is_drained)),
        line("Agreements that do not compile", compiling(&health.shut)),
        line("Sealing of the ledger", sealing(health.unsealed)),
        line("Records being put right", records(health.barred)),
        line("Work that is due at a time", timers(&health.failing)),
        line("Matching model", matching(health.refused)),
    ]
}

fn line(heading: &'static str, (word, tone, says): (&'static str, Tone, String)) -> Line {
    (heading, word, tone, says)
}

fn decisions(is_drained: bool) -> (&'static str, Tone, String) {
    if is_drained {
        let says = "Every server decides by the newest. One that is stopped now finishes what it \
                    began, and nobody waits for it.";
        ("In force", Tone::Good, says.to_owned())
    } else {
        let says = "A server still finishes what it began before the last change. That takes a few \
                    seconds, and at most 30. Until then do not tell anybody that the change is \
                    done.";
        ("Not yet everywhere", Tone::Warn, says.to_owned())
    }
}

fn compiling(shut: &Result<Vec<String>, &'static str>) -> (&'static str, Tone, String) {
    match shut {
        Ok(shut) if shut.is_empty() => ("None", Tone::Good, "Every agreement runs.".to_owned()),
        Ok(shut) => {
            let says = format!(
                "{}. Until it is put right nothing is shared under it, and nothing that was \
                 received under it is shared at all, in an emergency neither. Tell whoever leads \
                 it, and report the code.",
                shut.join(", ")
            );
            ("Shut", Tone::Bad, says)
        }
        Err(code) => {
            let says = format!("No question is answered at all ({code}). Report the code now.");
            ("Nothing is decided", Tone::Bad, says)
        }
    }
}

fn sealing(unsealed: SignedDuration) -> (&'static str, Tone, String) {
    let says = format!("The oldest entry that waits is {} seconds old.", unsealed.as_secs());
    if unsealed.as_secs() < SEAL_WITHIN.as_secs() {
        return ("In time", Tone::Good, says);
    }
    let most = SEAL_WITHIN.as_secs();
    let late = format!(
        "{says} {most} is the most. Until it is sealed, nobody outside can prove that an entry was \
         removed. Look at the log of the server that seals."
    );
    ("Late", Tone::Bad, late)
}

fn records(barred: usize) -> (&'static str, Tone, String) {
    let is_all = u32::try_from(barred).is_ok_and(|count| count < BARRED_MAX);
    let many = if is_all { "" } else { "at least " };
    match barred {
        0 => ("None", Tone::Good, "No record is being put right.".to_owned()),
        1 => ("Some", Tone::Warn, "1 record is being put right, and work on it waits.".to_owned()),
        count => {
            let says =
                format!("{many}{count} records are being put right, and work on them waits.");
            ("Some", Tone::Warn, says)
        }
    }
}

fn timers(failing: &[Failing]) -> (&'static str, Tone, String) {
    if failing.is_empty() {
        return ("Goes on", Tone::Good, "Nothing of it fails again and again.".to_owned());
    }
    let one = |of: &Failing| format!("{} of {} ({})", of.count, of.kind, of.code);
    let says = format!(
        "{} failed {} times or more. Each is tried again, at most an hour later. Find the reason \
         in the list of errors, and mend it.",
        failing.iter().map(one).collect::<Vec<_>>().join(", "),
        timer::ALARM_AFTER
    );
    ("Fails", Tone::Bad, says)
}

fn matching(refused: Option<&str>) -> (&'static str, Tone, String) {
    let Some(code) = refused else {
        let says = "Matching is by the model that is in use, as two signed it or as it came.";
        return ("In use", Tone::Good, says.to_owned());
    };
    let says = format!(
        "The adopted model is not what two people signed ({code}). Matching is by the model that \
         came with this program. Restore the row from a backup, or have the model withdrawn."
    );
    ("Refused", Tone::Bad, says)
}

/// The moves that stopped, the oldest first; nothing where there is none.
fn stopped(all: &[Stopped], name: impl Fn(&OrganisationId) -> String) -> Markup {
    let rows = all.iter().map(|one| {
        vec![
            html! { (words::moment_short(one.made)) },
            html! { (name(&one.source)) },
            html! { (one.failures) },
            html! { code { (one.code) } },
        ]
    });
    let table = Table {
        id: "stopped-table",
        caption: "Moves that stopped, the oldest first",
        columns: &["Begun", "Whose number", "Failed", "Last reason"],
        rows: rows.collect(),
    };
    let is_cut = i64::try_from(all.len()).is_ok_and(|count| count >= MOVES_MAX);
    html! {
        @if !all.is_empty() {
            h3 { "Moves that stopped" }
            p { (facts::tag("Stopped", Tone::Bad)) }
            p {
                "A number was moved to another record, and what was filed under it could not \
                 follow. Both records wait. Find the reason in the list of errors, mend it, and \
                 start Ken again: each of these is then tried again."
            }
            (table::show(&table))
            @if is_cut { p { "There may be more. These are the oldest." } }
        }
    }
}

/// The page's content.
fn show(health: &Health, name: impl Fn(&OrganisationId) -> String) -> Markup {
    let shown = html! {
        @for (heading, word, tone, says) in lines(health) {
            h3 { (heading) }
            p { (facts::tag(word, tone)) }
            p { (says) }
        }
        (stopped(&health.stopped, name))
    };
    let from = Some(format!("Checked at {}.", words::moment_short(health.at)));
    let state = State::Content { shown, from };
    html! {
        h1 { "Health" }
        p { "Load the page again to look again. Measures for a monitor are served apart." }
        (panel::show(&Panel { id: "health", heading: "Now".into(), open: true, state }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_state_says_what_to_do() {
        let check = |is_drained, seconds, barred, wants: [&str; 5]| {
            let unsealed = SignedDuration::from_secs(seconds);
            let at = "2026-11-21T09:14:00Z".parse().unwrap();
            let shut = match barred {
                0 => Ok(vec![]),
                1 => Ok(vec!["glen-x@1 (sharing.bundle-unsound)".to_owned()]),
                _ => Err("sharing.corrupt"),
            };
            let failed = Stopped {
                source: "nhsl".parse().unwrap(),
                made: at,
                failures: 10,
                code: "store.unsealable".into(),
            };
            let stopped = if barred > 0 { vec![failed] } else { vec![] };
            let refused = (barred > 0).then_some("match.model-unsigned");
            let one =
                Failing { kind: "person.parted".into(), code: "store.broken".into(), count: 2 };
            let failing = if barred > 0 { vec![one] } else { vec![] };
            let health =
                Health { is_drained, unsealed, barred, shut, refused, stopped, failing, at };
            let shown = show(&health, |_| "NHS Glen".to_owned()).into_string();
            assert_eq!(shown.contains("store.unsealable"), barred > 0, "{shown}");
            assert_eq!(shown.contains("NHS Glen"), barred > 0, "{shown}");
            assert_eq!(shown.contains("match.model-unsigned"), barred > 0, "{shown}");
            rules::assert_part(&shown);
            for want in wants {
                assert!(shown.contains(want), "{want}: {shown}");
            }
        };
        check(
            true,
            0,
            0,
            ["In force", "Every agreement", "In time", "No record is being put right", "Goes on"],
        );
        let fails = "2 of person.parted (store.broken)";
        check(false, 59, 1, ["Not yet everywhere", "glen-x@1", "59 seconds", "1 record is", fails]);
        check(true, 60, 200, ["In force", "No question", "Late", "at least 200 records", fails]);
    }
}
