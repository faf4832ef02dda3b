//! The second person of an emergency: what a colleague is asked, and what became of what one asked.
//!
//! # Invariants
//!
//! - The colleague reads what the asker typed and nothing that is held.
//! - Every page here says the same whether anybody who fits is held or not (`core.md` 2.9); only
//!   the record itself, once it is open, says that somebody is.

use axum::Extension;
use axum::extract::{Form, State as Of};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{EntryId, PersonId, PractitionerId};
use ken_directory::practitioner;
use ken_sharing::emergency;
use ken_sharing::emergency::second::{self, Decided};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::VITAL;
use crate::stop::Stop;
use crate::view::form::Form as Shown;
use crate::view::panel::{Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What a button carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    asking: String,
    #[serde(default)]
    decision: String,
}

/// `POST /w/emergency/second`: a colleague agrees, or declines.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Form(sent): Form<Sent>,
) -> Result<Response, Stop> {
    let asking: EntryId = sent.asking.parse().map_err(|_| Stop::BadForm)?;
    let agrees = match sent.decision.as_str() {
        "agree" => true,
        "decline" => false,
        _ => return Err(Stop::BadForm),
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let decided = second::decide(app.db(), &ctx, app.keys(), by, (asking, agrees)).await?;
    let main = html! {
        (became(decided))
        (confirmation::link_on("/w/claims", "Back to what waits"))
    };
    let frame = caller.frame(app.site(), "To confirm").at("/w/claims");
    Ok(frame.page(&main).into_response())
}

fn became(decided: Decided) -> Markup {
    match decided {
        Decided::Agreed => confirmation::done(
            "You agreed",
            "What fits your colleague's words is open to them for 24 hours. Somebody else checks \
             it, and then the person can read both names.",
        ),
        Decided::Declined => confirmation::done(
            "You declined",
            "Nothing was opened. Your colleague can read that you declined. If somebody could \
             come to harm now, call 999 together.",
        ),
        Decided::NotOpen => html! {
            h1 { "This does not wait any more" }
            p {
                "Somebody else decided it, or its 24 hours are over, or you asked for it yourself. \
                 You opened nothing."
            }
        },
    }
}

/// An asking that waits, as a colleague reads it.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    id: EntryId,
    by: String,
    typed: String,
    reason: String,
    at: String,
    pub(crate) is_own: bool,
}

/// What waits for a second person in the caller's organisation, and whether there is more of it.
///
/// # Errors
///
/// What the registers or the key ring say.
pub(crate) async fn waiting(app: &App, caller: &Caller) -> Result<(Vec<Asking>, bool), Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let waiting = second::waiting(app.db(), &ctx, app.keys(), &by.organisation).await?;
    let read = async |s: &mut Snapshot| {
        let mut askings = vec![];
        for one in waiting.askings {
            askings.push(Asking {
                id: one.id,
                by: name(s, one.by).await?,
                typed: one.typed.into_revealed(),
                reason: one.reason.into_revealed(),
                at: words::moment_short(one.at),
                is_own: one.by == by.practitioner,
            });
        }
        Ok::<_, Stop>((askings, waiting.is_more))
    };
    app.db().snapshot("http.askings", read).await
}

async fn name(s: &mut Snapshot, who: PractitionerId) -> Result<String, Stop> {
    Ok(practitioner::find(s, who).await?.map(|found| found.name).unwrap_or_default())
}

/// Who stands for a person; for somebody unknown, only themselves.
async fn lead(s: &mut Snapshot, person: PersonId) -> Result<PersonId, Stop> {
    match ken_person::lead(s, person).await {
        Err(ken_person::Error::Unknown(_)) => Ok(person),
        lead => Ok(lead?),
    }
}

/// Where more waits than a list shows.
pub(crate) const MORE: &str = "More waits than is listed here: of each colleague the newest is.";

/// The panel of what waits.
pub(crate) fn panel((askings, is_more): (&[Asking], bool), csrf: &Csrf) -> Panel {
    let state = if askings.is_empty() {
        State::Nothing {
            looked: "No emergency in your organisation waits for a second person.".into(),
            caution: "One leaves this list after 24 hours, or when it is decided.".into(),
        }
    } else {
        let cards: Vec<_> = askings.iter().map(|asking| one(asking, csrf)).collect();
        let shown = html! {
            p {
                "A colleague asks you to agree before a record opens to them. Agree only if you \
                 believe that somebody's life or safety is at stake and it cannot wait. You see \
                 nothing of the record yourself, and somebody other than you checks it afterwards."
            }
            (card::cards(false, &cards))
            @if is_more { p { (MORE) } }
        };
        State::Content { shown, from: None }
    };
    Panel { id: "askings", heading: "Emergencies".into(), open: true, state }
}

fn one(asking: &Asking, csrf: &Csrf) -> Markup {
    let decide = |decision: &str, button: &str| {
        let hidden = [("asking", asking.id.to_string()), ("decision", decision.to_owned())];
        let form = Shown { action: "/w/emergency/second", csrf, button, hidden: &hidden };
        form.small(&html! {})
    };
    html! {
        h3 { (asking.by) " needs to see a record now" }
        p { "Asked " (asking.at) "." }
        p {
            @if asking.typed.is_empty() { "They followed an address and typed no name." }
            @else { "Who it is about, as they typed it: " (asking.typed) "." }
        }
        p { "Their reason: " q { (asking.reason) } }
        @if asking.is_own {
            p { "You asked for this. Somebody else must decide it: tell a colleague now." }
        } @else {
            div.care_buttons { (decide("agree", "Agree")) (decide("decline", "Decline")) }
        }
    }
}

/// What a practitioner has open in an emergency, and what they asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Own {
    /// Records that are open, each once.
    open: Vec<Opened>,
    /// What was asked in the last 24 hours.
    asked: Vec<Asked>,
}

/// One record that is open.
#[derive(Debug, Clone)]
struct Opened {
    /// Under which of their ids.
    person: PersonId,
    /// Who stands for all of these.
    lead: PersonId,
    from: String,
    until: String,
    second: Option<String>,
}

/// One asking of one's own.
#[derive(Debug, Clone)]
struct Asked {
    typed: String,
    at: String,
    decided: Option<(String, bool)>,
}

/// What the caller has open in an emergency, and what they asked.
///
/// # Errors
///
/// What the registers or the key ring say.
pub(crate) async fn own(app: &App, caller: &Caller) -> Result<Own, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let askings = second::own(app.db(), &ctx, app.keys(), by).await?;
    let read = async |s: &mut Snapshot| {
        let mut own = Own::default();
        for one in emergency::own(s, &ctx, by).await? {
            let opened = Opened {
                person: one.person,
                lead: lead(s, one.person).await?,
                from: words::moment_short(one.from),
                until: words::moment_short(one.until),
                second: match one.second {
                    Some(who) => Some(name(s, who).await?),
                    None => None,
                },
            };
            own.add(opened);
        }
        for one in askings {
            let decided = match one.decided {
                Some((who, agreed)) => Some((name(s, who).await?, agreed)),
                None => None,
            };
            let at = words::moment_short(one.at);
            own.asked.push(Asked { typed: one.typed.into_revealed(), at, decided });
        }
        Ok::<_, Stop>(own)
    };
    app.db().snapshot("http.own-emergencies", read).await
}

impl Own {
    /// A record opened twice, or under several ids of one person, stands here once, with its
    /// second person if it has one; otherwise as it was opened last, which comes first.
    fn add(&mut self, new: Opened) {
        match self.open.iter_mut().find(|one| one.lead == new.lead) {
            Some(one) if one.second.is_none() && new.second.is_some() => *one = new,
            Some(_) => {}
            None => self.open.push(new),
        }
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.asked.is_empty()
    }
}

/// The panel of one's own.
pub(crate) fn own_panel(own: &Own, at: Option<Timestamp>) -> Panel {
    let open = own.open.iter().map(|one| {
        html! {
            h3 {
                a href={ "/w/p/" (one.person) "?purpose=" (VITAL) } {
                    "Record opened " (one.from)
                }
            }
            p { "Open to you until " (one.until) ", unless you finish sooner." }
            @if let Some(second) = &one.second { p { (second) " agreed to it." } }
        }
    });
    let asked = own.asked.iter().map(|one| {
        html! {
            h3 { "You asked for a second person " (one.at) }
            @if !one.typed.is_empty() { p { "You typed: " (one.typed) "." } }
            @match &one.decided {
                None => p {
                    "Nobody has decided yet. Tell a colleague now: it waits for them under \
                     \u{201c}To confirm\u{201d}."
                },
                Some((by, true)) => p {
                    (by) " agreed. What fits what you typed is listed here; where nothing is, \
                     nobody fits, or too many do."
                },
                Some((by, false)) => p {
                    (by) " declined. If somebody could come to harm now, call 999, or the \
                     organisation that holds the record."
                },
            }
        }
    });
    let cards: Vec<_> = open.chain(asked).collect();
    let from = at.map(|at| format!("Checked at {}.", words::moment_short(at)));
    let state = State::Content { shown: card::cards(false, &cards), from };
    Panel { id: "emergencies", heading: "Your emergency access".into(), open: true, state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{panel, rules};

    #[test]
    fn nobody_agrees_to_their_own() {
        let asking = Asking {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            by: "Jo Findlay".into(),
            typed: "Family name: Sample".into(),
            reason: "The gas is <on>".into(),
            at: "21 Nov 2026, 09:14".into(),
            is_own: false,
        };
        let own = Asking { is_own: true, typed: String::new(), ..asking.clone() };
        let shown =
            panel::show(&super::panel((&[asking, own], true), &Csrf::of("x"))).into_string();
        rules::assert_part(&shown);
        assert_eq!(shown.matches("value=\"agree\"").count(), 1);
        assert!(
            shown.contains("&lt;on&gt;") && shown.contains("typed no name") && shown.contains(MORE)
        );
        rules::assert_part(&panel::show(&super::panel((&[], false), &Csrf::of("x"))).into_string());
    }

    #[test]
    fn a_record_opened_twice_is_listed_once() {
        let opened = |second: Option<&str>| Opened {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            lead: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            from: "21 Nov 2026, 09:14".into(),
            until: "22 Nov 2026, 09:14".into(),
            second: second.map(str::to_owned),
        };
        for order in [[None, Some("Ann")], [Some("Ann"), None]] {
            let mut own = Own::default();
            for second in order {
                own.add(opened(second));
            }
            for decided in [None, Some(("Ann".into(), true)), Some(("Ann".into(), false))] {
                own.asked.push(Asked { typed: String::new(), at: "now".into(), decided });
            }
            let shown = panel::show(&own_panel(&own, None)).into_string();
            rules::assert_part(&shown);
            assert_eq!(shown.matches("purpose=vital").count(), 1, "{order:?}");
            assert!(shown.contains("Ann agreed to it"), "{order:?}");
        }
        for decided in [Decided::Agreed, Decided::Declined, Decided::NotOpen] {
            rules::assert_part(&became(decided).into_string());
        }
    }
}
