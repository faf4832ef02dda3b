//! What a request sends that is no form of ours.

use super::{Dice, Words};

/// What a body is said to be: a form, mostly.
pub(super) fn kind(dice: &Dice) -> &'static str {
    const OTHERS: &[&str] =
        &["application/json", "application/x-www-form-urlencoded; charset=utf-16", "", "x/\u{e9}"];
    if dice.once_in(8) { dice.one::<&str>(OTHERS) } else { "application/x-www-form-urlencoded" }
}

/// `Parameters` with words in every place, which need be no JSON.
pub(super) fn asked_in_fhir(dice: &Dice, words: &Words) -> String {
    let word = || dice.one::<String>(&words.values).clone();
    let system = dice.one(&["urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53", "urn:x", ""]);
    let born = if dice.once_in(2) { "1948-03-02".to_owned() } else { word() };
    format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"resource","resource":{{
            "resourceType":"Patient","identifier":[{{"system":"{system}","value":"{}"}}],
            "name":[{{"family":"{}","given":["{}"]}}],"birthDate":"{born}"}}}}]}}"#,
        word(),
        word(),
        word()
    )
}
