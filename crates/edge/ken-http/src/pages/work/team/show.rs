//! The team's page and its forms, in words.

use jiff::Timestamp;
use ken_care::role::{Kind, Refused as NoTurn};
use ken_care::team::{DAYS, KINDS, Refused as NotLet};
use ken_core::{OrganisationId, PersonId, PractitionerId, Purpose, RelationshipId, RoleId};
use maud::{Markup, html};

use super::Filled;
use super::said::{self, Answered};
use crate::pages::ask;
use crate::view::form::{Choice, Field, Form, Wrong, choices, filter, select, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{confirmation, facts, phone, receipt, table, words};
use crate::wire::csrf::Csrf;

/// Somebody who was let in.
#[derive(Debug)]
pub(super) struct Let {
    pub(super) id: RelationshipId,
    pub(super) name: String,
    pub(super) organisation: String,
    pub(super) role: RoleId,
    pub(super) until: Timestamp,
    /// Whether it is the reader.
    pub(super) is_own: bool,
}

/// Somebody who is offered.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) kind: Kind,
    pub(super) id: PractitionerId,
    pub(super) name: String,
    pub(super) organisation: String,
}

/// Somebody who may be named.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) id: PractitionerId,
    pub(super) name: String,
    pub(super) role: RoleId,
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) person: PersonId,
    pub(super) purpose: Purpose,
    /// Who holds a role, as it was disclosed.
    pub(super) who: Vec<(String, String)>,
    pub(super) members: Vec<Let>,
    /// Who is offered, where the answer is the reader's to record.
    pub(super) offered: Vec<Offered>,
    /// What the person answered, as far as the reader is told of it.
    pub(super) said: Vec<Answered>,
    /// Who holds a role that is the reader's to change: whom an end is of.
    pub(super) holds: Vec<(Kind, PractitionerId)>,
    /// Whether the reader holds a role.
    pub(super) coordinates: bool,
    /// Those of one organisation who may be named.
    pub(super) staff: Vec<Staff>,
    /// Which organisation.
    pub(super) at: OrganisationId,
    /// Every organisation, by id.
    pub(super) names: Vec<(String, String)>,
    pub(super) receipts: Vec<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Done {
    Role,
    In,
    Out,
}

// One text for everybody: one that differed would tell of whom it is known that reading it might
// harm somebody.
const CAN_READ: &str =
    "The person can read that you did this, unless reading it might harm somebody.";
const CAN_ASK: &str = "The person can ask to read this, unless reading it might harm somebody.";

/// The page after something was done.
pub(super) fn done(done: Done, person: PersonId, purpose: &Purpose) -> Markup {
    let (what, next) = match done {
        Done::Role => ("It is recorded", "Whoever may see it sees it from now on."),
        Done::In => ("They are in the team", "They can see what a clause allows from now on."),
        Done::Out => ("They are out of the team", "They see nothing more by it from now on."),
    };
    html! {
        (confirmation::done(what, next))
        p { (CAN_READ) }
        (confirmation::link_on(&address(person, purpose), "Back to the team"))
    }
}

fn address(person: PersonId, purpose: &Purpose) -> String {
    format!("/w/p/{person}/team?purpose={purpose}")
}

/// The page's content.
pub(super) fn show(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let to = format!("/w/p/{}", view.person);
    html! {
        (summary(wrongs))
        h1 { "The team" }
        p {
            a href={ (to) "?purpose=" (view.purpose) } { "Back to the overview" }
            " · "
            a href={ (to) "/send-to?purpose=" (view.purpose) } { "Who should I send this to?" }
        }
        (panel::show(&who(&view.who)))
        section.care_panel aria-labelledby="members" {
            h2 #members { "Let into the team" }
            (members(view, (filled, wrongs), csrf))
        }
        section.care_panel aria-labelledby="at" {
            h2 #at { "Whom to name" }
            (others(view))
        }
        @if view.coordinates {
            section.care_panel aria-labelledby="let-in" {
                h2 #let-in { "Let somebody in" }
                p { "They get the relationship that you have, and see what a clause in force \
                     allows them by it. Nothing else opens." }
                (let_in(view, (filled, wrongs), csrf))
            }
        }
        @if !view.offered.is_empty() {
            section.care_panel aria-labelledby="offered" {
                h2 #offered { "Offered, and not answered yet" }
                (answer(view, (filled, wrongs), csrf))
            }
        }
        (said::show(&view.said))
        section.care_panel aria-labelledby="change-role" {
            h2 #change-role { "Named person or lead professional" }
            p { "A colleague who works with the person, or who holds the role now, names somebody. \
                 Nobody names themselves." }
            (role(view, (filled, wrongs), csrf))
        }
        (receipt::detail(&view.receipts))
    }
}

fn who(who: &[(String, String)]) -> Panel {
    let pairs: Vec<_> =
        who.iter().map(|(label, value)| (label.as_str(), phone::linked(value))).collect();
    let state = if pairs.is_empty() {
        State::Nothing {
            looked: "Nobody has told us of a named person or lead professional.".into(),
            caution: "There may be one. Ask the person, or the organisations that help them."
                .into(),
        }
    } else {
        State::Content { shown: facts::list(&pairs), from: None }
    };
    Panel { id: "coordinates", heading: "Who coordinates".into(), open: false, state }
}

fn members(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let day = |at: Timestamp| words::day_short(words::local(at).date());
    let rows = view.members.iter().map(|one| {
        vec![
            html! { (one.name) },
            html! { (words::role(one.role.as_str())) ", " (one.organisation) },
            html! { (day(one.until)) },
        ]
    });
    let columns = ["Who", "Role", "Until"];
    let caption = "By name, with the day on which it ends";
    let ending: Vec<_> = view
        .members
        .iter()
        .filter(|one| view.coordinates || one.is_own)
        .map(|one| Choice { value: one.id.to_string(), label: one.name.clone(), hint: None })
        .collect();
    html! {
        @if !view.coordinates {
            p { "The named person and the lead professional read here of everybody. You read of \
                 yourself, and of those whom your organisation let in: there may be others." }
        }
        @if view.members.is_empty() {
            @if view.coordinates { p { "Nobody has been let in by name." } }
            p { "A whole organisation that works with the person is not listed here." }
        } @else {
            (table::show(&table::Table { id: "in", caption, columns: &columns,
                rows: rows.collect() }))
            p { "What a whole organisation has is not listed here, and is not ended here." }
        }
        @if !ending.is_empty() {
            (form(view, "out", "End it", csrf).post(&html! {
                (choices("Whose access ends?", "member", &ending, &filled.member, wrongs))
                (Field::long("because", "Why it ends", filled.because.reveal()).show(wrongs))
            }))
        }
    }
}

/// Which organisation's people the forms offer.
fn others(view: &View) -> Markup {
    html! {
        p { "The forms below offer people of one organisation." }
        (filter(&format!("/w/p/{}/team", view.person), &html! {
            input type="hidden" name="purpose" value=(view.purpose);
            (select("organisation", "Organisation", &view.names, view.at.as_str()))
        }))
    }
}

/// A form of this page, with what each carries.
fn form<'a>(view: &View, step: &str, button: &'a str, csrf: &'a Csrf) -> Owned<'a> {
    let hidden = vec![
        ("purpose", view.purpose.to_string()),
        ("organisation", view.at.to_string()),
        ("step", step.to_owned()),
    ];
    Owned { action: format!("/w/p/{}/team", view.person), hidden, button, csrf }
}

struct Owned<'a> {
    action: String,
    hidden: Vec<(&'static str, String)>,
    button: &'a str,
    csrf: &'a Csrf,
}

impl Owned<'_> {
    fn post(&self, fields: &Markup) -> Markup {
        let Self { action, hidden, button, csrf } = self;
        Form { action, csrf, button, hidden }.post(fields)
    }
}

fn people(view: &View) -> Vec<(String, String)> {
    let blank = (String::new(), "Choose".to_owned());
    let one = |staff: &Staff| {
        let label = format!("{}, {}", staff.name, words::role(staff.role.as_str()));
        (format!("{} {}", staff.id, staff.role), label)
    };
    std::iter::once(blank).chain(view.staff.iter().map(one)).collect()
}

fn let_in(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let kinds: Vec<_> = KINDS
        .iter()
        .map(|kind| Choice {
            value: (*kind).to_owned(),
            label: words::capitalised(&ask::relationship_words(kind)),
            hint: None,
        })
        .collect();
    let days: Vec<_> = DAYS
        .iter()
        .map(|days| Choice { value: days.to_string(), label: format!("{days} days"), hint: None })
        .collect();
    form(view, "in", "Let them in", csrf).post(&html! {
        (select("whom", "Who", &people(view), &filled.whom))
        (choices("How do they work with the person?", "kind", &kinds, &filled.kind, wrongs))
        (choices("For how long?", "days", &days, &filled.days, wrongs))
        (Field::long("why", "Why they need it", filled.why.reveal())
            .hinted(CAN_ASK).show(wrongs))
    })
}

const CHANGES: [(&str, &str, &str); 4] = [
    ("set", "Set somebody in", "The person or their family agrees already"),
    ("offer", "Offer somebody", "They have not answered yet"),
    ("none", "They chose to have nobody", "Whoever holds the role no longer does"),
    ("end", "End it", "Nobody holds the role from now on"),
];

const ANSWERS: [(&str, &str, &str); 3] = [
    ("accept", "They accepted", "Whoever was offered holds the role from now on"),
    ("decline", "They declined", "Whoever holds the role now goes on"),
    ("take-back", "Take the offer back", "They were not asked, or need not answer"),
];

/// Answers to a question, each with what follows from it.
fn each(words: &[(&str, &str, &str)]) -> Vec<Choice> {
    let choice = |(value, label, hint): &(&str, &str, &str)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        hint: Some((*hint).to_owned()),
    };
    words.iter().map(choice).collect()
}

/// What became of an offer. Each names who was offered: who has an older page open answers nothing
/// that they have not seen.
fn answer(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let offers = view.offered.iter().map(|one| Choice {
        value: format!("{} {}", one.kind.code(), one.id),
        label: format!("{}, {}", one.name, one.organisation),
        hint: Some(one.kind.says().to_owned()),
    });
    let offers: Vec<_> = offers.collect();
    form(view, "answer", "Record the answer", csrf).post(&html! {
        (choices("Whose offer?", "offer", &offers, &filled.offer, wrongs))
        (choices("What became of it?", "answer", &each(&ANSWERS), &filled.answer, wrongs))
        (Field::long("told", "What they said, and to whom", filled.told.reveal())
            .hinted(CAN_ASK).show(wrongs))
    })
}

fn role(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let kinds = Kind::ALL.map(|kind| Choice {
        value: kind.code().to_owned(),
        label: kind.says().to_owned(),
        hint: None,
    });
    let desk = "Left empty, the desk of their organisation is shown instead.";
    let holds = view.holds.iter().map(|(kind, whom)| format!("{} {whom}", kind.code()));
    let mut form = form(view, "role", "Record it", csrf);
    form.hidden.push(("holds", holds.collect::<Vec<_>>().join(", ")));
    form.post(&html! {
        (choices("Which role?", "role", &kinds, &filled.role, wrongs))
        (choices("What changes?", "change", &each(&CHANGES), &filled.change, wrongs))
        (select("who", "Who, where somebody is set in or offered", &people(view), &filled.who))
        (Field::text("phone", "Their telephone number", &filled.phone).hinted(desk).show(wrongs))
        (Field::text("hours", "When they can be reached", &filled.hours).show(wrongs))
        (Field::text("cover", "Who stands in for them", &filled.cover).show(wrongs))
        (Field::text("address", "Where they work", &filled.address).show(wrongs))
        (Field::long("reason", "Why, and how it was agreed", filled.reason.reveal())
            .hinted(CAN_ASK).show(wrongs))
    })
}

/// Why a turn was refused, at the field to put right.
pub(super) fn role_refused(refused: NoTurn) -> Wrong {
    match refused {
        NoTurn::NotTheirs => Wrong::new(
            "change",
            "Only who holds the role, or a colleague of theirs who knows the person, does this",
        ),
        NoTurn::Oneself => Wrong::new("who", "Nobody names themselves: a colleague must record it"),
        NoTurn::NotInRole => Wrong::new("who", "They are not in that role there now"),
        NoTurn::NothingOffered => Wrong::new("change", "Nobody is offered at present"),
        NoTurn::NotHolder => {
            Wrong::new("change", "Who holds it has changed: read how it stands now")
        }
        NoTurn::Unanswered => Wrong::new("change", "Somebody is offered: record the answer first"),
        NoTurn::Already => Wrong::new("change", "That is so already"),
        NoTurn::TooMany => Wrong::new("change", "It changed too often: tell your data team"),
        NoTurn::Unfit => Wrong::new(
            "reason",
            "Say why in up to 2,000 characters, and keep each \
            way to reach them under 200",
        ),
    }
}

/// Why an answer was refused, at the field to put right.
pub(super) fn answer_refused(refused: NoTurn) -> Wrong {
    match refused {
        NoTurn::Oneself => Wrong::new(
            "answer",
            "Nobody says that they themselves were accepted: a colleague must record it",
        ),
        NoTurn::NotInRole => Wrong::new("offer", "They are not in that role there now"),
        NoTurn::Unfit => Wrong::new("told", "Say what they said in up to 2,000 characters"),
        // The page shows the offer no more, or another.
        NoTurn::NotTheirs
        | NoTurn::NothingOffered
        | NoTurn::NotHolder
        | NoTurn::Unanswered
        | NoTurn::Already
        | NoTurn::TooMany => {
            Wrong::new("change-role", "They are not offered any more: read how it stands now")
        }
    }
}

/// Why nobody was let in or out, at the field to put right.
pub(super) fn team_refused(refused: NotLet) -> Wrong {
    match refused {
        NotLet::NotCoordinating => Wrong::new(
            "change-role",
            "Only the named person or the lead professional lets people in and out",
        ),
        NotLet::Oneself => Wrong::new("whom", "Nobody lets themselves in"),
        NotLet::NotTheirs => {
            Wrong::new("kind", "You do not work with the person in that way yourself")
        }
        NotLet::NotInRole => Wrong::new("whom", "They are not in that role there now"),
        NotLet::NoClause => {
            Wrong::new("whom", "No clause in force gives their role anything in that way")
        }
        NotLet::Already => Wrong::new("days", "They are in for that long already"),
        NotLet::NotIn => Wrong::new("member", "They are not in the team any more"),
        NotLet::TooMany => Wrong::new("whom", "The team is full: end somebody's access first"),
        NotLet::Unfit => Wrong::new("kind", "Choose how and for how long, and say why"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn view(coordinates: bool) -> View {
        let id = "0190163d-8694-739b-aea5-966c26f8ad90";
        View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            who: vec![("Lead professional".into(), "Beth Ogilvie, 01632 960 123".into())],
            members: vec![Let {
                id: id.parse().unwrap(),
                name: "Kirsty Lamont".into(),
                organisation: "NHS Glen".into(),
                role: "nhs.ward".parse().unwrap(),
                until: "2026-12-01T09:00:00Z".parse().unwrap(),
                is_own: false,
            }],
            offered: vec![Offered {
                kind: Kind::NamedPerson,
                id: id.parse().unwrap(),
                name: "Nadia Hussain".into(),
                organisation: "Glen Council".into(),
            }],
            said: vec![],
            holds: vec![(Kind::LeadProfessional, id.parse().unwrap())],
            coordinates,
            staff: vec![Staff {
                id: id.parse().unwrap(),
                name: "Jo Worker".into(),
                role: "sw.duty".parse().unwrap(),
            }],
            at: "cec".parse().unwrap(),
            names: vec![("cec".into(), "Glen Council".into())],
            receipts: vec![],
        }
    }

    #[test]
    fn only_who_coordinates_is_offered_to_let_in_and_out() {
        let csrf = Csrf::of("x");
        let wrongs = [Wrong::new("reason", "Say why")];
        for coordinates in [true, false] {
            let filled = Filled::default();
            let shown = show(&view(coordinates), (&filled, &wrongs), &csrf).into_string();
            rules::assert_part(&shown);
            // With each reason that is asked for: nobody is promised what may be held back.
            let promised = shown.matches("The person can ask to read this").count();
            let bounded = shown.matches("read this, unless reading it might harm").count();
            assert_eq!((promised, bounded), (2 + usize::from(coordinates), promised));
            assert_eq!(shown.contains("Let them in"), coordinates);
            assert_eq!(shown.contains("Whose access ends?"), coordinates);
            assert!(shown.contains("Nadia Hussain, Glen Council"));
            assert!(shown.contains("named-person 0190163d-8694-739b-aea5-966c26f8ad90"));
            let holds = "name=\"holds\" value=\"lead-professional 0190163d";
            assert!(shown.contains(holds), "an end names whose turn it is");
            assert!(shown.contains("Kirsty Lamont") && shown.contains("1 Dec 2026"));
        }
        let nothing = View { who: vec![], members: vec![], offered: vec![], ..view(false) };
        let shown = show(&nothing, (&Filled::default(), &[]), &csrf).into_string();
        rules::assert_part(&shown);
        assert!(!shown.contains("Nobody has been let in") && shown.contains("may be others"));
        assert!(shown.contains("There may be one") && !shown.contains("Whose offer?"));
        let purpose: Purpose = "direct-care".parse().unwrap();
        for what in [Done::Role, Done::In, Done::Out] {
            let shown = done(what, nothing.person, &purpose).into_string();
            rules::assert_part(&shown);
            assert!(shown.contains("unless reading it might harm somebody"));
        }
    }
}
