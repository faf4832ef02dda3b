//! `/ig/agreements/{hash}/sign`: signing for one's own organisation.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_office::signing::{self, Attempt};
use ken_sharing::instrument;
use ken_sharing::signing::Refusal;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Field, Form, Wrong, summary, tick};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    sure: String,
    #[serde(default)]
    file: String,
}

/// `GET /ig/agreements/{hash}/sign`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let (instrument, refusals) = read(&app, &caller, &hash).await?;
    let by = caller.acting()?;
    let name = party_name(&instrument, &by.organisation);
    let main = show(&instrument, &name, &refusals, &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/agreements/{hash}/sign`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (instrument, refusals) = read(&app, &caller, &hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let (db, keys, hash) = (app.db(), app.keys(), instrument.hash());
    let file = filled.file.trim();
    let attempt = match (filled.sure.as_str(), file) {
        ("yes", "") => Some(signing::sign_kept(db, &ctx, keys, by, &hash).await?),
        ("yes", file) => Some(signing::sign_brought(db, &ctx, keys, by, (&hash, file)).await?),
        _ => None,
    };
    let wrong = match attempt {
        Some(Attempt::Signed) => {
            let main = html! {
                (confirmation::done("Signed", "It is in force between those who have signed."))
                (confirmation::link_on(&format!("/ig/agreements/{hash}"), "Back to it"))
            };
            return Ok(page(&app, &caller, &main).into_response());
        }
        Some(Attempt::Refused(refusal)) => Wrong::new("sure", refusal.says()),
        Some(Attempt::NoKey) => Wrong::new("sure", "Ken keeps no key for you. Bring a signature."),
        Some(Attempt::AnswersChanged(count)) => Wrong::new(
            "sure",
            format!("{count} saved questions have another answer in this version. Look at them."),
        ),
        Some(Attempt::NotRead) => Wrong::new("file", "Paste the whole signature file"),
        None => Wrong::new("sure", "Tick that you sign these words and these rules"),
    };
    let name = party_name(&instrument, &by.organisation);
    let main = show(&instrument, &name, &refusals, &[wrong], caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Sign an agreement").at("/ig/agreements").page(main)
}

/// The instrument, of which the reader's organisation is a party, and what keeps it from signing.
async fn read(app: &App, caller: &Caller, hash: &str) -> Result<(Instrument, Vec<Refusal>), Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let leads = of.instrument.agreement.lead_party == by.organisation;
    if !leads && of.instrument.party(&by.organisation).is_none() {
        return Err(Stop::NotFound);
    }
    let hash = of.instrument.hash();
    let read =
        async |s: &mut Snapshot| instrument::refusals(s, &ctx, &hash, &by.organisation).await;
    let refusals = app.db().snapshot("http.refusals", read).await?;
    Ok((of.instrument, refusals.into_iter().collect()))
}

fn show(
    instrument: &Instrument,
    party: &str,
    refusals: &[Refusal],
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let hash = instrument.hash();
    let action = format!("/ig/agreements/{hash}/sign");
    let button = format!("Sign for {party}");
    let form = Form { action: &action, csrf, button: &button, hidden: &[] };
    html! {
        (summary(wrongs))
        h1 { "Sign " (instrument.agreement.title) }
        p { "You sign the words and the rules together. Read "
            a href={ "/ig/agreements/" (hash) } { "the agreement" } " first." }
        p { "Identity of the text: " code.care_code { (hash) } }
        @if refusals.is_empty() {
            p { "Nothing keeps your organisation from signing." }
        } @else {
            h2 { "What keeps your organisation from signing" }
            ul { @for refusal in refusals { li { (refusal.says()) } } }
        }
        (form.post(&html! {
            (tick("sure", "I sign these words and these rules for my organisation", wrongs))
            (Field::long("file", "Signature file, if you keep the key yourself", "")
                .hinted("Leave it empty to sign with the key that Ken keeps for you.").show(wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_thing_that_is_missing_is_said_before_signing() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let instrument = Instrument::parse(text).unwrap();
        let wrongs = [Wrong::new("file", "Paste the whole signature file")];
        let csrf = Csrf::of("x");
        let page = show(&instrument, "Glen", &Refusal::ALL, &wrongs, &csrf).into_string();
        rules::assert_part(&page);
        for refusal in Refusal::ALL {
            assert!(page.contains(&maud::html! { (refusal.says()) }.into_string()));
        }
        let page = show(&instrument, "Glen", &[], &[], &csrf).into_string();
        assert!(page.contains("Nothing keeps"));
    }
}
