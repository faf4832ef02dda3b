//! `/ig/reviews`: emergency accesses that somebody else must check, by the day they are due; and
//! `/guardian/reviews`: the most urgent of those that no officer may check, for the Guardian.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use ken_core::{EntryId, PersonId};
use ken_directory::{Acting, practitioner};
use ken_ledger::Stream;
use ken_sharing::emergency::{self, Finding, ReviewOutcome, Unreviewed};
use ken_store::Snapshot;
use maud::{Markup, html};

use serde::Deserialize;

use crate::App;
use crate::caller::{Caller, organisation_name};
use crate::stop::Stop;
use crate::view::card;
use crate::view::facts::{self, Tone};
use crate::view::form::{Choice, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// Where officers find what waits.
const OFFICER: &str = "/ig/reviews";
/// Where the Guardian does.
const GUARDIAN: &str = "/guardian/reviews";

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Checked {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    reason: String,
}

/// `GET /ig/reviews`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (reviews, is_more) = waiting(&app, &caller).await?;
    Ok(page(&app, &caller, &show(&reviews, is_more)))
}

/// `GET /guardian/reviews`.
pub(crate) async fn get_last(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (reviews, is_more) = waiting(&app, &caller).await?;
    let none = Checked { outcome: String::new(), reason: String::new() };
    let csrf = caller.csrf();
    let form = reviews.first().map(|one| decide(one, (GUARDIAN, &none, &[]), csrf));
    Ok(frame(&app, &caller, GUARDIAN, &last((reviews.len(), is_more), form)))
}

/// `POST /guardian/reviews/{person}/{access}`.
pub(crate) async fn post_last(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
    Sent(sent): Sent<Checked>,
) -> Result<Response, Stop> {
    save(&app, &caller, GUARDIAN, (which, sent)).await
}

/// `GET /ig/reviews/{person}/{access}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
) -> Result<Markup, Stop> {
    let review = find(&app, &caller, &which).await?;
    let none = Checked { outcome: String::new(), reason: String::new() };
    Ok(page(&app, &caller, &decide(&review, (OFFICER, &none, &[]), caller.csrf())))
}

/// `POST /ig/reviews/{person}/{access}`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(which): Path<(String, String)>,
    Sent(sent): Sent<Checked>,
) -> Result<Response, Stop> {
    save(&app, &caller, OFFICER, (which, sent)).await
}

async fn save(
    app: &App,
    caller: &Caller,
    place: &str,
    (which, sent): ((String, String), Checked),
) -> Result<Response, Stop> {
    let review = find(app, caller, &which).await?;
    let finding = match finding(&sent) {
        Ok(finding) => finding,
        Err(wrongs) => {
            let form = decide(&review, (place, &sent, &wrongs), caller.csrf());
            let page = frame(app, caller, place, &form);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let which = (review.person, review.id);
    let kept = emergency::review(app.db(), &ctx, app.keys(), by, which, finding).await?;
    if !kept {
        return Err(Stop::NotFound);
    }
    let main = html! {
        (confirmation::done("The check is saved", "The person can read what you found."))
        (confirmation::link_on(place, "Back to the list"))
    };
    Ok(frame(app, caller, place, &main).into_response())
}

/// What the form says, or what must be put right.
fn finding(sent: &Checked) -> Result<Finding, Vec<Wrong>> {
    let outcome = match sent.outcome.as_str() {
        "justified" => Some(ReviewOutcome::Justified),
        "not-justified" => Some(ReviewOutcome::NotJustified),
        _ => None,
    };
    let shows_reason = match sent.reason.as_str() {
        "shown" => Some(true),
        "kept" => Some(false),
        _ => None,
    };
    if let (Some(outcome), Some(shows_reason)) = (outcome, shows_reason) {
        return Ok(Finding { outcome, shows_reason });
    }
    let mut wrongs = vec![];
    if outcome.is_none() {
        wrongs.push(Wrong::new("outcome", "Choose what you found"));
    }
    if shows_reason.is_none() {
        wrongs.push(Wrong::new("reason", "Say whether the person may read the reason"));
    }
    Err(wrongs)
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    frame(app, caller, OFFICER, main)
}

fn frame(app: &App, caller: &Caller, place: &str, main: &Markup) -> Markup {
    caller.frame(app.site(), "Emergency access to check").at(place).page(main)
}

/// One that waits and is not the reader's own.
async fn find(app: &App, caller: &Caller, which: &(String, String)) -> Result<Review, Stop> {
    let person = which.0.parse().map_err(|_| Stop::NotFound)?;
    let id = which.1.parse().map_err(|_| Stop::NotFound)?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| {
        let found = emergency::find_unreviewed(s, &ctx, by, (person, id)).await?;
        let one = found.filter(|one| !one.is_of(by.practitioner)).ok_or(Stop::NotFound)?;
        in_words(s, app, by, ctx.clock.now(), &one).await
    };
    app.db().snapshot("http.review", read).await
}

/// The accesses that wait for the reader, and whether there are more.
async fn waiting(app: &App, caller: &Caller) -> Result<(Vec<Review>, bool), Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let open = emergency::unreviewed(app.db(), &ctx, by).await?;
    let now = ctx.clock.now();
    let read = async |s: &mut Snapshot| {
        let mut reviews = vec![];
        for one in &open.first {
            reviews.push(in_words(s, app, by, now, one).await?);
        }
        Ok::<_, Stop>((reviews, open.is_more))
    };
    app.db().snapshot("http.reviews", read).await
}

/// One access as its reader sees it.
async fn in_words(
    s: &mut Snapshot,
    app: &App,
    by: &Acting,
    now: Timestamp,
    one: &Unreviewed,
) -> Result<Review, Stop> {
    let found = practitioner::find(s, one.practitioner).await?;
    let mut agreed = vec![];
    for who in one.second.iter().chain(&one.agreed) {
        agreed.extend(practitioner::find(s, *who).await?.map(|found| found.name));
    }
    let of = match &one.organisation {
        of if *of == by.organisation => None,
        of => Some(organisation_name(s, of).await?),
    };
    let stream = Stream::Person(one.person);
    let entry = ken_ledger::entry(s, app.keys(), &stream, one.entry).await?;
    let detail = entry.and_then(|entry| entry.detail);
    let reason = detail.as_ref().and_then(|detail| detail.get("reason")?.as_str());
    Ok(Review {
        is_own: one.is_of(by.practitioner),
        agreed,
        of,
        is_late: one.review_due < now,
        ..review(one, found.map(|found| found.name), reason.map(str::to_owned))
    })
}

fn review(one: &Unreviewed, by: Option<String>, reason: Option<String>) -> Review {
    Review {
        person: one.person,
        id: one.id,
        by: by.unwrap_or_default(),
        opened: words::moment_short(one.from),
        reason,
        agreed: vec![],
        of: None,
        due: words::day_short(words::local(last_moment(one.review_due)).date()),
        is_late: false,
        is_own: false,
    }
}

/// The last moment before a deadline: one at midnight is the end of the day before.
fn last_moment(due: Timestamp) -> Timestamp {
    due.checked_sub(SignedDuration::from_secs(1)).unwrap_or(due)
}

/// One access to check.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    /// Whom it was about; opaque, and not shown.
    pub(crate) person: PersonId,
    /// Which access.
    pub(crate) id: EntryId,
    /// Who opened it.
    pub(crate) by: String,
    /// When.
    pub(crate) opened: String,
    /// Why, in the practitioner's own words.
    pub(crate) reason: Option<String>,
    /// Who agreed to it, beforehand or while it was open.
    pub(crate) agreed: Vec<String>,
    /// Whose access it was, where it is not the reader's organisation: nobody there may check it.
    pub(crate) of: Option<String>,
    /// By when it must be checked.
    pub(crate) due: String,
    /// Whether that day has passed.
    pub(crate) is_late: bool,
    /// Whether the reader opened it themselves, or agreed to it.
    pub(crate) is_own: bool,
}

/// What a check may find.
pub(crate) const OUTCOMES: [(&str, &str, &str); 2] = [
    ("justified", "It was right to look", "The person can read that it was checked and right."),
    (
        "not-justified",
        "It was not right",
        "If it is open, it closes now. The person can read that it was checked and not right.",
    ),
];

/// Whether the person reads why, in the practitioner's words; who looked, and when, they always do.
const REASON: [(&str, &str, &str); 2] = [
    (
        "shown",
        "Yes",
        "They read it in the words above, with the names of who opened the record \
        and who agreed to it.",
    ),
    (
        "kept",
        "No",
        "Only where reading it could harm somebody, or it tells of somebody else. They \
        still read the names, when it was, and what you found.",
    ),
];

/// The page's content.
pub(crate) fn show(reviews: &[Review], is_more: bool) -> Markup {
    let state = if reviews.is_empty() {
        State::Nothing {
            looked: "No emergency access waits to be checked.".into(),
            caution: "Each one appears here as soon as it is opened.".into(),
        }
    } else {
        let cards: Vec<_> = reviews
            .iter()
            .map(|review| {
                html! {
                    h3 { (review.by) }
                    p { "Opened " (review.opened) "." }
                    (elsewhere(review))
                    @for name in &review.agreed { p { (name) " agreed to it." } }
                    p { @match &review.reason {
                        Some(reason) => { "Reason: " q { (reason) } }
                        None => { "The reason can no longer be read." }
                    } }
                    p {
                        "Check by " (review.due) " "
                        @if review.is_late { (facts::tag("Late", Tone::Bad)) }
                    }
                    @if review.is_own {
                        p {
                            "You opened this yourself, or agreed to it. Somebody else must check \
                             it."
                        }
                    } @else {
                        p { a href={ "/ig/reviews/" (review.person) "/" (review.id) }
                            { "Check the access of " (review.opened) } }
                    }
                }
            })
            .collect();
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "Emergency access to check" }
        p { "Somebody other than the reader of the record checks each one in 2 working days." }
        (panel::show(&Panel { id: "reviews", heading: "To check".into(), open: true, state }))
        @if is_more {
            p { "More may wait than these. They appear here as these are checked." }
        }
    }
}

/// Why an access of another organisation is here.
fn elsewhere(review: &Review) -> Markup {
    html! { @if let Some(of) = &review.of {
        p { "Of " (of) ". Nobody there may check it, and you lead a partnership that it is in." }
    } }
}

/// The Guardian's page: the most urgent of `count`, or of more than that, with its form.
fn last((count, is_more): (usize, bool), form: Option<Markup>) -> Markup {
    let Some(form) = form else {
        let state = State::Nothing {
            looked: "No emergency access waits to be checked by you.".into(),
            caution: "One comes to you only where each officer of your organisation opened it \
                      themselves, or is near the person."
                .into(),
        };
        let heading = "To check".into();
        return html! {
            h1 { "Emergency access to check" }
            (panel::show(&Panel { id: "reviews", heading, open: true, state }))
        };
    };
    html! {
        (form)
        @if count > 1 {
            p { @if is_more { "At least " } (count - 1) " more wait after this one." }
        }
    }
}

/// The page of one access, with the form that decides it.
fn decide(
    review: &Review,
    (place, typed, wrongs): (&str, &Checked, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let action = format!("{place}/{}/{}", review.person, review.id);
    let form = Form { action: &action, csrf, button: "Save the check", hidden: &[] };
    let answers = |rows: &[(&str, &str, &str)]| -> Vec<_> {
        let answer = |(value, label, hint): &(&str, &str, &str)| Choice {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
            hint: Some((*hint).to_owned()),
        };
        rows.iter().map(answer).collect()
    };
    html! {
        (summary(wrongs))
        h1 { "Was this emergency access right?" }
        (facts::list(&[
            ("Opened by", html! { (review.by) }),
            ("Agreed to by", html! {
                @if review.agreed.is_empty() { "Nobody: it was opened alone" }
                @else { (review.agreed.join(", ")) }
            }),
            ("Opened", html! { (review.opened) }),
            ("Reason they gave", html! { (review.reason.as_deref().unwrap_or_default()) }),
            ("Check by", html! { (review.due) }),
        ]))
        (form.post(&html! {
            (choices("What did you find?", "outcome", &answers(&OUTCOMES), &typed.outcome,
                wrongs))
            (choices("May the person read the reason?", "reason", &answers(&REASON),
                &typed.reason, wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn review() -> Review {
        Review {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            by: "Dr C Casualty, A&E clinician, NHS Glen".into(),
            opened: "21 Nov 2026, 09:14".into(),
            reason: Some("Unconscious, no history".into()),
            due: "24 Nov 2026".into(),
            agreed: vec!["Ann Colleague".into(), "Bob Colleague".into()],
            of: Some("Rowan Support".into()),
            is_late: true,
            is_own: false,
        }
    }

    #[test]
    fn nobody_checks_their_own() {
        let own = Review { is_own: true, ..review() };
        let shown = show(&[review(), own], true).into_string();
        rules::assert_part(&shown);
        assert_eq!(shown.matches("Check the access").count(), 1);
        for want in [
            "Ann Colleague agreed",
            "Bob Colleague agreed",
            "Nobody there may check it",
            "More may",
        ] {
            assert!(shown.contains(want), "{want}: {shown}");
        }
        let none = show(&[], false).into_string();
        rules::assert_part(&none);
        assert!(!none.contains("More may"), "{none}");
    }

    #[test]
    fn the_form_keeps_the_rules() {
        let wrongs = [Wrong::new("outcome", "Choose what you found")];
        let typed = Checked { outcome: String::new(), reason: "kept".into() };
        assert_eq!(finding(&typed), Err(wrongs.to_vec()));
        for place in [OFFICER, GUARDIAN] {
            let form = decide(&review(), (place, &typed, &wrongs), &Csrf::of("x"));
            let shown = last((2, true), Some(form)).into_string();
            rules::assert_part(&shown);
            assert!(shown.contains(&format!("action=\"{place}/")), "{shown}");
            assert!(shown.contains("At least 1 more wait"), "{shown}");
        }
        rules::assert_part(&last((0, false), None).into_string());
    }
}
