//! The chronology over HTTP: what several agencies tell in one list, from either end, filtered,
//! part by part, as a copy, and for the person; and nothing of what may not be seen.

use std::collections::BTreeSet;

use axum::http::{StatusCode, header};
use jiff::Timestamp;
use ken_core::{Ctx, MessageId};
use ken_hub::{Mode, Source};
use ken_ledger::{EntryKind, Page};
use ken_records::{Filing, PART_MAX, Under};
use ken_sharing::RowClass;
use ken_store::{Snapshot, Tx};
use ken_testkit::SeededIds;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::interference::told;
use crate::world::{Hidden, NUMBER, World, worlds, worlds_with};

/// Whose, of which kind, what, and on which day.
pub(crate) type Told<'a> = (&'a str, &'a str, &'a str, &'a str);

/// What Dr Rao may see: one event of two agencies, and a time of months without any.
pub(crate) const TOLD: [Told<'_>; 4] = [
    ("nhsl", "chronology", "E0-Fell at home", "2026-10-03"),
    ("cec", "chronology", "E1-Fell at home", "2026-10-03"),
    ("cec", "chronology", "E2-Visit by the team", "2026-03-02"),
    ("practice", "chronology", "E3-Letter", "2026-03-01"),
];
/// Two parts, with room for what the world has besides.
const VISITS: usize = 2 * PART_MAX - 10;
const GAP: &str = "No events shared between 2 Mar 2026 and 3 Oct 2026.";

/// Files what is told about Morag; a title loses the number that a test finds it by.
pub(crate) async fn file(world: &World, seed: u64, all: &[Told<'_>]) {
    let ids = SeededIds::new(seed);
    let (ctx, on) = (Ctx::new(&*world.clock, &ids), &world.on);
    let filed = on.db.write("test.events", async |tx: &mut Tx| {
        let key = ken_records::key_of(tx, &on.keys, world.morag).await?;
        for (source, category, what, day) in all {
            let (under, item_key) = (Under::default(), format!("{seed} {what}"));
            let source = source.parse().unwrap();
            let place =
                ken_records::place(tx, &ctx, world.morag, (&source, &under), &item_key).await?;
            let (id, title) = what.split_once('-').unwrap();
            let event: Timestamp = format!("{day}T09:00:00Z").parse().unwrap();
            let filing = Filing {
                key,
                item_key: &item_key,
                resource: json!({ "resourceType": "DocumentReference", "status": "current",
                    "type": { "text": "Social work event" }, "description": title,
                    "author": [{ "display": format!("By-{id}-") }],
                    "context": { "period": { "start": event.to_string() } } }),
                class: RowClass {
                    category: category.parse().unwrap(),
                    labels: BTreeSet::new(),
                    source,
                    lineage: BTreeSet::new(),
                },
                message: MessageId::draw(ctx.ids),
                event: Some(event),
                under: &under,
                told: None,
                said: None,
            };
            ken_records::file(tx, &ctx, &on.keys, place, filing).await?;
        }
        Ok::<_, ken_records::Error>(())
    });
    filed.await.unwrap();
}

/// Which events a page has, in its order.
fn events(page: &Answer) -> Vec<String> {
    let named = page.body.split("By-").skip(1);
    named.filter_map(|rest| Some(rest.split_once('-')?.0.to_owned())).collect()
}

fn path(world: &World, query: &str) -> String {
    format!("/w/p/{}/chronology?purpose=direct-care{query}", world.morag)
}

/// What the permits about Morag say, the oldest first.
pub(crate) async fn permitted(world: &World) -> Vec<Value> {
    let (keys, page) = (&world.on.keys, Page::default());
    let read =
        async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, world.morag, page).await;
    let entries = world.on.db.snapshot("test.entries", read).await.unwrap();
    let permits = entries.into_iter().filter(|entry| entry.kind == EntryKind::Permit);
    let mut all: Vec<_> = permits.filter_map(|entry| entry.detail).collect();
    all.reverse();
    all
}

#[tokio::test]
async fn agencies_stand_in_one_list_from_either_end_with_folds_and_gaps() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 71, &TOLD).await;
        let mut rao = world.signed_in("Dr Rao").await;
        let newest = rao.get(&path(&world, "&to=2026-10-31")).await;
        assert_eq!(newest.status, 200, "{engine}");
        let (mut first, rest) = (events(&newest)[..2].to_vec(), events(&newest)[2..].to_vec());
        first.sort();
        assert_eq!((first, rest), (words(&["E0", "E1"]), words(&["E2", "E3"])), "{engine}");
        newest.assert_has(&[
            "DRUMMOND",
            "2 organisations tell of what may be one event",
            GAP,
            "4 accounts that match, of what may be 3 events.",
            "October 2026</h2>",
            "Why can I see this?",
            "There may be more that law or safety keeps from this page.",
        ]);
        let oldest = rao.get(&path(&world, "&to=2026-10-31&order=oldest")).await;
        assert_eq!(events(&oldest)[..2], words(&["E3", "E2"]), "{engine}");
        oldest.assert_has(&[GAP]);
        let lanes = rao.get(&path(&world, "&to=2026-10-31&view=lanes")).await;
        lanes.assert_has(&["What each organisation tells, side by side", "Glen Council", GAP]);
        // A filter shows what the whole list has of it, and says what it leaves out.
        let check = async |rao: &mut Browser, query: &str, want: &[&str]| {
            let page = rao.get(&path(&world, query)).await;
            assert_eq!(events(&page), words(want), "{engine}: {query}");
            page
        };
        let council = check(&mut rao, "&source=cec", &["E1", "E2"]).await;
        council.assert_has(&["Glen Council ×", "Clear filters", "Nothing that matches shared"]);
        council.assert_lacks(&["organisations tell of"]);
        check(&mut rao, "&from=2026-03-02&to=2026-03-02", &["E2"]).await;
        check(&mut rao, "&kind=significant", &[]).await.assert_has(&["No events match."]);
        check(&mut rao, "&kind=chronology&source=practice", &["E3"]).await;
        // The way there is on the overview.
        let overview = rao.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        overview.assert_has(&[&path(&world, ""), "See all as a chronology"]);
    }
}

fn words(of: &[&str]) -> Vec<String> {
    of.iter().map(|one| (*one).to_owned()).collect()
}

#[tokio::test]
async fn a_long_chronology_is_read_from_either_end_part_by_part() {
    for world in worlds().await {
        let engine = world.on.engine;
        let day =
            |n: usize| format!("20{:02}-{:02}-{:02}", 10 + n / 144, 1 + n / 12 % 12, 1 + n % 12);
        let all: Vec<_> = (0..VISITS).map(|n| (format!("E{n}-Visit {n}"), day(n))).collect();
        let all: Vec<Told<'_>> =
            all.iter().map(|(what, day)| ("nhsl", "chronology", &**what, &**day)).collect();
        file(&world, 72, &all).await;
        let mut rao = world.signed_in("Dr Rao").await;
        let further = format!("/w/p/{}/chronology/part", world.morag);
        for (order, button) in [("oldest", "Show later events"), ("", "Show earlier events")] {
            let query = format!("&kind=chronology&order={order}");
            let first = rao.get(&path(&world, &query)).await;
            first.assert_has(&[button, "There are more"]);
            let second = rao.submit(&first, &further, &[]).await;
            assert_eq!(second.path, further, "{engine}: the address tells no time");
            second.assert_has(&["Back to the first part"]);
            second.assert_lacks(&[button]);
            let seen: Vec<_> = [&first, &second].into_iter().flat_map(events).collect();
            let mut want: Vec<_> = (0..VISITS).map(|n| format!("E{n}")).collect();
            if order.is_empty() {
                want.reverse();
            }
            assert_eq!(seen, want, "{engine}: each once, in order");
        }
        let first = rao.get(&path(&world, "")).await;
        let wrong = rao.submit(&first, &further, &[("point", "x")]).await;
        assert_ne!(wrong.status, 200, "{engine}");
    }
}

#[tokio::test]
async fn a_copy_is_an_export_that_the_gate_decides_and_the_person_reads() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 73, &TOLD).await;
        let action = format!("/w/p/{}/chronology/copy", world.morag);
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get(&path(&world, "&kind=chronology&to=2026-10-31")).await;
        let copy = rao.submit(&page, &action, &[]).await;
        assert_eq!(copy.status, 200, "{engine}");
        let head = |name: &header::HeaderName| copy.headers[name].to_str().unwrap().to_owned();
        assert!(head(&header::CONTENT_TYPE).starts_with("text/csv"), "{engine}");
        let named = head(&header::CONTENT_DISPOSITION);
        assert!(named.contains("OFFICIAL-SENSITIVE-chronology.csv"), "{engine}: {named}");
        assert!(
            !named.contains("DRUMMOND")
                && copy.headers[header::CACHE_CONTROL] == "private, no-store"
        );
        assert_eq!(copy.body.lines().filter(|line| line.contains("\"Chronology\"")).count(), 4);
        copy.assert_has(&["Fell at home", "receipt of the ledger"]);
        let last = permitted(&world).await.pop().unwrap();
        assert_eq!(last["action"], "export", "{engine}: {last}");
        // Whom a clause lets look, and not take away, looks and takes nothing away.
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        let asked = bea.get(&path(&world, "")).await;
        let affirm = format!("/w/p/{}/affirm", world.morag);
        bea.submit(&asked, &affirm, &[("affirmed", "yes")]).await;
        let looks = bea.get(&path(&world, "&source=cec")).await;
        assert_eq!(events(&looks), words(&["E1", "E2"]), "{engine}");
        let none = bea.submit(&looks, &action, &[]).await;
        assert_eq!(none.status, StatusCode::FORBIDDEN, "{engine}");
        none.assert_has(&["You cannot take a copy"]);
        none.assert_lacks(&["Fell at home", "DRUMMOND"]);
        let mut morag = world.signed_in("Morag Drummond").await;
        let looked = morag.get("/my/looked").await;
        assert_eq!(looked.body.matches("A copy was taken").count(), 1, "{engine}");
    }
}

#[tokio::test]
async fn the_person_reads_what_has_happened_and_takes_it_away() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 74, &TOLD).await;
        let mut morag = world.signed_in("Morag Drummond").await;
        morag.get("/my/record").await.assert_has(&["href=\"/my/happened\""]);
        let page = morag.get("/my/happened?to=2026-10-31&source=cec").await;
        page.assert_has(&[
            "Fell at home",
            "Visit by the team",
            "3 October 2026",
            "Law or safety may keep some things",
            "Is something wrong?",
        ]);
        // Who reported something is for whoever answers for it to say.
        page.assert_lacks(&["Why can I see this?", "Letter", "By-"]);
        let copy = morag.submit(&page, "/my/happened/copy", &[]).await;
        assert_eq!(copy.status, 200, "{engine}");
        copy.assert_has(&["Visit by the team", "receipt of the ledger"]);
        copy.assert_lacks(&["Letter", "By-"]);
        let last = permitted(&world).await.pop().unwrap();
        assert_eq!((&last["action"], &last["purpose"]), (&json!("export"), &json!("own-record")));
    }
}

/// Two worlds that differ in what a reader may not see of somebody whom they may: no group, gap,
/// count, choice or boundary tells them apart.
#[tokio::test]
async fn what_may_not_be_seen_folds_counts_and_fills_nothing() {
    let (with, without) = (worlds_with(Hidden::Nothing).await, worlds_with(Hidden::Nothing).await);
    for (with, without) in with.iter().zip(&without) {
        let engine = with.on.engine;
        for world in [with, without] {
            file(world, 75, &TOLD).await;
        }
        // It would be another account, would lie in the gap, and would be first and last.
        let days = ["2026-10-03", "2026-06-15", "2026-03-02", "2026-11-20", "1999-01-01"];
        let hidden: Vec<_> = (0..PART_MAX + 20).map(|n| format!("H{n}-Fell at home")).collect();
        let hidden: Vec<_> = hidden
            .iter()
            .zip(days.iter().cycle())
            .flat_map(|(what, day)| {
                [("primary", "education", &**what, *day), ("cec", "housing", &**what, *day)]
            })
            .collect();
        file(with, 76, &hidden).await;
        let (mut a, mut b) = (with.signed_in("Dr Rao").await, without.signed_in("Dr Rao").await);
        for query in [
            "",
            "&order=oldest",
            "&view=lanes",
            "&source=primary",
            "&source=cec",
            "&kind=significant",
            "&kind=education",
            "&from=2026-04-01&to=2026-09-30",
        ] {
            let (one, other) =
                (a.get(&path(with, query)).await, b.get(&path(without, query)).await);
            assert_eq!(one.status, 200, "{engine}: {query}");
            assert_eq!(told(&one), told(&other), "{engine}: {query}");
            let copy = |world: &World| format!("/w/p/{}/chronology/copy", world.morag);
            let one = a.submit(&one, &copy(with), &[]).await;
            let other = b.submit(&other, &copy(without), &[]).await;
            assert_eq!(told(&one), told(&other), "{engine}: a copy of {query}");
        }
        // The same page does tell what may be seen.
        file(with, 77, &[("cec", "chronology", "E4-Call", "2026-06-15")]).await;
        let (one, other) = (a.get(&path(with, "")).await, b.get(&path(without, "")).await);
        assert_ne!(told(&one), told(&other), "{engine}: the test is blind");
        one.assert_lacks(&[GAP]);
    }
}

/// Whoever may not see somebody is told the same of them as of nobody.
#[tokio::test]
async fn a_refused_chronology_or_copy_is_the_same_for_everybody() {
    for world in worlds().await {
        let engine = world.on.engine;
        file(&world, 78, &TOLD).await;
        let mut jo = world.signed_in("Jo Worker").await;
        let home = jo.get("/").await;
        let csrf = home.hidden("/sign-out")[0].1.clone();
        let mut said = BTreeSet::new();
        for person in [world.morag.to_string(), "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".to_owned()] {
            let page = jo.get(&format!("/w/p/{person}/chronology?purpose=direct-care")).await;
            let form = format!("csrf={csrf}&purpose=direct-care");
            let action = format!("/w/p/{person}/chronology/copy");
            let copy = jo.send(axum::http::Method::POST, &action, Some(&form)).await;
            assert_eq!((page.status, copy.status), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
            page.assert_lacks(&["DRUMMOND", "Fell"]);
            said.insert((told(&page), told(&copy)));
        }
        assert_eq!(said.len(), 1, "{engine}");
    }
}

/// A call centre's alarm, as its system sends it.
const ALARM: &str = "MSH|^~\\&|CALL|GLEN|KEN|GLEN|20261110031600||MDM^T02^MDM_T02|a1|P|2.4\r\
    EVN||20261110031600\rPID|1||5^^^CALL^MR~NUMBER||DRUMMOND^MORAG||19480302|F\r\
    TXA|1|SUPPORT^^KENdocument|TX|20261110031400||20261110031600|||C1^Call^Ann|||A1^CALL|||||AU||AV\
    ||||||Telecare alarm: fall at home\rOBX|1|TX|EVENT^Event^KENsection||Help came at 03:40.\r";

#[tokio::test]
async fn a_telecare_alarm_enters_the_chronology_under_a_clause() {
    for world in worlds().await {
        let engine = world.on.engine;
        let source = Source {
            id: "call".to_owned(),
            organisation: "cec".parse().unwrap(),
            name: "Telecare call centre".to_owned(),
            sending_app: "CALL".to_owned(),
            sending_facility: "GLEN".to_owned(),
            mode: Mode::Original,
            relationship: None,
            is_trusted: true,
            is_training: false,
        };
        ken_hub::register(&world.on.db, &source).await.unwrap();
        world.hub.reload().await.unwrap();
        let alarm = ALARM.replace("NUMBER", NUMBER);
        let answer = world.hub.accept(alarm.as_bytes()).await.into_bytes().unwrap();
        assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|"), "{engine}");
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get(&path(&world, "&kind=chronology&source=cec")).await;
        page.assert_has(&[
            "1 event that matches.",
            "Telecare alarm: fall at home",
            "10 Nov 2026, 03:14",
            "Help came at 03:40.",
            "clause D1",
        ]);
        let mut jo = world.signed_in("Jo Worker").await;
        let refused = jo.get(&path(&world, "")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{engine}");
        refused.assert_lacks(&["Telecare alarm"]);
    }
}
