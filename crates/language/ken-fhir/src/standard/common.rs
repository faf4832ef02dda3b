//! What all four standards have: a number, whom it is about, whom to turn to, and marks.

use ken_core::PersonId;
use serde_json::Value;

use super::schema::WRONGS_MAX;
use super::{CODES, FORM, ORIGIN, PERSON, Wrong};
use crate::searchset::MODIFIERS;
use crate::{Node, Object, Resource, coding};

/// The extension that names whom to turn to.
const CONTACT: &str = "https://ken.example/StructureDefinition/standard-contact";
/// What each of those may say.
const CONTACT_PARTS: [&str; 5] = ["role", "name", "organisation", "phone", "email"];
/// How a resource refers to the person that it contains.
const CONTAINED: &str = "person";
/// What a reference to somebody whom Ken knows begins with.
const PATIENT: &str = "Patient/";
/// What says of an answer where it was given first, beside the day.
const FROM_PARTS: [&str; 3] = ["form", "author", "source"];

/// Finds, at any depth, what turns the meaning of a resource round: no standard can say it, and
/// what is left without it would say the opposite ("give penicillin"). A server may write out that
/// it turns nothing round.
pub(super) fn find_turned(value: &Value, place: &str, found: &mut Vec<Wrong>) {
    if found.len() >= WRONGS_MAX {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = format!("{place}/{name}");
                if MODIFIERS.contains(&name.as_str()) && *value != Value::Bool(false) {
                    let says = "take it out only if what is left still says the same";
                    found.push(Wrong::at(&place, says));
                } else {
                    find_turned(value, &place, found);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                find_turned(item, &format!("{place}/{at}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Begins a resource with what all documents say.
pub(super) fn begin(kind: &str, said: Node<'_>) -> Object {
    let security = said.get("marks").items().filter_map(Node::text);
    let security = security.map(|mark| coding(&label_system(), mark, ""));
    let meta = Object::new().extend("security", security);
    let made = Resource::build(kind).set("meta", meta);
    let made = with_person(made, said.get("person"));
    said.get("contacts").items().fold(made, |made, contact| {
        let parts = CONTACT_PARTS.iter().filter_map(|part| Some((part, contact.get(part).text()?)));
        let parts = parts.map(|(part, text)| extension(part, text));
        made.push("extension", Object::new().set("url", CONTACT).extend("extension", parts))
    })
}

fn label_system() -> String {
    format!("{CODES}label")
}

/// An extension of some text.
pub(super) fn extension(url: &str, text: &str) -> Object {
    Object::new().set("url", url).set("valueString", text)
}

/// The text of the extension of that name.
pub(super) fn extended<'r>(from: Node<'r>, url: &str) -> Option<&'r str> {
    let found = from.get("extension").items().find(|one| one.get("url").text() == Some(url));
    found.unwrap_or_default().get("valueString").text()
}

/// Whom Ken knows is referred to by Ken's id; anybody else stands within the resource.
fn with_person(made: Object, person: Node<'_>) -> Object {
    let numbers = || person.get("identifiers").items();
    let (name, born) = (person.get("name").text(), person.get("birthDate").text());
    let ours = numbers().find(|one| one.get("system").text() == Some(PERSON));
    let is_known = numbers().count() == 1 && name.is_none() && born.is_none();
    let id = ours.and_then(|one| one.get("value").text());
    if let Some(id) = id.filter(|id| is_known && id.parse::<PersonId>().is_ok()) {
        let reference = format!("{PATIENT}{id}");
        return made.set("subject", Object::new().set("reference", reference));
    }
    let contained = Resource::build("Patient")
        .set("id", CONTAINED)
        .extend("identifier", numbers().map(identifier))
        .push("name", Object::new().set("text", name))
        .set("birthDate", born);
    let subject = Object::new().set("reference", format!("#{CONTAINED}")).set("display", name);
    made.push("contained", contained).set("subject", subject)
}

fn read_person(from: Node<'_>) -> Object {
    let subject = from.get("subject");
    let reference = subject.get("reference").text().unwrap_or_default();
    let contained = reference.strip_prefix('#').map(|id| {
        let mut all = from.get("contained").items();
        all.find(|one| one.get("id").text() == Some(id)).unwrap_or_default()
    });
    let person = Object::new();
    if let Some(contained) = contained {
        return person
            .extend("identifiers", contained.get("identifier").items().map(identifier))
            .set("name", name(contained.get("name").first()))
            .set("birthDate", contained.get("birthDate").text());
    }
    let ours = reference.strip_prefix(PATIENT);
    let ours = ours.map(|id| Object::new().set("system", PERSON).set("value", id));
    let number = ours.unwrap_or_else(|| identifier(subject.get("identifier")));
    person.push("identifiers", number).set("name", subject.get("display").text())
}

/// A name as one text.
fn name(of: Node<'_>) -> String {
    let whole = of.get("text").text().map(str::to_owned);
    whole.unwrap_or_else(|| {
        let parts = of.get("given").items().chain([of.get("family")]);
        parts.filter_map(Node::text).collect::<Vec<_>>().join(" ")
    })
}

/// An identifier, the same in both.
pub(super) fn identifier(of: Node<'_>) -> Object {
    Object::new().set("system", of.get("system").text()).set("value", of.get("value").text())
}

/// Some text as a FHIR reference that only names.
pub(super) fn named(text: Option<&str>) -> Object {
    Object::new().set("display", text)
}

/// Adds what all documents say: the person, whom to turn to, and the marks that stand in the
/// resource and beside it.
pub(super) fn read_rest(made: Object, from: Node<'_>, marks: &[&str]) -> Object {
    let is_contact = |one: &Node<'_>| one.get("url").text() == Some(CONTACT);
    let contacts = from.get("extension").items().filter(is_contact).map(|one| {
        let parts = CONTACT_PARTS.iter().filter_map(|part| Some((part, extended(one, part)?)));
        parts.fold(Object::new(), |made, (part, text)| made.set(part, text))
    });
    let within = from.get("meta").get("security").items();
    let within = within.filter(|one| one.get("system").text() == Some(&label_system()));
    let mut all: Vec<&str> = within.filter_map(|one| one.get("code").text()).collect();
    all.extend(marks);
    let mut once: Vec<&str> = vec![];
    for mark in all {
        if !once.contains(&mark) {
            once.push(mark);
        }
    }
    made.set("person", read_person(from)).extend("contacts", contacts).extend("marks", once)
}

/// Members that are texts, under their names there and here.
pub(super) fn copy(made: Object, from: Node<'_>, pairs: &[(&str, &str)]) -> Object {
    let texts = pairs.iter().filter_map(|(there, here)| Some((here, from.get(there).text()?)));
    texts.fold(made, |made, (here, text)| made.set(here, text))
}

/// Where an answer to a field was given first, as an extension.
pub(super) fn origin(field: &str, of: Node<'_>) -> Option<Value> {
    let day = of.get("day").text()?;
    let parts = FROM_PARTS.iter().filter_map(|part| Some(extension(part, of.get(part).text()?)));
    let parts = std::iter::once(extension("field", field)).chain(parts);
    let day = Object::new().set("url", "day").set("valueDate", day);
    let parts = parts.chain([day]);
    Some(Object::new().set("url", ORIGIN).extend("extension", parts).into())
}

/// The origin of a field among extensions.
pub(super) fn read_origin(beside: Node<'_>, field: &str) -> Object {
    let of_field = |one: &Node<'_>| {
        one.get("url").text() == Some(ORIGIN) && extended(*one, "field") == Some(field)
    };
    let Some(found) = beside.items().find(of_field) else { return Object::new() };
    let said = FROM_PARTS.iter().filter_map(|part| Some((part, extended(found, part)?)));
    let made = said.fold(Object::new(), |made, (part, text)| made.set(part, text));
    let day = found.get("extension").items().find(|one| one.get("url").text() == Some("day"));
    made.set("day", day.unwrap_or_default().get("valueDate").text())
}

/// The address of a field of a form.
pub(super) fn address(form: &str, field: &str) -> String {
    format!("{FORM}{form}#{field}")
}

/// What a list holds, or what is wrong with the first thing in it.
pub(super) fn all(
    made: Object,
    key: &str,
    items: impl Iterator<Item = Result<Object, Wrong>>,
) -> Result<Object, Vec<Wrong>> {
    let items = items.collect::<Result<Vec<_>, _>>().map_err(|wrong| vec![wrong])?;
    Ok(made.extend(key, items))
}
