//! The pages of what a person says themselves, in plain words.

use ken_care::correction::{Correction, Outcome};
use ken_care::words::own::Topic;
use ken_care::words::{How, Words};
use ken_core::OrganisationId;
use maud::{Markup, html};

use super::{CORRECT, Filled, Found};
use crate::pages::own::looked::MORE;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::timeline;
use crate::view::{card, confirmation, receipt, words};
use crate::wire::csrf::Csrf;

/// What the page begins with.
#[derive(Debug, Default)]
pub(super) struct Home {
    /// What the person wrote of themselves, the newest first.
    pub(super) own: Vec<Own>,
    /// Whether all of it is here.
    pub(super) is_whole: bool,
    /// What they said of entries, the newest first.
    pub(super) said: Vec<Words>,
    /// What they asked to be put right, the newest first, each with whom they asked.
    pub(super) asked: Vec<(String, Correction)>,
    /// Who keeps what they write, by id and name; none where they cannot write it here.
    pub(super) keeper: Option<(OrganisationId, String)>,
    /// The ledger's receipts for this visit.
    pub(super) receipts: Vec<String>,
}

/// Something that the person wrote of themselves.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) on: String,
    /// What it is about and what it says, and who wrote it for them.
    pub(super) text: Vec<(String, String)>,
}

/// What I have said, and the form for more.
pub(super) fn home(home: &Home, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    html! {
        (summary(wrongs))
        h1 { "My words" }
        p {
            "Here you can tell people about yourself. You can also say what you think of things \
             that others wrote about you. Nobody can change your words."
        }
        (panel::show(&Panel {
            id: "own",
            heading: "What I wrote about me".into(),
            open: true,
            state: own(&home.own),
        }))
        @if !home.is_whole { p { "There is more than we can show here. You can ask for it." } }
        (write(home, filled, wrongs, csrf))
        (panel::show(&Panel {
            id: "said",
            heading: "What I said about what others wrote".into(),
            open: true,
            state: of_entries(&home.said),
        }))
        @if !home.asked.is_empty() {
            h2 { "What I asked to be put right" }
            @for (organisation, one) in &home.asked { (asked_of(organisation, one)) }
        }
        p { a.care_lone href="/my/record" { "Find something in my record" } }
        p { (MORE) }
        (receipt::own(&home.receipts))
    }
}

fn own(own: &[Own]) -> State {
    if own.is_empty() {
        return State::Nothing {
            looked: "You have not written anything yet.".into(),
            caution: "What matters to you? You can write it below.".into(),
        };
    }
    let one = |own: &Own| {
        html! {
            @for (title, text) in &own.text { h3 { (title) } (lines(text)) }
            p { (own.on) }
        }
    };
    let cards: Vec<_> = own.iter().map(one).collect();
    State::Content { shown: card::cards(false, &cards), from: None }
}

fn of_entries(said: &[Words]) -> State {
    if said.is_empty() {
        return State::Nothing {
            looked: "You have not said anything yet.".into(),
            caution: "In your record each thing has a button for it.".into(),
        };
    }
    let one = |words: &Words| {
        html! {
            h3 { (does(words.how)) }
            (lines(&words.text))
            p {
                (words::day_long(words::local(words.at).date())) "."
                @if let Some(helper) = &words.helper { " Written for you by " (helper) "." }
            }
        }
    };
    let cards: Vec<_> = said.iter().map(one).collect();
    State::Content { shown: card::cards(false, &cards), from: None }
}

/// One thing to put right, and what became of it.
fn asked_of(organisation: &str, one: &Correction) -> Markup {
    let day = |at| words::day_long(words::local(at).date());
    let became = match one.outcome {
        None => None,
        Some(Outcome::Corrected) => Some("They put it right."),
        Some(Outcome::Partly) => Some("They put some of it right."),
        Some(Outcome::Refused) => Some("They did not change it."),
    };
    html! {
        div.care_panel {
            h3 { "Asked of " (organisation) " on " (day(one.asked)) }
            @if let Some(sent) = &one.sent { (lines(sent.text.reveal())) }
            @match became {
                Some(became) => {
                    p { b { (became) } }
                    @if let Some(answer) = &one.answer { (lines(answer.reveal())) }
                    @if one.outcome != Some(Outcome::Corrected) {
                        p {
                            "Your words can stand beside it all the same. You can also complain \
                             to them, or to the Information Commissioner: ask us how."
                        }
                    }
                }
                None => { p { "They answer by " (day(one.due)) "." } }
            }
        }
    }
}

/// What was written, line by line.
pub(in crate::pages::own) fn lines(text: &str) -> Markup {
    html! { @for line in text.lines().filter(|line| !line.trim().is_empty()) { p { (line) } } }
}

const fn does(how: How) -> &'static str {
    match how {
        How::Agrees => "I agree",
        How::Disagrees => "I do not agree",
        How::Adds => "I want to add something",
    }
}

/// The form for something of oneself.
fn write(home: &Home, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let Some((_, keeper)) = &home.keeper else {
        return html! {
            h2 { "Write something" }
            p { "You cannot write about yourself here yet. Call us: how to reach us is below." }
        };
    };
    let topic = |topic: Topic| Choice {
        value: topic.code().to_owned(),
        label: topic.says().to_owned(),
        hint: None,
    };
    let topics: Vec<_> = Topic::ALL.into_iter().map(topic).collect();
    let hidden = [("step", "write".to_owned())];
    let form = Form { action: "/my/words", csrf, button: "Keep my words", hidden: &hidden };
    html! {
        h2 { "Write something" }
        p {
            (keeper) " keeps it for you. People who help you, and may read what you say, can read \
             it. What you write later takes the place of what you wrote before."
        }
        p { (CARE) }
        (form.post(&html! {
            (choices("What is it about?", "topic", &topics, &filled.topic, wrongs))
            (text(filled, wrongs))
            (helper(&filled.called, wrongs))
        }))
    }
}

/// What everybody is told before they write.
pub(in crate::pages::own) const CARE: &str = "Whoever opens these pages can read what you write. \
    Do not write where you live, or what could put you in danger.";

fn text(filled: &Filled, wrongs: &[Wrong]) -> Markup {
    Field::long("words", "Your words", &filled.words).show(wrongs)
}

/// Who writes for the person.
pub(in crate::pages::own) fn helper(value: &str, wrongs: &[Wrong]) -> Markup {
    let label = "Do you write this for somebody else? Write your name, and who you are to them";
    Field::text("called", label, value).hinted("If not, leave this empty.").show(wrongs)
}

/// One entry, and what can be said of it.
pub(super) fn about(found: &Found, filled: &Filled, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let event = &found.dated.event;
    let choice = |how: How| Choice {
        value: how.code().to_owned(),
        label: does(how).to_owned(),
        hint: (how == How::Agrees).then(|| "You do not have to write anything.".to_owned()),
    };
    let correct = Choice {
        value: CORRECT.to_owned(),
        label: "Something in it is wrong: please put it right".to_owned(),
        hint: Some("Those who wrote it answer you here within 28 days.".to_owned()),
    };
    let ways: Vec<_> = How::ALL.into_iter().map(choice).chain([correct]).collect();
    let hidden = [
        ("step", "say".to_owned()),
        ("point", found.point.to_string()),
        ("seen", found.print.clone()),
    ];
    let form = Form { action: "/my/words", csrf, button: "Keep my words", hidden: &hidden };
    html! {
        (summary(wrongs))
        h1 { "What do you want to say about this?" }
        div.care_panel {
            p { b { (event.title) } }
            @if let Some(note) = &event.note { p { (note) } }
            (timeline::sections(&event.sections))
            p { (found.dated.when.says_plainly()) ". From " (event.source) "." }
            (timeline::said(&event.words))
        }
        p {
            "Your words stand beside it from now on. Everybody who may read it can read your \
             words too. What they wrote stays as it is."
        }
        p {
            "You can also ask those who wrote it to put it right. Then they read your name, your \
             date of birth, what this is about and your words."
        }
        p { (CARE) }
        (form.post(&html! {
            (choices("What do you think of it?", "how", &ways, &filled.how, wrongs))
            (text(filled, wrongs))
            (helper(&filled.called, wrongs))
        }))
        p { a.care_lone href="/my/record" { "No, go back" } }
        (receipt::own(&found.receipts))
    }
}

/// It stands beside the entry.
pub(super) fn said() -> Markup {
    html! {
        (confirmation::done("Your words are kept", "Whoever may read it now reads your words too."))
        (confirmation::link_on("/my/record", "Back to my record"))
    }
}

/// It waits with those who wrote the entry.
pub(super) fn asked(organisation: &str) -> Markup {
    let next = format!("{organisation} answers within 28 days. You read the answer in My words.");
    html! {
        (confirmation::done("You asked them to put it right", &next))
        (confirmation::link_on("/my/words", "Back to my words"))
    }
}

/// It is an entry of their own.
pub(super) fn written() -> Markup {
    html! {
        (confirmation::done("Your words are kept", "They are in your record from now on."))
        (confirmation::link_on("/my/words", "Back to my words"))
    }
}

/// As much was said as may be.
pub(super) fn too_many() -> Markup {
    html! {
        h1 { "Please call us" }
        p { "You wrote a lot, and we want to get it right. This was not kept." }
        p { "How to reach us is below." }
        p { a.care_lone href="/my/words" { "Back to my words" } }
    }
}

#[cfg(test)]
mod tests {
    use ken_core::Sensitive;

    use super::*;
    use crate::view::rules;

    fn correction(outcome: Option<Outcome>) -> Correction {
        Correction {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            organisation: "nhsl".parse().unwrap(),
            asked: "2026-11-01T09:00:00Z".parse().unwrap(),
            due: "2026-11-29T09:00:00Z".parse().unwrap(),
            answer: outcome.map(|_| Sensitive::new("Because <so>".to_owned())),
            outcome,
            sent: None,
        }
    }

    fn filled_home() -> Home {
        Home {
            is_whole: true,
            own: vec![Own {
                on: "3 October 2026".into(),
                text: vec![("What matters to me".into(), "My garden\n\nMy <cat>".into())],
            }],
            said: vec![Words {
                id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
                how: How::Disagrees,
                text: "I was not there".into(),
                helper: Some("Effie, my sister".into()),
                at: "2026-10-04T09:00:00Z".parse().unwrap(),
                is_kept_back: false,
            }],
            asked: [None, Some(Outcome::Refused), Some(Outcome::Corrected)]
                .into_iter()
                .map(|outcome| ("NHS <Glen>".to_owned(), correction(outcome)))
                .collect(),
            keeper: Some(("cec".parse().unwrap(), "Glen Council".into())),
            receipts: vec!["a2VuLXJlY2VpcHQvMQ".into()],
        }
    }

    #[test]
    fn what_was_said_is_shown_with_the_way_to_say_more() {
        let csrf = Csrf::of("x");
        let wrongs = [Wrong::new("words", "Write what you want to say")];
        let page = home(&filled_home(), &Filled::default(), &wrongs, &csrf).into_string();
        rules::assert_part(&page);
        for want in [
            "My &lt;cat&gt;",
            "I do not agree",
            "Effie, my sister",
            "Glen Council keeps",
            "Because &lt;so&gt;",
            "answer by 29 November",
        ] {
            assert!(page.contains(want), "{want}: {page}");
        }
        let nobody = Home::default();
        let page = home(&nobody, &Filled::default(), &[], &csrf).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Call us") && !page.contains("<textarea"), "{page}");
        for part in [said(), asked("NHS <Glen>"), written(), too_many()] {
            rules::assert_part(&part.into_string());
        }
    }
}
