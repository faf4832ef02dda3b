//! What others said about a person by word of mouth, as the person reads it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use ken_care::told::How;
use ken_core::{Category, ClauseId, OrganisationId, Purpose};
use serde_json::Value;

use crate::pages::{ask, compose};
use crate::view::card::Look;
use crate::view::facts::Tone;
use crate::view::words;

/// Whoever is of no organisation here: who it was may be about somebody else.
const OUTSIDE: &str = "somebody outside";

/// Something that was told or heard.
#[derive(Debug)]
pub(super) struct Spoken {
    organisation: OrganisationId,
    role: String,
    purpose: Purpose,
    /// When it was said.
    pub(super) at: Timestamp,
    categories: BTreeSet<Category>,
    /// The clauses that covered it.
    pub(super) clauses: BTreeSet<ClauseId>,
    is_heard: bool,
    how: How,
    with: Option<OrganisationId>,
}

/// Reads the detail of an entry; none where it is of no talk.
pub(super) fn read(detail: &Value) -> Option<Spoken> {
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let kinds = |of: &Value| -> Vec<Category> {
        let words = of.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let mut categories = BTreeSet::from_iter(kinds(detail.get("uncovered")?));
    let mut clauses = BTreeSet::new();
    for source in detail.get("from")?.as_object()?.values() {
        for (clause, of) in source.get("clauses").and_then(Value::as_object).into_iter().flatten() {
            clauses.extend(clause.parse::<ClauseId>().ok());
            categories.extend(kinds(of));
        }
    }
    let with = detail.get("with")?.get("organisation").and_then(Value::as_str);
    Some(Spoken {
        organisation: text("organisation")?.parse().ok()?,
        role: text("role")?.to_owned(),
        purpose: text("purpose")?.parse().ok()?,
        at: text("said")?.parse().ok()?,
        categories,
        clauses,
        is_heard: text("told")? == "heard",
        how: How::of_code(text("how")?)?,
        with: with.and_then(|with| with.parse().ok()),
    })
}

impl Spoken {
    /// As a card, with the clauses in words.
    pub(super) fn look(
        &self,
        names: &ask::Names,
        rules: Vec<(String, Option<String>)>,
        today: Date,
    ) -> Look {
        let what: Vec<_> = self.categories.iter().map(words::category_plain).collect();
        let with = match &self.with {
            Some(with) => compose::name_of(names, with),
            None => OUTSIDE.to_owned(),
        };
        let (way, how) = (if self.is_heard { "Heard from" } else { "Told to" }, by(self.how));
        Look {
            organisation: compose::name_of(names, &self.organisation),
            who: words::role(&self.role),
            when: words::moment_long(self.at, today),
            why: words::purpose_plain(&self.purpose),
            what: what.join(", "),
            rules,
            tag: Some((format!("{way} {with}, {how}"), Tone::Good)),
        }
    }
}

const fn by(how: How) -> &'static str {
    match how {
        How::Telephone => "by phone",
        How::FaceToFace => "face to face",
        How::Video => "by video call",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_said_is_read_with_whom_how_and_under_which_rule() {
        let mut detail = json!({
            "told": "told", "how": "telephone", "said": "2026-11-23T10:00:00Z",
            "organisation": "practice", "role": "gp.doctor", "practitioner": "x",
            "purpose": "direct-care",
            "with": { "organisation": "cec", "role": "sw.duty", "outside": "" },
            "from": { "practice": { "clauses": { "glen-direct-care@1#D6": ["care-plan"] } } },
            "uncovered": [],
        });
        let names: ask::Names = [("cec", "Glen Council"), ("practice", "Glen Medical Practice")]
            .map(|(id, name)| (id.parse().unwrap(), name.to_owned()))
            .into();
        let today = jiff::civil::date(2026, 11, 23);
        let look = |detail: &Value| read(detail).unwrap().look(&names, vec![], today);
        let shown = look(&detail);
        assert_eq!(shown.organisation, "Glen Medical Practice");
        assert_eq!(shown.tag.unwrap().0, "Told to Glen Council, by phone");
        assert!(shown.rules.is_empty() && shown.when.starts_with("Today"));
        detail["told"] = json!("heard");
        detail["how"] = json!("face-to-face");
        detail["uncovered"] = json!(["criminal"]);
        detail["with"] = json!({ "organisation": null, "role": null, "outside": "Her sister" });
        let shown = look(&detail);
        let tag = shown.tag.unwrap().0;
        assert_eq!(tag, "Heard from somebody outside, face to face", "nobody is named");
        assert!(read(&json!({ "closed": "x" })).is_none(), "an answer of governance is no talk");
    }
}
