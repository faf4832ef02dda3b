//! `/w/p/{person}/assessments/new`: writing an assessment or a plan, from nothing or from what is
//! known, checking it, and signing it.
//!
//! # Invariants
//!
//! - Each request asks the gate whether this may be written, before a draft is read or kept.
//! - What was typed is kept before anything is said about it, and comes back with what is wrong.
//! - Who will see it is told before it is signed; it is read from what was signed between bodies.
//! - What is signed is the draft that the page of the check showed.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use ken_care::assessment::{self, Refused};
use ken_care::draft::{self, Draft};
use ken_care::form::fhir::told;
use ken_care::form::origin::Origins;
use ken_care::form::{self, Answers, Form as Asked};
use ken_care::writing::{self, Answer, Leave, Request};
use ken_core::{Category, OrganisationId, PersonId, Purpose, Sensitive};
use ken_sharing::bundle::Readers;
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::refusal::{self, Asked as Whom};
use super::super::{affirm, whom};
use super::show::{address, form_address};
use super::{begin, fields, is_of_care, to_person};
use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Names};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::form::{Form, Wrong, summary};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// What the address carries: words of the dictionary alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    purpose: Option<Purpose>,
    #[serde(default)]
    form: String,
}

/// `GET /w/p/{person}/assessments/new`: the form, with the writer's draft if there is one.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let form = form::find(&wanted.form).ok_or(Stop::NotFound)?;
    let begun = match may(&app, &caller, person, (form, wanted.purpose)).await? {
        Ok(begun) => begun,
        Err(elsewhere) => return Ok(elsewhere),
    };
    // Before anything is typed: where it will be kept.
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| writing::home(s, person, &by.organisation).await;
    let home = app.db().snapshot("http.home", read).await?;
    if home != person {
        return Ok(Redirect::to(&form_address(home, &begun.purpose, form)).into_response());
    }
    let view = match find(&app, &caller, &begun).await? {
        Some(Draft { answers: typed, saved, revises, origins }) => {
            let (saved, revises) = (Some(saved), revises.is_some());
            View { typed, seen: saved, saved, wrongs: vec![], revises, origins }
        }
        None => View::default(),
    };
    Ok(page(&app, &caller, &begun, &view).await?.into_response())
}

/// `POST /w/p/{person}/assessments/new`: saves, checks, signs or discards.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    Sent(sent): Sent<BTreeMap<String, Sensitive<String>>>,
) -> Result<Response, Stop> {
    let person = person.parse().map_err(|_| Stop::NotFound)?;
    let word = |name: &str| sent.get(name).map(|word| word.reveal().as_str()).unwrap_or_default();
    let form = form::find(word("form")).ok_or(Stop::BadForm)?;
    let typed = Answers::of(form, &sent);
    let begun = match may(&app, &caller, person, (form, word("purpose").parse().ok())).await? {
        Ok(begun) => begun,
        // Words that have run out, or a relationship that has ended: what was typed goes back.
        Err(_) if !typed.is_empty() => return Err(Stop::StaleForm),
        Err(elsewhere) => return Ok(elsewhere),
    };
    let seen = word("seen").parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok());
    match word("step") {
        "sign" => sign(&app, &caller, begun, seen.ok_or(Stop::BadForm)?).await,
        "follow" => {
            let version = word("version").parse().map_err(|_| Stop::BadForm)?;
            follow(&app, &caller, &begun, (seen.ok_or(Stop::BadForm)?, version)).await
        }
        "discard" => discard(&app, &begun).await,
        step @ ("" | "save") => keep(&app, &caller, &begun, (typed, seen, step == "save")).await,
        _ => Err(Stop::BadForm),
    }
}

/// Who may write what, and whom it would be shown to.
pub(super) struct Begun {
    pub(super) purpose: Purpose,
    pub(super) form: &'static Asked,
    pub(super) leave: Leave,
    names: Names,
    readers: BTreeMap<OrganisationId, Readers>,
}

/// Asks whether the form may be written. `Err` leads to where anybody is led who may not, or not
/// yet.
pub(super) async fn may(
    app: &App,
    caller: &Caller,
    person: PersonId,
    (form, purpose): (&'static Asked, Option<Purpose>),
) -> Result<Result<Begun, Response>, Stop> {
    let Some(purpose) = purpose.filter(is_of_care) else { return Ok(Err(to_person(person))) };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let category = Category::new(form.makes.category()).map_err(|_| Stop::Fault("http.word"))?;
    let (names, current) = (ask::names(app).await?, app.gate().current(app.db(), &ctx).await?);
    let all = names.keys().cloned().collect();
    let sources = ask::in_parts(ask::parties(&current.bundle, &all));
    let readers = current.bundle.readers(&by.organisation, &category, ctx.clock.today());
    let request = Request { person, purpose: purpose.clone(), category, sources: &sources };
    match writing::ask(app.db(), &ctx, app.keys(), app.gate(), by, &request).await? {
        Answer::May(leave) => Ok(Ok(Begun { purpose, form, leave, names, readers })),
        Answer::Words(said) => {
            let of = (&purpose, None);
            Ok(Err(affirm::page(app, caller, person, of, (&said, false)).await?))
        }
        Answer::Refused => Ok(Err(refusal::page(app, caller, &Whom::Address(person)))),
    }
}

async fn find(app: &App, caller: &Caller, begun: &Begun) -> Result<Option<Draft>, Stop> {
    let (ctx, Begun { leave, form, .. }) = (app.ctx(caller.request()), begun);
    let read = async |s: &mut Snapshot| draft::find(s, &ctx, app.keys(), leave, form).await;
    Ok(app.db().snapshot("http.draft", read).await?)
}

/// Keeps what was typed; then shows it again, what is wrong with it, or the check.
async fn keep(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    (typed, seen, is_saved): (Answers, Option<Timestamp>, bool),
) -> Result<Response, Stop> {
    let ctx = app.ctx(caller.request());
    let of = (begun.form, &typed);
    let kept = draft::save(app.db(), &ctx, app.keys(), &begun.leave, of, seen).await?;
    let (saved, wrongs) = match kept {
        Err(draft::Refused::Changed(kept)) => {
            return conflict(app, caller, begun, (typed, kept)).await;
        }
        Err(refused) => (None, vec![at_top(begun.form, refused_words(refused))]),
        Ok(saved) if is_saved => (Some(saved), vec![]),
        Ok(saved) => {
            let wrongs = typed.wrongs(begun.form, ctx.clock.today());
            if wrongs.is_empty() {
                return Ok(check(app, caller, begun, (&typed, saved)).await?.into_response());
            }
            (Some(saved), wrongs.into_iter().map(|one| Wrong::new(one.field, one.says)).collect())
        }
    };
    let status = if wrongs.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let draft = find(app, caller, begun).await?;
    let revises = draft.as_ref().is_some_and(|draft| draft.revises.is_some());
    let origins = draft.map(|draft| draft.origins).unwrap_or_default();
    // Where nothing was kept, the next try is over what this one had seen.
    let view = View { typed, seen: saved.or(seen), saved, wrongs, revises, origins };
    let page = page(app, caller, begun, &view).await?;
    Ok((status, page).into_response())
}

/// What was typed, beside a draft that another page has kept meanwhile: saved again, it takes that
/// one's place.
async fn conflict(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    (typed, kept): (Answers, Timestamp),
) -> Result<Response, Stop> {
    let wrongs = vec![at_top(begun.form, CHANGED)];
    let view = View { typed, seen: Some(kept), wrongs, ..View::default() };
    let page = page(app, caller, begun, &view).await?;
    Ok((StatusCode::CONFLICT, page).into_response())
}

const CHANGED: &str = "Another page of yours has saved this draft since you opened this one. Open \
    that draft beside this page and compare; if you save here again, this takes its place.";

async fn sign(app: &App, caller: &Caller, begun: Begun, seen: Timestamp) -> Result<Response, Stop> {
    let ctx = app.ctx(caller.request());
    let role = words::role(caller.acting()?.role.as_str());
    let Begun { leave, form, purpose, .. } = begun;
    let person = leave.person();
    let of = (seen, role.as_str());
    match assessment::sign(app.db(), &ctx, app.keys(), leave, form, of).await? {
        Ok(item) => {
            let to = format!("/w/p/{person}/assessments/{item}?purpose={purpose}");
            let main = html! {
                (confirmation::done(
                    "It is signed",
                    "Whoever may see it sees it from now on. It cannot be changed; sign another \
                     version where something is different.",
                ))
                p { (can_read(form)) }
                (confirmation::link_on(&to, "Read it"))
            };
            let frame = caller.frame(app.site(), "Signed").at("/w/find");
            Ok(frame.page(&main).into_response())
        }
        Err(Refused::Newer(version)) => {
            let of = (person, &purpose, form);
            Ok(newer(app, caller, of, (seen, version)))
        }
        Err(Refused::Changed | Refused::Unfit) => {
            let main = html! {
                h1 { "Nothing was signed" }
                p {
                    "The draft is not the one that you checked, or something in it must be put \
                     right first: another page has saved it, or the day of the review is past."
                }
                (confirmation::link_on(&form_address(person, &purpose, form), "Open the draft"))
            };
            let frame = caller.frame(app.site(), "Nothing was signed").at("/w/find");
            Ok((StatusCode::CONFLICT, frame.page(&main)).into_response())
        }
    }
}

/// Somebody has signed another version since the draft was begun.
fn newer(
    app: &App,
    caller: &Caller,
    (person, purpose, form): (PersonId, &Purpose, &'static Asked),
    (seen, version): (Timestamp, i64),
) -> Response {
    let action = format!("/w/p/{person}/assessments/new");
    let hidden = [
        ("purpose", purpose.to_string()),
        ("form", form.id.clone()),
        ("step", "follow".to_owned()),
        ("seen", seen.as_microsecond().to_string()),
        ("version", version.to_string()),
    ];
    let (csrf, button) = (caller.csrf(), "My draft takes account of it");
    let main = html! {
        h1 { "Nothing was signed" }
        p {
            "Somebody of your organisation has signed another version since you began. Read what \
             it says now, and change your draft where it must be changed."
        }
        p { a href=(address(person, purpose)) { "Assessments and plans" } }
        (Form { action: &action, csrf, button, hidden: &hidden }.small(&html! {}))
    };
    let frame = caller.frame(app.site(), "Nothing was signed").at("/w/find");
    (StatusCode::CONFLICT, frame.page(&main)).into_response()
}

/// Notes that the draft was looked at beside the version of now.
async fn follow(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    (seen, version): (Timestamp, i64),
) -> Result<Response, Stop> {
    let (ctx, of) = (app.ctx(caller.request()), (begun.form, version));
    // Where the draft is another one meanwhile, its own page says so when it is sent.
    let _ = draft::follow(app.db(), &ctx, app.keys(), &begun.leave, of, seen).await?;
    let to = form_address(begun.leave.person(), &begun.purpose, begun.form);
    Ok(Redirect::to(&to).into_response())
}

async fn discard(app: &App, begun: &Begun) -> Result<Response, Stop> {
    let (leave, form) = (&begun.leave, begun.form);
    let done =
        app.db().write("http.discard", async |tx: &mut Tx| draft::discard(tx, leave, form).await);
    done.await?;
    Ok(Redirect::to(&address(leave.person(), &begun.purpose)).into_response())
}

/// Something that is wrong with the whole, told of the form's first field.
fn at_top(form: &'static Asked, says: &str) -> Wrong {
    let first = form.questions().flat_map(form::Question::fields).next();
    Wrong::new(first.map_or("", String::as_str), says)
}

pub(super) const fn refused_words(refused: draft::Refused) -> &'static str {
    match refused {
        draft::Refused::TooLong => "This is too long to be kept: write less",
        draft::Refused::TooMany => {
            "You have as many drafts as can be kept: sign or discard one of them first"
        }
        draft::Refused::Changed(_) => CHANGED,
    }
}

// One text for everybody: one that differed would tell of whom it is known that reading it might
// harm somebody.
const CAN_READ: &str = "The person can read it, and so can whoever acts for them, but not the \
    answers about others. Nothing else in it is kept from them.";

const CANNOT_READ: &str = "It is restricted. The person does not read it by themselves, nor that \
    it was written until somebody has reviewed that, and agreements keep what is restricted from \
    some of those who are named below.";

/// Whether the person reads what is signed of a form.
const fn can_read(form: &Asked) -> &'static str {
    if form.restricted { CANNOT_READ } else { CAN_READ }
}

/// What the page of the form shows.
#[derive(Default)]
struct View {
    typed: Answers,
    /// Which draft the page shows, if any: the one whose place what is typed takes.
    seen: Option<Timestamp>,
    /// When the draft was saved, if it was.
    saved: Option<Timestamp>,
    wrongs: Vec<Wrong>,
    /// Whether it becomes another version of something.
    revises: bool,
    /// Where what was taken over was given first.
    origins: Origins,
}

async fn page(app: &App, caller: &Caller, begun: &Begun, view: &View) -> Result<Markup, Stop> {
    let above = above(app, caller, begun).await?;
    let today = app.ctx(caller.request()).clock.today();
    let (form, person) = (begun.form, begun.leave.person());
    let main = html! {
        (summary(&view.wrongs))
        h1 { (form.title) }
        p { a href=(address(person, &begun.purpose)) { "Back to assessments and plans" } }
        @if let Some(saved) = view.saved {
            p role="status" {
                "Your draft is saved, at " (words::moment_short(saved)) ". Nobody else reads it."
            }
        }
        @if view.revises { p { "It becomes a new version of what was signed before." } }
        @if view.seen.is_none() && view.typed.is_empty() { (filling_in(begun, caller.csrf())) }
        (fields::tasks(form, &view.typed, today))
        (written(begun, view, caller.csrf()))
        @if view.saved.is_some() { (discarding(begun, caller.csrf())) }
    };
    Ok(caller.frame(app.site(), &form.title).at("/w/find").under(above).page(&main))
}

/// Who it is, above what is written of them.
async fn above(app: &App, caller: &Caller, begun: &Begun) -> Result<Markup, Stop> {
    let of = (begun.leave.person(), &begun.purpose);
    whom::above(app, caller, of, begun.leave.clauses()).await
}

fn to(begun: &Begun) -> String {
    format!("/w/p/{}/assessments/new", begun.leave.person())
}

fn hidden(begun: &Begun) -> Vec<(&'static str, String)> {
    vec![("purpose", begun.purpose.to_string()), ("form", begun.form.id.clone())]
}

/// The form with its two buttons; the first is the one that the key Enter presses.
fn written(begun: &Begun, view: &View, csrf: &Csrf) -> Markup {
    let (action, mut hidden) = (to(begun), hidden(begun));
    hidden.extend(view.seen.map(|seen| ("seen", seen.as_microsecond().to_string())));
    let fields = html! {
        (fields::show(begun.form, &view.typed, &view.origins, &view.wrongs))
        div.care_buttons {
            button.ds_button.ds_button--secondary type="submit" name="step" value="save" {
                "Save as a draft"
            }
        }
    };
    Form { action: &action, csrf, button: "Check before signing", hidden: &hidden }.post(&fields)
}

/// Begins with what other forms have told.
fn filling_in(begun: &Begun, csrf: &Csrf) -> Markup {
    let action = begin::action(begun.leave.person());
    let hidden = begin::hidden(&begun.purpose, begun.form, None);
    let button = "Fill in what is known";
    html! {
        p {
            "Some of this may have been answered in another form that you may see. It can be \
             filled in for you, with who said it and when."
        }
        (Form { action: &action, csrf, button, hidden: &hidden }.small(&html! {}))
    }
}

fn discarding(begun: &Begun, csrf: &Csrf) -> Markup {
    let (action, mut hidden) = (to(begun), hidden(begun));
    hidden.push(("step", "discard".to_owned()));
    Form { action: &action, csrf, button: "Discard this draft", hidden: &hidden }.small(&html! {})
}

/// What was typed, read back, with who will see it.
async fn check(
    app: &App,
    caller: &Caller,
    begun: &Begun,
    (typed, saved): (&Answers, Timestamp),
) -> Result<Markup, Stop> {
    let above = above(app, caller, begun).await?;
    let (form, person) = (begun.form, begun.leave.person());
    let told = told(form, typed, None);
    let answers: Vec<_> = told.iter().map(|(asked, said)| (&**asked, said.clone())).collect();
    let (action, mut hidden) = (to(begun), hidden(begun));
    hidden.push(("step", "sign".to_owned()));
    hidden.push(("seen", saved.as_microsecond().to_string()));
    let sign = Form { action: &action, csrf: caller.csrf(), button: "Sign it", hidden: &hidden };
    let main = html! {
        h1 { "Check before you sign" }
        p {
            a href=(form_address(person, &begun.purpose, form)) { "Go back and change something" }
        }
        section.care_panel aria-labelledby="answers" {
            h2 #answers { (form.title) }
            (confirmation::check_answers(&answers))
        }
        section.care_panel aria-labelledby="seen-by" {
            h2 #seen-by { "Who will see it" }
            (who_sees(begun))
        }
        p { "You sign as " (caller.acts_as()) ". Your name, your role and the day stand under it." }
        (sign.post(&html! {}))
    };
    Ok(caller.frame(app.site(), "Check before you sign").at("/w/find").under(above).page(&main))
}

/// Who will see it: the person, one's own organisation, and whom a clause in force lets read it.
fn who_sees(begun: &Begun) -> Markup {
    let roles = |of: &Readers| {
        let any = of.any_role.then(|| "any role".to_owned());
        let named = of.roles.iter().map(|role| words::role(role.as_str()));
        any.into_iter().chain(named).collect::<Vec<_>>().join(", ")
    };
    let purposes = |of: &Readers| {
        let purposes = of.purposes.iter().map(words::purpose);
        purposes.collect::<Vec<_>>().join("; ")
    };
    html! {
        ul {
            li { (can_read(begun.form)) }
            li { "Your own organisation, for its own work." }
            @for (id, of) in &begun.readers {
                li {
                    b { (compose::name_of(&begun.names, id)) } ": " (roles(of)) ". For: "
                    (purposes(of)) "."
                }
            }
        }
        p.care_meta {
            "Of these organisations only those who work with the person see it, and the answers \
             about others may be seen by fewer of them. Each look is on the ledger, and an \
             emergency may open it to others."
        }
    }
}
