//! `/ig/drafts/{draft}`: one draft: its clauses, who said what, and what its parties may do.

use axum::Extension;
use axum::extract::{Form as Sent, Path, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::ToSpan;
use ken_agreement::Parts;
use ken_agreement::check::Diagnostic;
use ken_core::{EntryId, OrganisationId};
use ken_office::drafting::consult::{self, Consultation};
use ken_office::drafting::{self, Comment, Draft, Proposal, Proposed, Refusal, Said, State};
use ken_store::Snapshot;
use maud::{Markup, html};
use serde::Deserialize;

use super::agreement::{attached, headed};
use super::{draft_clause, drafts, party_name};
use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::form::{Field, Form, WHOLE_MAX, Wrong, select, summary};
use crate::view::{confirmation, words};
use crate::wire::csrf::Csrf;

/// How long a consultation may take, in weeks. House policy: twelve is usual.
const WEEKS: [i64; 3] = [12, 8, 4];

/// What the forms carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    what: String,
    #[serde(default)]
    pub(super) clause: String,
    #[serde(default)]
    pub(super) words: String,
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    pub(super) why: String,
    #[serde(default)]
    proposal: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    bases: String,
    #[serde(default)]
    whole: String,
    #[serde(default)]
    question: String,
    #[serde(default)]
    weeks: String,
}

/// Everything about a draft that its members see.
pub(super) struct Room {
    pub(super) draft: Draft,
    pub(super) comments: Vec<Comment>,
    pub(super) proposals: Vec<Proposal>,
    /// What the last revision changed.
    last: Option<Said>,
    found: Vec<Diagnostic>,
    /// Its consultations, the newest first.
    consulted: Vec<Consultation>,
}

/// `GET /ig/drafts/{draft}`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Markup, Stop> {
    let room = read(&app, &caller, &id).await?;
    let own = &caller.acting()?.organisation;
    Ok(page(&app, &caller, &show(&room, own, (&Filled::default(), &[]), caller.csrf())))
}

/// `GET /ig/drafts/{draft}/draft.toml`: the text as people write it.
pub(crate) async fn text(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    let room = read(&app, &caller, &id).await?;
    let (kind, text) = (header::CONTENT_TYPE, headed(&room.draft.of.to_toml()));
    Ok(([(kind, "application/toml")], attached("draft.toml"), text).into_response())
}

/// `POST /ig/drafts/{draft}`: whatever a member does to it.
pub(crate) async fn post(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Sent(filled): Sent<Filled>,
) -> Result<Response, Stop> {
    let room = read(&app, &caller, &id).await?;
    let wrong = match act(&app, &caller, room.draft.id, &filled).await? {
        Ok((done, next)) => {
            let main = html! {
                (confirmation::done(done, "It stands on the ledger with your name."))
                (confirmation::link_on(&next, "Go on"))
            };
            return Ok(page(&app, &caller, &main).into_response());
        }
        Err(wrong) => wrong,
    };
    let own = &caller.acting()?.organisation;
    let clause = room.draft.of.clauses.iter().find(|one| one.id.as_str() == filled.clause);
    let (wrongs, csrf) = ([wrong], caller.csrf());
    let main = match clause {
        Some(clause) => draft_clause::show(&room, clause, own, (&filled, &wrongs), csrf),
        None => show(&room, own, (&filled, &wrongs), csrf),
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &caller, &main)).into_response())
}

pub(super) fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "Draft").at("/ig/agreements").page(main)
}

/// A draft that one's own organisation takes part in. To others it does not exist.
pub(super) async fn read(app: &App, caller: &Caller, id: &str) -> Result<Room, Stop> {
    let id: EntryId = id.parse().map_err(|_| Stop::NotFound)?;
    let own = &caller.acting()?.organisation;
    let read = async |s: &mut Snapshot| {
        let draft = drafting::find(s, id).await?.ok_or(Stop::NotFound)?;
        draft.member(own).ok_or(Stop::NotFound)?;
        let before = drafting::revision(s, (id, draft.revision - 1)).await?;
        let last = before.map(|before| Said::of(&before, &draft.of));
        let comments = drafting::comments(s, id).await?;
        let proposals = drafting::proposals(s, id).await?;
        let mut consulted = consult::all(s).await?;
        consulted.retain(|one| one.draft == id);
        Ok::<_, Stop>(Room { draft, comments, proposals, last, found: vec![], consulted })
    };
    let mut room = app.db().snapshot("http.draft", read).await?;
    let text = room.draft.of.to_toml();
    room.found = drafting::checked(app.db(), &app.ctx(caller.request()), &text).await?;
    Ok(room)
}

/// What was done and where to go on; or what is wrong.
type Did = Result<(&'static str, String), Wrong>;

async fn act(app: &App, caller: &Caller, id: EntryId, filled: &Filled) -> Result<Did, Stop> {
    let (ctx, by, db, keys) = (app.ctx(caller.request()), caller.acting()?, app.db(), app.keys());
    let room = format!("/ig/drafts/{id}");
    let clause = format!("{room}/clauses/{}", filled.clause);
    let back = if filled.clause.is_empty() { room.clone() } else { clause };
    let long =
        [&filled.text, &filled.bases, &filled.whole].iter().any(|text| text.len() > WHOLE_MAX);
    let (field, outcome) = match filled.what.as_str() {
        _ if long => ("text", Err(Refusal::NotRead)),
        "comment" => {
            let what = (id, filled.clause.as_str(), filled.words.as_str());
            let done = drafting::comment(db, &ctx, keys, by, what).await?;
            ("words", done.map(|()| ("Your comment is added", back)))
        }
        "propose" => match proposed(filled) {
            Err(refusal) => ("text", Err(refusal)),
            Ok(new) => {
                let done = drafting::propose(db, &ctx, keys, by, (id, &new)).await?;
                let field = if done == Err(Refusal::NoWords) { "why" } else { "text" };
                (field, done.map(|_| ("Your proposal is added", back)))
            }
        },
        "bases" => {
            let done = drafting::state_bases(db, &ctx, keys, by, (id, &filled.bases)).await?;
            ("bases", done.map(|()| ("Your bases are stated", room)))
        }
        _ => return act_as_lead(app, caller, id, filled).await,
    };
    Ok(outcome.map_err(|refusal| Wrong::new(field, refusal.says())))
}

/// What the lead party alone may do; whoever else tries is refused by the domain.
async fn act_as_lead(
    app: &App,
    caller: &Caller,
    id: EntryId,
    filled: &Filled,
) -> Result<Did, Stop> {
    let (ctx, by, db, keys) = (app.ctx(caller.request()), caller.acting()?, app.db(), app.keys());
    let room = format!("/ig/drafts/{id}");
    let (field, outcome) = match filled.what.as_str() {
        "decide" => {
            let accept = match filled.decision.as_str() {
                "accept" => Some(true),
                "decline" => Some(false),
                _ => None,
            };
            let (Some(accept), Ok(one)) = (accept, filled.proposal.parse::<EntryId>()) else {
                return Ok(Err(Wrong::new("proposal", "Choose a proposal and what to do with it")));
            };
            let what = (id, one, accept, filled.reason.as_str());
            let done = drafting::decide(db, &ctx, keys, by, what).await?;
            let field = if done == Err(Refusal::NoWords) { "reason" } else { "proposal" };
            (field, done.map(|()| ("The proposal is decided", room)))
        }
        "revise" => {
            let done = drafting::revise(db, &ctx, keys, by, (id, &filled.whole)).await?;
            ("whole", done.map(|()| ("The text is revised", room)))
        }
        "invite" => match filled.body.trim().parse::<OrganisationId>() {
            Err(_) => ("body", Err(Refusal::Unknown)),
            Ok(body) => {
                let done = drafting::invite(db, &ctx, keys, by, (id, &body)).await?;
                ("body", done.map(|()| ("The body may comment", room)))
            }
        },
        "consult" => {
            let weeks = WEEKS.into_iter().find(|weeks| weeks.to_string() == filled.weeks);
            let closes = ctx.clock.today().saturating_add(weeks.unwrap_or(12).weeks());
            let what = (id, filled.question.as_str(), closes);
            let done = consult::consult(db, &ctx, keys, by, what).await?;
            let next = done.map(|one| format!("/ig/consultations/{one}"));
            ("question", next.map(|next| ("The draft is before the public", next)))
        }
        "register" => {
            let done = drafting::register(db, &ctx, keys, by, id).await?;
            let next = done.map(|hash| format!("/ig/agreements/{hash}"));
            ("register", next.map(|next| ("The text is registered for signing", next)))
        }
        _ => return Err(Stop::BadForm),
    };
    Ok(outcome.map_err(|refusal| Wrong::new(field, refusal.says())))
}

/// What a form proposes. A new clause is named by its own text.
fn proposed(filled: &Filled) -> Result<Proposed, Refusal> {
    let (text, why) = (filled.text.trim().to_owned(), filled.why.clone());
    let clause = if filled.clause.is_empty() {
        let parts = Parts::parse(&text).map_err(|_| Refusal::NotRead)?;
        parts.clauses.into_iter().next().map(|clause| clause.id).ok_or(Refusal::OneClause)?
    } else {
        filled.clause.parse().map_err(|_| Refusal::Unknown)?
    };
    Ok(Proposed { clause, text, why })
}

fn show(
    room: &Room,
    own: &OrganisationId,
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let draft = &room.draft;
    let (of, open) = (&draft.of, draft.state == State::Open);
    let is_party = draft.for_party(own).is_ok();
    html! {
        (summary(wrongs))
        h1 { (of.agreement.title) }
        p { (drafts::tag(draft.state)) " Revision " (draft.revision) ". "
            (party_name(of, &of.agreement.lead_party)) " leads it." }
        p { (of.agreement.plain_summary) }
        @if let Some(hash) = &draft.registered {
            p { a href={ "/ig/agreements/" (hash) } { "The registered text" } }
        }
        p { a href={ "/ig/drafts/" (draft.id) "/draft.toml" } { "The text (TOML)" } }
        p { a href={ "/ig/drafts/" (draft.id) "/advice" } { "Ask a public body for advice" } }
        @if let Some(last) = &room.last {
            h2 { "What the last revision changed" }
            (changes(last))
        }
        h2 { "Clauses" }
        @for clause in &of.clauses {
            h3 { a href={ "/ig/drafts/" (draft.id) "/clauses/" (clause.id) } { (clause.id) } }
            p { (clause.text) }
            p { (said(room, clause.id.as_str())) }
        }
        (gone(room))
        (taking_part(room))
        @if !room.consulted.is_empty() {
            h2 { "Consultations" }
            ul { @for one in &room.consulted {
                li {
                    a href={ "/consultations/" (one.id) } { "Revision " (one.revision) }
                    @if draft.for_lead(own).is_ok() {
                        ": " a href={ "/ig/consultations/" (one.id) } { "the views" }
                    }
                }
            } }
        }
        @if !room.found.is_empty() { (drafts::findings(&room.found)) }
        @if open { (comment(room, "", (filled, wrongs), csrf)) }
        @if open && is_party { (for_parties(room, own, (filled, wrongs), csrf)) }
        @if open && draft.for_lead(own).is_ok() { (for_lead(room, (filled, wrongs), csrf)) }
    }
}

/// How much was said and proposed about a clause.
fn said(room: &Room, clause: &str) -> String {
    let comments = room.comments.iter().filter(|one| one.clause == clause).count();
    let of_clause = room.proposals.iter().filter(|one| one.clause.as_str() == clause);
    let open = of_clause.filter(|one| one.decision.is_none()).count();
    format!("Comments: {comments}. Proposals to decide: {open}.")
}

/// Proposals for clauses that the text does not have: new ones, and decided ones of old clauses.
fn gone(room: &Room) -> Markup {
    let is_new = |one: &&Proposal| room.draft.of.clause(&one.clause).is_none();
    let new: Vec<_> = room.proposals.iter().filter(is_new).collect();
    html! {
        @if !new.is_empty() {
            h2 { "Clauses that are proposed or gone" }
            ul { @for one in new {
                li {
                    a href={ "/ig/drafts/" (room.draft.id) "/clauses/" (one.clause) } {
                        (one.clause) }
                    ", by " (party_name(&room.draft.of, &one.by)) ": " (one.why)
                }
            } }
        }
    }
}

fn taking_part(room: &Room) -> Markup {
    let of = &room.draft.of;
    html! {
        h2 { "Who takes part" }
        ul { @for member in &room.draft.members {
            li {
                (party_name(of, &member.organisation))
                @if !member.is_party { ", may comment" }
            }
        } }
        (said_of(room, ""))
    }
}

/// The comments about a clause, or about the whole.
pub(super) fn said_of(room: &Room, clause: &str) -> Markup {
    let comments: Vec<_> = room.comments.iter().filter(|one| one.clause == clause).collect();
    html! {
        h2 { "Comments" }
        @if comments.is_empty() { p { "Nobody has commented here yet." } }
        ul { @for one in comments {
            li { b { (party_name(&room.draft.of, &one.by)) } ", "
                (words::moment_short(one.at)) ", on revision " (one.revision) ": " (one.words) }
        } }
    }
}

/// The form for a comment.
pub(super) fn comment(
    room: &Room,
    clause: &str,
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let action = format!("/ig/drafts/{}", room.draft.id);
    let hidden = [("what", "comment".to_owned()), ("clause", clause.to_owned())];
    let form = Form { action: &action, csrf, button: "Add the comment", hidden: &hidden };
    form.post(&html! { (Field::long("words", "Your comment", &filled.words).show(wrongs)) })
}

/// What would change, in words.
pub(super) fn changes(said: &Said) -> Markup {
    let groups = [
        ("Newly allowed", &said.newly_allowed),
        ("No longer allowed", &said.no_longer),
        ("Otherwise than before", &said.otherwise),
    ];
    html! {
        @if said.is_empty() { p { "Nobody may see more, less, or otherwise." } }
        @for (heading, lines) in groups.iter().filter(|(_, lines)| !lines.is_empty()) {
            p { b { (heading) } }
            ul { @for line in *lines { li { (line) } } }
        }
    }
}

fn for_parties(
    room: &Room,
    own: &OrganisationId,
    (filled, wrongs): (&Filled, &[Wrong]),
    csrf: &Csrf,
) -> Markup {
    let action = format!("/ig/drafts/{}", room.draft.id);
    let hidden = [("what", "bases".to_owned())];
    let form = Form { action: &action, csrf, button: "State these bases", hidden: &hidden };
    let stated = drafting::own_bases(&room.draft.of, own);
    let bases = if filled.bases.is_empty() { &stated } else { &filled.bases };
    html! {
        h2 { "Your organisation's lawful bases" }
        p { "Nobody else can change them, and you can change nobody else's." }
        (form.post(&html! {
            (Field::whole("bases", "Your bases", bases)
                .hinted("Each under [[basis]], with your organisation as its party.").show(wrongs))
        }))
        (draft_clause::new(room, (filled, wrongs), csrf))
    }
}

fn for_lead(room: &Room, (filled, wrongs): (&Filled, &[Wrong]), csrf: &Csrf) -> Markup {
    let action = format!("/ig/drafts/{}", room.draft.id);
    let hidden = |what: &str| [("what", what.to_owned())];
    let (invite, register, revise) = (hidden("invite"), hidden("register"), hidden("revise"));
    let stands = room.draft.of.to_toml();
    let consult = hidden("consult");
    let weeks = WEEKS.map(|weeks| (weeks.to_string(), format!("{weeks} weeks")));
    let whole = if filled.whole.is_empty() { &stands } else { &filled.whole };
    html! {
        h2 { "As the party that leads it" }
        (Form { action: &action, csrf, button: "Let them comment", hidden: &invite }.post(&html! {
            (Field::text("body", "A body that may comment", &filled.body)
                .hinted("Its id. It sees this draft, and no person's information.").show(wrongs))
        }))
        (Form {
            action: &action, csrf, button: "Put it before the public", hidden: &consult,
        }.post(&html! {
            (Field::long("question", "What do you ask the public?", &filled.question).show(wrongs))
            (select("weeks", "How long", &weeks, "12"))
        }))
        (Form { action: &action, csrf, button: "Revise the text", hidden: &revise }.post(&html! {
            (Field::whole("whole", "The whole text", whole)
                .hinted("For parties, purposes, categories and terms. Other parties' bases stay.")
                .show(wrongs))
        }))
        (Form {
            action: &action, csrf, button: "Register the text for signing", hidden: &register,
        }.small(&html! {}))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ken_agreement::Instrument;
    use ken_office::drafting::Member;

    use super::*;
    use crate::view::rules;

    pub(in super::super) fn room() -> Room {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(text).unwrap();
        let member = |id: &str, is_party| Member { organisation: id.parse().unwrap(), is_party };
        let members = vec![member("cec", true), member("police", true), member("union", false)];
        let id: EntryId = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        let (key, at) = ("C5".parse().unwrap(), "2026-11-21T09:00:00Z".parse().unwrap());
        let proposal = |by: &str, words: &str| {
            let mut new = of.clause(&key).unwrap().clone();
            new.text = words.to_owned();
            let after = ken_office::drafting::rule::with_clause(&of, &key, Some(new.clone()));
            Proposal {
                id,
                clause: key.clone(),
                text: Parts { clauses: vec![new], bases: vec![] }.to_toml(),
                base: ken_office::drafting::rule::stands(&of, &key),
                said: Said::of(&of, &after.unwrap()),
                why: "A <reason>".into(),
                by: by.parse().unwrap(),
                at,
                decision: None,
            }
        };
        let comment = |clause: &str| Comment {
            clause: clause.into(),
            words: "Why a <charity>?".into(),
            by: "union".parse().unwrap(),
            revision: 1,
            at,
        };
        let proposals = vec![
            proposal("police", "The council gives Rowan Support a name."),
            proposal("cec", "The council gives Rowan Support nothing."),
        ];
        let last = Some(proposals[0].said.clone());
        let state = State::Open;
        let draft = Draft { id, of, revision: 2, state, registered: None, members };
        let comments = vec![comment("C5"), comment("")];
        Room { draft, comments, proposals, last, found: vec![], consulted: vec![] }
    }

    #[test]
    fn each_member_is_offered_what_it_may_do() {
        let check = |own: &str, wants: &[&str], never: &[&str]| {
            let filled = Filled { words: "A <word>".into(), ..Filled::default() };
            let wrongs = [Wrong::new("words", Refusal::NoWords.says())];
            let own = own.parse().unwrap();
            let page = show(&room(), &own, (&filled, &wrongs), &Csrf::of("x")).into_string();
            rules::assert_part(&page);
            for want in wants {
                assert!(page.contains(want), "{want} in {page}");
            }
            for never in never {
                assert!(!page.contains(never), "{never} in {page}");
            }
        };
        let (bases, register) = ("State these bases", "Register the text for signing");
        check("cec", &[bases, register, "Proposals to decide: 2."], &[]);
        check("police", &[bases, "Why a &lt;charity&gt;?"], &[register]);
        check("union", &["Add the comment", "may comment"], &[bases, register]);
    }
}
