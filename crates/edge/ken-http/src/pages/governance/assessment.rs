//! `/ig/agreements/{hash}/assessment`: the impact assessment of one text.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_office::assess::{self, Assessment, Gap, Kept, Level, QUESTIONS, RISKS_MAX, Risk, Trigger};
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Field, Form, Wrong, select, summary, tick};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// What a form carries, by the field's name.
type Filled = BTreeMap<String, String>;

/// The steps, as the Commissioner names them, in our words.
const STEPS: [&str; 7] = [
    "1. Is an assessment needed?",
    "2. What will happen",
    "3. Who was heard",
    "4. Is it necessary and in proportion?",
    "5. What could go wrong",
    "6. What is done about it",
    "7. Approval",
];

/// `GET /ig/agreements/{hash}/assessment`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let (of, kept) = read(&app, &caller, &hash).await?;
    let main = show(&of, &kept, &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/agreements/{hash}/assessment`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (of, mut kept) = read(&app, &caller, &hash).await?;
    let (ctx, by, db, keys) = (app.ctx(caller.request()), caller.acting()?, app.db(), app.keys());
    let (what, next) = if filled.get("what").is_some_and(|what| what == "approve") {
        let Ok(until) = assess::approve(db, &ctx, keys, by, &of).await? else {
            let wrong = Wrong::new("approve", "Put right what is missing first");
            return Ok(refused(&app, &caller, (&of, &kept), &[wrong]));
        };
        ("It is approved", format!("Until {}.", words::day_short(until.0)))
    } else {
        if let Err(wrongs) = change(&of, &mut kept.assessment, &filled) {
            return Ok(refused(&app, &caller, (&of, &kept), &wrongs));
        }
        assess::write(db, &ctx, keys, by, (&of, &kept.assessment)).await?;
        ("It is saved", "It has to be approved before anybody signs.".to_owned())
    };
    let address = format!("/ig/agreements/{}/assessment", of.hash());
    let main = html! {
        (confirmation::done(what, &next))
        (confirmation::link_on(&address, "Back to the assessment"))
    };
    Ok(page(&app, &caller, &main).into_response())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Impact assessment").at("/ig/agreements").page(main)
}

fn refused(
    app: &App,
    caller: &Caller,
    (of, kept): (&Instrument, &Kept),
    wrongs: &[Wrong],
) -> Response {
    let main = show(of, kept, wrongs, caller.csrf());
    (StatusCode::UNPROCESSABLE_ENTITY, page(app, caller, &main)).into_response()
}

async fn read(app: &App, caller: &Caller, hash: &str) -> Result<(Instrument, Kept), Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    of.instrument.party(&caller.acting()?.organisation).ok_or(Stop::NotFound)?;
    let read = async |s: &mut Snapshot| assess::find(s, &of.instrument).await;
    let kept = app.db().snapshot("http.assessment", read).await?;
    Ok((of.instrument, kept))
}

/// Takes what a form says into the assessment.
fn change(of: &Instrument, to: &mut Assessment, filled: &Filled) -> Result<(), Vec<Wrong>> {
    let text = |id: &str| filled.get(id).map(|text| text.trim().to_owned()).unwrap_or_default();
    match text("what").as_str() {
        "answers" => {
            to.triggers = Trigger::ALL.into_iter().filter(|of| text(of.code()) == "yes").collect();
            to.answers = QUESTIONS.iter().map(|(id, ..)| ((*id).to_owned(), text(id))).collect();
            (to.regulator, to.equality) = (text("regulator"), text("equality"));
            Ok(())
        }
        "risk" => {
            let risk = risk(of, filled)?;
            if to.risks.len() < RISKS_MAX {
                to.risks.push(risk);
            }
            Ok(())
        }
        "forget" => {
            let place = text("place").parse::<usize>().ok();
            let mut at = 0..;
            to.risks.retain(|_| at.next() != place);
            Ok(())
        }
        _ => Err(vec![Wrong::new("approve", "Choose what to do")]),
    }
}

fn risk(of: &Instrument, filled: &Filled) -> Result<Risk, Vec<Wrong>> {
    let text = |id: &str| filled.get(id).map_or("", |text| text.trim());
    let level = |id: &str| Level::ALL.into_iter().find(|level| level.code() == text(id));
    let named = text("clauses").split([' ', ',']).filter(|id| !id.is_empty());
    let clauses: Option<BTreeMap<_, _>> = named
        .map(|id| {
            let clause = of.clauses.iter().find(|clause| clause.id.as_str() == id)?;
            Some((clause.id.clone(), assess::fingerprint(clause)))
        })
        .collect();
    let words = text("risk");
    let mut wrongs = vec![];
    if words.is_empty() || words.len() > 4_000 {
        wrongs.push(Wrong::new("risk", "Say what could happen, and to whom"));
    }
    if clauses.is_none() {
        wrongs.push(Wrong::new("clauses", "Enter clauses of this agreement, for example P1 C5"));
    }
    match (level("likelihood"), level("severity"), level("left"), clauses) {
        (Some(likelihood), Some(severity), Some(left), Some(clauses)) if wrongs.is_empty() => {
            Ok(Risk { text: words.to_owned(), likelihood, severity, clauses, left })
        }
        _ => Err(wrongs),
    }
}

fn show(of: &Instrument, kept: &Kept, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let address = format!("/ig/agreements/{}/assessment", of.hash());
    let gaps: Vec<_> = assess::gaps(of, &kept.assessment).iter().map(says).collect();
    html! {
        (summary(wrongs))
        h1 { "Impact assessment" }
        p { a href={ "/ig/agreements/" (of.hash()) } { (of.agreement.title) } }
        p { @match kept.until {
            Some(until) => {
                (facts::tag("Approved", Tone::Good)) " until " (words::day_short(until.0))
            }
            None => { (facts::tag("Not approved for this text", Tone::Warn)) }
        } }
        @if !kept.is_own {
            p { "What follows was said of an earlier version. Check that it still holds." }
        }
        @if !gaps.is_empty() {
            h2 { "What is missing" }
            ul { @for gap in &gaps { li { (gap) } } }
        }
        (answers(of, &kept.assessment, &address, csrf))
        h2 { (step_words(5)) }
        (risks(&kept.assessment, &address, csrf))
        (new_risk(&address, wrongs, csrf))
        h2 #approve { "Approve" }
        (Form { action: &address, csrf, button: "Approve the assessment of this text",
            hidden: &[("what", "approve".to_owned())] }.post(&html! {
            p { "You approve the measures and accept the risk that is left." }
        }))
    }
}

fn says(gap: &Gap) -> String {
    match gap {
        Gap::Unanswered(id) => {
            let question = QUESTIONS.iter().find(|(of, ..)| of == id);
            format!("An answer to: {}", question.map_or(*id, |(_, _, words)| words))
        }
        Gap::NoRisk => "At least one risk.".to_owned(),
        Gap::Unmitigated(risk) => format!("What lowers this risk: {risk}"),
        Gap::MitigationGone(clause) => {
            format!("Clause {clause} lowered a risk, and is gone or changed. Look at that risk.")
        }
        Gap::Regulator => "High risk is left: name the consultation with the regulator.".to_owned(),
        Gap::Equality => "The equality impact assessment.".to_owned(),
    }
}

fn answers(of: &Instrument, assessment: &Assessment, address: &str, csrf: &Csrf) -> Markup {
    let shown = Trigger::of_text(of);
    let hidden = [("what", "answers".to_owned())];
    let form = Form { action: address, csrf, button: "Save the answers", hidden: &hidden };
    let answer = |id: &str| assessment.answers.get(id).map_or("", String::as_str);
    form.post(&html! {
        h2 { (step_words(1)) }
        p { "Any of these asks for a whole assessment." }
        ul {
            @for trigger in &shown { li { (trigger.says()) ": the text itself shows it" } }
            @for trigger in assessment.triggers.difference(&shown) {
                li { (trigger.says()) ": said" }
            }
        }
        @for trigger in Trigger::ALL.into_iter().filter(|one| !shown.contains(one)) {
            (tick(trigger.code(), trigger.says(), &[]))
        }
        @for step in [1, 2, 3, 4, 6, 7] {
            @if step > 1 { h2 { (step_words(step)) } }
            @for (id, _, words) in QUESTIONS.iter().filter(|(_, of, _)| *of == step) {
                (Field::long(id, words, answer(id)).show(&[]))
            }
        }
        (Field::text("regulator", "Consultation with the regulator", &assessment.regulator)
            .hinted("Its reference, where high risk is left").show(&[]))
        (Field::text("equality", "Equality impact assessment", &assessment.equality)
            .hinted("Its reference or address").show(&[]))
    })
}

fn step_words(step: u8) -> &'static str {
    let place = usize::from(step).checked_sub(1);
    place.and_then(|place| STEPS.get(place)).copied().unwrap_or_default()
}

fn risks(assessment: &Assessment, address: &str, csrf: &Csrf) -> Markup {
    html! {
        @if assessment.risks.is_empty() {
            p { "No risk is named yet. That does not mean that there is none." }
        } @else {
            ul {
                @for (place, risk) in assessment.risks.iter().enumerate() {
                    li {
                        (risk.text) " Likelihood " (risk.likelihood.code()) ", severity "
                        (risk.severity.code()) ", left " (risk.left.code()) ". Lowered by: "
                        @if risk.clauses.is_empty() { "no clause" }
                        @for clause in risk.clauses.keys() { (clause) " " }
                        (Form { action: address, csrf, button: "Take away", hidden: &[
                            ("what", "forget".to_owned()), ("place", place.to_string()),
                        ] }.small(&html! {}))
                    }
                }
            }
        }
    }
}

fn new_risk(address: &str, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let levels = Level::ALL.map(|of| (of.code().to_owned(), words::capitalised(of.code())));
    let hidden = [("what", "risk".to_owned())];
    let form = Form { action: address, csrf, button: "Add the risk", hidden: &hidden };
    form.post(&html! {
        (Field::long("risk", "What could happen, and to whom?", "").show(wrongs))
        (select("likelihood", "How likely, without the clauses", &levels, "medium"))
        (select("severity", "How bad", &levels, "medium"))
        (Field::text("clauses", "Clauses that lower it", "").hinted("For example P1 C5")
            .show(wrongs))
        (select("left", "What is left", &levels, "low"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn of() -> Instrument {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        Instrument::parse(text).unwrap()
    }

    fn filled(pairs: &[(&str, &str)]) -> Filled {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_page_says_what_is_missing_and_takes_a_risk() {
        let of = of();
        let mut assessment = Assessment::default();
        let risk = [
            ("what", "risk"),
            ("risk", "A <leak>"),
            ("likelihood", "low"),
            ("severity", "high"),
            ("clauses", "P1, C5"),
            ("left", "high"),
        ];
        change(&of, &mut assessment, &filled(&risk)).unwrap();
        assert_eq!(assessment.risks[0].clauses.len(), 2);
        let mut unknown = filled(&risk);
        unknown.insert("clauses".into(), "P1 Z9".into());
        let wrongs = change(&of, &mut assessment, &unknown).unwrap_err();
        let kept = Kept { assessment: assessment.clone(), is_own: false, until: None };
        let page = show(&of, &kept, &wrongs, &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        for want in ["consultation with the regulator", "A &lt;leak&gt;", "earlier version"] {
            assert!(page.contains(want), "{want}");
        }
        change(&of, &mut assessment, &filled(&[("what", "forget"), ("place", "0")])).unwrap();
        assert!(assessment.risks.is_empty());
        let answers = [("what", "answers"), ("unseen", "yes"), ("need", " Safety "), ("x", "y")];
        change(&of, &mut assessment, &filled(&answers)).unwrap();
        assert_eq!(assessment.answers["need"], "Safety");
        assert!(assessment.triggers.contains(&Trigger::Unseen));
    }
}
