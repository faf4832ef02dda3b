//! A person asks of sharing on their own pages: what it does, who answers, and what stays unseen.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use ken_core::{Ctx, Fact, PersonId};
use ken_http::{ROUTES, Verb, Who};
use ken_sharing::fact::{self, Grade};
use ken_sharing::together;
use ken_store::Tx;
use ken_testkit::{SeededIds, renamed};

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::{World, worlds};

/// The first address on a page that begins with `start`.
#[track_caller]
fn link(page: &Answer, start: &str) -> String {
    let found = page.body.split_once(&format!("href=\"{start}"));
    let (_, rest) = found.unwrap_or_else(|| panic!("no {start} in {}:\n{}", page.path, page.body));
    format!("{start}{}", rest.split('"').next().unwrap())
}

/// Sends one of the person's own forms, as the page with the choices would.
async fn choose(browser: &mut Browser, fields: &[(&str, &str)]) -> Answer {
    let page = browser.get("/my/choices").await;
    let csrf = page.hidden("/my/choices").first().unwrap().1.clone();
    let add = |form: String, (name, value): &(&str, &str)| form + "&" + name + "=" + value;
    let form = fields.iter().fold(format!("csrf={csrf}"), add);
    browser.send(Method::POST, "/my/choices", Some(&form)).await
}

/// Says of Morag, as the hospital does, that something holds.
pub(crate) async fn say(world: &World, person: PersonId, name: &str) {
    let (ids, fact) = (SeededIds::new(4_711), Fact::new(name).unwrap());
    let (ctx, source) = (Ctx::new(&*world.clock, &ids), "nhsl".parse().unwrap());
    let write = async |tx: &mut Tx| {
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        fact::record(tx, &ctx, person, &source, (&fact, Grade::System)).await?;
        guard.bump(tx).await?;
        Ok::<_, ken_sharing::Error>(())
    };
    world.on.db.write("test.say", write).await.unwrap();
}

#[tokio::test]
async fn a_person_objects_and_takes_it_back() {
    for world in worlds().await {
        let mut morag = world.signed_in("Morag Drummond").await;
        let mut rao = world.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}?purpose=direct-care", world.morag);
        rao.get(&record).await.assert_has(&["Penicillin"]);
        let page = morag.get("/my/choices").await;
        page.assert_has(&["You have not asked for anything", "Stop sharing about me", "see what"]);
        let none = morag.submit(&page, "/my/choices", &[]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let filled = [("choice", "objection:direct-care")];
        let look = morag.submit(&page, "/my/choices", &filled).await;
        look.assert_has(&["Is this what you want?", "to care for you or treat you", "28 days"]);
        rao.get(&record).await.assert_has(&["Penicillin"]);
        let nameless = morag.submit(&look, "/my/choices", &[]).await;
        assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);
        nameless.assert_has(&["Write your name"]);
        let sent = morag.submit(&look, "/my/choices", &[("called", "Morag CANARY")]).await;
        sent.assert_has(&["It works from now on"]);
        rao.get(&record).await.assert_lacks(&["Penicillin", "DRUMMOND"]);
        let page = morag.get("/my/choices").await;
        page.assert_has(&["We answer by", "Take this back"]);
        page.assert_lacks(&["value=\"objection:direct-care\"", "CANARY"]);
        // What the law requires, and what is written down already, is no choice.
        let duty = choose(&mut morag, &[("choice", "objection:asp-inquiry")]).await;
        assert_eq!(duty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let back = morag.submit(&page, "/my/choices", &[]).await;
        back.assert_has(&["You took it back"]);
        rao.get(&record).await.assert_has(&["Penicillin"]);
        morag.get("/my/choices").await.assert_has(&["Before now", "It has ended"]);
        let again = morag.submit(&page, "/my/choices", &[]).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND, "it is back already");
    }
}

#[tokio::test]
async fn an_officer_answers_an_objection_and_the_person_reads_why() {
    for world in worlds().await {
        let mut morag = world.signed_in("Morag Drummond").await;
        let send = [("step", "send"), ("choice", "objection"), ("called", "Morag")];
        choose(&mut morag, &send).await.assert_has(&["It works from now on"]);
        let mut sam = world.sam_as("ig.lead").await;
        let list = sam.get("/ig/wishes").await;
        list.assert_has(&["Objects to routine sharing", "Answer by"]);
        let one = sam.get(&link(&list, "/ig/wishes/")).await;
        one.assert_has(&["Name: Morag", "compelling"]);
        one.assert_lacks(&["DRUMMOND", "Made-up Road", "9990000018"]);
        let action = one.path.clone();
        let none = sam.submit(&one, &action, &[("decision", "refuse")]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let filled = [("decision", "refuse"), ("words", "A court has ordered this sharing")];
        sam.submit(&one, &action, &filled).await.assert_has(&["It is saved"]);
        sam.get("/ig/wishes").await.assert_has(&["Nobody waits for an answer"]);
        assert_eq!(sam.get(&action).await.status, StatusCode::NOT_FOUND);
        morag.get("/my/choices").await.assert_has(&["We said no", "A court has ordered"]);
        let mut rao = world.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}?purpose=direct-care", world.morag);
        rao.get(&record).await.assert_has(&["Penicillin"]);
    }
}

#[tokio::test]
async fn a_protected_address_is_granted_and_leaves_no_trace_on_the_persons_pages() {
    for world in worlds().await {
        let mut morag = world.signed_in("Morag Drummond").await;
        let before = morag.get("/my/choices").await;
        let send = [("step", "send"), ("choice", "protected-address"), ("called", "Morag")];
        let unreachable = choose(&mut morag, &send).await;
        assert_eq!(unreachable.status, StatusCode::UNPROCESSABLE_ENTITY);
        unreachable.assert_has(&["Write how we can reach you safely"]);
        let reach = [&send[..], &[("reach", "My+sister+CANARY")]].concat();
        let first = choose(&mut morag, &reach).await;
        first.assert_has(&["We have what you sent", "do not show that you asked"]);
        let twice = choose(&mut morag, &reach).await;
        assert_eq!(renamed(&first.body), renamed(&twice.body), "who asks again learns nothing");
        let mut rao = world.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}?purpose=direct-care", world.morag);
        rao.get(&record).await.assert_has(&["Made-up Road"]);
        let mut sam = world.sam_as("ig.lead").await;
        let list = sam.get("/ig/wishes").await;
        let one = sam.get(&link(&list, "/ig/wishes/")).await;
        one.assert_has(&["Wants their address protected", "My sister CANARY"]);
        // The answer is to both.
        world.clock.advance(jiff::SignedDuration::from_mins(1));
        let filled = [("decision", "grant"), ("words", "Seen the court's order")];
        let action = one.path.clone();
        sam.submit(&one, &action, &filled).await.assert_has(&["It is saved"]);
        let seen = rao.get(&record).await;
        seen.assert_has(&["DRUMMOND", "Penicillin"]);
        seen.assert_lacks(&["Made-up Road", "ZZ99 9ZZ"]);
        let after = morag.get("/my/choices").await;
        assert_eq!(renamed(&before.body), renamed(&after.body));
        // It ends as it began: by the officer, with a reason.
        let granted = sam.get("/ig/wishes").await;
        granted.assert_has(&["Granted, and in effect", "Look again"]);
        let end = [("decision", "end"), ("words", "She asked me, alone")];
        let standing = sam.get(&action).await;
        standing.assert_has(&["End it"]);
        sam.submit(&standing, &action, &end).await.assert_has(&["It is saved"]);
        rao.get(&record).await.assert_has(&["Made-up Road"]);
    }
}

/// Every page of the person's own that has no placeholder.
async fn own_pages(world: &World) -> Vec<(String, String)> {
    let mut morag = world.signed_in("Morag Drummond").await;
    let paths = ROUTES.iter().filter(|of| of.who == Who::Person && of.verb == Verb::Get);
    let paths = paths.map(|of| of.path.to_owned()).filter(|path| !path.contains('{'));
    let mut pages = vec![];
    for path in paths.collect::<Vec<_>>() {
        let answer = morag.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        pages.push((path, told(&answer)));
    }
    pages
}

#[tokio::test]
async fn what_others_know_of_a_risk_changes_no_byte_of_the_persons_pages() {
    // In one world others said that she is at risk and that her record is to be restricted, and her
    // doctor looked between the two; in the other nothing happened.
    for (with, without) in worlds().await.iter().zip(&worlds().await) {
        say(with, with.morag, "at-risk").await;
        let mut rao = with.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}?purpose=direct-care", with.morag);
        rao.get(&record).await.assert_has(&["Penicillin"]);
        say(with, with.morag, "restricted-record").await;
        say(with, with.morag, "agreement-withdrawn:referral").await;
        rao.get(&record).await.assert_lacks(&["Penicillin"]);
        let (a, b) = (own_pages(with).await, own_pages(without).await);
        assert!(a.len() >= 5, "{} pages are too few", a.len());
        for ((path, a), (_, b)) in a.iter().zip(&b) {
            assert_eq!(a, b, "{path} differs on {}", with.on.engine);
        }
        // The harness is not blind: without the flag, the look shows.
        let mut rao = without.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}?purpose=direct-care", without.morag);
        rao.get(&record).await.assert_has(&["Penicillin"]);
        let seen = own_pages(without).await;
        let differ = |path: &str| {
            let of = |pages: &[(String, String)]| pages.iter().find(|(p, _)| p == path).cloned();
            of(&seen) != of(&b)
        };
        assert!(differ("/my") && differ("/my/looked"), "{}", with.on.engine);
    }
}

#[tokio::test]
async fn a_look_leads_to_the_agreement_in_plain_words() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let record = format!("/w/p/{}?purpose=direct-care", world.morag);
        rao.get(&record).await.assert_has(&["Penicillin"]);
        let mut morag = world.signed_in("Morag Drummond").await;
        let looked = morag.get("/my/looked").await;
        let (before, _) = looked.body.split_once("\">Direct care").expect("the rule is a link");
        let agreement = morag.get(before.rsplit("href=\"").next().unwrap()).await;
        agreement.assert_has(&[
            "Direct care",
            "Who may know what about you, and why",
            "Glen Medical Practice",
            "To care for you or treat you",
            "your medicines and allergies",
            "It is checked by",
            "Hide this page",
        ]);
        let all = morag.get("/my/agreements").await;
        all.assert_has(&["Direct care", "No agreement is withheld"]);
        assert_eq!(morag.get("/my/notices/ab12").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_leading_party_withholds_an_agreement_which_is_counted_and_not_named() {
    for world in worlds().await {
        let mut sam = world.sam_as("ig.lead").await;
        let list = sam.get("/ig/agreements").await;
        let mut led = vec![];
        for part in list.body.split("href=\"/ig/agreements/").skip(1) {
            let hash = part.split(['"', '/']).next().unwrap();
            let page = sam.get(&format!("/ig/agreements/{hash}/publication")).await;
            if page.status == StatusCode::OK {
                led.push((hash.to_owned(), page));
            }
        }
        let accord =
            led.iter().find(|(_, page)| page.body.contains("ccord")).expect("she leads it");
        let (hash, page) = accord;
        let action = format!("/ig/agreements/{hash}/publication");
        let short = [("decision", "withhold"), ("reason", "secret")];
        let short = sam.submit(page, &action, &short).await;
        assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
        let public = format!("/register/{hash}");
        assert_eq!(world.browser().get(&public).await.status, StatusCode::OK);
        let filled = [("decision", "withhold"), ("reason", "FOISA s.31: CANARY safety")];
        sam.submit(page, &action, &filled).await.assert_has(&["It is saved"]);
        assert_eq!(world.browser().get(&public).await.status, StatusCode::NOT_FOUND);
        let mut morag = world.signed_in("Morag Drummond").await;
        assert_eq!(
            morag.get(&format!("/my/agreements/{hash}")).await.status,
            StatusCode::NOT_FOUND
        );
        for page in [world.browser().get("/register").await, morag.get("/my/agreements").await] {
            page.assert_has(&["One more agreement is withheld"]);
            page.assert_lacks(&["CANARY", hash]);
        }
        // The person can still ask: who answers them does not hang on what is public.
        morag.get("/my/choices").await.assert_has(&["Stop sharing about me"]);
        sam.get(&action).await.assert_has(&["It is withheld now", "CANARY safety"]);
        sam.submit(page, &action, &[("decision", "show")]).await.assert_has(&["It is saved"]);
        assert_eq!(world.browser().get(&public).await.status, StatusCode::OK);
    }
}
