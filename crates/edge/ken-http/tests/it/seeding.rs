//! A list of the council's people: looked up behind its page, given its numbers, and its file.

use std::fmt::Write as _;

use axum::http::{Method, StatusCode};
use ken_core::Ctx;
use ken_core::identifier::Chi;
use ken_sharing::{fact, together};
use ken_store::{Snapshot, Tx};
use ken_testkit::SeededIds;

use crate::agreements::csrf_of;
use crate::browser::{Answer, Browser};
use crate::world::{Hidden, World, find, worlds, worlds_of};

const ADDRESS: &str = "/ops/match/seed";
const HEAD: &str = "id,forename,surname,dob,sex,address1,town,postcode,chi,nhs number,shoe size";

/// Isla, whom the board registers with her number.
async fn heard(world: &World) -> String {
    let chi = Chi::impossible(2).reveal().to_owned();
    let isla = format!(
        "80^^^TRAK^MR~{chi}^^^CHI^NI||SAMPLE^ISLA||20170314|F|||3 Made-up Road^^Glen^^ZZ99 9ZZ"
    );
    world.hear("isla", &isla).await;
    world.hub.index().follower().fill(&world.on.db).await.unwrap();
    chi
}

/// One who is sure, one with a number that fails its check, one who has Morag's number and birth
/// date and another name, one who is nobody.
const ROWS: &str = "1,Isla,Sample,14/03/2017,F,3 Made-up Road,Glen,ZZ99 9ZZ,,,31\n\
    2,Jack,Other,01/02/1950,M,,,,1403171231,,44\n\
    3,Agnes,Drummond,02/03/1948,F,9 Far Road,Otherton,EH1 1AA,,9990000018,38\n\
    4,Zoe,Stranger,03/02/1950,F,1 Other Road,Far,EH1 1AB,,,38";

/// Sends one of the forms of a list's page, on which there are several.
async fn act(browser: &mut Browser, page: &Answer, what: &str, reason: &str) -> Answer {
    let form = format!("csrf={}&what={what}&reason={reason}", csrf_of(page));
    let answer = browser.send(Method::POST, &page.path, Some(&form)).await;
    if answer.status == StatusCode::SEE_OTHER { browser.get(&page.path).await } else { answer }
}

async fn bring(browser: &mut Browser, text: &str) -> Answer {
    let page = browser.get(ADDRESS).await;
    let filled = [("system", "urn:glen:swift"), ("column", ""), ("text", text)];
    browser.submit(&page, ADDRESS, &filled).await
}

/// The page of a list once nothing is worked on any more.
async fn done(browser: &mut Browser, mut page: Answer) -> Answer {
    for _ in 0..2_000 {
        if !page.body.contains("The list is being worked on") {
            return page;
        }
        tokio::task::yield_now().await;
        page = browser.get(&page.path).await;
    }
    panic!("it is worked on without end");
}

/// The file of a list of one row, once its numbers are given.
async fn fetched(browser: &mut Browser, row: &str) -> Answer {
    let page = bring(browser, &format!("{HEAD}\n{row}")).await;
    let page = done(browser, page).await;
    let given = act(browser, &page, "give", "Our+own+clients").await;
    let given = done(browser, given).await;
    act(browser, &given, "file", "").await
}

#[tokio::test]
async fn a_list_is_looked_up_given_its_numbers_and_fetched() {
    for world in worlds().await {
        let engine = world.on.engine;
        let chi = heard(&world).await;
        let mut sam = world.sam_as("ops.hub").await;
        sam.get("/ops/match").await.assert_has(&["href=\"/ops/match/seed\"", "Nothing to review"]);
        let page = bring(&mut sam, &format!("{HEAD}\n{ROWS}")).await;
        let page = done(&mut sam, page).await;
        page.assert_has(&["What was found of the list", "Nothing is kept yet", "In row 2."]);
        page.assert_has(&["born", "dob", "Nothing was read from: shoe size"]);
        page.assert_lacks(&[&chi, "Isla", "ISLA", "Sample", "Agnes", "1403171231"]);
        let way = page.path.clone();
        // Nobody else has it, and no file is there before anything is given.
        let mut nan = world.signed_in("Nan Second").await;
        assert_eq!(nan.get(&way).await.status, StatusCode::NOT_FOUND, "{engine}");
        let early = act(&mut sam, &page, "file", "").await;
        early.assert_has(&["What was found of the list"]);
        let mute = act(&mut sam, &page, "give", "").await;
        assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY);
        mute.assert_has(&["Say in your own words what the list is"]);
        sam.get("/ops/match").await.assert_has(&["Nothing to review"]);

        let given = act(&mut sam, &page, "give", "Our+own+clients").await;
        let given = done(&mut sam, given).await;
        given.assert_has(&["1 numbers are given", "Fetch the file"]);
        given.assert_lacks(&[&chi, "Isla", "Sample"]);
        let file = act(&mut sam, &given, "file", "").await;
        assert_eq!(file.status, StatusCode::OK, "{engine}: {}", file.body);
        let lines: Vec<_> = file.body.lines().collect();
        assert_eq!(lines.len(), 5, "{engine}: {}", file.body);
        assert!(lines[1].starts_with(&format!("\"1\",\"1\",\"sure\",\"{chi}\",\"Modulus 11\"")));
        assert!(lines[2].contains("a number fails its check"), "{engine}");
        for line in &lines[3..] {
            assert!(line.contains("\"not sure\",\"\""), "{engine}: {line}");
        }
        file.assert_lacks(&["Isla", "Sample", "Agnes"]);

        // It stands as a link by the council's word, and Agnes waits for a human who sees both.
        let isla = find(&world.on, "Sample", "2017-03-14").await.unwrap();
        let numbers = sam.get(&format!("/ops/numbers/{isla}")).await;
        numbers.assert_has(&["A list of theirs was matched", "Glen Council", "Stands"]);
        let queue = sam.get("/ops/match").await;
        let place = crate::matches::link(&queue);
        sam.get(&place).await.assert_has(&["Agnes", "MORAG"]);
        // Thrown away, it is nowhere.
        let page = sam.get(&way).await;
        let gone = act(&mut sam, &page, "forget", "").await;
        gone.assert_has(&["The list is thrown away"]);
        assert_eq!(sam.get(&way).await.status, StatusCode::NOT_FOUND, "{engine}");
    }
}

/// An accord that lets those who review identity know who somebody is, and no number of theirs.
fn without_numbers(text: &str) -> String {
    let of = |kinds: &str| format!("purpose = \"identity-review\"\ncategories = [{kinds}]");
    text.replace(&of("\"core\", \"identifiers\""), &of("\"core\""))
}

#[tokio::test]
async fn a_body_that_may_hold_no_number_gets_a_name_between_bodies_in_its_stead() {
    for world in worlds_of(Hidden::Something, without_numbers).await {
        let engine = world.on.engine;
        let chi = heard(&world).await;
        let isla = find(&world.on, "Sample", "2017-03-14").await.unwrap();
        let links = async || {
            let read = async |s: &mut Snapshot| ken_person::number_links(s, isla).await;
            world.on.db.snapshot("test.links", read).await.unwrap()
        };
        let before = links().await;
        let mut sam = world.sam_as("ops.hub").await;
        let page = bring(&mut sam, &format!("{HEAD}\n{ROWS}")).await;
        let page = done(&mut sam, page).await;
        page.assert_has(&["a name between bodies in its stead"]);
        let given = act(&mut sam, &page, "give", "Our+own+clients").await;
        let given = done(&mut sam, given).await;
        given.assert_has(&["0 numbers are given"]);
        let file = act(&mut sam, &given, "file", "").await;
        file.assert_has(&["\"1\",\"1\",\"no number may be held\",\"\"", "\"nhsl "]);
        file.assert_lacks(&[&chi, "Isla"]);
        // Nor is a number that is brought told to be hers.
        let guess = format!("5,Isla,Sample,14/03/2017,F,,,,{chi},,");
        let file = fetched(&mut sam, &guess).await;
        file.assert_has(&["\"1\",\"5\",\"not sure\",\"\""]);
        file.assert_lacks(&["\"nhsl "]);
        assert_eq!(links().await, before, "{engine}: nothing is kept");
    }
}

/// An accord that lets those who review identity see no address.
fn without_addresses(text: &str) -> String {
    let of = "purpose = \"identity-review\"\ncategories = [\"core\", \"identifiers\"]\n";
    text.replace(of, &format!("{of}fields = [\"name\", \"dob\", \"chi\"]\n"))
}

#[tokio::test]
async fn where_no_address_may_be_seen_nobody_is_found_by_it() {
    for world in worlds_of(Hidden::Nothing, without_addresses).await {
        let chi = heard(&world).await;
        let mut sam = world.sam_as("ops.hub").await;
        let row = ROWS.lines().next().unwrap();
        let file = fetched(&mut sam, row).await;
        file.assert_has(&["\"1\",\"1\",\"not sure\",\"\""]);
        file.assert_lacks(&[&chi]);
        // By her number she is sure, as it may be seen.
        let file = fetched(&mut sam, &format!("6,Isla,Sample,14/03/2017,F,,,,{chi},,")).await;
        file.assert_has(&[&format!("\"1\",\"6\",\"sure\",\"{chi}\"")]);
    }
}

#[tokio::test]
async fn what_is_no_longer_permitted_is_not_given() {
    for world in worlds().await {
        let engine = world.on.engine;
        let chi = heard(&world).await;
        let isla = find(&world.on, "Sample", "2017-03-14").await.unwrap();
        let links = async || {
            let read = async |s: &mut Snapshot| ken_person::number_links(s, isla).await;
            world.on.db.snapshot("test.links", read).await.unwrap()
        };
        let before = links().await;
        // Kit, who is Morag in life, looks a list up.
        let mut kit = world.also("Kit Drummond", "ops.hub").await;
        let page = bring(&mut kit, &format!("{HEAD}\n{ROWS}")).await;
        let page = done(&mut kit, page).await;
        page.assert_has(&["What was found of the list"]);
        let ids = SeededIds::new(92);
        let (ctx, people) = (Ctx::new(&*world.clock, &ids), [world.morag, isla].into());
        let near = async |tx: &mut Tx| {
            let guard = together::lock(tx, &people).await?;
            fact::set_family(tx, &ctx, isla, world.morag, &"cec".parse().unwrap()).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        };
        world.on.db.write("test.near", near).await.unwrap();
        let given = act(&mut kit, &page, "give", "Our+own+clients").await;
        let given = done(&mut kit, given).await;
        given.assert_has(&["0 numbers are given"]);
        let file = act(&mut kit, &given, "file", "").await;
        file.assert_has(&["\"1\",\"1\",\"not sure\",\"\""]);
        file.assert_lacks(&[&chi]);
        assert_eq!(links().await, before, "{engine}: nothing is kept");
    }
}

#[tokio::test]
async fn whoever_may_not_see_numbers_is_told_of_nobody() {
    for world in worlds().await {
        let engine = world.on.engine;
        let chi = heard(&world).await;
        for name in ["Dr Rao", "Jo Worker", "Morag Drummond", "Fay Governs"] {
            let mut other = world.signed_in(name).await;
            assert_eq!(other.get(ADDRESS).await.status, StatusCode::NOT_FOUND, "{name}");
        }
        // Callum is the school's alone, which is no party: a list of him finds nobody.
        let mut sam = world.sam_as("ops.hub").await;
        let callum = "1,Callum,Gow,06/05/2012,M,2 Made-up Road,Glen,ZZ99 9ZZ,,,";
        let page = bring(&mut sam, &format!("{HEAD}\n{callum}")).await;
        let page = done(&mut sam, page).await;
        let nobody = bring(&mut sam, &format!("{HEAD}\n4,Zoe,Stranger,03/02/1950,F,,,,,,")).await;
        let nobody = done(&mut sam, nobody).await;
        let facts = |page: &Answer| {
            let facts = page.body.split("<dl").nth(1).unwrap_or_default();
            facts.split("</dl>").next().unwrap_or_default().to_owned()
        };
        assert_eq!(facts(&page), facts(&nobody), "{engine}: as for nobody");
        page.assert_lacks(&[&chi]);
        // A list of nobody counts as a search that found nobody: many are stopped.
        let mut last = nobody;
        for n in 0..ken_person::budget::ACCOUNT_MISSES_MAX {
            last = bring(&mut sam, &format!("{HEAD}\n{n},Zoe,Stranger,03/02/1950,F,,,,,,")).await;
            last = done(&mut sam, last).await;
        }
        assert_eq!(last.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}: {}", last.body);
        last.assert_has(&["Too many lists or searches"]);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_says_what_to_mend() {
    for world in worlds().await {
        let mut sam = world.sam_as("ops.hub").await;
        for (text, says) in [
            ("", "Paste the list, with the line that names its columns"),
            ("forename,surname\nA,B", "Enter the name of the column with your own numbers"),
            ("id,shoe size\n1,2", "Name the columns"),
            ("id,forename,surname\n1,A,B\n1,C,D", "Row 2 has the own number of a row before it"),
        ] {
            let page = bring(&mut sam, text).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
            page.assert_has(&[says]);
        }
        // Longer than any other form may be, and not longer than a list is.
        let mut text = "id,forename,surname".to_owned();
        for row in 0..4_000 {
            let _ = write!(text, "\n{row},Longforename,Longersurname-{row}-of-the-glen");
        }
        let page = bring(&mut sam, &text).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        page.assert_has(&["of 4000 rows"]);
        let page = bring(&mut sam, &"x".repeat(3 << 20)).await;
        assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
