//! A form as FHIR's `Questionnaire`, and its answers as a `QuestionnaireResponse`.
//!
//! Source: FHIR R4, `Questionnaire` and `QuestionnaireResponse`; the display of a canonical by the
//! standard extension `display`.

use jiff::Timestamp;
use ken_core::PersonId;
use ken_fhir::standard::{DISPLAY, FORM};
use serde_json::{Value, json};

use super::answers::day;
use super::origin::Origins;
use super::{Answers, Form, Kind, Makes, Question, Section, plan};

/// What is signed, by whom, about whom.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Whom it is about.
    pub person: PersonId,
    /// Who signed it: name, role and organisation.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// Where the answers were given first that were taken over.
    pub origins: Origins,
}

/// What stands together in one item, so that a mark on it cuts that and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All but the others.
    Own,
    /// What is about the person's health.
    Health,
    /// What is about the person's money.
    Money,
    /// What is about others, or is theirs.
    Others,
}

impl Part {
    /// Every part, in the order in which they are filed.
    pub const ALL: [Self; 4] = [Self::Own, Self::Health, Self::Money, Self::Others];

    /// The part of a question. What is about the health or the money of others is about others.
    #[must_use]
    pub const fn of(question: &Question) -> Self {
        match (question.about_others, question.health, question.money) {
            (true, ..) => Self::Others,
            (false, true, _) => Self::Health,
            (false, false, true) => Self::Money,
            (false, false, false) => Self::Own,
        }
    }

    /// Whether a question is of it.
    #[must_use]
    pub fn has(self, question: &Question) -> bool {
        Self::of(question) == self
    }

    /// What the item is called.
    #[must_use]
    pub fn title(self, form: &Form) -> String {
        match self {
            Self::Own => form.title.clone(),
            Self::Health => format!("{}: health", form.title),
            Self::Money => format!("{}: budget", form.title),
            Self::Others => format!("{}: about others", form.title),
        }
    }

    /// What stands after the name of the first item in that of this one.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Health => "/health",
            Self::Money => "/budget",
            Self::Others => "/others",
        }
    }

    /// The marks that the item bears, as agreements and messages know them.
    #[must_use]
    pub const fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Own => &[],
            Self::Health => &["health"],
            Self::Money => &["budget"],
            Self::Others => &["third-party"],
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
    format!("{FORM}{}|{}", form.id, form.version)
}

/// The form as a `Questionnaire`.
#[must_use]
pub fn questionnaire(form: &Form) -> Value {
    let items: Vec<_> = form.sections.iter().map(section).collect();
    json!({
        "resourceType": "Questionnaire",
        "url": format!("{FORM}{}", form.id),
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

/// The answers of one part as what the form makes.
#[must_use]
pub fn resource(form: &Form, answers: &Answers, signed: &Signed, part: Part) -> Value {
    match form.makes {
        Makes::Assessment | Makes::Concern | Makes::Summary | Makes::Equipment => {
            response(form, answers, signed, part)
        }
        Makes::Plan => plan::care_plan(form, answers, signed, part),
    }
}

/// The answers of one part as a `QuestionnaireResponse`.
#[must_use]
pub fn response(form: &Form, answers: &Answers, signed: &Signed, part: Part) -> Value {
    let group = |of: &Section| {
        let questions = of.questions.iter().filter(|one| part.has(one));
        let items = questions.flat_map(|one| answered(one, answers));
        let items: Vec<_> = items.map(|item| with_origin(item, &signed.origins)).collect();
        (!items.is_empty()).then(|| json!({ "linkId": of.id, "text": of.title, "item": items }))
    };
    let items: Vec<_> = form.sections.iter().filter_map(group).collect();
    let title = json!({ "extension": [{ "url": DISPLAY, "valueString": part.title(form) }] });
    without_empty(json!({
        "resourceType": "QuestionnaireResponse",
        "questionnaire": canonical(form),
        "_questionnaire": title,
        "status": "completed",
        "subject": { "reference": format!("Patient/{}", signed.person) },
        "authored": signed.at.to_string(),
        "author": { "display": signed.author },
        "item": items,
    }))
}

/// FHIR has no empty list.
pub(super) fn without_empty(mut resource: Value) -> Value {
    if let Some(fields) = resource.as_object_mut() {
        fields.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
    }
    resource
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

/// An answer with where it was given first, if it was taken over.
fn with_origin(mut item: Value, origins: &Origins) -> Value {
    let of = |item: &Value| {
        let field = item.get("linkId")?.as_str()?;
        Some(origins.get(field)?.extension(field))
    };
    if let (Some(origin), Some(fields)) = (of(&item), item.as_object_mut()) {
        fields.insert("extension".to_owned(), json!([origin]));
    }
    item
}

/// Something that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The field.
    pub field: String,
    /// The question's words.
    pub asked: String,
    /// The answer's words.
    pub words: String,
}

/// What was answered, in one part or in all, in the order of the form.
#[must_use]
pub fn said(form: &Form, answers: &Answers, part: Option<Part>) -> Vec<Said> {
    let questions = form.questions().filter(|one| part.is_none_or(|part| part.has(one)));
    let of = |item: Value| {
        let text = |path: &str| item.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let plain = text("/answer/0/valueString").or_else(|| text("/answer/0/valueDate"));
        let words = plain.or_else(|| text("/answer/0/valueCoding/display"))?;
        Some(Said { field: text("/linkId")?, asked: text("/text")?, words })
    };
    questions.flat_map(|one| answered(one, answers)).filter_map(of).collect()
}

/// The same by the question's words.
#[must_use]
pub fn told(form: &Form, answers: &Answers, part: Option<Part>) -> Vec<(String, String)> {
    said(form, answers, part).into_iter().map(|one| (one.asked, one.words)).collect()
}
