//! `/ig/findings`: what the audit points at, and how a named officer closes it. It shows which
//! rule, who looked, when and what for; whose record it was and what it says is on no page.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ken_core::{PractitionerId, Sensitive};
use ken_directory::practitioner;
use ken_office::findings::{
    self, Close, Closing, Count, Examined, Finding, FindingId, Judgement, LIST_MAX, REASON_MAX,
    Rule, Rules,
};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Choice, Field, Form, Wrong, choices, summary};
use crate::view::panel::{self, Panel, State};
use crate::view::table::{self, Table};
use crate::view::{card, confirmation, facts, words};
use crate::wire::csrf::Csrf;

/// Where the queue is.
const ADDRESS: &str = "/ig/findings";

/// What the form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Judged {
    #[serde(default)]
    judgement: String,
    #[serde(default)]
    reason: String,
}

/// What an officer may find, in words.
const JUDGEMENTS: [(Judgement, &str, &str); 3] = [
    (Judgement::Misuse, "It was misuse", "Follow your organisation's procedure as well."),
    (Judgement::Explained, "It was explained", "There was a good reason to look."),
    (Judgement::FalseAlarm, "It was a false alarm", "The rule should not have pointed at it."),
];

/// `GET /ig/findings`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let rules = rules()?;
    let by = caller.acting()?;
    let read = async |s: &mut Snapshot| {
        let open = findings::open(s, &rules, &by.organisation, &by.role).await?;
        let mut names = BTreeMap::new();
        for finding in &open {
            names.insert(finding.practitioner, name(s, finding.practitioner).await?);
        }
        let counts = findings::counts(s, &by.organisation).await?;
        let examined = findings::examined(s).await?;
        let known = practitioner::known(s).await?;
        Ok::<_, Stop>(Shown {
            rules: &rules,
            own: by.practitioner,
            open,
            names,
            counts,
            examined,
            known,
        })
    };
    let shown = app.db().snapshot("http.findings", read).await?;
    Ok(caller.frame(app.site(), "What the audit found").at(ADDRESS).page(&show(&shown)))
}

/// `GET /ig/findings/{finding}`.
pub(crate) async fn get_one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(finding): Path<String>,
) -> Result<Markup, Stop> {
    let one = one(&app, &caller, &finding).await?;
    let main = decide(&one, &Judged::default(), &[], caller.csrf());
    Ok(caller.frame(app.site(), "Close a finding").at(ADDRESS).page(&main))
}

/// `POST /ig/findings/{finding}`.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(finding): Path<String>,
    Sent(sent): Sent<Judged>,
) -> Result<Response, Stop> {
    let one = one(&app, &caller, &finding).await?;
    let frame = caller.frame(app.site(), "Close a finding").at(ADDRESS);
    let wrong = |wrongs: &[Wrong]| {
        let page = frame.page(&decide(&one, &sent, wrongs, caller.csrf()));
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    };
    let Some(judgement) = Judgement::of_code(&sent.judgement) else {
        return Ok(wrong(&[Wrong::new("judgement", "Choose what you found")]));
    };
    let (ctx, by) = (app.ctx(caller.request()), caller.acting()?);
    let reason = Sensitive::new(sent.reason.clone());
    let close = Close { finding: one.finding.id.clone(), judgement, reason };
    match findings::close(app.db(), &ctx, app.keys(), by, &close).await? {
        Closing::Closed => {}
        Closing::NoReason => {
            let says = format!("Enter a reason of at most {REASON_MAX} characters");
            return Ok(wrong(&[Wrong::new("reason", says)]));
        }
        Closing::NotOpen | Closing::Own => return Err(Stop::NotFound),
    }
    let main = html! {
        (confirmation::done("The finding is closed", "Your name and reason are on the ledger."))
        (confirmation::link_on(ADDRESS, "Back to the list"))
    };
    Ok(frame.page(&main).into_response())
}

fn rules() -> Result<Rules, Stop> {
    Rules::shipped().map_err(|_| Stop::Fault("office.corrupt"))
}

async fn name(s: &mut Snapshot, id: PractitionerId) -> Result<String, Stop> {
    Ok(practitioner::find(s, id).await?.map(|found| found.name).unwrap_or_default())
}

/// One open finding, that is not about the reader.
async fn one(app: &App, caller: &Caller, id: &str) -> Result<One, Stop> {
    let id = FindingId::parse(id).ok_or(Stop::NotFound)?;
    let (rules, by) = (rules()?, caller.acting()?);
    let read = async |s: &mut Snapshot| {
        let found = findings::find(s, &rules, by, &id).await?;
        let found = found.filter(|one| one.practitioner != by.practitioner);
        let finding = found.ok_or(Stop::NotFound)?;
        let by = name(s, finding.practitioner).await?;
        let says = rules.find(&finding.rule).map(|rule| rule.says.clone()).unwrap_or_default();
        Ok::<_, Stop>(One { finding, by, says })
    };
    app.db().snapshot("http.finding", read).await
}

/// One finding, with its rule in words and the name of who looked.
struct One {
    finding: Finding,
    by: String,
    says: String,
}

/// What the list shows.
struct Shown<'a> {
    rules: &'a Rules,
    own: PractitionerId,
    open: Vec<Finding>,
    names: BTreeMap<PractitionerId, String>,
    counts: BTreeMap<String, Count>,
    examined: Examined,
    /// Practitioners, and those of whom it is known who they are.
    known: (i64, i64),
}

fn show(shown: &Shown<'_>) -> Markup {
    let state = if shown.open.is_empty() {
        State::Nothing {
            looked: "No finding waits.".into(),
            caution: "This does not mean that nothing was misused: rules see what they look for."
                .into(),
        }
    } else {
        let cards: Vec<_> = shown.open.iter().map(|one| listed(shown, one)).collect();
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "What the audit found" }
        p { "Rules look at every decision about a record. A finding is a question, not a verdict. \
             It names who looked, never whose record it was." }
        p { "What was said by word of mouth and no clause covered is a list of its own: "
            a href="/ig/told" { "said without a clause" } "." }
        (panel::show(&Panel { id: "findings", heading: "To close".into(), open: true, state }))
        @if i64::try_from(shown.open.len()).is_ok_and(|many| many >= LIST_MAX) {
            p { "The list ends here: close these first." }
        }
        (told_of_rules(shown))
    }
}

fn listed(shown: &Shown<'_>, one: &Finding) -> Markup {
    let says = shown.rules.find(&one.rule).map(|rule| rule.says.as_str()).unwrap_or_default();
    let by = shown.names.get(&one.practitioner).map(String::as_str).unwrap_or_default();
    html! {
        h3 { (by) ", " (words::day_short(one.day)) }
        p { (says) }
        p { (times(one)) " For: " (words::purpose(&one.purpose)) "." }
        @if one.practitioner == shown.own {
            p { "This is about you. Somebody else must close it." }
        } @else {
            p { a href={ (ADDRESS) "/" (one.id.as_str()) } {
                "Close the finding of " (words::moment_short(one.first))
            } }
        }
    }
}

/// When, how often, and what came of it.
fn times(one: &Finding) -> String {
    let outcome = match one.outcome.as_str() {
        "permit" => "It was permitted",
        "need" => "Words were asked for",
        _ => "It was refused",
    };
    let first = words::moment_short(one.first);
    match one.looks {
        1 => format!("{outcome}, once, on {first}."),
        many => {
            format!("{outcome}, {many} entries, from {first} to {}.", words::moment_short(one.last))
        }
    }
}

fn told_of_rules(shown: &Shown<'_>) -> Markup {
    let row = |rule: &Rule| {
        let count = shown.counts.get(rule.id()).copied().unwrap_or_default();
        let missing: Vec<_> =
            rule.needs.iter().filter(|need| !need.is_held()).map(|need| need.says()).collect();
        let runs = if missing.is_empty() {
            "Runs".to_owned()
        } else {
            format!("Does not run: Ken has no register of {}", missing.join(" or "))
        };
        vec![
            html! { (rule.says) },
            html! { (runs) },
            html! { (rule.threshold) },
            html! { (count.open) },
            html! { (count.misuse) },
            html! { (count.explained) },
            html! { (count.false_alarm) },
        ]
    };
    let columns =
        &["Rule", "State", "Speaks from#", "Open#", "Misuse#", "Explained#", "False alarms#"];
    let rows = shown.rules.all().iter().map(row).collect();
    let table = Table { id: "rules", caption: "The rules, and what became of them", columns, rows };
    let (all, known) = shown.known;
    let Examined { unread, at, .. } = shown.examined;
    html! {
        h2 { "The rules" }
        p { "Findings are counted for your organisation. The information governance lead of the \
             organisation of whoever looked sees them." }
        (table::show(&table))
        p {
            @match at {
                Some(at) => { "The rules last looked on " (words::moment_short(at)) ". " }
                None => { "The rules have not looked yet. " }
            }
            "Each decision is examined once, by what the registers say at that time. "
            @if unread > 0 { "Some could not be read any more, and were not examined." }
        }
        p { "Who they are as a person is known of " (known) " of " (all) " practitioners. About \
             the others, rules on their own record, family, former partners and neighbours find \
             nothing." }
    }
}

fn decide(one: &One, sent: &Judged, wrongs: &[Wrong], csrf: &Csrf) -> Markup {
    let finding = &one.finding;
    let action = format!("{ADDRESS}/{}", finding.id.as_str());
    let form = Form { action: &action, csrf, button: "Close the finding", hidden: &[] };
    let judgements: Vec<_> = JUDGEMENTS
        .iter()
        .map(|(judgement, label, hint)| Choice {
            value: judgement.code().to_owned(),
            label: (*label).to_owned(),
            hint: Some((*hint).to_owned()),
        })
        .collect();
    let hint = "What you asked, whom, and what you learned. It is kept on the ledger, encrypted.";
    html! {
        (summary(wrongs))
        h1 { "Close a finding" }
        (facts::list(&[
            ("Rule", html! { (one.says) }),
            ("Who looked", html! { (one.by) }),
            ("Day", html! { (words::day_short(finding.day)) }),
            ("When", html! { (times(finding)) }),
            ("What for", html! { (words::purpose(&finding.purpose)) }),
            ("Entry of the log", html! { (finding.leaf) }),
        ]))
        (form.post(&html! {
            (choices("What did you find?", "judgement", &judgements, &sent.judgement, wrongs))
            (Field::long("reason", "Your reason", &sent.reason).hinted(hint).show(wrongs))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules as rules_of_views;

    const OWN: &str = "0190163d-8694-739b-aea5-966c26f8ad90";
    const OTHER: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    fn finding(by: &str, looks: i64) -> Finding {
        Finding {
            id: FindingId::parse("0190163d-8694-739b-aea5-966c26f8ad92").unwrap(),
            rule: "self".into(),
            practitioner: by.parse().unwrap(),
            day: "2026-11-21".parse().unwrap(),
            first: "2026-11-21T09:00:00Z".parse().unwrap(),
            last: "2026-11-21T09:10:00Z".parse().unwrap(),
            looks,
            purpose: "direct-care".parse().unwrap(),
            outcome: "deny".into(),
            leaf: 7,
        }
    }

    #[test]
    fn nobody_closes_their_own_and_a_rule_without_its_register_says_so() {
        let rules = Rules::shipped().unwrap();
        let names = BTreeMap::from([
            (OWN.parse().unwrap(), "Isla Lead".to_owned()),
            (OTHER.parse().unwrap(), "Dr A Curious".to_owned()),
        ]);
        let count = Count { open: 2, false_alarm: 31, ..Count::default() };
        let shown = |open: Vec<Finding>| Shown {
            rules: &rules,
            own: OWN.parse().unwrap(),
            open,
            names: names.clone(),
            counts: BTreeMap::from([("self".to_owned(), count)]),
            examined: Examined { next: 900, decisions: 812, unread: 1, at: None },
            known: (40, 12),
        };
        let page = show(&shown(vec![finding(OWN, 1), finding(OTHER, 3)])).into_string();
        rules_of_views::assert_part(&page);
        assert_eq!(page.matches("Close the finding of").count(), 1);
        for said in ["Does not run", "whom the public knows", ">31<", "12 of 40", "3 entries"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        rules_of_views::assert_part(&show(&shown(vec![])).into_string());
    }

    #[test]
    fn the_form_keeps_the_rules_and_what_was_typed() {
        let one = One {
            finding: finding(OTHER, 1),
            by: "Dr A Curious".into(),
            says: "Somebody opened their own record.".into(),
        };
        let sent = Judged { judgement: "explained".into(), reason: "Asked her".into() };
        let wrongs = [Wrong::new("reason", "Enter a reason")];
        let page = decide(&one, &sent, &wrongs, &Csrf::of("x")).into_string();
        rules_of_views::assert_part(&page);
        assert!(page.contains("Asked her") && page.contains("checked"), "{page}");
    }
}
