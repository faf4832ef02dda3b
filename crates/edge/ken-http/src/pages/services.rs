//! `/services`: the directory of services, for anybody and without signing in: by words, by kind of
//! help, and near a postcode; and one entry, with who assured it and when it was last checked.
//!
//! What is typed is in no address, is kept nowhere and asked of nobody else: where a postcode is,
//! the directory's own places tell.

pub(crate) mod data;
pub(crate) mod show;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{EntryId, RequestId, Sensitive};
use ken_directory::service::{self, Entry};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::pages::ask::{self, Names};
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::{Area, Frame};
use crate::wire::bound::Bound;
use crate::wire::csrf::Csrf;

/// Where the directory is.
pub(crate) const ADDRESS: &str = "/services";

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    pub(crate) words: Sensitive<String>,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) postcode: Sensitive<String>,
}

/// The directory, read.
pub(crate) struct Directory {
    pub(crate) entries: Vec<Entry>,
    pub(crate) names: Names,
    pub(crate) now: Timestamp,
}

/// `GET /services`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
) -> Result<Response, Stop> {
    answer(&app, request, &headers, Sought::default()).await
}

/// `POST /services`: a search. It changes nothing.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    Sent(sought): Sent<Sought>,
) -> Result<Response, Stop> {
    answer(&app, request, &headers, sought).await
}

/// `GET /services/{service}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(request): Extension<RequestId>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let (entry, names) = find(&app, &id).await?;
    let now = app.ctx(request).clock.now();
    let main = html! {
        (show::whole(&entry, &names, now))
        p { a.care_lone href=(ADDRESS) { "All services" } }
    };
    Ok(frame(&app, &entry.service.says.name, &main))
}

fn frame(app: &App, title: &str, main: &Markup) -> Markup {
    Frame::plain(app.site(), title, Area::Outside).page(main)
}

async fn answer(
    app: &App,
    request: RequestId,
    headers: &HeaderMap,
    sought: Sought,
) -> Result<Response, Stop> {
    let directory = read(app, request).await?;
    let bound = Bound::new(app, request, headers);
    let csrf = bound.csrf.clone();
    // A whole directory is looked through: not on a thread that others wait for.
    let main = tokio::task::spawn_blocking(move || page(&directory, &sought, &csrf));
    let main = main.await.map_err(|_| Stop::Fault("http.task"))?;
    Ok(bound.answer(frame(app, "Find help near you", &main).into_response()))
}

/// Every entry, with the names of organisations.
pub(crate) async fn read(app: &App, request: RequestId) -> Result<Directory, Stop> {
    let now = app.ctx(request).clock.now();
    let read = async |s: &mut Snapshot| {
        let entries = service::list(s).await?;
        Ok::<_, Stop>(Directory { entries, names: ask::names_in(s).await?, now })
    };
    app.db().snapshot("http.services", read).await
}

/// One entry, with the names of organisations.
pub(crate) async fn find(app: &App, id: &str) -> Result<(Entry, Names), Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let read = async |s: &mut Snapshot| {
        let entry = service::find(s, id).await?.ok_or(Stop::NotFound)?;
        Ok::<_, Stop>((entry, ask::names_in(s).await?))
    };
    app.db().snapshot("http.service", read).await
}

fn page(directory: &Directory, sought: &Sought, csrf: &Csrf) -> Markup {
    let form = Form { action: ADDRESS, csrf, button: "Search", hidden: &[] };
    html! {
        h1 { "Find help near you" }
        p { "Clubs, groups and services that can help you or somebody you know. You need no \
             account. We do not keep what you type here." }
        (form.post(&show::fields(&directory.entries, sought)))
        (show::list(directory, sought, &|found| show::card_of(found, directory)))
        p { a href="/services/data" { "The same as open data" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn what_is_stale_is_greyed_and_who_assures_is_said() {
        let mut directory = show::sample();
        let csrf = Csrf::of("x");
        let fresh = page(&directory, &Sought::default(), &csrf).into_string();
        rules::assert_part(&fresh);
        for want in ["Lunch &lt;club&gt;", "Nobody has assured this entry", "Last checked"] {
            assert!(fresh.contains(want), "{want}: {fresh}");
        }
        assert!(!fresh.contains("care_old"), "{fresh}");
        directory.now = directory.entries[0].review();
        assert!(!page(&directory, &Sought::default(), &csrf).into_string().contains("care_old"));
        directory.now = "2028-06-01T09:00:00Z".parse().unwrap();
        let by = "nhsl".parse().unwrap();
        let at = "2027-06-01T09:00:00Z".parse().unwrap();
        directory.entries[0].assured = Some(service::Assured { by, at });
        let stale = page(&directory, &Sought::default(), &csrf).into_string();
        rules::assert_part(&stale);
        for want in ["care_old", "Not checked for a year", "Assured by NHS Glen on 1 Jun 2027"] {
            assert!(stale.contains(want), "{want}: {stale}");
        }
    }

    #[test]
    fn a_search_tells_how_far_and_what_it_knows_of_a_postcode() {
        let directory = show::sample();
        let csrf = Csrf::of("x");
        let check = |words: &str, postcode: &str, wants: &[&str]| {
            let text = |text: &str| Sensitive::new(text.to_owned());
            let sought =
                Sought { words: text(words), postcode: text(postcode), kind: String::new() };
            let shown = page(&directory, &sought, &csrf).into_string();
            rules::assert_part(&shown);
            for want in wants {
                assert!(shown.contains(want), "{want}: {shown}");
            }
        };
        check("lun", "", &["Lunch &lt;club&gt;", "1 service"]);
        check("zzz", "", &["We found nothing for that", "does not mean that there is no help"]);
        check("", "XG6 1CV", &["Less than 0.1 miles from XG6 1CV"]);
        check("", "XX1 1XX", &["No place in this list is near that postcode"]);
    }
}
