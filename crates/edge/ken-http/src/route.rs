//! Every route, with who may call it. The router is built from this table and from nothing else.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use crate::pages::{governance, operations, own, work};
use crate::wire::{changes, headers, request};
use crate::{App, asset, caller, fhir, pages, stop};

/// What a route does with what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Shows a page. It changes nothing but the ledger.
    Get,
    /// Takes a form, or a resource of FHIR.
    Post,
}

/// Who may call a route. Anybody else gets the sign-in page, or the page of what does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Anybody at all.
    Anyone,
    /// Anybody who is signed in, in whatever role.
    SignedIn,
    /// A practitioner in a role that works with people.
    Practitioner,
    /// A person, for their own record.
    Person,
    /// A practitioner in a governance role.
    Governance,
    /// A practitioner in an operations role.
    Operations,
    /// Their organisation's Caldicott Guardian.
    Guardian,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// What it does.
    pub verb: Verb,
    /// Its path, with placeholders in braces.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
    /// Whether it answers with a page to read; the accessibility run visits those.
    pub is_page: bool,
    handler: fn() -> MethodRouter<App>,
}

type Handler = fn() -> MethodRouter<App>;

const fn page(path: &'static str, who: Who, handler: Handler) -> Route {
    Route { verb: Verb::Get, path, who, is_page: true, handler }
}

const fn plain(path: &'static str, who: Who, handler: Handler) -> Route {
    Route { verb: Verb::Get, path, who, is_page: false, handler }
}

const fn form(path: &'static str, who: Who, handler: Handler) -> Route {
    Route { verb: Verb::Post, path, who, is_page: false, handler }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    plain("/", Who::Anyone, || get(pages::home::get)),
    plain("/static/{file}", Who::Anyone, || get(asset::serve)),
    page("/accessibility", Who::Anyone, || get(pages::about::accessibility)),
    page("/privacy", Who::Anyone, || get(pages::about::privacy)),
    page("/sign-in", Who::Anyone, || get(pages::sign_in::get)),
    form("/sign-in", Who::Anyone, || post(pages::sign_in::post)),
    form("/sign-in/demo", Who::Anyone, || post(pages::sign_in::post_demo)),
    form("/sign-in/passkey/begin", Who::Anyone, || post(pages::passkeys::begin_sign_in)),
    form("/sign-in/passkey", Who::Anyone, || post(pages::passkeys::sign_in)),
    page("/passkeys", Who::SignedIn, || get(pages::passkeys::get)),
    form("/passkeys/begin", Who::SignedIn, || post(pages::passkeys::begin_adding)),
    form("/passkeys/confirm/begin", Who::SignedIn, || post(pages::passkeys::begin_confirming)),
    form("/passkeys", Who::SignedIn, || post(pages::passkeys::post)),
    form("/passkeys/remove/begin", Who::SignedIn, || post(pages::passkeys::begin_removing)),
    form("/passkeys/remove", Who::SignedIn, || post(pages::passkeys::remove)),
    page("/password", Who::SignedIn, || get(pages::password::get)),
    page("/password/changed", Who::SignedIn, || get(pages::password::changed)),
    form("/password/begin", Who::SignedIn, || post(pages::password::begin)),
    form("/password", Who::SignedIn, || post(pages::password::post)),
    form("/sign-out", Who::SignedIn, || post(pages::sign_in::sign_out)),
    form("/sign-out/everywhere", Who::SignedIn, || post(pages::sign_in::sign_out_everywhere)),
    plain("/hide", Who::Anyone, || get(pages::sign_in::hide)),
    page("/choose", Who::SignedIn, || get(pages::choose::get)),
    form("/choose", Who::SignedIn, || post(pages::choose::post)),
    page("/w/today", Who::Practitioner, || get(work::today::get)),
    page("/w/people", Who::Practitioner, || get(work::people::get)),
    page("/w/find", Who::Practitioner, || get(work::find::get)),
    form("/w/find", Who::Practitioner, || post(work::find::post)),
    page("/w/find/r/{parcel}", Who::Practitioner, || get(work::results::get)),
    plain("/w/find/h/{parcel}", Who::Practitioner, || get(work::handle::get)),
    page("/w/find/other", Who::Practitioner, || get(work::refusal::get)),
    form("/fhir/Patient/$match", Who::Practitioner, || post(fhir::find::post)),
    page("/w/p/{person}", Who::Practitioner, || get(work::person::get)),
    form("/w/p/{person}/earlier", Who::Practitioner, || post(work::person::earlier)),
    page("/w/p/{person}/chronology", Who::Practitioner, || get(work::chronology::get)),
    form("/w/p/{person}/chronology/part", Who::Practitioner, || post(work::chronology::part)),
    form("/w/p/{person}/chronology/copy", Who::Practitioner, || post(work::chronology::copy)),
    page("/w/p/{person}/affirm", Who::Practitioner, || get(work::affirm::get)),
    form("/w/p/{person}/affirm", Who::Practitioner, || post(work::affirm::post)),
    page("/w/p/{person}/team", Who::Practitioner, || get(work::team::get)),
    form("/w/p/{person}/team", Who::Practitioner, || post(work::team::post)),
    page("/w/p/{person}/live", Who::Practitioner, || get(work::live::get)),
    page("/w/p/{person}/discussions", Who::Practitioner, || get(work::discussions::get)),
    form("/w/p/{person}/discussions", Who::Practitioner, || post(work::discussions::post)),
    page("/w/p/{person}/discussions/{discussion}", Who::Practitioner, || {
        get(work::discussions::one)
    }),
    form("/w/p/{person}/discussions/{discussion}", Who::Practitioner, || {
        post(work::discussions::say)
    }),
    page("/w/discussions", Who::Practitioner, || get(work::discussions::mine)),
    page("/w/p/{person}/messages", Who::Practitioner, || get(work::messages::get)),
    form("/w/p/{person}/messages", Who::Practitioner, || post(work::messages::post)),
    page("/w/messages", Who::Practitioner, || get(work::messages::list)),
    page("/w/p/{person}/told", Who::Practitioner, || get(work::told::get)),
    form("/w/p/{person}/told", Who::Practitioner, || post(work::told::post)),
    page("/w/p/{person}/send-to", Who::Practitioner, || get(work::send_to::get)),
    page("/w/p/{person}/assessments", Who::Practitioner, || get(work::assessments::get)),
    page("/w/p/{person}/assessments/new", Who::Practitioner, || get(work::assessments::write::get)),
    form("/w/p/{person}/assessments/new", Who::Practitioner, || {
        post(work::assessments::write::post)
    }),
    form("/w/p/{person}/assessments/copy", Who::Practitioner, || {
        post(work::assessments::copy::post)
    }),
    form("/w/p/{person}/assessments/begin", Who::Practitioner, || {
        post(work::assessments::begin::post)
    }),
    page("/w/p/{person}/assessments/{item}/versions", Who::Practitioner, || {
        get(work::assessments::versions::get)
    }),
    page("/w/p/{person}/assessments/{item}", Who::Practitioner, || get(work::assessments::read)),
    page("/w/p/{person}/requests/new", Who::Practitioner, || get(work::requests::new::get)),
    form("/w/p/{person}/requests/new", Who::Practitioner, || post(work::requests::new::post)),
    page("/w/p/{person}/services", Who::Practitioner, || get(work::services::get)),
    form("/w/p/{person}/services", Who::Practitioner, || post(work::services::post)),
    page("/w/requests", Who::Practitioner, || get(work::requests::get)),
    page("/w/requests/{request}", Who::Practitioner, || get(work::requests::one)),
    form("/w/requests/{request}", Who::Practitioner, || post(work::requests::post)),
    form("/w/p/{person}/finish", Who::Practitioner, || post(work::emergency::finish)),
    page("/w/claim", Who::Practitioner, || get(work::claim::get)),
    form("/w/claim", Who::Practitioner, || post(work::claim::post)),
    page("/w/claims", Who::Practitioner, || get(work::claims::get)),
    form("/w/claims", Who::Practitioner, || post(work::claims::post)),
    page("/w/duty", Who::Practitioner, || get(work::on_duty::get)),
    page("/w/equipment", Who::Practitioner, || get(work::equipment::get)),
    page("/w/guardian", Who::Practitioner, || get(work::guardian::get)),
    form("/w/guardian", Who::Practitioner, || post(work::guardian::post)),
    page("/w/agreement", Who::Practitioner, || get(work::agreement::get)),
    page("/w/emergency", Who::Practitioner, || get(work::emergency::get)),
    form("/w/emergency", Who::Practitioner, || post(work::emergency::post)),
    form("/w/emergency/second", Who::Practitioner, || post(work::second::post)),
    page("/w/duties/{person}/{duty}", Who::Practitioner, || get(work::duties::get)),
    form("/w/duties/{person}/{duty}", Who::Practitioner, || post(work::duties::post)),
    page("/my", Who::Person, || get(own::home::get)),
    page("/my/record", Who::Person, || get(own::record::get)),
    form("/my/record/earlier", Who::Person, || post(own::record::earlier)),
    page("/my/record/{item}", Who::Person, || get(own::versions::get)),
    page("/my/happened", Who::Person, || get(own::happened::get)),
    form("/my/happened/part", Who::Person, || post(own::happened::part)),
    form("/my/happened/copy", Who::Person, || post(own::happened::copy)),
    page("/my/take-away", Who::Person, || get(own::away::get)),
    form("/my/take-away", Who::Person, || post(own::away::post)),
    page("/my/team", Who::Person, || get(own::team::get)),
    page("/my/words", Who::Person, || get(own::words::get)),
    form("/my/words", Who::Person, || post(own::words::post)),
    form("/my/words/about", Who::Person, || post(own::words::about)),
    page("/my/messages", Who::Person, || get(own::messages::get)),
    form("/my/messages", Who::Person, || post(own::messages::post)),
    form("/my/team", Who::Person, || post(own::team::post)),
    page("/my/looked", Who::Person, || get(own::looked::get)),
    form("/my/looked/earlier", Who::Person, || post(own::looked::earlier)),
    plain("/my/receipts", Who::Person, || get(own::looked::receipts)),
    page("/my/agreements", Who::Person, || get(own::agreements::get)),
    page("/my/agreements/{hash}", Who::Person, || get(own::agreements::one)),
    page("/my/notices/{hash}", Who::Person, || get(own::agreements::notice)),
    page("/my/choices", Who::Person, || get(own::choices::get)),
    form("/my/choices", Who::Person, || post(own::choices::post)),
    page("/register", Who::Anyone, || get(governance::register::get)),
    page("/register/{hash}", Who::Anyone, || get(governance::register::one)),
    page("/notices", Who::Anyone, || get(governance::published::get)),
    page("/notices/{hash}", Who::Anyone, || get(governance::published::one)),
    page("/services", Who::Anyone, || get(pages::services::get)),
    form("/services", Who::Anyone, || post(pages::services::post)),
    page("/services/{service}", Who::Anyone, || get(pages::services::one)),
    plain("/services/data", Who::Anyone, || get(pages::services::data::feed)),
    plain("/services/data/services", Who::Anyone, || get(pages::services::data::page)),
    plain("/services/data/services/{service}", Who::Anyone, || get(pages::services::data::one)),
    plain("/notices/{hash}/notice.json", Who::Anyone, || get(governance::published::bytes)),
    page("/consultations", Who::Anyone, || get(governance::consultations::get)),
    page("/consultations/{consultation}", Who::Anyone, || get(governance::consultations::one)),
    form("/consultations/{consultation}", Who::Anyone, || post(governance::consultations::say)),
    page("/ig/consultations/{consultation}", Who::Governance, || {
        get(governance::consultations::held)
    }),
    form("/ig/consultations/{consultation}", Who::Governance, || {
        post(governance::consultations::judge)
    }),
    form("/ig/recalls", Who::Governance, || post(governance::due::answer)),
    form("/ig/asked-back", Who::Governance, || post(governance::wrong_person::post)),
    page("/ig/drafts", Who::Governance, || get(governance::drafts::get)),
    form("/ig/drafts", Who::Governance, || post(governance::drafts::post)),
    page("/ig/drafts/{draft}", Who::Governance, || get(governance::draft::get)),
    form("/ig/drafts/{draft}", Who::Governance, || post(governance::draft::post)),
    plain("/ig/drafts/{draft}/draft.toml", Who::Governance, || get(governance::draft::text)),
    page("/ig/drafts/{draft}/advice", Who::Governance, || get(governance::draft_advice::get)),
    form("/ig/drafts/{draft}/advice", Who::Governance, || post(governance::draft_advice::post)),
    page("/ig/drafts/{draft}/clauses/{clause}", Who::Governance, || {
        get(governance::draft_clause::get)
    }),
    page("/ig/notices", Who::Governance, || get(governance::notices::get)),
    page("/ig/notices/{hash}", Who::Governance, || get(governance::notices::one)),
    form("/ig/notices/{hash}", Who::Governance, || post(governance::notices::post)),
    page("/ig/agreements/{hash}/assessment", Who::Governance, || get(governance::assessment::get)),
    form("/ig/agreements/{hash}/assessment", Who::Governance, || {
        post(governance::assessment::post)
    }),
    page("/ig", Who::Governance, || get(governance::due::get)),
    form("/ig", Who::Governance, || post(governance::due::post)),
    page("/ig/roster", Who::Governance, || get(governance::roster::get)),
    form("/ig/roster", Who::Governance, || post(governance::roster::post)),
    page("/ig/roster/bring", Who::Governance, || get(governance::roster::bring::get)),
    form("/ig/roster/bring", Who::Governance, || post(governance::roster::bring::post)),
    page("/ig/stock", Who::Governance, || get(governance::stock::get)),
    form("/ig/stock", Who::Governance, || post(governance::stock::post)),
    page("/ig/stock/equipment", Who::Governance, || get(governance::stock::bring::get_equipment)),
    form("/ig/stock/equipment", Who::Governance, || post(governance::stock::bring::post_equipment)),
    page("/ig/stock/plans", Who::Governance, || get(governance::stock::bring::get_plans)),
    form("/ig/stock/plans", Who::Governance, || post(governance::stock::bring::post_plans)),
    page("/ig/services", Who::Governance, || get(governance::services::get)),
    form("/ig/services", Who::Governance, || post(governance::services::post)),
    page("/ig/services/{service}", Who::Governance, || get(governance::services::one)),
    form("/ig/services/{service}", Who::Governance, || post(governance::services::propose)),
    page("/ig/registers/{register}", Who::Governance, || get(governance::registers::get)),
    form("/ig/registers/{register}", Who::Governance, || post(governance::registers::post)),
    page("/ig/agreements/{hash}/simulate", Who::Governance, || get(governance::simulate::get)),
    form("/ig/agreements/{hash}/simulate", Who::Governance, || post(governance::simulate::post)),
    page("/ig/agreements", Who::Governance, || get(governance::agreements::get)),
    page("/ig/agreements/{hash}", Who::Governance, || get(governance::agreement::get)),
    page("/ig/agreements/{hash}/matrix", Who::Governance, || get(governance::matrix::get)),
    plain("/ig/agreements/{hash}/matrix.csv", Who::Governance, || get(governance::matrix::csv)),
    plain("/ig/agreements/{hash}/document.pdf", Who::Governance, || {
        get(governance::agreement::pdf)
    }),
    page("/ig/agreements/{hash}/sign", Who::Governance, || get(governance::signing::get)),
    form("/ig/agreements/{hash}/sign", Who::Governance, || post(governance::signing::post)),
    form("/ig/agreements/{hash}/sign/begin", Who::Governance, || post(governance::signing::begin)),
    form("/ig/agreements/{hash}/sign/file", Who::Governance, || {
        post(governance::signing::post_file)
    }),
    page("/ig/agreements/{hash}/seal", Who::Governance, || get(governance::seal::get)),
    form("/ig/agreements/{hash}/seal", Who::Governance, || post(governance::seal::post)),
    page("/ig/agreements/{hash}/contract", Who::Governance, || get(governance::contract::get)),
    form("/ig/agreements/{hash}/contract", Who::Governance, || post(governance::contract::post)),
    page("/ig/agreements/{hash}/supersession", Who::Governance, || {
        get(governance::supersession::get)
    }),
    form("/ig/agreements/{hash}/supersession", Who::Governance, || {
        post(governance::supersession::post)
    }),
    page("/ig/agreements/{hash}/standing", Who::Governance, || get(governance::standing::get)),
    form("/ig/agreements/{hash}/standing", Who::Governance, || post(governance::standing::post)),
    page("/ig/agreements/{hash}/publication", Who::Governance, || {
        get(governance::publication::get)
    }),
    form("/ig/agreements/{hash}/publication", Who::Governance, || {
        post(governance::publication::post)
    }),
    page("/ig/partnerships", Who::Governance, || get(governance::partnerships::get)),
    form("/ig/partnerships", Who::Governance, || post(governance::partnerships::post)),
    page("/ig/model", Who::Governance, || get(governance::model::get)),
    form("/ig/model/adopt", Who::Governance, || post(governance::model::adopt)),
    form("/ig/model/adopt/begin", Who::Governance, || post(governance::model::begin_adopting)),
    form("/ig/model/withdraw", Who::Governance, || post(governance::model::withdraw)),
    form("/ig/model/withdraw/begin", Who::Governance, || {
        post(governance::model::begin_withdrawing)
    }),
    page("/ig/signatories", Who::Governance, || get(governance::signatories::get)),
    form("/ig/signatories", Who::Governance, || post(governance::signatories::post)),
    form("/ig/signatories/begin", Who::Governance, || post(governance::signatories::begin)),
    page("/ig/extracts", Who::Governance, || get(governance::extracts::get)),
    form("/ig/extracts", Who::Governance, || post(governance::extracts::post)),
    page("/ig/extracts/{extract}", Who::Governance, || get(governance::extract::get)),
    form("/ig/extracts/{extract}", Who::Governance, || post(governance::extract::post)),
    plain("/ig/extracts/{extract}/table.csv", Who::Governance, || get(governance::extract::csv)),
    plain("/ig/extracts/{extract}/report.html", Who::Governance, || get(governance::extract::html)),
    page("/ig/replay", Who::Governance, || get(governance::replay::get)),
    form("/ig/replay", Who::Governance, || post(governance::replay::post)),
    page("/ig/findings", Who::Governance, || get(governance::findings::get)),
    // Nobody in the demo is pointed at: there is no such page for a browser to visit.
    plain("/ig/findings/{finding}", Who::Governance, || get(governance::findings::get_one)),
    form("/ig/findings/{finding}", Who::Governance, || post(governance::findings::post)),
    page("/ig/told", Who::Governance, || get(governance::told::get)),
    form("/ig/told", Who::Governance, || post(governance::told::post)),
    page("/guardian", Who::Guardian, || get(governance::guardian::get)),
    form("/guardian", Who::Guardian, || post(governance::guardian::post)),
    page("/guardian/reviews", Who::Guardian, || get(governance::reviews::get_last)),
    form("/guardian/reviews/{person}/{access}", Who::Guardian, || {
        post(governance::reviews::post_last)
    }),
    page("/guardian/wishes", Who::Guardian, || get(governance::wishes::get_last)),
    form("/guardian/wishes/{person}/{wish}", Who::Guardian, || post(governance::wishes::post)),
    page("/ig/recommendations", Who::Governance, || get(governance::recommendations::get)),
    form("/ig/recommendations", Who::Governance, || post(governance::recommendations::post)),
    page("/ig/recommendations/{list}", Who::Governance, || {
        get(governance::recommendations::get_one)
    }),
    form("/ig/recommendations/{list}", Who::Governance, || {
        post(governance::recommendations::post_one)
    }),
    page("/ig/refusals", Who::Governance, || get(governance::refusals::get)),
    page("/ig/breaches", Who::Governance, || get(governance::breaches::get)),
    page("/ig/breaches/new", Who::Governance, || get(governance::breaches::get_new)),
    form("/ig/breaches/new", Who::Governance, || post(governance::breaches::post_new)),
    page("/ig/breaches/{breach}", Who::Governance, || get(governance::breach::get)),
    form("/ig/breaches/{breach}", Who::Governance, || post(governance::breach::post)),
    page("/ig/breaches/{breach}/people", Who::Governance, || get(governance::breach_affected::get)),
    form("/ig/breaches/{breach}/people", Who::Governance, || {
        post(governance::breach_affected::post)
    }),
    page("/ig/disposal", Who::Governance, || get(governance::disposal::get)),
    form("/ig/disposal", Who::Governance, || post(governance::disposal::post)),
    // Nothing in the demo is a year old: there is no such page for a browser to visit.
    plain("/ig/disposal/{disposal}", Who::Governance, || get(governance::disposal::get_one)),
    form("/ig/disposal/{disposal}", Who::Governance, || post(governance::disposal::post_one)),
    page("/ig/reviews", Who::Governance, || get(governance::reviews::get)),
    page("/ig/reviews/{person}/{access}", Who::Governance, || get(governance::reviews::get_one)),
    form("/ig/reviews/{person}/{access}", Who::Governance, || post(governance::reviews::post)),
    page("/ig/wishes", Who::Governance, || get(governance::wishes::get)),
    page("/ig/wishes/{person}/{wish}", Who::Governance, || get(governance::wishes::get_one)),
    form("/ig/wishes/{person}/{wish}", Who::Governance, || post(governance::wishes::post)),
    page("/ig/corrections", Who::Governance, || get(governance::corrections::get)),
    page("/ig/corrections/{person}/{correction}", Who::Governance, || {
        get(governance::corrections::get_one)
    }),
    form("/ig/corrections/{person}/{correction}", Who::Governance, || {
        post(governance::corrections::post)
    }),
    page("/guardian/corrections", Who::Guardian, || get(governance::corrections::get_last)),
    form("/guardian/corrections/{person}/{correction}", Who::Guardian, || {
        post(governance::corrections::post)
    }),
    page("/ops/hub", Who::Operations, || get(operations::hub::get)),
    page("/ops/held/{held}", Who::Operations, || get(operations::held::get)),
    form("/ops/held/{held}", Who::Operations, || post(operations::held::post)),
    page("/ops/health", Who::Operations, || get(operations::health::get)),
    page("/ops/match", Who::Operations, || get(operations::matches::get)),
    page("/ops/match/model", Who::Operations, || get(operations::model::get)),
    form("/ops/match/model", Who::Operations, || post(operations::model::post)),
    page("/ops/match/seed", Who::Operations, || get(operations::seed::get)),
    form("/ops/match/seed", Who::Operations, || post(operations::seed::post)),
    page("/ops/match/seed/{list}", Who::Operations, || get(operations::seed::get_one)),
    form("/ops/match/seed/{list}", Who::Operations, || post(operations::seed::post_one)),
    page("/ops/match/{person}/{place}", Who::Operations, || get(operations::review::get)),
    form("/ops/match/{person}/{place}", Who::Operations, || post(operations::review::post)),
    form("/ops/match/{person}/{place}/release", Who::Operations, || {
        post(operations::review::release)
    }),
    form("/ops/match/{person}/{place}/known", Who::Operations, || post(operations::review::known)),
    form("/ops/match/{person}/{place}/undo", Who::Operations, || post(operations::review::undo)),
    page("/ops/questions", Who::Operations, || get(operations::questions::get)),
    // Nobody in the demo is asked: there is no such page for a browser to visit.
    plain("/ops/questions/{person}/{question}", Who::Operations, || {
        get(operations::questions::get_one)
    }),
    form("/ops/questions/{person}/{question}", Who::Operations, || {
        post(operations::questions::post_one)
    }),
    page("/ops/numbers", Who::Operations, || get(operations::numbers::get)),
    form("/ops/numbers", Who::Operations, || post(operations::numbers::post)),
    page("/ops/numbers/{person}", Who::Operations, || get(operations::numbers::get_one)),
    form("/ops/numbers/{person}", Who::Operations, || post(operations::numbers::post_one)),
    page("/ops/merges", Who::Operations, || get(operations::merges::get)),
    page("/ops/merges/{person}/{merge}", Who::Operations, || get(operations::unmerge::get)),
    form("/ops/merges/{person}/{merge}", Who::Operations, || post(operations::unmerge::post)),
];

/// The router, from the table.
pub fn router(app: App) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| {
        let admit = from_fn_with_state((app.clone(), route.who), caller::admit);
        router.route(route.path, (route.handler)().route_layer(admit))
    });
    routes
        .fallback(|| async { stop::Stop::NotFound })
        .layer(from_fn_with_state(app.clone(), changes::guard))
        .layer(from_fn_with_state(app.clone(), stop::show))
        .layer(from_fn_with_state(app.clone(), request::identify))
        .layer(from_fn_with_state(app.clone(), headers::add))
        .with_state(app)
}
