//! `/ig/partnerships`: the tree of partnerships, what each has adopted, what it has from above, and
//! adopting for a partnership that one's own organisation leads.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::{InstrumentHash, OrganisationId, PartnershipId};
use ken_directory::partnership::{self, Adoption, Level, Partnership};
use ken_directory::{Acting, organisation};
use ken_sharing::adoption::{self, Seen};
use ken_sharing::bundle::Admitted;
use ken_sharing::instrument;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Form, Wrong, select, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation};
use crate::wire::csrf::Csrf;

/// The page's address.
const ADDRESS: &str = "/ig/partnerships";

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    partnership: String,
    #[serde(default)]
    agreement: String,
}

/// Everything that the page shows.
struct Page {
    tree: Vec<Partnership>,
    adopted: Vec<Adoption>,
    held: Vec<Admitted>,
    names: BTreeMap<OrganisationId, String>,
}

/// `GET /ig/partnerships`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let page = read(&app, &caller).await?;
    let main = show(&page, caller.acting()?, &[], caller.csrf());
    Ok(frame(&app, &caller, &main))
}

/// `POST /ig/partnerships`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let id: PartnershipId = filled.partnership.parse().map_err(|_| Stop::NotFound)?;
    let hash: InstrumentHash = filled.agreement.parse().map_err(|_| Stop::NotFound)?;
    let refused = adoption::adopt(app.db(), &ctx, app.keys(), by, (&id, &hash)).await?;
    if let Some(refused) = refused {
        let page = read(&app, &caller).await?;
        let wrong = Wrong::new("agreement", refused.says());
        let main = show(&page, by, &[wrong], caller.csrf());
        let whole = frame(&app, &caller, &main);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, whole).into_response());
    }
    let main = html! {
        (confirmation::done(
            "It is adopted",
            "Every partnership below has it now, and no new agreement there leaves it out.",
        ))
        (confirmation::link_on(ADDRESS, "Back to the partnerships"))
    };
    Ok(frame(&app, &caller, &main).into_response())
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Partnerships").at("/ig/agreements").page(main)
}

async fn read(app: &App, caller: &Caller) -> Result<Page, Stop> {
    let ctx = app.ctx(caller.request());
    let read = async |s: &mut Snapshot| {
        let (tree, adopted) = (partnership::list(s).await?, partnership::adoptions(s).await?);
        let names = organisation::list(s).await?.into_iter().map(|one| (one.id, one.name));
        let names = names.collect();
        let held = instrument::load_around(s, &ctx).await?.instruments;
        Ok::<_, Stop>(Page { tree, adopted, held, names })
    };
    app.db().snapshot("http.partnerships", read).await
}

fn show(page: &Page, by: &Acting, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let cards: Vec<_> = page.tree.iter().map(|one| card_of(page, one)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No partnership is registered.".into(),
            caution: "Agreements run without one; nothing is adopted for others to stand under."
                .into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        (summary(wrongs))
        h1 { "Partnerships" }
        p { "What a partnership adopts, every partnership below it has too. A new agreement there \
             must stand under it, and cannot give what it forbids to all below." }
        (panel::show(&Panel { id: "tree", heading: "From the widest".into(), open: true, state }))
        (adopting(page, by, csrf))
        p { a href="/ig/agreements" { "All agreements" } }
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Local => "Local",
        Level::Regional => "Regional",
        Level::National => "National",
    }
}

fn card_of(page: &Page, one: &Partnership) -> Markup {
    let name = |id: &OrganisationId| page.names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let above = one.above.as_ref().and_then(|id| page.tree.iter().find(|one| one.id == *id));
    let members: Vec<_> = one.members.iter().map(name).collect();
    let (own, from): (Vec<Seen>, Vec<Seen>) = adoption::seen(&page.tree, &page.adopted, &one.id)
        .into_iter()
        .partition(|s| s.by == one.id);
    html! {
        h3 { (one.name) }
        p { (level(one.level))
            @if let Some(above) = above { ", under " (above.name) }
            ". Led by " (name(&one.lead)) "." }
        p { b { "Members: " } (members.join(", ")) }
        p { b { "Adopted here" } }
        (adopted(page, &own, "Nothing is adopted here."))
        @if above.is_some() {
            p { b { "Adopted above, and so here" } }
            (adopted(page, &from, "Nothing is adopted above."))
        }
    }
}

fn adopted(page: &Page, list: &[Seen], none: &str) -> Markup {
    let of = |seen: &Seen| page.held.iter().find(|of| of.instrument.hash() == seen.instrument);
    let by = |seen: &Seen| page.tree.iter().find(|one| one.id == seen.by);
    html! {
        @if list.is_empty() { p { (none) } } @else {
            ul {
                @for seen in list {
                    @if let Some(of) = of(seen) {
                        li {
                            a href={ "/ig/agreements/" (seen.instrument) } {
                                (of.instrument.agreement.title)
                            }
                            ", version " (of.instrument.agreement.version)
                            @if let Some(by) = by(seen) { ", by " (by.name) }
                        }
                    }
                }
            }
        }
    }
}

/// What may not be adopted is refused with its reason to whoever asks.
fn adopting(page: &Page, by: &Acting, csrf: &Csrf) -> Markup {
    let led = page.tree.iter().filter(|one| one.lead == by.organisation);
    let led: Vec<_> = led.map(|one| (one.id.to_string(), one.name.clone())).collect();
    let signed = page.held.iter().filter(|of| !of.register.signed.is_empty());
    let live = signed.filter(|of| !of.register.superseded).map(|of| {
        let head = &of.instrument.agreement;
        let label = format!("{}, version {}", head.title, head.version);
        (of.instrument.hash().to_string(), label)
    });
    let live: Vec<_> = live.collect();
    let form = Form { action: ADDRESS, csrf, button: "Adopt it", hidden: &[] };
    html! {
        @if !led.is_empty() && !live.is_empty() {
            h2 { "Adopt for a partnership that my organisation leads" }
            (form.post(&html! {
                (select("partnership", "Partnership", &led, ""))
                (select("agreement", "Agreement", &live, ""))
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use ken_agreement::Instrument;
    use ken_agreement::status::Register;

    use super::*;
    use crate::view::rules;

    fn word<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap()
    }

    fn page() -> Page {
        let one = |id: &str, level, above: Option<&str>, lead: &str| Partnership {
            id: word(id),
            name: format!("Partnership {id}"),
            level,
            above: above.map(word),
            lead: word(lead),
            members: ["cec", "nhsl"].map(word).into(),
        };
        let tree = vec![
            one("nation", Level::National, None, "nhsl"),
            one("glen", Level::Local, Some("nation"), "cec"),
        ];
        let text = include_str!("../../../../../../agreements/scot-accord.toml");
        let instrument = Instrument::parse(text).unwrap();
        let hash = instrument.hash();
        let register = Register { signed: [word("cec")].into(), ..Register::default() };
        let held = vec![Admitted { instrument, register }];
        let adopted = vec![Adoption { by: word("nation"), instrument: hash, at_us: 0 }];
        Page { tree, adopted, held, names: BTreeMap::new() }
    }

    #[test]
    fn what_is_adopted_above_is_seen_below_and_whoever_leads_adopts() {
        let same = "0190163d-8694-739b-aea5-966c26f8ad01";
        let check = |organisation: &str, may: bool| {
            let by = Acting {
                account: word(same),
                practitioner: word(same),
                organisation: word(organisation),
                role: word("ig.lead"),
            };
            let shown = show(&page(), &by, &[], &Csrf::of("x")).into_string();
            rules::assert_part(&shown);
            let below = shown.split("<h3>Partnership glen</h3>").nth(1).unwrap();
            assert!(below.contains("Local, under Partnership nation. Led by cec."), "{below}");
            assert!(below.contains("version 3, by Partnership nation"), "{below}");
            assert_eq!(shown.contains("Adopt it"), may, "{organisation}");
        };
        check("cec", true);
        check("police", false);
    }

    #[test]
    fn without_partnerships_the_page_says_so() {
        let by = Acting {
            account: word("0190163d-8694-739b-aea5-966c26f8ad01"),
            practitioner: word("0190163d-8694-739b-aea5-966c26f8ad01"),
            organisation: word("cec"),
            role: word("ig.lead"),
        };
        let empty = Page { tree: vec![], adopted: vec![], ..page() };
        let shown = show(&empty, &by, &[], &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("No partnership is registered."), "{shown}");
    }
}
