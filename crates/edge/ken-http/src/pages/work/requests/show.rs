//! The pages of requests, in words.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_care::request::rule::Side;
use ken_care::request::{Kind, Listed, Refused, Said, Shown, Standing, State, Told};
use ken_core::OrganisationId;
use ken_directory::{Acting, Organisation};
use ken_sharing::Statement;
use maud::{Markup, html};

use super::Filled;
use crate::pages::{ask, compose};
use crate::view::form::{Choice, Field, Form, Wrong, choices, select, summary, tick};
use crate::view::{confirmation, facts, receipt, table, words};
use crate::wire::csrf::Csrf;

/// One request with what stands beside it.
pub(super) struct View<'a> {
    pub(super) shown: &'a Shown,
    /// Who took each turn.
    pub(super) lines: Vec<Line>,
    /// Where it may go on to.
    pub(super) onward: Vec<(String, String)>,
    /// Who sent it, and who has it.
    pub(super) from: String,
    pub(super) to: String,
    /// How the other side's desk is reached.
    pub(super) desk: String,
    pub(super) now: Timestamp,
    pub(super) receipts: Vec<String>,
}

/// Who took a turn, and to which organisation it went.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) who: String,
    pub(super) to: Option<String>,
}

/// What a request is about, in words.
pub(in crate::pages::work) const fn kind(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Concern => ("A concern", "Somebody may come to harm, or their wellbeing suffers"),
        Kind::Need => ("A need", "Somebody needs help, or to be assessed for it"),
    }
}

/// How a request stands, in words.
fn stands(standing: &Standing) -> &'static str {
    match standing.state {
        State::Accepted => "Taken on",
        State::Returned => "Given back",
        State::Closed => "Done",
        _ if standing.is_urgent => "Waits for an answer now",
        _ => "Waits for an answer",
    }
}

/// What a turn says, in words.
const fn said(state: State) -> &'static str {
    match state {
        State::Sent => "Sent",
        State::Accepted => "Taken on",
        State::Returned => "Given back",
        State::PassedOn => "Passed on",
        State::Closed => "Done",
        State::Said => "Said",
        State::Escalated => "Asked for an answer now",
        State::Late => "No answer by the day that was named",
    }
}

/// How long is left, in words; empty where no answer is due.
fn left(due: Option<Timestamp>, now: Timestamp) -> String {
    let Some(due) = due else { return String::new() };
    let by = words::moment_short(due);
    let seconds = due.as_second().saturating_sub(now.as_second());
    if seconds < 0 {
        return format!("Late since {by}");
    }
    format!("{} left, until {by}", words::span(seconds))
}

/// The list's content.
pub(super) fn list(listed: &[Listed], names: &ask::Names, now: Timestamp) -> Markup {
    let (own, other): (Vec<_>, Vec<_>) = listed.iter().partition(|one| one.is_own);
    let waiting = other.iter().filter(|one| one.is_waiting).count();
    html! {
        h1 { "Requests for assistance" }
        p { "Whom each is about stands on its own page, which the gate decides like any other." }
        h2 { "Asked of us" }
        p {
            @match waiting {
                0 => { "Nothing waits for your organisation." }
                1 => { "1 waits for your organisation." }
                count => { (count) " wait for your organisation." }
            }
        }
        (rows(("in", "What waits first, by urgency and day; with who asks"), &other, names, now))
        h2 { "Asked by us" }
        p {
            "To ask for assistance, find the person first and open their overview. What was \
             answered stands here as far as a clause lets you be told: where nothing came, ring."
        }
        (rows(("out", "By day, with who has it as far as you were told"), &own, names, now))
        p { a.care_lone href="/w/find" { "Find a person" } }
    }
}

fn rows(
    (id, caption): (&str, &str),
    listed: &[&Listed],
    names: &ask::Names,
    now: Timestamp,
) -> Markup {
    let name = |id: &OrganisationId| compose::name_of(names, id);
    let row = |one: &&Listed| {
        let standing = &one.standing;
        let other = if one.is_own { &standing.holder } else { &standing.sender.1 };
        vec![
            html! {
                a href={ "/w/requests/" (one.id) } { (reference(&one.id.to_string())) }
            },
            html! { (kind(one.kind).0) ": " (words::purpose(&one.purpose)) },
            html! { (name(&other.organisation)) },
            html! {
                (stands(standing))
                @if one.is_untold { "; the sender was not told" }
            },
            html! { (left(standing.due, now)) },
        ]
    };
    let columns = ["Reference", "About", "With", "State", "Answer due"];
    html! {
        @if listed.is_empty() {
            p { "There are none." }
        } @else {
            (table::show(&table::Table { id, caption, columns: &columns,
                rows: listed.iter().map(row).collect() }))
        }
    }
}

/// Enough of an id to find it, short enough to read out.
pub(in crate::pages::work) fn reference(id: &str) -> &str {
    id.get(24..).unwrap_or(id)
}

/// The content of one request.
pub(super) fn one(view: &View<'_>, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let shown = view.shown;
    let wrongs = &fitted(shown, wrongs)[..];
    let part = |name: &str| shown.parts.get(name).map_or("", |text| text.reveal().as_str());
    let told = match part("is_told") {
        "yes" => "Yes. ",
        "no" => "No. ",
        _ => "Not shown here",
    };
    let id = shown.id.to_string();
    html! {
        (summary(wrongs))
        h1 { "Request for assistance" }
        (facts::list(&[
            ("Reference", html! { code.care_code { (reference(&id)) } }),
            ("About", html! { (part("name")) ", born " (part("born")) }),
            ("From", html! { (view.from) }),
            ("With", html! { (view.to) }),
            ("For", html! { (kind(shown.kind).0) ": " (words::purpose(&shown.purpose)) }),
            ("State", html! { (stands(&shown.standing)) }),
            ("Answer due", html! { (due(&shown.standing, view.now)) }),
            ("To ring about it", html! { (view.desk) }),
        ]))
        (confirmation::check_answers(&[
            ("What is worrying", part("worry").to_owned()),
            ("What was done", part("did").to_owned()),
            ("What is asked", part("ask").to_owned()),
            ("Has the person been told?", format!("{told}{}", part("told"))),
            ("How to reach them", reached(part("phone"))),
        ]))
        h2 { "What happened" }
        ol {
            @for (turn, line) in shown.turns.iter().zip(&view.lines) {
                (line_of(turn, line, view, csrf))
            }
        }
        (steps(view, (filled, wrongs), csrf))
        p {
            a.care_lone href={ "/w/p/" (shown.person) } { "Open the person's record" }
        }
        (receipt::detail(&view.receipts))
    }
}

fn due(standing: &Standing, now: Timestamp) -> String {
    let left = left(standing.due, now);
    if left.is_empty() { "Nothing is due".to_owned() } else { left }
}

fn reached(phone: &str) -> String {
    if phone.is_empty() { "Not said here".to_owned() } else { phone.to_owned() }
}

fn line_of(turn: &Said, line: &Line, view: &View<'_>, csrf: &Csrf) -> Markup {
    let action = format!("/w/requests/{}", view.shown.id);
    let hidden = [("step", "tell".to_owned()), ("turn", turn.number.to_string())];
    html! {
        li {
            p {
                b { (said(turn.state)) }
                @if let Some(to) = &line.to { " to " (to) }
                ", " (words::moment_short(turn.at)) ". " (line.who) "."
            }
            @if let Some(text) = &turn.words { p { (text.reveal()) } }
            @if turn.is_untold {
                p { "The other side has not been told of this here." }
                (Form { action: &action, csrf, button: "Tell them now", hidden: &hidden }
                    .small(&html! {}))
            }
        }
    }
}

/// What the reader may do, each with what follows from it.
fn may(shown: &Shown) -> Vec<(&'static str, &'static str, &'static str)> {
    const ACCEPT: (&str, &str, &str) =
        ("accept", "Take it on", "You work with the person from now on, as the clause says");
    const RETURN: (&str, &str, &str) = ("return", "Give it back", "Say why, and who else may help");
    const PASS_ON: (&str, &str, &str) =
        ("pass-on", "Pass it on", "It becomes another body's to answer; choose which below");
    const CLOSE: (&str, &str, &str) = ("close", "It is done", "Say what came of it");
    const SAY: (&str, &str, &str) = ("say", "Say something about it", "Nothing else changes");
    const ESCALATE: (&str, &str, &str) =
        ("escalate", "Ask for an answer now", "It stands first where it waits");
    match (shown.side, shown.standing.state) {
        (None, _) | (_, State::Returned | State::Closed) => vec![],
        (Some(Side::Holder), State::Accepted) => vec![CLOSE, SAY, PASS_ON, RETURN],
        (Some(Side::Holder), _) => vec![ACCEPT, RETURN, PASS_ON, SAY],
        (Some(Side::Sender), State::Sent) if !shown.standing.is_urgent => vec![SAY, ESCALATE],
        (Some(Side::Sender), _) => vec![SAY],
    }
}

/// What must be put right, each at a field that the page has.
fn fitted(shown: &Shown, wrongs: &[Wrong]) -> Vec<Wrong> {
    let may = may(shown);
    let passes = may.iter().any(|(step, ..)| *step == "pass-on");
    let is_there = |field: &str| match field {
        "text" => !may.is_empty(),
        "to" => passes,
        _ => false,
    };
    let fit = |wrong: &Wrong| {
        if is_there(wrong.field) { wrong.clone() } else { Wrong::new("step", wrong.says.clone()) }
    };
    wrongs.iter().map(fit).collect()
}

fn steps(view: &View<'_>, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let may = may(view.shown);
    let choice = |(value, label, hint): &(&str, &str, &str)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        hint: Some((*hint).to_owned()),
    };
    let offered: Vec<_> = may.iter().map(choice).collect();
    let passes = may.iter().any(|(step, ..)| *step == "pass-on");
    let blank = (String::new(), "Choose".to_owned());
    let onward: Vec<_> = std::iter::once(blank).chain(view.onward.iter().cloned()).collect();
    let action = format!("/w/requests/{}", view.shown.id);
    let form = Form { action: &action, csrf, button: "Record it", hidden: &[] };
    html! {
        @if offered.is_empty() {
            p #step { "Nothing more is yours to do about it." }
        } @else {
            h2 { "What next" }
            (form.post(&html! {
                (choices("What do you do?", "step", &offered, &filled.step, wrongs))
                @if passes {
                    (select("to", "To whom, where you pass it on", &onward, &filled.to))
                }
                (Field::long("text", "What you say with it", filled.text.reveal())
                    .hinted("The other side reads it, where a clause lets it be told.")
                    .show(wrongs))
            }))
        }
    }
}

/// Words to affirm before something goes.
pub(in crate::pages::work) fn words(
    said: &BTreeSet<Statement>,
    (action, hidden): (&str, &[(&str, String)]),
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let form = Form { action, csrf, button: "Affirm and send", hidden };
    html! {
        (summary(wrongs))
        h1 { "Before it goes" }
        p {
            "The agreement asks you to affirm these words before this may be sent. They are kept \
             with your name, and hold for 30 minutes."
        }
        @for one in said { blockquote.care_words { p { (one.text) } } }
        (form.post(&tick("affirmed", "I affirm these words. They are true.", wrongs)))
    }
}

/// Whom the reader speaks with about it.
pub(super) fn other<'a>(shown: &'a Shown, by: &Acting) -> &'a OrganisationId {
    let sender = &shown.standing.sender.1.organisation;
    if *sender == by.organisation { &shown.standing.holder.organisation } else { sender }
}

/// The page after something was done.
pub(super) fn done(told: &Told, desk: Option<&Organisation>, id: &str) -> Markup {
    let name = desk.map_or("the other side", |desk| desk.name.as_str());
    let phone = desk.map_or("", |desk| desk.contact_phone.as_str());
    let next = match told {
        Told::Yes => format!("{name} can read it now."),
        Told::Words(_) | Told::No => format!(
            "No clause lets {name} read it here. Tell them yourself, as far as the law lets you: \
             {phone}"
        ),
    };
    html! {
        (confirmation::done("It is recorded", &next))
        (confirmation::link_on(&format!("/w/requests/{id}"), "Back to the request"))
    }
}

/// Why a step was not taken, at the field to put right.
pub(super) fn refused(refused: Refused) -> Wrong {
    match refused {
        Refused::NotTheirs | Refused::NotNow => {
            Wrong::new("step", "It stands otherwise by now: read how, and choose again")
        }
        Refused::Oneself => Wrong::new("step", "You sent it: a colleague must answer it"),
        Refused::TooMuch => {
            Wrong::new("step", "As much was said as fits here: meet, then give it back or close it")
        }
        Refused::NoClause => Wrong::new("to", "No clause in force lets it go there from you"),
        Refused::Unfit => Wrong::new("text", "Say it in up to 3,000 characters"),
    }
}

#[cfg(test)]
mod tests {
    use ken_core::{PractitionerId, Sensitive};
    use ken_directory::HeldRole;

    use super::*;
    use crate::view::rules;

    const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad90";

    fn held(at: &str, role: &str) -> HeldRole {
        HeldRole { organisation: at.parse().unwrap(), role: role.parse().unwrap() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn standing(state: State) -> Standing {
        let practitioner: PractitionerId = ID.parse().unwrap();
        let due = (state == State::Sent).then(|| at("2027-05-05T23:00:00Z"));
        Standing {
            sender: (practitioner, held("practice", "gp.doctor")),
            holder: held("cec", "sw.duty"),
            state,
            due,
            is_urgent: false,
            turns: 1,
        }
    }

    #[test]
    fn the_list_tells_how_each_stands_and_of_whom_nothing() {
        let one = |state: State, is_own: bool| Listed {
            id: ID.parse().unwrap(),
            kind: Kind::Need,
            purpose: "direct-care".parse().unwrap(),
            at: at("2027-05-01T09:00:00Z"),
            is_own,
            is_waiting: !is_own,
            is_untold: false,
            standing: standing(state),
        };
        let names = [("cec", "Glen <Council>"), ("practice", "Practice")];
        let names = names.map(|(id, name)| (id.parse().unwrap(), name.to_owned())).into();
        let listed = [one(State::Sent, false), one(State::Returned, true)];
        let shown = list(&listed, &names, at("2027-05-03T09:00:00Z")).into_string();
        rules::assert_part(&shown);
        for want in ["1 waits for", "2 days left, until", "Given back", "Glen &lt;Council&gt;"] {
            assert!(shown.contains(want), "{want}: {shown}");
        }
        let late = list(&listed, &names, at("2027-05-06T09:00:00Z")).into_string();
        assert!(late.contains("Late since"));
        rules::assert_part(&list(&[], &names, at("2027-05-06T09:00:00Z")).into_string());
    }

    #[test]
    fn a_request_shows_what_may_be_done_on_each_side_and_no_more() {
        let of = |text: &str| Sensitive::new(text.to_owned());
        let check = |side: Option<Side>, state: State, wants: &[&str], lacks: &[&str]| {
            let turn = Said {
                number: 1,
                state: State::Sent,
                by: None,
                to: None,
                at: at("2027-05-01T09:00:00Z"),
                is_untold: side == Some(Side::Holder),
                words: Some(of("Please <come>")),
            };
            let request = Shown {
                id: ID.parse().unwrap(),
                person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
                kind: Kind::Need,
                purpose: "direct-care".parse().unwrap(),
                side,
                standing: standing(state),
                parts: [("worry", of("She <fell>")), ("name", of("Morag"))].into(),
                turns: vec![turn],
                entry: ID.parse().unwrap(),
            };
            let view = View {
                shown: &request,
                lines: vec![Line { who: "Dr Rao".into(), to: Some("Council".into()) }],
                onward: vec![("nhsl nhs.ward".into(), "NHS Glen: Ward".into())],
                from: "Practice".into(),
                to: "Council".into(),
                desk: "Council: 01632 960 001".into(),
                now: at("2027-05-03T09:00:00Z"),
                receipts: vec![],
            };
            // What is wrong leads to a field that is there.
            for refusal in [Refused::NotNow, Refused::NoClause, Refused::Unfit] {
                let wrongs = [refused(refusal)];
                let shown = one(&view, (&Filled::default(), &wrongs), &Csrf::of("x"));
                rules::assert_part(&shown.into_string());
            }
            let shown = one(&view, (&Filled::default(), &[]), &Csrf::of("x")).into_string();
            rules::assert_part(&shown);
            assert!(shown.contains("She &lt;fell&gt;") && shown.contains("Please &lt;come&gt;"));
            assert!(wants.iter().all(|want| shown.contains(want)), "{side:?} {state:?} {shown}");
            assert!(!lacks.iter().any(|lack| shown.contains(lack)), "{side:?} {state:?} {shown}");
        };
        let [accept, close, escalate] =
            ["accept", "close", "escalate"].map(|step| format!("value=\"{step}\""));
        let (accept, close, escalate) = (accept.as_str(), close.as_str(), escalate.as_str());
        let holder = Some(Side::Holder);
        check(
            holder,
            State::Sent,
            &[accept, "NHS Glen: Ward", "Tell them now"],
            &[close, escalate],
        );
        check(holder, State::Accepted, &[close], &[accept, escalate]);
        check(Some(Side::Sender), State::Sent, &[escalate], &[accept, close, "Tell them now"]);
        check(Some(Side::Sender), State::Closed, &["Nothing more is yours"], &["Record it"]);
        check(None, State::Sent, &["Nothing more is yours"], &["Record it"]);
    }
}
