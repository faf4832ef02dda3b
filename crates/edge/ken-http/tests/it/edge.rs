//! What holds for every route: headers, tokens, limits, who may call.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use ken_http::{ROUTES, Verb, Who};

use crate::browser::Browser;
use crate::world::worlds;

/// A path with its placeholders filled in.
fn filled(path: &str) -> String {
    let mut whole = path.to_owned();
    while let Some((before, rest)) = whole.clone().split_once('{') {
        let (_, after) = rest.split_once('}').unwrap();
        whole = format!("{before}6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa{after}");
    }
    whole
}

fn csrf_of(answer: &crate::browser::Answer) -> String {
    let (_, rest) = answer.body.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn call(browser: &mut Browser, verb: Verb, path: &str, csrf: &str) -> crate::browser::Answer {
    match verb {
        Verb::Get => browser.send(Method::GET, path, None).await,
        Verb::Post => browser.send(Method::POST, path, Some(&format!("csrf={csrf}"))).await,
    }
}

#[tokio::test]
async fn each_route_stands_once() {
    let mut seen = BTreeSet::new();
    for route in ROUTES {
        assert!(seen.insert((route.path, route.verb == Verb::Get)), "{} twice", route.path);
        assert!(!route.is_page || route.verb == Verb::Get, "{}", route.path);
        assert!(route.path == "/" || !route.path.ends_with('/'), "{}", route.path);
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_session() {
    for world in worlds().await {
        let mut browser = world.browser();
        let csrf = csrf_of(&browser.get("/sign-in").await);
        for route in ROUTES.iter().filter(|route| route.who != Who::Anyone) {
            let answer = call(&mut browser, route.verb, &filled(route.path), &csrf).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", route.path);
            assert_eq!(answer.headers["location"], "/sign-in", "{}", route.path);
        }
        browser.set_cookie("ken-session", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let answer = browser.send(Method::GET, "/w/today", None).await;
        assert_eq!(answer.headers["location"], "/sign-in", "a made-up token");
    }
}

#[tokio::test]
async fn a_route_of_another_area_does_not_exist() {
    for world in worlds().await {
        for (name, may) in [("Jo Worker", Who::Practitioner), ("Morag Drummond", Who::Person)] {
            let mut browser = world.signed_in(name).await;
            let csrf = csrf_of(&browser.get("/").await);
            let absent = browser.send(Method::GET, "/no-such-page", None).await;
            for route in ROUTES {
                if [Who::Anyone, Who::SignedIn, may].contains(&route.who) {
                    continue;
                }
                let answer = call(&mut browser, route.verb, &filled(route.path), &csrf).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} at {}", route.path);
                assert_eq!(answer.body, absent.body, "{name} at {}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn no_form_is_taken_without_its_token() {
    for world in worlds().await {
        let mut browser = world.signed_in("Jo Worker").await;
        for route in ROUTES.iter().filter(|route| route.verb == Verb::Post) {
            for form in ["", "csrf=", "csrf=AAAA", "a=1&csrf=%41"] {
                let answer = browser.send(Method::POST, &filled(route.path), Some(form)).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {form}", route.path);
                answer.assert_has(&["This form was too old"]);
            }
            let other = world.signed_in("Ann Colleague").await.get("/w/today").await;
            let form = format!("csrf={}", csrf_of(&other));
            let answer = browser.send(Method::POST, &filled(route.path), Some(&form)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "another's token, {}", route.path);
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_policy_and_is_kept_by_nobody() {
    for world in worlds().await {
        let mut browser = world.signed_in("Jo Worker").await;
        for route in ROUTES.iter().filter(|route| route.verb == Verb::Get) {
            let answer = browser.send(Method::GET, &filled(route.path), None).await;
            let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
            let policy = header("content-security-policy");
            let script = match route.path {
                "/sign-in" | "/passkeys" => "script-src 'self';",
                _ => "script-src 'none';",
            };
            for want in ["default-src 'none'", script, "require-trusted-types-for"] {
                assert!(policy.contains(want), "{} lacks {want}", route.path);
            }
            assert!(!policy.contains("unsafe"), "{}", route.path);
            assert_eq!(header("referrer-policy"), "no-referrer");
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!(header("x-request-id").len(), 36);
            assert_eq!(header("cache-control"), "private, no-store", "{}", route.path);
        }
        let css = world.browser().get("/sign-in").await;
        let (_, rest) = css.body.split_once("href=\"/static/").unwrap();
        let path = format!("/static/{}", rest.split('"').next().unwrap());
        let asset = world.browser().send(Method::GET, &path, None).await;
        assert_eq!(asset.status, StatusCode::OK);
        assert!(asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
    }
}

#[tokio::test]
async fn bodies_have_a_limit_and_one_kind() {
    for world in worlds().await {
        let mut browser = world.browser();
        let csrf = csrf_of(&browser.get("/sign-in").await);
        let long = format!("csrf={csrf}&name={}", "x".repeat(200_000));
        let answer = browser.send(Method::POST, "/sign-in", Some(&long)).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        let answer = browser.send(Method::POST, "/sign-in", None).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        for (path, status) in [("/no-such-page", 404), ("/static/../Cargo.toml", 404)] {
            assert_eq!(browser.send(Method::GET, path, None).await.status, status, "{path}");
        }
        let wrong_verb = browser.send(Method::GET, "/sign-out", None).await;
        assert_eq!(wrong_verb.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[test]
fn every_page_is_in_the_browser_run() {
    let listed = include_str!("../../../../../tests/ui/pages.js");
    for route in ROUTES.iter().filter(|route| route.is_page) {
        let want = format!("route: \"{}\"", route.path);
        assert!(listed.contains(&want), "tests/ui/pages.js lacks {want}");
    }
}

#[tokio::test]
async fn every_page_keeps_the_rules_of_markup() {
    for world in worlds().await {
        for name in ["Jo Worker", "Dr Rao", "Morag Drummond"] {
            let mut browser = world.signed_in(name).await;
            for route in ROUTES.iter().filter(|route| route.is_page) {
                let path = route.path.replace("{person}", &world.morag.to_string());
                let answer = browser.get(&filled(&path)).await;
                if answer.status != StatusCode::NOT_FOUND {
                    crate::rules::assert_page(&answer.body);
                }
            }
        }
    }
}
