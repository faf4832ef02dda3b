//! Bad input: a right answer or a clear report, never a flood and never a fall.

use ken_match::{Columns, Model, Options, Outcome, Row, Table, compare, finish, train};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::people::Chance;

fn table(rows: impl IntoIterator<Item = [String; 6]>) -> Table {
    let mut columns = Columns::new();
    for [forename, surname, born, postcode, chi, address] in rows {
        let (forename, surname, born) = (&*forename, &*surname, &*born);
        let (postcode, chi, address) = (&*postcode, &*chi, &*address);
        let row = Row { forename, surname, born, postcode, chi, address, ..Row::default() };
        columns.push(&row).unwrap();
    }
    columns.close()
}

fn matched(table: &Table) -> Outcome {
    let options = Options::default();
    let compared = compare(table, &options, &|_, _| {});
    let model = train(table, &compared, &Model::shipped().unwrap());
    finish(table, compared, model, &options)
}

fn texts(of: [&str; 6]) -> [String; 6] {
    of.map(str::to_owned)
}

#[test]
fn little_or_nothing_is_a_table_too() {
    let none = matched(&table([]));
    assert!(none.scored.is_empty() && none.people.of.is_empty() && none.pairs == 0);
    let one = matched(&table([texts(["Ann", "Smith", "1990-01-01", "", "", ""])]));
    assert_eq!(one.people.of, [0]);
    let blank = matched(&table((0..50).map(|_| texts([""; 6]))));
    assert_eq!((blank.scored.len(), blank.people.of.len()), (0, 50));
    assert!(blank.people.of.iter().zip(0u32..).all(|(of, at)| *of == at));
}

#[test]
fn what_all_have_joins_nobody() {
    // Everybody was born on one day, in one place, by the name of one form.
    let rows = (0..3_000).map(|_| texts(["Unknown", "Unknown", "1900-01-01", "ZZ99 3VZ", "", ""]));
    let table = table(rows);
    let outcome = matched(&table);
    assert!(outcome.pairs < 2_000_000 && outcome.left_out > 0, "{}", outcome.pairs);
    let same: Vec<_> =
        table.report().columns.iter().filter(|(_, of)| of.commonest == 3_000).collect();
    assert_eq!(same.len(), 3);
}

#[test]
fn all_on_the_first_of_january_make_no_flood() {
    let mut chance = Chance::new(4);
    let mut name = |len: usize| -> String {
        let letter = |_| char::from(b'a' + u8::try_from(chance.below(26)).unwrap());
        (0..len).map(letter).collect()
    };
    let rows = (0..40_000).map(|_| {
        let (forename, surname) = (name(5), name(7));
        [forename, surname, "1990-01-01".into(), String::new(), String::new(), String::new()]
    });
    let table = table(rows);
    let outcome = matched(&table);
    assert!(outcome.pairs < 4_000_000, "{}", outcome.pairs);
    let born = table.report().columns.iter().find(|(word, _)| *word == "born").unwrap().1;
    assert_eq!((born.commonest, born.unread), (40_000, 0));
}

#[test]
fn what_cannot_be_read_is_counted() {
    let rows = [
        texts(["Ann\0", "Sm\0ith", "not known", "much too long", "302901234", "1 High St"]),
        texts(["Ann", "Smith", "31/12/1990", "EH1 1AA", "1234567890", ""]),
    ];
    let table = table(rows);
    let of = |word: &str| table.report().columns.iter().find(|(of, _)| *of == word).unwrap().1;
    assert_eq!((of("born").unread, of("born").missing), (1, 0));
    assert_eq!((of("postcode").unread, of("chi").unread), (1, 2));
    assert_eq!((of("address").missing, table.report().short_chi), (1, 1));
    assert!(!format!("{table:?}").contains("Smith"));
}

/// Sixteen cases, the same ones each time unless `PROPTEST_RNG_SEED` asks for others.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let rng_seed = match usual.rng_seed {
        RngSeed::Random => RngSeed::Fixed(16),
        asked @ RngSeed::Fixed(_) => asked,
    };
    ProptestConfig { cases: 16, rng_seed, failure_persistence: None, ..usual }
}

/// Digits, letters, anything that can be printed, and bytes that cannot.
const TEXTS: &str = "[0-9]{0,11}|[a-dÀ-ÿ '\\-]{0,6}|\\PC{0,9}|[\\x00-\\xff]{0,5}";

proptest! {
    #![proptest_config(config())]
    #[test]
    fn no_text_makes_it_fall(rows in proptest::collection::vec(
        proptest::array::uniform6(TEXTS), 2..24))
    {
        let table = table(rows.clone());
        let outcome = matched(&table);
        prop_assert_eq!(outcome.people.of.len(), rows.len());
        for a in 0..u32::try_from(rows.len()).unwrap() {
            for b in 0..a {
                let (one, other) =
                    (ken_match::pattern(&table, a, b), ken_match::pattern(&table, b, a));
                prop_assert_eq!(one, other);
                prop_assert_eq!(one.to_string().parse(), Ok(one));
            }
        }
    }
}

/// What a form or an attacker may put into a field: control characters, letters written from right
/// to left, marks that join, very long texts, and values that are like real ones.
const HOSTILE: &str = concat!(
    r"[\x00-\x1f\x7f]{0,8}|[\u{202e}\u{200f}\u{5d0}-\u{5ea}\u{627}-\u{64a} ]{0,12}|",
    r"[e\u{301}\u{200d}]{0,9}|(a@b|@|x@y\.z){1,3}|\+44[ 0-9()]{0,14}|0{0,12}|",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|(long ){900,901}",
);

proptest! {
    #![proptest_config(config())]
    #[test]
    fn whatever_stands_in_any_field_makes_it_neither_fall_nor_join_strangers(
        rows in proptest::collection::vec(proptest::array::uniform18(HOSTILE), 2..16))
    {
        let mut columns = Columns::new();
        for of in &rows {
            let [forename, middle, surname, former_surname, born, sex, house, address, town,
                postcode, former_postcode, former_address, email, phone, chi, nhs, number, source] =
                of.each_ref().map(String::as_str);
            columns.push(&Row {
                forename, middle, surname, former_surname, born, sex, house, address, town,
                postcode, former_postcode, former_address, email, phone, chi, nhs, number, source,
            }).unwrap();
        }
        let table = columns.close();
        let outcome = matched(&table);
        prop_assert_eq!(outcome.people.of.len(), rows.len());
        for link in &outcome.scored {
            prop_assert!(link.bits.is_finite() && (0.0..=1.0).contains(&link.probability));
            prop_assert_eq!(
                ken_match::pattern(&table, link.one, link.other),
                ken_match::pattern(&table, link.other, link.one)
            );
        }
        let told = format!("{table:?}");
        prop_assert!(!told.contains("long"));
    }
}

#[test]
fn a_block_of_everybody_stays_bounded() {
    // One value in every field that a key is made of, but for the forename.
    let mut columns = Columns::new();
    for n in 0..4_000u32 {
        let forename = format!("n{n}");
        let row = Row {
            forename: &forename,
            surname: "Same",
            born: "1980-01-01",
            postcode: "EH1 1AA",
            address: "1 High Street",
            town: "Perth",
            email: "same@example.org",
            phone: "0131 496 0000",
            number: "123456789",
            former_surname: "Other",
            former_postcode: "EH1 1AB",
            former_address: "2 High Street",
            ..Row::default()
        };
        columns.push(&row).unwrap();
    }
    let table = columns.close();
    assert_eq!(table.report().shared, [4_000; 3]);
    let outcome = matched(&table);
    assert!(outcome.pairs < 8_000_000, "{}", outcome.pairs);
}
