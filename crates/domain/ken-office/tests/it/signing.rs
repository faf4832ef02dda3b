//! Signing from end to end: each refusal by its name and on the ledger, staggered signatures,
//! leaving with notice, and nobody signing for another.

use ed25519_dalek::{Signer, SigningKey};
use jiff::SignedDuration;
use ken_agreement::status::{Pair, Status};
use ken_agreement::{Day, Instrument, OnExit, Signing};
use ken_core::InstrumentHash;
use ken_directory::{
    Acting, HeldRole, Holder, NewAccount, Organisation, account, organisation, practitioner,
};
use ken_office::agreement;
use ken_office::signatory::{self, Change, NewSignatory};
use ken_office::signing::{self, Attempt};
use ken_sharing::departure::{self, Leaving};
use ken_sharing::instrument;
use ken_sharing::signing::{Clearance, Refusal};
use ken_store::Tx;

use crate::world::{World, id, worlds};

async fn status(world: &World, one: &str, other: &str) -> Status {
    let all = world.instruments().await;
    let of = agreement::find(&all, &world.concern).unwrap();
    let today = world.ctx().clock.today();
    of.instrument.status(&of.register, Pair::of(&id(one), &id(other)), today).unwrap()
}

#[tokio::test]
async fn signatures_come_one_by_one_and_count_pair_by_pair() {
    for world in worlds().await {
        let hash = world.concern.clone();
        let refused = |refusal| Attempt::Refused(refusal);
        assert_eq!(world.sign("cec", &hash).await, refused(Refusal::NoticeUnpublished));
        world.clear(&hash, Clearance::Notice).await;
        assert_eq!(world.sign("cec", &hash).await, refused(Refusal::AssessmentMissing));
        let named = &world.entries("cec").await[0]["refused"];
        assert_eq!(named, "sharing.sign-assessment-missing", "{}", world.on.engine);
        world.clear(&hash, Clearance::Assessment).await;
        assert_eq!(status(&world, "cec", "police").await, Status::Draft);
        assert_eq!(world.sign("cec", &hash).await, Attempt::Signed);
        assert_eq!(status(&world, "cec", "police").await, Status::AwaitingSignatures);
        assert_eq!(world.sign("police", &hash).await, Attempt::Signed);
        assert_eq!(status(&world, "cec", "police").await, Status::Active);
        assert_eq!(status(&world, "cec", "nhsl").await, Status::AwaitingSignatures);
        assert_eq!(world.sign("practice", &hash).await, refused(Refusal::NotSignatory));
    }
}

#[tokio::test]
async fn a_text_with_a_fault_is_signed_by_nobody() {
    let text = include_str!("../../../../../agreements/glen-asp-concern.toml");
    let check = async |change: fn(&mut Instrument), want: Refusal| {
        for world in worlds().await {
            let mut changed = Instrument::parse(text).unwrap();
            changed.agreement.version = "9".parse().unwrap();
            change(&mut changed);
            let hash = world.register(&changed).await;
            world.clear(&hash, Clearance::Notice).await;
            world.clear(&hash, Clearance::Assessment).await;
            let got = world.sign("cec", &hash).await;
            assert_eq!(got, Attempt::Refused(want), "{}", world.on.engine);
            let all = world.instruments().await;
            assert!(agreement::find(&all, &hash).unwrap().register.signed.is_empty());
        }
    };
    check(|text| text.parties[1].rights_contact = None, Refusal::NoOwner).await;
    let late = |text: &mut Instrument| {
        text.dpia.as_mut().unwrap().review_due = Day("2027-05-31".parse().unwrap());
    };
    check(late, Refusal::AssessmentOutOfDate).await;
    check(|text| text.bases.clear(), Refusal::Unsound).await;
}

/// C1: whatever sector a text gives it, a body that the directory has as a commercial provider is
/// party only where the text says why.
#[tokio::test]
async fn whom_the_directory_has_as_a_provider_is_party_only_with_a_reason() {
    let text = include_str!("../../../../../agreements/glen-asp-concern.toml");
    for world in worlds().await {
        let (engine, ctx) = (world.on.engine, world.ctx());
        let sign = async |version: &str, why: Option<&str>| {
            let mut changed = Instrument::parse(text).unwrap();
            changed.agreement.version = version.parse().unwrap();
            changed.parties[3].controller_because = why.map(str::to_owned);
            let hash = world.register(&changed).await;
            world.clear(&hash, Clearance::Notice).await;
            world.clear(&hash, Clearance::Assessment).await;
            world.sign("cec", &hash).await
        };
        assert_eq!(sign("9", None).await, Attempt::Signed, "{engine}: nobody knows of it");
        let mut rowan = Organisation {
            id: id("rowan"),
            name: "Rowan Support".to_owned(),
            kind: "charity".to_owned(),
            contact_phone: "01632 960 001".to_owned(),
        };
        for (kind, version, want) in [
            ("charity", "10", Attempt::Signed),
            ("commercial-provider", "11", Attempt::Refused(Refusal::OnlyProcesses)),
        ] {
            kind.clone_into(&mut rowan.kind);
            let put = async |tx: &mut Tx| organisation::register(tx, &ctx, &rowan).await;
            world.on.db.write("test.rowan", put).await.unwrap();
            assert_eq!(sign(version, None).await, want, "{engine}: {kind}");
        }
        let named = &world.entries("cec").await[0]["refused"];
        assert_eq!(named, "sharing.sign-only-processes", "{engine}");
        assert_eq!(sign("12", Some("It decides itself.")).await, Attempt::Signed, "{engine}");
    }
}

async fn sign_kept(world: &World, by: &Acting, hash: &InstrumentHash) -> Attempt {
    let (db, keys, of) = (&world.on.db, &world.on.keys, (hash, World::confirmed(by, hash)));
    signing::sign_kept(db, &world.ctx(), keys, by, of).await.unwrap()
}

#[tokio::test]
async fn a_confirmation_is_for_one_text_and_one_signatory() {
    for world in worlds().await {
        let (hash, other) = (world.concern.clone(), world.all[2].clone());
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let sign = async |confirmed| {
            let of = (&hash, confirmed);
            signing::sign_kept(db, &world.ctx(), keys, &by, of).await.unwrap()
        };
        assert_eq!(world.sign("police", &other).await, Attempt::Refused(Refusal::NotSignatory));
        let of_other_text = World::confirmed(&by, &other);
        assert_eq!(sign(of_other_text).await, Attempt::Unconfirmed, "{}", world.on.engine);
        let of_somebody_else = World::confirmed(&World::lead("police"), &hash);
        assert_eq!(sign(of_somebody_else).await, Attempt::Unconfirmed);
        assert_eq!(world.sign("cec", &hash).await, Attempt::Signed);
        let entries = world.entries("cec").await;
        let signed = entries.iter().find(|entry| entry.get("signatory").is_some()).unwrap();
        assert_eq!(signed["confirmed"], "demonstration", "how is on the ledger");
    }
}

fn brought(hash: &InstrumentHash, party: &str, time: &str, key: &SigningKey) -> String {
    let signing = Signing {
        hash: hash.clone(),
        party: id(party),
        signatory: "Lead of cec".into(),
        role: "SIRO".into(),
        time: time.parse().unwrap(),
    };
    let signature = signing::hex(&key.sign(&signing.message().unwrap()).to_bytes());
    serde_json::json!({ "hash": hash.as_str(), "party": party, "signatory": "Lead of cec",
        "role": "SIRO", "time": time, "signature": signature })
    .to_string()
}

#[tokio::test]
async fn a_brought_signature_is_over_these_bytes_in_time_and_by_this_key() {
    for world in worlds().await {
        let hash = world.concern.clone();
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let key = SigningKey::from_bytes(&[3; 32]);
        let until = "2027-07-01T00:00:00Z";
        let new = NewSignatory {
            name: "Lead of cec".into(),
            practitioner: by.practitioner,
            office: "SIRO".into(),
            until: Some(until.parse().unwrap()),
            brought: Some(key.verifying_key()),
        };
        let of = (&by, World::may_change(&by));
        let added = signatory::register(db, &world.ctx(), keys, of, &new).await.unwrap();
        assert_eq!(added, Change::Done, "nobody else could confirm it");
        let (now, other) = ("2027-06-01T08:00:00Z", "ab12".parse().unwrap());
        let check = async |file: &str, want: Attempt| {
            let of = (&hash, file);
            let before = world.entries("cec").await.len();
            let got = signing::sign_brought(db, &world.ctx(), keys, &by, of).await.unwrap();
            assert_eq!(got, want, "{}", world.on.engine);
            let all = world.instruments().await;
            let signed = &agreement::find(&all, &hash).unwrap().register.signed;
            assert_eq!(signed.contains(&id("cec")), want == Attempt::Signed, "nothing by halves");
            if let Attempt::Refused(why) = want {
                let entries = world.entries("cec").await;
                assert_eq!(entries.len(), before + 1, "{why:?} on {}", world.on.engine);
                let said = entries.iter().filter(|one| one["refused"] == why.code());
                assert!(said.count() > 0, "{why:?} on {}", world.on.engine);
            }
        };
        let refused = Attempt::Refused;
        check("not a file", Attempt::NotRead).await;
        check(&brought(&other, "cec", now, &key), refused(Refusal::OtherBytes)).await;
        check(&brought(&hash, "police", now, &key), refused(Refusal::NotSignatory)).await;
        let stranger = SigningKey::from_bytes(&[4; 32]);
        check(&brought(&hash, "cec", now, &stranger), refused(Refusal::OtherBytes)).await;
        let moved = brought(&hash, "cec", now, &key).replace("T08:00", "T08:01");
        check(&moved, refused(Refusal::OtherBytes)).await;
        let ahead = brought(&hash, "cec", "2027-06-01T09:06:00Z", &key);
        check(&ahead, refused(Refusal::ClockSetBack)).await;
        world.clock.set("2027-05-31T09:00:00Z".parse().unwrap());
        check(&brought(&hash, "cec", now, &key), refused(Refusal::ClockSetBack)).await;
        world.clock.set(until.parse().unwrap());
        check(&brought(&hash, "cec", now, &key), refused(Refusal::KeyExpired)).await;
        world.clock.set("2027-06-01T09:00:01Z".parse().unwrap());
        check(&brought(&hash, "cec", now, &key), Attempt::Signed).await;
        let kept = sign_kept(&world, &by, &hash).await;
        assert_eq!(kept, Attempt::NoKey, "the secret half was never here");
    }
}

#[tokio::test]
async fn an_ended_signatory_signs_no_more() {
    for world in worlds().await {
        let hash = world.concern.clone();
        world.sign("cec", &hash).await;
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let end = async |confirmed| {
            let of = (&by, confirmed);
            signatory::end(db, &world.ctx(), keys, of, "Lead of cec").await.unwrap()
        };
        let other = World::confirmed(&by, &hash);
        assert_eq!(end(other).await, Change::Unconfirmed, "{}", world.on.engine);
        assert_eq!(end(World::may_change(&by)).await, Change::Done);
        assert_eq!(end(World::may_change(&by)).await, Change::Unknown);
        let kept = sign_kept(&world, &by, &hash).await;
        assert_eq!(kept, Attempt::NoKey);
    }
}

#[tokio::test]
async fn a_party_is_out_when_its_notice_has_run_and_all_are_when_the_lead_ends_it() {
    for world in worlds().await {
        let hash = world.concern.clone();
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        for party in ["cec", "police", "nhsl"] {
            assert_eq!(world.sign(party, &hash).await, Attempt::Signed);
        }
        let (db, keys) = (&world.on.db, &world.on.keys);
        let leave = async |party: &str, leaving| {
            departure::leave(db, &world.ctx(), keys, &hash, (&id(party), leaving)).await
        };
        let (day, exit) = leave("police", Leaving::Withdraws).await.unwrap();
        let notice = day.0.since(world.ctx().clock.today()).unwrap().get_days();
        assert!(notice > 0 && exit == OnExit::StopNew, "{notice}");
        assert_eq!(status(&world, "cec", "police").await, Status::Active);
        world.clock.advance(SignedDuration::from_hours(24 * i64::from(notice)));
        assert_eq!(status(&world, "cec", "police").await, Status::AwaitingSignatures);
        assert_eq!(status(&world, "cec", "nhsl").await, Status::Active);
        let today = Day(world.ctx().clock.today());
        assert!(leave("nhsl", Leaving::Terminated(today)).await.is_err());
        let all = world.instruments().await;
        let lead = agreement::find(&all, &hash).unwrap().instrument.agreement.lead_party.clone();
        leave(lead.as_str(), Leaving::Terminated(today)).await.unwrap();
        assert_eq!(status(&world, "cec", "nhsl").await, Status::AwaitingSignatures);
        instrument::suspend(db, &world.ctx(), keys, &hash, &id("cec")).await.unwrap();
        assert_eq!(status(&world, "cec", "nhsl").await, Status::AwaitingSignatures);
    }
}

#[tokio::test]
async fn nobody_new_signs_what_rests_on_a_law_that_changed() {
    let pack = include_str!("../../../../../agreements/statute-pack.toml");
    for world in worlds().await {
        let hash = world.concern.clone();
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        assert_eq!(world.sign("police", &hash).await, Attempt::Signed);
        let text = pack.replacen("require = [\"age>=16\"]", "require = [\"age>=18\"]", 1);
        let mut newer = Instrument::parse(&text).unwrap();
        newer.agreement.version = "2027-05".parse().unwrap();
        newer.lifecycle.supersedes = ["statute-pack@2027-04".parse().unwrap()].into();
        let law = world.register(&newer).await;
        assert_eq!(world.sign("nhsl", &hash).await, Attempt::Signed, "a draft is no law");
        let unsealed = world.sign("cec", &law).await;
        assert_eq!(unsealed, Attempt::Refused(Refusal::PackUnsealed), "{}", world.on.engine);
        world.seal(&newer).await;
        world.clear(&law, Clearance::Supersession).await;
        assert_eq!(world.sign("cec", &law).await, Attempt::Signed);
        let got = world.sign("cec", &hash).await;
        assert_eq!(got, Attempt::Refused(Refusal::Unsound), "{}", world.on.engine);
    }
}

/// Another governance officer of the council, with an account to sign in with.
async fn second_officer(world: &World) -> Acting {
    let (ctx, keys, lead) = (world.ctx(), &world.on.keys, World::lead("cec"));
    let cec = Organisation {
        id: id("cec"),
        name: "Glen Council".to_owned(),
        kind: "council".to_owned(),
        contact_phone: "01632 960 001".to_owned(),
    };
    let register = async |tx: &mut Tx| {
        organisation::register(tx, &ctx, &cec).await?;
        let who = practitioner::register(tx, &ctx, "Sue Second", None).await?;
        let held = HeldRole { organisation: id("cec"), role: lead.role.clone() };
        practitioner::give_role(tx, &ctx, keys, who, &held, None, None).await?;
        let new = NewAccount {
            sign_in_name: "sue".to_owned().into(),
            holder: Holder::Practitioner(who),
            organisation: Some(id("cec")),
            password: None,
            one_time: None,
        };
        let account = account::register(tx, &ctx, keys, new, None).await?;
        Ok::<_, ken_directory::Error>((account, who))
    };
    let (account, practitioner) = world.on.db.write("test.second", register).await.unwrap();
    Acting { account, practitioner, ..lead }
}

#[tokio::test]
async fn a_live_key_is_not_written_over_and_a_brought_one_waits_for_a_second() {
    for world in worlds().await {
        let hash = world.concern.clone();
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        let (db, keys, by, engine) =
            (&world.on.db, &world.on.keys, World::lead("cec"), world.on.engine);
        let (own, stranger) = (SigningKey::from_bytes(&[3; 32]), SigningKey::from_bytes(&[4; 32]));
        let add = async |by: &Acting, confirmed, key: Option<&SigningKey>| {
            let new = NewSignatory {
                name: "Lead of cec".into(),
                practitioner: World::lead("cec").practitioner,
                office: "SIRO".into(),
                until: None,
                brought: key.map(SigningKey::verifying_key),
            };
            signatory::register(db, &world.ctx(), keys, (by, confirmed), &new).await.unwrap()
        };
        let now = "2027-06-01T08:00:00Z";
        let sign = async |by: &Acting, key: &SigningKey| {
            let file = brought(&hash, "cec", now, key);
            signing::sign_brought(db, &world.ctx(), keys, by, (&hash, &file)).await.unwrap()
        };
        let not_signatory = Attempt::Refused(Refusal::NotSignatory);

        // A session alone registers nothing, and what it brings signs nothing.
        let of_a_text = World::confirmed(&by, &hash);
        assert_eq!(add(&by, of_a_text, Some(&stranger)).await, Change::Unconfirmed, "{engine}");
        assert_eq!(sign(&by, &stranger).await, not_signatory, "{engine}");

        // Of one officer the word is enough, and the ledger says that it stood alone.
        assert_eq!(add(&by, World::may_change(&by), Some(&own)).await, Change::Done);
        assert_eq!(world.entries("cec").await[0]["alone"], true);
        assert_eq!(add(&by, World::may_change(&by), Some(&stranger)).await, Change::Live);
        assert_eq!(add(&by, World::may_change(&by), None).await, Change::Live);
        let of = (&by, World::may_change(&by));
        signatory::end(db, &world.ctx(), keys, of, "Lead of cec").await.unwrap();

        let sue = second_officer(&world).await;
        assert_eq!(add(&by, World::may_change(&by), Some(&own)).await, Change::Waits);
        assert_eq!(sign(&by, &own).await, not_signatory, "nobody has confirmed it: {engine}");
        let second = async |by: &Acting| {
            let of = (by, World::may_change(by));
            signatory::second(db, &world.ctx(), keys, of, "Lead of cec").await.unwrap()
        };
        assert_eq!(second(&by).await, Change::OwnWord);
        assert_eq!(second(&sue).await, Change::Done);
        assert_eq!(second(&sue).await, Change::Unknown, "it waits no more");
        let told = &world.entries("cec").await[0];
        assert_eq!(told["registered-by"], by.practitioner.to_string());
        assert_eq!(told["by"]["practitioner"], sue.practitioner.to_string());
        assert_eq!(told["key"], signing::hex(own.verifying_key().as_bytes()));
        assert_eq!(add(&sue, World::may_change(&sue), Some(&stranger)).await, Change::Live);
        assert_eq!(sign(&sue, &own).await, not_signatory, "somebody else brings it: {engine}");
        assert_eq!(sign(&by, &stranger).await, Attempt::Refused(Refusal::OtherBytes));
        assert_eq!(sign(&by, &own).await, Attempt::Signed, "{engine}");
    }
}
