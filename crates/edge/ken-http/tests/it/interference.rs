//! Non-interference (`core.md` 2.10): two worlds that differ only in what the caller may not see
//! give equal status, headers and bytes, on every route of the router's own list.
//!
//! Ids, tokens, parcels and the names that two bodies have for a person are random by nature; they
//! are renamed by the order in which they appear, so that a page that names one more, or names
//! another, still differs.

use axum::http::Method;
use ken_http::{ROUTES, Verb};
use ken_testkit::renamed;

use crate::browser::{Answer, Browser};
use crate::world::{Hidden, World, worlds_with};

/// What can be told from an answer.
pub(crate) fn told(answer: &Answer) -> String {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", renamed(value.to_str().unwrap())))
        .collect();
    headers.sort();
    format!("{}\n{}\n{}", answer.status, headers.join("\n"), renamed(&answer.body))
}

/// An id that nobody and nothing has.
const NOBODY: &str = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
const NOTHING: &str = "0190163d-8694-739b-aea5-966c26f8ad90";

/// What a caller puts into addresses and forms: ids and parcels that they could come by.
struct Given {
    csrf: String,
    parcel: String,
    /// A person: hidden, where the world has one; else somebody who does not exist.
    person: String,
    /// An emergency access of another organisation, where the world has one.
    access: String,
}

impl Given {
    /// A route's path with its placeholders filled in.
    fn path(&self, path: &str) -> String {
        path.replace("{parcel}", &self.parcel)
            .replace("{person}", &self.person)
            .replace("{access}", &self.access)
            .replace("{place}", &self.access)
            .replace("{question}", &self.access)
            .replace("{duty}", &self.access)
            .replace("{request}", &self.access)
            .replace("{discussion}", &self.access)
            .replace("{wish}", &self.access)
            .replace("{correction}", &self.access)
            .replace("{item}", &self.access)
            .replace("{finding}", &self.access)
            .replace("{merge}", &self.access)
            .replace("{held}", &self.access)
            .replace("{draft}", &self.access)
            .replace("{breach}", &self.access)
            .replace("{disposal}", &self.access)
            .replace("{extract}", &self.access)
            .replace("{consultation}", &self.access)
            .replace("{list}", &self.access)
            .replace("{service}", &self.access)
            .replace("{clause}", "none")
            .replace("{hash}", "none")
            .replace("{register}", "asset")
            .replace("{file}", "none")
    }
}

/// Every way a caller can try every route.
async fn tries(world: &World, name: &str) -> Vec<(String, String)> {
    let mut browser = world.signed_in(name).await;
    let hidden = world.person("Gow", "2012-05-06").await;
    let access = world.access.map_or_else(|| NOTHING.to_owned(), |access| access.to_string());
    let mut told_all = vec![];
    for (what, family, born) in [
        ("hidden", "Gow", ["6", "5", "2012"]),
        ("nobody", "Nobodyatall", ["6", "5", "2012"]),
        ("own", "Drummond", ["2", "3", "1948"]),
    ] {
        let answer = world.search(&mut browser, family, born).await;
        let parcel = answer.path.trim_start_matches("/w/find/r/").to_owned();
        told_all.push((format!("search {what}"), told(&answer)));
        let person = match (what, hidden) {
            ("own", _) => world.morag.to_string(),
            ("hidden", Some(hidden)) => hidden.to_string(),
            _ => NOBODY.to_owned(),
        };
        // Of a page of its own: the same bytes of one page would be one sending.
        let home = browser.get("/").await;
        let csrf = home.hidden("/sign-out").first().map(|(_, value)| value.clone()).unwrap();
        let given = Given { csrf, parcel, person, access: access.clone() };
        let left = ["/sign-out", "/sign-out/everywhere", "/hide"];
        for route in ROUTES.iter().filter(|route| !left.contains(&route.path)) {
            for (how, answer) in one(&mut browser, route, &given).await {
                told_all.push((format!("{how} {what}"), told(&answer)));
            }
        }
        for typed in [crate::fhir::named(family, "", born), crate::fhir::numbered("9990000018")] {
            let answer = browser.ask(crate::fhir::MATCH, &given.csrf, &typed).await;
            told_all.push((format!("match {what}"), told(&answer)));
        }
    }
    told_all
}

/// What is sent by forms. An emergency with its reason and words is a disclosure that the accord
/// permits, so it may differ; without them it may not, nor where a second person is asked first.
fn forms(given: &Given) -> Vec<(&'static str, String)> {
    let Given { parcel, person, access, .. } = given;
    vec![
        ("empty", String::new()),
        ("claim", format!("&t={parcel}&kind=direct-care&reason=I+visit+them+every+week")),
        ("by id", format!("&p={person}&kind=direct-care&reason=I+visit+them+every+week")),
        (
            "by id and name",
            format!(
                "&p={person}&family=Gow&day=6&month=5&year=2012\
                 &kind=direct-care&reason=I+visit+them+every+week"
            ),
        ),
        (
            "second",
            format!(
                "&t={parcel}&reason=The+gas+is+on+there&affirmed=yes&second=yes\
                 &asking={access}&decision=agree&outcome=justified"
            ),
        ),
        ("words", "&purpose=direct-care&affirmed=yes&seen=x".to_owned()),
        ("search", "&family=Gow&day=6&month=5&year=2012".to_owned()),
        ("earlier", format!("&purpose=direct-care&before=1700000000000000.{NOTHING}")),
        ("out", format!("&purpose=direct-care&step=out&member={access}&because=Left")),
        (
            "role",
            "&purpose=direct-care&step=role&role=named-person&change=decline&reason=Chosen"
                .to_owned(),
        ),
        ("part", format!("&purpose=direct-care&order=oldest&point=1700000000000000.{NOTHING}")),
        ("copy", "&purpose=direct-care&source=primary&kind=significant".to_owned()),
        (
            "draft",
            "&purpose=direct-care&form=adult-assessment&step=save&views=She+is+well".to_owned(),
        ),
        (
            "discuss",
            "&purpose=direct-care&kind=care-plan&topic=The+rail&text=It+is+loose".to_owned(),
        ),
        ("told", "&purpose=direct-care&to=primary&about=care-plan".to_owned()),
        ("reply", format!("&purpose=direct-care&seen={NOTHING}&words=On+Monday")),
        ("sign", "&purpose=direct-care&form=adult-assessment&step=sign&seen=1".to_owned()),
        ("begin", format!("&purpose=direct-care&form=adult-assessment&item={access}&version=1000")),
        ("on paper", format!("&purpose=direct-care&item={access}&size=large")),
        ("begin with what is known", "&purpose=direct-care&form=childs-plan".to_owned()),
        ("earlier own", format!("&purpose=own-work&before=7.{NOTHING}&kind=education")),
    ]
}

async fn one(
    browser: &mut Browser,
    route: &ken_http::Route,
    given: &Given,
) -> Vec<(String, Answer)> {
    let Given { csrf, parcel, person, .. } = given;
    let path = given.path(route.path);
    assert!(!path.contains('{'), "{path}");
    let mut answers = vec![];
    match route.verb {
        Verb::Get => {
            for query in [
                String::new(),
                format!("?t={parcel}"),
                format!("?p={person}"),
                "?purpose=direct-care".to_owned(),
                "?purpose=own-work&kind=education".to_owned(),
                "?purpose=vital".to_owned(),
                "?purpose=direct-care&clause=D1&kind=care-plan".to_owned(),
                "?purpose=direct-care&form=adult-assessment".to_owned(),
                "?purpose=governance".to_owned(),
                "?purpose=direct-care&source=primary&from=2020-01-01&order=oldest&view=lanes"
                    .to_owned(),
            ] {
                let shape = query.split('=').take(2).collect::<Vec<_>>().join("=");
                let shape = shape.replace(parcel, "T").replace(person, "P");
                let answer = browser.send(Method::GET, &format!("{path}{query}"), None).await;
                answers.push((format!("GET {}{shape}", route.path), answer));
            }
        }
        Verb::Post
            if !["/sign-in", "/sign-in/demo", "/choose", "/sign-in/passkey"]
                .contains(&route.path) =>
        {
            for (way, form) in forms(given) {
                let form = format!("csrf={csrf}{form}");
                let answer = browser.send(Method::POST, &path, Some(&form)).await;
                answers.push((format!("POST {} {way}", route.path), answer));
            }
        }
        Verb::Post => {}
    }
    answers
}

/// Tries every route as this caller, in both worlds.
async fn assert_same(name: &str) {
    let with = worlds_with(Hidden::Something).await;
    let without = worlds_with(Hidden::Nothing).await;
    for (with, without) in with.iter().zip(&without) {
        let (a, b) = (tries(with, name).await, tries(without, name).await);
        assert_eq!(a.len(), b.len());
        assert!(a.len() > 100, "{} tries are too few", a.len());
        for ((how, a), (_, b)) in a.iter().zip(&b) {
            assert_eq!(a, b, "{name}: {how} differs on {}", with.on.engine);
        }
    }
}

#[tokio::test]
async fn what_may_not_be_seen_changes_nothing_that_is_told() {
    assert_same("Dr Rao").await;
}

#[tokio::test]
async fn what_may_not_be_seen_changes_nothing_before_words_are_affirmed() {
    assert_same("Dr Bea Doctor").await;
}

#[tokio::test]
async fn what_may_not_be_seen_changes_nothing_without_a_relationship() {
    assert_same("Jo Worker").await;
}

#[tokio::test]
async fn the_harness_sees_a_difference() {
    // The school may see both, so for its teacher the worlds must differ; else nothing is tested.
    let with = worlds_with(Hidden::Something).await;
    let without = worlds_with(Hidden::Nothing).await;
    for (with, without) in with.iter().zip(&without) {
        let a = tries(with, "Ms Teacher").await;
        let b = tries(without, "Ms Teacher").await;
        let differ = a.iter().zip(&b).filter(|(a, b)| a.1 != b.1).count();
        assert!(differ >= 2, "the harness is blind: {differ}");
    }
}
