//! `/my`: hello, and the two things a person comes for.

use maud::{Markup, html};

use crate::view::card;

/// The page's content.
pub(crate) fn show(name: &str, looks: usize) -> Markup {
    html! {
        h1 { "Hello " (name) }
        (card::cards(true, &[
            html! {
                h2 { a href="/my/record" { "My record" } }
                p { "Who helps me? What has happened? What did people write?" }
            },
            html! {
                h2 { a href="/my/looked" { "Who looked at my record" } }
                p { (looked(looks)) }
            },
        ]))
    }
}

fn looked(looks: usize) -> String {
    match looks {
        0 => "Nobody has opened it yet.".into(),
        1 => "It was opened once.".into(),
        looks => format!("It was opened {looks} times."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_home_page_says_hello() {
        for looks in [0, 1, 2] {
            rules::assert_part(&show("Isla", looks).into_string());
        }
        assert!(show("Isla", 2).into_string().contains("opened 2 times"));
    }
}
