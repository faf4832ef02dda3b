//! Data types: what a field of HL7 v2 is as an element of FHIR.
//!
//! Each takes a part that may be empty and gives an object that may be empty, which the maker of
//! the resource then leaves out.
//!
//! # Sources
//!
//! - HL7 v2.8 chapter 2A; HL7/v2-to-fhir data type maps (Apache-2.0).

use ken_fhir::{DateTime, Object, coding, reference_by};

use super::table;
use crate::{Dtm, Part};

/// A piece of text, empty where there is none.
pub(crate) fn text(part: Part<'_>) -> String {
    part.value().unwrap_or_default()
}

/// What a field marks that says whether something is protected: anything but a plain no does, so
/// that no sender's own word for yes lifts a mark.
pub(crate) fn marked(part: Part<'_>) -> Vec<&'static str> {
    let is_open = ["", "N", "NO", "0"].contains(&text(part).to_ascii_uppercase().as_str());
    if is_open { Vec::new() } else { vec!["restricted"] }
}

/// A date and time, if it is one.
pub(crate) fn moment(part: Part<'_>) -> Option<DateTime> {
    Dtm::parse(&part.text()).ok().map(|dtm| dtm.to_fhir())
}

/// A date and time as the text that FHIR has.
pub(crate) fn when(part: Part<'_>) -> Option<String> {
    moment(part).map(|moment| moment.to_string())
}

/// Words, empty where there are none; separators that nobody escaped are part of them.
pub(crate) fn words(part: Part<'_>) -> String {
    part.words().unwrap_or_default()
}

/// CWE, CE, CNE: up to two codings and the text that people read.
pub(crate) fn concept(part: Part<'_>) -> Object {
    if !part.is_valued() {
        return Object::new();
    }
    let part = part.one();
    let one = |code: usize, display: usize, system: usize| {
        let (code, display) = (text(part.component(code)), words(part.component(display)));
        let named = part.component(system);
        let system = if code.is_empty() || named.is_empty() {
            String::new()
        } else {
            table::code_system(&text(named))
        };
        coding(&system, code, display)
    };
    let read = [9, 2, 5, 1].into_iter().find_map(|number| part.component(number).words());
    Object::new().push("coding", one(1, 2, 3)).push("coding", one(4, 5, 6)).set("text", read)
}

/// CWE of a table of HL7, whose name senders leave out.
pub(crate) fn concept_of(part: Part<'_>, table_number: &str) -> Object {
    if part.is_empty() {
        return Object::new();
    }
    if part.component(3).is_valued() || !part.component(1).is_valued() {
        return concept(part);
    }
    let (code, display) = (text(part.component(1)), words(part.component(2)));
    let read = if display.is_empty() { code.clone() } else { display.clone() };
    let system = format!("{}{table_number}", table::V2);
    Object::new().push("coding", coding(&system, code, display)).set("text", read)
}

/// XPN: a name.
pub(crate) fn name(part: Part<'_>) -> Object {
    if !part.is_valued() {
        return Object::new();
    }
    let family = part.component(1);
    let own = [2, 1].map(|number| text(family.subcomponent(number)));
    let family = own.join(" ").trim().to_owned();
    let given = [2, 3].map(|number| text(part.component(number)));
    let given: Vec<&str> = given.iter().flat_map(|names| names.split_whitespace()).collect();
    if family.is_empty() && given.is_empty() {
        return Object::new();
    }
    Object::new()
        .set("use", table::name_use(&text(part.component(7))))
        .set("family", family)
        .extend("given", given)
        .push("prefix", text(part.component(5)))
        .push("suffix", text(part.component(4)))
        .push("suffix", text(part.component(6)))
        .set("period", period(part.component(12), part.component(13)))
}

/// From and until.
pub(crate) fn period(start: Part<'_>, end: Part<'_>) -> Object {
    if start.is_empty() && end.is_empty() {
        return Object::new();
    }
    Object::new().set("start", when(start)).set("end", when(end))
}

/// XAD: an address.
pub(crate) fn address(part: Part<'_>) -> Object {
    if !part.is_valued() {
        return Object::new();
    }
    let kind = text(part.component(7));
    let made = Object::new()
        .push("line", street(part.component(1)))
        .push("line", words(part.component(2)))
        .push("line", words(part.component(8)))
        .set("city", words(part.component(3)))
        .set("district", words(part.component(9)))
        .set("state", words(part.component(4)))
        .set("postalCode", text(part.component(5)))
        .set("country", text(part.component(6)));
    if made.is_empty() {
        return made;
    }
    made.set("use", table::address_use(&kind))
        .set("type", (kind == "M").then_some("postal"))
        .set("period", period(part.component(13), part.component(14)))
}

/// SAD: the whole line, or a street and a number in it; or words with an `&` among them.
fn street(part: Part<'_>) -> String {
    let at = |number| text(part.subcomponent(number));
    if part.raw().contains("& ") || part.raw().contains(" &") {
        return words(part);
    }
    let line = at(1);
    if line.is_empty() { [at(3), at(2)].join(" ").trim().to_owned() } else { line }
}

/// XTN: a telephone number or the like. `usual` is its use where the field does not say.
pub(crate) fn contact(part: Part<'_>, usual: &str) -> Object {
    if !part.is_valued() {
        return Object::new();
    }
    let at = |number| text(part.component(number));
    let (equipment, usage) = (at(3), at(2));
    let value = [12, 1, 4].into_iter().find_map(|number| part.component(number).value());
    let value = value.unwrap_or_else(|| dialled(part));
    if value.is_empty() {
        return Object::new();
    }
    let system = table::contact_system(&equipment).or_else(|| table::contact_system(&usage));
    let system = system.unwrap_or(if value.contains('@') { "email" } else { "phone" });
    let mobile = equipment.eq_ignore_ascii_case("CP").then_some("mobile");
    let usage = mobile.or_else(|| table::contact_use(&usage)).unwrap_or(usual);
    Object::new().set("system", system).set("value", value).set("use", usage)
}

/// XTN-5 to XTN-8: country, area, number, extension.
fn dialled(part: Part<'_>) -> String {
    let at = |number| text(part.component(number));
    let (country, extension) = (at(5), at(8));
    let country = match country.as_str() {
        "" => country,
        code if code.starts_with(['+', '0']) => country,
        _ => format!("+{country}"),
    };
    let extension = if extension.is_empty() { extension } else { format!("ext. {extension}") };
    let pieces = [country, at(6), at(7), extension];
    let pieces: Vec<_> = pieces.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
    pieces.join(" ")
}

/// CX: an identifier, in the namespace of its authority or, failing that, of its sender.
pub(crate) fn identifier(part: Part<'_>, sender: &str) -> Object {
    let value = text(part.component(1));
    if value.is_empty() {
        return Object::new();
    }
    let authority = part.component(4);
    let (named, universal) = (text(authority), text(authority.subcomponent(2)));
    let kind = text(part.component(5));
    let system = table::identifier_system(&named, &universal, &kind, sender);
    let kind_system = || format!("{}0203", table::V2);
    let kind = if kind.is_empty() { Object::new() } else { coding(&kind_system(), kind, "") };
    Object::new()
        .set("type", Object::new().push("coding", kind))
        .set("system", system)
        .set("value", value)
        .set("period", period(part.component(7), part.component(8)))
        .set("assigner", Object::new().set("display", named))
}

/// EI: the identifier of a thing, in the namespace of its authority or its sender.
pub(crate) fn entity(part: Part<'_>, sender: &str) -> Object {
    let value = text(part.component(1));
    if value.is_empty() {
        return Object::new();
    }
    let (named, universal) = (text(part.component(2)), text(part.component(3)));
    let system = table::identifier_system(&named, &universal, "", sender);
    Object::new().set("system", system).set("value", value)
}

/// An identifier with a type of table 0203 or the like.
pub(crate) fn typed(identifier: Object, kind: &str, words: &str) -> Object {
    if identifier.is_empty() {
        return identifier;
    }
    let system = format!("{}0203", table::V2);
    let kind = Object::new().push("coding", coding(&system, kind, "")).set("text", words);
    identifier.set("type", kind)
}

/// XCN, CNN: a practitioner, by identifier and name.
pub(crate) fn practitioner(part: Part<'_>, sender: &str) -> Object {
    if !part.is_valued() {
        return Object::new();
    }
    let at = |number| text(part.component(number));
    let id = at(1);
    let identifier = if id.is_empty() {
        Object::new()
    } else {
        let (named, universal) = (at(9), text(part.component(9).subcomponent(2)));
        let named = if named.is_empty() { at(8) } else { named };
        let system = table::identifier_system(&named, &universal, "practitioner", sender);
        Object::new().set("system", system).set("value", id)
    };
    let words = [at(6), at(3), at(4), at(2), at(5)];
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
    reference_by("Practitioner", identifier, &words.join(" "))
}

/// XON: an organisation, by identifier and name.
pub(crate) fn organisation(part: Part<'_>, sender: &str) -> Object {
    if !part.is_valued() {
        return Object::new();
    }
    let id = [text(part.component(10)), text(part.component(3))];
    let id = id.into_iter().find(|id| !id.is_empty());
    let named = id.map(|id| {
        let authority = text(part.component(6));
        let system = table::identifier_system(&authority, "", "organisation", sender);
        Object::new().set("system", system).set("value", id)
    });
    reference_by("Organization", named.unwrap_or_default(), &words(part.component(1)))
}

/// PL: a place, as people name it.
pub(crate) fn place(part: Part<'_>) -> Object {
    if !part.is_valued() {
        return Object::new();
    }
    let at = |number| text(part.component(number));
    let said = at(9);
    let at = |number| words(part.component(number));
    let pieces = [at(1), at(2), at(3), text(part.component(4))];
    let pieces: Vec<&str> =
        pieces.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
    let words = if said.is_empty() { pieces.join(", ") } else { said };
    Object::new().set("display", words)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::Message;

    use super::*;

    fn made(field: &str, make: impl Fn(Part<'_>) -> Object) -> String {
        let text = format!("MSH|^~\\&|A\rZZZ|{field}");
        let message = Message::parse(text.as_bytes()).unwrap();
        Value::from(make(message.field("ZZZ", 1))).to_string()
    }

    #[test]
    fn names_addresses_and_numbers() {
        let check = |field: &str, make: fn(Part<'_>) -> Object, want: &str| {
            assert_eq!(made(field, make), want, "{field}");
        };
        check(
            "Bain&van&&^Morag^Ann Jean^^Mrs^^L",
            name,
            concat!(
                r#"{"use":"official","family":"van Bain","given":["Morag","Ann","Jean"],"#,
                r#""prefix":["Mrs"]}"#
            ),
        );
        check("^^^^Mrs", name, "{}");
        check(
            "1 Test St^Flat 2^Testtown^GLEN^ZZ99 9ZZ^GBR^H",
            address,
            concat!(
                r#"{"line":["1 Test St","Flat 2"],"city":"Testtown","state":"GLEN","#,
                r#""postalCode":"ZZ99 9ZZ","country":"GBR","use":"home"}"#
            ),
        );
        check("^^^^^^H", address, "{}");
        check("&High St&12^^Town", address, r#"{"line":["12 High St"],"city":"Town"}"#);
        check("Flat 1 & 2^^Town", address, r#"{"line":["Flat 1 & 2"],"city":"Town"}"#);
        check(
            "1 A St^^^^^^BA^^^^^^2020^2021",
            address,
            r#"{"line":["1 A St"],"use":"old","period":{"start":"2020","end":"2021"}}"#,
        );
        let born = r#"{"city":"Oban","use":"old"}"#;
        check("^^Oban^^^^BDL", address, born);
        let home = |part: Part<'_>| contact(part, "home");
        check(
            "^WPN^PH^^^0131^496 0001^22",
            home,
            r#"{"system":"phone","value":"0131 496 0001 ext. 22","use":"work"}"#,
        );
        check("01592 1^HOME", home, r#"{"system":"phone","value":"01592 1","use":"home"}"#);
        check(
            "^PRS^CP^^44^7700^900001",
            home,
            r#"{"system":"phone","value":"+44 7700 900001","use":"mobile"}"#,
        );
        check(
            "^NET^Internet^a@b.example",
            home,
            r#"{"system":"email","value":"a@b.example","use":"home"}"#,
        );
        check("^WPN", home, "{}");
    }

    #[test]
    fn codes_people_and_places() {
        let check = |field: &str, make: fn(Part<'_>) -> Object, want: &str| {
            assert_eq!(made(field, make), want, "{field}");
        };
        check(
            "J18.9^Pneumonia^ICD10",
            concept,
            concat!(
                r#"{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"J18.9","#,
                r#""display":"Pneumonia"}],"text":"Pneumonia"}"#
            ),
        );
        check(
            "^Chest pain",
            concept,
            r#"{"coding":[{"display":"Chest pain"}],"text":"Chest pain"}"#,
        );
        check("", concept, "{}");
        check(
            "UE^Urea & Electrolytes^LAB",
            concept,
            concat!(
                r#"{"coding":[{"system":"urn:ken:code:lab","code":"UE","#,
                r#""display":"Urea & Electrolytes"}],"text":"Urea & Electrolytes"}"#
            ),
        );
        let person = |part: Part<'_>| practitioner(part, "GLEN");
        check(
            "C006^Woolfson^Kathleen^^^Dr^^^DRNBR",
            person,
            concat!(
                r#"{"identifier":{"system":"urn:ken:id:glen:drnbr","value":"C006"},"#,
                r#""display":"Dr Kathleen Woolfson","type":"Practitioner"}"#
            ),
        );
        check("^^", person, "{}");
        check(
            "Renal^Main^Bed 1^Glen Infirmary",
            place,
            r#"{"display":"Renal, Main, Bed 1, Glen Infirmary"}"#,
        );
    }
}
