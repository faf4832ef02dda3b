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
    let looks = looked::looks(&app, &caller).await?.looks.len();
    Ok(caller.frame(app.site(), "Home").at("/my").page(&show(looks)))
}

/// The page's content.
fn show(looks: usize) -> Markup {
    html! {
        h1 { "Hello" }
        (card::cards(true, &[
            html! {
                h2 { a href="/my/record" { "My record" } }
                p { "Who helps me? What has happened? What did people write?" }
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
            rules::assert_part(&show(looks).into_string());
        }
        assert!(show(2).into_string().contains("opened 2 times"));
    }
}
