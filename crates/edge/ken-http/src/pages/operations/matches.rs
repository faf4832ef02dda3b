//! `/ops/match`: people whose identity is uncertain, each waiting for somebody to look.
//!
//! The list names nobody, reviewers neither: it says since when, from whom, how many candidates
//! there are, and whether somebody is looking.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State as Of;
use jiff::Timestamp;
use ken_core::{PersonId, PractitionerId, normalise};
use ken_person::queue::{Agreement, COUNT_MAX, Contested, Waiting};
use ken_person::{Doubt, NotAsked, Reason, ReviewId, Seen, UNNAMED_MAX, queue};
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::{ask, compose};
use crate::stop::Stop;
use crate::view::{confirmation, facts, words};

use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};

/// `GET /ops/match`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let names = ask::names(&app).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| {
        let mut waiting = queue::waiting(s).await?;
        // What the reader is not shown is not counted to them either.
        waiting.open -= queue::not_shown(s, by.practitioner).await?;
        let measured = (waiting, queue::agreement(s, &ctx).await?);
        let contested = queue::contested(s, &ctx, by).await?;
        let waits = queue::pending(s, &ctx).await?;
        let places = queue::list(s, by.practitioner, None).await?;
        let left = ken_person::not_asked(s).await?;
        Ok::<_, ken_person::Error>((places, waits, contested, measured, left))
    };
    let (places, waits, contested, measured, left) = app.db().snapshot("http.match", read).await?;
    let now = ctx.clock.now();
    let uncertain = |place: &queue::Place| Uncertain {
        person: place.person,
        place: place.id,
        since: words::moment_short(place.since),
        source: compose::name_of(&names, &place.source),
        candidates: place.candidates.len(),
        why: why(&place.candidates),
        now: waiting_for(&waits, (place.person, place.id), &names)
            .unwrap_or_else(|| standing(place, by.practitioner, now)),
    };
    let queue: Vec<_> = places.iter().map(uncertain).collect();
    Ok(caller.frame(app.site(), "Identity to review").at("/ops/match").page(&show(
        &queue,
        &contested,
        &measured,
        &not_asked(&left, &names),
    )))
}

/// Whom of those who sent records a place waits for, in words; none where it does not.
fn waiting_for(
    waits: &[queue::SourceQuestion],
    place: (PersonId, ReviewId),
    names: &ask::Names,
) -> Option<String> {
    let of = waits.iter().filter(|one| one.place == place);
    let since = of.clone().map(|one| one.since).min()?;
    let sources: BTreeSet<_> = of.map(|one| compose::name_of(names, &one.source)).collect();
    let sources = sources.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!("Waiting for {sources} since {}", words::moment_short(since)))
}

/// Whether somebody is looking at a place, in words.
fn standing(place: &queue::Place, me: PractitionerId, now: Timestamp) -> String {
    match place.claimed.filter(|(_, until)| *until > now) {
        Some((who, until)) if who == me => format!("Yours until {}", words::moment_short(until)),
        Some((_, until)) => {
            format!("With another reviewer until {}", words::moment_short(until))
        }
        None if place.answers > 0 => "Free, and answered before".to_owned(),
        None => "Free".to_owned(),
    }
}

/// Why somebody must look, in words.
fn why(doubts: &[Doubt]) -> String {
    let reasons = doubts.iter().flat_map(|doubt| &doubt.reasons);
    // The index compares addresses that are kept from whoever reads this.
    let reasons = reasons.filter(|reason| **reason != Reason::Postcode);
    told(reasons.copied())
}

/// Why somebody must look, as far as what they see of the two records says so: the index compares
/// accounts that may be kept from them.
pub(crate) fn why_shown(doubt: &Doubt, one: &Seen, other: &Seen) -> String {
    let same = |a: &str, b: &str| !a.trim().is_empty() && normalise(a) == normalise(b);
    let number = same(&one.chi, &other.chi) || same(&one.nhs, &other.nhs);
    let name = same(&one.family, &other.family) && same(&one.given, &other.given);
    let is_shown = |reason: &&Reason| match reason {
        Reason::Identifier | Reason::NothingElseAgrees | Reason::TooLittleAgrees => number,
        Reason::NameAndBirth => name && same(&one.born, &other.born),
        // The sum below the records tells what the model makes of what is shown.
        Reason::Alike | Reason::Postcode => false,
        _ => true,
    };
    told(doubt.reasons.iter().filter(is_shown).copied())
}

fn told(reasons: impl Iterator<Item = Reason>) -> String {
    let words: BTreeSet<_> = reasons.map(reason_words).collect();
    words.into_iter().collect::<Vec<_>>().join("; ")
}

fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::SourceNumber => "the source used this number before",
        Reason::Identifier => "a national number is equal",
        Reason::NameAndBirth | Reason::Alike => "name and date of birth are equal, or alike",
        Reason::NothingElseAgrees => "a number is equal, but name and date of birth are not",
        Reason::NotYetNamed => "one has no forename yet, of the same family name and day",
        Reason::MergedBefore => {
            "their source merged others into it that may not go along: take that back first"
        }
        Reason::Unread => "something stored of one cannot be read: tell whoever runs Ken",
        _ => "the evidence points two ways",
    }
}

/// What nobody is asked, in words; nothing where that is nothing.
fn not_asked(left: &NotAsked, names: &ask::Names) -> Markup {
    let sources = left.unnamed_of.iter().map(|of| compose::name_of(names, of));
    let sources: Vec<_> = sources.collect();
    html! {
        @if !sources.is_empty() {
            p {
                strong { "More than " (UNNAMED_MAX - 1) " without a forename wait" } ", sent by "
                (sources.join(", ")) ". Nobody is asked about others whom they send without one, \
                 until some of these are decided: each is registered as somebody new."
            }
        }
        @if left.newcomers > 0 {
            p {
                strong { (left.newcomers) " newcomers were not asked about" }
                ": no index of people was there for too long. A list of your organisation that is \
                 matched again finds whom they may be."
            }
        }
    }
}

/// One uncertain identity.
#[derive(Debug, Clone)]
pub(crate) struct Uncertain {
    /// Whose identity it is; opaque.
    pub(crate) person: PersonId,
    /// Its place in the queue.
    pub(crate) place: ReviewId,
    /// Since when it waits.
    pub(crate) since: String,
    /// Which organisation sent it.
    pub(crate) source: String,
    /// How many people it could be.
    pub(crate) candidates: usize,
    /// What made it uncertain, in words.
    pub(crate) why: String,
    /// Whether somebody is looking at it.
    pub(crate) now: String,
}

/// How long places wait and how far reviewers agree, in words.
fn measures((waiting, agreement): &(Waiting, Agreement)) -> Markup {
    let since = |at: Option<Timestamp>| at.map(words::moment_short).unwrap_or_default();
    let more = if waiting.open >= COUNT_MAX { " or more" } else { "" };
    let beyond = agreement
        .kappa
        .map(|kappa| format!("; beyond chance {kappa:.2}, of 1 at most (Cohen's kappa)"));
    let agree = if agreement.pairs == 0 {
        "Nobody has answered the same place as another yet".to_owned()
    } else {
        let Agreement { pairs, agreed, .. } = agreement;
        format!("{agreed} of {pairs} places{}", beyond.unwrap_or_default())
    };
    facts::list(&[
        ("Waiting", html! { (waiting.open) (more) }),
        ("The oldest since", html! { (since(waiting.oldest)) }),
        ("Half of them since", html! { (since(waiting.middle)) }),
        ("Two reviewers agreed on", html! { (agree) }),
    ])
}

/// Decisions that a reviewer wants taken back; nothing where there are none.
fn to_take_back(contested: &[Contested]) -> Markup {
    let rows = contested.iter().map(|one| {
        let since = words::moment_short(one.since);
        let place = format!("/ops/match/{}/{}", one.person, one.place);
        vec![
            html! { a href=(place) { "Decision, " (since) } },
            html! { "Waits for a second reviewer" },
        ]
    });
    let table = Table {
        id: "contested-table",
        caption: "Asked for, the longest ago first",
        columns: &["Asked", "Now"],
        rows: rows.collect(),
    };
    let state = State::Content { shown: table::show(&table), from: None };
    let heading = "Decisions to take back".into();
    html! {
        @if !contested.is_empty() {
            (panel::show(&Panel { id: "contested", heading, open: true, state }))
        }
    }
}

/// The page's content.
pub(crate) fn show(
    queue: &[Uncertain],
    contested: &[Contested],
    measured: &(Waiting, Agreement),
    not_asked: &Markup,
) -> Markup {
    let rows = queue.iter().map(|one| {
        vec![
            html! {
                a href={ "/ops/match/" (one.person) "/" (one.place) } { "Review, " (one.since) }
            },
            html! { (one.source) },
            html! { (one.candidates) },
            html! { (one.why) },
            html! { (one.now) },
        ]
    });
    let table = Table {
        id: "queue-table",
        caption: "Waiting, the oldest first",
        columns: &["Since", "Sent by", "Could be#", "Why", "Now"],
        rows: rows.collect(),
    };
    let state = if queue.is_empty() {
        State::Nothing {
            looked: "Nothing to review.".into(),
            caution: "Every message so far was about somebody certain, or somebody new.".into(),
        }
    } else {
        State::Content { shown: table::show(&table), from: None }
    };
    html! {
        h1 { "Identity to review" }
        p {
            "Each of these is kept apart, and joined to nobody, until somebody has looked. To open \
             one is to have it to yourself for a while. This list names nobody."
        }
        (measures(measured))
        (not_asked)
        (to_take_back(contested))
        (panel::show(&Panel { id: "queue", heading: "Review queue".into(), open: true, state }))
        (confirmation::link_on("/ops/merges", "Merges by senders"))
        (confirmation::link_on("/ops/questions", "Questions to your organisation"))
        (confirmation::link_on("/ops/numbers", "Whose number is it?"))
        (confirmation::link_on("/ops/match/seed", "Numbers for a list"))
        (confirmation::link_on("/ops/match/model", "The matching model"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn no_reason_tells_more_than_what_is_shown() {
        let reasons = [Reason::Identifier, Reason::NameAndBirth, Reason::Postcode, Reason::Alike];
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let doubt = Doubt { person, reasons: reasons.into(), alike: None };
        let isla = Seen {
            family: "Sample".into(),
            given: "Isla".into(),
            born: "2017-03-14".into(),
            chi: "9990000018".into(),
            ..Seen::default()
        };
        let check = |one: &Seen, other: &Seen, want: &str| {
            assert_eq!(why_shown(&doubt, one, other), want);
        };
        let both = "a national number is equal; name and date of birth are equal, or alike";
        check(&isla, &Seen { family: "SAMPLE".into(), ..isla.clone() }, both);
        check(&isla, &Seen { chi: String::new(), ..isla.clone() }, &both[28..]);
        check(&isla, &Seen { family: "Other".into(), ..isla.clone() }, &both[..26]);
        check(&Seen::default(), &Seen::default(), "");
    }

    #[test]
    fn the_queue_names_nobody() {
        let one = Uncertain {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            place: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            since: "21 Nov 2026, 09:14".into(),
            source: "NHS Glen".into(),
            candidates: 2,
            why: "Same name and date of birth, another number".into(),
            now: "Free".into(),
        };
        let since = "2026-11-21T09:14:00Z".parse().ok();
        let waiting = Waiting { open: 1, oldest: since, middle: since };
        let agreement = Agreement { pairs: 8, agreed: 6, kappa: Some(0.5) };
        let contested =
            Contested { person: one.person, place: one.place, since: waiting.oldest.unwrap() };
        let names = ask::Names::from([("nhsg".parse().unwrap(), "NHS Glen".to_owned())]);
        let left = NotAsked { unnamed_of: vec!["nhsg".parse().unwrap()], newcomers: 12 };
        let left = not_asked(&left, &names);
        let shown = show(&[one], &[contested], &(waiting, agreement), &left).into_string();
        assert!(shown.contains("12 newcomers") && shown.contains("sent by NHS Glen."), "{shown}");
        rules::assert_part(&shown);
        assert!(shown.contains("2</td>") && shown.contains("NHS Glen"));
        assert!(shown.contains("6 of 8 places; beyond chance 0.50"), "{shown}");
        assert!(shown.contains("Decisions to take back"), "{shown}");
        let none = not_asked(&NotAsked::default(), &names);
        let none = show(&[], &[], &(Waiting::default(), Agreement::default()), &none).into_string();
        assert!(!none.contains("Decisions to take back"), "{none}");
        rules::assert_part(&none);
        assert!(none.contains("Nobody has answered the same place as another yet"));
    }

    #[test]
    fn a_claim_that_is_over_is_none() {
        let me = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let until: Timestamp = "2026-11-21T09:34:00Z".parse().unwrap();
        let mut place = queue::Place {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            source: "nhsl".parse().unwrap(),
            since: "2026-11-21T09:14:00Z".parse().unwrap(),
            candidates: vec![],
            claimed: Some((me, until)),
            needs_second: false,
            answers: 0,
            is_copy: false,
        };
        let other = "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap();
        let before = until - jiff::SignedDuration::from_secs(1);
        assert_eq!(standing(&place, me, before), "Yours until 21 Nov 2026, 09:34");
        let theirs = "With another reviewer until 21 Nov 2026, 09:34";
        assert_eq!(standing(&place, other, before), theirs);
        assert_eq!(standing(&place, other, until), "Free");
        place.answers = 1;
        assert_eq!(standing(&place, other, until), "Free, and answered before");
    }
}
