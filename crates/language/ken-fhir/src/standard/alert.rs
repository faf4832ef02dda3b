//! An alert as the `Flag` that is filed of one, whichever way it comes.

use super::CODES;
use super::common::{copy, identifier, named};
use crate::view::FLAG_DETAIL;
use crate::{Node, Object, coding};

/// The fields that are the same in both.
const SAME: &[(&str, &str)] = &[("status", "status")];

pub(super) fn write(made: Object, said: Node<'_>) -> Object {
    let kind = coding(&format!("{CODES}document"), "ALERT", "Alert");
    let code = Object::new().push("coding", kind).set("text", said.get("title").text());
    let period = Object::new();
    let period = copy(period, said, &[("from", "start"), ("until", "end")]);
    let made = copy(made, said, SAME)
        .push("identifier", identifier(said.get("id")))
        .set("code", code)
        .set("period", period)
        .set("author", named(said.get("author").text()));
    let details = said.get("details").items().filter_map(Node::text);
    details.fold(made, |made, text| made.extension(FLAG_DETAIL, "valueString", text))
}

pub(super) fn read(made: Object, from: Node<'_>) -> Object {
    let is_detail = |one: &Node<'_>| one.get("url").text() == Some(FLAG_DETAIL);
    let details = from.get("extension").items().filter(is_detail);
    let details = details.filter_map(|one| one.get("valueString").text());
    let made = copy(made.set("id", identifier(from.get("identifier"))), from, SAME)
        .set("title", from.get("code").words())
        .extend("details", details);
    let made = copy(made, from.get("period"), &[("start", "from"), ("end", "until")]);
    made.set("author", from.get("author").words())
}
