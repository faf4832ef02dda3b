//! `/ig/agreements/{hash}/sign`: signing for one's own organisation, and showing again who one is.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_core::InstrumentHash;
use ken_office::signing::{self, Attempt};
use ken_sharing::instrument;
use ken_sharing::signing::Refusal;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::pages::confirm::{self, Way};
use crate::pages::{follow, passkeys};
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::{Field, Form, Wrong, summary, tick};
use crate::wire::address::Peer;
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    sure: String,
    #[serde(flatten)]
    shown: confirm::Typed,
}

/// What the form for a signature that was made elsewhere carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Brought {
    #[serde(default)]
    file: String,
}

/// What the page is about.
struct Page {
    of: Instrument,
    refusals: Vec<Refusal>,
    way: Way,
}

/// `GET /ig/agreements/{hash}/sign`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Response, Stop> {
    let page = read(&app, &caller, &hash).await?;
    shown(&app, &caller, &page, StatusCode::OK, &[])
}

/// `POST /ig/agreements/{hash}/sign/begin`: what the browser needs to ask for a passkey.
pub(crate) async fn begin(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Response, Stop> {
    let page = read(&app, &caller, &hash).await?;
    let about = signing::about(&caller.acting()?.organisation, &page.of.hash());
    confirm::begin(&app, &caller, &about).await
}

/// `POST /ig/agreements/{hash}/sign`: with the key that Ken keeps.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    from: Peer,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let page = read(&app, &caller, &hash).await?;
    let (ctx, by, hash) = (app.ctx(caller.request()), caller.acting()?, page.of.hash());
    let wrong = if filled.sure == "yes" {
        let about = signing::about(&by.organisation, &hash);
        let shown = (filled.shown, from);
        match confirm::prepare(&app, &caller, (page.way, &about), shown).await? {
            Ok(ready) => {
                let of = (&hash, ready);
                let attempt = signing::sign_kept(app.db(), &ctx, app.keys(), by, of).await?;
                match refused(attempt) {
                    Some(wrong) => wrong,
                    None => return Ok(done(&app, &caller, &hash).await),
                }
            }
            Err(says) => Wrong::new("sure", says),
        }
    } else {
        Wrong::new("sure", "Tick that you sign these words and these rules")
    };
    shown(&app, &caller, &page, StatusCode::UNPROCESSABLE_ENTITY, &[wrong])
}

/// `POST /ig/agreements/{hash}/sign/file`: a signature that was made elsewhere.
pub(crate) async fn post_file(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(brought): Sent<Brought>,
) -> Result<Response, Stop> {
    let page = read(&app, &caller, &hash).await?;
    let (ctx, by, hash) = (app.ctx(caller.request()), caller.acting()?, page.of.hash());
    let of = (&hash, brought.file.trim());
    let attempt = signing::sign_brought(app.db(), &ctx, app.keys(), by, of).await?;
    let Some(wrong) = refused(attempt) else {
        return Ok(done(&app, &caller, &hash).await);
    };
    let wrong = Wrong { field: "file", ..wrong };
    shown(&app, &caller, &page, StatusCode::UNPROCESSABLE_ENTITY, &[wrong])
}

/// What keeps it from being signed; none where it is.
fn refused(attempt: Attempt) -> Option<Wrong> {
    let says = match attempt {
        Attempt::Signed => return None,
        Attempt::Unconfirmed => confirm::UNCONFIRMED.to_owned(),
        Attempt::Refused(refusal) => refusal.says().to_owned(),
        Attempt::NoKey => "Ken keeps no key for you. Bring a signature.".to_owned(),
        Attempt::AnswersChanged(count) => {
            format!("{count} saved questions have another answer in this version. Look at them.")
        }
        Attempt::NotRead => "Paste the whole signature file".to_owned(),
    };
    Some(Wrong::new("sure", says))
}

async fn done(app: &App, caller: &Caller, hash: &InstrumentHash) -> Response {
    let next = "It is in force between those who have signed.";
    let main = html! {
        (follow::done("Signed", next, follow::wait(app).await))
        (confirmation::link_on(&format!("/ig/agreements/{hash}"), "Back to it"))
    };
    frame(app, caller, &main).into_response()
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Sign an agreement").at("/ig/agreements").page(main)
}

fn shown(
    app: &App,
    caller: &Caller,
    page: &Page,
    status: StatusCode,
    wrongs: &[Wrong],
) -> Result<Response, Stop> {
    let party = party_name(&page.of, &caller.acting()?.organisation);
    let whole = frame(app, caller, &show(page, &party, wrongs, caller.csrf()));
    Ok(confirm::page(page.way, status, whole))
}

/// The instrument, of which the reader's organisation is a party, what keeps it from signing, and
/// how the reader confirms.
async fn read(app: &App, caller: &Caller, hash: &str) -> Result<Page, Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let leads = of.instrument.agreement.lead_party == by.organisation;
    if !leads && of.instrument.party(&by.organisation).is_none() {
        return Err(Stop::NotFound);
    }
    let hash = of.instrument.hash();
    let read = async |s: &mut Snapshot| {
        let refusals = instrument::refusals(s, &ctx, &hash, &by.organisation).await?;
        Ok::<_, Stop>((refusals, confirm::way(app, s, by.account).await?))
    };
    let (refusals, way) = app.db().snapshot("http.refusals", read).await?;
    Ok(Page { of: of.instrument, refusals: refusals.into_iter().collect(), way })
}

fn show(page: &Page, party: &str, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let (instrument, hash) = (&page.of, page.of.hash());
    let action = format!("/ig/agreements/{hash}/sign");
    html! {
        (summary(wrongs))
        h1 { "Sign " (instrument.agreement.title) }
        p { "You sign the words and the rules together. Read "
            a href={ "/ig/agreements/" (hash) } { "the agreement" } " first." }
        p { "Identity of the text: " code.care_code { (hash) } }
        @if page.refusals.is_empty() {
            p { "Nothing keeps your organisation from signing." }
        } @else {
            h2 { "What keeps your organisation from signing" }
            ul { @for refusal in &page.refusals {
                li { (refusal.says()) (way_on(*refusal, &hash)) }
            } }
        }
        h2 { "With the key that Ken keeps for you" }
        (kept(page.way, &action, party, (wrongs, csrf)))
        @if page.way == Way::Passkey { (passkeys::script()) }
        h2 { "With a key that you keep yourself" }
        (Form {
            action: &format!("{action}/file"), csrf, button: "Add my signature", hidden: &[],
        }.post(&html! {
            (Field::long("file", "Signature file", "")
                .hinted("What your own program made over this text.").show(wrongs))
        }))
    }
}

/// The form for whoever signs here, who shows again who they are.
fn kept(way: Way, action: &str, party: &str, (wrongs, csrf): (&[Wrong], &Csrf)) -> Markup {
    let button = format!("Sign for {party}");
    let sure = tick("sure", "I sign these words and these rules for my organisation", wrongs);
    let why = "A signature binds your organisation, so we ask again who you are.";
    let form = Form { action, csrf, button: &button, hidden: &[] };
    confirm::form(way, why, &form, &sure, wrongs)
}

/// Where to put right what keeps a party from signing.
fn way_on(refusal: Refusal, hash: &InstrumentHash) -> Markup {
    let (address, words) = match refusal {
        Refusal::NoticeUnpublished => (format!("/ig/notices/{hash}"), "Look at the notice"),
        Refusal::AssessmentMissing | Refusal::AssessmentOutOfDate => {
            (format!("/ig/agreements/{hash}/assessment"), "Look at the assessment")
        }
        Refusal::SupersessionUnseen => {
            (format!("/ig/agreements/{hash}/supersession"), "See what would change")
        }
        Refusal::PackUnsealed => ("/ig/agreements".to_owned(), "Look at the statute packs"),
        _ => return html! {},
    };
    html! { " " a href=(address) { (words) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn each_thing_that_is_missing_is_said_before_signing() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let wrongs = [Wrong::new("file", "Paste the whole signature file")];
        let csrf = Csrf::of("x");
        let refusals = Refusal::ALL.to_vec();
        let mut about = Page { of, refusals, way: Way::Password };
        let page = show(&about, "Glen", &wrongs, &csrf).into_string();
        rules::assert_part(&page);
        for refusal in Refusal::ALL {
            assert!(page.contains(&maud::html! { (refusal.says()) }.into_string()));
            let way = way_on(refusal, &about.of.hash()).into_string();
            assert!(page.contains(&way), "{way}");
        }
        about.refusals.clear();
        let page = show(&about, "Glen", &[], &csrf).into_string();
        assert!(page.contains("Nothing keeps") && page.contains("One-time code"));
    }

    #[test]
    fn whoever_has_a_passkey_is_asked_for_it_and_for_nothing_weaker() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        for (way, passkey, password) in [
            (Way::Passkey, true, false),
            (Way::Password, false, true),
            (Way::Demonstration, false, true),
        ] {
            let of = Instrument::parse(text).unwrap();
            let page = Page { of, refusals: vec![], way };
            let page = show(&page, "Glen", &[], &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            assert_eq!(page.contains("data-passkey=\"confirm\""), passkey, "{way:?}");
            assert_eq!(page.contains("name=\"password\""), password, "{way:?}");
        }
    }
}
