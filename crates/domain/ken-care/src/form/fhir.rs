//! A form as FHIR's `Questionnaire`, and its answers as a `QuestionnaireResponse`.
//!
//! Source: FHIR R4, `Questionnaire` and `QuestionnaireResponse`; the display of a canonical by the
//! standard extension `display`.

use jiff::Timestamp;
use ken_core::PersonId;
use serde_json::{Map, Value, json};

use super::answers::day;
use super::{Answers, Form, Kind, Question, Section};

/// The standard extension that names what a reference leads to.
const DISPLAY: &str = "http://hl7.org/fhir/StructureDefinition/display";

/// What is signed, by whom, about whom.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Whom it is about.
    pub person: PersonId,
    /// Who signed it: name, role and organisation.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

/// What stands together in one item: what tells of the person, or what tells of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All but what is about others.
    Own,
    /// What is about others, or is theirs.
    Others,
}

impl Part {
    /// Whether a question is of it.
    #[must_use]
    pub const fn has(self, question: &Question) -> bool {
        question.about_others == matches!(self, Self::Others)
    }

    /// What the item is called.
    #[must_use]
    pub fn title(self, form: &Form) -> String {
        match self {
            Self::Own => form.title.clone(),
            Self::Others => format!("{}: about others", form.title),
        }
    }

    /// Whether anything is answered in it.
    #[must_use]
    pub fn is_answered(self, form: &Form, answers: &Answers) -> bool {
        form.questions().any(|one| self.has(one) && !answered(one, answers).is_empty())
    }
}

/// The form's own address.
#[must_use]
pub fn canonical(form: &Form) -> String {
    format!("urn:ken:form:{}|{}", form.id, form.version)
}

/// The form as a `Questionnaire`.
#[must_use]
pub fn questionnaire(form: &Form) -> Value {
    let items: Vec<_> = form.sections.iter().map(section).collect();
    json!({
        "resourceType": "Questionnaire",
        "url": format!("urn:ken:form:{}", form.id),
        "version": form.version.to_string(),
        "title": form.title,
        "status": "active",
        "subjectType": ["Patient"],
        "item": items,
    })
}

fn section(of: &Section) -> Value {
    let items: Vec<_> = of.questions.iter().flat_map(item).collect();
    json!({ "linkId": of.id, "text": of.title, "type": "group", "item": items })
}

/// A question, and beside it the reason why there is no answer.
fn item(question: &Question) -> Vec<Value> {
    let kind = match &question.kind {
        Kind::Line => "string",
        Kind::Words => "text",
        Kind::Day => "date",
        Kind::Choice(_) => "choice",
        Kind::Table { .. } => "group",
    };
    // A reason may stand in the place of an answer, so that neither alone is required.
    let required = question.required && question.or_reason.is_none();
    let mut item = json!({
        "linkId": question.id, "text": question.text, "type": kind, "required": required,
    });
    let mut set = |name: &str, value: Value| {
        if let Some(fields) = item.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    if let Kind::Choice(answers) = &question.kind {
        let option = |(code, words): &(String, String)| {
            let coding = json!({ "code": code, "display": words });
            json!({ "valueCoding": coding })
        };
        set("answerOption", answers.iter().map(option).collect());
    }
    if let Some(when) = &question.when {
        let one = |code: &String| {
            let coding = json!({ "code": code });
            json!({ "question": when.question, "operator": "=", "answerCoding": coding })
        };
        set("enableWhen", when.is.iter().map(one).collect());
        set("enableBehavior", json!("any"));
    }
    let line = |id: &str, text: &str| json!({ "linkId": id, "text": text, "type": "string" });
    if !question.cells.is_empty() {
        let cells = question.cells.iter().flatten();
        set("item", cells.map(|cell| line(&cell.id, &cell.label)).collect());
    }
    let reason = question.or_reason.as_ref().map(|id| line(id, &why_none(question)));
    std::iter::once(item).chain(reason).collect()
}

/// What is asked where there is no answer.
#[must_use]
pub fn why_none(question: &Question) -> String {
    format!("{}: why there is nothing here", question.text)
}

/// The answers of one part as a `QuestionnaireResponse`.
#[must_use]
pub fn response(form: &Form, answers: &Answers, signed: &Signed, part: Part) -> Value {
    let group = |of: &Section| {
        let questions = of.questions.iter().filter(|one| part.has(one));
        let items: Vec<_> = questions.flat_map(|one| answered(one, answers)).collect();
        (!items.is_empty()).then(|| json!({ "linkId": of.id, "text": of.title, "item": items }))
    };
    let items: Vec<_> = form.sections.iter().filter_map(group).collect();
    let title = json!({ "extension": [{ "url": DISPLAY, "valueString": part.title(form) }] });
    json!({
        "resourceType": "QuestionnaireResponse",
        "questionnaire": canonical(form),
        "_questionnaire": title,
        "status": "completed",
        "subject": { "reference": format!("Patient/{}", signed.person) },
        "authored": signed.at.to_string(),
        "author": { "display": signed.author },
        "item": items,
    })
}

/// A question's answers as they stand in FHIR.
fn answered(question: &Question, answers: &Answers) -> Vec<Value> {
    if !answers.asks(question) {
        return vec![];
    }
    let said = |id: &str, text: &str, value: Value| {
        let answer = [value];
        json!({ "linkId": id, "text": text, "answer": answer })
    };
    let mut items = vec![];
    for cell in question.cells.iter().flatten() {
        let typed = answers.get(&cell.id);
        if !typed.is_empty() {
            items.push(said(&cell.id, &cell.label, json!({ "valueString": typed })));
        }
    }
    let typed = answers.get(&question.id);
    if question.cells.is_empty() && !typed.is_empty() {
        items.push(said(&question.id, &question.text, value(question, typed)));
    }
    if let Some(id) = &question.or_reason {
        let reason = answers.get(id);
        if !reason.is_empty() {
            items.push(said(id, &why_none(question), json!({ "valueString": reason })));
        }
    }
    items
}

fn value(question: &Question, typed: &str) -> Value {
    match (&question.kind, day(typed), question.answer(typed)) {
        (Kind::Day, Some(day), _) => json!({ "valueDate": day.to_string() }),
        (Kind::Choice(_), _, Some(words)) => {
            json!({ "valueCoding": { "code": typed, "display": words } })
        }
        _ => json!({ "valueString": typed }),
    }
}

/// What was answered, in one part or in both, by the question's words, in the order of the form.
#[must_use]
pub fn told(form: &Form, answers: &Answers, part: Option<Part>) -> Vec<(String, String)> {
    let mut told = vec![];
    let questions = form.questions().filter(|one| part.is_none_or(|part| part.has(one)));
    for item in questions.flat_map(|one| answered(one, answers)) {
        let Some(fields) = item.as_object() else { continue };
        let text = |of: &Map<String, Value>, name: &str| {
            of.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        let answer = item.pointer("/answer/0").and_then(Value::as_object);
        let words = answer.and_then(|answer| {
            let coded = answer.get("valueCoding").and_then(Value::as_object);
            let plain = text(answer, "valueString").or_else(|| text(answer, "valueDate"));
            plain.or_else(|| text(coded?, "display"))
        });
        told.extend(text(fields, "text").zip(words));
    }
    told
}
