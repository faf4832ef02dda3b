//! `/ig/agreements/{hash}`: one agreement: where it stands, who has signed, what it permits.

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use ken_agreement::{Clause, Instrument, Kind, Modality, Tier, show as document};
use ken_core::OrganisationId;
use ken_office::mark::{self, About};
use ken_office::paper::{self, Size};
use ken_office::{agreement, exit, matrix, notice};
use ken_sharing::bundle::Admitted;
use ken_sharing::departure::{self, Departure};
use ken_sharing::instrument::{self, Signed};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::agreements::status;
use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{filter, select};
use crate::view::table::{self, Table};
use crate::view::{facts, words};

/// What the page shows.
struct Shown<'a> {
    of: &'a Admitted,
    signed: Vec<Signed>,
    leaving: Vec<Departure>,
    own: &'a OrganisationId,
    today: Date,
}

/// `GET /ig/agreements/{hash}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let (of, _) = super::one(&app, &caller, &hash).await?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let read = async |s: &mut Snapshot| {
        let hash = of.instrument.hash();
        let signed = instrument::signatures(s, &hash).await?;
        Ok::<_, ken_sharing::Error>((signed, departure::of(s, &hash).await?))
    };
    let (signed, leaving) = app.db().snapshot("http.agreement", read).await?;
    let today = ctx.clock.today();
    let main = show(&Shown { of: &of, signed, leaving, own: &by.organisation, today });
    Ok(caller.frame(app.site(), "Agreement").at("/ig/agreements").page(&main))
}

/// What the address of a file carries: a closed word.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    size: String,
}

/// `GET /ig/agreements/{hash}/document.pdf`: the whole text, as people sign and file it.
pub(crate) async fn pdf(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Stop> {
    let (of, _) = super::one(&app, &caller, &hash).await?;
    let today = app.ctx(caller.request()).clock.today();
    let size = if wanted.size == "large" { Size::Large } else { Size::Standard };
    // Laying out takes a while: not on a thread that others wait for.
    let made = tokio::task::spawn_blocking(move || {
        let head = &of.instrument.agreement;
        let running = format!(
            "{}, version {}. Printed on {}.",
            head.id,
            head.version,
            words::day_short(today)
        );
        let head = (About::Texts, running.as_str());
        paper::pdf(&document::agreement(&of.instrument), head, today, size)
    });
    let file = made.await.map_err(|_| Stop::Busy)??;
    let kind = (header::CONTENT_TYPE, "application/pdf");
    Ok(([kind], attached("agreement.pdf"), file).into_response())
}

/// The head that names a file about a text, with its mark.
pub(crate) fn attached(name: &str) -> [(header::HeaderName, String); 1] {
    let name = mark::file_name(About::Texts, name);
    [(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))]
}

/// The text of a draft under a line of comment with its mark.
pub(crate) fn headed(text: &str) -> String {
    let head = mark::running(About::Texts, "A draft; nobody has signed it.");
    format!("# {head}\n{text}")
}

fn show(shown: &Shown<'_>) -> Markup {
    let Admitted { instrument, register } = shown.of;
    let overview = agreement::overview(instrument, register, shown.today);
    let head = &instrument.agreement;
    html! {
        h1 { (head.title) }
        p { (status(&overview)) " " (agreement::tier(head.tier)) ", version " (head.version) }
        p { (head.plain_summary) }
        @if let Some((next, day)) = overview.next {
            p { "Next: on " (words::day_short(day.0)) " " (next.says()) "." }
        }
        (ways(shown, &overview.missing))
        @if matrix::has_matrix(head.tier) { (permits(instrument)) }
        (parties(shown))
        (clauses(instrument))
        (terms(instrument))
    }
}

fn ways(shown: &Shown<'_>, missing: &[OrganisationId]) -> Markup {
    let hash = shown.of.instrument.hash();
    let is_party = shown.of.instrument.party(shown.own).is_some();
    html! {
        ul {
            li { a href={ "/ig/agreements/" (hash) "/document.pdf" } { "The document (PDF)" } }
            li { a href={ "/ig/agreements/" (hash) "/document.pdf?size=large" }
                { "The document in large print (PDF)" } }
            @if shown.of.instrument.agreement.tier == Tier::StatutePack {
                li { a href={ "/ig/agreements/" (hash) "/seal" } { "Who vouches for this pack" } }
            }
            @if notice::is_needed(&shown.of.instrument) {
                li { a href={ "/ig/notices/" (hash) } { "Privacy notice" } }
            }
            @if missing.contains(shown.own) {
                li { a href={ "/ig/agreements/" (hash) "/sign" } { "Sign for my organisation" } }
            }
            @if shown.of.instrument.agreement.lead_party == *shown.own {
                li { a href={ "/ig/agreements/" (hash) "/publication" }
                    { "What the public register shows of it" } }
            }
            @if !shown.of.instrument.lifecycle.supersedes.is_empty() {
                li { a href={ "/ig/agreements/" (hash) "/supersession" } { "What it replaces" } }
            }
            @if !exit::contracted(&shown.of.instrument, shown.own).is_empty() {
                li { a href={ "/ig/agreements/" (hash) "/contract" } { "A contract ends" } }
            }
            @if is_party {
                li { a href={ "/ig/agreements/" (hash) "/assessment" } { "Impact assessment" } }
                li { a href={ "/ig/agreements/" (hash) "/standing" }
                    { "Suspend, leave or end this agreement" } }
            }
        }
    }
}

/// The choice of a role, which leads to the matrix.
fn permits(instrument: &Instrument) -> Markup {
    let hash = instrument.hash();
    let address = format!("/ig/agreements/{hash}/matrix");
    html! {
        h2 { "What this agreement permits" }
        p { "Choose a role to see what it may have. The answers come from the rules that run." }
        (filter(&address, &select("role", "Role", &role_choices(instrument), "")))
        p { a href={ "/ig/agreements/" (hash) "/simulate" } { "Could they see it?" } }
        p { a href={ "/ig/replay?draft=" (hash) } { "Try it on past decisions" } }
        p { a href={ "/ig/agreements/" (hash) "/matrix.csv" } { "All roles, as a file (CSV)" } }
    }
}

/// Every receiving role, as a closed choice.
pub(crate) fn role_choices(instrument: &Instrument) -> Vec<(String, String)> {
    let roles = matrix::recipients(instrument);
    let name = |organisation: &OrganisationId| match organisation.as_str() {
        "person" => "themselves".to_owned(),
        _ => party_name(instrument, organisation),
    };
    let choice = |(organisation, role): &(OrganisationId, ken_core::RoleId)| {
        let words = format!("{}, {}", words::role(role.as_str()), name(organisation));
        (format!("{organisation}/{role}"), words)
    };
    roles.iter().map(choice).collect()
}

fn parties(shown: &Shown<'_>) -> Markup {
    let instrument = &shown.of.instrument;
    let row = |party: &ken_agreement::Party| {
        let signed = shown.signed.iter().find(|signed| signed.party == party.id);
        let leaves = shown.leaving.iter().find(|leaving| leaving.party == party.id);
        vec![
            html! { (party.name) },
            html! { @match signed {
                Some(signed) => {
                    (words::day_short(words::local(signed.at).date())) " by " (signed.signatory)
                    ", " (signed.role)
                }
                None => { "Not signed" }
            } },
            html! { @match leaves {
                Some(leaves) => {
                    (words::capitalised(&words::spaced(&leaves.kind))) ", out from "
                    (words::day_short(leaves.from.0))
                }
                None => { "–" }
            } },
            html! { (party.senior_owner.as_deref().unwrap_or("Nobody named")) },
        ]
    };
    let rows = instrument.parties.iter().map(row).collect();
    let columns = &["Party", "Signed", "Leaves", "Senior owner"];
    html! {
        h2 { "Parties and signatures" }
        @if instrument.parties.is_empty() {
            p { "It has no parties: it is a source for others." }
        } @else {
            (table::show(&Table { id: "parties", caption: "Who has signed", columns, rows }))
        }
        p { "Identity of the text: " code.care_code { (instrument.hash()) } }
    }
}

fn clauses(instrument: &Instrument) -> Markup {
    html! {
        h2 { "Clauses" }
        @for clause in &instrument.clauses {
            h3 id={ "clause-" (clause.id) } { (clause.id) ": " (kind(clause)) }
            p { (clause.text) }
            @if let Some(day) = clause.starts {
                p { "Starts on " (words::day_short(day.0)) ", by itself." }
            }
            @if let Some(source) = &clause.source {
                p { "In force in its own right in " (source) "." }
            }
        }
    }
}

/// What a clause is, in words.
fn kind(clause: &Clause) -> &'static str {
    match (clause.kind, clause.modality) {
        (Kind::Prohibition, _) => "must not be shared",
        (Kind::Exceptional, _) => "in an emergency",
        (Kind::Statutory, Modality::Must) => "the law requires it",
        (Kind::Statutory, Modality::May) => "the law allows it",
        (Kind::Routine, Modality::Must) => "must be shared",
        (Kind::Routine, Modality::May) => "may be shared",
    }
}

fn terms(instrument: &Instrument) -> Markup {
    let (head, life) = (&instrument.agreement, &instrument.lifecycle);
    let until = head.effective_until.map_or("it is replaced".to_owned(), |d| words::day_short(d.0));
    let notice = instrument.transparency.as_ref().map(|of| of.privacy_notice.clone());
    html! {
        h2 { "Terms" }
        (facts::list(&[
            ("In force from", html! { (words::day_short(head.effective_from.0)) }),
            ("Until", html! { (until) }),
            ("Review due", html! { (words::day_short(life.review_due.0)) }),
            ("Notice to leave", html! { (head.notice_days) " days" }),
            ("Privacy notice", html! { (notice.unwrap_or_default()) }),
            ("Impact assessment", html! {
                @if let Some(dpia) = &instrument.dpia {
                    (dpia.id) ", risk left: " (dpia.residual) ", review by "
                    (words::day_short(dpia.review_due.0))
                }
            }),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_agreement::status::Register;

    use super::*;
    use crate::view::rules;

    #[test]
    fn an_agreement_shows_its_parties_clauses_and_ways_on() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let instrument = Instrument::parse(text).unwrap();
        let of = Admitted { instrument, register: Register::default() };
        let signed = vec![Signed {
            party: "police".parse().unwrap(),
            signatory: "A. <Signer>".into(),
            role: "SIRO".into(),
            at: "2027-03-01T09:00:00Z".parse().unwrap(),
        }];
        let own = "cec".parse().unwrap();
        let shown = Shown { of: &of, signed, leaving: vec![], own: &own, today: date(2027, 6, 1) };
        let page = show(&shown).into_string();
        rules::assert_part(&page);
        for want in ["A. &lt;Signer&gt;", "Sign for my organisation", "must not be shared", "C1"] {
            assert!(page.contains(want), "{want}");
        }
        let stranger = "practice".parse().unwrap();
        let page = show(&Shown { own: &stranger, leaving: vec![], ..shown }).into_string();
        assert!(!page.contains("Sign for my organisation"));
    }
}
