//! A plan as the `CarePlan` that a signed form becomes: goals, actions, and what was said beside
//! them, each with what was typed into which field of which form.

use super::common::{
    address, all, copy, extended, extension, identifier, named, origin, read_origin,
};
use super::{FORM, QUESTION, Wrong};
use crate::{Node, Object};

/// Fields that are texts in both, under the same name.
const SAME: &[(&str, &str)] = &[("status", "status"), ("title", "title"), ("created", "created")];
/// Fields of an action.
const DETAIL: &[(&str, &str)] =
    &[("status", "status"), ("text", "description"), ("when", "scheduledString")];

pub(super) fn write(made: Object, said: Node<'_>) -> Object {
    let goals = said.get("goals").items();
    let goals = goals.map(|goal| beside(goal).set("display", goal.get("text").text()));
    let actions = said.get("actions").items().map(|action| {
        let code = Object::new().set("text", action.get("what").text());
        let who = named(action.get("who").text());
        let detail = copy(Object::new(), action, DETAIL).set("code", code).push("performer", who);
        beside(action).set("detail", detail)
    });
    let notes = said.get("notes").items();
    let notes = notes.map(|note| beside(note).set("text", note.get("text").text()));
    copy(made.set("intent", "plan"), said, SAME)
        .push("identifier", identifier(said.get("id")))
        .set("author", named(said.get("author").text()))
        .extend("goal", goals)
        .extend("activity", actions)
        .extend("note", notes)
}

/// What stands beside something as extensions: the question, and each field with its origin.
fn beside(of: Node<'_>) -> Object {
    let question = of.get("question").text().map(|asked| extension(QUESTION, asked).into());
    let fields = of.get("fields").items().flat_map(|one| {
        let text = |name: &str| one.get(name).text().unwrap_or_default();
        let typed = extension(&address(text("form"), text("field")), text("text")).into();
        std::iter::once(typed).chain(origin(text("field"), one.get("from")))
    });
    Object::new().extend("extension", question.into_iter().chain(fields))
}

pub(super) fn read(made: Object, from: Node<'_>) -> Result<Object, Vec<Wrong>> {
    let goals = from.get("goal").items().enumerate().map(|(at, goal)| {
        let says = "write the goal out: a plan does not lead to goals elsewhere";
        let text = goal.get("display").text();
        let text = text.ok_or_else(|| Wrong::at(&format!("/goal/{at}"), says))?;
        Ok(read_beside(Object::new().set("text", text), goal))
    });
    let actions = from.get("activity").items().enumerate().map(|(at, activity)| {
        let detail = activity.get("detail");
        let says = "write the action out: a plan does not lead to actions elsewhere";
        let what = detail.get("code").words().or_else(|| detail.get("description").text());
        let what = what.ok_or_else(|| Wrong::at(&format!("/activity/{at}"), says))?;
        let back: Vec<_> = DETAIL.iter().map(|(here, there)| (*there, *here)).collect();
        let who: Vec<_> = detail.get("performer").items().filter_map(Node::words).collect();
        let made = copy(Object::new().set("what", what), detail, &back).set("who", who.join("; "));
        Ok(read_beside(made, activity))
    });
    let notes = from.get("note").items().map(|note| {
        let made = Object::new().set("question", extended(note, QUESTION));
        Ok(read_beside(made.set("text", note.get("text").text()), note))
    });
    let made = copy(made.set("id", identifier(from.get("identifier"))), from, SAME)
        .set("author", from.get("author").words());
    all(all(all(made, "goals", goals)?, "actions", actions)?, "notes", notes)
}

/// What was typed, and where it was given first: that follows it.
fn read_beside(made: Object, from: Node<'_>) -> Object {
    let all: Vec<_> = from.get("extension").items().collect();
    let fields = all.iter().enumerate().filter_map(|(at, one)| {
        let (form, field) = one.get("url").text()?.strip_prefix(FORM)?.split_once('#')?;
        let text = one.get("valueString").text()?;
        let made = Object::new().set("form", form).set("field", field).set("text", text);
        let after = all.get(at + 1).copied().unwrap_or_default();
        Some(made.set("from", read_origin(after, field)))
    });
    made.extend("fields", fields)
}
