//! `/register`: what anybody may read: the agreements, who adopted them, with whom a body shares
//! what, and one agreement in plain words.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State as Of};
use jiff::civil::Date;
use ken_agreement::{Instrument, Kind};
use ken_core::{InstrumentHash, OrganisationId, RequestId};
use ken_office::agreement;
use ken_office::register::{self, Public, Shares};
use ken_sharing::bundle::Admitted;
use ken_sharing::instrument;
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::agreements::status;
use super::party_name;
use crate::App;
use crate::pages::own::agreements::{until, who_knows};
use crate::stop::Stop;
use crate::view::form::{filter, select};
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::{Area, Frame, card, words};

/// What the address carries: closed words.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    body: String,
    #[serde(default)]
    kind: String,
}

type Withheld = BTreeMap<InstrumentHash, String>;

/// `GET /register`.
pub(crate) async fn get(
    Of(app): Of<App>,
    axum::Extension(request): axum::Extension<RequestId>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Stop> {
    let (all, withheld) = read(&app, request).await?;
    let today = app.ctx(request).clock.today();
    let answer = answer(&all, &withheld, &asked, today).await?;
    let main = show(&register::public(&all, &withheld), &asked, answer.as_ref(), today);
    Ok(Frame::plain(app.site(), "Register of agreements", Area::Outside).page(&main))
}

/// `GET /register/{hash}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    axum::Extension(request): axum::Extension<RequestId>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let hash: InstrumentHash = hash.parse().map_err(|_| Stop::NotFound)?;
    let (all, withheld) = read(&app, request).await?;
    let shown = register::public(&all, &withheld).shown;
    let found = shown.iter().find(|of| of.instrument.hash() == hash).ok_or(Stop::NotFound)?;
    let main = html! {
        (plain(&found.instrument))
        p { a href="/register" { "All agreements" } }
    };
    Ok(Frame::plain(app.site(), "An agreement in plain words", Area::Outside).page(&main))
}

async fn read(app: &App, request: RequestId) -> Result<(Vec<Admitted>, Withheld), Stop> {
    let ctx = app.ctx(request);
    let read = async |s: &mut Snapshot| {
        let all = instrument::load_around(s, &ctx).await?.instruments;
        Ok::<_, Stop>((all, register::withheld(s).await?))
    };
    app.db().snapshot("http.register", read).await
}

/// The answer to "with which bodies do you share this?", over what the public may read.
async fn answer(
    all: &[Admitted],
    withheld: &Withheld,
    asked: &Asked,
    today: Date,
) -> Result<Option<Shares>, Stop> {
    let bodies = bodies(&register::public(all, withheld));
    let body = bodies.into_keys().find(|id| id.as_str() == asked.body);
    let category = asked.kind.parse().ok();
    let (Some(body), Some(category)) = (body, category) else { return Ok(None) };
    let mut open: Vec<_> = all.to_vec();
    open.retain(|of| !withheld.contains_key(&of.instrument.hash()));
    // Some hundreds of decisions: not on a thread that others wait for.
    let found =
        tokio::task::spawn_blocking(move || register::shares(&open, &body, &category, today));
    Ok(found.await.map_err(|_| Stop::Busy)??)
}

/// Every body that is party to something public, with its name.
fn bodies(public: &Public<'_>) -> BTreeMap<OrganisationId, String> {
    let parties = public.shown.iter().flat_map(|of| &of.instrument.parties);
    parties.map(|party| (party.id.clone(), party.name.clone())).collect()
}

fn show(public: &Public<'_>, asked: &Asked, answer: Option<&Shares>, today: Date) -> Markup {
    let agreements =
        public.shown.iter().filter(|of| register::is_agreement(of.instrument.agreement.tier));
    let cards: Vec<_> = agreements.map(|of| card_of(of, today)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No agreement is in the register.".into(),
            caution: "Nothing is shared here without one.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "Register of agreements" }
        ul {
            li { a href="/notices" { "Privacy notices" } }
            li { a href="/consultations" { "Consultations" } }
        }
        p { "Health, care and other services share information about people only as these \
             agreements say." }
        (panel::show(&Panel { id: "register", heading: "Agreements".into(), open: true, state }))
        p { (withheld(public.withheld)) }
        (asking(public, asked, answer))
        (adopted(public))
    }
}

/// The count of those withheld, zero included, so that silence means nothing.
pub(crate) fn withheld(count: usize) -> String {
    match count {
        0 => "No agreement is withheld from this register.".to_owned(),
        1 => {
            "One more agreement is withheld from this register, with a recorded reason.".to_owned()
        }
        more => {
            format!(
                "{more} more agreements are withheld from this register, with recorded reasons."
            )
        }
    }
}

fn card_of(of: &Admitted, today: Date) -> Markup {
    let head = &of.instrument.agreement;
    let overview = agreement::overview(&of.instrument, &of.register, today);
    html! {
        h3 { a href={ "/register/" (of.instrument.hash()) } { (head.title) } }
        p { (agreement::tier(head.tier)) ", version " (head.version) ". " (status(&overview)) }
        p { (head.plain_summary) }
    }
}

fn asking(public: &Public<'_>, asked: &Asked, answer: Option<&Shares>) -> Markup {
    let bodies = bodies(public);
    let mut choices = vec![(String::new(), "Choose".to_owned())];
    choices.extend(bodies.iter().map(|(id, name)| (id.to_string(), name.clone())));
    let categories = public.shown.iter().flat_map(|of| &of.instrument.categories);
    let categories: BTreeMap<_, _> =
        categories.map(|of| (of.id.to_string(), words::category(&of.id))).collect();
    let mut kinds = vec![(String::new(), "Choose".to_owned())];
    kinds.extend(categories);
    html! {
        h2 { "With whom does a body share what?" }
        (filter("/register", &html! {
            (select("body", "Body", &choices, &asked.body))
            (select("kind", "Kind of information", &kinds, &asked.kind))
        }))
        @if let Some(answer) = answer { (answered(&bodies, answer)) }
    }
}

fn answered(bodies: &BTreeMap<OrganisationId, String>, answer: &Shares) -> Markup {
    let name = |id: &OrganisationId| bodies.get(id).cloned().unwrap_or_else(|| id.to_string());
    html! {
        @if answer.is_empty() {
            p { "With no other body, outside emergencies and what the law requires." }
        } @else {
            ul {
                @for (body, why) in answer {
                    li {
                        (name(body)) ": "
                        @for (place, (purpose, hash)) in why.iter().enumerate() {
                            @if place > 0 { "; " }
                            a href={ "/register/" (hash) } { (words::purpose(purpose)) }
                        }
                    }
                }
            }
        }
    }
}

/// Who has signed what: a row for each body, a column for each agreement.
fn adopted(public: &Public<'_>) -> Markup {
    let all: Vec<_> = public.shown.iter().filter(|of| !of.instrument.parties.is_empty()).collect();
    let mut columns = vec!["Body"];
    columns.extend(all.iter().map(|of| of.instrument.agreement.title.as_str()));
    let cell = |of: &Admitted, id: &OrganisationId| match of.instrument.party(id) {
        None => "–",
        Some(_) if of.register.left.contains_key(id) => "Leaves",
        Some(_) if of.register.signed.contains(id) => "Signed",
        Some(_) => "Not yet",
    };
    let row = |(id, name): (&OrganisationId, &String)| {
        let cells = all.iter().map(|of| html! { (cell(of, id)) });
        std::iter::once(html! { (name) }).chain(cells).collect::<Vec<_>>()
    };
    let bodies = bodies(public);
    let rows = bodies.iter().map(row).collect();
    let caption = "Who has adopted what";
    html! {
        h2 { "Who has adopted what" }
        (table::show(&Table { id: "adopted", caption, columns: &columns, rows }))
    }
}

/// One agreement, as a person reads it.
pub(crate) fn plain(of: &Instrument) -> Markup {
    let head = &of.agreement;
    let says = |kinds: &'static [Kind]| {
        of.clauses.iter().filter(move |clause| kinds.contains(&clause.kind))
    };
    html! {
        h1 { (head.title) }
        p { (head.plain_summary) }
        p { (until(of)) }
        h2 { "Who is in it" }
        ul { @for party in &of.parties { li { (party.name) } } }
        h2 { "Who may know what about you, and why" }
        (who_knows(of))
        h2 { "The rules, as they were signed" }
        ul { @for clause in says(&[Kind::Routine, Kind::Statutory]) { li {
            (clause.text)
            @if let Some(day) = clause.starts { " (from " (words::day_short(day.0)) ")" }
        } } }
        @if says(&[Kind::Prohibition]).next().is_some() {
            h2 { "What must not be shared" }
            ul { @for clause in says(&[Kind::Prohibition]) { li { (clause.text) } } }
        }
        @if says(&[Kind::Exceptional]).next().is_some() {
            h2 { "In an emergency" }
            ul { @for clause in says(&[Kind::Exceptional]) { li { (clause.text) } } }
        }
        (rights(of))
    }
}

fn rights(of: &Instrument) -> Markup {
    let first = of.rights.as_ref().and_then(|rights| rights.single_point.as_ref());
    html! {
        h2 { "Your rights" }
        p { "You can ask what is held about you, have it put right, and object. You can ask any of \
             the bodies above." }
        @if let Some(first) = first {
            p { "The first to ask is " (party_name(of, first)) "." }
        }
        @if let Some(rights) = &of.rights {
            p { "A complaint is acknowledged within " (rights.complaint_ack_days) " days. You can \
                 also complain to the Information Commissioner." }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_agreement::status::Register;

    use super::*;
    use crate::view::rules;

    fn admitted(signed: &[&str]) -> Admitted {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let signed = signed.iter().map(|id| id.parse().unwrap()).collect();
        let register = Register { signed, ..Register::default() };
        Admitted { instrument: Instrument::parse(text).unwrap(), register }
    }

    #[test]
    fn the_register_counts_what_it_withholds() {
        let all = [admitted(&["police", "cec"])];
        let hash = all[0].instrument.hash();
        let today = date(2027, 6, 1);
        let check = |withheld: &Withheld, wants: &[&str]| {
            let public = register::public(&all, withheld);
            let page = show(&public, &Asked::default(), None, today).into_string();
            rules::assert_part(&page);
            for want in wants {
                assert!(page.contains(want), "{want}: {page}");
            }
        };
        check(&Withheld::new(), &["No agreement is withheld", "Not yet", "Signed", "Choose"]);
        let withheld = [(hash, "An inquiry".to_owned())].into();
        check(&withheld, &["One more agreement is withheld", "No agreement is in the register"]);
    }

    #[test]
    fn a_question_about_sharing_is_answered_with_reasons() {
        let all = [admitted(&["police", "cec"])];
        let (body, kind) = ("police".parse().unwrap(), "concern".parse().unwrap());
        let today = date(2027, 6, 1);
        let answer = register::shares(&all, &body, &kind, today).unwrap().unwrap();
        let asked = Asked { body: "police".into(), kind: "concern".into() };
        let public = register::public(&all, &Withheld::new());
        let page = show(&public, &asked, Some(&answer), today).into_string();
        rules::assert_part(&page);
        let others = register::shares(&all, &"rowan".parse().unwrap(), &kind, today).unwrap();
        assert!(others.unwrap().is_empty(), "who has not signed shares nothing");
        let none = show(&public, &asked, Some(&Shares::new()), today).into_string();
        assert!(none.contains("With no other body"));
    }

    #[test]
    fn a_person_reads_what_may_and_what_must_not_be_shared() {
        let page = plain(&admitted(&[]).instrument).into_string();
        rules::assert_part(&page);
        assert!(page.contains("What must not be shared") && page.contains("Your rights"));
    }
}
