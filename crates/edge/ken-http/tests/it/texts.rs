//! What binds a text, from the outside: an issuer's note for a statute pack, one text taking
//! another's place, and advice on a draft. Each to its end, and each refusal on the way.

use axum::http::{Method, StatusCode};
use ken_agreement::Instrument;
use ken_core::InstrumentHash;
use ken_ledger::{KeyUse, SignerKey};
use ken_sharing::pack;

use crate::agreements::{HELD, act, assess, csrf_of, first_text, may_sign, publish, school};
use crate::agreements::{seen, sign};
use crate::browser::{Answer, Browser};
use crate::world::{World, issuer, worlds};

/// Lets a one-time code be new again: each is good once.
fn next_code(world: &World) {
    world.clock.advance(jiff::SignedDuration::from_secs(30));
}

/// Asserts that a form was sent back, and why.
#[track_caller]
fn assert_refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    answer.assert_has(&[why]);
}

/// A note with one character of its signature changed.
fn changed(note: &str) -> String {
    let (before, rest) = note.split_at(note.len() - 12);
    let other = if rest.starts_with('A') { 'B' } else { 'A' };
    format!("{before}{other}{}", &rest[1..])
}

#[tokio::test]
async fn a_pack_is_signed_once_a_trusted_issuer_vouches_for_this_text() {
    let text = include_str!("../../../../../agreements/statute-pack.toml");
    for world in worlds().await {
        let mut of = Instrument::parse(text).unwrap().dated_from("2026-11-01".parse().unwrap());
        let first = of.clone();
        of.agreement.version = "2099-01".parse().unwrap();
        let hash = world.register(&of.to_toml()).await;
        let mut sam = world.sam_as("ig.lead").await;
        let mut gil = world.signed_in("Gil Governs").await;
        may_sign(&mut sam, "Sam Both").await;
        let early = sign(&world, &mut sam, &hash).await;
        assert_refused(&early, "has no seal of an issuer");

        let path = format!("/ig/agreements/{hash}/seal");
        let page = sam.get(&path).await;
        page.assert_has(&["No issuer vouches for it", "packs.example/test", "Keep the seal"]);
        let stranger = SignerKey::new("packs.example/other", KeyUse::Log, &[8; 32]).unwrap();
        let vouched = |key: &SignerKey, of: &Instrument| pack::vouch(key, of).unwrap().to_string();
        let good = vouched(&issuer(), &of);
        for (note, why) in [
            (String::new(), "This is no signed note."),
            ("x".repeat(9_000), "This is no signed note."),
            (vouched(&stranger, &of), "No issuer whom this house trusts"),
            (vouched(&issuer(), &first), "This note is over another text"),
            (changed(&good), "signature does not hold"),
        ] {
            assert_refused(&sam.submit(&page, &path, &[("note", &note)]).await, why);
            sam.get(&path).await.assert_has(&["No issuer vouches for it"]);
        }
        // Another body reads who vouches, and brings nothing.
        let theirs = gil.get(&path).await;
        theirs.assert_has(&["Its lead party brings the issuer"]);
        theirs.assert_lacks(&["Keep the seal"]);
        let forced = [("note", &*good)];
        assert_refused(&act(&mut gil, &path, &forced).await, "Only the pack");

        // A browser sends the ends of lines as two characters, and loses the last.
        let sent = good.trim_end().replace('\n', "\r\n");
        let done = sam.submit(&page, &path, &[("note", &sent)]).await;
        done.assert_has(&["The seal is kept", "packs.example/test vouches for this pack"]);
        sam.get(&path).await.assert_has(&["packs.example/test vouches for this text"]);
        next_code(&world);
        sign(&world, &mut sam, &hash).await.assert_has(&["Signed"]);
    }
}

/// The next version of the agreement between school and practice: what the school holds is out.
fn next() -> Instrument {
    let old = Instrument::parse(&school()).unwrap();
    let mut next = old.clone();
    next.agreement.version = "9".parse().unwrap();
    next.lifecycle.supersedes = [old.name()].into();
    for clause in &mut next.clauses {
        clause.categories.remove("education");
    }
    next.categories.retain(|category| category.id.as_str() != "education");
    next
}

#[tokio::test]
async fn a_text_takes_anothers_place_once_its_lead_has_read_what_changes() {
    for world in worlds().await {
        let of = next();
        world.agree(&school()).await;
        let hash = world.register(&of.to_toml()).await;
        let mut sam = world.sam_as("ig.lead").await;
        let mut gil = world.signed_in("Gil Governs").await;
        let mut pam = world.signed_in("Pam Governs").await;
        for (browser, name) in
            [(&mut sam, "Sam Both"), (&mut gil, "Gil Governs"), (&mut pam, "Pam Governs")]
        {
            may_sign(browser, name).await;
        }
        publish(&mut sam, &hash).await;
        assess(&mut sam, &hash).await;
        let early = sign(&world, &mut sam, &hash).await;
        assert_refused(&early, "has not confirmed what that would do");
        early.assert_has(&["See what would change"]);

        let path = format!("/ig/agreements/{hash}/supersession");
        let told = sam.get(&path).await;
        told.assert_has(&[
            "In place of",
            "No longer allowed",
            "may no longer",
            "Nobody may have more",
        ]);
        assert_refused(&sam.submit(&told, &path, &[]).await, "Tick that you have read");
        // A party that leads nothing of it reads the same, and confirms nothing.
        let theirs = gil.get(&path).await;
        theirs.assert_has(&["may no longer"]);
        theirs.assert_lacks(&["Confirm what changes"]);
        let forced = act(&mut gil, &path, &[("sure", "yes")]).await;
        assert_eq!(forced.status, StatusCode::NOT_FOUND);

        // Another text is signed that rests on the old one: what was read is no longer so.
        world.agree(&resting().to_toml()).await;
        let read = |page: &Answer| {
            let hidden = page.hidden(&path);
            hidden.into_iter().find(|(name, _)| name == "seen").unwrap().1
        };
        let stale = sam.submit(&told, &path, &[("sure", "yes")]).await;
        assert_refused(&stale, "What would follow has changed");
        stale.assert_has(&["glen-school-more"]);
        next_code(&world);
        assert_refused(&act(&mut sam, &path, &[("sure", "yes")]).await, "has changed");
        assert_refused(&sign(&world, &mut sam, &hash).await, "has not confirmed");
        assert_ne!(read(&stale), read(&told));
        sam.submit(&stale, &path, &[("sure", "yes")]).await.assert_has(&["Confirmed"]);
        sam.get(&path).await.assert_has(&["Your organisation has confirmed this"]);
        sam.get("/ig/agreements").await.assert_lacks(&["Replaced"]);

        // It is not before everybody has signed that it takes the other's place.
        next_code(&world);
        sign(&world, &mut sam, &hash).await.assert_has(&["Signed"]);
        take_place(&world, &hash, [&mut gil, &mut pam]).await;
        sam.get("/ig/agreements").await.assert_has(&["Replaced"]);
    }
}

/// Another agreement, one of whose clauses is in force in that between school and practice.
fn resting() -> Instrument {
    let old = Instrument::parse(&school()).unwrap();
    let mut of = old.clone();
    of.agreement.id = "glen-school-more".parse().unwrap();
    for clause in &mut of.clauses {
        if clause.id.as_str() == "D1" {
            clause.source = Some(format!("{}#D1", old.name()).parse().unwrap());
        } else {
            clause.categories.remove("education");
        }
    }
    of
}

/// The rest sign, one after the other; the gate goes by the old text until the last has.
async fn take_place(world: &World, hash: &InstrumentHash, [gil, pam]: [&mut Browser; 2]) {
    world.sign_elsewhere(hash, "nhsl").await;
    sign(world, gil, hash).await.assert_has(&["Signed"]);
    seen(world).await.assert_has(&[HELD]);
    sign(world, pam, hash).await.assert_has(&["Signed"]);
    seen(world).await.assert_lacks(&[HELD]);
}

#[tokio::test]
async fn advice_on_a_draft_is_asked_given_and_read_by_the_two_alone() {
    for world in worlds().await {
        let mut sam = world.sam_as("ig.lead").await;
        let mut gil = world.signed_in("Gil Governs").await;
        let mut pam = world.signed_in("Pam Governs").await;
        let good = [("what", "negotiate"), ("text", &*first_text())];
        act(&mut sam, "/ig/drafts", &good).await.assert_has(&["The draft is opened"]);
        let list = pam.get("/ig/drafts").await;
        let (_, rest) = list.body.split_once("href=\"/ig/drafts/").unwrap();
        let path = format!("/ig/drafts/{}/advice", rest.split('"').next().unwrap());

        let asked = "May a school send attendance?";
        let page = pam.get(&path).await;
        let send = [("with", "nhsl"), ("words", asked)];
        for (with, words, why) in [
            ("nhsl", "  ", "Write a comment"),
            ("acme", asked, "public body"),
            ("", asked, "public body"),
            ("primary", asked, "public body"),
        ] {
            let refused = pam.submit(&page, &path, &[("with", with), ("words", words)]).await;
            assert_eq!(
                refused.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{with}: {}",
                refused.body
            );
            refused.assert_has(&[why]);
        }
        pam.get(&path).await.assert_has(&["Nothing has been asked or advised yet"]);
        pam.submit(&page, &path, &send).await.assert_has(&["It is said"]);
        pam.get(&path).await.assert_has(&[asked, "With NHS Glen"]);
        // Neither the lead nor another party reads it.
        for other in [&mut sam, &mut gil] {
            other.get(&path).await.assert_lacks(&[asked]);
        }
        let asked = "Ask the council.";
        let send = [("with", "cec"), ("words", asked)];
        pam.submit(&page, &path, &send).await.assert_has(&["It is said"]);
        let theirs = sam.get(&path).await;
        theirs.assert_has(&[asked]);
        let answer = [("with", "primary"), ("words", "Yes, where a clause says so.")];
        sam.submit(&theirs, &path, &answer).await.assert_has(&["It is said"]);
        pam.get(&path).await.assert_has(&["Yes, where a clause says so."]);
        gil.get(&path).await.assert_lacks(&["Yes, where a clause"]);
        let mut jo = world.signed_in("Jo Worker").await;
        assert_eq!(jo.get(&path).await.status, StatusCode::NOT_FOUND);
        let forced = format!("csrf={}&with=nhsl&words=x", csrf_of(&pam.get(&path).await));
        let forced = jo.send(Method::POST, &path, Some(&forced)).await;
        assert!(!forced.status.is_success(), "{}", forced.body);
    }
}
