//! The index proposes what a batch would find: the same pairs, patterns and bits.
//!
//! The walks are repeatable; `KEN_TEST_SEEDS` asks for more of them.

use std::collections::BTreeMap;

use ken_match::{
    CANDIDATES_MAX, Candidate, Columns, Index, Loading, Model, Options, Row, Scorer, compare,
    finish,
};

use crate::people::Chance;

/// A record of one's own: the values in the order of [`row`].
type Values = [String; 17];

/// So many that a table of them is not compared whole.
const MANY: u64 = 2_300;

fn row(of: &Values) -> Row<'_> {
    let [forename, middle, surname, former_surname, born, sex, house, address, ..] = of;
    let [.., town, postcode, former_postcode, former_address, _, _, _, _, _] = of;
    let [.., email, phone, chi, nhs, number] = of;
    Row {
        forename,
        middle,
        surname,
        former_surname,
        born,
        sex,
        house,
        address,
        town,
        postcode,
        former_postcode,
        former_address,
        email,
        phone,
        chi,
        nhs,
        number,
        source: "",
    }
}

/// Records of few values, so that keys are shared by many, and are split, and are left out.
fn values(chance: &mut Chance) -> Values {
    let mut of = |from: &[&str]| {
        from[usize::try_from(chance.below(u64::try_from(from.len()).unwrap())).unwrap()].to_owned()
    };
    let names = ["Ann", "Anne", "William", "Bill", "Fiona", "Xiu", "J", "Mohammed", "Muhammad", ""];
    let families =
        ["Smith", "Smyth", "MacLeod", "McLeod", "Smith-Jones", "Smithjones", "Jones", ""];
    let units = ["PH1 1AA", "PH11AB", "DD1 4HN", "EH1 1AA", "EH12 5BB", "G1 1AA", ""];
    let streets = ["High Street", "High St", "Low Road", "Flat 2 3 High Street", ""];
    let forename = of(&names);
    let middle = of(&["", "Jane", "J", "Ann"]);
    let surname = of(&families);
    let former = of(&["", "", "", "", "Smith", "Jones", "Kowalska"]);
    let sex = of(&["F", "M", ""]);
    let (town, unit) = (of(&["Perth", "Dundee", ""]), of(&units));
    let (old_unit, old_home) = (of(&["", "", "", "PH1 1AA"]), of(&["", "", "", "3 High Street"]));
    let street = of(&streets);
    let chi = of(&["", "", "", "3201209996", "3902000007", "0101010101"]);
    let mut number = |below: u64| chance.below(below);
    let born = match number(12) {
        0 => String::new(),
        1 | 2 => "1990-01-01".to_owned(),
        3 => format!("19{}", 40 + number(30)),
        _ => format!("19{}-{:02}-{:02}", 40 + number(30), 1 + number(12), 1 + number(28)),
    };
    let house = (1 + number(30)).to_string();
    // One telephone belongs to a home of thousands, and tells nobody.
    let phone = match number(5) {
        0 => "0131 496 0000".to_owned(),
        1 => format!("0131 496 {:04}", number(900)),
        _ => String::new(),
    };
    let email = if number(3) == 0 { format!("a{}@x.org", number(500)) } else { String::new() };
    let nhs = if number(9) == 0 { format!("9434765{:03}", number(300)) } else { String::new() };
    // One number is a whole home's, and one that a form was filled with.
    let further = match number(6) {
        0 => "1234567".to_owned(),
        1 | 2 => format!("AB{:06}", number(700)),
        _ => String::new(),
    };
    [
        forename, middle, surname, former, born, sex, house, street, town, unit, old_unit,
        old_home, email, phone, chi, nhs, further,
    ]
}

fn all(seed: u64, many: u64) -> Vec<Values> {
    let mut chance = Chance::new(seed);
    (0..many).map(|_| values(&mut chance)).collect()
}

fn scorer() -> Scorer {
    Scorer::new(&Model::shipped().unwrap())
}

fn loaded(records: &[Values]) -> Index {
    let mut loading = Loading::new();
    for (id, of) in (0u128..).zip(records) {
        loading.push(id, &row(of)).unwrap();
    }
    loading.close()
}

/// Bits as they are stored, so that nothing is nearly equal.
fn exact(of: &Candidate) -> (u64, u64, String) {
    (of.bits.to_bits(), of.probability.to_bits(), of.pattern.to_string())
}

/// Two, or as many as `KEN_TEST_SEEDS` says.
#[expect(clippy::disallowed_methods, reason = "a setting of a test, not of the product")]
fn seeds() -> u64 {
    std::env::var("KEN_TEST_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

#[test]
fn an_index_finds_what_a_batch_finds_to_the_bit() {
    let scorer = scorer();
    for seed in 0..seeds() {
        let records = all(seed, MANY);
        let mut columns = Columns::new();
        for of in &records {
            columns.push(&row(of)).unwrap();
        }
        let table = columns.close();
        let options = Options::default();
        let compared = compare(&table, &options, &|_, _| {});
        let outcome = finish(&table, compared, Model::shipped().unwrap(), &options);
        let mut want = BTreeMap::new();
        for link in &outcome.scored {
            let told = (link.bits.to_bits(), link.probability.to_bits(), link.pattern.to_string());
            want.insert((u128::from(link.one), u128::from(link.other)), told);
        }
        assert!(want.len() > 1_000, "{}", want.len());
        let index = loaded(&records);
        let mut got = BTreeMap::new();
        for id in 0..u128::from(MANY) {
            let told = index.ask_of(&scorer, id, CANDIDATES_MAX).unwrap();
            assert!(told.len() < CANDIDATES_MAX, "{id} has {}", told.len());
            for of in told {
                let before = got.insert((id.min(of.id), id.max(of.id)), exact(&of));
                // Whoever asks, the answer is one.
                assert!(before.is_none_or(|before| before == exact(&of)));
            }
        }
        let lost: Vec<_> = want.iter().filter(|(pair, _)| !got.contains_key(*pair)).collect();
        let more: Vec<_> = got.iter().filter(|(pair, _)| !want.contains_key(*pair)).collect();
        assert!(lost.is_empty() && more.is_empty(), "{seed}: {lost:?} {more:?}");
        assert!(want == got, "{seed}");
    }
}

#[test]
fn who_is_not_in_it_yet_is_answered_as_who_is() {
    let scorer = scorer();
    let records = all(77, MANY);
    let mut index = loaded(&records);
    let mut candidates = 0;
    for (id, of) in (0u128..).zip(&records).step_by(17) {
        let inside = index.ask_of(&scorer, id, 50).unwrap();
        assert!(index.remove(id) && !index.remove(id));
        assert!(index.ask_of(&scorer, id, 50).is_none());
        let outside = index.ask(&scorer, &row(of), 50);
        assert_eq!(inside, outside, "{id}");
        // And whoever holds the other's values finds the same of the two.
        for one in &outside {
            let held = &records[usize::try_from(one.id).unwrap()];
            assert_eq!(index.weigh(&scorer, &row(of), (one.id, &row(held))), *one, "{id}");
        }
        index.put(id, &row(of)).unwrap();
        assert_eq!(index.ask_of(&scorer, id, 50).unwrap(), inside, "{id}");
        candidates += inside.len();
    }
    assert!(candidates > 300, "{candidates}");
    // A name that nobody has is in no dictionary after the question either.
    let stranger = Row { forename: "Zebedee", surname: "Smith-Quux", ..row(&records[1]) };
    let (one, other) = (index.ask(&scorer, &stranger, 9), index.ask(&scorer, &stranger, 9));
    assert_eq!(one, other);
}

#[test]
fn it_follows_every_write() {
    let scorer = scorer();
    for seed in 0..seeds() {
        let mut chance = Chance::new(seed + 900);
        let mut index = Index::new();
        let mut want: BTreeMap<u128, Values> = BTreeMap::new();
        for step in 0..1_500 {
            let id = u128::from(chance.below(600));
            if chance.below(4) == 0 {
                assert_eq!(index.remove(id), want.remove(&id).is_some());
            } else {
                let of = values(&mut chance);
                index.put(id, &row(&of)).unwrap();
                want.insert(id, of);
            }
            if step == 700 {
                assert!(index.unsettled() > 0);
                index.settle();
                assert_eq!(index.unsettled(), 0);
            }
            if step % 400 == 399 {
                let mut made = index.settled();
                assert!(index.take(&mut made) && index.unsettled() == 0);
                assert_eq!(index.len(), want.len());
            }
        }
        assert_eq!((index.len(), index.is_empty()), (want.len(), false));
        let mut fresh = Loading::new();
        for (id, of) in &want {
            fresh.push(*id, &row(of)).unwrap();
        }
        let fresh = fresh.close();
        let told = |of: &Index, id| of.ask_of(&scorer, id, 30);
        for id in 0..600 {
            assert_eq!(told(&index, id), told(&fresh, id), "{seed}: {id}");
        }
        index.settle();
        for id in (0..600).step_by(7) {
            assert_eq!(told(&index, id), told(&fresh, id), "{seed}: {id} after settling");
        }
    }
}

#[test]
fn what_was_settled_before_a_write_is_not_taken() {
    let (scorer, records) = (scorer(), all(31, 300));
    let mut index = loaded(&records);
    for write in [true, false] {
        let mut made = index.settled();
        if write {
            index.put(900, &row(&records[3])).unwrap();
        } else {
            assert!(index.remove(900));
        }
        let before = index.ask_of(&scorer, 3, 50).unwrap();
        assert!(!index.take(&mut made), "it would lose what was written");
        assert_eq!(index.ask_of(&scorer, 3, 50).unwrap(), before);
    }
}

#[test]
fn what_all_have_floods_nobody_and_the_best_come_first() {
    let scorer = scorer();
    let mut loading = Loading::new();
    let same = Row { forename: "Ann", surname: "Smith", born: "1990-01-01", ..Row::default() };
    for id in 0..3_000u128 {
        loading.push(id, &same).unwrap();
    }
    let own = Row { postcode: "EH1 1AA", address: "1 High St", ..same };
    for id in 5_000..5_150u128 {
        loading.push(id, &own).unwrap();
    }
    let index = loading.close();
    assert_eq!(index.ask(&scorer, &same, 10), Vec::new());
    let told = index.ask(&scorer, &own, 1_000);
    assert_eq!(told.len(), CANDIDATES_MAX);
    assert!(told.is_sorted_by(|a, b| a.probability >= b.probability));
    assert_eq!(index.ask(&scorer, &own, 3), told[..3]);
    assert_eq!(index.ask(&scorer, &Row::default(), 9), Vec::new());
    assert_eq!(Index::new().ask(&scorer, &own, 9), Vec::new());
    assert_eq!(format!("{index:?} {:?}", told[0]).matches("Ann").count(), 0);
}

#[test]
fn one_filled_anew_has_no_texts_of_those_who_are_gone() {
    let names: Vec<String> = (0..200).map(|n| format!("Name{n}")).collect();
    let of = |name| Row { forename: name, surname: "Sample", ..Row::default() };
    let mut index = Index::new();
    for name in &names {
        index.put(7, &of(name)).unwrap();
    }
    index.settle();
    let mut loading = Loading::new();
    loading.push(7, &of(&names[199])).unwrap();
    let anew = loading.close();
    assert_eq!((index.len(), anew.len()), (1, 1));
    assert!(index.texts() >= anew.texts() + 199, "{} {}", index.texts(), anew.texts());
}
