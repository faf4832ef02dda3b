//! The matching model: read by stewards, proposed by one, signed by two who are not that one.

use axum::http::{Method, StatusCode};
use ken_core::{PersonId, PractitionerId};
use ken_store::{Tx, values};
use ken_testkit::SeededIds;

use crate::agreements::{csrf_of, may_sign};
use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

const STEWARDS: &str = "/ops/match/model";
const SIGNERS: &str = "/ig/model";

/// How the pairs of this test agree, as the engine writes it.
const PATTERN: &str = "9.4.0.9.8.2.0.0.0";

const PLACE: &str = "INSERT INTO review
    (person_id, review_id, organisation_id, made_us, decision, decided_us, copy_of)
    VALUES ($1, $2, 'nhsl', 1, $3, 1, $4)";
const CANDIDATE: &str = "INSERT INTO review_candidate
    (person_id, review_id, candidate_id, reasons, alike_millibits, alike_pattern)
    VALUES ($1, $2, $3, 'alike', 1000, $4)";
const KNOWN: &str = "INSERT INTO review_known
    (person_id, review_id, truth_id, seen, marked_us, marked_by, put_us, puts)
    VALUES ($1, $2, $3, '', 1, 'nobody', 1, 1)";
const ANSWER: &str = "INSERT INTO review_answer
    (person_id, review_id, answer_id, practitioner_id, answer, candidate_id, said_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Two reviewers have answered ten pairs of known truth rightly, and found ten others to be two
/// people's.
async fn decided(world: &World) {
    let ids = SeededIds::new(58);
    let reviewers = [PractitionerId::draw(&ids), PractitionerId::draw(&ids)];
    let write = async |tx: &mut Tx| {
        for n in 0..10_i64 {
            let [one, other] = [PersonId::draw(&ids), PersonId::draw(&ids)];
            for (place, of) in [("known", None), ("copy", Some("known"))] {
                tx.execute(PLACE, values![one, place, "same", of]).await?;
                tx.execute(CANDIDATE, values![one, place, other, PATTERN]).await?;
            }
            tx.execute(KNOWN, values![one, "known", other]).await?;
            tx.execute(PLACE, values![one, "own", "different", None::<&str>]).await?;
            tx.execute(CANDIDATE, values![one, "own", other, PATTERN]).await?;
            for by in reviewers {
                let id = by.to_string();
                let of = values![one, "copy", &id, by, "same", Some(other), n];
                tx.execute(ANSWER, of).await?;
                let of = values![one, "own", &id, by, "different", None::<PersonId>, n];
                tx.execute(ANSWER, of).await?;
            }
        }
        Ok::<_, ken_store::Error>(())
    };
    world.on.db.write("test.decided", write).await.unwrap();
}

async fn follow(world: &World) {
    let mut follower = world.hub.index().follower();
    follower.fill(&world.on.db).await.unwrap();
}

/// Signs, as far as who signs is let: told first, then confirmed.
async fn sign(browser: &mut Browser, address: &str) -> Answer {
    let page = browser.get(SIGNERS).await;
    let asked = browser.submit(&page, address, &[]).await;
    asked.assert_has(&["so we ask again who you are", "Leave it as it is"]);
    let unticked = browser.submit(&asked, address, &[]).await;
    assert_eq!(unticked.status, StatusCode::UNPROCESSABLE_ENTITY);
    browser.submit(&asked, address, &[("sure", "yes")]).await
}

#[tokio::test]
async fn a_model_is_proposed_by_one_and_signed_by_two_others() {
    for world in worlds().await {
        follow(&world).await;
        let mut sam = world.sam_as("ops.hub").await;
        let page = sam.get(STEWARDS).await;
        page.assert_has(&["It came with this program", "None is proposed", "None yet"]);
        let none = sam.submit(&page, STEWARDS, &[]).await;
        none.assert_has(&["Nothing that counts so far"]);
        decided(&world).await;
        let page = sam.get(STEWARDS).await;
        page.assert_has(&["<dd>20</dd>", "None is proposed"]);
        let page = sam.submit(&page, STEWARDS, &[]).await;
        page.assert_has(&["A model is proposed", "surname: nearly the same", "Nobody has signed"]);
        page.assert_has(&["0 the same, 20 different"]);
        let before = world.hub.index().model();

        let (adopt, withdraw) = ("/ig/model/adopt", "/ig/model/withdraw");
        let mut fay = world.signed_in("Fay Governs").await;
        let mut gil = world.signed_in("Gil Governs").await;
        let page = fay.get(SIGNERS).await;
        page.assert_has(&["surname: nearly the same", "Nobody has signed"]);
        sign(&mut fay, adopt).await.assert_has(&["Ken keeps no key for you"]);
        may_sign(&mut fay, "Fay Governs").await;
        may_sign(&mut gil, "Gil Governs").await;
        sign(&mut fay, adopt).await.assert_has(&["Nothing has changed: a second signatory"]);
        sign(&mut fay, adopt).await.assert_has(&["You have signed this. Somebody else must"]);
        follow(&world).await;
        assert_eq!(world.hub.index().model(), before, "{}", world.on.engine);
        // Of another text than the one that waits nothing is signed.
        let csrf = csrf_of(&gil.get(SIGNERS).await);
        let other = format!("csrf={csrf}&hash={}&asked=yes&sure=yes", "0".repeat(64));
        let refused = gil.send(Method::POST, adopt, Some(&other)).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        sign(&mut gil, adopt).await.assert_has(&["The model is adopted"]);
        follow(&world).await;
        assert_ne!(world.hub.index().model(), before, "{}", world.on.engine);
        sam.get(STEWARDS).await.assert_has(&["Two signatories adopted it", "None is proposed"]);
        sam.get("/ops/health").await.assert_lacks(&["Refused"]);

        sign(&mut gil, withdraw).await.assert_has(&["Nothing has changed: a second signatory"]);
        fay.get(SIGNERS).await.assert_has(&["To be withdrawn", "Gil Governs"]);
        sign(&mut fay, withdraw).await.assert_has(&["The model is withdrawn"]);
        follow(&world).await;
        assert_eq!(world.hub.index().model(), before, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn who_proposed_a_model_does_not_sign_it() {
    for world in worlds().await {
        follow(&world).await;
        decided(&world).await;
        let mut sam = world.sam_as("ops.hub").await;
        let page = sam.get(STEWARDS).await;
        sam.submit(&page, STEWARDS, &[]).await.assert_has(&["A model is proposed"]);
        let mut sam = world.sam_as("ig.lead").await;
        may_sign(&mut sam, "Sam Both").await;
        sign(&mut sam, "/ig/model/adopt").await.assert_has(&["Two others must sign"]);
        for (name, page) in [("Fay Governs", STEWARDS), ("Nan Second", SIGNERS)] {
            let refused = world.signed_in(name).await.get(page).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{name}");
        }
    }
}
