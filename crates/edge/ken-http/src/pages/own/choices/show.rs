//! The pages of a person's choices.

use jiff::civil::Date;
use ken_sharing::wish::{State as Stands, What, Wish};
use maud::{Markup, html};

use super::Filled;
use super::offer::Offers;
use crate::pages::own::looked::MORE;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What stands, what may be asked for, and what was before.
pub(super) fn home(
    offers: &Offers,
    wishes: &[Wish],
    wrongs: &[Wrong],
    today: Date,
    csrf: &Csrf,
) -> Markup {
    let live = |wish: &&Wish| matches!(wish.state, Stands::Waiting | Stands::Stands);
    let (now, before): (Vec<_>, Vec<_>) = wishes.iter().partition(live);
    let cards: Vec<_> = now.iter().map(|wish| one(offers, wish, today, csrf)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "You have not asked for anything that shows here.".into(),
            caution: "What you ask for below to keep you safe does not show here.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    let heading = "What you asked for".to_owned();
    html! {
        (summary(wrongs))
        h1 { "Choices about sharing" }
        p {
            "Services that help you tell each other about you. Some of that must happen: the law \
             says so, or somebody could be hurt. You cannot turn that off, but you can "
            a href="/my/agreements" { "see what it is" } "."
        }
        (panel::show(&Panel { id: "now", heading, open: true, state }))
        (asking(offers, &now, wrongs, csrf))
        @if !before.is_empty() {
            h2 { "Before now" }
            ul { @for wish in before { (past(offers, wish)) } }
        }
        p { (MORE) }
    }
}

/// The choices that are open, none of them taken yet.
fn asking(offers: &Offers, now: &[&Wish], wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let stands = |what: &What| now.iter().any(|wish| wish.what == *what && !what.is_quiet());
    let choice = |what: What| Choice {
        value: what.code(),
        label: offers.label(&what),
        hint: Offers::hint(&what).map(str::to_owned),
    };
    let open: Vec<_> = offers.all().into_iter().filter(|what| !stands(what)).map(choice).collect();
    let form = Form { action: "/my/choices", csrf, button: "See what it would do", hidden: &[] };
    html! {
        h2 { "Ask for something" }
        @if open.is_empty() {
            p { "You cannot ask for this here yet. Call us: how to reach us is below." }
        } @else {
            p { "Nothing changes yet. First we show you what it would do." }
            (form.post(&choices("What do you want?", "choice", &open, "", wrongs)))
        }
    }
}

/// One that stands, with the way back where there is one.
fn one(offers: &Offers, wish: &Wish, today: Date, csrf: &Csrf) -> Markup {
    let hidden = [("step", "back".to_owned()), ("choice", wish.id.to_string())];
    let back = Form { action: "/my/choices", csrf, button: "Take this back", hidden: &hidden };
    html! {
        h3 { (offers.label(&wish.what)) }
        p { "You asked for this: " (words::moment_long(wish.asked, today)) "." }
        @match (wish.state, wish.due) {
            (Stands::Waiting, Some(due)) => {
                p {
                    "It works already. We answer by "
                    (words::day_long(words::local(due).date())) "."
                }
            }
            _ => { p { "It works." } }
        }
        @if let Some(answer) = &wish.answer { p { "We wrote: " q { (answer.reveal()) } } }
        @for line in Offers::does(&wish.what) { p { (line) } }
        @if wish.what.may_be_taken_back() {
            (back.small(&html! {}))
        } @else if wish.what.is_quiet() {
            p { "To end it, call us. We talk with you first." }
        } @else {
            p { "You can change it below." }
        }
    }
}

/// One that is over.
fn past(offers: &Offers, wish: &Wish) -> Markup {
    html! {
        li {
            (offers.label(&wish.what)) ". You asked on "
            (words::day_long(words::local(wish.asked).date())) ". "
            @if wish.state == Stands::Refused { "We said no. " } @else { "It has ended. " }
            @if let Some(answer) = &wish.answer { "We wrote: " q { (answer.reveal()) } }
        }
    }
}

/// What a choice would do, before it is sent.
pub(super) fn check(
    offers: &Offers,
    what: &What,
    filled: &Filled,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let hidden = [("step", "send".to_owned()), ("choice", what.code())];
    let button = if what.is_quiet() { "Ask for this" } else { "Yes, do this" };
    let form = Form { action: "/my/choices", csrf, button, hidden: &hidden };
    let called = Field::text("called", "Your name", &filled.called).hinted("So we know who asks.");
    let safe = if what.is_quiet() {
        "Only write what is safe: a phone number, a time, or somebody you trust."
    } else {
        "You do not have to. We also answer on this page."
    };
    let reach = Field::long("reach", "How can we reach you?", &filled.reach).hinted(safe);
    html! {
        (summary(wrongs))
        h1 { "Is this what you want?" }
        p { b { (offers.label(what)) } }
        h2 { "What it does" }
        ul { @for line in Offers::does(what) { li { (line) } } }
        h2 { "What goes on" }
        ul { @for line in Offers::goes_on(what) { li { (line) } } }
        h2 { "What happens next" }
        ul { @for line in offers.then(what) { li { (line) } } }
        (form.post(&html! {
            @if what.answer_within().is_some() { (called.show(wrongs)) (reach.show(wrongs)) }
        }))
        p { a.care_lone href="/my/choices" { "No, go back" } }
    }
}

/// It was sent.
pub(super) fn sent(offers: &Offers, what: &What) -> Markup {
    let (said, next) = if what.is_quiet() {
        ("We have what you sent", offers.then(what).join(" "))
    } else {
        ("It works from now on", "It is written down, and you can read it here.".to_owned())
    };
    html! {
        (confirmation::done(said, &next))
        (confirmation::link_on("/my/choices", "Back to your choices"))
    }
}

/// It was taken back.
pub(super) fn taken_back() -> Markup {
    html! {
        (confirmation::done("You took it back", "Services share again as before."))
        (confirmation::link_on("/my/choices", "Back to your choices"))
    }
}

/// Too much was asked for in a day.
pub(super) fn too_many() -> Markup {
    html! {
        h1 { "Please call us" }
        p { "You asked for a lot today, and we want to get it right. Nothing was changed now." }
        p { "How to reach us is below." }
        p { b { "If you are in danger now, call 999." } }
        p { a.care_lone href="/my/choices" { "Back to your choices" } }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_core::Sensitive;

    use super::super::offer::sample;
    use super::*;
    use crate::view::rules;

    fn wish(what: What, state: Stands) -> Wish {
        Wish {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            due: what.answer_within().map(|_| "2026-12-19T09:00:00Z".parse().unwrap()),
            what,
            asked: "2026-11-21T09:00:00Z".parse().unwrap(),
            state,
            answer: (state == Stands::Refused).then(|| Sensitive::new("A <reason>".to_owned())),
        }
    }

    #[test]
    fn every_choice_says_what_it_does_and_what_goes_on() {
        let (offers, csrf) = (sample(), Csrf::of("x"));
        for what in offers.all() {
            let wrongs = [Wrong::new("called", "Write your name")];
            let wrongs = if what.answer_within().is_some() { &wrongs[..] } else { &[] };
            let page = check(&offers, &what, &Filled::default(), wrongs, &csrf).into_string();
            rules::assert_part(&page);
            assert!(page.contains("What goes on") && page.contains("an emergency"), "{page}");
            rules::assert_part(&sent(&offers, &what).into_string());
        }
        rules::assert_part(&taken_back().into_string());
        rules::assert_part(&too_many().into_string());
    }

    #[test]
    fn what_stands_is_shown_with_its_way_back() {
        let (offers, csrf, today) = (sample(), Csrf::of("x"), date(2026, 11, 21));
        let wishes = [
            wish(What::Objection(None), Stands::Waiting),
            wish(What::ProtectedAddress, Stands::Stands),
            wish(What::Agreed("referral".into()), Stands::Stands),
            wish(What::Restriction, Stands::Refused),
        ];
        let wrongs = [Wrong::new("choice", "Choose what you want to ask for")];
        let page = home(&offers, &wishes, &wrongs, today, &csrf).into_string();
        rules::assert_part(&page);
        assert_eq!(page.matches("Take this back").count(), 1, "{page}");
        for want in ["We answer by 19 December 2026", "A &lt;reason&gt;", "To end it, call us"] {
            assert!(page.contains(want), "{want}: {page}");
        }
        let nobody = home(&Offers::default(), &[], &[], today, &csrf).into_string();
        rules::assert_part(&nobody);
        assert!(nobody.contains("Call us") && !nobody.contains("type=\"radio\""));
    }
}
