//! Alerts at the top of a person's page, and the box that says why the page may be seen.

use maud::{Markup, html};

/// How much an alert wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Somebody could come to harm; it wants action.
    Alert,
    /// Good to know before going further.
    Note,
}

/// One alert.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    /// How much it wants.
    pub(crate) weight: Weight,
    /// What it is: "child protection registration".
    pub(crate) what: String,
    /// Since when, what to do, who set it.
    pub(crate) detail: String,
}

/// How many alerts stand at the top of a page; the others are counted. Source: `ux.md` 4.3.
const SHOWN_MAX: usize = 3;

/// The alerts, the heaviest first, under their own hidden heading.
pub(crate) fn list(alerts: &[Alert]) -> Markup {
    let mut alerts: Vec<_> = alerts.iter().collect();
    alerts.sort_by_key(|alert| alert.weight == Weight::Note);
    let more = alerts.len().saturating_sub(SHOWN_MAX);
    html! {
        @if !alerts.is_empty() {
            section aria-labelledby="alerts" {
                h2 #alerts.visually-hidden { "Alerts" }
                ul.care_alerts role="list" {
                    @for alert in alerts.iter().take(SHOWN_MAX) { (one(alert)) }
                }
                @if more > 0 {
                    details.care_more {
                        summary { (more) " more" }
                        ul.care_alerts role="list" {
                            @for alert in alerts.iter().skip(SHOWN_MAX) { (one(alert)) }
                        }
                    }
                }
            }
        }
    }
}

fn one(alert: &Alert) -> Markup {
    let word = if alert.weight == Weight::Alert { "Alert" } else { "Note" };
    html! {
        li.care_alert.care_alert--note[alert.weight == Weight::Note] {
            p {
                span.care_alert__mark aria-hidden="true" {}
                b { (word) ": " (alert.what) "." } " " (alert.detail)
            }
        }
    }
}

/// "You can see this because ...": the sentence, and what follows from it.
pub(crate) fn why(because: &Markup) -> Markup {
    html! { section.care_why aria-label="Why you can see this" { (because) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn alerts_come_first_and_none_is_dropped() {
        let alert = |weight, what: &str| Alert { weight, what: what.into(), detail: "Now.".into() };
        let alerts = [
            alert(Weight::Note, "one"),
            alert(Weight::Note, "two"),
            alert(Weight::Note, "three"),
            alert(Weight::Alert, "four"),
        ];
        let shown = list(&alerts).into_string();
        rules::assert_part(&shown);
        assert!(shown.find("four") < shown.find("one"));
        assert!(shown.contains("1 more") && shown.contains("three"));
        assert_eq!(list(&[]).into_string(), "");
    }
}
