//! Any request: every route, with any method, address, head and form, by every kind of caller.
//!
//! No answer is a fault of ours, each carries the headers, and none shows anybody to a caller who
//! may not see them. What cannot even be a request (an address that the http crate refuses) never
//! reaches the router; the listener's own test answers those bytes.
//!
//! The inputs are a function of a seed: `KEN_FUZZ_SEED` and `KEN_FUZZ_CASES` give others and more.

mod bad;
mod sent;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use ken_core::IdSource as _;
use ken_http::{ROUTES, Route, Verb, Who};
use ken_testkit::SeededIds;

use self::bad::BAD;
use self::sent::{asked_in_fhir, kind};
use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

/// Requests on each engine, unless the environment says otherwise.
const CASES: u64 = 900;

#[expect(clippy::disallowed_methods, reason = "more inputs on demand, from the environment")]
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Choices that repeat.
struct Dice(SeededIds);

impl Dice {
    fn below(&self, count: usize) -> usize {
        let number = u128::from_le_bytes(self.0.random().into_bytes()) >> 72;
        usize::try_from(number).unwrap() % count
    }

    fn one<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn once_in(&self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Who asks, and what they may never be shown whatever they send.
struct Asker {
    name: &'static str,
    who: Who,
    /// The role to choose, for whoever has several.
    role: Option<&'static str>,
    browser: Browser,
    csrf: String,
    never: Vec<&'static str>,
}

/// What is written about Morag on a page that shows her.
const MORAG: [&str; 4] = ["DRUMMOND", "Penicillin", "1 Made-up Road", "9990000018"];
/// What only the school holds.
const SCHOOL: [&str; 4] = ["GOW", "CALLUM", "2 Made-up Road", "CANARY collects"];

async fn askers(world: &World) -> Vec<Asker> {
    let both: Vec<_> = MORAG.into_iter().chain(SCHOOL).collect();
    let of = |name, who, role, never: &[&'static str]| (name, who, role, never.to_vec());
    let all = [
        of("", Who::Anyone, None, &both),
        of("Jo Worker", Who::Practitioner, None, &both),
        of("Dr Rao", Who::Practitioner, None, &SCHOOL),
        of("Dr Bea Doctor", Who::Practitioner, None, &SCHOOL),
        of("Ms Teacher", Who::Practitioner, None, &MORAG),
        of("Morag Drummond", Who::Person, None, &SCHOOL[..3]),
        of("Sam Both", Who::SignedIn, None, &both),
        of("Sam Both", Who::Operations, Some("ops.hub"), &both),
        of("Sam Both", Who::Governance, Some("ig.lead"), &both),
        of("Cal Guards", Who::Guardian, None, &both),
    ];
    let mut askers = vec![];
    for (name, who, role, never) in all {
        let (browser, csrf) = enter(world, name, role).await;
        askers.push(Asker { name, who, role, browser, csrf, never });
    }
    askers
}

/// A browser of somebody, and the token of its forms.
async fn enter(world: &World, name: &str, role: Option<&str>) -> (Browser, String) {
    if name.is_empty() {
        let mut browser = world.browser();
        let csrf = csrf_of(&browser.get("/sign-in").await);
        return (browser, csrf);
    }
    let mut browser = world.signed_in(name).await;
    if let Some(role) = role {
        let page = browser.get("/choose").await;
        let csrf = page.hidden("/choose")[0].1.clone();
        let form = format!("csrf={csrf}&organisation=cec&role={role}");
        browser.send(Method::POST, "/choose", Some(&form)).await;
    }
    let csrf = csrf_of(&browser.get("/").await);
    (browser, csrf)
}

/// Words that a request may hold: ids of people who are there, and what no form of ours sends.
struct Words {
    values: Vec<String>,
    ids: Vec<String>,
}

/// Every field that a form or an address of ours has.
const FIELDS: &[&str] = &[
    "about",
    "account",
    "address",
    "advice",
    "affirmed",
    "after",
    "agreement",
    "answer",
    "area",
    "ask",
    "asked",
    "asking",
    "before",
    "because",
    "again",
    "born",
    "called",
    "change",
    "choice",
    "claim",
    "clause",
    "code",
    "column",
    "columns",
    "confirmed",
    "contact",
    "controller",
    "correction",
    "cover",
    "csrf",
    "data",
    "day",
    "days",
    "decision",
    "delay",
    "description",
    "desk",
    "did",
    "document",
    "due",
    "effects",
    "eligibility",
    "email",
    "end",
    "ended",
    "entry",
    "family",
    "form",
    "from",
    "given",
    "happened",
    "hash",
    "holds",
    "hours",
    "how",
    "item",
    "key",
    "kind",
    "made_by",
    "measure",
    "measures",
    "member",
    "month",
    "name",
    "note",
    "new",
    "number",
    "numbers",
    "offer",
    "office",
    "organisation",
    "outcome",
    "outside",
    "owner",
    "order",
    "p",
    "page",
    "partnership",
    "party",
    "passkey",
    "password",
    "people",
    "per_page",
    "person",
    "phone",
    "place",
    "point",
    "postcode",
    "practitioner",
    "purpose",
    "q",
    "question",
    "reach",
    "reason",
    "role",
    "rounded",
    "rows",
    "second",
    "seen",
    "sex",
    "shift",
    "side",
    "set",
    "service",
    "size",
    "source",
    "step",
    "summary",
    "sure",
    "system",
    "t",
    "text",
    "time",
    "title",
    "to",
    "told",
    "topic",
    "under",
    "turn",
    "until",
    "url",
    "version",
    "view",
    "views",
    "way",
    "what",
    "when",
    "who",
    "whom",
    "with",
    "why",
    "words",
    "worry",
    "year",
    "",
];

/// Words of our own, good in one place or another.
const GOOD: &[&str] = &[
    "",
    "yes",
    "direct-care",
    "own-work",
    "own-record",
    "vital",
    "objection",
    "at-risk",
    "send",
    "grant",
    "withhold",
    "governance",
    "identity-review",
    "girfec-wellbeing",
    "care-plan",
    "justified",
    "shown",
    "kept",
    "agree",
    "decline",
    "told",
    "exempt",
    "confirm",
    "same",
    "different",
    "unsure",
    "cec",
    "practice",
    "gp.doctor",
    "ops.hub",
    "education",
    "core",
    "I visit them every week at their own home",
    "should-share",
    "adult-assessment",
    "count",
    "say",
    "disagree",
    "correct",
    "matters",
    "list",
    "24",
    "share",
    "assign",
    "close",
    "1,Share sooner",
    "2",
    "31",
    "1948",
    "2012",
    "9990000018",
    "943 476 5919",
];

impl Words {
    async fn of(world: &World) -> Self {
        let mut ids = vec![
            world.morag.to_string(),
            "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".to_owned(),
            "0190163d-8694-739b-aea5-966c26f8ad90".to_owned(),
        ];
        ids.extend(world.person("Gow", "2012-05-06").await.map(|person| person.to_string()));
        let words = GOOD.iter().chain(BAD).map(|word| (*word).to_owned());
        let long = [100, 5_000].map(|count| "x".repeat(count));
        Self { values: words.chain(long).chain(ids.clone()).collect(), ids }
    }

    /// An address, of a route that is theirs more often than not, and the method it takes.
    fn path(&self, dice: &Dice, who: Who) -> (String, Method) {
        let theirs = |route: &&Route| [who, Who::SignedIn, Who::Anyone].contains(&route.who);
        let theirs: Vec<_> = ROUTES.iter().filter(theirs).collect();
        let route = if dice.once_in(4) { dice.one(ROUTES) } else { dice.one(&theirs) };
        let method = if route.verb == Verb::Post { Method::POST } else { Method::GET };
        let mut path = route.path.to_owned();
        if dice.once_in(20) {
            path = format!("/{}/{}", dice.one(&self.values), dice.one(&self.values));
        }
        while let Some((before, rest)) = path.clone().split_once('{') {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            let word = dice.one(if dice.once_in(3) { &self.values } else { &self.ids });
            path = format!("{before}{}{after}", word.replace(['{', '}'], ""));
        }
        (path, method)
    }

    fn pairs(&self, dice: &Dice, most: usize) -> Vec<(String, String)> {
        let pair = |_| ((*dice.one(FIELDS)).to_owned(), dice.one(&self.values).clone());
        (0..dice.below(most)).map(pair).collect()
    }
}

/// Without the words an emergency opens nothing; with them, but a second person first, it does not
/// either.
fn ask_second(dice: &Dice, pairs: &mut Vec<(String, String)>) {
    pairs.retain(|(name, _)| name != "affirmed");
    if dice.once_in(2) {
        pairs.retain(|(name, _)| name != "second");
        pairs.extend(["affirmed", "second"].map(|name| (name.to_owned(), "yes".to_owned())));
    }
}

/// One request, or none where these words make no address.
fn request(dice: &Dice, words: &Words, asker: &Asker, parcel: &str) -> Option<Request<Body>> {
    let (path, usual) = words.path(dice, asker.who);
    let others = ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"];
    let method = if dice.once_in(8) {
        Method::from_bytes(dice.one(&others).as_bytes()).ok()?
    } else {
        usual
    };
    let joined = |pairs: Vec<(String, String)>| {
        let pair = |(name, value)| format!("{name}={value}");
        pairs.into_iter().map(pair).collect::<Vec<_>>().join("&")
    };
    let mut query = joined(words.pairs(dice, 4)).replace(' ', "+");
    if dice.once_in(4) {
        query = format!("t={parcel}&{query}");
    }
    let uri = Uri::try_from(format!("{path}?{query}")).ok()?;
    let mut pairs = words.pairs(dice, 7);
    // Words that open an emergency would show somebody with good right: those are told elsewhere.
    if path == "/w/emergency" {
        ask_second(dice, &mut pairs);
    }
    if !dice.once_in(6) {
        pairs.push(("csrf".to_owned(), asker.csrf.clone()));
    }
    if dice.once_in(3) {
        pairs.push(("t".to_owned(), parcel.to_owned()));
    }
    let is_match = path == crate::fhir::MATCH && dice.once_in(2);
    let form = match dice.below(20) {
        0 => "x=".to_owned() + &"y".repeat(130 * 1024),
        1 => "\0\u{1}".to_owned(),
        _ if is_match => asked_in_fhir(dice, words),
        _ => joined(pairs),
    };
    let kind = if is_match { "application/fhir+json" } else { kind(dice) };
    let mut request = Request::builder().method(method).uri(uri).body(Body::from(form)).ok()?;
    let mut add = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            request.headers_mut().append(name, value);
        }
    };
    add(header::CONTENT_TYPE, kind);
    if is_match {
        add(HeaderName::from_static("ken-csrf"), &asker.csrf);
    }
    let names =
        [header::ACCEPT, header::RANGE, header::ORIGIN, header::HOST, header::IF_NONE_MATCH];
    for name in names {
        if dice.once_in(4) {
            add(name, dice.one::<String>(&words.values));
        }
    }
    if dice.once_in(12) {
        let name = dice.one(&["ken-session", "ken-form", "a"]);
        add(header::COOKIE, &format!("{name}={}; {name}", dice.one::<String>(&words.values)));
    }
    Some(request)
}

/// What each answer must be.
#[track_caller]
fn assert_answer(what: &str, asker: &Asker, answer: &Answer) {
    let status = answer.status;
    assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{what}:\n{}", answer.body);
    assert!(!status.is_server_error(), "{what}: {status}");
    for name in [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "cache-control",
        "x-request-id",
    ] {
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{what}: {name}");
    }
    let heads = format!("{:?}", answer.headers);
    let body = without_receipts(&answer.body);
    for never in &asker.never {
        assert!(!body.contains(never), "{what} shows {never}:\n{}", answer.body);
        assert!(!heads.contains(never), "{what} says {never}: {heads}");
    }
}

/// A page without the receipts on it: they are signed hashes, in whose letters any short word
/// comes by chance.
fn without_receipts(page: &str) -> String {
    // "ken-receipt/" in base 64.
    const RECEIPT: &str = "<code class=\"care_code\">a2VuLXJlY2VpcHQv";
    let mut parts = page.split(RECEIPT);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut rest, part| {
        rest.push_str(part.split_once("</code>").map_or(part, |(_, after)| after));
        rest
    })
}

async fn parcel(world: &World, browser: &mut Browser) -> String {
    let found = world.search(browser, "Gow", ["6", "5", "2012"]).await;
    found.path.trim_start_matches("/w/find/r/").to_owned()
}

fn csrf_of(answer: &Answer) -> String {
    let (_, rest) = answer.body.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn any_request_is_answered_and_shows_nobody() {
    let (seed, cases) = (setting("KEN_FUZZ_SEED", 20_261_122), setting("KEN_FUZZ_CASES", CASES));
    for world in worlds().await {
        let (dice, words) = (Dice(SeededIds::new(seed)), Words::of(&world).await);
        let mut jo = world.signed_in("Jo Worker").await;
        let parcel = parcel(&world, &mut jo).await;
        let mut askers = askers(&world).await;
        let (mut sent, mut shown) = (0_u64, 0_u64);
        for case in 0..cases {
            let place = dice.below(askers.len());
            let asker = &mut askers[place];
            let Some(request) = request(&dice, &words, asker, &parcel) else { continue };
            let what = format!(
                "seed {seed} case {case}, {} {} by {:?} {:?} on {}",
                request.method(),
                request.uri(),
                asker.name,
                asker.role,
                world.on.engine
            );
            let answer = asker.browser.raw(request).await;
            assert_answer(&what, asker, &answer);
            sent += 1;
            shown += u64::from(answer.status == StatusCode::OK);
            // Whoever signed out, or pressed a button of somebody else, is themselves again.
            let signs = ["/sign-out", "/sign-in", "/hide", "/choose"];
            let to = answer.headers.get(header::LOCATION);
            let is_out = to.is_some_and(|to| to.as_bytes() == b"/sign-in");
            if is_out || signs.iter().any(|path| answer.path.starts_with(path)) {
                (asker.browser, asker.csrf) = enter(&world, asker.name, asker.role).await;
            }
            // Time goes on, so that nobody who tries too often is kept out for ever.
            world.clock.advance(jiff::SignedDuration::from_millis(100));
        }
        assert!(sent * 10 > cases * 8, "only {sent} of {cases} could be sent");
        assert!(shown * 8 > sent, "only {shown} of {sent} reached a page: nothing is tested");
    }
}
