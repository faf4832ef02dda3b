//! `/consultations`: drafts that are put before the public, for anybody and without signing in;
//! and `/ig/consultations/{consultation}`: the views that wait for an officer, and the reply.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use ken_agreement::Instrument;
use ken_core::{EntryId, RequestId, Sensitive};
use ken_office::drafting::Refusal;
use ken_office::drafting::consult::{self, Consultation, Held, View};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{Area, Frame, card, confirmation, words};
use crate::wire::bound::Bound;
use crate::wire::changes::Sending;
use crate::wire::csrf::Csrf;

/// What the public form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    words: Sensitive<String>,
}

/// What an officer's form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Judged {
    #[serde(default)]
    what: String,
    #[serde(default)]
    view: String,
    #[serde(default)]
    reply: String,
}

/// `GET /consultations`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
) -> Result<Markup, Stop> {
    let read = async |s: &mut Snapshot| consult::all(s).await;
    let all = app.db().snapshot("http.consultations", read).await?;
    let today = app.ctx(request).clock.today();
    let frame = Frame::plain(app.site(), "Consultations", Area::Outside);
    Ok(frame.page(&list(&all, today)))
}

/// `GET /consultations/{consultation}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    answer(&app, request, &headers, (&id, StatusCode::OK, &[])).await
}

/// `POST /consultations/{consultation}`: a view.
pub(crate) async fn say(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    sending: Option<Extension<Sending>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Sent(said): Sent<Said>,
) -> Result<Response, Stop> {
    let consultation: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let what = (consultation, &said.words);
    let ctx = app.ctx(sending.map_or(request, |Extension(sending)| sending.0));
    match consult::say(app.db(), &ctx, app.keys(), what).await? {
        Ok(()) => {
            let next = "An officer reads it before anybody else can.";
            let main = html! {
                (confirmation::done("Your view is sent", next))
                (confirmation::link_on(&format!("/consultations/{id}"), "Back"))
            };
            let frame = Frame::plain(app.site(), "Consultation", Area::Outside);
            Ok(frame.page(&main).into_response())
        }
        Err(Refusal::Unknown) => Err(Stop::NotFound),
        Err(refusal) => {
            let wrong = Wrong::new("words", says(refusal));
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            answer(&app, request, &headers, (&id, status, &[wrong])).await
        }
    }
}

/// A refusal, as the public reads it.
fn says(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoWords => "Write your view, in at most 4,000 characters",
        Refusal::TooMany => "Many views have come in this hour. Send yours again later",
        _ => "This consultation is closed",
    }
}

async fn answer(
    app: &App,
    request: RequestId,
    headers: &HeaderMap,
    (id, status, wrongs): (&str, StatusCode, &[Wrong]),
) -> Result<Response, Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let read = async |s: &mut Snapshot| {
        let of = consult::one_of(s, id).await?.ok_or(Stop::NotFound)?;
        let text = consult::text_of(s, &of).await?.ok_or(Stop::NotFound)?;
        let views = consult::views(s, app.keys(), (id, false)).await?;
        Ok::<_, Stop>((of, text, views))
    };
    let (of, text, views) = app.db().snapshot("http.consultation", read).await?;
    let ctx = app.ctx(request);
    let bound = Bound::new(app, request, headers);
    let main = show(&of, &text, (&views, ctx.clock.today()), wrongs, &bound.csrf);
    let page = Frame::plain(app.site(), "Consultation", Area::Outside).page(&main);
    Ok(bound.answer((status, page).into_response()))
}

fn list(all: &[Consultation], today: Date) -> Markup {
    let cards: Vec<_> = all.iter().map(|one| card_of(one, today)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Nothing is put before the public now.".into(),
            caution: "Agreements that are in force are in the register.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "Consultations" }
        p { "Draft agreements about sharing information. Say what you think before they are \
             signed." }
        (panel::show(&Panel { id: "all", heading: "Drafts".into(), open: true, state }))
        p { a href="/register" { "The agreements themselves" } }
    }
}

fn card_of(one: &Consultation, today: Date) -> Markup {
    html! {
        h3 { a href={ "/consultations/" (one.id) } { (one.title) } }
        p { (stands(one, today)) }
    }
}

fn stands(of: &Consultation, today: Date) -> String {
    let day = words::day_long(of.closes);
    match (&of.reply, of.is_open(today)) {
        (Some(_), _) => "Closed, with a reply.".to_owned(),
        (None, true) => format!("Open until {day}."),
        (None, false) => format!("Closed on {day}. The reply is to come."),
    }
}

fn show(
    of: &Consultation,
    text: &Instrument,
    (views, today): (&[View], Date),
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = format!("/consultations/{}", of.id);
    let form = Form { action: &action, csrf, button: "Send your view", hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { (of.title) }
        p { (stands(of, today)) }
        p { (text.agreement.plain_summary) }
        h2 { "What we ask" }
        p { (of.question) }
        h2 { "What the draft says" }
        ul { @for clause in &text.clauses { li { (clause.text) } } }
        @if let Some(reply) = &of.reply {
            h2 { "Our reply" }
            p { (reply) }
        }
        h2 { "What people said" }
        @if views.is_empty() { p { "No view is published yet." } }
        ul { @for words in views.iter().filter_map(|view| view.words.as_ref()) {
            li { (words.reveal()) }
        } }
        @if of.is_open(today) {
            h2 { "Say what you think" }
            (form.post(&html! {
                (Field::long("words", "Your view", "")
                    .hinted("Do not write about yourself or anybody you know. We do not ask who \
                        you are.").show(wrongs))
            }))
        }
        p { a.care_lone href="/consultations" { "All consultations" } }
    }
}

/// `GET /ig/consultations/{consultation}`.
pub(crate) async fn held(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let (of, views) = theirs(&app, &caller, &id).await?;
    let main = waiting(&of, &views, &[], caller.csrf());
    Ok(caller.frame(app.site(), "Views").at("/ig/agreements").page(&main))
}

/// `POST /ig/consultations/{consultation}`: a view is released or set aside, or the reply is
/// published.
pub(crate) async fn judge(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(judged): Sent<Judged>,
) -> Result<Response, Stop> {
    let (of, views) = theirs(&app, &caller, &id).await?;
    let (ctx, by, db, keys) = (app.ctx(caller.request()), caller.acting()?, app.db(), app.keys());
    let view = judged.view.parse::<EntryId>().map_err(|_| Stop::NotFound);
    let (field, done) = match judged.what.as_str() {
        "reply" => {
            let what = (of.id, judged.reply.as_str());
            ("reply", consult::reply(db, &ctx, keys, by, what).await?)
        }
        "release" => ("reply", consult::judge(db, &ctx, keys, by, (of.id, view?, true)).await?),
        "aside" => ("reply", consult::judge(db, &ctx, keys, by, (of.id, view?, false)).await?),
        _ => return Err(Stop::BadForm),
    };
    let (status, main) = match done {
        Ok(()) => {
            let main = html! {
                (confirmation::done("It is done", "It stands on the ledger with your name."))
                (confirmation::link_on(&format!("/ig/consultations/{id}"), "Back to the views"))
            };
            (StatusCode::OK, main)
        }
        Err(refusal) => {
            let wrongs = [Wrong::new(field, refusal.says())];
            (StatusCode::UNPROCESSABLE_ENTITY, waiting(&of, &views, &wrongs, caller.csrf()))
        }
    };
    let page = caller.frame(app.site(), "Views").at("/ig/agreements").page(&main);
    Ok((status, page).into_response())
}

/// A consultation of one's own organisation, with every view.
async fn theirs(app: &App, caller: &Caller, id: &str) -> Result<(Consultation, Vec<View>), Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let own = &caller.acting()?.organisation;
    let read = async |s: &mut Snapshot| {
        let of = consult::one_of(s, id).await?.filter(|of| of.by == *own);
        let of = of.ok_or(Stop::NotFound)?;
        let views = consult::views(s, app.keys(), (id, true)).await?;
        Ok::<_, Stop>((of, views))
    };
    app.db().snapshot("http.views", read).await
}

fn waiting(of: &Consultation, views: &[View], wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/ig/consultations/{}", of.id);
    let cards: Vec<_> = views.iter().map(|view| view_card(view, &action, csrf)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "Nobody has sent a view yet.".into(),
            caution: "Views are taken until the last day of the consultation.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    let hidden = [("what", "reply".to_owned())];
    let form = Form { action: &action, csrf, button: "Publish the reply", hidden: &hidden };
    html! {
        (summary(wrongs))
        h1 { "Views on " (of.title) }
        p { a href={ "/consultations/" (of.id) } { "The consultation as the public reads it" } }
        p { a href={ "/ig/drafts/" (of.draft) } { "The draft" } }
        (panel::show(&Panel { id: "views", heading: "What people sent".into(), open: true, state }))
        h2 { "The reply" }
        @if let Some(reply) = &of.reply { p { (reply) } } @else {
            (form.post(&html! {
                (Field::long("reply", "What was heard, and what follows", "")
                    .hinted("It closes the consultation.").show(wrongs))
            }))
        }
    }
}

fn view_card(view: &View, action: &str, csrf: &Csrf) -> Markup {
    let hidden = |what: &str| [("what", what.to_owned()), ("view", view.id.to_string())];
    let (release, aside) = (hidden("release"), hidden("aside"));
    html! {
        h3 { (words::moment_short(view.at)) }
        p { @match &view.words {
            Some(words) => { (words.reveal()) }
            None => { "It was set aside, and can be read no more." }
        } }
        @match view.held {
            Held::Released => { p { "Anybody can read it." } }
            Held::SetAside => {}
            Held::Waiting => {
                (Form { action, csrf, button: "Release it", hidden: &release }.small(&html! {}))
                (Form { action, csrf, button: "Set it aside", hidden: &aside }.small(&html! {}))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::view::rules;

    fn of(reply: Option<&str>) -> Consultation {
        let id: EntryId = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        Consultation {
            id,
            draft: id,
            by: "cec".parse().unwrap(),
            title: "A <draft>".into(),
            question: "What do you think?".into(),
            closes: date(2026, 12, 1),
            at: "2026-11-21T09:00:00Z".parse().unwrap(),
            reply: reply.map(str::to_owned),
            revision: 1,
        }
    }

    fn view(words: Option<&str>, held: Held) -> View {
        let words = words.map(|words| Sensitive::new(words.to_owned()));
        let id = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        View { id, words, at: "2026-11-22T09:00:00Z".parse().unwrap(), held }
    }

    #[test]
    fn the_form_goes_when_it_closes_and_what_is_held_is_the_officers() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let (text, csrf) = (Instrument::parse(text).unwrap(), Csrf::of("x"));
        let views = [view(Some("A <view>"), Held::Released)];
        for (reply, day, open) in [
            (None, date(2026, 12, 1), true),
            (None, date(2026, 12, 2), false),
            (Some("Heard"), date(2026, 12, 1), false),
        ] {
            let wrongs = [Wrong::new("words", says(Refusal::NoWords))];
            let wrongs = if open { &wrongs[..] } else { &[] };
            let page = show(&of(reply), &text, (&views, day), wrongs, &csrf).into_string();
            rules::assert_part(&page);
            assert_eq!(page.contains("Send your view"), open, "{day}");
            assert!(page.contains("A &lt;view&gt;"));
        }
        let views = [
            view(Some("One"), Held::Waiting),
            view(None, Held::SetAside),
            view(Some("Two"), Held::Released),
        ];
        for views in [&views[..], &[]] {
            let page = waiting(&of(None), views, &[], &csrf).into_string();
            rules::assert_part(&page);
            assert_eq!(page.matches("Release it").count(), usize::from(!views.is_empty()));
        }
        rules::assert_part(&list(&[of(None)], date(2026, 12, 1)).into_string());
        rules::assert_part(&list(&[], date(2026, 12, 1)).into_string());
    }
}
