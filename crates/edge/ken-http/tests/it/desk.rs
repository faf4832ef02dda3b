//! The governance desk from the outside: what is contested goes to the Guardian and comes back, and
//! a list of recommendations is imported, followed and closed.

use axum::http::{Method, StatusCode};

use crate::agreements::{act, csrf_of};
use crate::browser::Answer;
use crate::story::link;
use crate::world::{World, worlds};

const MORAG: [&str; 3] = ["2", "3", "1948"];

#[track_caller]
fn assert_refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    answer.assert_has(&[why]);
}

/// Whether Jo is refused Morag's record, as before.
async fn is_refused(world: &World, jo: &mut crate::browser::Browser) -> bool {
    world.search(jo, "Drummond", MORAG).await.status == StatusCode::FORBIDDEN
}

#[tokio::test]
async fn a_contested_disclosure_is_advised_on_and_nothing_opens() {
    for world in worlds().await {
        let mut jo = world.signed_in("Jo Worker").await;
        let mut cal = world.signed_in("Cal Guards").await;
        cal.get("/guardian").await.assert_has(&["No question waits for you"]);
        let refusal = world.search(&mut jo, "Drummond", MORAG).await;
        let form = jo.get(&link(&refusal, "/w/guardian?")).await;
        form.assert_has(&["What you typed", "Drummond", "You have asked nothing"]);
        let short = jo.submit(&form, "/w/guardian", &[("side", "should-share"), ("reason", "Now")]);
        assert_refused(&short.await, "Say it in 10 to 2000 characters");
        let unsure = [("reason", "Her daughter rings us every day")];
        assert_refused(&jo.submit(&form, "/w/guardian", &unsure).await, "Choose what you think");
        let asked = [("side", "should-share"), ("reason", "Her daughter rings us every day")];
        let sent = jo.submit(&form, "/w/guardian", &asked).await;
        sent.assert_has(&["Your Guardian has it"]);
        jo.get("/w/guardian").await.assert_has(&["every day", "Answer due by"]);
        // Nobody else reads it, neither a colleague nor governance.
        let mut ann = world.signed_in("Ann Colleague").await;
        ann.get("/w/guardian").await.assert_lacks(&["every day"]);
        let mut sam = world.sam_as("ig.lead").await;
        assert_eq!(sam.get("/guardian").await.status, StatusCode::NOT_FOUND);
        // Nor is the Guardian a governance lead.
        assert_eq!(cal.get("/ig/agreements").await.status, StatusCode::NOT_FOUND);

        let queue = cal.get("/guardian").await;
        queue.assert_has(&["Jo Worker", "Family name: Drummond", "every day"]);
        queue.assert_lacks(&["DRUMMOND", "Made-up Road", "9990000018"]);
        let (_, rest) = queue.body.split_once("name=\"question\" value=\"").unwrap();
        let question = rest.split('"').next().unwrap().to_owned();
        let why = "Her daughter may speak for her: ask for a relationship";
        let answer = [("question", &*question), ("advice", "share"), ("reason", why)];
        assert_refused(&cal.submit(&queue, "/guardian", &answer[..2]).await, "Give a reason");
        let none = [("question", &*question), ("reason", why)];
        assert_refused(&cal.submit(&queue, "/guardian", &none).await, "Choose what you advise");
        let forced =
            format!("csrf={}&question={question}&advice=share", csrf_of(&sam.get("/ig").await));
        let forced = sam.send(Method::POST, "/guardian", Some(&forced)).await;
        assert_eq!(forced.status, StatusCode::NOT_FOUND);
        let done = cal.submit(&queue, "/guardian", &answer).await;
        done.assert_has(&["Your advice is recorded"]);
        let again = cal.submit(&queue, "/guardian", &answer).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND, "an answer is given once");

        jo.get("/w/guardian").await.assert_has(&["Share it, by an agreement or by law", why]);
        // It is advice: the gate says what it said before.
        assert!(is_refused(&world, &mut jo).await, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn an_organisation_without_a_guardian_says_so() {
    for world in worlds().await {
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get("/w/guardian").await;
        let asked = [("side", "should-not"), ("reason", "The school asks for more than it needs")];
        let refused = rao.submit(&page, "/w/guardian", &asked).await;
        assert_refused(&refused, "registered as its Caldicott Guardian");
    }
}

#[tokio::test]
async fn a_list_is_imported_after_a_dry_run_followed_and_closed() {
    const PAGE: &str = "/ig/recommendations";
    for world in worlds().await {
        let mut sam = world.sam_as("ig.lead").await;
        let mut gil = world.signed_in("Gil Governs").await;
        let page = sam.get(PAGE).await;
        page.assert_has(&["No list is imported"]);
        let head = [("title", "An inspection"), ("made_by", "An inspectorate")];
        let list = |text: &'static str| [&head[..], &[("text", text)]].concat();
        let bad = sam.submit(&page, PAGE, &list("1,One\n1,Two")).await;
        assert_refused(&bad, "Line 2: this number stands twice");
        let nameless = sam.submit(&page, PAGE, &[("text", "1,One")]).await;
        assert_refused(&nameless, "Enter what the list is called");
        let two = list("number,says\n1,Share sooner\n2,Say why,SIRO,2026-11-01");
        let told = sam.submit(&page, PAGE, &two).await;
        told.assert_has(&["What would be imported", "Share sooner", "Nothing is kept yet"]);
        sam.get(PAGE).await.assert_has(&["No list is imported"]);
        sam.submit(&told, PAGE, &[]).await.assert_has(&["The list is imported"]);
        let lists = sam.get(PAGE).await;
        lists.assert_has(&["An inspection", "2 of 2 open", "1 late"]);

        let one = link(&lists, "/ig/recommendations/");
        gil.get(PAGE).await.assert_has(&["No list is imported"]);
        assert_eq!(gil.get(&one).await.status, StatusCode::NOT_FOUND, "another body's");
        let first = format!("{one}?number=1");
        sam.get(&first).await.assert_has(&["Recommendation 1", "Nobody answers", "None yet."]);
        let step = async |sam: &mut crate::browser::Browser, fields: &[(&str, &str)]| {
            let fields = [&[("number", "1")], fields].concat();
            act(sam, &one, &fields).await
        };
        let early = step(&mut sam, &[("what", "close"), ("outcome", "done")]).await;
        assert_refused(&early, "Add evidence first");
        let soon = [("what", "assign"), ("owner", "SIRO"), ("due", "soon")];
        assert_refused(&step(&mut sam, &soon).await, "Enter a day as");
        let given = [("what", "assign"), ("owner", "Head of service"), ("due", "2027-02-01")];
        step(&mut sam, &given).await.assert_has(&["It is kept"]);
        let shown = [("what", "prove"), ("words", "Minute of 3 November")];
        step(&mut sam, &shown).await.assert_has(&["It is kept"]);
        step(&mut sam, &[("what", "close"), ("outcome", "done")]).await.assert_has(&["It is kept"]);
        let closed = sam.get(&first).await;
        closed.assert_has(&["Head of service", "Minute of 3 November", "Done", "Open it again"]);
        closed.assert_lacks(&["Close it"]);
        assert_refused(&step(&mut sam, &shown).await, "This has changed meanwhile");
        sam.get(PAGE).await.assert_has(&["1 of 2 open"]);
        step(&mut sam, &[("what", "reopen")]).await.assert_has(&["It is kept"]);
        sam.get(PAGE).await.assert_has(&["2 of 2 open"]);
        let forced = format!("csrf={}&number=1&what=reopen", csrf_of(&gil.get(PAGE).await));
        let gone = gil.send(Method::POST, &one, Some(&forced)).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
    }
}

/// A mark stands at the head and the foot of each page of those who work, and on what leaves.
#[tokio::test]
async fn the_mark_stands_on_the_screen_and_on_what_is_exported() {
    const SENSITIVE: &str = "</span>OFFICIAL-SENSITIVE</p>";
    const OFFICIAL: &str = "</span>OFFICIAL</p>";
    for world in worlds().await {
        let marks = |page: &Answer, want: &str| {
            assert_eq!(page.body.matches(want).count(), 2, "{}: {}", page.path, page.body);
            let other = if want == SENSITIVE { OFFICIAL } else { SENSITIVE };
            assert!(!page.body.contains(other), "{}", page.path);
        };
        let mut rao = world.signed_in("Dr Rao").await;
        let person = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        person.assert_has(&["DRUMMOND", "care_sensitive"]);
        marks(&person, SENSITIVE);
        let mut sam = world.sam_as("ig.lead").await;
        for path in ["/ig", "/ig/reviews", "/ig/wishes"] {
            marks(&sam.get(path).await, SENSITIVE);
        }
        let agreements = sam.get("/ig/agreements").await;
        agreements.assert_has(&["care_official"]);
        marks(&agreements, OFFICIAL);
        let named = agreements.body.split("<h3").find(|part| part.contains("Direct care"));
        let at = named.and_then(|part| part.split('"').find(|text| text.starts_with("/ig/")));
        let one = at.unwrap();
        for file in ["document.pdf", "matrix.csv"] {
            let answer = sam.send(Method::GET, &format!("{one}/{file}"), None).await;
            let name = answer.headers["content-disposition"].to_str().unwrap();
            assert!(name.contains("filename=\"OFFICIAL-agreement."), "{name}");
        }
        let mut morag = world.signed_in("Morag Drummond").await;
        let anybody = world.browser().get("/register").await;
        for page in [morag.get("/my/record").await, anybody] {
            page.assert_lacks(&["OFFICIAL"]);
        }
    }
}
