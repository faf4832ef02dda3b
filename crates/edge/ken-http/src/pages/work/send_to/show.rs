//! Whom to send it to, in words.

use ken_care::addressee::Addressee;
use ken_core::{Category, PersonId, Purpose};
use maud::{Markup, html};

use super::SHOWN_MAX;
use crate::pages::ask;
use crate::view::form::{filter, select};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, phone, receipt, words};

/// Whom to turn to in one organisation.
#[derive(Debug)]
pub(super) struct Card {
    /// Its place in the order of whom to turn to.
    pub(super) place: u8,
    /// Their name, where somebody is named.
    pub(super) who: String,
    /// In which role, where that is known.
    pub(super) role: Option<String>,
    /// Why them.
    pub(super) reason: String,
    /// How they are reached, the first first.
    pub(super) ways: Vec<String>,
    /// Whether a clause gives all of it.
    pub(super) is_whole: bool,
    /// The clauses that give it, each in its words.
    pub(super) clauses: Vec<String>,
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    /// Family and given name, if they were disclosed.
    pub(super) name: Option<(String, String)>,
    /// What may be sent to anybody.
    pub(super) kinds: Vec<Category>,
    /// What is to be sent.
    pub(super) kind: Option<Category>,
    /// Each organisation by name, with whom to turn to.
    pub(super) cards: Vec<(String, Card)>,
    /// How many organisations there are.
    pub(super) many: usize,
    pub(super) receipts: Vec<String>,
}

/// The ways from a person's page to the people around them, and to what was written with them.
pub(crate) fn ways(person: PersonId, purpose: &Purpose) -> Markup {
    let to = |page: &str| format!("/w/p/{person}/{page}?purpose={purpose}");
    html! {
        @if ![ask::OWN_WORK, ask::VITAL].contains(&purpose.as_str()) {
            p { a.care_lone href=(to("team")) { "The team around this person" } }
            p {
                a.care_lone href=(to("requests/new")) {
                    "Ask another organisation for assistance"
                }
            }
            p { a.care_lone href={ "/w/p/" (person) "/services" } { "Find a service for them" } }
            p { a.care_lone href=(to("send-to")) { "Who should I send this to?" } }
            p { a.care_lone href=(to("told")) { "I told somebody, by phone or face to face" } }
            p { a.care_lone href=(to("discussions")) { "Discussions" } }
            p { a.care_lone href=(to("messages")) { "Messages of the person to their team" } }
            p { a.care_lone href=(to("assessments")) { "Assessments and plans" } }
        }
    }
}

/// The role in which somebody is told, in words.
pub(super) fn role_of(of: &Addressee<'_>) -> Option<String> {
    let role = match of {
        Addressee::Coordinator(_, one) => &one.role,
        Addressee::Member(one) => &one.role,
        Addressee::OnDuty(desk, _) | Addressee::Desk(desk) => &desk.role,
        Addressee::Organisation => return None,
    };
    Some(words::role(role.as_str()))
}

/// Why it is they, in words.
pub(super) fn reason(of: &Addressee<'_>) -> String {
    match of {
        Addressee::Coordinator(kind, _) => format!("{} of this person.", kind.says()),
        Addressee::Member(one) => format!(
            "In the team around this person, until {}.",
            words::day_short(words::local(one.until).date())
        ),
        Addressee::OnDuty(desk, shift) => {
            format!(
                "On duty now at {}, until {}.",
                desk.name,
                words::moment_short(shift.span.until)
            )
        }
        Addressee::Desk(desk) => {
            format!("Nobody is on duty now at {}. The desk’s own number stands.", desk.name)
        }
        Addressee::Organisation => {
            "The number that the organisation gives to everybody.".to_owned()
        }
    }
}

/// The page's content.
pub(super) fn show(view: &View) -> Markup {
    let to = format!("/w/p/{}", view.person);
    html! {
        h1 { "Who should I send this to?" }
        p {
            "About "
            @match &view.name {
                Some((family, given)) => b { (family.to_uppercase()) ", " (given) },
                None => "somebody whose name is not shared with you",
            }
            ", for this purpose: " (words::purpose(&view.purpose)) "."
        }
        p {
            a href={ (to) "?purpose=" (view.purpose) } { "Back to the overview" }
            " · "
            a href={ (to) "/team?purpose=" (view.purpose) } { "The team" }
            " · "
            a href="/w/duty" { "Everybody on duty now" }
        }
        @if view.kinds.is_empty() {
            (panel::show(&nothing()))
        } @else {
            (filter(&format!("{to}/send-to"), &html! {
                input type="hidden" name="purpose" value=(view.purpose);
                (select("kind", "What you want to send", &kinds(&view.kinds),
                    view.kind.as_ref().map(Category::as_str).unwrap_or_default()))
            }))
        }
        @if let Some(kind) = &view.kind { (panel::show(&listed(view, kind))) }
        p.care_meta { (LIMITS) }
        p { "The person can read that you looked, and why." }
        (receipt::detail(&view.receipts))
    }
}

/// What the list does not say. One text for everybody: it says nothing about this person.
const LIMITS: &str = "An organisation is listed because a clause in force lets you send this to \
    it, once what the clause asks for holds: read it first. Whoever referred the person to you is \
    not listed for that. Information that you had from others may be bound further. What the law \
    requires you to report goes whether it is listed here or not.";

fn kinds(kinds: &[Category]) -> Vec<(String, String)> {
    let blank = (String::new(), "Choose".to_owned());
    let mut named: Vec<_> =
        kinds.iter().map(|kind| (kind.to_string(), words::category(kind))).collect();
    named.sort_by(|(_, one), (_, other)| one.cmp(other));
    std::iter::once(blank).chain(named).collect()
}

fn nothing() -> Panel {
    let state = State::Nothing {
        looked: "No clause in force lets your role send anything for this purpose.".into(),
        caution: "That does not mean that nobody needs it. Ask your information governance lead."
            .into(),
    };
    Panel { id: "to", heading: "Whom to send it to".into(), open: true, state }
}

fn listed(view: &View, kind: &Category) -> Panel {
    let cards: Vec<_> = view.cards.iter().map(|(at, card)| shown(at, card)).collect();
    let from = (view.many > SHOWN_MAX)
        .then(|| format!("The first {SHOWN_MAX} of {} organisations.", view.many));
    let state = State::Content { shown: card::cards(true, &cards), from };
    let heading = format!("Whom to send it to: {}", words::category(kind));
    Panel { id: "to", heading, open: true, state }
}

fn shown(at: &str, card: &Card) -> Markup {
    html! {
        h3 { (at) }
        @if !card.who.is_empty() || card.role.is_some() {
            p {
                @if !card.who.is_empty() {
                    b { (card.who) }
                    @if card.role.is_some() { ", " }
                }
                @if let Some(role) = &card.role { (role) }
            }
        }
        p { (card.reason) }
        @if card.ways.is_empty() { p { "No number of theirs is known here." } }
        @for way in &card.ways { p { (phone::linked(way)) } }
        @if !card.is_whole { p { "A clause gives only a part of it." } }
        details.care_more {
            summary { "Why you may send it" }
            div { @for clause in &card.clauses { p { (clause) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn card() -> Card {
        Card {
            place: 0,
            who: "Beth <Ogilvie>".into(),
            role: Some("Duty social worker".into()),
            reason: "Lead professional of this person.".into(),
            ways: vec!["01632 960 123".into(), "Monday to Friday, 9 to 5".into()],
            is_whole: false,
            clauses: vec!["Glen direct care, clause D6: Each tells the others.".into()],
        }
    }

    fn view(cards: Vec<(String, Card)>) -> View {
        View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            name: Some(("Drummond".into(), "Morag".into())),
            kinds: vec!["care-plan".parse().unwrap(), "alerts".parse().unwrap()],
            kind: Some("care-plan".parse().unwrap()),
            many: cards.len(),
            cards,
            receipts: vec![],
        }
    }

    #[test]
    fn the_page_says_whom_why_and_how() {
        let none = Card { who: String::new(), role: None, is_whole: true, ..card() };
        let cards = vec![("Glen Council".into(), card()), ("NHS Glen".into(), none)];
        let shown = show(&View { many: SHOWN_MAX + 1, ..view(cards) }).into_string();
        rules::assert_part(&shown);
        for want in [
            "<b>DRUMMOND, Morag</b>",
            "<b>Beth &lt;Ogilvie&gt;</b>, Duty social worker",
            "href=\"tel:01632960123\"",
            "Monday to Friday, 9 to 5",
            "Lead professional of this person.",
            "clause D6",
            "The first 50 of 51 organisations.",
        ] {
            assert!(shown.contains(want), "{want}: {shown}");
        }
        assert_eq!(shown.matches("A clause gives only a part of it").count(), 1);
    }

    #[test]
    fn nothing_is_listed_before_it_is_said_what_is_sent() {
        let shown = show(&View { kind: None, name: None, ..view(vec![]) }).into_string();
        rules::assert_part(&shown);
        assert!(!shown.contains("Whom to send it to") && shown.contains("What you want to send"));
        let shown = show(&View { kind: None, kinds: vec![], ..view(vec![]) }).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("No clause in force lets your role send anything"));
        for purpose in [ask::OWN_WORK, ask::VITAL] {
            let to = ways(view(vec![]).person, &purpose.parse().unwrap());
            assert_eq!(to.into_string(), "");
        }
    }
}
