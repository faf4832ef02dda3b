//! Fifty-five bodies in one agreement, as in London: who has signed, and what runs between whom.

use std::collections::BTreeSet;

use ken_agreement::lint::unsound;
use ken_agreement::status::{Register, Status};
use ken_agreement::{Clause, Instrument, Party};
use ken_core::OrganisationId;
use ken_office::agreement;
use ken_sharing::bundle::{Admitted, Bundle};
use ken_sharing::decide::{Ask, Facts, Outcome, Seat, Want, decide};

use crate::world::id;

const TEXTS: [&str; 3] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-asp-concern.toml"),
];
const PARTIES: usize = 55;
const CLAUSES: usize = 60;

/// Body `n` as the agreement names it.
fn body(n: usize) -> OrganisationId {
    id(&format!("body-{n}"))
}

/// The worked example among fifty-five: each body tells the next, and some clauses are for all.
fn wide() -> Vec<Instrument> {
    let mut texts: Vec<_> = TEXTS.iter().map(|text| Instrument::parse(text).unwrap()).collect();
    let own = texts.last_mut().unwrap();
    let council = own.party(&id("cec")).unwrap().clone();
    let parties = own.parties.len();
    let more = (parties..PARTIES).map(|n| Party { id: body(n), ..council.clone() });
    own.parties.extend(more);
    let like = own.clauses.iter().find(|clause| clause.id.as_str() == "C2").unwrap().clone();
    let first = own.clauses.len();
    for n in first..CLAUSES {
        let (from, to) =
            (parties + n % (PARTIES - parties), parties + (n + 1) % (PARTIES - parties));
        let mut clause = Clause { id: format!("B{n}").parse().unwrap(), ..like.clone() };
        clause.from.party = body(from).as_str().parse().unwrap();
        clause.to.party = body(to).as_str().parse().unwrap();
        clause.from.roles = ["sw.duty".parse().unwrap()].into();
        clause.to.roles.clone_from(&clause.from.roles);
        own.clauses.push(clause);
    }
    let members = own.parties[parties..].to_vec();
    texts[1].parties.extend(members);
    texts
}

#[test]
fn fifty_five_bodies_sign_one_agreement_and_it_runs_between_those_who_did() {
    let texts = wide();
    let own = &texts[2];
    assert_eq!((own.parties.len(), own.clauses.len()), (PARTIES, CLAUSES));
    assert_eq!(unsound(own), []);
    let late = body(30);
    let all = |of: &Instrument| -> BTreeSet<OrganisationId> {
        let lead = of.agreement.lead_party.clone();
        of.parties.iter().map(|party| party.id.clone()).chain([lead]).collect()
    };
    let admitted = texts.iter().map(|of| {
        let mut signed = all(of);
        if of.name() == own.name() {
            signed.remove(&late);
        }
        Admitted { instrument: of.clone(), register: Register { signed, ..Register::default() } }
    });
    let admitted: Vec<_> = admitted.collect();
    let bundle = Bundle::compile(admitted.clone()).unwrap();
    assert_eq!(bundle.findings(), []);
    let today = "2027-06-01".parse().unwrap();
    // One page says of all of them who has signed: 55 bodies are 1,485 pairs.
    let view = agreement::overview(own, &admitted[2].register, today);
    assert_eq!(
        (view.signed.len(), view.missing.as_slice()),
        (PARTIES - 1, [late.clone()].as_slice())
    );
    assert_eq!(view.pairs.values().sum::<usize>(), PARTIES * (PARTIES - 1) / 2);
    assert_eq!(view.pairs[&Status::AwaitingSignatures], PARTIES - 1);
    assert_eq!(view.pairs[&Status::Active], (PARTIES - 1) * (PARTIES - 2) / 2);
    // It runs between two that have signed, and not with the one that has not.
    let permits = |from: usize, to: usize| {
        let seat = |n| Seat { organisation: body(n), role: Some("sw.duty".parse().unwrap()) };
        let ask = Ask {
            sender: seat(from),
            recipient: seat(to),
            action: ken_sharing::Action::Push,
            purpose: "health-response".parse().unwrap(),
            want: Want::some_of(["core".parse().unwrap()]),
        };
        let mut facts = Facts::none(today);
        facts.held = ["age>=16", "trained:info-handling"].map(|fact| fact.parse().unwrap()).into();
        !matches!(&*decide(&bundle, &ask, &facts, None).unwrap(), Outcome::Deny(_))
    };
    assert!(permits(40, 41) && permits(31, 32));
    assert!(!permits(29, 30) && !permits(30, 31), "one of the two has not signed");
    assert!(!permits(41, 40), "no clause goes that way");
}
