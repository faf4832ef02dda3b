//! How long a large agreement takes: parse, lint, canonical form, Cedar text.
//!
//! `cargo run --release -p ken-agreement --example large`

use std::fmt::Write;
use std::time::Instant;

use ken_agreement::lint::lint;
use ken_agreement::{Instrument, cedar};

const PARTIES: usize = 55;
const CLAUSES: usize = 60;

fn text() -> String {
    let base = include_str!("../../../../agreements/glen-girfec.toml");
    let (head, _) = base.split_once("[[party]]").unwrap_or((base, ""));
    let mut out = head.replace("lead_party = \"cec\"", "lead_party = \"p0\"");
    for n in 0..PARTIES {
        let _ = writeln!(
            out,
            "[[party]]\nid = \"p{n}\"\nname = \"Party {n}\"\nkind = \"health\"\n\
            regime = \"ukgdpr\"\n\
             roles = [\"a\", \"b\"]\ndpo = \"d\"\nsenior_owner = \"s\"\nrights_contact = \"r\"\n"
        );
    }
    out.push_str("[[purpose]]\nid = \"care\"\ntext = \"Treat and support the person.\"\n");
    for n in 0..20 {
        let _ = writeln!(
            out,
            "[[category]]\nid = \"c{n}\"\ntext = \"Kind {n}\"\n\
            fields = [\"f{n}\", \"g{n}\"]\nspecial = true\n"
        );
    }
    out.push_str(
        "[[basis]]\nid = \"b\"\nparty = \"*\"\npurposes = [\"care\"]\npower = [\"an Act\"]\n\
         art6 = \"6(1)(e)\"\nart9 = \"9(2)(h)\"\ndpa_sch1 = [\"para 2\"]\n\
         confidentiality = \"implied-direct-care\"\nconfirmed_by = \"J. Example, 2027-02-01\"\n",
    );
    for n in 0..CLAUSES {
        let (to, category) = (n % PARTIES, n % 20);
        if n % 6 == 5 {
            let _ = writeln!(
                out,
                "[[clause]]\nid = \"P{n}\"\nkind = \"prohibition\"\ntext = \"Not this.\"\n\
                 from = {{ party = \"*\", roles = [\"*\"] }}\n\
                 to = {{ party = \"p{to}\", roles = [\"b\"] }}\ncategories = [\"c{category}\"]\n"
            );
        } else {
            let _ = writeln!(
                out,
                "[[clause]]\nid = \"C{n}\"\nkind = \"routine\"\n\
                text = \"What is needed, and no more.\"\n\
                 from = {{ party = \"*\", roles = [\"*\"] }}\n\
                 to = {{ party = \"*\", roles = [\"a\", \"b\"] }}\naction = [\"view\", \"push\"]\n\
                 purpose = \"care\"\ncategories = [\"c{category}\", \"c{}\"]\n\
                 require = [\"relationship:direct-care\", \"n:{n}\"]\n\
                 visible_to_person = \"now\"\n",
                (n + 1) % 20
            );
        }
    }
    out
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and says so")]
fn main() -> Result<(), ken_agreement::ParseError> {
    let text = text();
    let since = Instant::now();
    let instrument = Instrument::parse(&text)?;
    let parsed = since.elapsed();
    let found = lint(&instrument, &[]);
    let linted = since.elapsed();
    let hash = instrument.hash();
    let policies = cedar::policies(&instrument, &hash);
    let compiled = since.elapsed();
    println!(
        "{} parties, {} clauses, {} bytes: parsed {parsed:?}, linted {:?} ({} findings), \
        canonical form and {} policies {:?}, all {compiled:?}",
        instrument.parties.len(),
        instrument.clauses.len(),
        text.len(),
        linted.saturating_sub(parsed),
        found.len(),
        policies.len(),
        compiled.saturating_sub(linted),
    );
    Ok(())
}
