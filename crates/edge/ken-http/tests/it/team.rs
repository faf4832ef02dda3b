//! The team's page: who coordinates lets in and out, the person reads it, and nobody else does it.

use axum::http::Method;
use ken_care::role::{self, Change, Contact, Holder, Kind};
use ken_core::{AccountId, Ctx, PractitionerId, Sensitive};
use ken_directory::{Acting, HeldRole, practitioner};
use ken_store::{Snapshot, Tx};
use ken_testkit::SeededIds;

use crate::browser::Answer;
use crate::interference::told;
use crate::world::{World, worlds};

/// A nurse of the practice names the doctor as Morag's lead professional, without a number of hers.
pub(crate) async fn lead(world: &World) {
    let ids = SeededIds::new(77);
    let (ctx, keys) = (Ctx::new(&*world.clock, &ids), &world.on.keys);
    let at = || "practice".parse().unwrap();
    let nurse = HeldRole { organisation: at(), role: "gp.nurse".parse().unwrap() };
    let nell = world.on.db.write("test.nell", async |tx: &mut Tx| {
        let nell = practitioner::register(tx, &ctx, "Nell Nurse", None).await?;
        practitioner::give_role(tx, &ctx, keys, nell, &nurse, None, None).await?;
        Ok::<_, ken_directory::Error>(nell)
    });
    let by = Acting {
        account: AccountId::draw(&ids),
        practitioner: nell.await.unwrap(),
        organisation: at(),
        role: nurse.role.clone(),
    };
    let rao = Holder {
        practitioner: found(world, "practice", "Dr Rao").await,
        organisation: at(),
        role: "gp.doctor".parse().unwrap(),
        contact: Contact { hours: "Weekdays, 9 to 5".into(), ..Contact::default() },
    };
    let (of, why) = ((world.morag, Kind::LeadProfessional), Sensitive::new("She agreed".into()));
    let change = (&Change::Set(rao), &why);
    role::change(&world.on.db, &ctx, keys, &by, of, change).await.unwrap().unwrap();
}

pub(crate) async fn found(world: &World, at: &str, name: &str) -> PractitionerId {
    let (ids, at) = (SeededIds::new(78), at.parse().unwrap());
    let ctx = Ctx::new(&*world.clock, &ids);
    let read = async |s: &mut Snapshot| practitioner::of_organisation(s, &ctx, &at).await;
    let all = world.on.db.snapshot("test.staff", read).await.unwrap();
    all.into_iter().find(|(_, called, _)| called == name).unwrap().0
}

/// One of the page's forms, which all have its token.
pub(crate) fn filled(page: &Answer, (step, at): (&str, &str), fields: &[(&str, &str)]) -> String {
    let same = [("purpose", "direct-care"), ("organisation", at), ("step", step)];
    page.filled("/sign-out", &[&same, fields].concat())
}

#[tokio::test]
async fn a_lead_professional_lets_in_and_out_and_the_person_reads_it() {
    for world in worlds().await {
        let engine = world.on.engine;
        lead(&world).await;
        let to = format!("/w/p/{}/team", world.morag);
        let (mut rao, mut jo) =
            (world.signed_in("Dr Rao").await, world.signed_in("Jo Worker").await);
        let page = rao.get(&format!("{to}?purpose=direct-care&organisation=cec")).await;
        page.assert_has(&[
            "Dr Rao, Glen Medical Practice",
            ">01632 960 001</a> (the desk of Glen Medical Practice)",
            "Weekdays, 9 to 5",
            "Nobody has been let in by name",
        ]);
        jo.get(&format!("/w/p/{}?purpose=direct-care", world.morag))
            .await
            .assert_lacks(&["I look only at what this purpose needs."]);
        let whom = format!("{} sw.duty", found(&world, "cec", "Jo Worker").await);
        let fields = [
            ("whom", whom.as_str()),
            ("kind", "direct-care"),
            ("days", "30"),
            ("why", "She arranges help at home"),
        ];
        let form = filled(&page, ("in", "cec"), &fields);
        let (mut one, mut other) = (rao.clone(), rao.clone());
        let (one, other) = tokio::join!(
            one.send(Method::POST, &to, Some(&form)),
            other.send(Method::POST, &to, Some(&form))
        );
        one.assert_has(&["They are in the team"]);
        assert_eq!(told(&one), told(&other), "{engine}: sent twice is once");
        jo.get(&format!("/w/p/{}?purpose=direct-care", world.morag))
            .await
            .assert_has(&["I look only at what this purpose needs."]);
        let mut morag = world.signed_in("Morag Drummond").await;
        let own = morag.get("/my/team").await;
        own.assert_has(&["Dr Rao, Glen Medical Practice", "Jo Worker", "Duty social worker"]);
        let page = rao.get(&format!("{to}?purpose=direct-care")).await;
        let (_, rest) = page.body.split_once("name=\"member\" value=\"").unwrap();
        let member = rest.split('"').next().unwrap().to_owned();
        let fields = [("member", member.as_str()), ("because", "Help at home is arranged")];
        let form = filled(&page, ("out", "practice"), &fields);
        rao.send(Method::POST, &to, Some(&form)).await.assert_has(&["They are out of the team"]);
        jo.get(&format!("/w/p/{}?purpose=direct-care", world.morag))
            .await
            .assert_lacks(&["I look only at what this purpose needs."]);
        morag.get("/my/team").await.assert_lacks(&["Jo Worker"]);
    }
}

#[tokio::test]
async fn whom_another_body_let_in_is_not_told_to_who_was_let_in_with_them() {
    for world in worlds().await {
        lead(&world).await;
        let to = format!("/w/p/{}/team", world.morag);
        let asked = format!("{to}?purpose=direct-care");
        let (mut rao, mut jo) =
            (world.signed_in("Dr Rao").await, world.signed_in("Jo Worker").await);
        let page = rao.get(&asked).await;
        page.assert_has(&["Nobody has been let in by name"]);
        for name in ["Jo Worker", "Ann Colleague"] {
            let whom = format!("{} sw.duty", found(&world, "cec", name).await);
            let fields =
                [("whom", whom.as_str()), ("kind", "direct-care"), ("days", "30"), ("why", "x")];
            let form = filled(&page, ("in", "cec"), &fields);
            rao.send(Method::POST, &to, Some(&form)).await.assert_has(&["They are in the team"]);
        }
        let both = ["Jo Worker</th>", "Ann Colleague</th>"];
        rao.get(&asked).await.assert_has(&both);
        // The words of her clause come before anything.
        let words = jo.get(&format!("/w/p/{}?purpose=direct-care", world.morag)).await;
        let action = format!("/w/p/{}/affirm", world.morag);
        jo.submit(&words, &action, &[("affirmed", "yes")]).await;
        let page = jo.get(&asked).await;
        page.assert_has(&["there may be others", both[0]]);
        page.assert_lacks(&[both[1], "Nobody has been let in by name"]);
    }
}

#[tokio::test]
async fn an_answer_from_an_older_page_ends_nobodys_role() {
    for world in worlds().await {
        lead(&world).await;
        let to = format!("/w/p/{}/team", world.morag);
        let asked = format!("{to}?purpose=direct-care");
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get(&asked).await;
        page.assert_lacks(&["Whose offer?"]);
        let nell = found(&world, "practice", "Nell Nurse").await;
        let (who, offer) = (format!("{nell} gp.nurse"), format!("named-person {nell}"));
        let fields = [
            ("role", "named-person"),
            ("change", "offer"),
            ("who", who.as_str()),
            ("reason", "Whom she may turn to"),
        ];
        let form = filled(&page, ("role", "practice"), &fields);
        rao.send(Method::POST, &to, Some(&form)).await.assert_has(&["It is recorded"]);
        let page = rao.get(&asked).await;
        page.assert_has(&["Whose offer?", "Nell Nurse, Glen Medical Practice", offer.as_str()]);
        let late = "They are not offered any more";
        for (answer, want) in [("accept", "It is recorded"), ("decline", late), ("take-back", late)]
        {
            let fields = [("offer", offer.as_str()), ("answer", answer), ("told", "At home")];
            let form = filled(&page, ("answer", "practice"), &fields);
            rao.send(Method::POST, &to, Some(&form)).await.assert_has(&[want]);
        }
        let page = rao.get(&asked).await;
        page.assert_has(&["Nell Nurse, Glen Medical Practice"]);
        page.assert_lacks(&["Whose offer?"]);
    }
}

#[tokio::test]
async fn an_end_from_an_older_page_ends_nobodys_turn() {
    for world in worlds().await {
        lead(&world).await;
        let to = format!("/w/p/{}/team", world.morag);
        let asked = format!("{to}?purpose=direct-care");
        let mut rao = world.signed_in("Dr Rao").await;
        let (page, nell) = (rao.get(&asked).await, found(&world, "practice", "Nell Nurse").await);
        let who = format!("{nell} gp.nurse");
        let role = ("role", "lead-professional");
        let set = [role, ("change", "set"), ("who", who.as_str()), ("reason", "I go on leave")];
        let form = filled(&page, ("role", "practice"), &set);
        rao.send(Method::POST, &to, Some(&form)).await.assert_has(&["It is recorded"]);
        for change in ["end", "none"] {
            let (_, held) = page.body.split_once("name=\"holds\" value=\"").unwrap();
            let held = held.split('"').next().unwrap();
            let late = [role, ("change", change), ("holds", held), ("reason", "Not needed")];
            let form = filled(&page, ("role", "practice"), &late);
            let told = rao.send(Method::POST, &to, Some(&form)).await;
            told.assert_has(&["Who holds it has changed"]);
        }
        rao.get(&asked).await.assert_has(&["Nell Nurse, Glen Medical Practice"]);
    }
}

#[tokio::test]
async fn who_coordinates_nothing_lets_nobody_in() {
    for world in worlds().await {
        let to = format!("/w/p/{}/team", world.morag);
        let mut rao = world.signed_in("Dr Rao").await;
        let page = rao.get(&format!("{to}?purpose=direct-care")).await;
        page.assert_lacks(&["Let them in", "Whose access ends?"]);
        page.assert_has(&["There may be one"]);
        let whom = format!("{} gp.doctor", found(&world, "practice", "Dr Rao").await);
        let role = [
            ("role", "lead-professional"),
            ("change", "set"),
            ("who", whom.as_str()),
            ("reason", "It is me"),
        ];
        let form = filled(&page, ("role", "practice"), &role);
        let told = rao.send(Method::POST, &to, Some(&form)).await;
        told.assert_has(&["Nobody names themselves"]);
        let tried =
            [("whom", whom.as_str()), ("kind", "direct-care"), ("days", "30"), ("why", "x")];
        let form = filled(&page, ("in", "practice"), &tried);
        let told = rao.send(Method::POST, &to, Some(&form)).await;
        told.assert_has(&["Only the named person or the lead professional"]);
        // Somebody who works with nobody here reads the refusal alone.
        let mut jo = world.signed_in("Jo Worker").await;
        jo.get(&format!("{to}?purpose=direct-care")).await.assert_lacks(&["Who coordinates"]);
    }
}

#[tokio::test]
async fn the_person_answers_an_offer_on_their_own_page_and_who_offered_reads_it() {
    for world in worlds().await {
        let engine = world.on.engine;
        lead(&world).await;
        let to = format!("/w/p/{}/team", world.morag);
        let asked = format!("{to}?purpose=direct-care");
        let (mut rao, mut morag) =
            (world.signed_in("Dr Rao").await, world.signed_in("Morag Drummond").await);
        morag.get("/my/team").await.assert_lacks(&["Do you want their help?"]);
        let (page, nell) = (rao.get(&asked).await, found(&world, "practice", "Nell Nurse").await);
        let (who, offer) = (format!("{nell} gp.nurse"), format!("named-person {nell}"));
        let fields = [
            ("role", "named-person"),
            ("change", "offer"),
            ("who", who.as_str()),
            ("reason", "Whom she may turn to"),
        ];
        let form = filled(&page, ("role", "practice"), &fields);
        rao.send(Method::POST, &to, Some(&form)).await.assert_has(&["It is recorded"]);
        rao.get(&asked).await.assert_lacks(&["What the person answered"]);
        let page = morag.get("/my/team").await;
        page.assert_has(&["Do you want their help?", "Nell Nurse", offer.as_str()]);
        page.assert_lacks(&["Whom she may turn to"]);
        let silent = morag.submit(&page, "/my/team", &[]).await;
        assert_eq!(silent.status, 422, "{engine}");
        silent.assert_has(&["Choose yes or no"]);
        let answer = [("answer", "yes"), ("told", "She is kind CANARY")];
        let form = page.filled("/my/team", &answer);
        let done = morag.send(Method::POST, "/my/team", Some(&form)).await;
        done.assert_has(&["You said yes"]);
        let again = morag.send(Method::POST, "/my/team", Some(&form)).await;
        assert_eq!(told(&again), told(&done), "{engine}: sent twice is once");
        let page = morag.get("/my/team").await;
        page.assert_has(&["Nell Nurse, Glen Medical Practice"]);
        page.assert_lacks(&["Do you want their help?", "CANARY"]);
        // Nobody is offered any more.
        let fields = [("offer", offer.as_str()), ("answer", "no")];
        let late = page.filled("/sign-out", &fields);
        let late = morag.send(Method::POST, "/my/team", Some(&late)).await;
        assert_eq!(late.status, 422, "{engine}");
        late.assert_has(&["We could not take your answer"]);
        let page = rao.get(&asked).await;
        page.assert_has(&["What the person answered", "Accepted by the person", "CANARY"]);
        page.assert_lacks(&["Whose offer?"]);
    }
}
