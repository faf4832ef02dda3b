//! What the pages of lists say, in each of their states.

use ken_core::RequestId;
use ken_office::seeding::{Far, HELD, Kept, Looked, Stands};
use ken_person::seeding::{List, ROWS_MAX};
use maud::{Markup, html};

use super::{ADDRESS, Brought, Filled, address};
use crate::view::confirmation;
use crate::view::facts;
use crate::view::form::{Field, Form, Wrong, summary};
use crate::view::table::{self, Table};
use crate::wire::csrf::Csrf;

/// What the forms of a list ask for.
pub(super) const GIVE: &str = "give";
pub(super) const FILE: &str = "file";
pub(super) const FORGET: &str = "forget";

/// Most rows that are named; the file names all. House policy: whoever has more mends the cause.
const ROWS_NAMED: usize = 100;

/// The form that brings a list.
pub(super) fn bring(brought: &Brought, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let form = Form { action: ADDRESS, csrf, button: "See what would be found", hidden: &[] };
    let most = format!(
        "From a spreadsheet: copy the cells, or save as CSV and paste that. The first line names \
         the columns. At most {ROWS_MAX} rows."
    );
    html! {
        (summary(wrongs))
        h1 { "Numbers for a list of your organisation" }
        p {
            "Bring a list of the people whom your organisation knows, and have the CHI number of \
             each who is surely known here. You see first how many that is. Nothing is kept \
             before you say so."
        }
        p {
            "The list is held for " (HELD.as_mins()) " minutes after the last work on it, in this \
             server's memory alone. Every look at somebody is on their ledger."
        }
        (form.post(&html! {
            (Field::text("system", "The system that your own numbers are from", &brought.system)
                .hinted("As it sends them, for example urn:glen:seemis.")
                .show(wrongs))
            (Field::text("column", "The column with your own numbers", &brought.column)
                .hinted("Only where it is not called “id”.")
                .show(wrongs))
            (Field::rows("text", "The list", brought.text.reveal()).hinted(&most).show(wrongs))
        }))
        (back())
    }
}

/// A list, wherever it stands.
pub(super) fn one(
    id: RequestId,
    (list, stands): (&List, &Stands),
    filled: &Filled,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    match stands {
        Stands::Runs(far) => runs(id, *far),
        Stands::Failed(code) => failed(code),
        Stands::Done(looked) => match &looked.kept {
            None => found(id, (list, looked), filled, wrongs, csrf),
            Some(kept) => given(id, (list, looked), kept, csrf),
        },
    }
}

fn runs(id: RequestId, far: Far) -> Markup {
    let done = far.done.saturating_mul(100) / far.of.max(1);
    html! {
        h1 { "The list is being worked on" }
        p { "You may go on with other work, and come back to this address." }
        p {
            label for="far" { (far.done) " of " (far.of) " rows are done." }
            " " progress #far value=(done) max="100" { (done) " per cent" }
        }
        (confirmation::link_on(&address(id), "Look again"))
        (back())
    }
}

fn failed(code: &str) -> Markup {
    html! {
        h1 { "The work on the list stopped" }
        p {
            "It could not be done (" (code) "). What was given by then stays given. Bring the same \
             list again to go on; where it stops again, tell whoever runs Ken."
        }
        (confirmation::link_on(ADDRESS, "Bring a list"))
        (back())
    }
}

/// What was found, before anything is kept.
fn found(
    id: RequestId,
    (list, looked): (&List, &Looked),
    filled: &Filled,
    wrongs: &[Wrong],
    csrf: &Csrf,
) -> Markup {
    let action = address(id);
    let hidden = [("what", GIVE.to_owned())];
    let form = Form { action: &action, csrf, button: "Give these numbers", hidden: &hidden };
    html! {
        (summary(wrongs))
        h1 { "What was found of the list" }
        p { "Nothing is kept yet." }
        (counts(list, looked))
        (columns(list))
        (bad(list))
        (form.post(&html! {
            p {
                "A number that is given is theirs by the word of your organisation, too. It can \
                 be taken back. Of the rows that are not sure, those that may be somebody known \
                 go to whoever reviews identity."
            }
            (Field::long("reason", "What is this list, and why is it brought?",
                filled.reason.reveal()).show(wrongs))
        }))
        (throw_away(&action, csrf))
        (back())
    }
}

/// What was kept, and the file.
fn given(id: RequestId, (list, looked): (&List, &Looked), kept: &Kept, csrf: &Csrf) -> Markup {
    let action = address(id);
    let hidden = [("what", FILE.to_owned())];
    let form = Form { action: &action, csrf, button: "Fetch the file", hidden: &hidden };
    let next = "Fetch the file while it is here: it is not made again.";
    html! {
        (confirmation::done(&format!("{} numbers are given", kept.given), next))
        (facts::list(&[
            ("Stood there before", html! { (kept.before) }),
        ]))
        h2 { "The whole list" }
        (counts(list, looked))
        (bad(list))
        (form.post(&html! {
            p {
                "The file has the number of each row that is sure, and which check it passes. It \
                 can be lost: keep it only as long as your own system needs it. That you fetch it \
                 is on the ledger."
            }
        }))
        (throw_away(&action, csrf))
        (back())
    }
}

fn counts(list: &List, looked: &Looked) -> Markup {
    let [sure, named, open, bad] = looked.counts();
    let mended = list.rows.iter().filter(|row| row.is_mended).count();
    let mut rows = vec![
        ("Rows", html! { (looked.rows.len()) }),
        ("Sure, with a number", html! { (sure) }),
        ("Not sure: for a human, or nobody", html! { (open) }),
        ("With a number that fails its check", html! { (bad) }),
    ];
    if named > 0 {
        let says = "Sure, and no number may be held: a name between bodies in its stead";
        rows.push((says, html! { (named) }));
    }
    if mended > 0 {
        rows.push(("Had lost a leading zero, and have it again", html! { (mended) }));
    }
    facts::list(&rows)
}

fn columns(list: &List) -> Markup {
    let row = |(field, column): &(&str, String)| {
        vec![html! { (field.replace('-', " ")) }, html! { (column) }]
    };
    let rows = list.columns.iter().map(row).collect();
    let caption = "Which column was read as what";
    let table = Table { id: "columns", caption, columns: &["Read as", "Column"], rows };
    html! {
        (table::show(&table))
        @if !list.unknown.is_empty() {
            p { "Nothing was read from: " (list.unknown.join(", ")) "." }
        }
    }
}

/// The rows with a number that fails its check.
fn bad(list: &List) -> Markup {
    let rows: Vec<String> = list.bad().map(|row| row.to_string()).collect();
    let more = rows.len().saturating_sub(ROWS_NAMED);
    html! {
        @if !rows.is_empty() {
            h2 { "Numbers that fail their check" }
            p {
                (if rows.len() == 1 { "In row " } else { "In rows " })
                (rows.iter().take(ROWS_NAMED).cloned().collect::<Vec<_>>().join(", "))
                @if more > 0 { ", and " (more) " more" }
                ". The line that names the columns is not counted. Put them right, or take them \
                 out, and bring these rows again."
            }
        }
    }
}

fn throw_away(action: &str, csrf: &Csrf) -> Markup {
    let hidden = [("what", FORGET.to_owned())];
    let form = Form { action, csrf, button: "Throw the list away", hidden: &hidden };
    form.small(&html! {})
}

/// The list is thrown away.
pub(super) fn forgotten() -> Markup {
    html! {
        (confirmation::done("The list is thrown away", "What was given stays given."))
        (confirmation::link_on(ADDRESS, "Bring another list"))
        (back())
    }
}

/// There is no such list here.
pub(super) fn gone() -> Markup {
    html! {
        h1 { "This list is not here" }
        p {
            "A list is thrown away " (HELD.as_mins()) " minutes after the last work on it, and \
             when the server starts again. What was given stays given: bring the list again to \
             have its file."
        }
        (confirmation::link_on(ADDRESS, "Bring a list"))
        (back())
    }
}

fn back() -> Markup {
    confirmation::link_on("/ops/match", "Back to the queue")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ken_core::identifier::Chi;
    use ken_office::seeding::Found;

    use super::*;
    use crate::view::rules;

    #[test]
    fn every_state_keeps_the_rules_and_shows_nobody() {
        let csrf = Csrf::of("x");
        let id: RequestId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let text = "id,forename,surname,chi,<size>\n1,Isla,Sample,,3\n2,Jack,Other,12,3";
        let list = List::read(text, &"cec".parse().unwrap(), ("urn:x", "")).unwrap();
        let chi = Chi::impossible(7);
        let person = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let sure = Found::Sure { person, chi: chi.clone(), probability: Some(0.999) };
        let rows = vec![sure, Found::Named("nhsl ABCD".to_owned()), Found::Open, Found::Bad];
        let looked = Looked { rows, kept: None };
        let kept = Kept { given: 1, before: 2 };
        let done = Looked { kept: Some(kept), ..looked.clone() };
        let wrongs = [Wrong::new("reason", "Say it")];
        for stands in [
            Stands::Runs(Far { done: 1, of: 2 }),
            Stands::Failed("store.broken"),
            Stands::Done(Arc::new(looked)),
            Stands::Done(Arc::new(done)),
        ] {
            let page = one(id, (&list, &stands), &Filled::default(), &wrongs, &csrf).into_string();
            rules::assert_part(&page);
            for hidden in ["Isla", "Sample", chi.reveal(), "6f1c1c1e", "ABCD", "<size>"] {
                assert!(!page.contains(hidden), "{hidden}: {page}");
            }
            let names_rows = matches!(stands, Stands::Done(_));
            assert_eq!(page.contains("In row 2."), names_rows, "{page}");
        }
        let wrongs = [Wrong::new("text", "Paste it"), Wrong::new("column", "Enter it")];
        rules::assert_part(&bring(&Brought::default(), &wrongs, &csrf).into_string());
        rules::assert_part(&forgotten().into_string());
        rules::assert_part(&gone().into_string());
    }
}
