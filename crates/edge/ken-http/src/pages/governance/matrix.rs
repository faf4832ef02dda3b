//! `/ig/agreements/{hash}/matrix`: what one role may have, from the rules that run.

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ken_agreement::Instrument;
use ken_core::{OrganisationId, RoleId};
use ken_office::matrix::{self, Row};
use maud::{Markup, html};
use serde::Deserialize;

use super::agreement::{attached, role_choices};
use super::party_name;
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{filter, select};
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::words;

/// What the address carries: closed words.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    role: String,
}

/// `GET /ig/agreements/{hash}/matrix`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Stop> {
    let (of, all) = super::one(&app, &caller, &hash).await?;
    let today = app.ctx(caller.request()).clock.today();
    let role = role_of(&of.instrument, &asked.role);
    let ready = matrix::ready(&of.instrument, &all, today)?;
    let rows = match &role {
        Some(role) if ready.questions() <= matrix::QUESTIONS_MAX => Some(ready.of_role(role)?),
        _ => None,
    };
    let main = show(&of.instrument, &asked.role, rows.as_deref());
    Ok(caller.frame(app.site(), "What an agreement permits").at("/ig/agreements").page(&main))
}

/// `GET /ig/agreements/{hash}/matrix.csv`.
pub(crate) async fn csv(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Response, Stop> {
    let (of, all) = super::one(&app, &caller, &hash).await?;
    let today = app.ctx(caller.request()).clock.today();
    // Thousands of decisions: not on a thread that others wait for.
    let made = tokio::task::spawn_blocking(move || {
        matrix::csv(&matrix::ready(&of.instrument, &all, today)?)
    });
    let text = made.await.map_err(|_| Stop::Busy)??.ok_or(Stop::NotFound)?;
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present");
    Ok(([kind], attached("agreement.csv"), text).into_response())
}

/// A role of the closed choice.
fn role_of(instrument: &Instrument, chosen: &str) -> Option<(OrganisationId, RoleId)> {
    let mut roles = matrix::recipients(instrument).into_iter();
    roles.find(|(organisation, role)| format!("{organisation}/{role}") == chosen)
}

fn show(instrument: &Instrument, chosen: &str, rows: Option<&[Row]>) -> Markup {
    let choices = role_choices(instrument);
    let of = choices.iter().find(|(value, _)| value == chosen).map(|(_, words)| words.as_str());
    let address = format!("/ig/agreements/{}/matrix", instrument.hash());
    html! {
        h1 { "What this agreement permits" }
        p { a href={ "/ig/agreements/" (instrument.hash()) } { (instrument.agreement.title) } }
        (filter(&address, &select("role", "Role", &choices, chosen)))
        @if let (Some(of), Some(rows)) = (of, rows) { (answers(instrument, of, rows)) }
        @else { p { "Choose a role." } }
    }
}

fn answers(instrument: &Instrument, of: &str, rows: &[Row]) -> Markup {
    let state = if rows.is_empty() {
        State::Nothing {
            looked: "This agreement lets this role have nothing.".into(),
            caution: "Another agreement may.".into(),
        }
    } else {
        State::Content { shown: listed(instrument, rows), from: None }
    };
    html! {
        (panel::show(&Panel { id: "permits", heading: of.to_owned(), open: true, state }))
        (nothing_of(instrument, rows))
    }
}

fn listed(instrument: &Instrument, rows: &[Row]) -> Markup {
    let cells = |row: &Row| {
        let facts: Vec<_> = row.facts.iter().map(|fact| words::spaced(fact.as_str())).collect();
        vec![
            html! { (words::category(&row.category)) },
            html! { (row.cell.says()) },
            html! { (party_name(instrument, &row.from)) },
            html! { (words::purpose(&row.purpose)) },
            html! { (words::capitalised(row.action.as_str())) },
            html! { @for clause in &row.clauses { (clause) " " } },
            html! { @if facts.is_empty() { "–" } @else { (facts.join(", ")) } },
        ]
    };
    let columns = &["What", "Answer", "From", "What for", "How", "Clauses", "If so"];
    let caption = "What this role may have";
    table::show(&Table { id: "matrix", caption, columns, rows: rows.iter().map(cells).collect() })
}

/// The kinds of which the role has nothing; said, so that a gap is no riddle.
fn nothing_of(instrument: &Instrument, rows: &[Row]) -> Markup {
    let kinds = instrument.categories.iter().map(|category| &category.id);
    let none: Vec<_> = kinds.filter(|id| !rows.iter().any(|row| row.category == **id)).collect();
    html! {
        @if !none.is_empty() {
            h2 { "Nothing of" }
            ul { @for id in none { li { (words::category(id)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::view::rules;

    #[test]
    fn a_role_reads_what_it_may_have_and_what_not() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let instrument = Instrument::parse(text).unwrap();
        let ready = matrix::ready(&instrument, &[], date(2027, 6, 1)).unwrap();
        let role = role_of(&instrument, "rowan/ts.support-worker").unwrap();
        let rows = ready.of_role(&role).unwrap();
        let page = show(&instrument, "rowan/ts.support-worker", Some(&rows)).into_string();
        rules::assert_part(&page);
        assert!(page.contains("Nothing of") && page.contains("Offences"), "{page}");
        rules::assert_part(&show(&instrument, "", None).into_string());
        assert!(role_of(&instrument, "rowan/nobody").is_none());
    }
}
