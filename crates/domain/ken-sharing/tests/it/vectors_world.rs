//! One world for two deciders: instruments with their registers, and questions about them.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::civil::Date;
use ken_agreement::status::{Register, Suspension};
use ken_agreement::{Action, Day, Instrument, InstrumentRef};
use ken_core::OrganisationId;
use ken_sharing::bundle::{Admitted, Bundle};
use ken_sharing::decide::{Ask, Bar, Facts, Fields, Outcome, RowClass, Seat, Want};
use ken_sharing::instrument::Unread;
use ken_testkit::oracle::{Case, Known, Row, Verdict};

/// The partnership's instruments that the vectors and the random cases are about.
const TEXTS: [&str; 6] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-asp-concern.toml"),
    include_str!("elder-fraud.toml"),
    include_str!("../../../../../agreements/glen-direct-care.toml"),
    include_str!("../../../../../agreements/glen-girfec.toml"),
];

/// A word of the vocabulary.
pub(crate) fn word<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no word"))
}

/// Words of the vocabulary.
pub(crate) fn words<T: FromStr + Ord>(texts: impl IntoIterator<Item: AsRef<str>>) -> BTreeSet<T> {
    texts.into_iter().map(|text| word(text.as_ref())).collect()
}

/// An instrument, and what its register says in these tests.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) instrument: Instrument,
    pub(crate) unsigned: BTreeSet<String>,
    pub(crate) suspended: bool,
    pub(crate) superseded: bool,
    /// What the register says that it has taken the place of.
    pub(crate) replaced: BTreeSet<InstrumentRef>,
    pub(crate) unsealed: bool,
    /// Whether its text cannot be read, and whether it tells what it labels then.
    pub(crate) unread: Option<bool>,
}

impl Entry {
    pub(crate) fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            unsigned: BTreeSet::new(),
            suspended: false,
            superseded: false,
            replaced: BTreeSet::new(),
            unsealed: false,
            unread: None,
        }
    }

    /// What is loaded of one whose text cannot be read.
    pub(crate) fn unread(&self) -> Option<Unread> {
        let (is_told, of) = (self.unread?, &self.instrument);
        let mut instrument = of.clone();
        (instrument.parties, instrument.clauses) = (vec![], vec![]);
        let untold = Instrument::untold(&of.name()).unwrap();
        let instrument = if is_told { instrument } else { untold };
        let Admitted { register, .. } = self.admitted();
        Some(Unread { hash: of.hash(), instrument, is_told, register })
    }

    /// As the register has it of a newer version that took the place of those it names.
    pub(crate) fn in_their_place(instrument: Instrument) -> Self {
        let replaced = instrument.lifecycle.supersedes.clone();
        Self { replaced, ..Self::new(instrument) }
    }

    /// Every party and the lead party have signed, but those named.
    pub(crate) fn signed(&self) -> BTreeSet<OrganisationId> {
        let parties = self.instrument.parties.iter().map(|party| party.id.clone());
        let all = parties.chain([self.instrument.agreement.lead_party.clone()]);
        all.filter(|id| !self.unsigned.contains(id.as_str())).collect()
    }

    pub(crate) fn admitted(&self) -> Admitted {
        let suspension =
            Suspension { party: None, from: Day(Date::MIN), until: Some(Day(Date::MAX)) };
        let register = Register {
            signed: self.signed(),
            left: BTreeMap::new(),
            suspended: self.suspended.then_some(suspension).into_iter().collect(),
            superseded: self.superseded,
            replaced: self.replaced.clone(),
            unsealed: self.unsealed,
        };
        Admitted { instrument: self.instrument.clone(), register }
    }

    fn known(&self) -> Known {
        Known {
            hash: self.instrument.hash().to_string(),
            json: serde_json::from_str(&self.instrument.canonical_json()).unwrap(),
            signed: self.signed().iter().map(ToString::to_string).collect(),
            suspended: self.suspended,
            superseded: self.superseded,
            replaced: self.replaced.iter().map(ToString::to_string).collect(),
            unsealed: self.unsealed,
        }
    }
}

/// The partnership as it stands in the vectors: the fire service is a member too.
pub(crate) fn glen(how_many: usize) -> Vec<Entry> {
    let mut all: Vec<_> =
        TEXTS.iter().take(how_many).map(|text| Instrument::parse(text).unwrap()).collect();
    let fire = all[3].party(&word("fire")).unwrap().clone();
    all[1].parties.push(fire);
    all.into_iter().map(Entry::new).collect()
}

pub(crate) fn bundle(entries: &[Entry]) -> Bundle {
    Bundle::compile(entries.iter().map(Entry::admitted)).unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn bundle_after(before: Option<&Bundle>, entries: &[Entry]) -> Bundle {
    let admitted = entries.iter().map(Entry::admitted);
    Bundle::compile_after(before, admitted).unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn world(entries: &[Entry]) -> Vec<Known> {
    entries.iter().map(Entry::known).collect()
}

/// The gate's side of a case.
pub(crate) fn asked(case: &Case) -> (Ask, Facts, Option<BTreeSet<RowClass>>) {
    let seat = |(organisation, role): &(String, Option<String>)| Seat {
        organisation: word(organisation),
        role: role.as_deref().map(word),
    };
    let fields = |fields: &Option<BTreeSet<String>>| {
        fields.as_ref().map_or(Fields::All, |fields| Fields::Only(words(fields)))
    };
    let categories = case.categories.iter().map(|(c, f)| (word(c), fields(f))).collect();
    let ask = Ask {
        sender: seat(&case.from),
        recipient: seat(&case.to),
        action: action(&case.action),
        purpose: word(&case.purpose),
        want: if case.up_to { Want::UpTo(categories) } else { Want::Exactly(categories) },
    };
    let facts = Facts {
        day: case.day,
        held: words(&case.facts),
        attested: words(&case.attested),
        referrers: words(&case.referrers),
    };
    let class = |row: &Row| RowClass {
        category: word(&row.category),
        labels: words(&row.labels),
        source: word(&row.source),
        lineage: words(&row.lineage),
    };
    let rows = case.rows.as_ref().map(|rows| rows.iter().map(class).collect());
    (ask, facts, rows)
}

pub(crate) fn action(text: &str) -> Action {
    Action::ALL.into_iter().find(|action| action.as_str() == text).unwrap()
}

/// The gate's answer, as the oracle puts it.
pub(crate) fn told(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Permit(permitted) => {
            let all = permitted.mask.iter().flat_map(|(class, covered)| {
                let row = Row {
                    category: class.category.to_string(),
                    labels: class.labels.iter().map(ToString::to_string).collect(),
                    source: class.source.to_string(),
                    lineage: class.lineage.iter().map(ToString::to_string).collect(),
                };
                covered.iter().map(move |(f, id)| ((row.clone(), f.to_string()), id.to_string()))
            });
            let offers = permitted.offers.iter().map(|(id, offer)| {
                let words = offer.statements.keys().map(ToString::to_string).collect();
                let adds = offer.adds.iter().flat_map(|(category, fields)| {
                    fields.iter().map(|field| (category.to_string(), field.to_string()))
                });
                (id.to_string(), (words, adds.collect()))
            });
            Verdict::Permit(all.collect(), offers.collect())
        }
        Outcome::Need(needed) => {
            Verdict::Need(needed.statements.keys().map(ToString::to_string).collect())
        }
        Outcome::Deny(denied) => {
            let first = denied.first().unwrap();
            let rank = match first.bar {
                Bar::Prohibited => 0,
                Bar::NoClause => 1,
                Bar::Field => 2,
                Bar::Standing => 3,
                Bar::Require => 4,
            };
            Verdict::Deny(rank, first.what.clone())
        }
    }
}
