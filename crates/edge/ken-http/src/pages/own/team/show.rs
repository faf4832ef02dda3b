//! The person's own page of their team, in words.

use ken_care::role::Kind;
use ken_core::PractitionerId;
use maud::{Markup, html};

use super::Filled;
use crate::pages::own::looked::MORE;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{confirmation, facts, phone, receipt};
use crate::wire::csrf::Csrf;

/// Somebody who was let in.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) organisation: String,
    pub(super) since: String,
    pub(super) until: String,
}

/// Somebody who is offered.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) kind: Kind,
    pub(super) id: PractitionerId,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) organisation: String,
}

impl Offer {
    /// What the form carries of it.
    pub(super) fn value(&self) -> String {
        format!("{} {}", self.kind.code(), self.id)
    }
}

/// What the page shows.
#[derive(Debug, Default)]
pub(super) struct Team {
    pub(super) who: Vec<(String, String)>,
    pub(super) offers: Vec<Offer>,
    pub(super) members: Vec<Member>,
    pub(super) receipts: Vec<String>,
}

/// The page of whoever may not read it here.
pub(super) fn refused() -> Markup {
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

/// The page after an answer.
pub(super) fn done(is_accepted: bool) -> Markup {
    let (what, next) = if is_accepted {
        ("You said yes", "From now on they can help you in this way. Your team can see that.")
    } else {
        ("You said no", "They will not help you in this way. Your team can see that.")
    };
    html! {
        (confirmation::done(what, next))
        p { "You can change your mind: tell anybody who helps you." }
        (confirmation::link_on("/my/team", "Back to my team"))
    }
}

/// The page's content.
pub(super) fn show(team: &Team, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let who: Vec<_> =
        team.who.iter().map(|(label, value)| (label.as_str(), phone::linked(value))).collect();
    html! {
        (summary(wrongs))
        h1 { "My team" }
        p { "These people help you, and they talk with each other. " (MORE) }
        section.care_panel aria-labelledby="who" {
            h2 #who { "Who can I turn to?" }
            @if who.is_empty() {
                p { "Nobody has told us yet who that is. You can ask anybody who helps you." }
            } @else { (facts::list(&who)) }
        }
        @if !team.offers.is_empty() { (offers(&team.offers, (filled, wrongs), csrf)) }
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

/// Who is offered, and what the person says to it: one after the other, so that each is read.
fn offers(offers: &[Offer], (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let is_asked = |one: &&Offer| one.value() == filled.offer;
    let asked = offers.iter().find(is_asked).or(offers.first());
    html! {
        section.care_panel aria-labelledby="offers" {
            h2 #offers { "Do you want their help?" }
            p { "You choose. You can say no: you get all other help as before." }
            @if let Some(one) = asked {
                h3 { (one.name) ", " (one.role) ", " (one.organisation) }
                p { (says(one.kind)) }
                (answer(one, (filled, wrongs), csrf))
            }
            @if offers.len() > 1 { p { "When you have answered, we ask you about one more." } }
        }
    }
}

/// What somebody is offered as, in plain words.
const fn says(kind: Kind) -> &'static str {
    match kind {
        Kind::NamedPerson => "They want to be your named person. You can turn to them first.",
        Kind::LeadProfessional => {
            "They want to be your lead professional. They bring your help together."
        }
    }
}

fn answer(one: &Offer, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let choice =
        |value: &str, label: &str| Choice { value: value.into(), label: label.into(), hint: None };
    let both = [choice("yes", "Yes, I want this"), choice("no", "No, I do not want this")];
    let (typed, hidden) = (filled.told.reveal(), [("offer", one.value())]);
    let form = Form { action: "/my/team", csrf, button: "Send my answer", hidden: &hidden };
    form.post(&html! {
        (choices("What do you say?", "answer", &both, &filled.answer, wrongs))
        (Field::long("told", "Do you want to say more?", typed)
            .hinted("You need not. Who offered it and who helps you in this way can read it.")
            .show(wrongs))
    })
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
        let offer = Offer {
            kind: Kind::NamedPerson,
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            name: "Nell Nurse".into(),
            role: "Nurse".into(),
            organisation: "Glen Medical Practice".into(),
        };
        let (members, offers) = (vec![member], vec![offer]);
        let team = Team { who, offers, members, receipts: vec![] };
        let (csrf, filled) = (Csrf::of("x"), Filled::default());
        let wrongs = [Wrong::new("answer", "Choose yes or no")];
        let shown = show(&team, (&filled, &wrongs), &csrf).into_string();
        assert!(shown.contains("value=\"named-person 0190163d-8694-739b-aea5-966c26f8ad90\""));
        assert!(shown.contains("Nell Nurse, Nurse, Glen Medical Practice"));
        rules::assert_part(&shown);
        assert!(shown.contains("<a href=\"tel:01632960123\">01632 960 123</a>"));
        assert!(shown.contains("Kirsty Lamont") && shown.contains("It ends on 1 December 2026"));
        let nobody = show(&Team::default(), (&filled, &[]), &csrf).into_string();
        rules::assert_part(&nobody);
        assert!(nobody.contains("Nobody was let in by name"));
        assert!(!nobody.contains("Do you want their help?"));
        for part in [refused(), done(true), done(false)] {
            rules::assert_part(&part.into_string());
        }
    }
}
