//! `/w/agreement`: what an agreement must say, and whom to ask for one.

use axum::Extension;
use axum::extract::State;
use ken_directory::organisation;
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::phone;

/// `GET /w/agreement`.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| organisation::find(s, &by.organisation).await;
    let own = app.db().snapshot("http.agreement", read).await?;
    let (name, phone) = own.map(|own| (own.name, own.contact_phone)).unwrap_or_default();
    let frame = caller.frame(app.site(), "Ask for an agreement").at("/w/find");
    Ok(frame.page(&show(&name, &phone)))
}

/// The page's content.
fn show(organisation: &str, phone: &str) -> Markup {
    html! {
        h1 { "Ask for an agreement" }
        p {
            "What you may see is written in agreements that your organisation signs with others. \
             If your work needs something that none of them covers, an agreement has to be changed \
             or made."
        }
        h2 { "Whom to ask" }
        p {
            "The information governance lead of " (organisation) "."
            @if !phone.is_empty() {
                " Call " (phone::link(phone)) "."
            }
        }
        h2 { "What to tell them" }
        ul {
            li { "your role, and what you need to do for people" }
            li { "which organisation holds what you need, and which kinds of information" }
            li { "what happens to people when you do not have it" }
        }
        p { "Leave out names. An agreement is about kinds of information, not about one person." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_page_says_whom_to_ask() {
        let shown = show("Glen Council", "01632 960 001").into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("tel:01632960001"));
    }
}
