//! `/my`: hello, and what a person comes for.

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};

use super::looked;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;

use crate::view::card;

/// `GET /my`. It greets nobody by name: a name is their record's to say, and a page that others
/// may see over a shoulder need not.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let looked = looked::looks(&app, &caller, None).await?;
    // What was said about them is told on the page; it opened nothing.
    let looks = (looked.looks.len().saturating_sub(looked.spoken), looked.is_part());
    Ok(caller.frame(app.site(), "Home").at("/my").page(&show(looks)))
}

/// The page's content. `looks` is how many there are, and whether there may be older ones.
fn show(looks: (usize, bool)) -> Markup {
    html! {
        h1 { "Hello" }
        (card::cards(true, &[
            html! {
                h2 { a href="/my/record" { "My record" } }
                p { "Who helps me? What has happened? What did people write?" }
            },
            html! {
                h2 { a href="/my/team" { "My team" } }
                p { "Who can I turn to? Who was let in to help me?" }
            },
            html! {
                h2 { a href="/my/messages" { "My messages" } }
                p { "Do you want to ask your team something? Write to them here." }
            },
            html! {
                h2 { a href="/my/words" { "My words" } }
                p { "What matters to you? Is something wrong? Say it in your own words." }
            },
            html! {
                h2 { a href="/my/looked" { "Who looked at my record" } }
                p { (looked(looks)) }
            },
            html! {
                h2 { a href="/my/agreements" { "What may be shared about me" } }
                p { "Who may know what, and why?" }
            },
            html! {
                h2 { a href="/my/choices" { "My choices" } }
                p { "Stop something, agree to something, or ask for help to stay safe." }
            },
        ]))
    }
}

fn looked(looks: (usize, bool)) -> String {
    match looks {
        (0, true) => "Nobody has opened it lately.".into(),
        (looks, true) => format!("It was opened {looks} times lately, and may have been before."),
        (0, false) => "Nobody has opened it yet.".into(),
        (1, false) => "It was opened once.".into(),
        (looks, false) => format!("It was opened {looks} times."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_home_page_says_hello() {
        for looks in [0, 1, 2] {
            rules::assert_part(&show((looks, false)).into_string());
            let part = show((looks, true)).into_string();
            rules::assert_part(&part);
            assert!(part.contains("lately") && !part.contains("yet"), "{part}");
        }
        assert!(show((2, false)).into_string().contains("opened 2 times"));
    }
}
