//! A list gets the numbers of a register, where one person is sure and nobody else is likely.

use ken_core::identifier::{CheckRule, Chi};
use ken_match::{Doubt, Index, Loading, Model, Row, Scorer, Seeding, Written, seed};

use crate::people;

/// A number of a date, as a test makes it: the first that passes by modulus 11.
fn number(date: &str) -> String {
    let all = (0..10_000).map(|n| format!("{date}{n:04}"));
    let passes = |text: &String| Chi::parse(text).is_ok_and(|chi| chi.rule() == CheckRule::Mod11);
    all.into_iter().find(passes).unwrap()
}

const ANN: Row<'static> = Row {
    middle: "Jane",
    surname: "Kowalska",
    born: "1980-02-03",
    address: "12 High Street",
    ..people::ANN
};

/// A register of three hundred, with Ann, her twin, and two of one name.
fn register(anns: &str) -> Index {
    let mut loading = Loading::new();
    for n in 0..300u128 {
        let (name, day) =
            (format!("Fam{}x{}", n % 17, n), format!("19{:02}-05-{:02}", n % 90, 1 + n % 28));
        let row = Row { forename: "Fiona", surname: &name, born: &day, ..Row::default() };
        loading.push(n, &row).unwrap();
    }
    let zoe = number("030280");
    loading.push(1_000, &Row { chi: anns, ..ANN }).unwrap();
    let other = (0..10_000).map(|n| format!("030280{n:04}"));
    let twin = other.into_iter().find(|text| *text != zoe && Chi::parse(text).is_ok()).unwrap();
    let twin = Row { forename: "Zofia", middle: "Maria", chi: &twin, ..ANN };
    loading.push(1_001, &twin).unwrap();
    let same = Row { forename: "Hamish", surname: "Wylie", born: "1975-06-07", ..ANN };
    loading.push(1_002, &same).unwrap();
    loading.push(1_003, &same).unwrap();
    loading.close()
}

#[test]
fn one_who_is_sure_gets_a_number_and_the_rest_goes_to_a_human() {
    let scorer = Scorer::new(&Model::shipped().unwrap());
    let anns = number("030280");
    let register = register(&anns);
    let check = |row: Row<'_>, want: Result<u128, Doubt>| {
        let got = match seed(&register, &scorer, &row) {
            Seeding::Sure(of) => {
                assert!(of.probability >= ken_match::SURE && of.rule.is_none());
                Ok(of.id)
            }
            Seeding::Doubt(why, shown) => {
                assert!(why != Doubt::Nobody || shown.is_empty());
                assert!(![Doubt::Unsure, Doubt::Several].contains(&why) || !shown.is_empty());
                Err(why)
            }
        };
        assert_eq!(got, want);
    };
    check(ANN, Ok(1_000));
    check(Row { forename: "Anne", surname: "KOWALSKA ", ..ANN }, Ok(1_000));
    // Her own number, and what a spreadsheet left of it.
    check(Row { chi: &anns, ..ANN }, Ok(1_000));
    check(Row { chi: &anns[1..], ..ANN }, Ok(1_000));
    // Nobody, the first name of neither twin, and two who are alike in everything.
    check(
        Row { forename: "Eve", surname: "Nobody", born: "1931-01-09", ..Row::default() },
        Err(Doubt::Nobody),
    );
    check(Row { forename: "Barbara", middle: "", ..ANN }, Err(Doubt::Unsure));
    let wylie = Row { forename: "Hamish", surname: "Wylie", born: "1975-06-07", ..ANN };
    check(wylie, Err(Doubt::Several));
    // A digit that is wrong, and a number that is another's.
    let last = if anns.ends_with('0') { "1" } else { "0" };
    let wrong = format!("{}{last}", &anns[..9]);
    let wrong = if Chi::parse(&wrong).is_ok() { format!("{}7", &anns[..9]) } else { wrong };
    check(Row { chi: &wrong, ..ANN }, Err(Doubt::BadNumber));
    check(Row { chi: &number("041190"), ..ANN }, Err(Doubt::OtherNumber));
}

#[test]
fn which_check_passed_is_told_and_a_lost_zero_is_known_by_the_date() {
    let check = |chi: &str, born: &str, want| assert_eq!(Written::of(chi, born), want, "{born}");
    let whole = number("030280");
    check("", "1980-02-03", Written::Missing);
    check(" \0", "1980-02-03", Written::Missing);
    check(&whole, "1980-02-03", Written::Valid(CheckRule::Mod11));
    check("390200 0003", "", Written::Valid(CheckRule::Mod10));
    check(&whole[1..], "1980-02-03", Written::LostZero(CheckRule::Mod11));
    check(&whole[1..], "1980-02-04", Written::Bad);
    check(&whole[1..], "", Written::Bad);
    check(&whole[2..], "1980-02-03", Written::Bad);
    check("not known", "1980-02-03", Written::Bad);
}
