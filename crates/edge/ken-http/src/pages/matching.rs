//! What is shown of a matching model: which is in use, and what a proposed one would change. It
//! tells of patterns and counts, and of nobody whom a record is about.

use jiff::Timestamp;
use ken_core::PractitionerId;
use ken_directory::practitioner;
use ken_person::Index;
use ken_person::learning::{self, Act, Change, InUse, Report};
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::stop::Stop;
use crate::view::facts;
use crate::view::table::{self, Table};
use crate::view::words;

/// What both pages read.
#[derive(Debug)]
pub(crate) struct Models {
    /// The model that two adopted; none where the shipped one is in use.
    pub(crate) in_use: Option<InUse>,
    /// The proposed one.
    pub(crate) open: Option<learning::Proposed>,
    /// By name and moment, who signed to adopt the proposed one.
    pub(crate) adopting: Vec<(String, Timestamp)>,
    /// The same, to withdraw the one in use.
    pub(crate) withdrawing: Vec<(String, Timestamp)>,
    /// What this process matches by: its mark, and of how many records and pairs it was learnt.
    pub(crate) held: Option<(String, u64, u64)>,
    /// Why the adopted one is not used.
    pub(crate) refused: Option<&'static str>,
}

/// Reads it, in one picture.
///
/// # Errors
///
/// What the index or the register says.
pub(crate) async fn read(s: &mut Snapshot, index: &Index) -> Result<Models, Stop> {
    Ok(Models {
        in_use: learning::in_use(s).await?,
        open: learning::open(s).await?,
        adopting: signed(s, Act::Adopt).await?,
        withdrawing: signed(s, Act::Withdraw).await?,
        held: index.model(),
        refused: index.refused_model(),
    })
}

async fn signed(s: &mut Snapshot, act: Act) -> Result<Vec<(String, Timestamp)>, Stop> {
    let mut named = vec![];
    for (who, at) in learning::signed(s, act).await? {
        named.push((name(s, who).await?, at));
    }
    Ok(named)
}

async fn name(s: &mut Snapshot, who: PractitionerId) -> Result<String, Stop> {
    let found = practitioner::find(s, who).await?;
    Ok(found.map_or_else(|| "Somebody who has left".to_owned(), |one| one.name))
}

/// Which model is in use.
pub(crate) fn in_use(models: &Models) -> Markup {
    let since = models.in_use.as_ref().map_or_else(
        || "It came with this program; nothing that reviewers decided is in it".to_owned(),
        |used| format!("Two signatories adopted it on {}", words::moment_short(used.since)),
    );
    let (mark, of) = models.held.clone().map_or_else(Default::default, |(mark, records, pairs)| {
        let of = format!("{} records, {} pairs", grouped(records), grouped(pairs));
        (mark, of)
    });
    html! {
        @if let Some(code) = models.refused {
            p {
                (facts::tag("Refused", facts::Tone::Bad)) " "
                "The adopted model is not what two people signed (" (code) "). Until it is put \
                 right, matching is by the model that came with this program. Report the code."
            }
        }
        (facts::list(&[
            ("Its mark", html! { @if !mark.is_empty() { code.care_code { (mark) } } }),
            ("Where it is from", html! { (since) }),
            ("Learnt from", html! { (of) }),
        ]))
    }
}

/// Who signed, in words.
pub(crate) fn signatures(signed: &[(String, Timestamp)]) -> Markup {
    html! {
        @if signed.is_empty() {
            p { "Nobody has signed yet. Two people must, neither of whom proposed it." }
        } @else {
            p { "Signed by, of two:" }
            ul { @for (who, at) in signed { li { (who) ", " (words::moment_short(*at)) } } }
        }
    }
}

/// What a proposed model would change.
pub(crate) fn report(report: &Report) -> Markup {
    let rows = report.changes.iter().map(|change| {
        vec![
            html! { (change.words) },
            html! { (percent(change.before)) },
            html! { (percent(change.after)) },
            html! { (change.same) " the same, " (change.different) " different" },
            html! { (grouped(change.pairs)) },
            html! { (crossing(change)) },
        ]
    });
    let table = Table {
        id: "model-table",
        caption: "Of a hundred pairs that agree so, how many are one person’s",
        columns: &[
            "How they agree",
            "In use#",
            "Proposed#",
            "Reviewers said",
            "Such pairs it was learnt from#",
            "What it changes",
        ],
        rows: rows.collect(),
    };
    html! {
        (table::show(&table))
        @if report.unnamed > 0 { p { "And " (report.unnamed) " rarer patterns more." } }
        ul {
            li {
                "Of " (report.open_all) " candidates that wait in the queue, " (report.open)
                " would be judged otherwise. None leaves the queue by it."
            }
            li {
                "Of " (report.answers) " answers that reviewers gave, the model in use agrees with "
                (report.agree_before) ", the proposed one with " (report.agree_after) "."
            }
        }
        @if !report.ignored.is_empty() {
            p { "Answers that did not count:" }
            ul { @for (why, many) in &report.ignored { li { (many) " " (ignored(why)) } } }
        }
    }
}

/// What a changed pattern changes for whoever matches, in words.
fn crossing(change: &Change) -> String {
    let asks = change.asks().map(|now| {
        if now { "newly put before a reviewer" } else { "no longer put before a reviewer" }
    });
    let links = change.links().map(|now| {
        if now { "becomes a link of a batch" } else { "is no link of a batch any more" }
    });
    let told: Vec<_> = asks.into_iter().chain(links).collect();
    if told.is_empty() { "How likely it is said to be".to_owned() } else { told.join("; ") }
}

/// Why answers did not count, in words.
fn ignored(why: &str) -> &'static str {
    match why {
        "known-truth" => "on pairs of known truth, which tell of the reviewer",
        "reviewer-unproved" => "by reviewers who are not proved yet",
        "kept-apart-by-rule" => "on pairs that a rule keeps apart whatever is decided",
        "too-many-of-one" => "beyond what is heard of one reviewer",
        "one-reviewer-alone" => "on patterns that only one reviewer decided",
        _ => "for another reason",
    }
}

fn percent(of: f64) -> String {
    // Beyond this no model has seen enough pairs to say so.
    match of {
        of if of > 99.9 => "more than 99.9".to_owned(),
        of if of < 0.1 => "fewer than 0.1".to_owned(),
        of => format!("{of:.1}"),
    }
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::view::rules;

    pub(crate) fn change(before: f64, after: f64) -> Change {
        let words = "forename: same; surname: nearly the same".to_owned();
        Change { words, before, after, pairs: 1_234, same: 9, different: 1 }
    }

    #[test]
    fn a_report_says_what_becomes_of_pairs() {
        let ignored = ["known-truth", "reviewer-unproved", "kept-apart-by-rule"];
        let ignored = ignored.into_iter().chain(["too-many-of-one", "one-reviewer-alone"]);
        let of = Report {
            changes: vec![change(40.0, 60.0), change(80.0, 99.99), change(0.01, 5.0)],
            unnamed: 3,
            ignored: ignored.map(|why| (why.to_owned(), 2)).collect(),
            ..Report::default()
        };
        let shown = report(&of).into_string();
        rules::assert_part(&shown);
        for want in [
            "newly put before a reviewer",
            "becomes a link of a batch",
            "more than 99.9",
            "fewer than 0.1",
            "1,234",
            "3 rarer patterns",
        ] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        assert!(!shown.contains("another reason"));
        rules::assert_part(&report(&Report::default()).into_string());
    }

    #[test]
    fn a_refused_model_is_said() {
        let held = Some(("2-0011223344556677".to_owned(), 1_000_000, 9_388_147));
        let mut models = Models {
            in_use: None,
            open: None,
            adopting: vec![],
            withdrawing: vec![],
            held,
            refused: None,
        };
        let shown = in_use(&models).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("9,388,147 pairs") && shown.contains("came with this program"));
        models.refused = Some("match.model-unsigned");
        let shown = in_use(&models).into_string();
        assert!(shown.contains("not what two people signed (match.model-unsigned)"), "{shown}");
    }
}
