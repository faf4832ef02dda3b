//! On `/ig`: what one's own organisation was shown of somebody else, while two people's records
//! stood together in error, and what became of it. It names practitioners, and nobody else.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use ken_core::PersonId;
use ken_directory::practitioner;
use ken_office::wrong_person::{self, Answer, AskedBack};
use ken_person::LinkId;
use ken_store::Reads;
use maud::{Markup, html};
use serde::Deserialize;

use super::due::left;
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::Names;
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Where the form goes.
const ADDRESS: &str = "/ig/asked-back";
/// Most names that one entry tells; more are counted. House policy.
const NAMES_MAX: usize = 20;

/// What is asked, with the names of those who looked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    of: AskedBack,
    who: Vec<String>,
}

/// What is asked of an organisation, and who of it looked.
///
/// # Errors
///
/// What the registers say.
pub(crate) async fn asked(
    s: &mut impl Reads,
    holder: &ken_core::OrganisationId,
) -> Result<Vec<Asked>, Stop> {
    let mut all = vec![];
    for of in wrong_person::open(s, holder).await? {
        let mut who = vec![];
        for id in of.by.iter().take(NAMES_MAX) {
            who.extend(practitioner::find(s, *id).await?.map(|one| one.name));
        }
        all.push(Asked { of, who });
    }
    Ok(all)
}

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Answered {
    #[serde(default)]
    person: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    reason: String,
}

/// `POST /ig/asked-back`: what became of what was shown of somebody else.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Answered>,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let person: PersonId = sent.person.parse().map_err(|_| Stop::NotFound)?;
    let parting: LinkId = sent.what.parse().map_err(|_| Stop::NotFound)?;
    let answer = Answer::ALL.into_iter().find(|one| one.word() == sent.answer);
    let what = (person, parting, answer.ok_or(Stop::NotFound)?, sent.reason.as_str());
    if !wrong_person::answer(app.db(), &ctx, app.keys(), by, what).await? {
        return Err(Stop::BadForm);
    }
    let next = "It stands with your name on your ledger, and on that of both people.";
    let main = html! {
        (confirmation::done("Your answer is noted", next))
        (confirmation::link_on("/ig", "Back to what is due"))
    };
    Ok(caller.frame(app.site(), "What is due").at("/ig").page(&main).into_response())
}

/// What is asked, by the day on which it is due; nothing where nothing is.
pub(crate) fn show(asked: &[Asked], names: &Names, today: Date, csrf: &Csrf) -> Markup {
    let cards: Vec<_> = asked.iter().map(|one| one_card(one, names, today, csrf)).collect();
    html! {
        @if !cards.is_empty() {
            h2 { "Shown of somebody else" }
            p {
                "Two people's records stood together in error. What your organisation was then \
                 shown of the wrong one has to be destroyed, wherever it was written down: notes, \
                 letters, prints and other systems."
            }
            (card::cards(false, &cards))
        }
    }
}

fn one_card(Asked { of, who }: &Asked, names: &Names, today: Date, csrf: &Csrf) -> Markup {
    let form = |answer: Answer, fields: &Markup| {
        let hidden = [
            ("person", of.person.to_string()),
            ("what", of.parting.to_string()),
            ("answer", answer.word().to_owned()),
        ];
        Form { action: ADDRESS, csrf, button: says(answer), hidden: &hidden }.small(fields)
    };
    let more = of.by.len().saturating_sub(who.len());
    let kinds: Vec<_> = of
        .kinds
        .iter()
        .map(|(source, kind)| {
            format!("{} of {}", words::category(kind), compose::name_of(names, source))
        })
        .collect();
    html! {
        h3 { "Destroy what you have of the wrong person" }
        p {
            "Seen " (of.times) @if of.times == 1 { " time" } @else { " times" } " from "
            (words::moment_short(of.first)) " to " (words::moment_short(of.last)) ". "
            (left(of.due, today))
        }
        p {
            "Who looked, and can tell whom it was about: "
            @if who.is_empty() { "nobody who is registered" } @else { (who.join(", ")) }
            @if more > 0 { ", and " (more) " more" } "."
        }
        p { "What: " (kinds.join("; ")) "." }
        @if !of.is_whole {
            p { "Some of the ledger could not be read: there may be more." }
        }
        @for answer in [Answer::Deleted, Answer::Nothing] { (form(answer, &html! {})) }
        details {
            summary { "Something has to be kept" }
            (form(Answer::Kept, &html! {
                p { "Why it is kept" }
                input type="text" name="reason" aria-label="Why it is kept" maxlength="200";
            }))
        }
    }
}

/// The answer in a sentence.
fn says(answer: Answer) -> &'static str {
    match answer {
        Answer::Deleted => "We have destroyed it",
        Answer::Nothing => "Nothing of it was written down",
        other => other.says(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn it_says_what_who_and_by_when_and_names_nobody_it_is_about() {
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        let of = AskedBack {
            person: person.parse().unwrap(),
            parting: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            kinds: vec![("nhsl".parse().unwrap(), "medication".parse().unwrap())],
            by: vec!["0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(); 2],
            is_whole: false,
            times: 3,
            first: "2026-11-21T09:14:00Z".parse().unwrap(),
            last: "2026-11-21T10:14:00Z".parse().unwrap(),
            due: jiff::civil::date(2026, 12, 1),
        };
        let asked = Asked { of, who: vec!["Jo Worker".into()] };
        let names = Names::from([("nhsl".parse().unwrap(), "NHS Glen".to_owned())]);
        let today = jiff::civil::date(2026, 11, 22);
        let shown = show(&[asked], &names, today, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        let wants = ["Jo Worker, and 1 more", "NHS Glen", "3 times", "In 9 days", "may be more"];
        for want in wants {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        assert_eq!(show(&[], &names, today, &Csrf::of("x")).into_string(), "");
    }
}
