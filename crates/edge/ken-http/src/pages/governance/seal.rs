//! `/ig/agreements/{hash}/seal`: who vouches for a statute pack, and bringing its issuer's note.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::{Instrument, Tier};
use ken_sharing::pack::{self, Seal};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Field, Form, Wrong, summary};
use crate::wire::csrf::Csrf;

/// Longest note that is read, in bytes: a few short lines.
const NOTE_MAX: usize = 8 * 1024;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    note: String,
}

/// What the page is about.
struct Page {
    of: Instrument,
    seal: Seal,
    issuers: Vec<String>,
    leads: bool,
}

/// `GET /ig/agreements/{hash}/seal`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let page = read(&app, &caller, &hash).await?;
    Ok(frame(&app, &caller, &show(&page, &[], caller.csrf())))
}

/// `POST /ig/agreements/{hash}/seal`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let page = read(&app, &caller, &hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), &caller.acting()?.organisation);
    // A browser sends each end of a line as two characters, and may lose the last.
    let note = format!("{}\n", filled.note.replace("\r\n", "\n").trim_end());
    let note = if note.len() > NOTE_MAX { "" } else { note.as_str() };
    let of = (&page.of, note);
    let sealed = pack::seal(app.db(), &ctx, app.keys(), by, of, app.issuers()).await?;
    match sealed {
        Ok(issuer) => {
            let says = format!("{issuer} vouches for this pack. Its lead party may adopt it.");
            let main = html! {
                (confirmation::done("The seal is kept", &says))
                (confirmation::link_on(&format!("/ig/agreements/{hash}"), "Back to the pack"))
            };
            Ok(frame(&app, &caller, &main).into_response())
        }
        Err(fault) => {
            let wrong = Wrong::new("note", fault.says());
            let main = show(&page, &[wrong], caller.csrf());
            let whole = frame(&app, &caller, &main);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, whole).into_response())
        }
    }
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Who vouches for this pack").at("/ig/agreements").page(main)
}

async fn read(app: &App, caller: &Caller, hash: &str) -> Result<Page, Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    let of = of.instrument;
    if of.agreement.tier != Tier::StatutePack {
        return Err(Stop::NotFound);
    }
    let read = async |s: &mut Snapshot| pack::seal_of(s, &of).await;
    let seal = app.db().snapshot("http.seal", read).await?;
    let leads = of.agreement.lead_party == caller.acting()?.organisation;
    let issuers = app.issuers().iter().map(ToString::to_string).collect();
    Ok(Page { of, seal, issuers, leads })
}

/// Who vouches for a pack, in a sentence or two.
fn says(seal: &Seal) -> String {
    match seal {
        Seal::By(issuer) => format!("{issuer} vouches for this text."),
        Seal::Before => {
            "It was adopted before packs were sealed. What rests on it goes on. Nobody \
                         new signs what rests on it until its issuer's note is here."
                .to_owned()
        }
        Seal::Missing => "No issuer vouches for it. Nothing rests on it, and nobody signs it or \
                          what rests on it. What is in force by other texts goes on."
            .to_owned(),
        Seal::Broken => {
            "The note that is kept does not hold over this text. Nothing rests on this \
                         pack. Bring the note again, and ask whoever runs Ken to look at the \
                         database."
                .to_owned()
        }
    }
}

fn show(page: &Page, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let hash = page.of.hash();
    let action = format!("/ig/agreements/{hash}/seal");
    html! {
        (summary(wrongs))
        h1 { "Who vouches for this pack" }
        p { a href={ "/ig/agreements/" (hash) } { (page.of.agreement.title) } }
        p { (says(&page.seal)) }
        p { "Identity of the text: " code.care_code { (hash) } }
        h2 { "Issuers whom this house trusts" }
        p { "Whoever runs Ken names them, in the file issuers beside the keys." }
        ul { @for issuer in &page.issuers { li { code.care_code { (issuer) } } } }
        @if page.leads {
            h2 { "Bring the issuer's note" }
            (Form { action: &action, csrf, button: "Keep the seal", hidden: &[] }.post(&html! {
                (Field::long("note", "Signed note", "")
                    .hinted("All of the note that came with the pack, its last line included.")
                    .show(wrongs))
            }))
        } @else {
            p { "Its lead party brings the issuer's note." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_state_of_a_seal_says_what_goes_on() {
        let text = include_str!("../../../../../../agreements/statute-pack.toml");
        let check = |seal: Seal, leads, want: &str| {
            let of = Instrument::parse(text).unwrap();
            let page = Page { of, seal, issuers: vec!["packs.example+1+A".into()], leads };
            let wrongs = [Wrong::new("note", pack::Fault::Stranger.says())];
            let shown = show(&page, if leads { &wrongs } else { &[] }, &Csrf::of("x"));
            let shown = shown.into_string();
            rules::assert_part(&shown);
            assert!(shown.contains(want), "{shown}");
            assert_eq!(shown.contains("Keep the seal"), leads);
        };
        check(Seal::By("ken.example/packs".into()), true, "ken.example/packs vouches");
        check(Seal::Before, true, "What rests on it goes on");
        check(Seal::Missing, false, "What is in force by other texts goes on");
        check(Seal::Broken, true, "Nothing rests on this pack");
    }
}
