//! An assessment as the `QuestionnaireResponse` that a signed form becomes.

use super::common::{all, copy, extended, extension, identifier, named, origin, read_origin};
use super::{DISPLAY, Wrong};
use crate::{Node, Object};

/// Fields that are texts in both, under their names there and here.
const SAME: &[(&str, &str)] =
    &[("form", "questionnaire"), ("status", "status"), ("authored", "authored")];
/// What each question and section says of itself.
const ITEM: &[(&str, &str)] = &[("id", "linkId"), ("question", "text")];
/// The section that a question outside of sections stands in.
const SECTION: &[(&str, &str)] = &[("id", "linkId"), ("title", "text")];

pub(super) fn write(made: Object, said: Node<'_>) -> Object {
    let title = said.get("title").text().map(|title| extension(DISPLAY, title));
    let sections = said.get("sections").items().map(|section| {
        let answers = section.get("answers").items().map(item);
        copy(Object::new(), section, SECTION).extend("item", answers)
    });
    copy(made, said, SAME)
        .set("_questionnaire", Object::new().extend("extension", title))
        .set("identifier", identifier(said.get("id")))
        .set("author", named(said.get("author").text()))
        .extend("item", sections)
}

fn item(one: Node<'_>) -> Object {
    let choice = one.get("choice");
    let choice = copy(Object::new(), choice, &[("code", "code"), ("words", "display")]);
    let value = copy(Object::new(), one, &[("text", "valueString"), ("day", "valueDate")])
        .set("valueCoding", choice);
    let from = origin(one.get("id").text().unwrap_or_default(), one.get("from"));
    copy(Object::new(), one, ITEM).push("answer", value).extend("extension", from)
}

pub(super) fn read(made: Object, from: Node<'_>) -> Result<Object, Vec<Wrong>> {
    let back: Vec<_> = SAME.iter().map(|(here, there)| (*there, *here)).collect();
    let made = copy(made.set("id", identifier(from.get("identifier"))), from, &back)
        .set("title", extended(from.get("_questionnaire"), DISPLAY))
        .set("author", from.get("author").words());
    let sections = from.get("item").items().enumerate().map(|(at, section)| {
        let place = format!("/item/{at}");
        if section.get("answer").is_some() {
            return Err(Wrong::at(&place, "put the answer into a section"));
        }
        let made = copy(Object::new(), section, &[("linkId", "id"), ("text", "title")]);
        let answers = section.get("item").items().enumerate();
        let answers = answers.map(|(at, one)| answer(&format!("{place}/item/{at}"), one));
        Ok(made.extend("answers", answers.collect::<Result<Vec<_>, _>>()?))
    });
    all(made, "sections", sections)
}

/// A question with its answer, which is one text, day or choice.
fn answer(place: &str, one: Node<'_>) -> Result<Object, Wrong> {
    let answers: Vec<_> = one.get("answer").items().collect();
    let wrong = |says: &str| Wrong::at(place, says);
    let [value] = answers.as_slice() else { return Err(wrong("give one answer")) };
    if one.get("item").is_some() || value.get("item").is_some() {
        return Err(wrong("put no questions below a question"));
    }
    let made = copy(Object::new(), one, &[("linkId", "id"), ("text", "question")]);
    let (text, day) = (value.get("valueString").text(), value.get("valueDate").text());
    let coding = value.get("valueCoding");
    let choice = copy(Object::new(), coding, &[("code", "code"), ("display", "words")]);
    if text.is_none() && day.is_none() && choice.is_empty() {
        return Err(wrong("answer by a text, a day or a choice"));
    }
    let made = made.set("text", text).set("day", day).set("choice", choice);
    let field = one.get("linkId").text().unwrap_or_default();
    Ok(made.set("from", read_origin(one.get("extension"), field)))
}
