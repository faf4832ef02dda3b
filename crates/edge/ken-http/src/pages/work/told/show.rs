//! The page of what was said by word of mouth, in words.

use std::collections::BTreeSet;

use ken_care::told::{ATTESTS, How};
use ken_core::{PersonId, Purpose};
use ken_sharing::Statement;
use maud::{Markup, html};

use super::Filled;
use crate::pages::work::affirm;
use crate::view::confirmation;
use crate::view::form::{
    Choice, Field, Form, Wrong, choices, filter, select, summary, tick, ticks,
};
use crate::wire::csrf::Csrf;

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) person: PersonId,
    /// The purposes there are.
    pub(super) purposes: Vec<(String, String)>,
    /// The kinds of information of the purpose; none before one is chosen.
    pub(super) kinds: Vec<(String, String)>,
    /// With whom they may have spoken.
    pub(super) whom: Vec<(String, String)>,
}

fn address(person: PersonId) -> String {
    format!("/w/p/{person}/told")
}

/// The page's content.
pub(super) fn show(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let purpose = filled.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    // Where the form is not shown there is nothing else to put right.
    let first_wrong = [Wrong::new("purpose", "Choose what it was for")];
    let shown = match wrongs {
        [] => &[][..],
        _ if view.kinds.is_empty() => &first_wrong,
        wrongs => wrongs,
    };
    html! {
        (summary(shown))
        h1 { "Told by word of mouth" }
        p {
            "You told somebody about this person, or heard from them: by telephone, face to face \
             or by video. Record with whom and what it was about, not what was said. The person \
             can read it, unless the law or safety says not yet."
        }
        (filter(
            &address(view.person),
            &select("purpose", "What it was for", &view.purposes, &purpose),
        ))
        @if !view.kinds.is_empty() { (form(view, (filled, wrongs), csrf)) }
        p { "Somebody is in danger now? Ring 999 first: this can wait." }
    }
}

fn form(view: &View, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let purpose = filled.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    let (action, hidden) = (address(view.person), [("purpose", purpose)]);
    let form = Form { action: &action, csrf, button: "Record it", hidden: &hidden };
    let mut whom = view.whom.clone();
    if filled.to.is_empty() {
        whom.insert(0, (String::new(), "Choose".to_owned()));
    }
    let choice = |(value, label): (&str, &str)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: None,
    };
    let ways = [("told", "I told them"), ("heard", "They told me")].map(choice);
    let hows = How::ALL.map(|how| choice((how.code(), says(how))));
    let kinds: Vec<_> =
        view.kinds.iter().map(|(value, label)| choice((value.as_str(), label.as_str()))).collect();
    let about: Vec<_> = filled.about.iter().map(ToString::to_string).collect();
    let way = if filled.way.is_empty() { "told" } else { filled.way.as_str() };
    let how = if filled.how.is_empty() { How::Telephone.code() } else { filled.how.as_str() };
    form.post(&html! {
        (select("to", "With whom?", &whom, &filled.to))
        (Field::text("outside", "Who, where they are outside", filled.outside.reveal())
            .hinted("For example: her landlord, by name").show(wrongs))
        (ticks("What was it about?", "about", &kinds, &about, wrongs))
        (choices("Which way?", "way", &ways, way, wrongs))
        (choices("How?", "how", &hows, how, wrongs))
        (Field::text("when", "When?", &filled.when)
            .hinted("Leave it empty for just now, or write 14:30, or 2026-03-14 14:30")
            .show(wrongs))
        p { "With this you say: " q { (ATTESTS) } }
    })
}

const fn says(how: How) -> &'static str {
    match how {
        How::Telephone => "By telephone",
        How::FaceToFace => "Face to face",
        How::Video => "By video",
    }
}

/// Words by which a clause would have covered it.
pub(super) fn words(
    said: &BTreeSet<Statement>,
    (person, filled): (PersonId, &Filled),
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = address(person);
    let mut hidden = filled.carried("");
    hidden.push(("seen", affirm::digest(said)));
    let anyway = filled.carried("anyway");
    let affirmed = Form { action: &action, csrf, button: "Record it", hidden: &hidden };
    let as_it_is = Form {
        action: &action,
        csrf,
        button: "They were not: record it as it was",
        hidden: &anyway,
    };
    html! {
        (summary(wrongs))
        h1 { "Was it so?" }
        p { "The agreement asks for these words. They are kept with your name." }
        @for one in said { blockquote.care_words { p { (one.text) } } }
        (affirmed.post(&tick("affirmed", "These words were true when I spoke.", wrongs)))
        (as_it_is.small(&html! {}))
    }
}

/// The page after it was recorded: the same for everybody.
pub(super) fn done(person: PersonId, purpose: &Purpose) -> Markup {
    let next = "Where no clause covered it, your information governance looks into it, and may \
        ask you.";
    html! {
        (confirmation::done("It is recorded", next))
        p { "The person can read it, unless the law or safety says not yet." }
        (confirmation::link_on(&format!("/w/p/{person}?purpose={purpose}"), "Back to the overview"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn view() -> View {
        let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(one, other)| ((*one).into(), (*other).into())).collect()
        };
        View {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            purposes: of(&[("direct-care", "Caring for the person")]),
            kinds: of(&[("care-plan", "Care plan"), ("medication", "Medicines")]),
            whom: of(&[("cec sw.duty", "Glen Council: Duty social worker")]),
        }
    }

    /// Half a minute: six questions, of which four are answered beforehand.
    #[test]
    fn two_answers_are_enough() {
        let filled = Filled { purpose: "direct-care".parse().ok(), ..Filled::default() };
        let shown = form(&view(), (&filled, &[]), &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        let texts = shown.matches("type=\"text\"").count();
        let questions =
            shown.matches("<legend>").count() + texts + shown.matches("<select").count();
        assert_eq!(questions, 6, "{shown}");
        assert!(!shown.contains("<textarea"), "nobody writes what was said");
        for usual in ["value=\"told\" checked", "value=\"telephone\" checked"] {
            assert!(shown.contains(usual), "{usual} is not answered beforehand: {shown}");
        }
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let (to, about) = ("to".to_owned(), "about".to_owned());
        let pairs = vec![
            ("purpose".to_owned(), "direct-care".to_owned()),
            (to, "cec sw.duty".to_owned()),
            (about, "care-plan".to_owned()),
        ];
        let told = Filled::of(pairs).told(view().person, now).unwrap();
        assert!(told.at.is_none() && !told.is_heard && told.how == How::Telephone);
    }

    #[test]
    fn what_is_missing_is_said_at_its_field() {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let check = |change: &[(&str, &str)], want: &[&str]| {
            let pairs = [("purpose", "direct-care"), ("to", "cec"), ("about", "care-plan")];
            let pairs = pairs.iter().chain(change);
            let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let filled = Filled::of(pairs.collect());
            let wrongs = filled.told(view().person, now).err().unwrap_or_default();
            assert_eq!(wrongs.iter().map(|one| one.field).collect::<Vec<_>>(), want, "{change:?}");
            let shown = show(&view(), (&filled, &wrongs), &Csrf::of("x")).into_string();
            rules::assert_part(&shown);
        };
        check(&[], &[]);
        check(&[("to", "")], &["to"]);
        check(&[("to", "outside")], &["outside"]);
        check(&[("to", "outside"), ("outside", "Her landlord")], &[]);
        check(&[("when", "09:30"), ("how", "video")], &[]);
        check(&[("when", "2026-11-22 23:15")], &[]);
        check(&[("when", "yesterday"), ("how", "letter")], &["how", "when"]);
    }

    #[test]
    fn words_can_be_affirmed_or_not_have_been_so() {
        let (filled, csrf) = (Filled::default(), Csrf::of("x"));
        let person = view().person;
        let wrongs = [Wrong::new("affirmed", "Affirm the words, or record it as it was")];
        let shown = words(&BTreeSet::new(), (person, &filled), &wrongs, &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("value=\"anyway\""));
        rules::assert_part(&done(person, &"direct-care".parse().unwrap()).into_string());
        let none = View { kinds: vec![], ..view() };
        rules::assert_part(&show(&none, (&filled, &[]), &csrf).into_string());
    }
}
