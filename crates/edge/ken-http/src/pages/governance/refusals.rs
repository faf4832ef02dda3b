//! `/ig/refusals`: what was refused lately, to one's own organisation and of its records, and what
//! stood in the way; beside it what the organisation must share, whoever asks or not.
//!
//! It names organisations, roles and clauses. No person, nobody who asked, and no number that
//! could stand for one person is on it.

use axum::Extension;
use axum::extract::State as Of;
use ken_agreement::{Clause, Instrument, Modality};
use ken_core::{Category, ClauseId, OrganisationId};
use ken_office::refusals::{self, ASKS_MIN, DAYS, Obstacle, Refused};
use ken_sharing::bundle::Admitted;
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::ask::{self, Names};
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::words;

/// Where the page is.
const ADDRESS: &str = "/ig/refusals";

/// `GET /ig/refusals`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let own = caller.acting()?.organisation.clone();
    let today = app.ctx(caller.request()).clock.today();
    let read = async |s: &mut Snapshot| {
        let refused = refusals::lately(s, &own, today).await?;
        Ok::<_, Stop>((refused, ask::names_in(s).await?))
    };
    let (refused, names) = app.db().snapshot("http.refusals", read).await?;
    let all = super::all(&app, &caller).await?;
    let main = show(&Shown { own: &own, refused: &refused, names: &names, all: &all });
    Ok(caller.frame(app.site(), "What was refused").at(ADDRESS).page(&main))
}

/// What the page shows.
struct Shown<'a> {
    own: &'a OrganisationId,
    refused: &'a [Refused],
    names: &'a Names,
    all: &'a [Admitted],
}

fn show(shown: &Shown<'_>) -> Markup {
    let of = |mine: bool| {
        let lines = shown.refused.iter().filter(|one| (one.sort.asker.0 == *shown.own) == mine);
        lines.collect::<Vec<_>>()
    };
    html! {
        h1 { "What was refused" }
        p { "Asks that were refused in the last " (DAYS) " days, counted. A refusal protects \
             somebody, or shows that an agreement lacks something: take it to the agreement's \
             lead, or " a href="/ig/drafts" { "draft a clause" } " and "
             a href="/ig/replay" { "try it on what was asked" } "." }
        (panel("asked", "Asked by your organisation", shown, &of(true)))
        (panel("ours", "Asked for your organisation's records", shown, &of(false)))
        p { "A number under " (ASKS_MIN) " is not told: it could stand for one person. What a \
             person's own record says is never told apart. Decisions are counted a few minutes \
             after they are taken." }
        (duties(shown))
    }
}

fn panel(id: &'static str, heading: &str, shown: &Shown<'_>, lines: &[&Refused]) -> Markup {
    let state = if lines.is_empty() {
        State::Nothing {
            looked: "No refusal was counted.".into(),
            caution: "This does not mean that everybody got what they needed: some do not ask."
                .into(),
        }
    } else {
        // A table of the panel's own name would be a second place of that name.
        let caption = format!("{heading}: what stood in the way");
        State::Content { shown: listed(id, &caption, shown, lines), from: None }
    };
    panel::show(&Panel { id, heading: heading.to_owned(), open: true, state })
}

fn listed(id: &str, caption: &str, shown: &Shown<'_>, lines: &[&Refused]) -> Markup {
    let row = |line: &&Refused| {
        let sort = &line.sort;
        let (asker, role) = (&sort.asker.0, words::role(sort.asker.1.as_str()));
        vec![
            html! { (role) ", " (compose::name_of(shown.names, asker)) },
            html! { (compose::name_of(shown.names, &sort.source)) },
            html! { (words::purpose(&sort.purpose)) },
            html! { (sort.obstacle.says()) },
            what(shown, sort.obstacle, &sort.what),
            html! {
                @match line.asks {
                    Some(asks) => { (asks) }
                    None => { "Fewer than " (ASKS_MIN) }
                }
            },
        ]
    };
    let columns =
        &["Who asked", "Whose record", "What for", "What stood in the way", "By", "Asks#"];
    let rows = lines.iter().map(row).collect();
    let id = format!("{id}-table");
    table::show(&Table { id: &id, caption, columns, rows })
}

/// What an obstacle turned on, in words: the clause, the kind of information, the condition.
fn what(shown: &Shown<'_>, obstacle: Obstacle, what: &str) -> Markup {
    match obstacle {
        Obstacle::Person => html! { "Not told" },
        Obstacle::Prohibited => html! {
            @if let Some((of, one)) = clause(shown.all, what) {
                a href={ "/ig/agreements/" (of.hash()) } {
                    (of.agreement.title) ", clause " (one.id)
                }
            } @else { "A clause of an agreement that is here no more" }
        },
        Obstacle::NoClause | Obstacle::Field => html! {
            @if let Ok(category) = what.parse::<Category>() { (words::category(&category)) }
            @else { (words::spaced(what)) }
        },
        Obstacle::Standing => html! { (words::capitalised(&words::spaced(what))) },
        Obstacle::Require => html! { code { (what) } },
    }
}

/// The clause that a policy's id names.
fn clause<'a>(all: &'a [Admitted], id: &str) -> Option<(&'a Instrument, &'a Clause)> {
    let id: ClauseId = id.parse().ok()?;
    all.iter().find_map(|of| {
        let hash = of.instrument.hash();
        let is = |one: &&Clause| Instrument::cite(&hash, &one.id) == id;
        Some((&of.instrument, of.instrument.clauses.iter().find(is)?))
    })
}

/// What the organisation must share, of every text that it has signed and that nothing replaces.
fn duties(shown: &Shown<'_>) -> Markup {
    let signed = |of: &&Admitted| of.register.signed.contains(shown.own) && !of.register.superseded;
    let own = |of: &Admitted| of.instrument.party(shown.own).cloned();
    let musts = |of: &Admitted| {
        let Some(party) = own(of) else { return vec![] };
        let is = |one: &&Clause| one.modality == Modality::Must && one.from.may_be(&party);
        let row = |one: &Clause| {
            let by = one.deadline.as_deref().map_or("At once".to_owned(), words::deadline);
            vec![
                html! { (one.text) },
                html! {
                    a href={ "/ig/agreements/" (of.instrument.hash()) } {
                        (of.instrument.agreement.title) ", clause " (one.id)
                    }
                },
                html! { (by) },
            ]
        };
        of.instrument.clauses.iter().filter(is).map(row).collect()
    };
    let rows: Vec<Vec<Markup>> = shown.all.iter().filter(signed).flat_map(musts).collect();
    let columns = &["Duty", "Clause", "By when"];
    let table = Table { id: "musts", caption: "Duties to share", columns, rows };
    html! {
        h2 { "What your organisation must share" }
        p { "What is refused is one half. These clauses do not say may, but must; a duty that was \
             not met in time stands on " a href="/ig" { "what is due" } "." }
        @if table.rows.is_empty() {
            p { "No text that your organisation has signed gives it a duty to share." }
        } @else {
            (table::show(&table))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ken_agreement::status::Register;
    use ken_office::refusals::Sort;

    use super::*;
    use crate::view::rules;

    fn refused(asker: &str, source: &str, why: (Obstacle, &str), asks: Option<usize>) -> Refused {
        let (obstacle, what) = (why.0, why.1.to_owned());
        let sort = Sort {
            asker: (asker.parse().unwrap(), "sw.duty".parse().unwrap()),
            source: source.parse().unwrap(),
            purpose: "direct-care".parse().unwrap(),
            obstacle,
            what,
        };
        Refused { sort, asks }
    }

    #[test]
    fn a_refusal_names_its_clause_and_duties_stand_beside_it() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let id = |text: &str| -> OrganisationId { text.parse().unwrap() };
        let names = BTreeMap::from([(id("nhsl"), "NHS Glen".to_owned())]);
        let forbids = format!("{}#P1", of.hash());
        let lines = [
            refused("police", "nhsl", (Obstacle::Prohibited, &forbids), Some(12)),
            refused("police", "cec", (Obstacle::Person, ""), None),
            refused("cec", "police", (Obstacle::Require, "age>=16"), Some(7)),
        ];
        let signed = [id("police"), id("cec")].into();
        let register = Register { signed, ..Register::default() };
        let all = [Admitted { instrument: of.clone(), register }];
        let page = |own: &str, refused: &[Refused]| {
            let own = id(own);
            let shown = Shown { own: &own, refused, names: &names, all: &all };
            let page = show(&shown).into_string();
            rules::assert_part(&page);
            page
        };
        let police = page("police", &lines);
        for said in ["NHS Glen", "clause P1", ">12<", "Fewer than 5", "Not told", "age&gt;=16"] {
            assert!(police.contains(said), "{said}: {police}");
        }
        let must = of.clauses.iter().find(|one| one.modality == Modality::Must).unwrap();
        assert!(police.contains(&must.text), "{police}");
        let by = must.deadline.as_deref().map(words::deadline);
        assert!(by.is_none_or(|by| police.contains(&by)), "{police}");
        let nobody = page("nhsl", &[]);
        assert_eq!(nobody.matches("No refusal was counted").count(), 2);
        assert!(nobody.contains("gives it a duty"), "it has not signed: {nobody}");
    }
}
