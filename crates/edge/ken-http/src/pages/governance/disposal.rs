//! `/ig/disposal`: what has been kept long enough, asked for by one officer and confirmed by
//! another; and `/ig/disposal/{disposal}`, where it is confirmed and its certificate stands.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ken_core::{EntryId, PractitionerId};
use ken_directory::practitioner;
use ken_office::disposal::{
    self, Certificate, Disposal, Planned, REMOVED_MAX, RecordSet, Refusal, WAITS,
};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::form::{Form, Wrong, summary, tick};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, confirmation, words};
use crate::wire::csrf::Csrf;

/// Where the page is.
const ADDRESS: &str = "/ig/disposal";

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    set: String,
    /// `ask`, `hold` or `release`.
    #[serde(default)]
    step: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    sure: String,
}

fn set_says(set: RecordSet) -> &'static str {
    match set {
        RecordSet::HeldMessages => "Messages that were held and are closed",
        RecordSet::Findings => "Findings of the audit that are closed",
        RecordSet::Breaches => "Breaches that are closed",
    }
}

fn rule_says(set: RecordSet) -> String {
    let years = set.kept_days() / 365;
    let unit = if years == 1 { "year" } else { "years" };
    format!("Kept for {years} {unit} after it is closed.")
}

/// `GET /ig/disposal`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    listed(&app, &caller, &[]).await
}

/// `POST /ig/disposal`: asks for a disposal, holds a set back, or ends the hold.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let set = RecordSet::of_code(&filled.set).ok_or(Stop::NotFound)?;
    let (db, keys) = (app.db(), app.keys());
    let done = match filled.step.as_str() {
        "ask" => {
            let asked = disposal::ask(db, &ctx, keys, by, set).await?;
            asked.map(|_| "A second officer of your organisation confirms it now")
        }
        "hold" => {
            let reason = Some(filled.reason.as_str());
            let held = disposal::hold(db, &ctx, keys, by, (set, reason)).await?;
            held.map(|()| "Nothing of it is removed until the hold ends")
        }
        "release" => {
            let free = disposal::hold(db, &ctx, keys, by, (set, None)).await?;
            free.map(|()| "The hold has ended")
        }
        _ => return Err(Stop::NotFound),
    };
    let main = match done {
        Ok(what) => html! {
            (confirmation::done(what, "It stands on the ledger with your name."))
            (confirmation::link_on(ADDRESS, "Back to disposal"))
        },
        Err(refusal) => {
            let page = listed(&app, &caller, &[told(refusal)]).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    Ok(frame(&app, &caller, &main).into_response())
}

/// `GET /ig/disposal/{disposal}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let shown = read(&app, &caller, &id).await?;
    Ok(frame(&app, &caller, &show_one(&shown, &[], caller.csrf())))
}

/// `POST /ig/disposal/{disposal}`: the second officer confirms, and it is done.
pub(crate) async fn post_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let shown = read(&app, &caller, &id).await?;
    let wrong = |wrong: Wrong| {
        let main = show_one(&shown, &[wrong], caller.csrf());
        (StatusCode::UNPROCESSABLE_ENTITY, frame(&app, &caller, &main)).into_response()
    };
    if filled.sure != "yes" {
        return Ok(wrong(Wrong::new("sure", "Tick that it may be removed for good")));
    }
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let done = disposal::confirm(app.db(), &ctx, app.keys(), by, shown.one.id).await?;
    if let Err(refusal) = done {
        return Ok(wrong(told(refusal)));
    }
    let main = html! {
        (confirmation::done("It is removed", "The certificate stands on the ledger."))
        (confirmation::link_on(&format!("{ADDRESS}/{}", shown.one.id), "Read the certificate"))
    };
    Ok(frame(&app, &caller, &main).into_response())
}

fn frame(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Disposal").at("/ig/registers/asset").page(main)
}

/// What to put right.
fn told(refusal: Refusal) -> Wrong {
    let says = match refusal {
        Refusal::Nothing => "Nothing of this is due any more",
        Refusal::Held => "This is held back: end the hold first",
        Refusal::Waits => "A disposal of this waits for its second officer already",
        Refusal::Own => "You asked for this: somebody else of your organisation confirms it",
        Refusal::Unknown => "This is done already, or waited too long: ask for it again",
        Refusal::NoReason => "Say why it is held back, in a sentence",
    };
    Wrong::new("sets", says)
}

async fn listed(app: &App, caller: &Caller, wrongs: &[Wrong]) -> Result<Markup, Stop> {
    let (ctx, own) = (app.ctx(caller.request()), &caller.acting()?.organisation);
    let now = ctx.clock.now();
    let read = async |s: &mut Snapshot| {
        Ok::<_, Stop>((disposal::plan(s, own, now).await?, disposal::list(s, own).await?))
    };
    let (planned, all) = app.db().snapshot("http.disposal", read).await?;
    Ok(frame(app, caller, &show(&planned, &all, (now, wrongs), caller.csrf())))
}

fn show(
    planned: &[Planned],
    all: &[Disposal],
    (now, wrongs): (Timestamp, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let sets: Vec<_> = planned.iter().map(|one| set_of(one, csrf)).collect();
    let waiting: Vec<_> = all.iter().filter(|one| waits(one, now)).map(card_of).collect();
    let done: Vec<_> = all.iter().filter(|one| one.done.is_some()).map(card_of).collect();
    let panel = |id, heading: &str, cards: Vec<Markup>, nothing: &str| {
        let state = if cards.is_empty() {
            let caution = "Nothing is removed by itself.".into();
            State::Nothing { looked: nothing.into(), caution }
        } else {
            State::Content { shown: card::cards(false, &cards), from: None }
        };
        panel::show(&Panel { id, heading: heading.into(), open: true, state })
    };
    html! {
        (summary(wrongs))
        h1 { "Disposal" }
        p { "What has been kept long enough is counted here, and removed when two officers say \
             so. You see how much, never what or whose. At most " (REMOVED_MAX) " at a time." }
        (panel("sets", "What the rules say", sets, ""))
        (panel("waiting", "To confirm", waiting, "No disposal waits for a second officer."))
        (panel("done", "Certificates", done, "Nothing of your organisation was disposed of."))
        p { "These rules are of Ken. The shared record itself, and the ledger, have no such rule \
             yet: nothing removes them." }
    }
}

/// Whether a disposal can still be confirmed.
fn waits(one: &Disposal, now: Timestamp) -> bool {
    one.done.is_none() && now.duration_since(one.asked) < WAITS
}

/// What a second officer is waited for, for the list of what is due; nothing where there is none.
pub(super) fn to_be_confirmed(all: &[Disposal], now: Timestamp) -> Markup {
    let waiting: Vec<_> = all.iter().filter(|one| waits(one, now)).map(card_of).collect();
    html! {
        @if !waiting.is_empty() {
            h2 { "Disposals to confirm" }
            (card::cards(false, &waiting))
        }
    }
}

fn set_of(one: &Planned, csrf: &Csrf) -> Markup {
    let code = |step: &str| [("set", one.set.code().to_owned()), ("step", step.to_owned())];
    let (ask, hold, release) = (code("ask"), code("hold"), code("release"));
    let form = |button, hidden| Form { action: ADDRESS, csrf, button, hidden };
    let name = set_says(one.set).to_lowercase();
    let (asks, holds, ends) = (
        format!("Ask to remove {name}"),
        format!("Hold back {name}"),
        format!("End the hold on {name}"),
    );
    html! {
        h3 { (set_says(one.set)) }
        p {
            (rule_says(one.set)) " "
            @if one.due == 0 { "None is due." }
            @else { (facts::tag(&format!("{} due", one.due), Tone::Warn)) }
        }
        @if let Some((reason, since)) = &one.hold {
            p { (facts::tag("Held back", Tone::Warn)) " since " (words::moment_short(*since))
                ": " (reason) }
            (form(&ends, &release[..]).small(&html! {}))
        } @else {
            @if one.due > 0 { (form(&asks, &ask[..]).small(&html! {})) }
            details {
                summary { "It must be kept for longer" }
                (form(&holds, &hold[..]).small(&html! {
                    p { "Why: a claim, an inquiry, your own schedule. Name no person." }
                    input type="text" name="reason" aria-label={ "Why you hold back " (name) }
                        maxlength="200";
                }))
            }
        }
    }
}

fn card_of(one: &Disposal) -> Markup {
    html! {
        h3 { a href={ (ADDRESS) "/" (one.id) } {
            (set_says(one.set)) ", " (words::moment_short(one.asked))
        } }
        p {
            @match &one.done {
                Some(done) => { (done.removed) " removed " (words::moment_short(done.at)) "." }
                None => { (one.counted) " counted; not confirmed yet." }
            }
        }
    }
}

/// One disposal, read.
struct Shown {
    one: Disposal,
    own: PractitionerId,
    now: Timestamp,
    asked_by: String,
    confirmed_by: String,
    certificate: Option<Certificate>,
}

async fn read(app: &App, caller: &Caller, id: &str) -> Result<Shown, Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let by = caller.acting()?;
    let now = app.ctx(caller.request()).clock.now();
    let read = async |s: &mut Snapshot| {
        let one = disposal::find(s, &by.organisation, id).await?.ok_or(Stop::NotFound)?;
        let of = (&by.organisation, &one);
        let certificate = disposal::certificate(s, app.keys(), of).await?;
        let asked_by = name(s, one.asked_by).await?;
        let confirmed_by = match &one.done {
            Some(done) => name(s, done.by).await?,
            None => String::new(),
        };
        Ok::<_, Stop>(Shown { one, own: by.practitioner, now, asked_by, confirmed_by, certificate })
    };
    app.db().snapshot("http.one-disposal", read).await
}

async fn name(s: &mut Snapshot, id: PractitionerId) -> Result<String, Stop> {
    Ok(practitioner::find(s, id).await?.map(|found| found.name).unwrap_or_default())
}

fn show_one(shown: &Shown, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let one = &shown.one;
    let mut told = vec![
        ("What", html! { (set_says(one.set)) }),
        ("Rule", html! { (rule_says(one.set)) " " code { (one.rule) } }),
        ("Closed before", html! { (words::moment_short(one.before)) }),
        ("Counted", html! { (one.counted) }),
        ("Asked for by", html! { (shown.asked_by) ", " (words::moment_short(one.asked)) }),
    ];
    if let Some(done) = &one.done {
        told.push(("Removed", html! { (done.removed) }));
        let by = html! { (shown.confirmed_by) ", " (words::moment_short(done.at)) };
        told.push(("Confirmed by", by));
        told.push(("Entry of the ledger", html! { code { (done.entry) } }));
    }
    html! {
        (summary(wrongs))
        h1 #sets {
            @if one.done.is_some() { "Certificate of disposal" }
            @else { "Confirm a disposal" }
        }
        (facts::list(&told))
        @match shown.certificate {
            Some(certificate) => (stands(certificate)),
            None => (to_confirm(shown, wrongs, csrf)),
        }
        p { a href=(ADDRESS) { "All disposals" } }
    }
}

/// What the ledger says of the certificate.
fn stands(certificate: Certificate) -> Markup {
    html! {
        @match certificate {
            Certificate::Stands(Some(leaf)) => p {
                (facts::tag("The ledger says the same", Tone::Good))
                " It is leaf " (leaf) " of the log."
            }
            Certificate::Stands(None) => p {
                (facts::tag("The ledger says the same", Tone::Good))
                " It is not sealed yet: look again in a minute."
            }
            Certificate::Differs => p {
                (facts::tag("The ledger does not say this", Tone::Bad))
                " Do not rely on this certificate, and tell those who run Ken."
            }
        }
        p { "Rows are removed, and the keys of what was sealed are destroyed, also after a \
             restore. A backup that is older still holds rows until it is destroyed itself. What \
             the ledger said of these things stays." }
    }
}

fn to_confirm(shown: &Shown, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let action = format!("{ADDRESS}/{}", shown.one.id);
    let form = Form { action: &action, csrf, button: "Remove it for good", hidden: &[] };
    html! {
        @if !waits(&shown.one, shown.now) {
            p { "This waited too long. Ask for it again, so that it is counted anew." }
        } @else if shown.own == shown.one.asked_by {
            p { "You asked for this. Somebody else of your organisation confirms it." }
        } @else {
            (form.post(&tick("sure", "What is counted here may be removed. I know of no claim, \
                inquiry or request for which it must be kept.", wrongs)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    const ONE: &str = "0190163d-8694-739b-aea5-966c26f8ad90";
    const OTHER: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    fn disposal(is_done: bool) -> Disposal {
        let at: Timestamp = "2027-06-01T09:00:00Z".parse().unwrap();
        let done = disposal::Done {
            by: OTHER.parse().unwrap(),
            at,
            removed: 11,
            entry: ONE.parse().unwrap(),
        };
        Disposal {
            id: ONE.parse().unwrap(),
            set: RecordSet::Findings,
            rule: RecordSet::Findings.rule(),
            before: at,
            counted: 12,
            asked_by: ONE.parse().unwrap(),
            asked: at,
            done: is_done.then_some(done),
        }
    }

    #[test]
    fn only_a_second_officer_is_offered_the_button() {
        let check =
            |own: &str, now: &str, certificate: Option<Certificate>, want: &[&str], button| {
                let shown = Shown {
                    one: disposal(certificate.is_some()),
                    own: own.parse().unwrap(),
                    now: now.parse().unwrap(),
                    asked_by: "Ann <First>".into(),
                    confirmed_by: "Bea Second".into(),
                    certificate,
                };
                let page = show_one(&shown, &[told(Refusal::Held)], &Csrf::of("x")).into_string();
                rules::assert_part(&page);
                assert_eq!(page.contains("Remove it for good"), button, "{page}");
                for want in want {
                    assert!(page.contains(want), "{want}: {page}");
                }
            };
        let soon = "2027-06-02T09:00:00Z";
        check(ONE, soon, None, &["You asked for this", "Ann &lt;First&gt;"], false);
        check(OTHER, soon, None, &["Confirm a disposal"], true);
        check(OTHER, "2027-08-01T09:00:00Z", None, &["waited too long"], false);
        let stands = Some(Certificate::Stands(Some(77)));
        check(OTHER, soon, stands, &["Certificate of disposal", "leaf 77", "Bea Second"], false);
        check(OTHER, soon, Some(Certificate::Differs), &["does not say this"], false);
    }

    #[test]
    fn each_set_says_its_rule_and_what_is_due() {
        let now: Timestamp = "2027-06-02T09:00:00Z".parse().unwrap();
        let one = |set, due, hold: Option<&str>| Planned {
            set,
            due,
            hold: hold.map(|why| (why.to_owned(), now)),
        };
        let planned = [
            one(RecordSet::HeldMessages, 3, None),
            one(RecordSet::Findings, 0, None),
            one(RecordSet::Breaches, 2, Some("An <inquiry>")),
        ];
        let all = [disposal(false), disposal(true)];
        let wrongs = [told(Refusal::NoReason)];
        let due = to_be_confirmed(&all, now).into_string();
        assert_eq!(due.matches("not confirmed yet").count(), 1, "{due}");
        assert_eq!(to_be_confirmed(&all[1..], now).into_string(), "", "one that is done");
        let page = show(&planned, &all, (now, &wrongs), &Csrf::of("x")).into_string();
        rules::assert_part(&page);
        for want in ["3 due", "None is due", "An &lt;inquiry&gt;", "1 year", "11 removed"] {
            assert!(page.contains(want), "{want}: {page}");
        }
        assert_eq!(page.matches("Ask to remove").count(), 1, "{page}");
        rules::assert_part(&show(&[], &[], (now, &[]), &Csrf::of("x")).into_string());
    }
}
