//! `/ops/match/model`: by which model records are matched, what reviewers decided, and what another
//! model would change that is made of it. To propose one changes nothing that is matched.
//!
//! Of reviewers it tells how many there are, and the reader how they themselves did: nobody reads
//! here how another did.

use axum::Extension;
use axum::extract::State as Of;
use ken_person::learning::{self, Evidence, GOLD_LEAST, GOLD_RIGHT, Heard, Proof, Proposed};
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::pages::matching::{self, Models};
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::{confirmation, facts, words};
use crate::wire::csrf::Csrf;

/// `GET /ops/match/model`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    page(&app, &caller, None).await
}

/// `POST /ops/match/model`: proposes another.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let with = (app.keys(), app.index());
    let proposed = learning::propose(app.db(), &ctx, with, by).await?;
    let told = if proposed.is_some() {
        "A model is proposed. Nothing is matched by it until two signatories have signed it."
    } else {
        "Nothing that counts so far would make a model other than the one in use."
    };
    page(&app, &caller, Some(told)).await
}

async fn page(app: &App, caller: &Caller, told: Option<&str>) -> Result<Markup, Stop> {
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((matching::read(s, app.index()).await?, Evidence::read(s).await?))
    };
    let (models, evidence) = app.db().snapshot("http.model", read).await?;
    let decided = (evidence.heard(), evidence.proof(by.practitioner));
    let main = show(&models, decided, told, caller.csrf());
    Ok(caller.frame(app.site(), "The matching model").at("/ops/match").page(&main))
}

/// The page's content.
fn show(models: &Models, decided: (Heard, Proof), told: Option<&str>, csrf: &Csrf) -> Markup {
    let form = Form { action: "/ops/match/model", csrf, button: "Propose a model", hidden: &[] };
    html! {
        h1 { "The matching model" }
        @if let Some(told) = told { p role="status" { strong { (told) } } }
        p {
            "Whoever comes without a number that tells who they are is compared with everybody, \
             and the model says how likely two records are one person’s. It joins nobody: whom it \
             finds likely waits for a reviewer."
        }
        h2 { "In use" }
        (matching::in_use(models))
        h2 { "What reviewers decided" }
        (learnt(decided))
        h2 { "A proposed model" }
        @match &models.open {
            Some(open) => (proposed(open, models)),
            None => p { "None is proposed." },
        }
        p {
            "To propose one reads what was decided and stands, and tells what would change. \
             Another that was proposed before and is not signed by two falls."
        }
        (form.small(&html! {}))
        (confirmation::link_on("/ops/match", "Back to the queue"))
    }
}

fn learnt((heard, own): (Heard, Proof)) -> Markup {
    let yours = if own.known == 0 {
        "None yet".to_owned()
    } else {
        format!("{} of {} right", own.right, own.known)
    };
    html! {
        (facts::list(&[
            ("Answers that stand", html! { (heard.answers) }),
            ("Reviewers who gave them", html! { (heard.reviewers) }),
            ("Of these, heard", html! { (heard.proved) }),
            ("Your own, on pairs of known truth", html! { (yours) }),
        ]))
        p {
            "A reviewer is heard who has answered " (GOLD_LEAST) " pairs of known truth, "
            (GOLD_RIGHT) " in a hundred of them rightly. Such pairs stand among the others, and \
             nobody can tell which they are. How another did is shown to nobody."
        }
    }
}

fn proposed(open: &Proposed, models: &Models) -> Markup {
    html! {
        p { "Proposed on " (words::moment_short(open.made)) "." }
        p { "Identity: " code.care_code { (open.hash) } }
        (matching::signatures(&models.adopting))
        p { "It is signed under “Matching model” in information governance." }
        (matching::report(&open.report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::matching::tests::change;
    use crate::view::rules;

    #[test]
    fn it_tells_of_the_reader_alone_and_of_nobody_else() {
        let open = Proposed {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            hash: "ab".repeat(32),
            report: learning::Report { changes: vec![change(40.0, 60.0)], ..Default::default() },
            made: "2026-11-21T09:14:00Z".parse().unwrap(),
            by: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
        };
        let at = "2026-11-21T10:14:00Z".parse().unwrap();
        let mut models = Models {
            in_use: None,
            open: None,
            adopting: vec![("Fay Governs".to_owned(), at)],
            withdrawing: vec![],
            held: None,
            refused: None,
        };
        let heard = Heard { answers: 40, reviewers: 3, proved: 2 };
        let shown = show(&models, (heard, Proof::default()), None, &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("None is proposed") && shown.contains("None yet"));
        models.open = Some(open);
        let own = Proof { known: 8, right: 7 };
        let shown = show(&models, (heard, own), Some("Done."), &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("7 of 8 right") && shown.contains("Fay Governs"), "{shown}");
    }
}
