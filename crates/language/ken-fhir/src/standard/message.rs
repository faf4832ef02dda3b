//! A message as the `DocumentReference` that is filed of one, whichever way it comes.

use super::common::{all, copy, identifier, named};
use super::{CODES, Wrong};
use crate::{Node, Object, attachment, coding};

/// Fields that are texts in both, under their names there and here.
const SAME: &[(&str, &str)] =
    &[("status", "status"), ("state", "docStatus"), ("written", "date"), ("title", "description")];
/// How a message stands to another one: the field, and FHIR's code.
const RELATES: [(&str, &str); 2] = [("replaces", "replaces"), ("addsTo", "appends")];

pub(super) fn write(made: Object, said: Node<'_>) -> Object {
    let kind = coding(&format!("{CODES}document"), said.get("kind").text(), "");
    let made = copy(made, said, SAME)
        .set("masterIdentifier", identifier(said.get("id")))
        .set("type", Object::new().push("coding", kind))
        .extend("author", said.get("authors").items().map(|one| named(one.text())))
        .set("custodian", named(said.get("sender").text()));
    let made = RELATES.iter().fold(made, |made, (field, code)| {
        let target = identifier(said.get(field));
        if target.is_empty() {
            return made;
        }
        let target = Object::new().set("identifier", target);
        made.push("relatesTo", Object::new().set("code", *code).set("target", target))
    });
    let sections: Vec<_> = said.get("sections").items().collect();
    let made = if sections.is_empty() {
        // FHIR asks for a content, be it empty.
        let title = said.get("title").text().or(said.get("kind").text());
        let empty = Object::new().set("title", title);
        made.push("content", Object::new().set("attachment", empty))
    } else {
        made.extend("content", sections.into_iter().map(content))
    };
    let period = copy(Object::new(), said.get("happened"), &[("from", "start"), ("until", "end")]);
    made.set("context", Object::new().set("period", period))
}

fn content(section: Node<'_>) -> Object {
    let text = |name: &str| section.get(name).text().unwrap_or_default();
    Object::new().set("attachment", attachment(text("heading"), text("text")))
}

pub(super) fn read(made: Object, from: Node<'_>) -> Result<Object, Vec<Wrong>> {
    let back: Vec<_> = SAME.iter().map(|(here, there)| (*there, *here)).collect();
    let system = format!("{CODES}document");
    let mut kinds = from.get("type").get("coding").items();
    let kind = kinds.find(|one| one.get("system").text() == Some(&system)).unwrap_or_default();
    let made = copy(made.set("id", identifier(from.get("masterIdentifier"))), from, &back)
        .set("kind", kind.get("code").text())
        .extend("authors", from.get("author").items().filter_map(Node::words))
        .set("sender", from.get("custodian").words());
    let made = RELATES.iter().fold(made, |made, (field, code)| {
        let mut related = from.get("relatesTo").items();
        let found = related.find(|one| one.get("code").text() == Some(*code)).unwrap_or_default();
        made.set(field, identifier(found.get("target").get("identifier")))
    });
    let period = from.get("context").get("period");
    let happened = copy(Object::new(), period, &[("start", "from"), ("end", "until")]);
    let made = made.set("happened", happened);
    let contents = from.get("content").items().enumerate().filter_map(section);
    all(made, "sections", contents)
}

/// The text of an attachment under its heading; none of one that is empty.
fn section((at, content): (usize, Node<'_>)) -> Option<Result<Object, Wrong>> {
    let attached = content.get("attachment");
    if !attached.get("data").is_some() && !attached.get("url").is_some() {
        return None;
    }
    let text = attached.attached_text();
    let place = format!("/content/{at}/attachment");
    let says = "send it apart: a message holds text alone";
    let made = Object::new().set("heading", attached.get("title").text());
    Some(text.map(|text| made.set("text", text)).ok_or_else(|| Wrong::at(&place, says)))
}
