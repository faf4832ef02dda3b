//! `/my/record/{item}`: what a plan or an assessment says, and what it said before.

use axum::Extension;
use axum::extract::{Path, State as Of};
use ken_agreement::Action;
use ken_care::form::origin::form_of;
use ken_core::ResourceId;
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::{receipt, timeline};

use super::record::{Item, item};

/// `GET /my/record/{item}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(of): Path<String>,
) -> Result<Markup, Stop> {
    let of = of.parse::<ResourceId>().map_err(|_| Stop::NotFound)?;
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let names = ask::names(&app).await?;
    let asked = Ask {
        by: Asker::Own(caller.session().account),
        person,
        action: Action::View,
        purpose: ask::purpose(ask::OWN_RECORD)?,
        sources: names.keys().cloned().collect(),
        only: None,
        part: Part { of: Some(of), ..Part::default() },
    };
    let Answer::Shown(mut shown) = ask::ask(&app, &ctx, &asked).await? else {
        return Err(Stop::NotFound);
    };
    shown.held.retain(|held| form_of(held.resource.value()).is_some());
    let said = compose::events(&shown.held, &names, &|_| String::new());
    let said: Vec<_> = said.into_iter().map(item).collect();
    if said.is_empty() {
        return Err(Stop::NotFound);
    }
    let receipts = ask::receipts(&app, shown.entries.iter().copied()).await?;
    let main = show(&said, shown.is_whole, &receipts);
    Ok(caller.frame(app.site(), "What it said before").at("/my/record").page(&main))
}

fn show(said: &[Item], is_whole: bool, receipts: &[String]) -> Markup {
    html! {
        h1 { "What it said before" }
        p { a href="/my/record" { "Back to my record" } }
        @for (place, one) in said.iter().enumerate() {
            @let id = format!("version-{}", place + 1);
            section.care_panel.care_panel--open aria-labelledby=(id) {
                h2 id=(id) { (if place == 0 { "Now" } else { "Before" }) ": " (one.on) }
                p { b { (one.title) } }
                (timeline::sections(&one.sections))
                p { "From " (one.source) "." }
            }
        }
        @if said.len() == 1 { p { "It has not changed." } }
        @if !is_whole { p { "There is more than we can show here. You can ask for it." } }
        (receipt::own(receipts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_newest_is_now_and_the_rest_was_before() {
        let one = |on: &str, says: &str| Item {
            title: "Child's plan".into(),
            on: on.into(),
            source: "Glen Council".into(),
            note: None,
            sections: vec![("Goal".into(), says.into())],
            words: vec![],
            below: None,
            versions: None,
        };
        let said = [one("3 November 2026", "Swim"), one("1 October 2026", "Sleep")];
        let shown = show(&said, false, &[]).into_string();
        rules::assert_part(&shown);
        for want in ["Now: 3 November 2026", "Before: 1 October 2026", "Swim", "Sleep"] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        let shown = show(&said[..1], true, &[]).into_string();
        assert!(shown.contains("It has not changed"));
    }
}
