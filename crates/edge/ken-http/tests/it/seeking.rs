//! What a search tells: of people whom the caller works with, what the decision shows, and of
//! nobody else anything.

use axum::http::StatusCode;
use ken_person::budget::SOUGHT_MISSES_MAX;

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::story::link;
use crate::world::{Hidden, World, find, worlds, worlds_with};

/// What is typed: number, family name, given name, and the date of birth.
type Typed<'a> = (&'a str, &'a str, &'a str, [&'a str; 3]);

const BORN: [&str; 3] = ["2", "3", "1948"];
const NUMBER: &str = "9990000018";

async fn search(browser: &mut Browser, (number, family, given, born): Typed<'_>) -> Answer {
    let page = browser.get("/w/find").await;
    let [day, month, year] = born;
    let filled = [
        ("number", number),
        ("family", family),
        ("given", given),
        ("day", day),
        ("month", month),
        ("year", year),
    ];
    browser.submit(&page, "/w/find", &filled).await
}

/// The practice's patients who are written much as Morag.
async fn own_namesakes(world: &World) {
    for (n, name) in ["DRUMOND^MORAG", "DRUMMOND^MORAH", "DRUMMOND^MORAG"].iter().enumerate() {
        let person = format!("40{n}^^^GP^MR||{name}||19480302|F");
        world.hear_from("GP", &format!("own{n}"), &person).await;
    }
}

/// People whom only the school knows, written as Morag or much as she is: more than a page lists,
/// and than the engine proposes.
async fn strangers(world: &World) {
    let names = ["DRUMMOND^MORAG", "DRUMOND^MORAG", "DRUMMONDE^MORAG", "DRUMMOND^MORAGH"];
    let families = ["DRUMNOND^MORAG", "DRUMMUND^MORAG", "DRUMMIND^MORAG", "DRUMMNOD^MORAG"];
    for (n, name) in (0..110).zip(names.into_iter().chain(families).cycle()) {
        let person = format!("50{n}^^^SEEMIS^MR||{name}||19480302|F");
        world.hear_from("SEEMIS", &format!("stranger{n}"), &person).await;
    }
}

/// Two worlds that differ in people who may not be known of, with the index filled.
#[tokio::test]
async fn nobody_hidden_is_counted_or_takes_a_place() {
    let with = worlds_with(Hidden::Nothing).await;
    let without = worlds_with(Hidden::Nothing).await;
    for (with, without) in with.iter().zip(&without) {
        let mut all = vec![];
        for (world, has_strangers) in [(with, true), (without, false)] {
            own_namesakes(world).await;
            if has_strangers {
                strangers(world).await;
            }
            world.hub.index().follower().fill(&world.on.db).await.unwrap();
            let mut answers = vec![];
            for who in ["Dr Rao", "Jo Worker"] {
                let mut browser = world.signed_in(who).await;
                for typed in [
                    ("", "Drummond", "Morag", BORN),
                    ("", "Drummond", "", BORN),
                    ("", "Drumond", "Morag", BORN),
                    ("", "Drummnod", "Morag", BORN),
                    ("", "Drummond", "Morag", ["3", "3", "1948"]),
                    (NUMBER, "", "", ["", "", ""]),
                    (NUMBER, "Drummond", "Morag", BORN),
                    (NUMBER, "Quirk", "", ["", "", ""]),
                ] {
                    let answer = search(&mut browser, typed).await;
                    answers.push((format!("{who} {typed:?}"), told(&answer)));
                }
                // Until whoever looks again and again is stopped.
                for n in 0..SOUGHT_MISSES_MAX + 2 {
                    let typed = ("", "Nobodyatall", "Zoe", BORN);
                    let answer = search(&mut browser, typed).await;
                    answers.push((format!("{who} {n}"), answer.status.to_string()));
                }
            }
            all.push(answers);
        }
        let engine = with.on.engine;
        for ((how, a), (_, b)) in all[0].iter().zip(&all[1]) {
            assert_eq!(a, b, "{engine}: {how}");
        }
        let first = &all[0][0].1;
        assert!(first.contains("4 people you work with fit"), "{engine}: {first}");
        assert!(all[0].iter().any(|(_, told)| told.starts_with("429")), "{engine}");
    }
}

/// The school wrote her otherwise once; who is not shown the school's account does not find her
/// by it, nor learns what she is called now.
#[tokio::test]
async fn an_account_that_is_not_shown_finds_nobody() {
    for world in worlds().await {
        let engine = world.on.engine;
        let other = "9990000026";
        for (id, name, number) in [("first", "DRUMMOND", NUMBER), ("then", "FORMERLY", other)] {
            let person = format!("9001^^^SEEMIS^MR~{number}^^^NHSNBR^NH||{name}^MORAG||19480302|F");
            world.hear_from("SEEMIS", id, &person).await;
        }
        let mut rao = world.signed_in("Dr Rao").await;
        for typed in [("", "Formerly", "Morag", BORN), ("", "Formerley", "Morag", BORN)] {
            let answer = search(&mut rao, typed).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{engine} {typed:?}");
            answer.assert_lacks(&["DRUMMOND"]);
        }
        search(&mut rao, ("", "Drummond", "Morag", BORN)).await.assert_has(&["DRUMMOND, MORAG"]);
    }
}

#[tokio::test]
async fn a_number_that_all_supports_is_sure_and_no_number_comes_back() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let sure = search(&mut rao, (NUMBER, "Drummond", "Morag", BORN)).await;
        sure.assert_has(&["DRUMMOND, MORAG", "Sure."]);
        sure.assert_lacks(&[NUMBER, "999000 0018"]);
        let alone = search(&mut rao, (NUMBER, "", "", ["", "", ""])).await;
        alone.assert_has(&["DRUMMOND, MORAG", "Possible."]);
        let slip = search(&mut rao, ("", "Drumond", "Morag", BORN)).await;
        slip.assert_has(&["DRUMMOND, MORAG", "Not quite what you typed."]);
        let wrong = search(&mut rao, (NUMBER, "Quirk", "Morag", BORN)).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn the_way_to_somebody_found_is_the_askers_alone() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let found = search(&mut rao, ("", "Drummond", "Morag", BORN)).await;
        found.assert_lacks(&[&world.morag.to_string()]);
        let way = link(&found, "/w/find/h/");
        let person = format!("/w/p/{}", world.morag);
        assert_eq!(rao.get(&way).await.path, person);
        let again = search(&mut rao, ("", "Drummond", "Morag", BORN)).await;
        assert_ne!(link(&again, "/w/find/h/"), way, "no two lists can be compared");
        // Another's, one of another sort, one that is too old.
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        assert_eq!(bea.get(&way).await.path, "/w/find");
        let sort = found.path.replace("/w/find/r/", "/w/find/h/");
        assert_eq!(rao.get(&sort).await.path, "/w/find");
        world.clock.advance(jiff::SignedDuration::from_mins(25));
        rao.get("/w/today").await;
        world.clock.advance(jiff::SignedDuration::from_mins(25));
        assert_eq!(rao.get(&way).await.path, "/w/find");
    }
}

/// Whom a steward gave a CHI number, from a list or a letter, is found by it although no account
/// carries it; by others only where their account of them is shown.
#[tokio::test]
async fn a_number_that_a_steward_gave_finds_whose_it_is() {
    let given = "9990000026";
    for world in worlds().await {
        let engine = world.on.engine;
        world.hear_from("TRAK", "una", "78^^^TRAK^MR||BAIN^UNA||19500102|F").await;
        let una = find(&world.on, "Bain", "1950-01-02").await.unwrap();
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        let alone = (given, "", "", ["", "", ""]);
        assert_eq!(search(&mut bea, alone).await.status, StatusCode::FORBIDDEN, "{engine}");
        let mut ola = world.signed_in("Ola Ward").await;
        let way = format!("/ops/numbers/{una}");
        let page = ola.get(&way).await;
        let act =
            |what, reason| [("kind", "chi"), ("number", given), ("what", what), ("reason", reason)];
        let done = ola.submit(&page, &way, &act("document", "Her medical card")).await;
        done.assert_has(&["The number is theirs"]);
        let found = search(&mut bea, alone).await;
        found.assert_has(&["BAIN, UNA", "Possible."]);
        found.assert_lacks(&[given]);
        let sure = search(&mut bea, (given, "Bain", "Una", ["2", "1", "1950"])).await;
        sure.assert_has(&["BAIN, UNA", "Sure."]);
        let mut rao = world.signed_in("Dr Rao").await;
        assert_eq!(search(&mut rao, alone).await.status, StatusCode::FORBIDDEN, "{engine}");
        ola.submit(&page, &way, &act("take-back", "It is her sister's")).await;
        assert_eq!(search(&mut bea, alone).await.status, StatusCode::FORBIDDEN, "{engine}");
    }
}

/// In an emergency whoever may be known of is opened, whatever strangers have the name; who knows
/// of nobody is asked for more detail.
#[tokio::test]
async fn no_stranger_keeps_an_emergency_from_a_person_one_works_with() {
    for world in worlds().await {
        let engine = world.on.engine;
        for n in 0..25 {
            let given = char::from(b'A' + n);
            let person = format!("60{n}^^^SEEMIS^MR||DRUMMOND^{given}NN||19480302|F");
            world.hear_from("SEEMIS", &format!("namesake{n}"), &person).await;
        }
        for (who, opens) in [("Dr Bea Doctor", true), ("Jo Worker", false)] {
            let mut browser = world.signed_in(who).await;
            let mut page = search(&mut browser, ("", "Drummond", "", BORN)).await;
            if opens {
                page.assert_has(&["1 person you work with fits"]);
                page = browser.get(&link(&page, "/w/find/other?")).await;
            }
            let form = browser.get(&link(&page, "/w/emergency?")).await;
            let reason = "She does not answer the door and her light is on";
            let filled = [("reason", reason), ("affirmed", "yes")];
            let seen = browser.submit(&form, "/w/emergency", &filled).await;
            if opens {
                assert_eq!(seen.path, format!("/w/p/{}?purpose=vital", world.morag), "{engine}");
                seen.assert_has(&["DRUMMOND, MORAG", "Emergency access."]);
            } else {
                assert_eq!(seen.status, StatusCode::FORBIDDEN, "{engine}");
            }
        }
    }
}
