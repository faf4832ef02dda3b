//! Forms: fields with their hints and errors, the error summary, dates in three boxes, choices.
//!
//! # Invariants
//!
//! - Every form that changes something carries the browser's token; [`Form::post`] adds it.
//! - What was typed comes back with the error, and the error says what to do.
//!
//! # Sources
//!
//! - GOV.UK Design System: error summary, date input, check answers (the patterns, not the code).

use jiff::civil::Date;
use ken_person::seeding::LIST_MAX;
use maud::{Markup, html};

use super::frame::token;
use crate::wire::csrf::Csrf;

/// What somebody must put right, and the field it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The field's id.
    pub(crate) field: &'static str,
    /// What to do: "Enter the date of birth".
    pub(crate) says: String,
}

impl Wrong {
    /// Something to put right.
    pub(crate) fn new(field: &'static str, says: impl Into<String>) -> Self {
        Self { field, says: says.into() }
    }
}

/// The error summary, which takes the focus so that it is read first. Nothing when all is well.
pub(crate) fn summary(wrongs: &[Wrong]) -> Markup {
    html! {
        @if !wrongs.is_empty() {
            div.care_errors role="alert" tabindex="-1" autofocus aria-labelledby="errors-title" {
                h2 #errors-title { "There is a problem" }
                ul {
                    @for wrong in wrongs {
                        li { a href={ "#" (wrong.field) } { (wrong.says) } }
                    }
                }
            }
        }
    }
}

/// A text field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Its id and name.
    pub(crate) id: &'static str,
    /// Its label.
    pub(crate) label: &'a str,
    /// What helps to fill it in.
    pub(crate) hint: &'a str,
    /// What was typed before.
    pub(crate) value: &'a str,
    /// The browser's `autocomplete` token; WCAG 1.3.5.
    pub(crate) autocomplete: &'static str,
    /// What the browser should make of it.
    pub(crate) kind: Kind,
}

/// What a text field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A line of text.
    Text,
    /// A short code of digits.
    Code,
    /// A secret.
    Password,
    /// Several lines.
    Long,
    /// A whole text, such as an agreement.
    Whole,
    /// The rows of a spreadsheet.
    Rows,
}

/// Longest whole text that a form takes, in characters. House policy: three times the worked
/// example; encoded it fits in a form's body.
pub(crate) const WHOLE_MAX: usize = 60_000;

impl<'a> Field<'a> {
    /// A line of text without a hint.
    pub(crate) const fn text(id: &'static str, label: &'a str, value: &'a str) -> Self {
        Self { id, label, hint: "", value, autocomplete: "off", kind: Kind::Text }
    }

    /// Several lines of text.
    pub(crate) const fn long(id: &'static str, label: &'a str, value: &'a str) -> Self {
        Self { kind: Kind::Long, ..Self::text(id, label, value) }
    }

    /// A whole text.
    pub(crate) const fn whole(id: &'static str, label: &'a str, value: &'a str) -> Self {
        Self { kind: Kind::Whole, ..Self::text(id, label, value) }
    }

    /// The rows of a spreadsheet.
    pub(crate) const fn rows(id: &'static str, label: &'a str, value: &'a str) -> Self {
        Self { kind: Kind::Rows, ..Self::text(id, label, value) }
    }

    /// Adds a hint.
    pub(crate) const fn hinted(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Says what the field holds and what the browser may fill in.
    pub(crate) const fn holding(mut self, kind: Kind, autocomplete: &'static str) -> Self {
        self.kind = kind;
        self.autocomplete = autocomplete;
        self
    }

    /// The field with its label, hint and error.
    pub(crate) fn show(&self, wrongs: &[Wrong]) -> Markup {
        let wrong = wrongs.iter().find(|wrong| wrong.field == self.id);
        let hint_id = format!("{}-hint", self.id);
        let wrong_id = format!("{}-wrong", self.id);
        let about = match (self.hint.is_empty(), wrong) {
            (true, None) => None,
            (true, Some(_)) => Some(wrong_id.clone()),
            (false, None) => Some(hint_id.clone()),
            (false, Some(_)) => Some(format!("{hint_id} {wrong_id}")),
        };
        html! {
            div.care_field.care_field--bad[wrong.is_some()]
                .care_field--short[self.kind == Kind::Code] {
                label for=(self.id) { (self.label) }
                @if !self.hint.is_empty() { p.care_hint id=(hint_id) { (self.hint) } }
                @if let Some(wrong) = wrong {
                    p.care_wrong id=(wrong_id) {
                        span.visually-hidden { "Error: " } (wrong.says)
                    }
                }
                (self.control(about.as_deref(), wrong.is_some()))
            }
        }
    }

    fn control(&self, about: Option<&str>, wrong: bool) -> Markup {
        let kind = if self.kind == Kind::Password { "password" } else { "text" };
        let digits = (self.kind == Kind::Code).then_some("numeric");
        let invalid = wrong.then_some("true");
        html! {
            @if let Some((rows, longest)) = self.lines() {
                textarea id=(self.id) name=(self.id) rows=(rows) aria-describedby=[about]
                    aria-invalid=[invalid] maxlength=(longest) { (self.value) }
            } @else {
                input id=(self.id) name=(self.id) type=(kind) value=[self.typed()]
                    autocomplete=(self.autocomplete) inputmode=[digits] aria-describedby=[about]
                    aria-invalid=[invalid] maxlength="200" spellcheck="false"
                    autocapitalize="none";
            }
        }
    }

    /// Rows shown and characters taken, of a field of several lines.
    fn lines(&self) -> Option<(usize, usize)> {
        match self.kind {
            Kind::Long => Some((4, 4_000)),
            Kind::Whole => Some((20, WHOLE_MAX)),
            Kind::Rows => Some((20, LIST_MAX)),
            Kind::Text | Kind::Code | Kind::Password => None,
        }
    }

    /// A password never comes back.
    fn typed(&self) -> Option<&str> {
        (self.kind != Kind::Password && !self.value.is_empty()).then_some(self.value)
    }
}

/// A date in three boxes: day, month, year. `typed` holds what was typed in each.
pub(crate) fn date(
    legend: &str,
    hint: &str,
    ids: [&'static str; 3],
    typed: [&str; 3],
    wrongs: &[Wrong],
) -> Markup {
    let wrong = wrongs.iter().find(|wrong| ids.contains(&wrong.field));
    let [day, month, year] = ids;
    html! {
        fieldset.care_field--bad[wrong.is_some()] {
            legend { (legend) }
            @if !hint.is_empty() { p.care_hint { (hint) } }
            @if let Some(wrong) = wrong {
                p.care_wrong { span.visually-hidden { "Error: " } (wrong.says) }
            }
            div.care_date {
                @for ((id, label), value) in [(day, "Day"), (month, "Month"), (year, "Year")]
                    .into_iter().zip(typed)
                {
                    div.care_field {
                        label for=(id) { (label) }
                        input id=(id) name=(id) type="text" inputmode="numeric" autocomplete="off"
                            value=[(!value.is_empty()).then_some(value)] maxlength="4";
                    }
                }
            }
        }
    }
}

/// One of several answers to a question.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// What the form carries.
    pub(crate) value: String,
    /// What the reader sees.
    pub(crate) label: String,
    /// What follows from choosing it.
    pub(crate) hint: Option<String>,
}

/// Radio buttons. Nothing is chosen beforehand unless `chosen` says so.
pub(crate) fn choices(
    legend: &str,
    name: &'static str,
    choices: &[Choice],
    chosen: &str,
    wrongs: &[Wrong],
) -> Markup {
    let wrong = wrongs.iter().find(|wrong| wrong.field == name);
    html! {
        fieldset.care_field--bad[wrong.is_some()] {
            legend { (legend) }
            @if let Some(wrong) = wrong {
                p.care_wrong { span.visually-hidden { "Error: " } (wrong.says) }
            }
            @for (place, choice) in choices.iter().enumerate() {
                @let id = if place == 0 { name.to_owned() } else { format!("{name}-{place}") };
                div.care_choice {
                    input type="radio" id=(id) name=(name) value=(choice.value)
                        checked[choice.value == chosen];
                    label for=(id) {
                        (choice.label)
                        @if let Some(hint) = &choice.hint { span { (hint) } }
                    }
                }
            }
        }
    }
}

/// Boxes of one name, of which several may be ticked.
pub(crate) fn ticks(
    legend: &str,
    name: &'static str,
    choices: &[Choice],
    chosen: &[String],
    wrongs: &[Wrong],
) -> Markup {
    let wrong = wrongs.iter().find(|wrong| wrong.field == name);
    html! {
        fieldset.care_field--bad[wrong.is_some()] {
            legend { (legend) }
            @if let Some(wrong) = wrong {
                p.care_wrong { span.visually-hidden { "Error: " } (wrong.says) }
            }
            @for (place, choice) in choices.iter().enumerate() {
                @let id = if place == 0 { name.to_owned() } else { format!("{name}-{place}") };
                div.care_choice {
                    input type="checkbox" id=(id) name=(name) value=(choice.value)
                        checked[chosen.contains(&choice.value)];
                    label for=(id) {
                        (choice.label)
                        @if let Some(hint) = &choice.hint { span { (hint) } }
                    }
                }
            }
        }
    }
}

/// A box to tick, for words that somebody affirms.
pub(crate) fn tick(id: &'static str, label: &str, wrongs: &[Wrong]) -> Markup {
    tick_again(id, label, false, wrongs)
}

/// The same, ticked where it was before.
pub(crate) fn tick_again(id: &'static str, label: &str, ticked: bool, wrongs: &[Wrong]) -> Markup {
    let wrong = wrongs.iter().find(|wrong| wrong.field == id);
    html! {
        div.care_field--bad[wrong.is_some()] {
            @if let Some(wrong) = wrong {
                p.care_wrong { span.visually-hidden { "Error: " } (wrong.says) }
            }
            div.care_choice {
                input type="checkbox" id=(id) name=(id) value="yes" checked[ticked];
                label for=(id) { (label) }
            }
        }
    }
}

/// A form that changes something.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    /// Where it goes.
    pub(crate) action: &'a str,
    /// The browser's token.
    pub(crate) csrf: &'a Csrf,
    /// The words on its button; they repeat the person's name where the act is sensitive.
    pub(crate) button: &'a str,
    /// Hidden values: opaque ids only.
    pub(crate) hidden: &'a [(&'a str, String)],
}

impl Form<'_> {
    /// The form around its fields.
    pub(crate) fn post(&self, fields: &Markup) -> Markup {
        self.with_button("ds_button", "care_form", fields)
    }

    /// A form that is one small button: a step in a list.
    pub(crate) fn small(&self, fields: &Markup) -> Markup {
        self.with_button("ds_button ds_button--secondary care_button--small", "", fields)
    }

    fn with_button(&self, class: &str, form: &str, fields: &Markup) -> Markup {
        html! {
            form class=[(!form.is_empty()).then_some(form)] method="post" action=(self.action)
                autocomplete="off" novalidate {
                (token(self.csrf))
                @for (name, value) in self.hidden {
                    input type="hidden" name=(name) value=(value);
                }
                (fields)
                div.care_buttons { button class=(class) type="submit" { (self.button) } }
            }
        }
    }
}

/// A filter: a GET form whose values are closed words, so that nothing personal enters an address.
pub(crate) fn filter(action: &str, fields: &Markup) -> Markup {
    html! {
        div.care_filter {
            form method="get" action=(action) {
                (fields)
                button.ds_button.ds_button--secondary.care_button--small type="submit" {
                    "Show"
                }
            }
        }
    }
}

/// A day, for filters, as text: the pickers of browsers write it in their own country's order.
pub(crate) fn day(id: &'static str, label: &str, chosen: Option<Date>) -> Markup {
    html! {
        div.care_field {
            label for=(id) { (label) }
            input id=(id) name=(id) type="text" placeholder="2026-03-14" autocomplete="off"
                value=[chosen];
        }
    }
}

/// A drop-down of closed words, for filters.
pub(crate) fn select(
    id: &'static str,
    label: &str,
    options: &[(String, String)],
    chosen: &str,
) -> Markup {
    html! {
        div.care_field {
            label for=(id) { (label) }
            select id=(id) name=(id) {
                @for (value, words) in options {
                    option value=(value) selected[value == chosen] { (words) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_field_says_what_is_wrong_and_keeps_what_was_typed() {
        let wrongs = [Wrong::new("chi", "Enter a CHI number with 10 digits")];
        let field = Field::text("chi", "CHI number", "12<3").hinted("10 digits");
        let shown = html! { (summary(&wrongs)) (field.show(&wrongs)) }.into_string();
        rules::assert_part(&shown);
        assert!(shown.contains(r##"href="#chi""##) && shown.contains(r#"value="12&lt;3""#));
        assert!(shown.contains(r#"aria-describedby="chi-hint chi-wrong" aria-invalid="true""#));
        assert_eq!(summary(&[]).into_string(), "");
    }

    #[test]
    fn a_password_never_comes_back() {
        let field = Field::text("p", "Password", "secret");
        let shown = field.holding(Kind::Password, "current-password").show(&[]).into_string();
        rules::assert_part(&shown);
        assert!(!shown.contains("secret") && shown.contains("current-password"));
    }

    #[test]
    fn every_kind_of_field_keeps_the_rules() {
        let csrf = Csrf::of("x");
        let choice = |n: u8| Choice {
            value: format!("v{n}"),
            label: format!("Answer {n}"),
            hint: (n == 1).then(|| "What follows".to_owned()),
        };
        let wrongs = [Wrong::new("why", "Choose one"), Wrong::new("day", "Enter a date")];
        let fields = html! {
            (summary(&wrongs))
            (date("Date of birth", "For example 14 3 2017", ["day", "month", "year"],
                ["1", "", "2"], &wrongs))
            (choices("Why?", "why", &[choice(0), choice(1)], "v1", &wrongs))
            (tick("sure", "I am sure", &[]))
            (Field::long("words", "In your own words", "").show(&[]))
            (Field::text("code", "Code", "").holding(Kind::Code, "one-time-code").show(&[]))
        };
        let hidden = [("to", "opaque".to_owned())];
        let form = Form { action: "/w/x", csrf: &csrf, button: "Save", hidden: &hidden };
        let shown = form.post(&fields).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains(r#"value="v1" checked"#));
        rules::assert_part(&form.small(&html! {}).into_string());
        let kinds = [(String::new(), "All kinds".to_owned()), ("a".into(), "Alerts".into())];
        let day = Some(jiff::civil::date(2026, 3, 14));
        let fields =
            html! { (select("kind", "Kind", &kinds, "a")) (super::day("from", "From", day)) };
        let filtered = filter("/w/p/1", &fields).into_string();
        rules::assert_part(&filtered);
        assert!(filtered.contains(r#"value="a" selected"#));
        assert!(filtered.contains(r#"value="2026-03-14""#), "{filtered}");
    }
}
