//! The third decider: `tools/ken-testkit/oracle/gate_oracle.py`, asked line by line.

use std::io::Write as _;
use std::process::{Command, Stdio};

use ken_testkit::oracle::{Case, Known, Row, Verdict};
use serde_json::{Value, json};

const PROGRAM: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tools/ken-testkit/oracle/gate_oracle.py");

/// Whether this machine has Python; CI does.
pub(crate) fn is_here() -> bool {
    let here = Command::new("python3").arg("--version").output().is_ok();
    if !here {
        eprintln!("skipped the third decider: python3 is absent");
    }
    here
}

/// Its answer to each case; a case may ask it to be wrong in a way that it knows.
pub(crate) fn decide<'a>(
    world: &[Known],
    cases: impl Iterator<Item = (&'a Case, Option<&'a str>)>,
) -> Vec<Value> {
    let mut asked = json!({ "world": world.iter().map(known).collect::<Vec<_>>() }).to_string();
    for (case, wrong) in cases {
        asked.push('\n');
        asked.push_str(&json!({ "case": self::case(case), "wrong": wrong }).to_string());
    }
    let mut program = Command::new("python3");
    program.arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Both pipes are bounded: who writes must not wait for who reads.
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()).unwrap());
    let said = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(said.status.success(), "gate_oracle.py failed");
    let said = String::from_utf8(said.stdout).unwrap();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An answer as the program writes it.
pub(crate) fn line(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Permit(mask, offers) => {
            let said = mask.iter().map(|((of, field), id)| json!([row(of), field, id]));
            let offers = offers.iter().map(|(id, (words, adds))| json!([id, words, adds]));
            let offers: Vec<_> = offers.collect();
            json!({ "permit": said.collect::<Vec<_>>(), "offers": offers })
        }
        Verdict::Need(words) => json!({ "need": words }),
        Verdict::Deny(rank, what) => json!({ "deny": [rank, what] }),
    }
}

fn known(known: &Known) -> Value {
    let Known { hash, json, signed, suspended, superseded, replaced, unsealed } = known;
    json!({
        "hash": hash, "json": json, "signed": signed,
        "suspended": suspended, "superseded": superseded, "replaced": replaced,
        "unsealed": unsealed,
    })
}

fn row(row: &Row) -> Value {
    json!([row.category, row.labels, row.source, row.lineage])
}

fn case(case: &Case) -> Value {
    json!({
        "from": case.from, "to": case.to, "action": case.action, "purpose": case.purpose,
        "up_to": case.up_to, "categories": case.categories,
        "rows": case.rows.as_ref().map(|rows| rows.iter().map(row).collect::<Vec<_>>()),
        "day": case.day.to_string(), "facts": case.facts, "attested": case.attested,
        "referrers": case.referrers,
    })
}
