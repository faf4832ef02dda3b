//! C1: a body of each sector is party to an agreement; who only works for others is none, unless
//! the signed text says why it decides itself.

use ken_agreement::lint::lint;
use ken_agreement::{Instrument, Party, PartyKind, Regime, Sector, Who};
use ken_testkit::oracle::Verdict;

use crate::partnership::{Ready, short};
use crate::vectors_world::{Entry, glen, word};

const ID: &str = "newcomer";

/// The party that a draft of the sector begins with.
fn drafted(sector: Sector) -> Party {
    let draft = sector.draft(&word(ID)).replace("\"\"", "\"somebody\"");
    let asp = include_str!("../../../../../agreements/glen-asp-concern.toml");
    let whole = asp.replacen("[[purpose]]", &format!("{draft}\n[[purpose]]"), 1);
    let read = Instrument::parse(&whole).unwrap_or_else(|error| panic!("{sector:?}: {error}"));
    read.party(&word(ID)).unwrap().clone()
}

/// The partnership with a newcomer, to whom the council may push as it may to the charity.
fn joined(party: &Party) -> Vec<Entry> {
    let mut entries = glen(4);
    for n in [1, 2] {
        entries[n].instrument.parties.push(party.clone());
    }
    let asp = &mut entries[2].instrument;
    let mut basis = asp.bases.iter().find(|basis| basis.id == "b.rowan").unwrap().clone();
    basis.id = "b.newcomer".to_owned();
    basis.party = Who::Party(word(ID));
    basis.art6 = "6(1)(e)".to_owned();
    basis.part3_gateway = Some("DPA 2018 part 3: authorised by law".to_owned());
    asp.bases.push(basis);
    let offers = asp.clause(&"C5".parse().unwrap()).unwrap();
    let mut clause = offers.clone();
    clause.id = "C9".parse().unwrap();
    clause.to.party = Who::Party(word(ID));
    clause.to.roles = party.roles.iter().take(1).cloned().collect();
    asp.clauses.push(clause);
    let kept = asp.retention["rowan"].clone();
    asp.retention.insert(word(ID), kept);
    let answers = asp.responsibilities["rowan"].clone();
    asp.responsibilities.insert(word(ID), answers);
    entries
}

/// What the check says of the newcomer by itself.
fn said(entries: &[Entry]) -> Vec<&'static str> {
    let sources: Vec<_> = entries.iter().map(|entry| &entry.instrument).collect();
    let found = lint(&entries[2].instrument, &sources);
    let of = found.into_iter().filter(|one| one.at.split(' ').any(|word| word == ID));
    let mut codes: Vec<_> = of.map(|one| one.code).collect();
    codes.retain(|code| *code != "W-NOWI");
    codes
}

fn receives(entries: &[Entry], party: &Party) -> bool {
    let role = party.roles.first().unwrap();
    let flow = format!("cec/sw.duty push {ID}/{role}");
    let facts = [
        "trained:info-handling",
        "age>=16",
        "person:agreed-referral",
        "assurance:cyber-essentials",
    ];
    let case = short(&flow, "support-offer", &["core"], &facts);
    matches!(Ready::new(entries).ask(&case), Verdict::Need(_))
}

#[test]
fn a_body_of_each_sector_is_party_to_an_agreement() {
    for sector in Sector::ALL.into_iter().filter(|sector| !sector.is_processor()) {
        let party = drafted(sector);
        assert_eq!(party.sector, Some(sector));
        let usual = sector.usual();
        assert_eq!((party.kind, party.regime), (usual.kinds[0], usual.regimes[0]), "{sector:?}");
        let entries = joined(&party);
        assert_eq!(said(&entries), Vec::<&str>::new(), "{sector:?}");
        assert!(receives(&entries, &party), "{sector:?}");
        // What is unusual is said; it is a solicitor's to know better.
        let mut odd = party.clone();
        odd.kind = match odd.kind {
            PartyKind::ThirdSector => PartyKind::CompetentAuthority,
            _ => PartyKind::ThirdSector,
        };
        let unusual = !usual.kinds.contains(&odd.kind);
        assert_eq!(said(&joined(&odd)).contains(&"W-SECTOR"), unusual, "{sector:?}");
    }
    let police = drafted(Sector::Police);
    assert_eq!(police.regime, Regime::Part3AndUkGdpr);
    let bare = Party { regime: Regime::UkGdpr, ..police };
    assert_eq!(said(&joined(&bare)), ["W-SECTOR"], "law enforcement has its own regime");
}

#[test]
fn a_commercial_provider_is_a_processor_unless_it_is_declared_otherwise() {
    let draft = Sector::CommercialProvider.draft(&word(ID));
    assert!(draft.contains("[[processor]]") && !draft.contains("[[party]]"), "{draft}");
    let provider = Party {
        kind: PartyKind::Independent,
        sector: Some(Sector::CommercialProvider),
        ..drafted(Sector::IndependentSector)
    };
    assert_eq!(said(&joined(&provider)), ["E-SUPPLIER"]);
    let blank = Party { controller_because: Some(" ".to_owned()), ..provider.clone() };
    assert_eq!(said(&joined(&blank)), ["E-SUPPLIER"]);
    let why = "It runs the alarm service itself and answers to its customers for it.";
    let declared = Party { controller_because: Some(why.to_owned()), ..provider };
    let entries = joined(&declared);
    assert_eq!(said(&entries), Vec::<&str>::new());
    assert!(receives(&entries, &declared));
    assert!(entries[2].instrument.canonical_json().contains(why), "the reason is signed");
}
