//! Canonical form, identity, dates.

use jiff::civil::date;
use ken_agreement::Instrument;

use crate::shelf;

#[test]
fn the_canonical_form_reads_back_to_itself() {
    for (name, _) in shelf::TEXTS {
        let instrument = shelf::one(name);
        assert_eq!(instrument.name().to_string(), name);
        let canonical = instrument.canonical_json();
        let again = Instrument::from_canonical(&canonical).unwrap();
        assert_eq!(again, instrument, "{name}");
        assert_eq!(again.hash(), instrument.hash(), "{name}");
        assert!(!canonical.contains('\n') && !canonical.contains("\": "), "{name}: white space");
        let spaced = canonical.replacen(',', ", ", 1);
        assert!(Instrument::from_canonical(&spaced).is_err(), "{name}: two spellings");
    }
}

#[test]
fn the_identity_is_of_what_it_says_not_how_it_is_laid_out() {
    let asp = "glen-asp-concern@2.1.0";
    let hash = shelf::one(asp).hash();
    let same = |old, new| assert_eq!(shelf::changed(asp, old, new).hash(), hash, "{old} {new}");
    let other = |old, new| assert_ne!(shelf::changed(asp, old, new).hash(), hash, "{old} {new}");
    same("schema = \"isa/1\"", "# a comment\n\nschema   = 'isa/1'");
    same(
        "[\"trained:info-handling\", \"trained:asp\"]",
        "[\"trained:asp\", \"trained:info-handling\"]",
    );
    same("kind = \"routine\"\n", "kind = \"routine\"\nmodality = \"may\"\n");
    same("require = [\"sdc:phs-2.1\"]", "require = [\"sdc:phs-2.1\"]\nattest = []");
    // The same letter in two spellings of Unicode.
    let [composed, decomposed] = ["é", "e\u{301}"].map(|e| {
        let new = format!("title = \"Café{e}");
        shelf::changed(asp, "title = \"", &new).hash()
    });
    assert_eq!(composed, decomposed);
    other("Police tell the council", "Police may tell the council");
    other("2028-03-31", "2028-04-01");
    other("require = [\"age>=16\"]", "require = [\"age>=16@claimed\"]");
    other("fields = [\"name\", \"phone\"", "fields = [\"phone\"");
    assert_eq!(hash.as_str().len(), 64);
}

#[test]
fn dates_move_together() {
    let moved = shelf::one("glen-asp-concern@2.1.0").dated_from(date(2026, 11, 1));
    assert_eq!(moved.agreement.effective_from.0, date(2026, 11, 1));
    assert_eq!(moved.agreement.effective_until.unwrap().0, date(2028, 10, 31));
    assert_eq!(moved.lifecycle.review_due.0, date(2027, 11, 1));
    assert_eq!(moved.dpia.as_ref().unwrap().approved.0, date(2026, 9, 22));
    assert_ne!(moved.hash(), shelf::one("glen-asp-concern@2.1.0").hash());
    let back = moved.dated_from(date(2027, 4, 1));
    assert_eq!(back, shelf::one("glen-asp-concern@2.1.0"));
}

#[test]
fn a_time_of_day_is_no_date() {
    let text = shelf::TEXTS[4].1.replace("2027-04-01\n", "2027-04-01T10:00:00\n");
    let error = Instrument::parse(&text).unwrap_err();
    assert!(error.to_string().contains("expected a date, found a time of day"), "{error}");
}
