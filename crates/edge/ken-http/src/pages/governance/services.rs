//! `/ig/services`: the directory of services as officers keep it: corrections that wait for a look
//! by somebody else, the entries of one's own organisation, and those of others that nobody has
//! assured or checked. And `/ig/services/{service}`: correcting one of one's own.

mod show;

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::{EntryId, OrganisationId, PractitionerId};
use ken_directory::service::{self, Checked, Entry, Proposal, Proposed, Says, Verdict};
use ken_directory::{Error, practitioner};
use ken_store::{Snapshot, Tx};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::pages::services::{self, Directory};
use crate::stop::Stop;
use crate::view::confirmation;
use crate::view::form::Wrong;

/// Where officers keep the directory.
pub(super) const ADDRESS: &str = "/ig/services";

/// What the forms of the list carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    what: String,
    #[serde(default)]
    entry: String,
}

/// What the form of a correction carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Correction {
    #[serde(default)]
    name: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    eligibility: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    url: String,
}

/// What the list is about.
struct Room {
    directory: Directory,
    proposals: Vec<Proposal>,
    proposers: BTreeMap<PractitionerId, String>,
    own: OrganisationId,
    reader: PractitionerId,
}

/// `GET /ig/services`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let room = read(&app, &caller).await?;
    Ok(page(&app, &caller, &show::page(&room, &[], caller.csrf())))
}

/// `POST /ig/services`: an entry is still so, is assured, or a correction is decided.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let id: EntryId = filled.entry.parse().map_err(|_| Stop::BadForm)?;
    let (ctx, keys, by) = (app.ctx(caller.request()), app.keys(), caller.acting()?);
    let what = filled.what.as_str();
    if !["still", "assure", "right", "wrong"].contains(&what) {
        return Err(Stop::BadForm);
    }
    let work = async |tx: &mut Tx| {
        let done = match what {
            "still" => service::still_so(tx, &ctx, keys, by, id).await?,
            "assure" => service::assure(tx, &ctx, keys, by, id).await?,
            _ => {
                let verdict = if what == "right" { Verdict::Right } else { Verdict::Wrong };
                return service::decide(tx, &ctx, keys, by, (id, verdict)).await;
            }
        };
        Ok::<_, Error>(if done { Checked::Live } else { Checked::Gone })
    };
    let wrong = match app.db().write("directory.services", work).await? {
        Checked::Live => {
            return Ok(done(&app, &caller, "It is done", "Everybody reads it at once."));
        }
        Checked::Declined => {
            return Ok(done(&app, &caller, "It is done", "The entry stays as it was."));
        }
        Checked::Gone => "This has changed meanwhile. Look again",
        Checked::Own => "Somebody else must look at your correction before it is live",
    };
    let room = read(&app, &caller).await?;
    let main = show::page(&room, &[Wrong::new("proposals", wrong)], caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

/// `GET /ig/services/{service}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let entry = own(&app, &caller, &id).await?;
    let main = show::correct(&entry, &entry.service.says, &[], caller.csrf());
    Ok(page(&app, &caller, &main))
}

/// `POST /ig/services/{service}`: proposes a correction.
pub(crate) async fn propose(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Correction>,
) -> Result<Response, Stop> {
    let entry = own(&app, &caller, &id).await?;
    let (ctx, keys, by) = (app.ctx(caller.request()), app.keys(), caller.acting()?);
    let says = filled.says();
    let of = (entry.service.id, &says);
    let work = async |tx: &mut Tx| service::propose(tx, &ctx, keys, by, of).await;
    let wrong = match app.db().write("directory.correction", work).await? {
        Proposed::Waits(_) => {
            let next = "It is live as soon as somebody else has looked at it.";
            return Ok(done(&app, &caller, "Your correction waits", next));
        }
        Proposed::NotTheirs => return Err(Stop::NotFound),
        Proposed::Same => Wrong::new("name", "Change something first"),
        Proposed::Unfit(field, says) => Wrong::new(field, format!("What you wrote {says}")),
    };
    let main = show::correct(&entry, &says, &[wrong], caller.csrf());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

impl Correction {
    fn says(&self) -> Says {
        Says {
            name: self.name.clone(),
            summary: self.summary.clone(),
            description: self.description.clone(),
            eligibility: self.eligibility.clone(),
            phone: self.phone.clone(),
            email: self.email.clone(),
            url: self.url.clone(),
        }
    }
}

async fn read(app: &App, caller: &Caller) -> Result<Room, Stop> {
    let directory = services::read(app, caller.request()).await?;
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| {
        let (proposals, mut proposers) = (service::proposals(s).await?, BTreeMap::new());
        for of in proposals.iter().take(show::SHOWN_MAX) {
            if let Some(found) = practitioner::find(s, of.by).await? {
                proposers.insert(of.by, found.name);
            }
        }
        Ok::<_, Error>((proposals, proposers))
    };
    let (proposals, proposers) = app.db().snapshot("http.corrections", read).await?;
    let (own, reader) = (by.organisation.clone(), by.practitioner);
    Ok(Room { directory, proposals, proposers, own, reader })
}

/// An entry of the caller's own organisation.
async fn own(app: &App, caller: &Caller, id: &str) -> Result<Entry, Stop> {
    let (entry, _) = services::find(app, id).await?;
    let is_own = entry.organisation.as_ref() == Some(&caller.acting()?.organisation);
    is_own.then_some(entry).ok_or(Stop::NotFound)
}

fn done(app: &App, caller: &Caller, what: &str, next: &str) -> Response {
    let main = html! {
        (confirmation::done(what, next))
        (confirmation::link_on(ADDRESS, "Back to the directory"))
    };
    page(app, caller, &main).into_response()
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Directory of services").at("/ig/registers/asset").page(main)
}
