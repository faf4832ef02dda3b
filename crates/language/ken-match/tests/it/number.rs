//! A further number of a person: what it joins, and what it must not.

use ken_match::{
    Field, Index, Model, Options, Pattern, Row, Rule, Scorer, compare, finish, pattern, train,
};

use crate::people::{self, table};

const ANN: Row<'_> = Row { number: "QQ 12 34 56 C", ..people::ANN };

/// Who is whose among four hundred strangers, by the shipped model and by one that is learnt.
fn people(rows: &[Row<'_>]) -> [Vec<u32>; 2] {
    let strangers: Vec<[String; 4]> = (0..400)
        .map(|n| {
            let born = format!("{}-{:02}-{:02}", 1930 + n % 83, 1 + n % 11, 1 + n % 27);
            let name = |salt: u32| format!("x{}", (n * 7 + salt) * 7919);
            [name(1), name(3), born, (8_000_000 + n * 4_219).to_string()]
        })
        .collect();
    let stranger = strangers.iter().map(|[forename, surname, born, number]| Row {
        forename,
        surname,
        born,
        number,
        ..Row::default()
    });
    let all: Vec<Row<'_>> = rows.iter().copied().chain(stranger).collect();
    let (table, options) = (table(&all), Options::default());
    let shipped = Model::shipped().unwrap();
    let of = |model: Option<Model>| {
        let compared = compare(&table, &options, &|_, _| {});
        let model = model.unwrap_or_else(|| train(&table, &compared, &shipped));
        finish(&table, compared, model, &options).people.of[..rows.len()].to_vec()
    };
    [of(Some(shipped.clone())), of(None)]
}

#[test]
fn numbers_agree_nearly_agree_or_do_not() {
    let check = |number: &str, want: &str| {
        let table = table(&[ANN, Row { number, ..ANN }]);
        let level = pattern(&table, 0, 1).level(Field::Number);
        assert_eq!(pattern(&table, 1, 0).level(Field::Number), level);
        assert_eq!(Field::Number.levels()[usize::from(level)], want, "{number}");
    };
    check("qq123456c", "same");
    check("QQ123465C", "one slip");
    check("QQ12345C", "one slip");
    check("QQ123457D", "differs");
    check("not known", "missing");
    check("", "missing");
}

#[test]
fn a_number_joins_what_little_else_does() {
    // Another surname, another home: without the number two people's.
    let wed = Row { surname: "Kowalska", address: "7 Low Road", postcode: "DD1 4HN", ..ANN };
    assert_eq!(people(&[ANN, wed]), [[0, 0]; 2]);
    // In a nation another is of her forename and date of birth; so the shipped model says.
    for number in ["", "QQ 76 54 32 C"] {
        let [shipped, _] = people(&[ANN, Row { number, ..wed }]);
        assert_eq!(shipped, [0, 1]);
    }
    // Who is found by nothing but the number, among more than are compared whole.
    let names: Vec<String> = (0..2_100).map(|n| format!("a{n}b{n}")).collect();
    let rows = names.iter().map(|name| Row { forename: name, surname: name, ..Row::default() });
    let lost = Row { forename: "Nan", surname: "Kowalska", born: "1980", ..Row::default() };
    let rows: Vec<_> = rows.chain([ANN, Row { number: ANN.number, ..lost }]).collect();
    let compared = compare(&table(&rows), &Options::default(), &|_, _| {});
    let outcome = finish(
        &table(&rows),
        compared,
        Model { start: 60.0, ..Model::shipped().unwrap() },
        &Options::default(),
    );
    assert!(outcome.scored.iter().any(|link| (link.one, link.other) == (2_100, 2_101)));
    assert!(outcome.found_by.contains(&("further number", 1)));
}

#[test]
fn a_number_copied_within_a_household_joins_no_relatives() {
    let child = Row { forename: "Callum", born: "2012-01-30", sex: "M", ..ANN };
    let twin = Row { forename: "Zoe", ..child };
    let partner = Row { forename: "David", born: "1979-11-02", sex: "M", ..ANN };
    let mother = Row { born: "1951-09-12", ..ANN };
    let rows = [ANN, child, twin, partner, mother];
    let alone: Vec<u32> = (0..5).collect();
    assert_eq!(people(&rows), [alone.clone(), alone]);
    // Brothers who came to a desk one after the other.
    let one = Row { number: "70010031", middle: "J", ..child };
    let other = Row { forename: "Calvin", born: "2013-08-22", number: "70010032", ..one };
    assert_eq!(people(&[one, other]), [[0, 1]; 2]);
}

#[test]
fn rules_hold_whatever_number_is_shared() {
    let check = |b: Row<'_>, want: Option<Rule>| {
        let table = table(&[ANN, b]);
        assert_eq!(Rule::of(pattern(&table, 0, 1)), want, "{}", pattern(&table, 0, 1));
    };
    let other = "QQ 76 54 32 C";
    // Of twins each has a number: one in common speaks for one person, and a model weighs it.
    let twin = Row { forename: "Zoe", ..ANN };
    check(twin, None);
    check(Row { number: "QQ 12 34 65 C", ..twin }, Some(Rule::PossibleTwins));
    check(Row { number: other, ..twin }, Some(Rule::PossibleTwins));
    check(Row { number: "", ..twin }, Some(Rule::PossibleTwins));
    // Those of one name are who gets each other's.
    check(Row { born: "1951-09-12", ..ANN }, Some(Rule::SameNameRelative));
    check(Row { forename: "Zoe", born: "2011-02-03", ..ANN }, Some(Rule::ContradictedNumber));
    check(Row { number: other, ..ANN }, None);
    let [mine, theirs] = [1, 2].map(ken_core::identifier::Chi::impossible);
    let table = table(&[
        Row { chi: mine.reveal(), ..ANN },
        Row { chi: theirs.reveal(), ..ANN },
        Row { chi: "", nhs: "9434765919", ..ANN },
        Row { chi: "", nhs: "9990000018", ..ANN },
    ]);
    assert_eq!(Rule::of(pattern(&table, 0, 1)), Some(Rule::DifferentChi));
    assert_eq!(Rule::of(pattern(&table, 2, 3)), Some(Rule::DifferentNhs));
}

#[test]
fn what_very_many_share_is_nobodys_number() {
    let names: Vec<_> = (0..30).map(|n| format!("name{n}")).collect();
    let mut rows: Vec<Row<'_>> =
        names.iter().map(|surname| Row { surname, number: "1234567", ..Row::default() }).collect();
    let level = |rows: &[Row<'_>]| pattern(&table(rows), 0, 1).level(Field::Number);
    assert_eq!((table(&rows).report().shared, level(&rows)), ([0, 0, 30], 0));
    rows.truncate(24);
    assert_eq!((table(&rows).report().shared, level(&rows)), ([0; 3], 3));
    // Nor to the index, which counts with every write.
    let (scorer, mut index) = (Scorer::new(&Model::shipped().unwrap()), Index::new());
    let ann = Row { number: "1234567", ..ANN };
    index.put(100, &ann).unwrap();
    let told = |index: &Index| index.ask(&scorer, &ann, 1)[0].pattern.level(Field::Number);
    for (id, row) in (0..).zip(&rows[..22]) {
        index.put(id, row).unwrap();
    }
    assert_eq!(told(&index), 3);
    index.put(50, &rows[23]).unwrap();
    assert_eq!(told(&index), 0);
    index.remove(50);
    assert_eq!(told(&index), 3);
}

#[test]
fn a_model_of_before_there_were_numbers_is_what_it_was() {
    let model = Model::shipped().unwrap();
    // Its mark is part of what people signed; this is what the program before said.
    assert_eq!((model.format, model.version().as_str()), (2, "2-983e8c012ddd08be"));
    let text = model.write().unwrap();
    assert_eq!(Model::read(&text).unwrap(), model);
    assert!(!text.contains("\"number\""));
    let nine: Pattern = "9.9.4.9.8.2.0.0.0".parse().unwrap();
    assert_eq!(nine.to_string(), "9.9.4.9.8.2.0.0.0");
    let score = |text: &str| Scorer::new(&model).score(text.parse().unwrap()).bits;
    assert!(score("9.9.4.9.8.2.0.0.0.1") < score("9.9.4.9.8.2.0.0.0"));
    assert!(score("9.9.4.9.2.2.0.0.0.3") > score("9.9.4.9.2.2.0.0.0.2") + 3.0);
    assert!(score("9.9.4.9.2.2.0.0.0.2") > score("9.9.4.9.2.2.0.0.0") + 3.0);
    // A model that learnt of numbers is of another form, and reads as it was written.
    let rows: Vec<Row<'_>> = vec![ANN, ANN, Row { forename: "Bill", number: "7654321", ..ANN }];
    let table = table(&rows);
    let learnt = train(&table, &compare(&table, &Options::default(), &|_, _| {}), &model);
    assert_eq!((learnt.format, learnt.fields.len()), (3, Field::ALL.len()));
    assert_eq!(Model::read(&learnt.write().unwrap()).unwrap(), learnt);
}
