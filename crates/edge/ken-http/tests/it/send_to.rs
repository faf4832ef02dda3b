//! F15: whom to send it to: the first of the order of whom the reader may know, with the reason.

use axum::http::Method;
use ken_store::Snapshot;

use crate::browser::{Answer, Browser};
use crate::duty::{day, send};
use crate::team::{filled, found, lead};
use crate::world::{World, worlds};

fn address(world: &World, kind: &str) -> String {
    format!("/w/p/{}/send-to?purpose=direct-care&kind={kind}", world.morag)
}

/// The card of one organisation.
fn card(page: &Answer, at: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("<h3>{at}</h3>")).unwrap_or_else(|| {
        panic!("{at} has no card: {}", page.body);
    });
    rest.split("</li>").next().unwrap().to_owned()
}

#[track_caller]
fn assert_card(page: &Answer, at: &str, wants: &[&str]) {
    let card = card(page, at);
    for want in wants {
        assert!(card.contains(want), "{want}: {card}");
    }
}

/// Somebody is on duty at the council all day.
async fn on_duty(world: &World, fay: &mut Browser) {
    let row = format!("Adult duty desk,{},00:00,24:00,Jo Worker,01632 960 009", day(world, 0));
    let page = fay.get("/ig/roster/bring").await;
    let told = fay.submit(&page, "/ig/roster/bring", &[("text", &row)]).await;
    fay.submit(&told, "/ig/roster/bring", &[]).await.assert_has(&["1 shift"]);
}

/// One of the forms of Morag's team, with the council's people.
async fn of_team(world: &World, rao: &mut Browser, step: &str, fields: &[(&str, &str)]) -> Answer {
    let to = format!("/w/p/{}/team", world.morag);
    let page = rao.get(&format!("{to}?purpose=direct-care&organisation=cec")).await;
    let form = filled(&page, (step, "cec"), fields);
    rao.send(Method::POST, &to, Some(&form)).await
}

/// Dr Rao is named, and lets in a social worker.
async fn let_in(world: &World, rao: &mut Browser) {
    lead(world).await;
    let ann = format!("{} sw.duty", found(world, "cec", "Ann Colleague").await);
    let fields = [("whom", ann.as_str()), ("kind", "direct-care"), ("days", "30"), ("why", "Help")];
    of_team(world, rao, "in", &fields).await.assert_has(&["They are in the team"]);
}

/// Dr Rao hands over to another.
async fn hand_over(world: &World, rao: &mut Browser) {
    let jo = format!("{} sw.duty", found(world, "cec", "Jo Worker").await);
    let fields = [
        ("role", "lead-professional"),
        ("change", "set"),
        ("who", jo.as_str()),
        ("phone", "01632 960 123"),
        ("reason", "She arranges the help at home"),
    ];
    of_team(world, rao, "role", &fields).await.assert_has(&["It is recorded"]);
}

/// How much stands in Morag's stream of the ledger.
async fn entered(world: &World) -> usize {
    let page = ken_ledger::Page { before: None, limit: 200 };
    let (keys, morag) = (&world.on.keys, world.morag);
    let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, morag, page).await;
    world.on.db.snapshot("test.entries", read).await.unwrap().len()
}

#[tokio::test]
async fn whom_to_send_it_to_is_the_first_of_the_order_that_the_reader_may_know() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (mut rao, mut fay) =
            (world.signed_in("Dr Rao").await, world.signed_in("Fay Governs").await);
        let asked = address(&world, "care-plan");
        let before = entered(&world).await;
        let page = rao.get(&asked).await;
        assert!(entered(&world).await > before, "{engine}: a look is entered");
        page.assert_has(&["DRUMMOND, MORAG", "Whom to send it to: Care plan"]);
        // Whom no clause covers is not named.
        page.assert_lacks(&["Glen Primary School</h3>", "Glen Medical Practice</h3>"]);
        let own = "The number that the organisation gives to everybody";
        assert_card(&page, "Glen Council", &[own, "tel:01632960001", "Each tells the others"]);

        let desk = "what=desk&name=Adult+duty+desk&role=sw.duty&phone=01632+960+002";
        send(&mut fay, desk).await.assert_has(&["It is kept"]);
        let page = rao.get(&asked).await;
        let nobody = "Nobody is on duty now at Adult duty desk";
        assert_card(&page, "Glen Council", &[nobody, "tel:01632960002", "Duty social worker"]);
        assert_card(&page, "NHS Glen", &[own]);

        on_duty(&world, &mut fay).await;
        let on = ["On duty now at Adult duty desk", "Jo Worker", "tel:01632960009"];
        assert_card(&rao.get(&asked).await, "Glen Council", &on);

        let_in(&world, &mut rao).await;
        let member = ["In the team around this person", "Ann Colleague", "tel:01632960002"];
        assert_card(&rao.get(&asked).await, "Glen Council", &member);

        hand_over(&world, &mut rao).await;
        let page = rao.get(&asked).await;
        let leads = ["Lead professional of this person", "Jo Worker", "tel:01632960123"];
        assert_card(&page, "Glen Council", &leads);
        assert!(page.body.find("Glen Council</h3>") < page.body.find("NHS Glen</h3>"), "{engine}");
        // What no clause lets go names nobody, whoever coordinates.
        let page = rao.get(&address(&world, "education")).await;
        page.assert_lacks(&["</h3>", "Jo Worker"]);

        // Who may not know of a role or of the team is told of the next of the order.
        let mut bea = world.signed_in("Dr Bea Doctor").await;
        let words = bea.get(&asked).await;
        let action = format!("/w/p/{}/affirm", world.morag);
        bea.submit(&words, &action, &[("affirmed", "yes")]).await;
        let page = bea.get(&asked).await;
        assert_card(&page, "Glen Council", &on);
        page.assert_lacks(&["Lead professional of this person", "Ann Colleague", "01632960123"]);
    }
}

#[tokio::test]
async fn who_may_not_read_the_person_is_told_of_nobody_to_send_to() {
    for world in worlds().await {
        lead(&world).await;
        let asked = address(&world, "care-plan");
        let nobody =
            asked.replace(&world.morag.to_string(), "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa");
        let mut jo = world.signed_in("Jo Worker").await;
        let (known, unknown) = (jo.get(&asked).await, jo.get(&nobody).await);
        known.assert_lacks(&["Whom to send it to", "Dr Rao"]);
        assert_eq!(known.status, unknown.status, "{}", world.on.engine);
        // An emergency and own work have no such page.
        let mut rao = world.signed_in("Dr Rao").await;
        for purpose in ["own-work", "vital"] {
            let page = rao.get(&asked.replace("direct-care", purpose)).await;
            page.assert_lacks(&["Whom to send it to"]);
        }
    }
}
