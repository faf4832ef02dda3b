//! `/my/team`: who brings my help together, and whom they have let in.
//!
//! # Invariants
//!
//! - Who holds a role is asked of the gate, as all of one's own record is.
//! - What was done while somebody might be harmed by it is not told here, then or later.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State as Of;
use ken_agreement::Action;
use ken_care::team;
use ken_directory::practitioner;
use ken_records::Part;
use ken_sharing::gate::Caller as Asker;
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State};
use crate::view::{facts, phone, receipt, words};

use super::looked::MORE;

/// `GET /my/team`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let names = ask::names(&app).await?;
    let asked = Ask {
        by: Asker::Own(caller.session().account),
        person,
        action: Action::View,
        purpose: ask::purpose(ask::OWN_RECORD)?,
        sources: names.keys().cloned().collect(),
        only: Some(BTreeSet::from([ask::named_person()?])),
        part: Part::default(),
    };
    let main = match ask::ask(&app, &ctx, &asked).await? {
        Answer::Words(_) | Answer::Refused => refused(),
        Answer::Shown(shown) => {
            let read = async |s: &mut Snapshot| {
                let mut members = vec![];
                let now = ctx.clock.now();
                let mut all = team::shown(s, &ctx, person).await?;
                // Before the names: nobody is looked up who is not shown.
                all.retain(|one| one.is_in(now));
                for one in all {
                    let name = practitioner::find(s, one.practitioner).await?;
                    members.push((name.map(|name| name.name).unwrap_or_default(), one));
                }
                Ok::<_, Stop>(members)
            };
            let members = app.db().snapshot("http.own-team", read).await?;
            let day = |at| words::day_long(words::local(at).date());
            let members = members.into_iter().map(|(name, one)| Member {
                name,
                role: words::role(one.role.as_str()),
                organisation: compose::name_of(&names, &one.organisation),
                since: day(one.since),
                until: day(one.until),
            });
            let team = Team {
                who: compose::who(&shown.held, ctx.clock.today()),
                members: members.collect(),
                receipts: ask::receipts(&app, shown.entries).await?,
            };
            show(&team)
        }
    };
    Ok(caller.frame(app.site(), "My team").at("/my").page(&main))
}

/// Somebody who was let in.
#[derive(Debug)]
struct Member {
    name: String,
    role: String,
    organisation: String,
    since: String,
    until: String,
}

/// What the page shows.
#[derive(Debug, Default)]
struct Team {
    who: Vec<(String, String)>,
    members: Vec<Member>,
    receipts: Vec<String>,
}

fn refused() -> Markup {
    html! {
        h1 { "My team" }
        (panel::show(&Panel {
            id: "refused",
            heading: "You cannot read it here yet".into(),
            open: true,
            state: State::NotAllowed {
                rule: "You have a right to a copy: ask us. How to reach us is below.".into(),
            },
        }))
    }
}

fn show(team: &Team) -> Markup {
    let who: Vec<_> =
        team.who.iter().map(|(label, value)| (label.as_str(), phone::linked(value))).collect();
    html! {
        h1 { "My team" }
        p { "These people help you, and they talk with each other. " (MORE) }
        section.care_panel aria-labelledby="who" {
            h2 #who { "Who can I turn to?" }
            @if who.is_empty() {
                p { "Nobody has told us yet who that is. You can ask anybody who helps you." }
            } @else { (facts::list(&who)) }
        }
        section.care_panel aria-labelledby="members" {
            h2 #members { "Who was let into my team?" }
            p { "Your named person or your lead professional can let people in, and must say why. \
                 Each one ends on a day." }
            @if team.members.is_empty() {
                p { "Nobody was let in by name." }
            } @else {
                ul {
                    @for one in &team.members {
                        li {
                            b { (one.name) } ", " (one.role) ", " (one.organisation) ". "
                            "Since " (one.since) ". It ends on " (one.until) "."
                        }
                    }
                }
            }
            p { "You do not want somebody in your team? Tell anybody who helps you, or "
                a href="/my/choices" { "see your choices" } "." }
        }
        (receipt::detail(&team.receipts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn the_page_says_who_and_until_when() {
        let member = Member {
            name: "Kirsty Lamont".into(),
            role: "Ward nurse".into(),
            organisation: "NHS Glen".into(),
            since: "1 November 2026".into(),
            until: "1 December 2026".into(),
        };
        let who = vec![("Lead professional".into(), "Beth Ogilvie, 01632 960 123".into())];
        let team = Team { who, members: vec![member], receipts: vec![] };
        let shown = show(&team).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("<a href=\"tel:01632960123\">01632 960 123</a>"));
        assert!(shown.contains("Kirsty Lamont") && shown.contains("It ends on 1 December 2026"));
        let nobody = show(&Team::default()).into_string();
        rules::assert_part(&nobody);
        assert!(nobody.contains("Nobody was let in by name"));
        rules::assert_part(&refused().into_string());
    }
}
