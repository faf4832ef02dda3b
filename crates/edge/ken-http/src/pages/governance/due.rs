//! `/ig`: what is due, the most urgent first.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use ken_core::{EntryId, InstrumentHash, OrganisationId, PersonId};
use ken_directory::practitioner;
use ken_office::agreement;
use ken_office::breach::{self, Breach};
use ken_office::due::{self, About, Item};
use ken_office::exit::{self, Answer, Recall};
use ken_sharing::bundle::Admitted;
use ken_sharing::duty::{self, Duty, What};
use ken_sharing::instrument;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::{breaches, disposal, party_name, receipts, wrong_person};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::Form;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    person: String,
    #[serde(default)]
    duty: String,
}

/// `GET /ig`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let today = ctx.clock.today();
    let read = async |s: &mut Snapshot| {
        let all = instrument::load_around(s, &ctx).await?.instruments;
        let mut duties = vec![];
        for duty in duty::open(s, &by.organisation).await? {
            let who = practitioner::find(s, duty.practitioner).await?;
            duties.push((duty, who.map(|who| who.name).unwrap_or_default()));
        }
        let recalls = exit::recalls(s, &by.organisation).await?;
        let breaches = breach::list(s, &by.organisation).await?;
        let lines = ken_office::receipts::lately(s, &ctx, &by.organisation, &all).await?;
        let disposals = ken_office::disposal::list(s, &by.organisation).await?;
        let wrong = (wrong_person::asked(s, &by.organisation).await?, ask::names_in(s).await?);
        Ok::<_, Stop>((all, duties, (recalls, wrong), (breaches, lines, disposals)))
    };
    let (all, duties, (recalls, (wrong, names)), (breaches, lines, disposals)) =
        app.db().snapshot("http.due", read).await?;
    let items = due::list(&all, &by.organisation, today);
    let others = html! {
        (of_breaches(&breaches, ctx.clock.now()))
        (wrong_person::show(&wrong, &names, today, caller.csrf()))
        (disposal::to_be_confirmed(&disposals, ctx.clock.now()))
        (asked_back(&recalls, &all, today, caller.csrf()))
        (receipts::show(&lines, &all))
    };
    let main = show(&items, &duties, &others, today, caller.csrf());
    Ok(caller.frame(app.site(), "What is due").at("/ig").page(&main))
}

/// What the form about a recall carries.
#[derive(Debug, Deserialize)]
pub(crate) struct Answered {
    #[serde(default)]
    text: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    reason: String,
}

/// `POST /ig/recalls`: what became of what was asked back.
pub(crate) async fn answer(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Answered>,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let hash: InstrumentHash = sent.text.parse().map_err(|_| Stop::NotFound)?;
    let source: OrganisationId = sent.source.parse().map_err(|_| Stop::NotFound)?;
    let answer = Answer::ALL.into_iter().find(|one| one.word() == sent.answer);
    let answer = answer.ok_or(Stop::NotFound)?;
    let what = (&hash, &source, answer, sent.reason.as_str());
    if !exit::answer(app.db(), &ctx, app.keys(), by, what).await? {
        return Err(Stop::BadForm);
    }
    let main = html! {
        (confirmation::done("Your answer is noted", "It stands on the ledger with your name."))
        (confirmation::link_on("/ig", "Back to what is due"))
    };
    Ok(caller.frame(app.site(), "What is due").at("/ig").page(&main).into_response())
}

/// The open breaches, each with what is left of its 72 hours; nothing where none is open.
fn of_breaches(breaches: &[Breach], now: Timestamp) -> Markup {
    let open = breaches.iter().filter(|one| one.closed.is_none());
    let card = |one: &Breach| {
        html! {
            h3 { a href={ (breaches::ADDRESS) "/" (one.id) } {
                "Breach: " (breaches::kind_says(one.kind).to_lowercase())
            } }
            (breaches::standing(one, now))
        }
    };
    let cards: Vec<_> = open.map(card).collect();
    html! {
        @if !cards.is_empty() {
            h2 { "Breaches" }
            (card::cards(false, &cards))
        }
    }
}

/// What exits ask back from one's own organisation.
fn asked_back(recalls: &[Recall], all: &[Admitted], today: Date, csrf: &Csrf) -> Markup {
    let open = recalls.iter().filter(|one| one.answer.is_none());
    let card = |one: &Recall| {
        let of = agreement::find(all, &one.hash).map(|of| &of.instrument);
        let title = of.map(|of| of.agreement.title.clone()).unwrap_or_default();
        let source = of.map_or_else(|| one.source.to_string(), |of| party_name(of, &one.source));
        let form = |answer: Answer, fields: &Markup| {
            let hidden = [
                ("text", one.hash.to_string()),
                ("source", one.source.to_string()),
                ("answer", answer.word().to_owned()),
            ];
            Form { action: "/ig/recalls", csrf, button: answer.says(), hidden: &hidden }
                .small(fields)
        };
        html! {
            h3 { "Asked back: what you had of " (source) }
            p { (title) ". " (left(one.due, today)) }
            @for answer in [Answer::Returned, Answer::Deleted, Answer::Nothing] {
                (form(answer, &html! {}))
            }
            details {
                summary { "Something has to be kept" }
                (form(Answer::Kept, &html! {
                    p { "Why it is kept" }
                    input type="text" name="reason" aria-label="Why it is kept" maxlength="200";
                }))
            }
        }
    };
    let cards: Vec<_> = open.map(card).collect();
    html! {
        @if !cards.is_empty() {
            h2 { "Asked back after an exit" }
            (card::cards(false, &cards))
        }
    }
}

/// `POST /ig`: a duty is done.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(done): Sent<Done>,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let person: PersonId = done.person.parse().map_err(|_| Stop::NotFound)?;
    let id: EntryId = done.duty.parse().map_err(|_| Stop::NotFound)?;
    if !duty::done(app.db(), &ctx, app.keys(), by, (person, id)).await? {
        return Err(Stop::NotFound);
    }
    let main = html! {
        (confirmation::done("It is noted as done", "It stands on the ledger with your name."))
        (confirmation::link_on("/ig", "Back to what is due"))
    };
    Ok(caller.frame(app.site(), "What is due").at("/ig").page(&main).into_response())
}

fn show(
    items: &[Item],
    duties: &[(Duty, String)],
    others: &Markup,
    today: Date,
    csrf: &Csrf,
) -> Markup {
    let reviews: Vec<_> = items.iter().map(|item| of_item(item, today)).collect();
    let waiting: Vec<_> = duties.iter().map(|duty| of_duty(duty, today, csrf)).collect();
    html! {
        h1 { "What is due" }
        (panel::show(&Panel {
            id: "agreements",
            heading: "Agreements".into(),
            open: true,
            state: state(&reviews, "No review or signature is due within 90 days."),
        }))
        (panel::show(&Panel {
            id: "duties",
            heading: "After something was shared".into(),
            open: true,
            state: state(&waiting, "Nobody in your organisation owes anything after a disclosure."),
        }))
        (others)
        p { a href="/ig/reviews" { "Emergency access to check" } }
    }
}

fn state(cards: &[Markup], nothing: &str) -> State {
    if cards.is_empty() {
        State::Nothing {
            looked: nothing.into(),
            caution: "What becomes due appears here by itself.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, cards), from: None }
    }
}

fn of_item(item: &Item, today: Date) -> Markup {
    let address = match item.about {
        About::Signature => format!("/ig/agreements/{}/sign", item.hash),
        _ => format!("/ig/agreements/{}", item.hash),
    };
    let what = match item.about {
        About::Review => "Review the agreement",
        About::Assessment => "Review the impact assessment",
        About::Signature => "Sign, or say that you will not",
        About::Leaving => "A party leaves",
    };
    html! {
        h3 { a href=(address) { (what) ": " (item.title) } }
        p { (left(item.due, today)) }
    }
}

fn of_duty((duty, who): &(Duty, String), today: Date, csrf: &Csrf) -> Markup {
    let what = match duty.what {
        What::Acknowledge => "Acknowledge what was received",
        What::Tell => "Tell the person, or record why not",
        What::Delete => "Delete what is not needed any more",
        What::Review => "Review whether it is still needed",
    };
    let (_, clause) = duty.clause.as_str().split_once('#').unwrap_or_default();
    let hidden = [("person", duty.person.to_string()), ("duty", duty.id.to_string())];
    let form = Form { action: "/ig", csrf, button: "Note as done", hidden: &hidden };
    html! {
        h3 { (what) }
        p { (who) ", clause " (clause) @if duty.is_must { ", a duty in law" } "." }
        p {
            (left(words::local(duty.due).date(), today))
            @if duty.missed.is_some() { " " (facts::tag("Missed", Tone::Bad)) }
        }
        (form.small(&html! {}))
    }
}

/// How long is left, in words and a day.
pub(super) fn left(due: Date, today: Date) -> Markup {
    let days = due.since(today).map_or(0, |span| span.get_days());
    html! {
        @if days < 0 {
            (facts::tag("Late", Tone::Bad)) " since " (words::day_short(due))
        } @else if days == 0 { (facts::tag("Today", Tone::Warn)) }
        @else if days == 1 { "Tomorrow, " (words::day_short(due)) }
        @else { "In " (days) " days, on " (words::day_short(due)) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::view::rules;

    #[test]
    fn what_is_asked_back_is_answered_in_one_press_or_with_a_reason() {
        let recall = |answer| Recall {
            hash: "ab12".parse().unwrap(),
            holder: "cec".parse().unwrap(),
            source: "rowan".parse().unwrap(),
            due: date(2027, 6, 30),
            answer,
        };
        let recalls = [recall(None), recall(Some((Answer::Kept, "An inquiry".into())))];
        let today = date(2027, 6, 1);
        let page = asked_back(&recalls, &[], today, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        for answer in Answer::ALL {
            assert_eq!(page.matches(answer.says()).count(), 1, "only what is open is asked");
        }
        assert_eq!(asked_back(&[], &[], today, &Csrf::of("x")).into_string(), "");
    }

    #[test]
    fn what_is_late_says_so_and_names_nobody_it_is_about() {
        let today = date(2027, 6, 1);
        let item = |about, due| Item {
            due,
            about,
            hash: "ab12".parse().unwrap(),
            title: "Concern <reports>".into(),
        };
        let person: PersonId = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let duty = Duty {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            person,
            practitioner: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
            what: What::Tell,
            clause: "ab12#C1".parse().unwrap(),
            is_must: true,
            due: "2027-05-30T09:00:00Z".parse().unwrap(),
            missed: Some("2027-05-30T09:00:01Z".parse().unwrap()),
        };
        let items = [item(About::Review, date(2027, 7, 1)), item(About::Signature, today)];
        let page = show(&items, &[(duty, "Jo Worker".into())], &html! {}, today, &Csrf::of("x"))
            .into_string();
        rules::assert_part(&page);
        for want in ["In 30 days", "Today", "Missed", "Late", "a duty in law", "clause C1"] {
            assert!(page.contains(want), "{want}: {page}");
        }
        let none = show(&[], &[], &html! {}, today, &Csrf::of("x")).into_string();
        rules::assert_part(&none);
        assert!(none.contains("No review or signature"));
    }
}
