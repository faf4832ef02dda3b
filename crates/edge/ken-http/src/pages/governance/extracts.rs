//! `/ig/extracts`: counts for planning services together: asked for here, and listed once given.

use axum::Extension;
use axum::extract::{Form as Sent, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Span;
use jiff::civil::Date;
use ken_core::EntryId;
use ken_directory::practitioner;
use ken_insight::control::PEOPLE_MIN;
use ken_insight::define::{Definition, Dimension, MONTHS_MAX, Measure};
use ken_insight::extract::{self, Asked, Extract, WHY_MAX};
use ken_insight::{Begun, Stands};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::{Caller, organisation_name};
use crate::stop::Stop;
use crate::view::form::{Field, Form, Kind, Wrong, select, summary, tick_again};
use crate::view::table::{self, Table};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// Where the page is.
pub(crate) const ADDRESS: &str = "/ig/extracts";
const TITLE: &str = "Numbers for planning";

/// What the form carries.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    rows: String,
    #[serde(default)]
    columns: String,
    #[serde(default)]
    measure: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    rounded: String,
    #[serde(default)]
    why: String,
}

impl Wanted {
    /// What is asked for, on a day.
    fn asked(&self, today: Date) -> Result<Asked, Wrong> {
        let months = || {
            let says = format!("Enter two months as 2026-07, at most {MONTHS_MAX} apart");
            Wrong::new("from", says)
        };
        let rows = Dimension::of_code(&self.rows);
        let measure = Measure::ALL.into_iter().find(|one| one.code() == self.measure);
        let (Some(rows), Some(measure)) = (rows, measure) else {
            return Err(Wrong::new("rows", "Choose what the rows are, and what is counted"));
        };
        let until = month(&self.until).ok_or_else(months)?.saturating_add(Span::new().months(1));
        let definition = Definition {
            rows,
            columns: Dimension::of_code(&self.columns),
            measure,
            from: month(&self.from).ok_or_else(months)?,
            until,
            rounded: !self.rounded.is_empty(),
        };
        definition.check(today).map_err(|unfit| Wrong::new("from", unfit.to_string()))?;
        let why = self.why.trim();
        if why.is_empty() || why.chars().count() > WHY_MAX {
            let says = format!("Say what you plan with it, in at most {WHY_MAX} characters");
            return Err(Wrong::new("why", says));
        }
        Ok(Asked { definition, why: why.to_owned() })
    }
}

/// The first day of a month that is written as `2026-07`.
fn month(text: &str) -> Option<Date> {
    format!("{}-01", text.trim()).parse().ok()
}

/// `GET /ig/extracts`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let main = page(&app, &caller, &Wanted::default(), &[]).await?;
    Ok(caller.frame(app.site(), TITLE).at(ADDRESS).page(&main))
}

/// `POST /ig/extracts`: begins to count, and does not wait.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Response, Stop> {
    let frame = caller.frame(app.site(), TITLE).at(ADDRESS);
    let today = app.ctx(caller.request()).clock.today();
    let asked = match wanted.asked(today) {
        Ok(asked) => asked,
        Err(wrong) => {
            let main = page(&app, &caller, &wanted, &[wrong]).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, frame.page(&main)).into_response());
        }
    };
    let by = caller.acting()?;
    let what = match app.counts().begin(by) {
        Begun::Busy => "Another table is being counted. Ask for this one after it",
        Begun::Yes(place) => {
            let (at, request) = (app.clone(), caller.request());
            app.tasks().spawn(async move {
                let ctx = at.ctx(request);
                // What must end before the process stops must not keep it from stopping.
                let stops = || at.tasks().is_closed();
                place.run(at.db(), &ctx, at.keys(), (at.gate(), &asked), &stops).await;
            });
            "The table is being counted"
        }
    };
    let main = html! {
        (confirmation::done(what, "You may go on with other work meanwhile."))
        (confirmation::link_on(ADDRESS, "See how far it is"))
    };
    Ok(frame.page(&main).into_response())
}

/// An extract in the list, with whose it is.
struct Listed {
    extract: Extract,
    /// Whether the reader may open it.
    is_open: bool,
    practitioner: String,
    organisation: String,
}

async fn page(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
    wrongs: &[Wrong],
) -> Result<Markup, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| {
        let mut listed = vec![];
        for (extract, sees) in extract::list(s, &by.organisation).await? {
            let is_open = sees && extract.by.2 == by.role;
            let named = practitioner::find(s, extract.by.0).await?;
            let practitioner = named.map(|named| named.name).unwrap_or_default();
            let organisation = organisation_name(s, &extract.by.1).await?;
            listed.push(Listed { extract, is_open, practitioner, organisation });
        }
        Ok::<_, Stop>(listed)
    };
    let listed = app.db().snapshot("http.extracts", read).await?;
    let stands = app.counts().find(by);
    Ok(show((&listed, stands.as_ref()), wanted, wrongs, caller.csrf()))
}

fn show(
    (listed, stands): (&[Listed], Option<&Stands>),
    wanted: &Wanted,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    html! {
        (summary(wrongs))
        h1 { (TITLE) }
        p { "Count people, or what happened to them, over all bodies that give each other counts \
             for planning. No count tells of anybody: a number that stands for fewer than "
            (PEOPLE_MIN) " people is kept back, and so is each from which it could be worked out." }
        p { "Whoever objected or opted out is in no count, nor is anybody whose record is \
             restricted, whose address is protected or who is at risk." }
        @if let Some(stands) = stands { (stand(stands)) }
        (form(wanted, wrongs, csrf))
        (given(listed))
    }
}

/// Where the reader's own count stands.
fn stand(stands: &Stands) -> Markup {
    html! {
        h2 { "The table that you asked for" }
        @match stands {
            Stands::Runs(done) => {
                p {
                    label for="far" { (done) " per cent is done." }
                    " " progress #far value=(done) max="100" { (done) " per cent" }
                }
                p { a href=(ADDRESS) { "Look again" } }
            }
            Stands::Waits(id) => {
                p { "It is counted. " a href=(one(*id)) { "See what would be given" } "." }
            }
            Stands::NoClause => {
                p { "No agreement in force gives counts to your role. Nothing was counted." }
            }
            Stands::Overlaps(_) => {
                p { "Another table over some of these months was given. Two tables of the same \
                     months could be subtracted from each other, so only that one is given. Ask \
                     for the same table again, or for other months." }
            }
            Stands::Failed(code) => {
                p { "It could not be counted: " code { (code) } ". Ask for it again." }
            }
        }
    }
}

/// The address of one extract.
pub(crate) fn one(id: EntryId) -> String {
    format!("{ADDRESS}/{id}")
}

fn form(wanted: &Wanted, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let option = |code: &str, title: &str| (code.to_owned(), title.to_owned());
    let dimensions: Vec<_> =
        Dimension::ALL.into_iter().map(|one| option(one.code(), one.title())).collect();
    let mut columns = vec![option("", "One column")];
    columns.extend(dimensions.iter().cloned());
    let measures: Vec<_> =
        Measure::ALL.into_iter().map(|one| option(one.code(), one.title())).collect();
    let month = |id, label, value| {
        let field = Field::text(id, label, value).hinted("For example 2026-07");
        field.holding(Kind::Code, "off").show(wrongs)
    };
    let fields = html! {
        (select("rows", "Rows", &dimensions, &wanted.rows))
        (select("columns", "Columns", &columns, &wanted.columns))
        (select("measure", "What is counted", &measures, &wanted.measure))
        (month("from", "First month", &wanted.from))
        (month("until", "Last month", &wanted.until))
        (tick_again("rounded", "Round every figure to the nearest five",
            !wanted.rounded.is_empty(), wrongs))
        (Field::long("why", "What do you plan with it?", &wanted.why)
            .hinted("It is listed with the table. Name nobody.").show(wrongs))
    };
    let form = Form { action: ADDRESS, csrf, button: "Count it", hidden: &[] };
    html! { h2 { "Ask for a table" } (form.post(&fields)) }
}

fn given(listed: &[Listed]) -> Markup {
    let rows: Vec<_> = listed.iter().map(row).collect();
    let columns = &["Table", "Months", "Asked by", "What for", "By which clause", "Given"];
    let caption = "Given to your organisation, or of its records";
    html! {
        h2 { "Tables that were given" }
        @if rows.is_empty() {
            p { "None yet." }
        } @else {
            (table::show(&Table { id: "given", caption, columns, rows }))
        }
    }
}

fn row(listed: &Listed) -> Vec<Markup> {
    let Extract { id, by, given, body, .. } = &listed.extract;
    let (role, when) = (words::role(by.2.as_str()), given.map(|(when, _)| when));
    vec![
        html! {
            @if listed.is_open { a href=(one(*id)) { (title(&body.definition)) } }
            @else { (title(&body.definition)) }
        },
        html! { (months(&body.definition)) },
        html! { (listed.practitioner) ", " (role) ", " (listed.organisation) },
        html! { (body.why) },
        html! { @for cited in body.clauses.values() { p { (cited.agreement) ": " (cited.text) } } },
        html! { @if let Some(when) = when { (words::moment_short(when)) } },
    ]
}

/// What a table tells, in a few words.
pub(crate) fn title(definition: &Definition) -> String {
    let lower = |dimension: Dimension| dimension.title().to_lowercase();
    let rows = lower(definition.rows);
    let columns = definition.columns.map(|one| format!(" and {}", lower(one))).unwrap_or_default();
    format!("{} by {rows}{columns}", definition.measure.title())
}

/// Its months.
pub(crate) fn months(definition: &Definition) -> String {
    let last = definition.until.saturating_sub(Span::new().days(1));
    let (from, until) = (words::month_of(definition.from), words::month_of(last));
    if from == until { from } else { format!("{from} to {until}") }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::pages::governance::extract::sample;
    use crate::view::rules;

    fn wanted() -> Wanted {
        let text = |text: &str| text.to_owned();
        Wanted {
            rows: text("age"),
            columns: text("organisation"),
            measure: text("people"),
            from: text("2026-07"),
            until: text("2026-09"),
            rounded: String::new(),
            why: text("Care at home"),
        }
    }

    #[test]
    fn months_are_whole_and_over_and_a_reason_is_given() {
        let today = date(2026, 11, 23);
        let asked = wanted().asked(today).unwrap().definition;
        assert_eq!((asked.from, asked.until), (date(2026, 7, 1), date(2026, 10, 1)));
        assert_eq!(months(&asked), "July 2026 to September 2026");
        let check = |change: fn(&mut Wanted), field: &str| {
            let mut wanted = wanted();
            change(&mut wanted);
            assert_eq!(wanted.asked(today).unwrap_err().field, field, "{wanted:?}");
        };
        check(|wanted| wanted.rows.clear(), "rows");
        check(|wanted| wanted.from = "2026-13".to_owned(), "from");
        check(|wanted| wanted.until = "2026-11".to_owned(), "from");
        check(|wanted| wanted.columns = "age".to_owned(), "from");
        check(|wanted| wanted.why = " ".to_owned(), "why");
    }

    #[test]
    fn the_page_says_how_it_stands_and_what_was_given() {
        let listed = [Listed {
            extract: sample(true),
            is_open: true,
            practitioner: "Fay Governs".to_owned(),
            organisation: "Glen Council".to_owned(),
        }];
        let id = listed[0].extract.id;
        let stands = [
            (Stands::Runs(40), "40 per cent"),
            (Stands::Waits(id), "would be given"),
            (Stands::NoClause, "Nothing was counted"),
            (Stands::Overlaps(id), "subtracted"),
            (Stands::Failed("store.broken"), "store.broken"),
        ];
        for (stands, says) in stands {
            let shown = show((&listed, Some(&stands)), &wanted(), &[], &Csrf::of("x"));
            let shown = shown.into_string();
            rules::assert_part(&shown);
            for want in [says, "Fay Governs", "glen-planning@1", "Care at home"] {
                assert!(shown.contains(want), "{want} in {shown}");
            }
        }
    }
}
