//! Passkeys on their page: a browser that somebody left alone gains none and loses none.

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::agreements::csrf_of;
use crate::browser::{Answer, Browser};
use crate::world::{PASSWORD, World, worlds};

/// A point of the curve, as good a public key as any: the base point of P-256 (SEC 2, 2.4.2).
const POINT: [&str; 2] = [
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
];

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// The answer to `navigator.credentials.create` of a device that nobody has vouched for.
fn attestation(options: &Value) -> String {
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let [x, y] = POINT.map(bytes);
    let key = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", &x[..], b"\x22\x58\x20", &y].concat();
    let site = Sha256::digest("localhost");
    let data = [&site[..], &[0x45], &[0; 4], &[0; 16], &[0, 4], b"cred", &key].concat();
    let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58";
    let object = [&head[..], &[u8::try_from(data.len()).unwrap()], &data].concat();
    let (kind, origin) = ("webauthn.create", "http://localhost:8080");
    let client = json!({ "type": kind, "challenge": options["challenge"], "origin": origin });
    let client = b64(client.to_string().as_bytes());
    let response = json!({ "clientDataJSON": client, "attestationObject": b64(&object) });
    json!({ "id": b64(b"cred"), "response": response }).to_string()
}

/// Signs in whoever has no button in the demonstration.
pub(crate) async fn lee(world: &World) -> Browser {
    let mut lee = world.browser();
    let page = lee.get("/sign-in").await;
    let filled = [("name", "lee"), ("password", PASSWORD), ("code", &world.code())];
    assert_eq!(lee.submit(&page, "/sign-in", &filled).await.status, StatusCode::OK);
    world.clock.advance(jiff::SignedDuration::from_secs(60));
    lee
}

/// Adds a passkey whose device made a good answer, with what else is sent.
async fn add(browser: &mut Browser, more: &[(&str, &str)]) -> Answer {
    let page = browser.get("/passkeys").await;
    let form = format!("csrf={}", csrf_of(&page));
    let begun = browser.send(Method::POST, "/passkeys/begin", Some(&form)).await;
    let answer = attestation(&serde_json::from_str(&begun.body).unwrap());
    // The page's own form has this field empty, for the script to fill in.
    let form = format!("{form}&called=Mine&{}", encoded("answer", &answer));
    let more = more.iter().map(|(name, value)| format!("&{}", encoded(name, value)));
    let form = form + &more.collect::<String>();
    browser.send(Method::POST, "/passkeys", Some(&form)).await
}

pub(crate) fn encoded(name: &str, value: &str) -> String {
    let code = |byte: u8| format!("%{byte:02X}");
    format!("{name}={}", value.bytes().map(code).collect::<String>())
}

#[tokio::test]
async fn a_browser_that_is_signed_in_gains_and_loses_no_passkey_by_that() {
    for world in worlds().await {
        let mut left_alone = lee(&world).await;
        for more in [&[][..], &[("password", "not the words"), ("code", "000000")]] {
            let tried = add(&mut left_alone, more).await;
            assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY);
            tried.assert_has(&["We could not confirm that it is you. Nothing was done"]);
            let page = left_alone.get("/passkeys").await;
            page.assert_has(&["You have no passkey here", "so we ask again who you are"]);
        }
        let code = world.code();
        let tried = add(&mut left_alone, &[("password", PASSWORD), ("code", &code)]).await;
        assert_eq!(tried.status, StatusCode::SEE_OTHER, "{}", tried.body);
        let page = left_alone.get("/passkeys").await;
        page.assert_has(&["<h3>Mine</h3>", "Added ", "/passkeys/confirm/begin", "not yours?"]);

        // From now on nothing weaker will do, neither to add one nor to remove one.
        world.clock.advance(jiff::SignedDuration::from_secs(60));
        let weaker = [("password", PASSWORD), ("code", &*world.code())];
        let tried = add(&mut left_alone, &weaker).await;
        assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY);
        let id = URL_SAFE_NO_PAD.encode("cred");
        for answer in ["", "&answer=%7B%7D"] {
            let form = format!("csrf={}&passkey={id}{answer}", csrf_of(&page));
            let tried = left_alone.send(Method::POST, "/passkeys/remove", Some(&form)).await;
            assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        left_alone.get("/passkeys").await.assert_has(&["<h3>Mine</h3>"]);
    }
}

#[tokio::test]
async fn signing_out_everywhere_ends_each_browser() {
    for world in worlds().await {
        let (mut here, mut there) = (lee(&world).await, lee(&world).await);
        let page = here.get("/passkeys").await;
        let out = here.submit(&page, "/sign-out/everywhere", &[]).await;
        assert_eq!(out.path, "/sign-in");
        assert_eq!(there.get("/passkeys").await.path, "/sign-in", "{}", world.on.engine);
    }
}

/// Whoever was given their password by somebody else puts their own in its place.
#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it_and_ends_other_sessions() {
    const OWN: &str = "four quite random words";
    for world in worlds().await {
        let engine = world.on.engine;
        let (mut here, mut there) = (lee(&world).await, lee(&world).await);
        let page = here.get("/password").await;
        let mut change = async |new: &str, again: &str, password: &str| {
            let code = world.code();
            let filled = [("new", new), ("again", again), ("password", password), ("code", &*code)];
            here.submit(&page, "/password", &filled).await
        };
        for (new, again, password, says) in [
            (OWN, "four quite random word", PASSWORD, "not the same"),
            ("short", "short", PASSWORD, "at least 12 characters"),
            (OWN, OWN, "not the words", "could not confirm that it is you"),
        ] {
            let tried = change(new, again, password).await;
            assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine} {says}");
            tried.assert_has(&[says]);
        }
        assert_eq!(there.get("/passkeys").await.path, "/passkeys", "{engine}");
        let done = change(OWN, OWN, PASSWORD).await;
        done.assert_has(&["Your password is changed"]);
        assert_eq!(there.get("/passkeys").await.path, "/sign-in", "{engine}");
        world.clock.advance(jiff::SignedDuration::from_secs(60));
        for (password, is_in) in [(PASSWORD, false), (OWN, true)] {
            let mut anew = world.browser();
            let page = anew.get("/sign-in").await;
            let code = world.code();
            let filled = [("name", "lee"), ("password", password), ("code", &*code)];
            let tried = anew.submit(&page, "/sign-in", &filled).await;
            assert_eq!(tried.status == StatusCode::OK, is_in, "{engine}");
        }
    }
}
