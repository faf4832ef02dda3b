//! `/sign-in`: password and one-time code; in the demonstration, a button for each account.

use maud::{Markup, html};

use crate::site::{DemoAccount, Site};
use crate::view::card;
use crate::view::form::{Field, Form, Kind, Wrong, summary};
use crate::wire::csrf::Csrf;

/// The page's content.
pub(crate) fn show(site: &Site, name: &str, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: "/sign-in", csrf, button: "Sign in", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "Sign in" }
        @if !site.demo_accounts.is_empty() { (demo(&site.demo_accounts, csrf)) }
        @if !site.demo_accounts.is_empty() { h2 { "With a password" } }
        (form.post(&html! {
            (Field::text("name", "Sign-in name", name)
                .holding(Kind::Text, "username").show(wrongs))
            (Field::text("password", "Password", "")
                .holding(Kind::Password, "current-password").show(wrongs))
            (Field::text("code", "One-time code", "")
                .hinted("The 6 digits that your app shows now. You may paste them.")
                .holding(Kind::Code, "one-time-code").show(wrongs))
        }))
    }
}

fn demo(accounts: &[DemoAccount], csrf: &Csrf) -> Markup {
    let card = |account: &DemoAccount| {
        let hidden = [("account", account.account.to_string())];
        let button = format!("Sign in as {}", account.name);
        let form = Form { action: "/sign-in/demo", csrf, button: &button, hidden: &hidden };
        html! {
            h3 { (account.name) }
            p { b { (account.role) } ", " (account.organisation) }
            p { (account.try_first) }
            (form.small(&html! {}))
        }
    };
    html! {
        p { "This is a demonstration. Choose who to be; nobody here is real." }
        h2 { "As somebody in the demonstration" }
        (card::cards(true, &accounts.iter().map(card).collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{rules, sample};

    #[test]
    fn the_demonstration_has_a_button_for_each_account() {
        let mut site = sample::site();
        let wrongs = [Wrong::new("name", "Name, password and code do not belong together")];
        rules::assert_part(&show(&site, "jo", &wrongs, &Csrf::of("x")).into_string());
        site.demo_accounts = vec![sample::demo_account(1), sample::demo_account(2)];
        let shown = show(&site, "", &[], &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert_eq!(shown.matches("action=\"/sign-in/demo\"").count(), 2);
        assert!(!shown.contains("secret"));
    }
}
