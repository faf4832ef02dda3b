//! Reading canonical JSON by name, and the one rule about two instruments: narrowing.

use serde_json::Value;

use super::{Names, end, fields_of};

/// A text by name; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a list by name; none where there is no list.
pub(super) fn strings<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// Whether a list has a text.
pub(super) fn has(value: &Value, key: &str, wanted: &str) -> bool {
    strings(value, key).any(|text| text == wanted)
}

/// The entry of a list whose id it is.
pub(super) fn named<'v>(json: &'v Value, list: &str, id: &str) -> Option<&'v Value> {
    json.get(list)?.as_array()?.iter().find(|entry| text(entry, "id") == id)
}

fn set(value: &Value, key: &str) -> Names {
    strings(value, key).map(str::to_owned).collect()
}

/// Whether a clause stays within its source and asks for as much. `early`: it may start before.
pub(super) fn narrows(
    (of, clause): (&Value, &Value),
    (above, wide): (&Value, &Value),
    early: bool,
) -> bool {
    let same = |key| text(clause, key) == text(wide, key);
    let within = |key| set(clause, key).is_subset(&set(wide, key));
    let at_least = |key| set(wide, key).is_subset(&set(clause, key));
    let words =
        |json: &Value, id: &str| json.get("attestations").and_then(|all| all.get(id)).cloned();
    let in_words = strings(wide, "attest").all(|id| words(of, id) == words(above, id));
    let ends = ["from", "to"].iter().all(|side| end_within(of, clause, above, wide, side));
    let fields = strings(clause, "categories")
        .all(|category| covered(of, clause, category).is_subset(&covered(above, wide, category)));
    text(wide, "kind") != "prohibition"
        && same("kind")
        && same("purpose")
        && (early || text(wide, "starts") <= text(clause, "starts"))
        && within("action")
        && within("categories")
        && at_least("require")
        && at_least("attest")
        && in_words
        && ends
        && fields
}

fn covered(json: &Value, clause: &Value, category: &str) -> Names {
    let mut fields = named(json, "category", category).map(fields_of).unwrap_or_default();
    if clause.get("fields").is_some() {
        fields.retain(|field| has(clause, "fields", field));
    }
    fields
}

fn end_within(of: &Value, clause: &Value, above: &Value, wide: &Value, side: &str) -> bool {
    let ((who, narrow), (whose, broad)) = (end(clause, side), end(wide, side));
    let any = has(broad, "roles", "*");
    let roles = any || set(narrow, "roles").is_subset(&set(broad, "roles"));
    if whose != "*" || who == "*own" || who == "*person" {
        return roles && who == whose;
    }
    let parties = of.get("party").and_then(Value::as_array).into_iter().flatten();
    let mut may = parties.filter(|party| match who {
        "*" => narrow.get("kinds").is_none() || has(narrow, "kinds", text(party, "kind")),
        "*referrer" => true,
        id => id == text(party, "id"),
    });
    roles
        && may.all(|party| {
            let kind = broad.get("kinds").is_none() || has(broad, "kinds", text(party, "kind"));
            let member =
                above.get("party").is_none() || named(above, "party", text(party, "id")).is_some();
            kind && member
        })
}
