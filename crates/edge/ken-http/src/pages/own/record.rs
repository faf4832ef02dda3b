//! `/my/record`: what people wrote about me, by question, in plain words.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use jiff::civil::Date;
use ken_agreement::Action;
use ken_care::form::origin::form_of;
use ken_records::{Part, Point};
use ken_sharing::gate::Caller as Asker;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Answer, Ask, Names, Shown};
use crate::pages::compose::{self, Dated, Held};
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::words;
use crate::wire::csrf::Csrf;

use super::away::ADDRESS as TAKE_AWAY;
use super::looked::MORE;
use super::words::WRONG;
use crate::view::panel::{self, Panel, State};
use crate::view::timeline::{self, Said};
use crate::view::{card, facts, receipt};

/// `GET /my/record`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    answer(&app, &caller, Part::default()).await
}

/// What the form for an older part carries. When something happened is in no address.
#[derive(Debug, Deserialize)]
pub(crate) struct Earlier {
    #[serde(default)]
    before: String,
}

/// `POST /my/record/earlier`: what was written about before, a visit of its own.
pub(crate) async fn earlier(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(sent): Sent<Earlier>,
) -> Result<Markup, Stop> {
    let before = Some(sent.before.parse().map_err(|_| Stop::NotFound)?);
    answer(&app, &caller, Part { before, ..Part::default() }).await
}

async fn answer(app: &App, caller: &Caller, part: Part) -> Result<Markup, Stop> {
    let is_earlier = part.before.is_some();
    let (ctx, person) = (app.ctx(caller.request()), caller.own()?);
    let names = ask::names(app).await?;
    let asked = Ask {
        by: Asker::Own(caller.session().account),
        person,
        action: Action::View,
        purpose: ask::purpose(ask::OWN_RECORD)?,
        sources: names.keys().cloned().collect(),
        only: None,
        part,
    };
    let record = match ask::ask(app, &ctx, &asked).await? {
        Answer::Shown(mut shown) => {
            compose::bring(app, &mut shown.held).await?;
            let receipts = ask::receipts(app, shown.entries.iter().copied()).await?;
            Record {
                is_earlier,
                receipts,
                ..record(&shown, &names, (ctx.clock.today(), caller.csrf()))
            }
        }
        Answer::Words(_) | Answer::Refused => {
            Record { is_refused: true, is_whole: true, ..Record::default() }
        }
    };
    Ok(caller.frame(app.site(), "My record").at("/my/record").page(&show(&record, caller.csrf())))
}

pub(super) fn record(shown: &Shown, names: &Names, (today, csrf): (Date, &Csrf)) -> Record {
    let banner = compose::banner(&shown.held, today);
    let mut me = vec![];
    if !shown.held.is_empty() {
        me.push(("Name".to_owned(), format!("{} {}", banner.given, banner.family)));
        let facts = banner.facts.into_iter().filter(|(_, value)| !value.is_empty());
        me.extend(facts.map(|(label, value)| (label.to_owned(), value)));
    }
    me.extend(compose::who(&shown.held, today));
    let (mut plan, mut said, mut happened) = (vec![], vec![], vec![]);
    let of_form = |held: &&Held| form_of(held.resource.value()).is_some();
    let forms: BTreeSet<_> =
        shown.held.iter().filter(of_form).map(|held| held.point.item()).collect();
    for mut dated in compose::events(&shown.held, names, &|_| String::new()) {
        compose::make_own(&mut dated, csrf);
        let part = match dated.category.as_str() {
            "care-plan" | "assessment" => &mut plan,
            "views" | "communication" => &mut said,
            _ => &mut happened,
        };
        let id = dated.point.item();
        let versions = forms.contains(&id).then(|| format!("/my/record/{id}"));
        part.push(Item { versions, ..item(dated) });
    }
    let parts = [
        ("plan", "What is my plan?", plan),
        ("said", "What did I say, and how do I like to be spoken to?", said),
        ("happened", "What has happened?", happened),
    ];
    let parts = parts.into_iter().filter(|(_, _, items)| !items.is_empty()).collect();
    let (is_whole, earlier) = (shown.is_whole, shown.next);
    Record { me, parts, is_whole, earlier, ..Record::default() }
}

pub(super) fn item(dated: Dated) -> Item {
    let event = dated.event;
    Item {
        title: event.title,
        on: words::day_long(words::local(dated.at).date()),
        source: event.source,
        note: event.note,
        sections: event.sections,
        words: event.words,
        below: event.below,
        versions: None,
    }
}

/// One thing that was written.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// What it is.
    pub(crate) title: String,
    /// When, in long form.
    pub(crate) on: String,
    /// Which organisation wrote it.
    pub(crate) source: String,
    /// More of it, in their words.
    pub(crate) note: Option<String>,
    /// Its whole text, by section.
    pub(crate) sections: Vec<(String, String)>,
    /// What I said of it.
    pub(crate) words: Vec<Said>,
    /// The way to say something of it.
    pub(crate) below: Option<Markup>,
    /// Where what it said before is read, if it is kept.
    pub(crate) versions: Option<String>,
}

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Who I am, as people wrote it down.
    pub(crate) me: Vec<(String, String)>,
    /// Questions, each with its items.
    pub(crate) parts: Vec<(&'static str, &'static str, Vec<Item>)>,
    /// Whether everything that holds whatever happened is here.
    pub(crate) is_whole: bool,
    /// Whether these are older things.
    pub(crate) is_earlier: bool,
    /// Where older things begin, if there are any.
    pub(crate) earlier: Option<Point>,
    /// Whether no rule in force lets people read their own record here.
    pub(crate) is_refused: bool,
    /// The ledger's receipts for this visit.
    pub(crate) receipts: Vec<String>,
}

/// The page's content.
pub(crate) fn show(record: &Record, csrf: &Csrf) -> Markup {
    let me: Vec<_> =
        record.me.iter().map(|(label, value)| (label.as_str(), html! { (value) })).collect();
    html! {
        h1 { "My record" }
        p {
            "These are things that people wrote about you. Some may be hard to read. You can read \
             them with somebody you trust. " (MORE)
        }
        @if !me.is_empty() { (facts::list(&me)) }
        @if !record.is_refused {
            p {
                a.care_lone href="/my/happened" { "What has happened, day by day" } " "
                a.care_lone href=(TAKE_AWAY) { "Take everything away" }
            }
        }
        @if record.is_refused {
            (panel::show(&Panel {
                id: "refused",
                heading: "You cannot read it here yet".into(),
                open: true,
                state: State::NotAllowed {
                    rule: "You have a right to a copy: ask us. How to reach us is below.".into(),
                },
            }))
        } @else if record.is_earlier {
            p { "These are older things. " a href="/my/record" { "Back to the newest" } }
        } @else if record.parts.is_empty() {
            div {
                h2 { "There is nothing here yet" }
                p { "When somebody sends something about you, you can read it here." }
            }
        }
        @for (id, question, items) in &record.parts { (panel::show(&part(id, question, items))) }
        @if !record.is_whole { p { "There is more than we can show here. You can ask for it." } }
        @if let Some(point) = record.earlier { (older(point, csrf)) }
        h2 { "Is something wrong?" }
        p { (WRONG) }
        (receipt::own(&record.receipts))
    }
}

fn older(point: Point, csrf: &Csrf) -> Markup {
    let hidden = [("before", point.to_string())];
    let (action, button) = ("/my/record/earlier", "Show older things");
    html! {
        p { "There are older things too." }
        (Form { action, csrf, button, hidden: &hidden }.small(&html! {}))
    }
}

fn part(id: &'static str, question: &str, items: &[Item]) -> Panel {
    let cards: Vec<_> = items.iter().map(one).collect();
    let state = State::Content { shown: card::cards(false, &cards), from: None };
    Panel { id, heading: question.to_owned(), open: true, state }
}

fn one(item: &Item) -> Markup {
    html! {
        h3 { (item.title) }
        @if let Some(note) = &item.note { p { (note) } }
        (timeline::sections(&item.sections))
        p { (item.on) ". From " (item.source) "." }
        (timeline::said(&item.words))
        @if let Some(below) = &item.below { (below) }
        @if let Some(versions) = &item.versions {
            p { a href=(versions) { "What it said before" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{rules, sample};

    #[test]
    fn a_record_answers_questions() {
        let item = Item {
            title: "Came to A&E".into(),
            on: "3 October 2026".into(),
            source: "NHS Glen".into(),
            note: Some("Went home with mum.".into()),
            sections: vec![],
            words: vec![sample::said()],
            below: None,
            versions: Some("/my/record/0190163d-8694-739b-aea5-966c26f8ad90".into()),
        };
        let record = Record {
            me: vec![("Name".into(), "Isla Sample".into())],
            parts: vec![("happened", "What has happened?", vec![item])],
            is_whole: false,
            is_earlier: true,
            earlier: Some("7.0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap()),
            is_refused: false,
            receipts: vec!["a2VuLXJlY2VpcHQvMQ".into()],
        };
        let csrf = Csrf::of("x");
        let shown = show(&record, &csrf).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("Came to A&amp;E") && shown.contains(MORE));
        assert!(shown.contains("Show older things") && shown.contains("Back to the newest"));
        rules::assert_part(&show(&Record::default(), &csrf).into_string());
        let refused = Record { is_refused: true, ..Record::default() };
        rules::assert_part(&show(&refused, &csrf).into_string());
    }
}
