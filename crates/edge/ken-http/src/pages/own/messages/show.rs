//! The page of one's messages, in plain words.

use jiff::civil::Date;
use ken_care::message::Message;
use maud::{Markup, html};

use super::Filled;
use crate::pages::own::looked::MORE;
use crate::pages::own::words;
use crate::pages::replies::{self, Reply};
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::words as says;
use crate::view::{card, confirmation, receipt};
use crate::wire::csrf::Csrf;

/// The page's title.
pub(super) const TITLE: &str = "My messages";

/// A message, and its replies.
pub(super) type Thread = (Message, Vec<Reply>);

/// What the page shows.
pub(super) struct View {
    /// The newest first.
    pub(super) threads: Vec<Thread>,
    pub(super) may_write: bool,
    /// Whether every reply that may be shown is.
    pub(super) is_whole: bool,
    pub(super) today: Date,
    pub(super) receipts: Vec<String>,
}

/// The page of whoever may not read it here.
pub(super) fn refused() -> Markup {
    html! {
        h1 { (TITLE) }
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

/// The page's content.
pub(super) fn show(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let cards: Vec<_> = view.threads.iter().map(|one| thread(one, view.today)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "You have not written anything yet.".into(),
            caution: "What they answer will stand here.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    // Where the form is not shown there is nothing to put right.
    let wrongs = if view.may_write { wrongs } else { &[] };
    html! {
        (summary(wrongs))
        h1 { (TITLE) }
        p { b { "Do you need help now? Do not wait for an answer here: call 999 or 111." } }
        @if view.may_write { (write(filled, wrongs, csrf)) } @else {
            h2 { "You cannot write here yet" }
            p { "Nobody can read your messages here yet. Call us: how to reach us is below." }
            @if !filled.words.reveal().trim().is_empty() {
                p { b { "We did not send this:" } }
                (words::lines(filled.words.reveal()))
            }
        }
        (panel::show(&Panel {
            id: "messages",
            heading: "What I wrote to my team".into(),
            open: true,
            state,
        }))
        @if !view.is_whole {
            p { "Old answers are in " a href="/my/record" { "my record" } "." }
        }
        p { a.care_lone href="/my/team" { "See who is in my team" } }
        p { (MORE) }
        (receipt::own(&view.receipts))
    }
}

fn write(filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: "/my/messages", csrf, button: "Send to my team", hidden: &[] };
    html! {
        h2 { "Write to my team" }
        p {
            "Those who bring your help together can read what you write here, and so can those \
             whom they let into your team. Nobody else who works with you can. You cannot take it \
             back."
        }
        p {
            "What they answer is kept in your record. Everybody who may read there what has \
             happened to you can read the answer too."
        }
        p { (words::CARE) }
        (form.post(&html! {
            (Field::long("words", "Your message", filled.words.reveal()).show(wrongs))
            (words::helper(filled.called.reveal(), wrongs))
        }))
    }
}

fn thread((message, replies): &Thread, today: Date) -> Markup {
    html! {
        h3 { "I wrote" }
        (words::lines(message.text.reveal()))
        p {
            (says::moment_long(message.at, today)) "."
            @if let Some(helper) = &message.helper { " Written for you by " (helper.reveal()) "." }
        }
        @for reply in replies {
            h3 { (reply.by) " answered" }
            (replies::show(reply))
            p { (says::moment_long(reply.at, today)) "." }
        }
    }
}

/// It waits with the team.
pub(super) fn sent() -> Markup {
    let next = "It waits for those who bring your help together. You read here what they answer.";
    html! {
        (confirmation::done("Your message is sent", next))
        (confirmation::link_on("/my/messages", "Back to my messages"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_core::Sensitive;

    use super::*;
    use crate::view::rules;

    fn view(may_write: bool) -> View {
        let message = Message {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            helper: Some(Sensitive::new("Effie <me>".to_owned())),
            text: Sensitive::new("When do you come?\n\nAnd <who>?".to_owned()),
            at: "2026-10-04T09:00:00Z".parse().unwrap(),
            replies: vec![],
        };
        let reply = Reply {
            at: "2026-10-05T09:00:00Z".parse().unwrap(),
            by: "Beth Ogilvie, social worker".into(),
            text: "On <Monday>".into(),
            words: vec![],
        };
        View {
            threads: vec![(message, vec![reply])],
            may_write,
            is_whole: may_write,
            today: date(2026, 11, 21),
            receipts: vec!["a2VuLXJlY2VpcHQvMQ".into()],
        }
    }

    #[test]
    fn messages_stand_with_their_replies() {
        let (csrf, filled) = (Csrf::of("x"), Filled::default());
        let wrongs = [Wrong::new("words", "Write what you want to say")];
        let page = show(&view(true), (&filled, &wrongs), &csrf).into_string();
        rules::assert_part(&page);
        for want in ["Beth Ogilvie", "On &lt;Monday&gt;", "And &lt;who&gt;?", "Effie &lt;me&gt;"] {
            assert!(page.contains(want), "{want}: {page}");
        }
        assert!(page.contains("Whoever opens these pages") && page.contains("call 999"), "{page}");
        let page = show(&view(false), (&filled, &wrongs), &csrf).into_string();
        rules::assert_part(&page);
        assert!(page.contains("You cannot write here yet") && !page.contains("<form"), "{page}");
        assert!(page.contains("Old answers"), "{page}");
        let none = View { threads: vec![], ..view(true) };
        rules::assert_part(&show(&none, (&filled, &[]), &csrf).into_string());
        for part in [sent(), refused()] {
            rules::assert_part(&part.into_string());
        }
    }
}
