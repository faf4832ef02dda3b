//! `/ig/notices`: the privacy notices that texts make, and publishing them.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_core::InstrumentHash;
use ken_office::notice::{self, Heading, Notice, Published};
use ken_office::register;
use ken_sharing::bundle::Admitted;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::{party_name, published};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Form, Wrong, summary, tick};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    sure: String,
}

/// Where the notice of one text stands.
struct Standing {
    published: Option<Published>,
    /// The notice that would be published now.
    next: Notice,
    is_withheld: bool,
}

/// `GET /ig/notices`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let all = super::all(&app, &caller).await?;
    let read = async |s: &mut Snapshot| notice::list(s).await;
    let headings = app.db().snapshot("http.notices", read).await?;
    let main = list(&all, &headings);
    Ok(caller.frame(app.site(), "Privacy notices").at("/ig/agreements").page(&main))
}

/// `GET /ig/notices/{hash}`: of the text of this hash.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let (of, standing) = read(&app, &caller, &hash).await?;
    let leads = of.agreement.lead_party == caller.acting()?.organisation;
    let main = show(&of, &standing, leads, &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/notices/{hash}`: publishes it.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (of, standing) = read(&app, &caller, &hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let leads = of.agreement.lead_party == by.organisation;
    let wrong = if filled.sure == "yes" {
        let who = (&by.organisation, by.practitioner);
        match notice::publish(app.db(), &ctx, app.keys(), who, &of).await? {
            Ok(published) => {
                let main = done(&of, &published);
                return Ok(page(&app, &caller, &main).into_response());
            }
            Err(refused) => Wrong::new("sure", refused.says()),
        }
    } else {
        Wrong::new("sure", "Tick that you have read both readings")
    };
    let main = show(&of, &standing, leads, &[wrong], caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Privacy notice").at("/ig/agreements").page(main)
}

fn done(of: &Instrument, published: &Published) -> Markup {
    let (public, back) =
        (format!("/notices/{}", published.hash), format!("/ig/agreements/{}", of.hash()));
    html! {
        (confirmation::done("The notice is published", "Anybody can read it from now on."))
        p { "Its identity: " code.care_code { (published.hash) } }
        (confirmation::link_on(&public, "Read it as the public does"))
        (confirmation::link_on(&back, "Back to the agreement"))
    }
}

async fn read(app: &App, caller: &Caller, hash: &str) -> Result<(Instrument, Standing), Stop> {
    let (of, _) = super::one(app, caller, hash).await?;
    let of = of.instrument;
    if !notice::is_needed(&of) {
        return Err(Stop::NotFound);
    }
    let (text, name) = (of.hash(), of.agreement.id.to_string());
    let read = async |s: &mut Snapshot| {
        let published = notice::of_text(s, &text).await?;
        let next = notice::draft(&of, notice::count(s, &name).await?.saturating_add(1));
        let is_withheld = register::withheld(s).await?.contains_key(&text);
        Ok::<_, Stop>(Standing { published, next, is_withheld })
    };
    let standing = app.db().snapshot("http.notice", read).await?;
    Ok((of, standing))
}

fn list(all: &[Admitted], headings: &[Heading]) -> Markup {
    let published: BTreeMap<&InstrumentHash, &Heading> =
        headings.iter().map(|one| (&one.instrument, one)).collect();
    let needing = all.iter().map(|of| &of.instrument).filter(|of| notice::is_needed(of));
    let cards: Vec<_> = needing.map(|of| card_of(of, published.get(&of.hash()).copied())).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No agreement here needs a notice.".into(),
            caution: "An agreement that shares about people will need one.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "Privacy notices" }
        p { "Each notice is made from its agreement. Nobody signs before it is published." }
        (panel::show(&Panel { id: "notices", heading: "Agreements".into(), open: true, state }))
        p { a href="/notices" { "The notices as the public reads them" } }
    }
}

fn card_of(of: &Instrument, heading: Option<&Heading>) -> Markup {
    let head = &of.agreement;
    html! {
        h3 { a href={ "/ig/notices/" (of.hash()) } { (head.title) } }
        p {
            "Version " (head.version) ". "
            @match heading {
                Some(heading) => {
                    (facts::tag("Published", Tone::Good)) " Notice " (heading.number) ", "
                    (words::moment_short(heading.at))
                }
                None => { (facts::tag("Not published", Tone::Warn)) }
            }
        }
    }
}

fn show(
    of: &Instrument,
    standing: &Standing,
    leads: bool,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let shown = standing.published.as_ref().map_or(&standing.next, |published| &published.notice);
    let lead = party_name(of, &of.agreement.lead_party);
    html! {
        (summary(wrongs))
        h1 { "Privacy notice" }
        p { a href={ "/ig/agreements/" (of.hash()) } { (of.agreement.title) } }
        @if let Some(published) = &standing.published {
            p {
                (facts::tag("Published", Tone::Good)) " It is notice " (shown.number)
                " of this agreement, published " (words::moment_short(published.at)) "."
            }
            p { a href={ "/notices/" (published.hash) } { "Read it as the public does" } }
            p { "Its identity: " code.care_code { (published.hash) } }
            p { "It cannot be changed. A changed agreement needs a notice of its own." }
        } @else {
            p { (facts::tag("Not published", Tone::Warn)) " Nobody can sign this text yet." }
            @if !leads { p { (lead) " leads the agreement and publishes its notice." } }
        }
        @if standing.is_withheld {
            p { "The public register withholds this agreement for a recorded reason. The public \
                 does not see its notice while that is so." }
        }
        @if standing.published.is_none() && leads { (form(of, wrongs, csrf)) }
        h2 { "The standard reading" }
        (published::reading(&shown.standard, "standard"))
        h2 { "The easy reading" }
        (published::reading(&shown.easy, "easy"))
    }
}

fn form(of: &Instrument, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("/ig/notices/{}", of.hash());
    let button = "Publish the notice";
    let form = Form { action: &action, csrf, button, hidden: &[] };
    form.post(&html! {
        (tick("sure", "I have read both readings below, and they are what people should be told",
            wrongs))
    })
}

#[cfg(test)]
mod tests {
    use ken_agreement::status::Register;

    use super::*;
    use crate::view::rules;

    #[test]
    fn only_the_lead_party_is_offered_to_publish() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let next = notice::draft(&of, 1);
        let standing = Standing { published: None, next, is_withheld: true };
        for leads in [true, false] {
            let wrongs = [Wrong::new("sure", "Tick that you have read both readings")];
            let wrongs = if leads { &wrongs[..] } else { &[] };
            let page = show(&of, &standing, leads, wrongs, &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            assert_eq!(page.contains("Publish the notice"), leads);
            assert!(page.contains("What you can do") && page.contains("withholds"));
        }
        let all = [Admitted { instrument: of, register: Register::default() }];
        let page = list(&all, &[]).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Not published"));
        rules::assert_part(&list(&[], &[]).into_string());
    }
}
