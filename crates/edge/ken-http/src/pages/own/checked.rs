//! An emergency access after its review: what the person reads of it.
//!
//! The review's own entry carries what it released; one of a time before it carried anything says
//! only that there was a check, and is not shown.

use jiff::Timestamp;
use jiff::civil::Date;
use ken_core::{OrganisationId, PractitionerId};
use ken_directory::practitioner;
use ken_store::Snapshot;
use serde_json::Value;

use crate::stop::Stop;
use crate::view::card::Look;
use crate::view::facts::Tone;
use crate::view::words;

/// One access that was checked.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    /// Whose practitioner opened it.
    pub(super) organisation: OrganisationId,
    role: String,
    /// Who opened it.
    by: String,
    /// Who agreed to it beforehand.
    second: Option<String>,
    /// Who agreed to it while it was open.
    agreed: Vec<String>,
    /// Why, where the reviewer lets the person read it.
    reason: Option<String>,
    /// When.
    pub(super) from: Timestamp,
    was_right: bool,
}

/// Reads the entry of a review, with the names of whom it names.
///
/// # Errors
///
/// What the registers say.
pub(super) async fn read(s: &mut Snapshot, detail: &Value) -> Result<Option<Checked>, Stop> {
    let Some(mut checked) = of(detail) else { return Ok(None) };
    let first = [Some(&mut checked.by), checked.second.as_mut()];
    for name in first.into_iter().flatten().chain(&mut checked.agreed) {
        let found = match name.parse::<PractitionerId>() {
            Ok(who) => practitioner::find(s, who).await?.map(|found| found.name),
            Err(_) => None,
        };
        *name = found.unwrap_or_else(|| "Somebody who works there".to_owned());
    }
    Ok(Some(checked))
}

/// What the entry says; the names are ids still.
fn of(detail: &Value) -> Option<Checked> {
    let released = detail.get("released")?;
    let text = |name: &str| released.get(name).and_then(Value::as_str).map(str::to_owned);
    let agreed = released.get("agreed").and_then(Value::as_array);
    let agreed = agreed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Some(Checked {
        organisation: text("organisation")?.parse().ok()?,
        role: text("role")?,
        by: text("practitioner")?,
        second: text("second"),
        agreed: agreed.collect(),
        reason: text("reason"),
        from: text("from")?.parse().ok()?,
        was_right: detail.get("outcome")?.as_str()? == "justified",
    })
}

impl Checked {
    /// The look as a card shows it.
    pub(super) fn look(&self, organisation: String, today: Date) -> Look {
        let second = self.second.as_ref();
        let second =
            second.map(|second| format!(". {second} agreed to it first")).unwrap_or_default();
        let agreed = self.agreed.iter().map(|name| format!(". {name} agreed to it later"));
        let agreed = agreed.collect::<Vec<_>>().concat();
        let why = match &self.reason {
            Some(reason) => format!("To keep somebody safe. They wrote: {reason}"),
            None => "To keep somebody safe".to_owned(),
        };
        let (found, tone) = if self.was_right {
            ("Emergency access: checked, and it was right", Tone::Warn)
        } else {
            ("Emergency access: checked, and it was not right", Tone::Bad)
        };
        Look {
            organisation,
            who: format!("{}, {}{second}{agreed}", self.by, words::role(&self.role)),
            when: words::moment_long(self.from, today),
            why,
            what: "what the rule for emergencies covers".into(),
            rules: vec![],
            tag: Some((found.to_owned(), tone)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_checked_emergency_names_both() {
        let mut detail = json!({ "outcome": "justified", "released": {
            "organisation": "cec", "role": "sw.duty", "practitioner": "Kit", "second": "Ann",
            "reason": "The gas is on", "from": "2026-11-21T09:14:00Z" } });
        let shown = |detail: &Value| {
            let look = of(detail).unwrap().look("Glen".into(), "2026-11-22".parse().unwrap());
            format!("{} {} {} {:?}", look.who, look.when, look.why, look.tag)
        };
        let whole = shown(&detail);
        detail["released"]["agreed"] = json!(["Bob"]);
        let whole = whole + &shown(&detail);
        detail["released"].as_object_mut().unwrap().remove("agreed");
        for want in [
            "Kit",
            "Ann agreed",
            "Bob agreed to it later",
            "Yesterday",
            "The gas is on",
            "it was right",
        ] {
            assert!(whole.contains(want), "{want}: {whole}");
        }
        detail["outcome"] = json!("not-justified");
        detail["released"]["second"] = Value::Null;
        detail["released"].as_object_mut().unwrap().remove("reason");
        let kept = shown(&detail);
        assert!(kept.contains("was not right") && !kept.contains("agreed"), "{kept}");
        assert!(!kept.contains("They wrote"), "{kept}");
        assert!(of(&json!({ "outcome": "justified" })).is_none(), "of a time before");
    }
}
