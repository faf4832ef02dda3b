//! The pages of a person's messages to their team, in words.

use jiff::Timestamp;
use ken_care::message::{Message, Refused, WAITING_MAX};
use ken_core::{PersonId, Purpose};
use maud::{Markup, html};

use super::Filled;
use crate::pages::replies::{self, Reply};
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, receipt, words};
use crate::wire::csrf::Csrf;

/// What the page shows.
pub(super) struct View {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    /// The messages with their replies, the newest first; none where the reader is not of the team.
    pub(super) threads: Option<Vec<(Message, Vec<Reply>)>>,
    /// Whether every reply that may be shown is.
    pub(super) is_whole: bool,
    pub(super) receipts: Vec<String>,
}

// One text for everybody: one that differed would tell of whom it is known that reading it might
// harm somebody.
const FILED: &str = "Your answer is filed in the record under your organisation, and cannot be \
    changed. Whoever a clause lets read what has happened can read it. The person reads it on \
    their own pages, and so does whoever opens them: write nothing that could put them in danger.";
const PRIVATE: &str = "What the person writes stands here alone: whoever coordinates their care \
    reads it, and whoever they let into the team. Do not quote it in your answer.";

/// Why nothing was sent, at the field to put right.
pub(super) fn wrong(refused: Refused) -> Wrong {
    let says = match refused {
        Refused::Empty => "Write your answer",
        Refused::TooLong => "Write less: an answer has up to 3,000 characters",
        Refused::TooMany => "As much was answered today as may be: call the person",
        Refused::Newer => "The person wrote again. Read it first, then send your answer",
        Refused::KeptBack => {
            "What is done for this purpose is kept from the person: answer for another purpose"
        }
        Refused::NotTheirs | Refused::Nobody => "You cannot answer here: nothing was sent",
    };
    Wrong::new("words", says)
}

/// Where the messages of somebody are.
fn address(person: PersonId, purpose: &Purpose) -> String {
    format!("/w/p/{person}/messages?purpose={purpose}")
}

/// The messages, and the form for an answer to the newest.
pub(super) fn show(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let back = format!("/w/p/{}?purpose={}", view.person, view.purpose);
    let threads = view.threads.as_deref().unwrap_or_default();
    let newest = threads.first().map(|(message, _)| message);
    // Where the form is not shown there is nothing to put right.
    let wrongs = if newest.is_some() { wrongs } else { &[] };
    let cards: Vec<_> = threads.iter().map(thread).collect();
    let state = if view.threads.is_none() {
        State::Nothing {
            looked: "You are not of this person's team, so no message is shown to you.".into(),
            caution: "Whoever coordinates their care can let you in: see the team's page.".into(),
        }
    } else if cards.is_empty() {
        State::Nothing {
            looked: "The person has written nothing to their team.".into(),
            caution: "Whoever coordinates their care finds it under Today when they do.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        (summary(wrongs))
        h1 { "Messages of the person" }
        p { a href=(back) { "Back to the overview" } }
        p { (PRIVATE) }
        (panel::show(&Panel { id: "messages", heading: "So far".into(), open: true, state }))
        @if !view.is_whole {
            p { "There may be older answers than this page can show: see the chronology." }
        }
        @if let Some(newest) = newest {
            section.care_panel aria-labelledby="answer" {
                h2 #answer { "Answer" }
                p { (FILED) }
                (form(view, newest, (filled, wrongs), csrf))
            }
        }
        @if newest.is_none() && !filled.words.reveal().trim().is_empty() {
            section.care_panel aria-labelledby="unsent" {
                h2 #unsent { "This was not sent" }
                p { (filled.words.reveal()) }
            }
        }
        (receipt::detail(&view.receipts))
    }
}

fn form(view: &View, newest: &Message, typed: (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let (filled, wrongs) = typed;
    let action = format!("/w/p/{}/messages", view.person);
    let hidden = [("purpose", view.purpose.to_string()), ("seen", newest.id.to_string())];
    let form = Form { action: &action, csrf, button: "Send to the person", hidden: &hidden };
    let answer = Field::long("words", "Your answer", filled.words.reveal());
    form.post(&answer.hinted("In plain words.").show(wrongs))
}

fn thread((message, replies): &(Message, Vec<Reply>)) -> Markup {
    let text = message.text.reveal().lines().filter(|line| !line.trim().is_empty());
    html! {
        h3 { "The person wrote" }
        @for line in text { p { (line) } }
        p.care_meta {
            (words::moment_short(message.at))
            @if let Some(helper) = &message.helper { ". Written for them by " (helper.reveal()) }
        }
        @for reply in replies {
            h3 { (reply.by) " answered" }
            (replies::show(reply))
            p.care_meta { (words::moment_short(reply.at)) }
        }
    }
}

/// The reply is filed.
pub(super) fn sent(person: PersonId, purpose: &Purpose) -> Markup {
    let next = "The person reads it on their own pages, and it is filed in the record.";
    html! {
        (confirmation::done("Your answer is sent", next))
        (confirmation::link_on(&address(person, purpose), "Back to the messages"))
    }
}

/// Whose message waits; their names are on pages that ask for them.
pub(super) fn waits(waiting: &[(PersonId, Timestamp)]) -> Markup {
    let one = |(person, since): &(PersonId, Timestamp)| {
        let since = words::moment_short(*since);
        html! {
            h3 { "Somebody whose care you coordinate wrote" }
            p { "Waiting since " (since) "." }
            p { a href={ "/w/p/" (person) } { "Open the person who wrote " (since) } }
        }
    };
    let cards: Vec<_> = waiting.iter().map(one).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No message waits for an answer of yours.".into(),
            caution: "People write to whoever coordinates their care.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "Messages" }
        p { "Choose the purpose on the person's page. Their messages are linked from there." }
        (panel::show(&Panel { id: "waiting", heading: "Waiting".into(), open: true, state }))
        @if waiting.len() >= WAITING_MAX { p { "More may wait: these are the oldest." } }
    }
}

#[cfg(test)]
mod tests {
    use ken_core::Sensitive;

    use super::*;
    use crate::view::rules;

    fn view() -> View {
        let message = Message {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            helper: Some(Sensitive::new("Effie <me>".to_owned())),
            text: Sensitive::new("When <do> you come?".to_owned()),
            at: "2026-10-04T09:00:00Z".parse().unwrap(),
            replies: vec![],
        };
        let reply = Reply {
            at: "2026-10-05T09:00:00Z".parse().unwrap(),
            by: "Dr Rao, GP".into(),
            text: "On <Monday>".into(),
            words: vec![],
        };
        View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            threads: Some(vec![(message, vec![reply])]),
            is_whole: false,
            receipts: vec![],
        }
    }

    #[test]
    fn messages_are_answered_where_there_are_any() {
        let (csrf, filled) = (Csrf::of("x"), Filled::default());
        let wrongs = [wrong(Refused::Newer)];
        let page = show(&view(), (&filled, &wrongs), &csrf).into_string();
        rules::assert_part(&page);
        let id = "name=\"seen\" value=\"0190163d-8694-739b-aea5-966c26f8ad90\"";
        for want in ["When &lt;do&gt;", "On &lt;Monday&gt;", "Effie &lt;me&gt;", id, FILED] {
            assert!(page.contains(want), "{want}: {page}");
        }
        for threads in [Some(vec![]), None] {
            let none = View { threads, is_whole: true, ..view() };
            let page = show(&none, (&filled, &wrongs), &csrf).into_string();
            rules::assert_part(&page);
            assert!(!page.contains("<form"), "there is nothing to answer: {page}");
        }
        let at = "2026-10-04T09:00:00Z".parse().unwrap();
        rules::assert_part(&waits(&[(view().person, at)]).into_string());
        rules::assert_part(&waits(&[]).into_string());
        rules::assert_part(&sent(view().person, &view().purpose).into_string());
    }
}
