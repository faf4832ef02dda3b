//! The life of an agreement from the outside: noticed, assessed, signed by two, in force between
//! them, and left by one.

use axum::http::{Method, StatusCode};
use ken_core::InstrumentHash;

use crate::browser::{Answer, Browser};
use crate::world::{PASSWORD, World, worlds};

/// An agreement by which a practice sees what a school holds: the one about direct care, with a
/// school among its parties, led by the council, in force now.
fn school() -> String {
    let text = include_str!("../../../../../agreements/glen-direct-care.toml");
    let education = "[[category]]\nid = \"education\"\ntext = \"What a school knows\"\n\
        fields = [\"attendance\", \"progress\", \"support\"]\n\
        source = \"The school\"\nwhy = \"To plan care\"\n\n";
    let first = text.find("[[category]]").unwrap();
    let text = format!("{}{education}{}", &text[..first], &text[first..]);
    let changes = [
        ("glen-direct-care", "glen-school-gp"),
        ("\"ooh\"", "\"primary\""),
        ("ooh = {", "primary = {"),
        ("[responsibilities.ooh]", "[responsibilities.primary]"),
        ("ooh.clinician", "ed.teacher"),
        ("Glen Out-of-Hours (made up)", "Glen Primary School (made up)"),
        ("\"equipment\", \"outcome\"]", "\"equipment\", \"outcome\", \"education\"]"),
        ("lead_party = \"nhsl\"", "lead_party = \"cec\""),
        ("notice_days = 90", "notice_days = 0"),
        ("\"stop-new\"", "\"stop-and-recall\""),
        ("2027-04-01", "2026-11-01"),
        ("2029-03-31", "2028-10-31"),
        ("2028-03-31", "2027-10-31"),
        ("2027-02-20", "2026-10-20"),
        ("2028-02-20", "2027-10-20"),
    ];
    changes.into_iter().fold(text, |text, (from, to)| text.replace(from, to))
}

/// The kind of information that the school holds, as the page lists what a reader may see; no other
/// agreement lets the practice have it.
const HELD: &str = "Education, Equipment";

/// The value of the option of a drop-down that shows these words.
#[track_caller]
fn option(page: &Answer, words: &str) -> String {
    let (before, _) = page.body.split_once(&format!(">{words}</option>")).unwrap();
    before.rsplit_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

/// Registers somebody as their organisation's signatory, with a key that Ken keeps.
async fn may_sign(browser: &mut Browser, name: &str) {
    let page = browser.get("/ig/signatories").await;
    let who = option(&page, name);
    let filled = [("practitioner", &*who), ("office", "Caldicott Guardian"), ("key", "")];
    let done = browser.submit(&page, "/ig/signatories", &filled).await;
    done.assert_has(&["The signatory is registered"]);
}

async fn sign(world: &World, browser: &mut Browser, hash: &InstrumentHash) -> Answer {
    let path = format!("/ig/agreements/{hash}/sign");
    let page = browser.get(&path).await;
    let code = world.code();
    let filled = [("sure", "yes"), ("password", PASSWORD), ("code", &code)];
    browser.submit(&page, &path, &filled).await
}

async fn publish(browser: &mut Browser, hash: &InstrumentHash) {
    let path = format!("/ig/notices/{hash}");
    let page = browser.get(&path).await;
    page.assert_has(&["Not published", "Who receives what, and why", "What you can do"]);
    let unticked = browser.submit(&page, &path, &[]).await;
    assert_eq!(unticked.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = browser.submit(&page, &path, &[("sure", "yes")]).await;
    done.assert_has(&["The notice is published"]);
    browser.get(&path).await.assert_lacks(&["Publish the notice"]);
}

/// Fills in the assessment of the agreement between school and practice, and approves it.
async fn assess(browser: &mut Browser, hash: &InstrumentHash) {
    let path = format!("/ig/agreements/{hash}/assessment");
    let answers = [
        "need",
        "fields",
        "sources",
        "operations",
        "heard",
        "proportion",
        "confidence",
        "told",
        "excluded",
        "options",
        "measures",
        "advice",
        "kept",
    ];
    let mut filled = vec![("what", "answers"), ("equality", "EqIA 7")];
    filled.extend(answers.map(|id| (id, "Said.")));
    let csrf = csrf_of(&browser.get(&path).await);
    let risk = [
        ("what", "risk"),
        ("risk", "A doctor looks without need"),
        ("likelihood", "low"),
        ("severity", "medium"),
        ("clauses", "P1"),
        ("left", "low"),
    ];
    for form in [&filled[..], &risk, &[("what", "approve")]] {
        let pairs = form.iter().map(|(name, value)| format!("&{name}={value}"));
        let body = format!("csrf={csrf}{}", pairs.collect::<String>().replace(' ', "+"));
        let answer = browser.send(Method::POST, &path, Some(&body)).await;
        assert!(answer.status != StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    }
}

fn csrf_of(answer: &Answer) -> String {
    let (_, rest) = answer.body.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// What Dr Rao sees of Morag.
async fn seen(world: &World) -> Answer {
    let mut rao = world.signed_in("Dr Rao").await;
    let page = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
    page.assert_has(&["DRUMMOND, MORAG"]);
    page
}

#[tokio::test]
async fn an_agreement_goes_from_notice_to_signatures_to_its_end() {
    for world in worlds().await {
        let hash = world.register(&school()).await;
        let mut sam = world.sam_as("ig.lead").await;
        let mut gil = world.signed_in("Gil Governs").await;
        let mut pam = world.signed_in("Pam Governs").await;
        may_sign(&mut gil, "Gil Governs").await;
        may_sign(&mut pam, "Pam Governs").await;
        seen(&world).await.assert_lacks(&[HELD]);

        let early = sign(&world, &mut gil, &hash).await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
        early.assert_has(&["The privacy notice is not published.", "Look at the notice"]);
        let theirs = gil.get(&format!("/ig/notices/{hash}")).await;
        theirs.assert_lacks(&["Publish the notice"]);
        let forced = format!("csrf={}&sure=yes", csrf_of(&theirs));
        let path = format!("/ig/notices/{hash}");
        let forced = gil.send(Method::POST, &path, Some(&forced)).await;
        forced.assert_has(&["The party that leads the agreement publishes its notice."]);

        publish(&mut sam, &hash).await;
        assess(&mut sam, &hash).await;
        // A code is good once, and the try above used it.
        let replayed = sign(&world, &mut gil, &hash).await;
        replayed.assert_has(&["We could not confirm that it is you"]);
        world.clock.advance(jiff::SignedDuration::from_secs(60));
        sign(&world, &mut gil, &hash).await.assert_has(&["Signed", "in force between those"]);
        seen(&world).await.assert_lacks(&[HELD]);
        sign(&world, &mut pam, &hash).await.assert_has(&["Signed"]);
        seen(&world).await.assert_has(&[HELD]);

        let standing = format!("/ig/agreements/{hash}/standing");
        let page = pam.get(&standing).await;
        let filled = [("what", "withdraw"), ("sure", "yes")];
        pam.submit(&page, &standing, &filled).await.assert_has(&["It is done", "asked back"]);
        seen(&world).await.assert_lacks(&[HELD]);
    }
}

#[tokio::test]
async fn a_published_notice_is_everybodys_to_read_and_to_check() {
    for world in worlds().await {
        let hash = world.register(&school()).await;
        let mut anybody = world.browser();
        anybody.get("/notices").await.assert_has(&["No notice is published here yet"]);
        publish(&mut world.sam_as("ig.lead").await, &hash).await;
        let list = anybody.get("/notices").await;
        let (_, rest) = list.body.split_once("href=\"/notices/").unwrap();
        let path = format!("/notices/{}", rest.split('"').next().unwrap());
        let name = path.rsplit('/').next().unwrap().to_owned();
        let standard = anybody.get(&path).await;
        standard.assert_has(&["Who receives what, and why", "Glen Medical Practice", &name]);
        let easy = anybody.get(&format!("{path}?reading=easy")).await;
        easy.assert_has(&["can know:", "You can complain."]);
        let bytes = anybody.get(&format!("{path}/notice.json")).await;
        assert_eq!(ken_agreement::words_hash(&bytes.body), name, "{}", world.on.engine);
        for absent in ["/notices/00", "/notices/x%20y", &format!("/notices/{hash}")] {
            assert_eq!(anybody.get(absent).await.status, StatusCode::NOT_FOUND, "{absent}");
        }
    }
}

#[tokio::test]
async fn nobody_signs_by_sitting_at_a_browser_that_is_signed_in() {
    for world in worlds().await {
        let hash = world.register(&school()).await;
        let path = format!("/ig/agreements/{hash}/sign");
        let mut gil = world.signed_in("Gil Governs").await;
        may_sign(&mut gil, "Gil Governs").await;
        let page = gil.get(&path).await;
        page.assert_has(&["we ask again who you are", "Your password"]);
        let code = world.code();
        for (password, code) in [("not the words", &*code), (PASSWORD, "000000"), ("", &*code)] {
            let filled = [("sure", "yes"), ("password", password), ("code", code)];
            let answer = gil.submit(&page, &path, &filled).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            answer.assert_has(&["We could not confirm that it is you. Nothing was signed"]);
        }
        // Whoever has no passkey cannot claim one; and a challenge names only one's own.
        let csrf = page.hidden(&path)[0].1.clone();
        let begun = format!("csrf={csrf}");
        let begun = gil.send(Method::POST, &format!("{path}/begin"), Some(&begun)).await;
        begun.assert_has(&["\"allowCredentials\":[]", "\"userVerification\":\"required\""]);
        let no_file = format!("csrf={csrf}&file=x");
        let no_file = gil.send(Method::POST, &format!("{path}/file"), Some(&no_file)).await;
        no_file.assert_has(&["Paste the whole signature file"]);
    }
}
