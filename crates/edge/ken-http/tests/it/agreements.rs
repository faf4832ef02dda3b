//! The life of an agreement from the outside: noticed, assessed, signed by two, in force between
//! them, and left by one.

use axum::http::{Method, StatusCode};
use ken_agreement::{Basis, Instrument, Parts, Who};
use ken_core::InstrumentHash;

use crate::browser::{Answer, Browser};
use crate::world::{PASSWORD, World, worlds};

/// An agreement by which a practice sees what a school holds: the one about direct care, with a
/// school among its parties, led by the council, in force now.
pub(crate) fn school() -> String {
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
pub(crate) const HELD: &str = "Education, Equipment";

/// The value of the option of a drop-down that shows these words.
#[track_caller]
fn option(page: &Answer, words: &str) -> String {
    let (before, _) = page.body.split_once(&format!(">{words}</option>")).unwrap();
    before.rsplit_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

/// Registers somebody as their organisation's signatory, with a key that Ken keeps.
pub(crate) async fn may_sign(browser: &mut Browser, name: &str) {
    let page = browser.get("/ig/signatories").await;
    let who = option(&page, name);
    let filled = [("practitioner", &*who), ("office", "Caldicott Guardian"), ("key", "")];
    let told = browser.submit(&page, "/ig/signatories", &filled).await;
    told.assert_has(&["Ken keeps a key", "so we ask again who you are"]);
    let done = browser.submit(&told, "/ig/signatories", &[("sure", "yes")]).await;
    done.assert_has(&["It is done"]);
}

pub(crate) async fn sign(world: &World, browser: &mut Browser, hash: &InstrumentHash) -> Answer {
    let path = format!("/ig/agreements/{hash}/sign");
    let page = browser.get(&path).await;
    let code = world.code();
    let filled = [("sure", "yes"), ("password", PASSWORD), ("code", &code)];
    browser.submit(&page, &path, &filled).await
}

pub(crate) async fn publish(browser: &mut Browser, hash: &InstrumentHash) {
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
pub(crate) async fn assess(browser: &mut Browser, hash: &InstrumentHash) {
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

pub(crate) fn csrf_of(answer: &Answer) -> String {
    let (_, rest) = answer.body.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// What Dr Rao sees of Morag.
pub(crate) async fn seen(world: &World) -> Answer {
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

        // What the exit asks back stands on the list of each that may hold it.
        gil.get("/ig").await.assert_has(&["Asked back: what you had of Glen Primary School"]);
        let due = gil.get("/ig").await;
        let answer = [("reason", "")];
        let done = gil.submit(&due, "/ig/recalls", &answer).await;
        done.assert_has(&["Your answer is noted"]);
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
            answer.assert_has(&["We could not confirm that it is you. Nothing was done"]);
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

/// The text as its lead party begins to negotiate it: each party has a basis of its own, and
/// nobody else's is confirmed.
pub(crate) fn first_text() -> String {
    let mut of = Instrument::parse(&school()).unwrap();
    let shared = of.bases.iter().position(|basis| basis.party == Who::Any).unwrap();
    let shared = of.bases.remove(shared);
    for id in ["practice", "primary", "nhsl"] {
        let (id, party) = (format!("b.{id}"), Who::Party(id.parse().unwrap()));
        let confirmed_by = String::new();
        let kinds = std::collections::BTreeSet::new();
        of.bases.push(Basis { id, party, kinds, confirmed_by, ..shared.clone() });
    }
    of.to_toml()
}

/// A clause of the text with another sentence, as people write it.
fn reworded(clause: &str, words: &str) -> String {
    let of = Instrument::parse(&first_text()).unwrap();
    let mut clause = of.clause(&clause.parse().unwrap()).unwrap().clone();
    clause.text = words.to_owned();
    Parts { clauses: vec![clause], bases: vec![] }.to_toml()
}

pub(crate) async fn act(browser: &mut Browser, room: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.get(room).await;
    let code = |byte: u8| format!("%{byte:02X}");
    let coded = |value: &str| value.bytes().map(code).collect::<String>();
    let pairs = fields.iter().map(|(name, value)| format!("&{name}={}", coded(value)));
    let body = format!("csrf={}{}", csrf_of(&page), pairs.collect::<String>());
    browser.send(Method::POST, room, Some(&body)).await
}

#[tokio::test]
async fn parties_negotiate_a_draft_clause_by_clause() {
    for world in worlds().await {
        let mut sam = world.sam_as("ig.lead").await;
        let mut gil = world.signed_in("Gil Governs").await;
        let mut pam = world.signed_in("Pam Governs").await;
        let (text, bring) = (first_text(), "/ig/drafts");
        let bad = [("what", "negotiate"), ("text", "schema = 1")];
        act(&mut sam, bring, &bad).await.assert_has(&["Error", "line 1"]);
        let good = [("what", "negotiate"), ("text", &*text)];
        act(&mut sam, bring, &good).await.assert_has(&["The draft is opened"]);
        let list = gil.get("/ig/drafts").await;
        let (_, rest) = list.body.split_once("href=\"/ig/drafts/").unwrap();
        let room = format!("/ig/drafts/{}", rest.split('"').next().unwrap());
        let clause = format!("{room}/clauses/D1");

        let said = [("what", "comment"), ("clause", "D1"), ("words", "Why the school?")];
        act(&mut gil, &room, &said).await.assert_has(&["Your comment is added"]);
        let (one, two) = (reworded("D1", "Doctors see a summary."), reworded("D1", "Nobody sees."));
        for (who, text) in [(&mut gil, &one), (&mut pam, &two)] {
            let new = [("what", "propose"), ("clause", "D1"), ("text", text), ("why", "It is so")];
            act(who, &room, &new).await.assert_has(&["Your proposal is added"]);
        }
        let beside = sam.get(&clause).await;
        beside.assert_has(&["1. Glen Medical", "2. Glen Primary", "Why the school?", "<ins>"]);

        // Nobody states a basis for another, by whatever way.
        let theirs = Parts::parse(&first_text().replace("schema = \"isa/1\"", "")).err();
        assert!(theirs.is_some(), "a whole text is no part");
        let of = Instrument::parse(&first_text()).unwrap();
        let bases = of.bases.iter().filter(|one| one.id == "b.primary").cloned().collect();
        let theirs = Parts { clauses: vec![], bases }.to_toml();
        let refused = act(&mut gil, &room, &[("what", "bases"), ("bases", &theirs)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.assert_has(&["Give bases of your own organisation only"]);
        let whole = first_text().replace("9(2)(h)", "9(2)(g)");
        let refused = act(&mut sam, &room, &[("what", "revise"), ("whole", &whole)]).await;
        refused.assert_has(&["lawful basis. Only that party may change it."]);

        let first = option_of(&beside, "Proposal 1");
        let decide = [("what", "decide"), ("proposal", &*first), ("decision", "accept")];
        let decide = [&decide[..], &[("clause", "D1"), ("reason", "Less is enough")]].concat();
        let page = act(&mut gil, &room, &decide).await;
        page.assert_has(&["Only the party that leads the agreement may do this."]);
        act(&mut sam, &room, &decide).await.assert_has(&["The proposal is decided"]);
        let after = pam.get(&clause).await;
        after.assert_has(&["has changed since this was proposed", "accepted. Less is enough"]);
        let early = act(&mut sam, &room, &[("what", "register")]).await;
        early.assert_has(&["The check finds errors in this text."]);
        let asked = [("what", "consult"), ("question", "What do you think?"), ("weeks", "4")];
        act(&mut sam, &room, &asked).await.assert_has(&["The draft is before the public"]);
        consult(&world, &mut sam, &mut gil).await;
        pam.get(&format!("{room}/draft.toml")).await.assert_has(&["Doctors see a summary."]);
        let mut jo = world.signed_in("Jo Worker").await;
        assert_eq!(jo.get(&room).await.status, StatusCode::NOT_FOUND, "{}", world.on.engine);
    }
}

/// The value of the radio button whose label begins with these words.
#[track_caller]
fn option_of(page: &Answer, words: &str) -> String {
    let (before, _) = page.body.rsplit_once(&format!(">{words}")).unwrap();
    before.rsplit_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

/// Somebody says what they think, an officer releases it, and the reply is published.
async fn consult(world: &World, sam: &mut Browser, gil: &mut Browser) {
    let mut anybody = world.browser();
    let list = anybody.get("/consultations").await;
    let (_, rest) = list.body.split_once("href=\"/consultations/").unwrap();
    let id = rest.split('"').next().unwrap().to_owned();
    let (path, held) = (format!("/consultations/{id}"), format!("/ig/consultations/{id}"));
    let page = anybody.get(&path).await;
    page.assert_has(&["What do you think?", "Doctors see a summary.", "Say what you think"]);
    // Who presses twice is heard once; two at one browser who say the same are both heard.
    for page in [&page, &page, &anybody.get(&path).await] {
        let sent = anybody.submit(page, &path, &[("words", "A VIEW")]).await;
        sent.assert_has(&["Your view is sent"]);
    }
    let empty = anybody.submit(&page, &path, &[("words", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    anybody.get(&path).await.assert_lacks(&["A VIEW"]);
    assert_eq!(gil.get(&held).await.status, StatusCode::NOT_FOUND, "another party's officers");
    let views = sam.get(&held).await;
    assert_eq!(views.body.matches("A VIEW").count(), 2, "{}", world.on.engine);
    sam.submit(&views, &held, &[]).await.assert_has(&["It is done"]);
    anybody.get(&path).await.assert_has(&["A VIEW"]);
    act(sam, &held, &[("what", "reply"), ("reply", "We heard.")]).await;
    let page = anybody.get(&path).await;
    page.assert_has(&["Our reply", "We heard.", "Closed, with a reply."]);
    page.assert_lacks(&["Send your view"]);
}
