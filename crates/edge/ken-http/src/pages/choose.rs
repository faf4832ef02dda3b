//! `/choose`: in which role somebody acts now.

use maud::{Markup, html};

use crate::view::card;
use crate::view::form::Form;
use crate::wire::csrf::Csrf;

/// One role that may be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// The organisation's id.
    pub(crate) organisation: String,
    /// Its name.
    pub(crate) organisation_name: String,
    /// The role's id.
    pub(crate) role: String,
    /// The role in words.
    pub(crate) role_words: String,
}

/// The page's content.
pub(crate) fn show(roles: &[Role], csrf: &Csrf) -> Markup {
    let card = |role: &Role| {
        let hidden = [("organisation", role.organisation.clone()), ("role", role.role.clone())];
        let button = format!("Act as {}", role.role_words);
        let form = Form { action: "/choose", csrf, button: &button, hidden: &hidden };
        html! {
            h2 { (role.role_words) }
            p { (role.organisation_name) }
            (form.small(&html! {}))
        }
    };
    html! {
        h1 { "In which role do you act now?" }
        @if roles.is_empty() {
            p { "No role is recorded for you. Ask your organisation to record one." }
        } @else {
            p { "What you may see depends on the role, and each look is recorded with it." }
            (card::cards(true, &roles.iter().map(card).collect::<Vec<_>>()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_role_has_its_button() {
        let role = Role {
            organisation: "cec".into(),
            organisation_name: "Glen Council".into(),
            role: "sw.duty".into(),
            role_words: "Duty social worker".into(),
        };
        let shown = show(&[role], &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Act as Duty social worker"));
        rules::assert_part(&show(&[], &Csrf::of("x")).into_string());
    }
}
