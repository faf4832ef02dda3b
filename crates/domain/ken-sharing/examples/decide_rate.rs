//! How long the gate's rule takes: `cargo run --release -p ken-sharing --example decide_rate`.
//!
//! Prints one line per measure: what, and the median and the slowest of the runs. Two hundred
//! agreements are in force beside the statute pack and the accord, many of them between the same
//! parties for the same purpose: each of those is a candidate for every question. Goals: one
//! category in under 1 ms cold and 20 µs remembered; a whole view (20 categories, 8 sources, 157
//! row classes) in under 12 ms cold, refused or not, and 50 µs remembered; 200 agreements compiled
//! in under 1 s; one agreement of 55 parties and 60 clauses in under 1 s; a swap beside which
//! questions are answered as ever.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use jiff::civil::date;
use ken_agreement::status::Register;
use ken_agreement::{Action, Instrument, Who};
use ken_core::{Category, Fact, InstrumentHash, OrganisationId};
use ken_sharing::bundle::{Admitted, Bundle};
use ken_sharing::decide::{Facts, RowClass, Seat, View, Want, decide, decide_view};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PACK: &str = include_str!("../../../../agreements/statute-pack.toml");
const ACCORD: &str = include_str!("../../../../agreements/scot-accord.toml");
const TEXTS: [&str; 3] = [
    include_str!("../../../../agreements/glen-direct-care.toml"),
    include_str!("../../../../agreements/glen-asp-concern.toml"),
    include_str!("../../../../agreements/glen-girfec.toml"),
];
/// Agreements in force, beside the statute pack and the accord.
const AGREEMENTS: usize = 200;
/// Parties and clauses of the largest agreement.
const PARTIES: usize = 55;
const CLAUSES: usize = 60;
/// Organisations whose records are looked at together.
const SOURCES: usize = 8;
/// Categories of a whole view.
const CATEGORIES: usize = 20;
/// Row classes held of all sources together.
const ROWS: usize = 157;

fn main() -> Result<()> {
    let all = admitted()?;
    measure("compile 200 agreements", 3, || Bundle::compile(all.iter().cloned()).map(drop))?;
    let bundle = Bundle::compile(all.iter().cloned())?;
    let mut changed = all.clone();
    if let Some(last) = changed.last_mut() {
        last.instrument.agreement.title.push('.');
    }
    measure("swap one of them", 5, || {
        Bundle::compile_after(Some(&bundle), changed.iter().cloned()).map(drop)
    })?;
    large()?;
    swap_beside(&all, changed)?;
    let (view, rows) = (view(&bundle)?, rows(&bundle)?);
    let related = held(&["relationship:direct-care", "age>=16"])?;
    one_category(&bundle, &view, &related)?;
    for (name, facts) in [
        ("permitted", related),
        ("no relationship", held(&["age>=16"])?),
        ("objection", held(&["relationship:direct-care", "age>=16", "objection@claimed"])?),
    ] {
        let mut fresh = Fresh::of(&facts);
        let what = format!("whole view, {ROWS} row classes, {name}");
        measure(&format!("{what}, cold"), 50, || -> Result<()> {
            decide_view(&bundle, &view, &fresh.next()?, &rows)?;
            Ok(())
        })?;
        measure(&format!("{what}, remembered"), 500, || {
            decide_view(&bundle, &view, &facts, &rows).map(drop)
        })?;
    }
    Ok(())
}

/// One agreement of fifty-five parties and sixty clauses: read, checked, compiled.
fn large() -> Result<()> {
    let text = fifty_five()?;
    let (what, written) = ("55 parties and 60 clauses", text.to_toml());
    measure(&format!("read {what}"), 5, || Instrument::parse(&written).map(drop))?;
    let instrument = Instrument::parse(&written)?;
    measure(&format!("check {what}"), 5, || -> Result<()> {
        std::hint::black_box(ken_agreement::lint::lint(&instrument, &[]));
        Ok(())
    })?;
    let signed = instrument.parties.iter().map(|party| party.id.clone()).collect();
    let register = Register { signed, ..Register::default() };
    let admitted = Admitted { instrument, register };
    measure(&format!("compile {what}"), 5, || Bundle::compile([admitted.clone()]).map(drop))
}

/// Direct care with its parties and clauses over and over under other names.
fn fifty_five() -> Result<Instrument> {
    let mut of = Instrument::parse(TEXTS.first().ok_or("no text")?)?;
    let like = of.parties.first().ok_or("no party")?.clone();
    while of.parties.len() < PARTIES {
        let mut party = like.clone();
        party.id = source(of.parties.len())?;
        of.parties.push(party);
    }
    let first = of.clauses.clone();
    for n in (0..).take(CLAUSES - first.len().min(CLAUSES)) {
        let mut clause = first.get(n % first.len()).ok_or("no clause")?.clone();
        clause.id = format!("{}x{n}", clause.id).parse()?;
        of.clauses.push(clause);
    }
    Ok(of)
}

/// Whoever decides goes on by the policies of before while 200 agreements are swapped: the slowest
/// question asked meanwhile, remembered as in a day's work.
#[expect(clippy::disallowed_methods, reason = "this program measures durations")]
fn swap_beside(all: &[Admitted], changed: Vec<Admitted>) -> Result<()> {
    let bundle = Bundle::compile(all.iter().cloned())?;
    let view = view(&bundle)?;
    let mut ask = view.of(view.senders.first().ok_or("no sender")?);
    ask.want = Want::some_of(["medication".parse()?]);
    let facts = held(&["relationship:direct-care", "age>=16"])?;
    let (mut asked, mut slowest) = (0_u64, Duration::ZERO);
    let took = std::thread::scope(|scope| -> Result<Duration> {
        let start = Instant::now();
        let swap = scope.spawn(|| Bundle::compile(changed).map(drop));
        while !swap.is_finished() {
            let one = Instant::now();
            decide(&bundle, &ask, &facts, None)?;
            slowest = slowest.max(one.elapsed());
            asked += 1;
        }
        swap.join().map_err(|_| "the swap stopped")??;
        Ok(start.elapsed())
    })?;
    let what = "questions while all 200 are swapped";
    writeln!(std::io::stdout(), "{what:<56} {asked:>12} in {took:?}, slowest {slowest:?}")?;
    Ok(())
}

fn one_category(bundle: &Bundle, view: &View, facts: &Facts) -> Result<()> {
    let first = view.senders.first().ok_or("no sender")?;
    let mut ask = view.of(first);
    ask.want = Want::some_of(["medication".parse()?]);
    let mut fresh = Fresh::of(facts);
    measure("one category, cold", 2_000, || -> Result<()> {
        decide(bundle, &ask, &fresh.next()?, None)?;
        Ok(())
    })?;
    measure("one category, remembered", 20_000, || decide(bundle, &ask, facts, None).map(drop))
}

/// Facts with one more that is always another: every asking is a new one.
struct Fresh {
    facts: Facts,
    n: u64,
}

impl Fresh {
    fn of(facts: &Facts) -> Self {
        Self { facts: facts.clone(), n: 0 }
    }

    fn next(&mut self) -> Result<Facts> {
        self.n += 1;
        let mut facts = self.facts.clone();
        facts.held.insert(Fact::new(format!("case:{}", self.n))?);
        Ok(facts)
    }
}

/// The statute pack, the accord, and the partnership's three agreements over and over under other
/// names. Direct care is between all the sources.
fn admitted() -> Result<Vec<Admitted>> {
    let mut all = vec![Instrument::parse(PACK)?, among(Instrument::parse(ACCORD)?)?];
    let texts: Vec<_> =
        TEXTS.into_iter().map(Instrument::parse).collect::<std::result::Result<_, _>>()?;
    for n in 0..AGREEMENTS {
        let mut one = texts.get(n % texts.len()).ok_or("no text")?.clone();
        if n % texts.len() == 0 {
            one = among(one)?;
        }
        one.agreement.id = format!("{}-{n}", one.agreement.id).parse()?;
        all.push(one);
    }
    let admit = |instrument: Instrument| {
        let parties = instrument.parties.iter().map(|party| party.id.clone());
        let signed = parties.chain([instrument.agreement.lead_party.clone()]).collect();
        Admitted { register: Register { signed, ..Register::default() }, instrument }
    };
    Ok(all.into_iter().map(admit).collect())
}

/// The same with the sources as parties, and clauses between any two of them.
fn among(mut instrument: Instrument) -> Result<Instrument> {
    let like = instrument.parties.first().ok_or("no party")?.clone();
    for n in 0..SOURCES {
        let mut party = like.clone();
        party.id = source(n)?;
        instrument.parties.push(party);
    }
    for clause in &mut instrument.clauses {
        if clause.action.contains(&Action::View) && matches!(clause.from.party, Who::Party(_)) {
            clause.from.party = Who::Any;
            clause.from.roles = ["*".parse()?].into();
        }
    }
    Ok(instrument)
}

fn source(n: usize) -> Result<OrganisationId> {
    Ok(format!("source-{n}").parse()?)
}

fn held(facts: &[&str]) -> Result<Facts> {
    let mut held = Facts::none(date(2027, 6, 1));
    for fact in facts {
        held.held.insert(fact.parse()?);
    }
    Ok(held)
}

fn categories(bundle: &Bundle) -> Vec<Category> {
    bundle.dictionary().categories().take(CATEGORIES).cloned().collect()
}

/// A GP looks at what eight others hold.
fn view(bundle: &Bundle) -> Result<View> {
    Ok(View {
        senders: (0..SOURCES).map(source).collect::<Result<_>>()?,
        role: "record".parse()?,
        recipient: Seat { organisation: "practice".parse()?, role: Some("gp.doctor".parse()?) },
        action: Action::View,
        purpose: "direct-care".parse()?,
        want: Want::some_of(categories(bundle)),
    })
}

/// Row classes of all sources; every other one was received under an agreement.
fn rows(bundle: &Bundle) -> Result<BTreeSet<RowClass>> {
    let lineage: Vec<InstrumentHash> =
        bundle.instruments().skip(2).take(3).map(|(hash, ..)| hash.clone()).collect();
    let categories = categories(bundle);
    let mut rows = BTreeSet::new();
    for n in 0.. {
        let category = categories.get(n % categories.len()).ok_or("no category")?.clone();
        let mut row = RowClass::plain(category, source(n / categories.len() % SOURCES)?);
        if n % 2 == 0 {
            row.lineage.extend(lineage.get(n % lineage.len()).cloned());
        }
        if n >= categories.len() * SOURCES {
            row.labels.insert("third-party".parse()?);
        }
        rows.insert(row);
        if rows.len() == ROWS {
            break;
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
    let mut all = vec![];
    for _ in 0..times {
        let start = Instant::now();
        work().map_err(Into::into)?;
        all.push(start.elapsed());
    }
    all.sort_unstable();
    let at = |n: usize| all.get(n).copied().unwrap_or(Duration::ZERO);
    let (median, slowest) = (at(all.len() / 2), at(all.len().saturating_sub(1)));
    writeln!(std::io::stdout(), "{what:<56} {median:>12?} median {slowest:>12?} slowest")?;
    Ok(())
}
