//! E-mail, telephone and what somebody had before.

use ken_match::{Field, Model, Options, Row, compare, finish, pattern, train};

use crate::people::{self, table};

const ANN: Row<'_> = Row { email: "ann.reid@example.org", phone: "01738 496 000", ..people::ANN };

#[test]
fn contacts_agree_as_far_as_they_are_known() {
    let check = |b: &Row<'_>, want: &str| {
        let table = table(&[ANN, *b]);
        let level = pattern(&table, 0, 1).level(Field::Contact);
        assert_eq!(pattern(&table, 1, 0).level(Field::Contact), level);
        assert_eq!(Field::Contact.levels()[usize::from(level)], want);
    };
    check(&ANN, "same e-mail");
    check(&Row { phone: "", ..ANN }, "same e-mail");
    check(&Row { email: "other@example.com", ..ANN }, "same telephone");
    check(&Row { email: "", phone: "+441738496000", ..ANN }, "same telephone");
    check(&Row { email: "ann.ried@example.org", phone: "", ..ANN }, "e-mail nearly the same");
    check(&Row { email: "zoe@other.net", phone: "01738 496 111", ..ANN }, "differs");
    check(&Row { email: "not known", phone: "", ..ANN }, "missing");
    check(&Row { email: "zoe@other.net", phone: "", ..ANN }, "differs");
}

#[test]
fn what_somebody_had_before_is_compared() {
    let check = |b: &Row<'_>, field: Field, want: &str| {
        let table = table(&[ANN, *b]);
        let level = pattern(&table, 0, 1).level(field);
        assert_eq!(field.levels()[usize::from(level)], want);
        assert_eq!(pattern(&table, 0, 1), pattern(&table, 1, 0));
    };
    let wed = Row { surname: "Kowalska", ..ANN };
    check(&wed, Field::Surname, "differs");
    check(&Row { former_surname: "Reid", ..wed }, Field::Surname, "a former name");
    let moved = Row { address: "7 Low Road", town: "Dundee", postcode: "DD1 4HN", ..ANN };
    check(&moved, Field::Place, "another area");
    check(&Row { former_postcode: "PH11AA", ..moved }, Field::Place, "a former postcode");
    check(&Row { former_address: "1 High St", ..moved }, Field::Place, "a former postcode");
    // Where nobody knows the postcode, a town says something.
    let none = Row { address: "", postcode: "", ..ANN };
    check(&none, Field::Place, "same area");
    check(&Row { town: "Pertth", ..none }, Field::Place, "same area");
    check(&Row { town: "Dundee", ..none }, Field::Place, "another area");
    check(&Row { town: "", ..none }, Field::Place, "missing");
    let apart = Row { house: "1", address: "High Street", ..ANN };
    check(&apart, Field::Place, "same house and postcode");
}

#[test]
fn what_very_many_share_is_nobodys_own() {
    let texts: Vec<_> =
        (0..30).map(|n| (format!("name{n}"), format!("own{n}@example.org"))).collect();
    let rows: Vec<Row<'_>> = texts
        .iter()
        .map(|(surname, email)| Row { surname, email, phone: ANN.phone, ..Row::default() })
        .collect();
    let table = table(&rows);
    assert_eq!(table.report().shared, [0, 30, 0]);
    let level = pattern(&table, 0, 1).level(Field::Contact);
    assert!(level != 0 && level != 3, "{level}");
}

#[test]
fn a_household_that_shares_a_telephone_stays_several_people() {
    let child = Row { forename: "Callum", born: "2012-01-30", sex: "M", email: "", ..ANN };
    let partner = Row { forename: "David", born: "1979-11-02", sex: "M", ..ANN };
    let again = Row { forename: "Annie", postcode: "DD1 4HN", address: "", phone: "", ..ANN };
    let table = table(&[ANN, child, partner, again]);
    let options = Options::default();
    let compared = compare(&table, &options, &|_, _| {});
    let model = train(&table, &compared, &Model::shipped().unwrap());
    let outcome = finish(&table, compared, model, &options);
    assert_eq!(outcome.people.of, [0, 1, 2, 0]);
}
