//! `/ig/drafts/{draft}/advice`: a party asks the governance office of a public body about a draft,
//! and reads what it advises. Nobody else reads it.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::OrganisationId;
use ken_office::drafting::advice::{self, Advice};
use ken_office::drafting::{Draft, Refusal, State};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::{draft, party_name};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, Wrong, select, summary};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    with: String,
    #[serde(default)]
    words: String,
}

/// A draft, with whom its reader may ask and what was said so far.
struct Room {
    draft: Draft,
    said: Vec<Advice>,
    advisers: BTreeMap<OrganisationId, String>,
}

/// `GET /ig/drafts/{draft}/advice`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let room = read(&app, &caller, &id).await?;
    let own = &caller.acting()?.organisation;
    let main = show(&room, own, (&Filled::default(), &[]), caller.csrf());
    Ok(draft::page(&app, &caller, &main))
}

/// `POST /ig/drafts/{draft}/advice`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let room = read(&app, &caller, &id).await?;
    let (ctx, by, id) = (app.ctx(caller.request()), caller.acting()?, room.draft.id);
    let outcome = match filled.with.parse::<OrganisationId>() {
        Err(_) => Err(Refusal::NotAdviser),
        Ok(with) => {
            let what = (id, &with, filled.words.as_str());
            advice::say(app.db(), &ctx, app.keys(), by, what).await?
        }
    };
    let Err(refusal) = outcome else {
        let main = html! {
            (confirmation::done("It is said", "The body that you wrote to reads it, and no other."))
            (confirmation::link_on(&format!("/ig/drafts/{id}/advice"), "Go on"))
        };
        return Ok(draft::page(&app, &caller, &main).into_response());
    };
    let field = if refusal == Refusal::NoWords { "words" } else { "with" };
    let wrongs = [Wrong::new(field, refusal.says())];
    let main = show(&room, &by.organisation, (&filled, &wrongs), caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, draft::page(&app, &caller, &main)).into_response())
}

async fn read(app: &App, caller: &Caller, id: &str) -> Result<Room, Stop> {
    let draft = draft::read(app, caller, id).await?.draft;
    let own = caller.acting()?.organisation.clone();
    let list = async |s: &mut Snapshot| advice::of(s, (draft.id, &own)).await;
    let said = app.db().snapshot("http.advice", list).await?;
    let all = super::all(app, caller).await?;
    let mut advisers = advice::advisers(all.iter().map(|of| &of.instrument));
    advisers.remove(&own);
    Ok(Room { draft, said, advisers })
}

fn show(
    room: &Room,
    own: &OrganisationId,
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let of = &room.draft.of;
    let name =
        |id: &OrganisationId| room.advisers.get(id).cloned().unwrap_or_else(|| party_name(of, id));
    let mut others: Vec<&OrganisationId> = room.said.iter().map(|one| one.other(own)).collect();
    others.sort();
    others.dedup();
    let with = recipients(room, own);
    html! {
        @if !with.is_empty() {
            (summary(wrongs))
        } @else if !wrongs.is_empty() {
            p role="alert" { "Nothing was sent: the draft is closed, or nobody has asked your \
                              organisation." }
        }
        h1 { "Advice on a draft" }
        p { a href={ "/ig/drafts/" (room.draft.id) } { (of.agreement.title) } }
        p { "A party may ask the information governance team of a public body. Only the two read \
             what they say. It is advice: it changes nothing, and each party decides for itself. \
             Name no person here." }
        @if room.said.is_empty() { p { "Nothing has been asked or advised yet." } }
        @for other in others {
            h2 { "With " (name(other)) }
            ul { @for one in room.said.iter().filter(|one| one.other(own) == other) {
                li { b { (name(&one.by)) } ", " (words::moment_short(one.at)) ", on revision "
                    (one.revision) ": " (one.words) }
            } }
        }
        @if !with.is_empty() { (form(room, &with, (filled, wrongs), csrf)) }
    }
}

/// To whom the reader may write, by id and name: an adviser answers who asked, a party asks whom it
/// likes, and nobody writes once the draft is closed.
fn recipients(room: &Room, own: &OrganisationId) -> Vec<(String, String)> {
    if room.draft.state != State::Open {
        return vec![];
    }
    let askers = room.said.iter().filter(|one| one.adviser == *own).map(|one| &one.asker);
    let mut with: BTreeMap<String, String> =
        askers.map(|id| (id.to_string(), party_name(&room.draft.of, id))).collect();
    if room.draft.for_party(own).is_ok() {
        with.extend(room.advisers.iter().map(|(id, name)| (id.to_string(), name.clone())));
    }
    with.into_iter().collect()
}

fn form(
    room: &Room,
    with: &[(String, String)],
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let action = format!("/ig/drafts/{}/advice", room.draft.id);
    let form = Form { action: &action, csrf, button: "Send", hidden: &[] };
    html! {
        h2 { "Ask or answer" }
        (form.post(&html! {
            (select("with", "To", with, &filled.with))
            (Field::long("words", "Your question or advice", &filled.words)
                .hinted("It stays with the draft.").show(wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::governance::draft::tests::room as drafted;
    use crate::view::rules;

    #[test]
    fn a_party_may_ask_and_who_was_asked_may_answer() {
        let id = |text: &str| -> OrganisationId { text.parse().unwrap() };
        let said = vec![Advice {
            asker: id("rowan"),
            adviser: id("union"),
            by: id("rowan"),
            words: "May we keep <names>?".into(),
            revision: 2,
            at: "2026-11-21T09:00:00Z".parse().unwrap(),
        }];
        let advisers = BTreeMap::from([(id("nhsl"), "NHS Glen".to_owned())]);
        let page = |own: &str, said: &[Advice]| {
            let room =
                Room { draft: drafted().draft, said: said.to_vec(), advisers: advisers.clone() };
            let filled = Filled { with: "nhsl".into(), words: "A <word>".into() };
            let wrongs = [Wrong::new("words", Refusal::NoWords.says())];
            let page = show(&room, &id(own), (&filled, &wrongs), &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            page
        };
        let asked = page("police", &[]);
        assert!(asked.contains("value=\"nhsl\"") && asked.contains("A &lt;word&gt;"), "{asked}");
        let answers = page("union", &said);
        assert!(
            answers.contains("May we keep &lt;names&gt;?") && !answers.contains("value=\"nhsl\"")
        );
        assert!(answers.contains("value=\"rowan\""), "whom it answers: {answers}");
        assert!(!page("union", &[]).contains("Ask or answer"), "nobody asked it");
    }
}
