//! Registration, roles, training and assurance.

use jiff::SignedDuration;
use ken_core::{Ctx, PersonId, PractitionerId, Sensitive};
use ken_directory::{
    Error, Holder, How, NewAccount, OneTimeSecret, SignIn, account, organisation, practitioner,
    session,
};
use ken_store::{Snapshot, Tx, guard};
use ken_testkit::assert_prepares;

use crate::world::{NAME, PASSWORD, World, cec, held, worlds};

#[tokio::test]
async fn every_statement_prepares() {
    for world in worlds().await {
        assert_prepares(&world.on.db, ken_directory::STATEMENTS).await;
    }
}

async fn policy(world: &World) -> i64 {
    let read = async |s: &mut Snapshot| guard::policy_version(s).await;
    world.on.db.snapshot("test", read).await.unwrap()
}

#[tokio::test]
async fn roles_begin_end_and_make_older_decisions_stale() {
    for world in worlds().await {
        let (ctx, keys, jo) = (world.ctx(), &world.on.keys, world.jo);
        let before = policy(&world).await;
        let lead = held("cec", "sw.asp-lead");
        let until = ctx.clock.now() + SignedDuration::from_hours(1);
        world
            .write(async |tx: &mut Tx| {
                practitioner::give_role(tx, &ctx, keys, jo, &lead, Some(until), None).await
            })
            .await;
        assert!(policy(&world).await > before);
        let roles = async || {
            let read = async |s: &mut Snapshot| practitioner::roles(s, &world.ctx(), jo).await;
            world.on.db.snapshot("test", read).await.unwrap()
        };
        // Both were given at one instant: then by name.
        assert_eq!(roles().await, [lead, held("cec", "sw.duty")]);
        // Whoever has left is still known to have been there.
        let ever = async || {
            let read = async |s: &mut Snapshot| {
                practitioner::ever_of_organisation(s, &world.ctx(), &cec()).await
            };
            let ever = world.on.db.snapshot("test", read).await.unwrap();
            let is_jo =
                |(id, _, is_here): (PractitionerId, String, bool)| (id == jo).then_some(is_here);
            ever.into_iter().filter_map(is_jo).collect::<Vec<_>>()
        };
        assert_eq!(ever().await, [true]);
        world.wait(3_600);
        assert_eq!(roles().await, [held("cec", "sw.duty")]);
        let duty = held("cec", "sw.duty");
        let before = policy(&world).await;
        world
            .write(async |tx: &mut Tx| {
                practitioner::end_role(tx, &world.ctx(), keys, jo, &duty, None).await
            })
            .await;
        assert!(policy(&world).await > before);
        assert_eq!(roles().await, []);
        assert_eq!(ever().await, [false], "{}", world.on.engine);
        let again = world.on.db.write("test", async |tx: &mut Tx| {
            practitioner::end_role(tx, &world.ctx(), keys, jo, &duty, None).await
        });
        assert!(matches!(again.await, Err(Error::Unknown("role"))), "{}", world.on.engine);
        let events = world.events().await;
        let names: Vec<_> = events.iter().map(|(_, event)| event.as_str()).collect();
        assert_eq!(names, ["role-given", "account-registered", "role-given", "role-ended"]);
    }
}

#[tokio::test]
async fn facts_expire() {
    for world in worlds().await {
        let (ctx, jo) = (world.ctx(), world.jo);
        let until = ctx.clock.now() + SignedDuration::from_hours(1);
        world
            .write(async |tx: &mut Tx| {
                let (keys, trained) = (&world.on.keys, ("asp-basic", until));
                practitioner::record_training(tx, &ctx, keys, &cec(), jo, trained, None).await?;
                let assured = ("cyber-essentials", until);
                organisation::record_assurance(tx, &ctx, keys, &cec(), assured, None).await
            })
            .await;
        let events: Vec<_> = world.events().await.into_iter().map(|(_, event)| event).collect();
        let noted = ["training-recorded", "assurance-recorded"];
        assert_eq!(events[events.len() - 2..], noted, "{}", world.on.engine);
        let facts = async || {
            let read = async |s: &mut Snapshot| {
                let ctx = world.ctx();
                let trained = practitioner::trainings(s, &ctx, jo).await?;
                let assured = organisation::assurances(s, &ctx, &cec()).await?;
                Ok::<_, Error>([trained, assured].concat())
            };
            let facts = world.on.db.snapshot("test", read).await.unwrap();
            facts.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(facts().await, ["trained:asp-basic", "assurance:cyber-essentials"]);
        world.wait(3_600);
        assert_eq!(facts().await, [""; 0]);
        let bad = world.on.db.write("test", async |tx: &mut Tx| {
            let (keys, trained) = (&world.on.keys, ("two words", until));
            practitioner::record_training(tx, &ctx, keys, &cec(), jo, trained, None).await
        });
        assert!(matches!(bad.await, Err(Error::Unfit("fact"))));
    }
}

#[tokio::test]
async fn a_practitioner_may_be_somebody_in_the_index() {
    for world in worlds().await {
        let person = PersonId::draw(&world.ids);
        let own = async || {
            let read = async |s: &mut Snapshot| practitioner::own_person(s, world.jo).await;
            world.on.db.snapshot("test", read).await.unwrap()
        };
        assert_eq!(own().await, None);
        world.write(async |tx: &mut Tx| practitioner::set_person(tx, world.jo, person).await).await;
        assert_eq!(own().await, Some(person));
    }
}

fn account_named(name: &str, holder: Holder, vouched: bool) -> NewAccount {
    NewAccount {
        sign_in_name: Sensitive::new(name.to_owned()),
        holder,
        organisation: vouched.then(cec),
        password: None,
        one_time: None,
    }
}

#[tokio::test]
async fn accounts_that_cannot_be_are_refused() {
    for world in worlds().await {
        let ctx: Ctx<'_> = world.ctx();
        let person = PersonId::draw(&world.ids);
        let check = async |new: NewAccount, want: &str| {
            let made = world.on.db.write("test", async |tx: &mut Tx| {
                account::register(tx, &ctx, &world.on.keys, new, None).await
            });
            let code = made.await.map_or_else(|error| error.code(), |_| "ok");
            assert_eq!(code, want, "{}", world.on.engine);
        };
        let jo = Holder::Practitioner(world.jo);
        check(account_named(" Jo.Worker@GLEN.example", jo, true), "directory.taken").await;
        check(account_named("jo2", jo, false), "directory.unfit").await;
        check(account_named("morag", Holder::Person(person), true), "directory.unfit").await;
        check(account_named("two words", jo, true), "directory.unfit").await;
        check(account_named("morag", Holder::Person(person), false), "ok").await;
    }
}

#[tokio::test]
async fn a_reset_leaves_no_old_way_in_and_says_who_did_it() {
    for world in worlds().await {
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let secret = OneTimeSecret::draw(&ctx);
        let password = "four other random words";
        let hash = world.hasher.hash(&ctx, Sensitive::new(password.to_owned())).await.unwrap();
        let open =
            async |tx: &mut Tx| session::open(tx, &ctx, keys, world.account, How::Password).await;
        let token = world.write(open).await.token;
        let reset = async |tx: &mut Tx| {
            account::reset(tx, &ctx, keys, world.account, (&hash, &secret), None).await
        };
        world.write(reset).await;
        let resumed = session::resume(&world.on.db, &ctx, &token).await.unwrap();
        assert!(resumed.is_none(), "reset, and still in: {}", world.on.engine);
        let old = world.try_in(NAME, PASSWORD, &world.code()).await;
        assert!(matches!(old, SignIn::Refused));
        let code = secret.code(ctx.clock.now()).unwrap().into_revealed();
        assert!(matches!(world.try_in(NAME, password, &code).await, SignIn::In(_)));
        let read = async |s: &mut Snapshot| {
            ken_ledger::organisation_entries(s, keys, &cec(), ken_ledger::Page::default()).await
        };
        let entries = world.on.db.snapshot("test", read).await.unwrap();
        let details = entries.iter().filter_map(|entry| entry.detail.as_ref());
        let of: Vec<_> = details.filter(|of| of["event"] == "account-reset").collect();
        assert_eq!((of.len(), of[0]["by"].as_str()), (1, Some("operator")));

        let close = async |tx: &mut Tx| account::close(tx, &ctx, keys, world.account, None).await;
        world.write(close).await;
        let closed = world.on.db.write("test", reset).await;
        assert!(matches!(closed, Err(Error::Unknown("open account"))), "{closed:?}");
        let read = async |s: &mut Snapshot| {
            Ok::<_, Error>((account::find(s, NAME).await?, account::list(s, "", 10).await?))
        };
        let (found, listed) = world.on.db.snapshot("test", read).await.unwrap();
        assert!(found.unwrap().is_closed && listed.len() == 1 && listed[0].is_closed);
    }
}
