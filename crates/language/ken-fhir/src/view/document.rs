//! What was written: documents, plans, answered forms; each as titled sections of text.

use super::view;
use crate::{DateTime, Node};

view!(
    /// A document: a letter, a Key Information Summary, a child's plan.
    DocumentReference
);
view!(
    /// A plan of activities.
    CarePlan
);
view!(
    /// An answered form.
    QuestionnaireResponse
);

/// The standard extension that names what a reference leads to.
const DISPLAY: &str = "http://hl7.org/fhir/StructureDefinition/display";

/// Most items of a form that are read. House policy: a form of a thousand questions is a mistake.
const ITEMS_MAX: usize = 1_000;

/// A titled piece of text. Its `Debug` is blind.
#[derive(Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading; empty if it has none.
    pub title: String,
    /// Its text, lines kept.
    pub text: String,
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Section({} bytes)", self.text.len())
    }
}

impl<'r> DocumentReference<'r> {
    /// What kind of document, as text.
    #[must_use]
    pub fn name(self) -> Option<&'r str> {
        self.0.get("type").words()
    }

    /// The code of its kind, the first it has.
    #[must_use]
    pub fn code(self) -> Option<&'r str> {
        self.0.get("type").code()
    }

    /// Its title.
    #[must_use]
    pub fn title(self) -> Option<&'r str> {
        self.0.get("description").text()
    }

    /// `current`, `superseded` or `entered-in-error`.
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// Whether it was recorded by mistake.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.status() == Some("entered-in-error")
    }

    /// Whether another document stands in its place.
    #[must_use]
    pub fn is_superseded(self) -> bool {
        self.status() == Some("superseded")
    }

    /// The numbers of the documents that it replaces, each with its namespace.
    pub fn replaces(self) -> impl Iterator<Item = (&'r str, &'r str)> {
        let replaced = |other: &Node<'r>| other.get("code").text() == Some("replaces");
        self.0.get("relatesTo").items().filter(replaced).filter_map(|other| {
            let number = other.get("target").get("identifier");
            Some((number.get("system").text().unwrap_or_default(), number.get("value").text()?))
        })
    }

    /// Whether it stands: not superseded, not an error.
    #[must_use]
    pub fn is_current(self) -> bool {
        self.status() == Some("current")
    }

    /// When it was written.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        self.0.get("date").date_time()
    }

    /// When what it tells of happened, where that is said.
    #[must_use]
    pub fn happened(self) -> Option<DateTime> {
        self.0.get("context").get("period").get("start").date_time()
    }

    /// Who wrote it, by name.
    #[must_use]
    pub fn author(self) -> Option<&'r str> {
        self.0.get("author").items().find_map(Node::words)
    }

    /// Its text, section by section. Attachments that are not text are not among them.
    pub fn sections(self) -> impl Iterator<Item = Section> {
        self.0.get("content").items().filter_map(|content| {
            let attachment = content.get("attachment");
            let title = attachment.get("title").text().unwrap_or_default().to_owned();
            Some(Section { title, text: attachment.attached_text()? })
        })
    }
}

impl<'r> CarePlan<'r> {
    /// Its title.
    #[must_use]
    pub fn title(self) -> Option<&'r str> {
        self.0.get("title").text()
    }

    /// `active`, `completed`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// When it was written.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        let start = || self.0.get("period").get("start").date_time();
        self.0.get("created").date_time().or_else(start)
    }

    /// Who wrote it, by name.
    #[must_use]
    pub fn author(self) -> Option<&'r str> {
        self.0.get("author").words()
    }

    /// What it says: what was said beside it, each under what was asked where that stands with it,
    /// then its goals and what is to be done; the first thousand of each.
    #[must_use]
    pub fn sections(self) -> Vec<Section> {
        let notes = self.0.get("note").items().filter_map(|note| {
            let asked = note.get("extension").items().find_map(|one| one.get("valueString").text());
            Some((asked.unwrap_or_default(), note.get("text").text()?))
        });
        let goals = self.0.get("goal").items().filter_map(|goal| Some(("Goal", goal.words()?)));
        let actions = self.0.get("activity").items().filter_map(|activity| {
            let detail = activity.get("detail");
            let text = detail.get("description").text().or_else(|| detail.get("code").words());
            Some(("Action", text?))
        });
        let section = |(title, text): (&str, &str)| Section {
            title: title.to_owned(),
            text: text.to_owned(),
        };
        let all = notes.take(ITEMS_MAX).chain(goals.take(ITEMS_MAX));
        all.chain(actions.take(ITEMS_MAX)).map(section).collect()
    }
}

impl<'r> QuestionnaireResponse<'r> {
    /// `completed`, `in-progress`, ...
    #[must_use]
    pub fn status(self) -> Option<&'r str> {
        self.0.get("status").text()
    }

    /// The form's title, where it came with the answers.
    #[must_use]
    pub fn title(self) -> Option<&'r str> {
        self.0.get("_questionnaire").get("extension").items().find_map(|extension| {
            let is_title = extension.get("url").text() == Some(DISPLAY);
            extension.get("valueString").text().filter(|_| is_title)
        })
    }

    /// Who answered for it, by name.
    #[must_use]
    pub fn author(self) -> Option<&'r str> {
        self.0.get("author").words()
    }

    /// When it was answered.
    #[must_use]
    pub fn when(self) -> Option<DateTime> {
        self.0.get("authored").date_time()
    }

    /// Questions and answers in their order, groups opened; the first thousand.
    #[must_use]
    pub fn answers(self) -> Vec<Section> {
        let mut answers = Vec::new();
        let mut open: Vec<Node<'r>> = self.0.get("item").items().collect();
        open.reverse();
        while let Some(item) = open.pop() {
            if answers.len() == ITEMS_MAX {
                break;
            }
            let given: Vec<String> = item.get("answer").items().filter_map(answer).collect();
            if !given.is_empty() {
                let title = item.get("text").text().or_else(|| item.get("linkId").text());
                let title = title.unwrap_or_default().to_owned();
                answers.push(Section { title, text: given.join("\n") });
            }
            let within: Vec<_> = item.get("item").items().collect();
            open.extend(within.into_iter().rev());
        }
        answers
    }
}

fn answer(node: Node<'_>) -> Option<String> {
    let keys = ["String", "Integer", "Decimal", "Boolean", "Date", "DateTime", "Time", "Uri"];
    let plain = keys.iter().find_map(|key| node.get(&format!("value{key}")).plain());
    plain.or_else(|| {
        let words = ["valueCoding", "valueReference"].iter().find_map(|key| node.get(key).words());
        words.map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use crate::{Resource, attachment};

    use super::*;

    #[test]
    fn a_document_comes_in_sections() {
        let content = |title: &str, text: &str| {
            crate::Object::new().set("attachment", attachment(title, text))
        };
        let resource = Resource::build("DocumentReference")
            .set("status", "current")
            .push("content", content("Medicines", "None.\nSince May."))
            .push("content", content("Wishes", "To stay at home."))
            .done()
            .unwrap();
        let document = DocumentReference::of(&resource).unwrap();
        let sections: Vec<_> = document.sections().map(|one| (one.title, one.text)).collect();
        assert_eq!(
            sections,
            [
                ("Medicines".to_owned(), "None.\nSince May.".to_owned()),
                ("Wishes".to_owned(), "To stay at home.".to_owned()),
            ]
        );
        assert!(document.is_current());
    }

    #[test]
    fn a_plan_says_what_was_asked_and_what_is_done() {
        let text = br#"{"resourceType":"CarePlan","status":"active","author":{"display":"Jo"},
            "note":[{"extension":[{"url":"urn:ken:question","valueString":"Views"}],"text":"Hm"},
                    {"text":"By itself"}],
            "goal":[{"display":"To walk"}],
            "activity":[{"detail":{"code":{"text":"Rail"},"description":"Rail; Jo"}},
                        {"detail":{"code":{"text":"Visit"}}}]}"#;
        let resource = Resource::parse(text).unwrap();
        let plan = CarePlan::of(&resource).unwrap();
        let sections = plan.sections();
        let read: Vec<_> = sections.iter().map(|one| (&*one.title, &*one.text)).collect();
        let want = [
            ("Views", "Hm"),
            ("", "By itself"),
            ("Goal", "To walk"),
            ("Action", "Rail; Jo"),
            ("Action", "Visit"),
        ];
        assert_eq!((plan.author(), &read[..]), (Some("Jo"), &want[..]));
    }

    #[test]
    fn a_form_has_its_title_and_who_signed_it() {
        let text = br#"{"resourceType":"QuestionnaireResponse","questionnaire":"urn:x|1",
            "_questionnaire":{"extension":[
                {"url":"urn:other","valueString":"No"},
                {"url":"http://hl7.org/fhir/StructureDefinition/display","valueString":"Adult"}]},
            "author":{"display":"Jo, social worker"}}"#;
        let resource = Resource::parse(text).unwrap();
        let form = QuestionnaireResponse::of(&resource).unwrap();
        assert_eq!((form.title(), form.author()), (Some("Adult"), Some("Jo, social worker")));
    }

    #[test]
    fn a_form_is_read_in_order() {
        let text = br#"{"resourceType":"QuestionnaireResponse","status":"completed","item":[
            {"linkId":"1","item":[{"linkId":"1.1","text":"Sleeps","answer":[{"valueBoolean":true}]},
                                  {"linkId":"1.2","answer":[{"valueDecimal":1.50}]}]},
            {"linkId":"2","text":"Sees","answer":[{"valueCoding":{"display":"Gran"}},
                                                   {"valueString":"Dad"}]}]}"#;
        let resource = Resource::parse(text).unwrap();
        let answers = QuestionnaireResponse::of(&resource).unwrap().answers();
        let read: Vec<_> = answers.iter().map(|one| (&*one.title, &*one.text)).collect();
        assert_eq!(read, [("Sleeps", "yes"), ("1.2", "1.50"), ("Sees", "Gran\nDad")]);
    }
}
