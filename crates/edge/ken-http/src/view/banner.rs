//! The person banner: who this page is about, at the top of every page about a person.
//!
//! FAMILY in capitals, given name as it is; labels without colons; values heavier than labels;
//! "Not known", never an empty place or a question mark.
//!
//! Source: NHS Common User Interface, Patient Banner (withdrawn as a standard; its safety reasons
//! hold).

use maud::{Markup, html};

/// What the banner shows. The caller has a permit for all of it.
#[derive(Debug, Clone)]
pub(crate) struct Banner {
    /// Family name, as it is held.
    pub(crate) family: String,
    /// Given names.
    pub(crate) given: String,
    /// What the person likes to be called, where it differs.
    pub(crate) known_as: Option<String>,
    /// Label and value, most deciding first.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// "Died 3 Mar 2026 (81y)", for somebody who has died.
    pub(crate) died: Option<String>,
}

/// The banner.
pub(crate) fn show(banner: &Banner) -> Markup {
    html! {
        section.care_banner.care_banner--died[banner.died.is_some()] aria-label="Person" {
            div.ds_wrapper {
                p.care_banner__name {
                    (banner.family.to_uppercase()) ", " (banner.given)
                    @if let Some(known_as) = &banner.known_as {
                        span { " (likes to be called " (known_as) ")" }
                    }
                }
                @if let Some(died) = &banner.died { p { b { (died) } } }
                dl {
                    @for (label, value) in &banner.facts {
                        div {
                            dt { (label) }
                            dd { @if value.is_empty() { "Not known" } @else { (value) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{rules, sample};

    #[test]
    fn the_banner_never_leaves_a_gap() {
        let mut banner = sample::banner();
        banner.facts.push(("Language", String::new()));
        let shown = show(&banner).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("SAMPLE, Isla"));
        assert!(shown.contains("<dt>Language</dt><dd>Not known</dd>"));
        assert!(!shown.contains("Born:"));
    }

    #[test]
    fn somebody_who_died_is_shown_so_in_words() {
        let died = Some("Died 3 Mar 2026 (81y)".to_owned());
        let shown = show(&Banner { died, ..sample::banner() }).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Died 3 Mar 2026") && shown.contains("care_banner--died"));
    }
}
