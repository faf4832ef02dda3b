//! What the page of an uncertain identity says, in each of its states.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_person::Explanation;
use ken_person::queue::{
    self, Decision, Detail as Asked, Outcome, Place, SAMPLE_OF, Said, SourceQuestion,
};
use maud::{Markup, html};

use super::super::{matches, questions};
use super::{
    ASK_SOURCE, At, CANDIDATES_MAX, DIFFERENT, Decided, NOT_SURE, Pair, Side, Sides, Taken,
    all_shown,
};
use crate::pages::ask::Names;
use crate::pages::compose;
use crate::view::compare::{self, Alike, Detail};
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::waterfall::{self, Step};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// The ids of the panels, one for each candidate.
const PAIRS: [&str; CANDIDATES_MAX] =
    ["pair-2", "pair-3", "pair-4", "pair-5", "pair-6", "pair-7", "pair-8", "pair-9"];

fn address((person, place): At) -> String {
    format!("/ops/match/{person}/{place}")
}

fn back() -> Markup {
    confirmation::link_on("/ops/match", "Back to the queue")
}

/// A place that cannot be decided here, because one of the records may not be seen.
pub(super) fn unseen() -> Markup {
    html! {
        h1 { "Are these the same person?" }
        p {
            "No clause lets your role see enough of both records to tell. Nobody's records are \
             joined until somebody who can has looked."
        }
        (back())
    }
}

/// A place that somebody else has, or has decided. `had_answer`: an answer was sent to it.
pub(super) fn not_yours(at: At, taken: &Taken, had_answer: bool, csrf: &Csrf) -> Markup {
    let lost = html! { @if had_answer { p { "Your answer was not saved." } } };
    match taken {
        Taken::Decided(decision) => html! { (lost) (decided(at, *decision, "", &[], csrf)) },
        Taken::Another(name, until) => html! {
            h1 { "Another reviewer is looking at this" }
            (lost)
            p {
                @if let Some(name) = name { (name) " has" } @else { "They have" }
                " it until " (words::moment_short(*until)) " at the latest. You can open \
                 it when it has been given back, or after that."
            }
            (back())
        },
        Taken::Mine(_) => html! {},
    }
}

/// A place that waits, and is the reader's for now.
pub(super) fn open(
    place: &Place,
    sides: &Sides,
    sent: &Decided,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = address((place.person, place.id));
    let release = format!("{action}/release");
    let form = Form { action: &action, csrf, button: "Save your answer", hidden: &[] };
    let give_back = Form { action: &release, csrf, button: "Give it back", hidden: &[] };
    let Sides { first, others } = sides;
    html! {
        (summary(wrongs))
        h1 { "Are these the same person?" }
        (standing(place))
        @for (number, other) in (2..).zip(others) {
            (panel::show(&beside(place, first, other, number)))
        }
        @if !all_shown(place) {
            p { "There are more candidates than can be told apart by looking." }
        }
        (form.post(&html! {
            (choices("What did you find?", "answer", &offered(place, others), &sent.answer, wrongs))
            (Field::long("reason", "How can you tell, or what is missing?", sent.reason.reveal())
                .hinted("Kept with your name; do not copy details of the records into it.")
                .show(wrongs))
        }))
        h2 { "Their numbers, and who says so" }
        ul {
            @for (number, side) in (1..).zip(sides.all()) {
                li {
                    a href={ "/ops/numbers/" (side.person) } { "The numbers of record " (number) }
                }
            }
        }
        p { "No time to finish? Give it back, so that somebody else can answer it." }
        (give_back.small(&html! {}))
    }
}

fn standing(place: &Place) -> Markup {
    html! {
        p {
            "Waiting since " (words::moment_short(place.since)) ". "
            @if let Some((_, until)) = place.claimed {
                "It is yours until " (words::moment_short(until)) ": nobody else can answer it \
                 before then. "
            }
            "What you see here is on the ledger."
        }
        @if place.needs_second {
            p {
                "Both were here before the question came up. They are joined only when two \
                 reviewers say so, apart from one another."
            }
        }
        p {
            "One in " (SAMPLE_OF) " of these is answered by two in any case, and so is a pair that \
             would let bodies ask each other for much more than before."
        }
        @if place.answers > 0 {
            p {
                "Answered before and still open: " (place.answers) ". What was said is not shown, \
                 so that yours is an answer of its own."
            }
        }
    }
}

fn beside(place: &Place, first: &Side, pair: &Pair, number: usize) -> Panel {
    let other = &pair.side;
    let mut labels: Vec<&String> = first.details.iter().map(|(label, _)| label).collect();
    labels.extend(other.details.iter().map(|(label, _)| label));
    let mut seen = BTreeSet::new();
    labels.retain(|label| seen.insert(label.as_str()));
    let [left, right] = if pair.is_left { [other, first] } else { [first, other] };
    let detail = |label: &String| Detail {
        label: label.clone(),
        one: left.detail(label),
        two: right.detail(label),
    };
    let details: Vec<_> = labels.into_iter().map(detail).collect();
    let mut names = ["Record 1".to_owned(), format!("Record {number}")];
    let heading = format!("Record 1 and record {number}");
    if pair.is_left {
        names.reverse();
    }
    let [one, two] = &names;
    let table = format!("pair-{number}-table");
    let doubt = place.candidates.iter().find(|doubt| doubt.person == other.person);
    let why = doubt.map(|doubt| matches::why_shown(doubt, &first.seen, &other.seen));
    let why = why.filter(|why| !why.is_empty());
    // An address may be kept from this reader: what is told of it is what they see.
    let (mine, theirs) = (&first.seen.postcode, &other.seen.postcode);
    let same_postcode = !mine.is_empty() && compare::alike(mine, theirs) == Alike::Same;
    let shown = html! {
        p { (one) " was sent by " (left.sources) ". " (two) " was sent by " (right.sources) "." }
        @if let Some(why) = why {
            p {
                "Why somebody must look: " (why)
                @if same_postcode { "; the postcode is equal" } "."
            }
        }
        (compare::show(&table, "Differences between the two", [one, two], &details))
        (follows(&pair.named))
        @if let Some(weighed) = &pair.weighed { (sum(weighed, number)) }
    };
    let id = PAIRS.get(number.saturating_sub(2)).copied().unwrap_or("pair");
    Panel { id, heading, open: true, state: State::Content { shown, from: None } }
}

/// What would follow from joining two records, in words.
fn follows(follows: &[(String, String, usize)]) -> Markup {
    html! {
        h3 { "If they are joined" }
        @if follows.is_empty() {
            p {
                "No body of these could ask another for more than it can now: each knows both \
                 records, or no agreement lets anything go between them."
            }
        } @else {
            p {
                "Each of these finds the other record beside its own, and may ask as far as \
                 agreements let it, held or not:"
            }
            ul {
                @for (asks, of, kinds) in follows {
                    li {
                        (asks) " could ask " (of) " for " (kinds)
                        @if *kinds == 1 { " kind" } @else { " kinds" } " of information"
                    }
                }
            }
        }
        p {
            "You would not read either record for 30 days, but here, and in an emergency to which \
             a colleague agreed."
        }
    }
}

/// What the model makes of two records, below what it is made of.
fn sum(weighed: &Explanation, number: usize) -> Markup {
    let steps = weighed.steps.iter().map(|step| Step {
        what: step.what.clone(),
        how: step.how.to_owned(),
        bits: step.bits,
        sum: step.sum,
    });
    let steps: Vec<_> = steps.collect();
    // A model that is surer than this has not seen enough pairs to say so.
    let likely = match weighed.score.probability * 100.0 {
        percent if percent > 99.0 => "more than 99".to_owned(),
        percent if percent < 1.0 => "fewer than one".to_owned(),
        percent => format!("about {percent:.0}"),
    };
    let table = format!("pair-{number}-sum");
    html! {
        details.care_more {
            summary { "What the matching model makes of record 1 and record " (number) }
            div {
                p {
                    "Look for yourself first. Of a hundred pairs that agree like these two, as far \
                     as they are shown here, " (likely) " are one person's, as the model has it."
                }
                @if let Some(rule) = weighed.rule {
                    p { "Never joined without a human: " (rule) "." }
                }
                p {
                    "Each bit doubles the odds, and each bit less halves them. How rare their \
                     names are is left out."
                }
                (waterfall::show(&table, "The sum, in bits", &steps))
            }
        }
    }
}

fn offered(place: &Place, others: &[Pair]) -> Vec<Choice> {
    let follows = |is_much: bool| {
        if place.needs_second || is_much {
            "They are joined when a second reviewer says the same."
        } else {
            "They are shown together, to whoever may see each of them."
        }
    };
    let same = (2..).zip(others).map(|(number, other): (usize, &Pair)| Choice {
        value: other.side.person.to_string(),
        label: format!("Yes: record 1 and record {number} are one person"),
        hint: Some(follows(queue::is_much(&other.follows)).into()),
    });
    let none = all_shown(place).then(|| Choice {
        value: DIFFERENT.to_owned(),
        label: "No: record 1 is somebody else".into(),
        hint: Some("This pair is not offered again.".into()),
    });
    let unsure = Choice {
        value: NOT_SURE.to_owned(),
        label: "I cannot tell".into(),
        hint: Some("It stays in the queue, for somebody else.".into()),
    };
    let source = Choice {
        value: ASK_SOURCE.to_owned(),
        label: "I cannot tell: ask those who sent them".into(),
        hint: Some(
            "Each looks at what it sent, and at nothing else. The place waits for them for 14 \
             days at most."
                .into(),
        ),
    };
    same.chain(none).chain([unsure, source]).collect()
}

/// What became of an answer.
pub(super) fn answered(at: At, outcome: Outcome) -> Markup {
    let (what, next) = match outcome {
        Outcome::Done => ("Your decision is saved", "It can be undone from its page."),
        Outcome::AwaitsSecond => (
            "Your answer is saved",
            "Nothing is decided yet: a second reviewer must say the same, without seeing yours.",
        ),
        Outcome::Disagreed => (
            "Your answer is saved",
            "Another reviewer found something else, so neither answer counts. Others will look.",
        ),
        Outcome::Open => ("Your answer is saved", "It stays in the queue, for somebody else."),
    };
    html! {
        (confirmation::done(what, next))
        // To open one that is not decided is to claim it again.
        @if outcome == Outcome::Done { p { a href=(address(at)) { "Look at it again" } } }
        (back())
    }
}

/// Those who sent the records were asked.
pub(super) fn asked_now(count: usize) -> Markup {
    let next = match count {
        0 => "Nobody is known who sent these records. The place stays in the queue.".to_owned(),
        count => format!(
            "{count} of their records' senders look at what they sent. The place is listed as \
             waiting for them."
        ),
    };
    html! { (confirmation::done("Your answer is saved", &next)) (back()) }
}

/// What those who sent the records were asked, and what they said; nothing where nobody was.
pub(super) fn asked(all: &[SourceQuestion], first: PersonId, names: &Names) -> Markup {
    let answer = |one: &SourceQuestion| match &one.answer {
        None => format!("Asked. It is waited for until {}.", words::moment_short(one.until)),
        Some((at, says)) => {
            let said = |(detail, said): (&Asked, &Said)| {
                format!("{}: {}", questions::words_of(*detail), questions::said_words(*said))
            };
            let said: Vec<_> = says.iter().map(said).collect();
            format!("{} ({}).", said.join("; "), words::moment_short(*at))
        }
    };
    html! {
        @if !all.is_empty() {
            h2 { "What those who sent them say" }
            ul {
                @for one in all {
                    li {
                        (compose::name_of(names, &one.source)) ", of "
                        @if one.person == first { "record 1" } @else { "the other record" }
                        ": " (answer(one))
                    }
                }
            }
        }
    }
}

/// A place that was decided, with the way back.
pub(super) fn decided(
    at: At,
    decision: Decision,
    reason: &str,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = format!("{}/undo", address(at));
    let form = Form { action: &action, csrf, button: "Undo this decision", hidden: &[] };
    let said = match decision {
        Decision::Same => "It was decided that these are one person.",
        Decision::Different => "It was decided that these are different people.",
    };
    html! {
        (summary(wrongs))
        h1 { "This was decided" }
        p { (said) }
        p {
            "One reviewer may undo it for 30 days. After that two must say so, within 14 days of \
             one another."
        }
        (form.post(&html! {
            (Field::long("reason", "Why is it wrong?", reason)
                .hinted("Kept with your name; do not copy details of the records into it.")
                .show(wrongs))
        }))
        (back())
    }
}

/// Offers to mark what was decided as known truth.
pub(super) fn offer_known(at: At, csrf: &Csrf) -> Markup {
    let action = format!("{}/known", address(at));
    let form = Form { action: &action, csrf, button: "Use it as known truth", hidden: &[] };
    html! {
        h2 { "Is it beyond doubt?" }
        p {
            "Two reviewers said so, a month ago or longer, and nobody said otherwise. Put among \
             the others once more, for reviewers who have not seen it, it shows how well they \
             tell; what they answer to it changes nobody's record."
        }
        (form.small(&html! {}))
    }
}

/// It is marked as known truth.
pub(super) fn marked() -> Markup {
    let next = "It is put among the others now and then. It is used no more once it is undone, or \
                anything changes about either record.";
    html! { (confirmation::done("It is known truth from now on", next)) (back()) }
}

/// A decision that was taken back.
pub(super) fn undone(at: At, outcome: Outcome) -> Markup {
    let (what, next) = match outcome {
        Outcome::AwaitsSecond => (
            "Your answer is saved",
            "The decision is older than 30 days: it stands until a second reviewer undoes it too. \
             It is on the list for 14 days; after that, ask again.",
        ),
        _ => ("The decision is undone", "The place is open again."),
    };
    html! {
        (confirmation::done(what, next))
        p { a href=(address(at)) { "Look at it again" } }
        (back())
    }
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
