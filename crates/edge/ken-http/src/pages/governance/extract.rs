//! `/ig/extracts/{extract}`: one table of counts: how much of it would be told, then the table, its
//! file, and a report that stands alone.

use std::fmt::Write as _;

use axum::Extension;
use axum::extract::{Path, State as Of};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ken_core::EntryId;
use ken_insight::extract::{self, Body, Extract, Outcome};
use ken_insight::report::{self, Figure, KEPT_BACK};
use ken_office::mark::About;
use ken_store::Snapshot;
use maud::{DOCTYPE, Markup, html};

use super::extracts::{ADDRESS, months, one, title};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::table::{self, Table};
use crate::view::{confirmation, facts, mark, words};
use crate::wire::csrf::Csrf;

const TITLE: &str = "A table for planning";
/// Length of the longest bar, in parts of its picture.
const WIDTH: u64 = 100;
/// What a report that stands alone looks like.
const STYLE: &str = "body{font:1rem/1.5 sans-serif;margin:2rem;max-width:70rem}\
    table{border-collapse:collapse}th,td{border:1px solid #5e5e5e;padding:.25rem .5rem;\
    text-align:left}svg{display:block;width:6rem;height:.5rem}rect{fill:#0065bd}\
    .care_stacked{display:none}dt{font-weight:bold}dd{margin:0 0 .5rem}";

/// `GET /ig/extracts/{extract}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let (extract, before) = read(&app, &caller, &id).await?;
    let main = show(&extract, before.as_ref(), caller.csrf());
    Ok(caller.frame(app.site(), TITLE).at(ADDRESS).page(&main))
}

/// `POST /ig/extracts/{extract}`: gives it.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let given = extract::give(app.db(), &ctx, app.keys(), (app.gate(), by), id).await?;
    let main = match given {
        Outcome::Done(given) => html! {
            (confirmation::done("The table is given", "Your organisation and those whose records \
                it counts find it in their list."))
            (confirmation::link_on(&one(given.id), "Read it"))
        },
        Outcome::Overlaps(_) => html! {
            (confirmation::done("It is not given", "Meanwhile another table over some of these \
                months was given. Ask for other months."))
            (confirmation::link_on(ADDRESS, "Back to the list"))
        },
        Outcome::Gone | Outcome::NoClause | Outcome::Stopped | Outcome::Unfit(_) => {
            return Err(Stop::NotFound);
        }
    };
    Ok(caller.frame(app.site(), TITLE).at(ADDRESS).page(&main))
}

/// `GET /ig/extracts/{extract}/table.csv`.
pub(crate) async fn csv(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    let (extract, before) = read(&app, &caller, &id).await?;
    extract.given.ok_or(Stop::NotFound)?;
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present");
    let text = report::csv(&extract, before.as_ref());
    Ok(([kind], super::agreement::attached("planning.csv"), text).into_response())
}

/// `GET /ig/extracts/{extract}/report.html`: the report as one file, with nothing beside it.
pub(crate) async fn html(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    let (extract, before) = read(&app, &caller, &id).await?;
    extract.given.ok_or(Stop::NotFound)?;
    let text = alone(&extract, before.as_ref()).into_string();
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    Ok(([kind], super::agreement::attached("planning.html"), text).into_response())
}

/// An extract that the reader may see, and what it says of the months before.
async fn read(app: &App, caller: &Caller, id: &str) -> Result<(Extract, Option<Body>), Stop> {
    let (id, by): (EntryId, _) = (id.parse().map_err(|_| Stop::NotFound)?, caller.acting()?);
    let read = async |s: &mut Snapshot| {
        let found = extract::find(s, by, id).await?.ok_or(Stop::NotFound)?;
        let before = match found.given {
            Some(_) => extract::earlier(s, &by.organisation, &found.body).await?,
            None => None,
        };
        Ok::<_, Stop>((found, before.map(|before| before.body)))
    };
    app.db().snapshot("http.extract", read).await
}

fn show(extract: &Extract, before: Option<&Body>, csrf: &Csrf) -> Markup {
    let address = one(extract.id);
    html! {
        h1 { (title(&extract.body.definition)) }
        p { a href=(ADDRESS) { "All tables" } }
        (about(extract))
        @if extract.given.is_some() {
            (figures(&extract.body, before))
            ul {
                li { a href={ (address) "/table.csv" } { "The figures as a file" } }
                li { a href={ (address) "/report.html" } { "The report as one file" } }
            }
        } @else {
            (tried(&extract.body))
            (Form { action: &address, csrf, button: "Give it", hidden: &[] }.post(&html! {
                p { "It is decided again when you give it, and stands on the ledger." }
            }))
        }
    }
}

/// How much would be told, before anything is.
fn tried(body: &Body) -> Markup {
    // Not how many: that would change with one person.
    let says = match body.told.kept_back() {
        (_, 0) => "No figure",
        (all, hidden) if hidden == all => "Every figure",
        (all, hidden) if hidden * 2 > all => "More than half of the figures",
        _ => "Some figures, at most half of them,",
    };
    html! {
        h2 { "What would be given" }
        p { (says) " would be kept back." }
    }
}

/// What it rests on.
fn about(extract: &Extract) -> Markup {
    let body = &extract.body;
    let names: Vec<_> = body.sources.values().map(|source| source.name.as_str()).collect();
    let rounded = if body.definition.rounded { "To the nearest five" } else { "Not rounded" };
    let clauses = html! {
        @for (clause, cited) in &body.clauses {
            p { (cited.agreement) ": " (cited.text) " " code.care_code { (clause) } }
        }
    };
    html! {
        (facts::list(&[
            ("Months", html! { (months(&body.definition)) }),
            ("Whose records", html! { (names.join(", ")) }),
            ("By which clause", clauses),
            ("What for", html! { (body.why) }),
            ("Counted", html! { (words::moment_short(body.counted)) }),
            ("Rounded", html! { (rounded) }),
            ("On the ledger", html! {
                @match extract.given {
                    Some((_, entry)) => { code.care_code { (entry) } }
                    None => { "Not given yet; counted as " code.care_code { (extract.id) } }
                }
            }),
        ]))
    }
}

/// The figures, each with a bar, and by how much they have changed.
fn figures(body: &Body, before: Option<&Body>) -> Markup {
    let lines = report::lines(body, before);
    let all = lines.iter().flat_map(|line| &line.figures);
    let most = all.filter_map(|figure| figure.told).max().unwrap_or_default();
    let cells = |line: &report::Line| {
        let figures = line.figures.iter().map(|of| figure(*of, most));
        [html! { (line.title) }].into_iter().chain(figures).collect()
    };
    let heads = report::columns(body).into_iter().map(|name| format!("{name}#"));
    let heads: Vec<String> =
        [body.definition.rows.title().to_owned()].into_iter().chain(heads).collect();
    let columns: Vec<&str> = heads.iter().map(String::as_str).collect();
    let rows = lines.iter().map(cells).collect();
    let caption = format!("{}, {}", title(&body.definition), months(&body.definition));
    html! {
        (table::show(&Table { id: "figures", caption: &caption, columns: &columns, rows }))
        p { (KEPT_BACK_SAYS) }
        @if let Some(before) = before {
            p { "In brackets: more or fewer than in " (months(&before.definition)) "." }
        }
    }
}

const KEPT_BACK_SAYS: &str = "Kept back: too few people, or a figure from which one of those could \
    be worked out. Totals are of people, where adding counts nobody twice.";

fn figure(figure: Figure, most: u64) -> Markup {
    let Some(told) = figure.told else { return html! { (KEPT_BACK) } };
    let mut text = told.to_string();
    if let Some(change) = figure.change {
        let _ = write!(text, " ({change:+})");
    }
    let wide = told * WIDTH / most.max(1);
    html! {
        (text)
        svg.care_share viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"
            focusable="false" {
            rect.care_bar--up x="0" y="0" width=(wide) height="8" {}
        }
    }
}

/// The report as one file.
fn alone(extract: &Extract, before: Option<&Body>) -> Markup {
    let title = title(&extract.body.definition);
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                title { (title) }
                style { (STYLE) }
            }
            body {
                (mark::shown(ken_office::mark::mark(About::Texts)))
                h1 { (title) }
                (about(extract))
                (figures(&extract.body, before))
            }
        }
    }
}

/// A table of two figures, given or not.
#[cfg(test)]
pub(super) fn sample(is_given: bool) -> Extract {
    use ken_insight::control::Protected;
    use ken_insight::define::{Definition, Dimension, Measure};
    use ken_insight::extract::{Cited, Source};

    let id: EntryId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
    let clause: ken_core::ClauseId = format!("{}#N1", "0".repeat(64)).parse().unwrap();
    let cited = Cited { agreement: "glen-planning@1".to_owned(), text: "Counts go.".to_owned() };
    let source = Source { name: "NHS Glen".to_owned(), clause: clause.clone() };
    let counted = "2026-11-23T09:00:00Z".parse().unwrap();
    let definition = Definition {
        rows: Dimension::Age,
        columns: Some(Dimension::Organisation),
        measure: Measure::People,
        from: jiff::civil::date(2026, 7, 1),
        until: jiff::civil::date(2026, 10, 1),
        rounded: false,
    };
    let figures = vec![vec![Some(40)], vec![None]];
    let body = Body {
        definition,
        why: "Care at home".to_owned(),
        sources: [("nhsl".parse().unwrap(), source)].into(),
        clauses: [(clause, cited)].into(),
        rows: vec!["0 to 4".to_owned(), "5 to 11".to_owned()],
        columns: vec!["NHS Glen".to_owned()],
        told: Protected { figures, across: None, down: Some(vec![Some(80)]), all: None },
        counted,
    };
    let by = (id.to_string().parse().unwrap(), "cec".parse().unwrap(), "ig.lead".parse().unwrap());
    Extract { id, by, made: counted, given: is_given.then_some((counted, id)), body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn before_it_is_given_no_figure_shows() {
        let shown = show(&sample(false), None, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("at most half of them, would be kept back"), "{shown}");
        assert!(!shown.contains("40") && !shown.contains("table.csv"), "{shown}");
    }

    #[test]
    fn a_table_has_bars_changes_and_what_it_rests_on() {
        let (now, mut before) = (sample(true), sample(true).body);
        before.told.figures = vec![vec![Some(43)], vec![Some(9)]];
        let shown = show(&now, Some(&before), &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        for want in ["40 (-3)", "kept back", "80 (+0)", "Counts go.", "width=\"50\""] {
            assert!(shown.contains(want), "{want} in {shown}");
        }
        let file = alone(&now, None).into_string();
        assert!(file.contains("<style>") && file.contains("Counts go."), "{file}");
        assert!(!file.contains("href=") && !file.contains("src="), "nothing beside it: {file}");
    }
}
