//! The decision vectors: each says what is asked, what holds, and the one right answer.

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::{Instrument, InstrumentRef, SourceRef, Tier};
use ken_sharing::decide::{decide, decide_whole};
use ken_testkit::oracle::{self, Case, Known, Mutant, Row, Verdict};
use serde_json::{Map, Value, json};

use crate::vectors_world::{Entry, asked, bundle, glen, told, word, world};

pub(crate) const VECTORS: &str = include_str!("vectors.json");

/// Decides every vector three ways: sliced, whole, and by the oracle.
fn check(mut entries: Vec<Entry>, vectors: &[Value], short: fn(&Verdict) -> String) -> usize {
    let registers: Vec<_> = entries.iter().map(|e| e.instrument.agreement.tier).collect();
    for vector in vectors {
        for (entry, tier) in entries.iter_mut().zip(&registers) {
            let below = *tier == Tier::Isa;
            entry.suspended = below && vector["suspended"] == json!(true);
            entry.unsigned = if below { texts(vector, "unsigned") } else { BTreeSet::new() };
        }
        let (bundle, world) = (bundle(&entries), world(&entries));
        assert_eq!(bundle.findings(), [], "every clause narrows its source");
        let case = case(vector, &entries, &world);
        let (ask, facts, rows) = asked(&case);
        let sliced = told(&decide(&bundle, &ask, &facts, rows.as_ref()).unwrap());
        let want = vector["want"].as_str().unwrap();
        assert_eq!(short(&sliced).trim(), want.trim(), "{}", vector["name"]);
        let again = told(&decide(&bundle, &ask, &facts, rows.as_ref()).unwrap());
        assert_eq!(again, sliced, "{}: remembered", vector["name"]);
        let whole = told(&decide_whole(&bundle, &ask, &facts, rows.as_ref()).unwrap());
        match (&sliced, &whole) {
            (Verdict::Deny(..), Verdict::Deny(..)) => {}
            _ => assert_eq!(whole, sliced, "{}: whole", vector["name"]),
        }
        let naive = oracle::decide(&world, &case, Mutant::None);
        assert_eq!(naive, sliced, "{}: oracle", vector["name"]);
    }
    vectors.len()
}

fn texts(vector: &Value, key: &str) -> BTreeSet<String> {
    let list = vector[key].as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn case(vector: &Value, entries: &[Entry], world: &[Known]) -> Case {
    let flow: Vec<_> = vector["flow"].as_str().unwrap().split(' ').collect();
    let seat = |text: &str| match text.split_once('/') {
        Some((organisation, role)) => (organisation.to_owned(), Some(role.to_owned())),
        None => (text.to_owned(), None),
    };
    let up_to = vector["up_to"].is_array();
    let fields = vector["fields"].is_array().then(|| texts(vector, "fields"));
    let whole = |category: &str| {
        let all = entries.iter().filter_map(|e| e.instrument.category(&word(category)));
        all.flat_map(ken_agreement::CategoryEntry::whole)
            .map(|f| f.to_string())
            .collect::<BTreeSet<_>>()
    };
    let categories = texts(vector, if up_to { "up_to" } else { "exactly" });
    let named = |category: &String| {
        let some = fields.as_ref().map(|fields| fields & &whole(category));
        (category.clone(), some)
    };
    let day = vector["day"].as_str().unwrap_or("2027-06-01");
    let affirmed = texts(vector, "affirmed");
    let clauses = entries.iter().zip(world).flat_map(|(entry, known)| {
        entry.instrument.clauses.iter().map(|clause| format!("{}#{}", known.hash, clause.id))
    });
    let words = |id: String| affirmed.iter().map(move |words| format!("{id}/{words}"));
    Case {
        from: seat(flow[0]),
        to: seat(flow[2]),
        action: flow[1].to_owned(),
        purpose: vector["purpose"].as_str().unwrap().to_owned(),
        up_to,
        categories: categories.iter().map(named).collect(),
        rows: vector["rows"].as_array().map(|rows| {
            rows.iter().map(|row| self::row(row, seat(flow[0]).0, entries, world)).collect()
        }),
        day: day.parse().unwrap(),
        facts: texts(vector, "facts"),
        attested: clauses.flat_map(words).collect(),
        referrers: texts(vector, "referrers"),
    }
}

/// Lineage is written as agreement ids.
fn row(row: &Value, sender: String, entries: &[Entry], world: &[Known]) -> Row {
    let named = texts(row, "lineage");
    let lineage = entries.iter().zip(world);
    let lineage = lineage.filter(|(e, _)| named.contains(e.instrument.agreement.id.as_str()));
    Row {
        category: row["category"].as_str().unwrap().to_owned(),
        labels: texts(row, "labels"),
        source: row["source"].as_str().map_or(sender, str::to_owned),
        lineage: lineage.map(|(_, known)| known.hash.clone()).collect(),
    }
}

fn clause(id: &str) -> &str {
    id.split_once('#').map_or(id, |(_, clause)| clause)
}

/// `permit core[dob,name]=C1`, `need C1/words`, `deny NoClause core`.
fn folded(verdict: &Verdict) -> String {
    let Verdict::Permit(mask, _) = verdict else { return flat(verdict) };
    let mut parts: Vec<(String, String, Vec<&str>)> = vec![];
    for ((row, field), id) in mask {
        let own = |(c, by, _): &&mut (String, String, _)| *c == row.category && by == clause(id);
        match parts.iter_mut().find(own) {
            Some((_, _, fields)) => fields.push(field),
            None => parts.push((row.category.clone(), clause(id).to_owned(), vec![field])),
        }
    }
    let said = parts.iter().map(|(c, by, fields)| format!("{c}[{}]={by}", fields.join(",")));
    format!("permit {}", said.collect::<Vec<_>>().join(" "))
}

/// As the design writes it: every field by itself.
fn flat(verdict: &Verdict) -> String {
    let join = |said: Vec<String>| said.join(" ");
    match verdict {
        Verdict::Permit(mask, _) => {
            let said = mask.iter().map(|((r, f), id)| format!("{}.{f}={}", r.category, clause(id)));
            format!("permit {}", join(said.collect()))
        }
        Verdict::Need(words) => {
            format!("need {}", join(words.iter().map(|w| clause(w).to_owned()).collect()))
        }
        Verdict::Deny(rank, what) => {
            let bars = ["Prohibited", "NoClause", "Field", "Standing", "Require"];
            format!("deny {} {}", bars[usize::from(*rank)], clause(what))
        }
    }
}

#[test]
fn every_vector_has_its_answer() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(check(glen(4), &vectors, folded), 67);
}

/// The design's own vectors, over the design's own worked example, where they are at hand.
#[test]
fn the_shared_vectors_have_their_answers() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/design/examples");
    let read = |name| std::fs::read_to_string(format!("{folder}/{name}"));
    let (Ok(example), Ok(vectors)) = (read("glen-asp-concern.toml"), read("vectors.json")) else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let asp = Instrument::parse(&example).unwrap();
    let vectors: Value = serde_json::from_str(&vectors).unwrap();
    let also = beside(&asp, vectors["also"].as_str().unwrap());
    let mut entries: Vec<_> = above(&asp, &also).into_iter().map(Entry::new).collect();
    entries.extend([asp, also].map(Entry::new));
    let vectors: Vec<_> = vectors["vectors"].as_array().unwrap().iter().map(ours).collect();
    assert_eq!(check(entries, &vectors, flat), 67);
}

/// The second agreement of the shared vectors, with what it leaves out taken from the first.
fn beside(asp: &Instrument, text: &str) -> Instrument {
    let mut also = toml::from_str::<Map<String, Value>>(
        &text
            .replace("_from = ", "_from = '")
            .replace("_until = ", "_until = '")
            .replace("_due = ", "_due = '")
            .replace("-01\n", "-01'\n")
            .replace("-31\n", "-31'\n"),
    )
    .unwrap();
    let whole: Value = serde_json::from_str(&asp.canonical_json()).unwrap();
    for key in ["schema", "category", "attestations"] {
        also.insert(key.to_owned(), whole[key].clone());
    }
    let purpose = |id: &str| json!({ "id": id, "text": id });
    also.insert("purpose".to_owned(), json!(["fraud", "vital", "asp-inquiry"].map(purpose)));
    let mut head = whole["agreement"].clone();
    let own = also["agreement"].as_object().unwrap().clone();
    head.as_object_mut().unwrap().extend(own);
    also.insert("agreement".to_owned(), head);
    for (key, extra) in [
        ("party", json!({ "name": "-", "kind": "public-authority", "regime": "ukgdpr" })),
        ("clause", json!({ "text": "-" })),
    ] {
        for entry in also[key].as_array_mut().unwrap() {
            entry.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        }
    }
    serde_json::from_value(Value::Object(also)).unwrap()
}

/// The statute pack and the accord that the shared example names, exactly as wide as its clauses.
fn above(asp: &Instrument, also: &Instrument) -> Vec<Instrument> {
    let mut above: BTreeMap<InstrumentRef, Instrument> = BTreeMap::new();
    for clause in &asp.clauses {
        let Some(SourceRef { instrument, clause: id }) = clause.source.clone() else { continue };
        let source = above.entry(instrument.clone()).or_insert_with(|| {
            let mut source = asp.clone();
            source.agreement.id = word(&instrument.id);
            source.agreement.version = word(&instrument.version);
            source.agreement.under.clear();
            source.agreement.effective_until = None;
            source.lifecycle.review_due = also.lifecycle.review_due;
            source.clauses.clear();
            source.agreement.tier = Tier::StatutePack;
            if instrument.id == "scot-accord" {
                source.agreement.tier = Tier::Accord;
                let known: BTreeSet<_> = source.parties.iter().map(|p| p.id.clone()).collect();
                let others = also.parties.iter().filter(|p| !known.contains(&p.id)).cloned();
                source.parties.extend(others);
            } else {
                source.parties.clear();
                source.bases.clear();
            }
            source
        });
        let mut wide = clause.clone();
        (wide.id, wide.source) = (id, None);
        if source.parties.is_empty() {
            for end in [&mut wide.from, &mut wide.to] {
                end.party = "*".parse().unwrap();
                end.roles = [word("*")].into();
            }
        }
        source.clauses.push(wide);
    }
    above.into_values().collect()
}

/// A shared vector in our own spelling.
fn ours(vector: &Value) -> Value {
    let ask = &vector["ask"];
    let seat = |end: &str| {
        let role = ask[format!("{end}_role")].as_str().map(|role| format!("/{role}"));
        format!("{}{}", ask[end].as_str().unwrap(), role.unwrap_or_default())
    };
    let up_to = ask["up_to"] == json!(true);
    let mut ours = ask.clone();
    let flow = format!("{} {} {}", seat("from"), ask["action"].as_str().unwrap(), seat("to"));
    ours["flow"] = json!(flow);
    ours["affirmed"] = ask["attested"].clone();
    ours[if up_to { "up_to" } else { "exactly" }] = ask["categories"].clone();
    ours["name"] = vector["name"].clone();
    ours["want"] = vector["want"].clone();
    ours
}
