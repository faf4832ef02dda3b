//! A form of the forms language as fields of a page, with what was typed and what must be put
//! right.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_care::form::fhir::why_none;
use ken_care::form::origin::Origins;
use ken_care::form::{Answers, Form, Kind, Question, Section};
use maud::{Markup, html};

use super::show::from;
use crate::view::facts::{Tone, tag};
use crate::view::form::{Choice, Field, Wrong, choices};

/// The sections of a form with how far each is, as links to them.
pub(super) fn tasks(form: &'static Form, answers: &Answers, today: Date) -> Markup {
    let wrongs = answers.wrongs(form, today);
    let is_done = |section: &Section| {
        let mut fields = section.questions.iter().flat_map(Question::fields);
        !fields.any(|field| wrongs.iter().any(|wrong| wrong.field == field))
    };
    html! {
        ol {
            @for section in &form.sections {
                li {
                    a href={ "#" (section.id) } { (section.title) } " "
                    @if is_done(section) { (tag("Done", Tone::Good)) }
                    @else { (tag("To do", Tone::Warn)) }
                }
            }
        }
    }
}

/// Every question, section by section.
pub(super) fn show(
    form: &'static Form,
    answers: &Answers,
    origins: &Origins,
    wrongs: &[Wrong],
) -> Markup {
    html! {
        @for section in &form.sections {
            h2 id=(section.id) { (section.title) }
            @for question in &section.questions {
                (when(form, question))
                (one(question, answers, wrongs))
                (known(question, origins))
                @if question.about_others { p.care_hint { (ABOUT_OTHERS) } }
                @if let Some(id) = &question.or_reason {
                    @let label = why_none(question);
                    (Field::text(id, &label, answers.get(id))
                        .hinted("Only where there is no answer").show(wrongs))
                }
            }
        }
    }
}

/// Beside what was taken over: who said it first, and when.
fn known(question: &Question, origins: &Origins) -> Markup {
    let of: Vec<_> = question.fields().filter_map(|field| origins.get(field)).collect();
    let said: BTreeSet<String> = of.into_iter().map(from).collect();
    html! {
        @for said in &said {
            p.care_hint { "Answered before: " (said) ". Check that it still holds." }
        }
    }
}

/// Beside a question whose answer is kept apart.
const ABOUT_OTHERS: &str = "What you write here about others is kept apart: the person does not \
    read it by themselves.";

/// After which answer a question is asked.
fn when(form: &'static Form, question: &Question) -> Markup {
    let asked = question.when.as_ref().and_then(|when| {
        let other = form.questions().find(|one| one.id == when.question)?;
        let answers = when.is.iter().filter_map(|code| other.answer(code));
        Some((other.text.as_str(), answers.collect::<Vec<_>>().join(" or ")))
    });
    html! {
        @if let Some((text, answer)) = asked {
            p.care_hint { "Only if you answered “" (answer) "” to “" (text) "”:" }
        }
    }
}

fn one(question: &'static Question, answers: &Answers, wrongs: &[Wrong]) -> Markup {
    let (id, text, typed) = (question.id.as_str(), &question.text, answers.get(&question.id));
    match &question.kind {
        Kind::Words => Field::long(id, text, typed).hinted(&question.hint).show(wrongs),
        Kind::Line => Field::text(id, text, typed).hinted(&question.hint).show(wrongs),
        Kind::Day => {
            let hint = if question.hint.is_empty() { "As 31 1 2027" } else { &question.hint };
            Field::text(id, text, typed).hinted(hint).show(wrongs)
        }
        Kind::Choice(given) => {
            let choice = |(code, words): &(String, String)| Choice {
                value: code.clone(),
                label: words.clone(),
                hint: None,
            };
            let given: Vec<_> = given.iter().map(choice).collect();
            choices(text, id, &given, typed, wrongs)
        }
        Kind::Table { .. } => html! {
            @if !question.hint.is_empty() { p.care_hint { (question.hint) } }
            @for cell in question.cells.iter().flatten() {
                (Field::text(&cell.id, &cell.label, answers.get(&cell.id)).show(wrongs))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;
    use ken_care::form::FORMS;
    use ken_care::form::origin::Origin;
    use ken_core::Sensitive;

    use super::*;
    use crate::view::form::summary;
    use crate::view::rules;

    #[test]
    fn every_form_is_a_page_that_keeps_the_rules() {
        for form in FORMS.iter() {
            let typed = BTreeMap::from([("views".to_owned(), Sensitive::new("A <b>".to_owned()))]);
            let answers = Answers::of(form, &typed);
            let wrongs = answers.wrongs(form, date(2026, 11, 21));
            let wrongs: Vec<_> =
                wrongs.into_iter().map(|one| Wrong::new(one.field, one.says)).collect();
            let origin = Origin {
                form: "Wellbeing <assessment>".into(),
                author: "Jo Worker, Duty social worker, Glen Council".into(),
                source: "Glen Council".into(),
                on: date(2026, 11, 3),
            };
            let known = Origins::from([("views".to_owned(), origin)]);
            let shown = html! {
                (summary(&wrongs))
                (tasks(form, &answers, date(2026, 11, 21)))
                (show(form, &answers, &known, &wrongs))
            };
            let shown = shown.into_string();
            rules::assert_part(&shown);
            let said = "Answered before: Wellbeing &lt;assessment&gt;, 3 Nov 2026: Jo Worker, \
                Duty social worker, Glen Council. Check";
            assert!(shown.contains(said), "{}: {shown}", form.id);
            assert!(shown.contains("A &lt;b&gt;") && shown.contains("To do"), "{}", form.id);
        }
    }
}
