//! Duty rosters from the outside: an officer plans, everybody reads who is on duty, and a gap is
//! told as one; equipment and plans, which name nobody.

use axum::http::{Method, StatusCode};
use jiff::ToSpan as _;
use ken_core::Clock as _;

use crate::agreements::csrf_of;
use crate::browser::{Answer, Browser};
use crate::world::{World, worlds};

const PAGE: &str = "/ig/roster";
const BRING: &str = "/ig/roster/bring";

/// Sends a form of the roster.
pub(crate) async fn send(browser: &mut Browser, fields: &str) -> Answer {
    let csrf = csrf_of(&browser.get(PAGE).await);
    browser.send(Method::POST, PAGE, Some(&format!("csrf={csrf}&{fields}"))).await
}

/// The day, so many days from now, as a roster has it.
pub(crate) fn day(world: &World, ahead: i32) -> String {
    world.clock.today().checked_add(ahead.days()).unwrap().to_string()
}

#[tokio::test]
async fn an_officer_plans_and_everybody_reads_who_is_on_duty() {
    for world in worlds().await {
        let mut fay = world.signed_in("Fay Governs").await;
        let mut rao = world.signed_in("Dr Rao").await;
        rao.get("/w/duty").await.assert_has(&["No organisation has registered a desk"]);
        let desk = "what=desk&name=Adult+duty+desk&role=sw.duty&phone=01632+960+001";
        send(&mut fay, desk).await.assert_has(&["It is kept"]);
        let nobody = rao.get("/w/duty").await;
        nobody.assert_has(&["Adult duty desk", "Glen Council", "Nobody on duty", "01632 960 001"]);

        // A dry run keeps nothing, and one fault keeps all of it out.
        let (today, next) = (day(&world, 0), day(&world, 1));
        let good = format!("Adult duty desk,{today},00:00,24:00,Jo Worker,01632 960 009");
        let bad = format!("{good}\nNo desk,{today},09:00,17:00");
        let page = fay.get(BRING).await;
        let refused = fay.submit(&page, BRING, &[("text", &bad)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.assert_has(&["Line 2: no desk of yours has this name"]);
        let sure = fay.submit(&page, BRING, &[("text", &bad), ("step", "sure")]).await;
        assert_eq!(sure.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", sure.body);
        let two = format!("{good}\nAdult duty desk,{next},09:00,17:00");
        let told = fay.submit(&page, BRING, &[("text", &two)]).await;
        told.assert_has(&["Nothing is kept yet", "Jo Worker", "Keep these 2"]);
        rao.get("/w/duty").await.assert_has(&["Nobody on duty"]);
        fay.submit(&told, BRING, &[]).await.assert_has(&["2 shifts are planned"]);
        fay.submit(&told, BRING, &[]).await.assert_has(&["2 of them stood there already"]);

        let on = rao.get("/w/duty").await;
        on.assert_has(&["Jo Worker", "01632 960 009", "Duty social worker"]);
        on.assert_lacks(&["Nobody on duty"]);
        let plan = fay.get(PAGE).await;
        plan.assert_has(&["Nobody on duty", "Jo Worker", "Take out Adult duty desk"]);
        // Another body's officer sees and plans their own alone.
        let mut gil = world.signed_in("Gil Governs").await;
        gil.get(PAGE).await.assert_has(&["Your organisation has no desk"]);
        let (_, rest) = plan.body.split_once("name=\"shift\" value=\"").unwrap();
        let shift = rest.split('"').next().unwrap();
        let out = format!("what=out-shift&shift={shift}");
        let tried = send(&mut gil, &out).await;
        assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY);
        rao.get("/w/duty").await.assert_has(&["Jo Worker"]);
        send(&mut fay, &out).await.assert_has(&["It is kept"]);
        let gone = rao.get("/w/duty").await;
        gone.assert_has(&["Nobody on duty"]);
        gone.assert_lacks(&["Jo Worker"]);
        // Whoever works with people plans nothing.
        assert_eq!(rao.get(PAGE).await.status, StatusCode::NOT_FOUND, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_roster_names_nobody_who_is_cared_for() {
    for world in worlds().await {
        let mut fay = world.signed_in("Fay Governs").await;
        let mut rao = world.signed_in("Dr Rao").await;
        let desk = "what=desk&name=Night+sitter+of+999.000.0018&role=sw.duty&phone=01632+960+001";
        let refused = send(&mut fay, desk).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", world.on.engine);
        refused.assert_has(&["no CHI or NHS number and no date of birth"]);
        rao.get("/w/duty").await.assert_has(&["No organisation has registered a desk"]);
        let desk = "what=desk&name=Adult+duty+desk&role=sw.duty&phone=01632+960+001";
        send(&mut fay, desk).await.assert_has(&["It is kept"]);
        let row = format!("Adult duty desk,{},00:00,24:00,,999 000 0018", day(&world, 1));
        let page = fay.get(BRING).await;
        let refused = fay.submit(&page, BRING, &[("text", &row)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", world.on.engine);
        refused.assert_has(&["Line 1: take out what may name a person"]);
    }
}

#[tokio::test]
async fn equipment_is_found_by_partners_and_names_nobody() {
    const STOCK: &str = "/ig/stock/equipment";
    for world in worlds().await {
        let mut fay = world.signed_in("Fay Governs").await;
        let mut rao = world.signed_in("Dr Rao").await;
        rao.get("/w/equipment").await.assert_has(&["No organisation has entered any"]);
        let page = fay.get(STOCK).await;
        let bed = "bed,Profiling bed,3,Leith store,EH6,01632 960 001";
        // A number or a birth of somebody is refused, and with it all else.
        for held in ["Bed of 999 000 0018", "Bed for a woman of 2/3/1948"] {
            let rows = format!("{bed}\nbed,{held},1,Leith store,EH6,01632 960 001");
            for step in [&[("text", rows.as_str())][..], &[("text", &rows), ("step", "sure")]] {
                let refused = fay.submit(&page, STOCK, step).await;
                assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
                refused.assert_has(&["Line 2: take out what may name a person"]);
            }
        }
        rao.get("/w/equipment").await.assert_lacks(&["Profiling bed", "Bed of"]);
        let twice = format!("{bed}\n{}", bed.replace(",3,", ",2,"));
        let refused = fay.submit(&page, STOCK, &[("text", &twice)]).await;
        refused.assert_has(&["Line 2: this name and place stand twice"]);
        let told = fay.submit(&page, STOCK, &[("text", bed)]).await;
        told.assert_has(&["Nothing is kept yet", "Profiling bed"]);
        fay.submit(&told, STOCK, &[]).await.assert_has(&["It is kept"]);
        let plans = fay.get("/ig/stock/plans").await;
        let plan = [("text", "Strategic plan,2026,2029,https://glen.example/plan,01632 960 001")];
        let told = fay.submit(&plans, "/ig/stock/plans", &plan).await;
        fay.submit(&told, "/ig/stock/plans", &[]).await.assert_has(&["It is kept"]);
        let found = rao.get("/w/equipment?kind=bed&area=EH6").await;
        found.assert_has(&["Profiling bed", "3 free", "Glen Council", "Last checked"]);
        found.assert_has(&["https://glen.example/plan", "2026 to 2029"]);
        let none = rao.get("/w/equipment?kind=telecare").await;
        none.assert_lacks(&["Profiling bed", "No organisation has entered any"]);
        none.assert_has(&["Nothing is entered of what you look for"]);
        // One’s own alone is changed.
        let mut gil = world.signed_in("Gil Governs").await;
        gil.get("/ig/stock").await.assert_lacks(&["Profiling bed"]);
        let own = fay.get("/ig/stock").await;
        let (_, rest) = own.body.split_once("name=\"entry\" value=\"").unwrap();
        let entry = rest.split('"').next().unwrap();
        let out = |csrf: &str| format!("csrf={csrf}&what=out-equipment&entry={entry}");
        let form = out(&csrf_of(&gil.get("/ig/stock").await));
        let tried = gil.send(Method::POST, "/ig/stock", Some(&form)).await;
        assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", world.on.engine);
        rao.get("/w/equipment").await.assert_has(&["Profiling bed"]);
        let taken = fay.send(Method::POST, "/ig/stock", Some(&out(&csrf_of(&own)))).await;
        taken.assert_has(&["It is kept"]);
        rao.get("/w/equipment").await.assert_lacks(&["Profiling bed"]);
    }
}
