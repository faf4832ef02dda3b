//! How long the gate's rule takes: `cargo run --release -p ken-sharing --example decide_rate`.
//!
//! Prints one line per measure: what, how often, and the mean and the slowest of the runs. Goals:
//! a decision on one category in under 1 ms cold, and in 20 µs from what is remembered.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use jiff::civil::date;
use ken_agreement::status::Register;
use ken_agreement::{Action, Instrument};
use ken_core::Fact;
use ken_sharing::bundle::{Admitted, Bundle};
use ken_sharing::decide::{Ask, Facts, RowClass, Seat, Want, decide};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TEXTS: [&str; 5] = [
    include_str!("../../../../agreements/statute-pack.toml"),
    include_str!("../../../../agreements/scot-accord.toml"),
    include_str!("../../../../agreements/glen-asp-concern.toml"),
    include_str!("../../../../agreements/glen-direct-care.toml"),
    include_str!("../../../../agreements/glen-girfec.toml"),
];
/// Under which half of the rows were received.
const TEXT_OF_LINEAGE: &str = include_str!("../../../../agreements/glen-direct-care.toml");
/// Agreements in the large bundle, beside the statute pack and the accord.
const LARGE: usize = 200;
/// Row classes of a whole person view: categories, each in so many variants.
const VARIANTS: usize = 12;

fn main() -> Result<()> {
    let few = admitted(1)?;
    let many = admitted(LARGE / 3)?;
    measure("compile the partnership", 20, || Bundle::compile(few.iter().cloned()).map(drop))?;
    measure("compile two hundred agreements", 3, || {
        Bundle::compile(many.iter().cloned()).map(drop)
    })?;
    for (size, all) in [("partnership", few), ("two hundred", many)] {
        let bundle = Bundle::compile(all)?;
        let (ask, facts) = question()?;
        let one = Ask { want: Want::some_of(["medication".parse()?]), ..ask.clone() };
        // A fact that is always another makes every asking a new one.
        let mut n = 0_u64;
        let mut fresh = || -> Result<Facts> {
            n += 1;
            let mut facts = facts.clone();
            facts.held.insert(Fact::new(format!("case:{n}"))?);
            Ok(facts)
        };
        measure(&format!("{size}: one category, cold"), 2_000, || -> Result<()> {
            decide(&bundle, &one, &fresh()?, None)?;
            Ok(())
        })?;
        measure(&format!("{size}: one category, remembered"), 20_000, || {
            decide(&bundle, &one, &facts, None).map(drop)
        })?;
        let rows = rows(&ask)?;
        measure(&format!("{size}: {} row classes, cold", rows.len()), 50, || -> Result<()> {
            decide(&bundle, &ask, &fresh()?, Some(&rows))?;
            Ok(())
        })?;
        measure(&format!("{size}: {} row classes, remembered", rows.len()), 500, || {
            decide(&bundle, &ask, &facts, Some(&rows)).map(drop)
        })?;
        let (from, to) = (&ask.sender.organisation, &ask.recipient.organisation);
        measure(&format!("{size}: standing"), 2_000, || -> Result<()> {
            drop(bundle.standing(from, to, facts.day));
            Ok(())
        })?;
    }
    Ok(())
}

/// The partnership's instruments, its three agreements so many times over under other names.
fn admitted(copies: usize) -> Result<Vec<Admitted>> {
    let mut all = vec![];
    for (n, text) in TEXTS.iter().enumerate() {
        let times = if n < 2 { 1 } else { copies };
        for copy in 0..times {
            let mut instrument = Instrument::parse(text)?;
            if copy > 0 {
                let id = format!("{}-{copy}", instrument.agreement.id);
                instrument.agreement.id = id.parse()?;
            }
            let parties = instrument.parties.iter().map(|party| party.id.clone());
            let signed = parties.chain([instrument.agreement.lead_party.clone()]).collect();
            all.push(Admitted { register: Register { signed, ..Register::default() }, instrument });
        }
    }
    Ok(all)
}

/// A GP looks at what the hospital holds.
fn question() -> Result<(Ask, Facts)> {
    let categories = ["core", "identifiers", "alerts", "health-summary", "medication", "care-plan"];
    let categories: std::result::Result<Vec<_>, _> =
        categories.iter().map(|category| category.parse()).collect();
    let ask = Ask {
        sender: Seat { organisation: "nhsl".parse()?, role: Some("record".parse()?) },
        recipient: Seat { organisation: "practice".parse()?, role: Some("gp.doctor".parse()?) },
        action: Action::View,
        purpose: "direct-care".parse()?,
        want: Want::some_of(categories?),
    };
    let mut facts = Facts::none(date(2027, 6, 1));
    facts.held = BTreeSet::from(["relationship:direct-care".parse()?, "age>=16".parse()?]);
    Ok((ask, facts))
}

fn rows(ask: &Ask) -> Result<BTreeSet<RowClass>> {
    let lineage = Instrument::parse(TEXT_OF_LINEAGE)?.hash();
    let mut rows = BTreeSet::new();
    for category in ask.want.categories().keys() {
        for n in 0..VARIANTS {
            let source = ask.sender.organisation.clone();
            let mut row = RowClass::plain(category.clone(), source);
            row.labels.insert(format!("mark-{n}").parse()?);
            if n % 2 == 0 {
                row.lineage.insert(lineage.clone());
            }
            rows.insert(row);
        }
    }
    Ok(rows)
}

#[expect(clippy::disallowed_methods, reason = "this program measures durations")]
fn measure<E: Into<Box<dyn Error>>>(
    what: &str,
    times: u32,
    mut work: impl FnMut() -> std::result::Result<(), E>,
) -> Result<()> {
    let (mut all, mut slowest) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..times {
        let start = Instant::now();
        work().map_err(Into::into)?;
        let took = start.elapsed();
        all += took;
        slowest = slowest.max(took);
    }
    writeln!(std::io::stdout(), "{what:<46} {:>12?} mean {slowest:>12?} slowest", all / times)?;
    Ok(())
}
