//! Signing in, choosing a role, signing out.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use ken_store::{Reads, Snapshot, values};

use crate::world::{PASSWORD, worlds};

#[tokio::test]
async fn name_password_and_code_let_somebody_in() {
    for world in worlds().await {
        let mut browser = world.browser();
        let page = browser.get("/").await;
        assert_eq!(page.path, "/sign-in");
        page.assert_has(&["Everyone here is made up", "Sign in as Jo Worker", "One-time code"]);
        let code = world.code();
        let filled = [("name", "jo"), ("password", PASSWORD), ("code", code.as_str())];
        let answer = browser.submit(&page, "/sign-in", &filled).await;
        assert_eq!((answer.status, answer.path.as_str()), (StatusCode::OK, "/w/today"));
        answer.assert_has(&["Jo Worker", "Duty social worker, Glen Council"]);
        assert!(browser.cookie("ken-session").is_some());
        assert!(browser.cookie("ken-form").is_none());
        let out = browser.submit(&answer, "/sign-out", &[]).await;
        assert_eq!(out.path, "/sign-in");
        assert!(browser.cookie("ken-session").is_none());
    }
}

#[tokio::test]
async fn whoever_was_silent_for_too_long_signs_in_again_in_the_same_browser() {
    for world in worlds().await {
        let mut browser = world.signed_in("Jo Worker").await;
        let inside = browser.get("/w/today").await;
        world.clock.advance(jiff::SignedDuration::from_mins(31));
        let page = browser.get("/w/today").await;
        assert_eq!(page.path, "/sign-in");
        assert!(browser.cookie("ken-session").is_some(), "the browser keeps it: that is the case");
        let code = world.code();
        let filled = [("name", "jo"), ("password", PASSWORD), ("code", code.as_str())];
        let answer = browser.submit(&page, "/sign-in", &filled).await;
        assert_eq!((answer.status, answer.path.as_str()), (StatusCode::OK, "/w/today"));
        // A form of before has the token of a session that is no more.
        let old = browser.submit(&inside, "/sign-out", &[]).await;
        assert_eq!(old.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn tries_count_against_who_stands_behind_the_proxy() {
    for world in worlds().await {
        let mut browser = world.browser();
        let page = browser.get("/sign-in").await;
        let csrf = page.hidden("/sign-in")[0].1.clone();
        for address in ["198.51.100.7", "203.0.113.7", "203.0.113.8"] {
            let form = format!("csrf={csrf}&name=nobody&password=x&code=1");
            let request = Request::post("/sign-in")
                .header("x-forwarded-for", format!("192.0.2.1, {address}"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::from(form));
            let answer = browser.raw(request.unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        }
        let sql = "SELECT failures FROM throttle WHERE bucket LIKE 'address:%' ORDER BY failures";
        let read = async |s: &mut Snapshot| s.list(sql, values![], |row| row.int(0)).await;
        assert_eq!(world.on.db.snapshot("test", read).await.unwrap(), [1, 2]);
    }
}

#[tokio::test]
async fn the_token_of_a_public_page_sends_no_form_of_a_session() {
    for world in worlds().await {
        let mut browser = world.signed_in("Jo Worker").await;
        let page = browser.get("/sign-in").await;
        let csrf = page.hidden("/sign-in")[0].1.clone();
        let form = format!("csrf={csrf}");
        let answer = browser.send(Method::POST, "/sign-out", Some(&form)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(browser.get("/w/today").await.path, "/w/today");
    }
}

#[tokio::test]
async fn a_refusal_says_the_same_whatever_was_wrong() {
    for world in worlds().await {
        let code = world.code();
        let mut bodies = vec![];
        for (name, password, code) in [
            ("jo", "not the words", code.as_str()),
            ("jo", PASSWORD, "000000"),
            ("nobody", PASSWORD, code.as_str()),
        ] {
            let mut browser = world.browser();
            let page = browser.get("/sign-in").await;
            let filled = [("name", name), ("password", password), ("code", code)];
            let answer = browser.submit(&page, "/sign-in", &filled).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            answer.assert_has(&["do not belong together", "There is a problem"]);
            answer.assert_lacks(&[password]);
            assert!(browser.cookie("ken-session").is_none());
            let csrf = page.hidden("/sign-in")[0].1.clone();
            bodies.push(answer.body.replace(&csrf, "").replace(&format!("value=\"{name}\""), ""));
        }
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "refusals differ");
    }
}

#[tokio::test]
async fn only_listed_accounts_have_a_button() {
    for world in worlds().await {
        let mut browser = world.browser();
        let page = browser.get("/sign-in").await;
        let csrf = page.hidden("/sign-in")[0].1.clone();
        for account in ["0190163d-8694-739b-aea5-966c26f8ad90", "x", ""] {
            let form = format!("csrf={csrf}&account={account}");
            let answer = browser.send(Method::POST, "/sign-in/demo", Some(&form)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
            assert!(browser.cookie("ken-session").is_none());
        }
    }
}

#[tokio::test]
async fn somebody_with_two_roles_chooses_and_can_change() {
    for world in worlds().await {
        let mut browser = world.signed_in("Sam Both").await;
        let page = browser.get("/").await;
        assert_eq!(page.path, "/choose");
        page.assert_has(&["Act as Message operations", "Act as Information governance lead"]);
        let answer = browser.submit(&page, "/choose", &[]).await;
        assert!(["/ops/hub", "/ig"].contains(&answer.path.as_str()), "{}", answer.path);
        answer.assert_has(&["Change role"]);
        let csrf = page.hidden("/choose")[0].1.clone();
        let form = format!("csrf={csrf}&organisation=cec&role=sw.duty");
        let answer = browser.send(Method::POST, "/choose", Some(&form)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "a role that is not held");
    }
}

#[tokio::test]
async fn a_form_acts_in_the_role_in_which_it_was_shown_or_not_at_all() {
    for world in worlds().await {
        let mut sam = world.sam_as("ig.lead").await;
        let room = "/ig/registers/contact";
        let page = sam.get(room).await;
        let old = page.hidden(room)[0].1.clone();
        let choose = |role: &str| format!("csrf={old}&organisation=cec&role={role}");
        // Choosing a role, like signing out, is the account's own: an old tab may do it.
        let chosen = sam.send(Method::POST, "/choose", Some(&choose("ops.hub"))).await;
        assert_eq!(chosen.status, StatusCode::SEE_OTHER);
        for role in ["ops.hub", "ig.lead"] {
            sam.send(Method::POST, "/choose", Some(&choose(role))).await;
            let form = format!("csrf={old}&name=What+was+typed+is+given+back");
            let answer = sam.send(Method::POST, room, Some(&form)).await;
            let is_refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(is_refused, role == "ops.hub", "{role}: {}", answer.status);
            if is_refused {
                answer.assert_has(&["another of your roles", "We did not do anything"]);
                answer.assert_has(&["What was typed is given back"]);
            }
        }
        sam.send(Method::POST, "/choose", Some(&choose("ops.hub"))).await;
        let forged = format!("csrf={}&name=Kept", &old[..43]);
        let answer = sam.send(Method::POST, room, Some(&forged)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "a token without its role");
        let out = sam.send(Method::POST, "/sign-out", Some(&format!("csrf={old}"))).await;
        assert_eq!(out.status, StatusCode::SEE_OTHER, "an old tab can always sign out");
    }
}

#[tokio::test]
async fn hiding_forgets_the_sign_in() {
    for world in worlds().await {
        let mut browser = world.signed_in("Jo Worker").await;
        let answer = browser.send(Method::GET, "/hide", None).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(answer.headers["clear-site-data"].to_str().unwrap().contains("cache"));
        assert!(browser.cookie("ken-session").is_none());
        assert_eq!(browser.get("/w/today").await.path, "/sign-in");
    }
}

#[tokio::test]
async fn passkeys_are_offered_and_checked() {
    for world in worlds().await {
        let mut browser = world.browser();
        let page = browser.get("/sign-in").await;
        page.assert_has(&["With a passkey", "data-passkey=\"sign-in\"", "passkey.js"]);
        let csrf = page.hidden("/sign-in")[0].1.clone();
        let form = format!("csrf={csrf}");
        let begun = browser.send(Method::POST, "/sign-in/passkey/begin", Some(&form)).await;
        assert_eq!(begun.status, StatusCode::OK);
        begun.assert_has(&["\"challenge\":", "\"rpId\":\"localhost\""]);
        for (answer, status) in [("%7B%7D", 422), ("", 422), ("nonsense", 422)] {
            let form = format!("csrf={csrf}&answer={answer}");
            let tried = browser.send(Method::POST, "/sign-in/passkey", Some(&form)).await;
            assert_eq!(tried.status, status, "{answer}");
            assert!(browser.cookie("ken-session").is_none());
        }
        let mut jo = world.signed_in("Jo Worker").await;
        let own = jo.get("/passkeys").await;
        own.assert_has(&["You have no passkey here", "data-passkey=\"add\""]);
        let csrf = own.hidden("/passkeys")[0].1.clone();
        let form = format!("csrf={csrf}");
        let begun = jo.send(Method::POST, "/passkeys/begin", Some(&form)).await;
        begun.assert_has(&["Jo Worker", "\"excludeCredentials\":[]"]);
        let form = format!("csrf={csrf}&called=Phone&answer=%7B%7D");
        let tried = jo.send(Method::POST, "/passkeys", Some(&form)).await;
        assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY);
        tried.assert_has(&["The passkey was not added"]);
        let form = format!("csrf={csrf}&passkey=AAAA");
        let removed = jo.send(Method::POST, "/passkeys/remove", Some(&form)).await;
        assert_eq!(removed.status, StatusCode::NOT_FOUND, "somebody else's, or none");
    }
}
