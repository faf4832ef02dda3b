//! Sessions: resumed, acting, ended.

use ken_core::{PersonId, Sensitive};
use ken_directory::{
    Error, Holder, How, NewAccount, Opened, Session, Token, account, practitioner, session,
};
use ken_store::{Reads, Snapshot, Tx};

use crate::world::{World, held, worlds};

async fn open(world: &World) -> Opened {
    world
        .write(async |tx: &mut Tx| {
            session::open(tx, &world.ctx(), &world.on.keys, world.account, How::Password).await
        })
        .await
}

async fn resume(world: &World, token: &Token) -> Option<Session> {
    session::resume(&world.on.db, &world.ctx(), token).await.unwrap()
}

fn acts(session: Option<Session>) -> Option<String> {
    let acting = session?.acting?;
    Some(format!("{}/{}", acting.organisation, acting.role))
}

#[tokio::test]
async fn a_session_lives_thirty_silent_minutes_and_twelve_hours() {
    for world in worlds().await {
        let token = open(&world).await.token;
        let read_back = Token::parse(&token.cookie()).unwrap();
        assert!(resume(&world, &read_back).await.is_some());
        world.wait(29 * 60);
        assert!(resume(&world, &token).await.is_some());
        world.wait(29 * 60);
        assert!(resume(&world, &token).await.is_some(), "use was not noted");
        world.wait(30 * 60);
        assert!(resume(&world, &token).await.is_none());

        let token = open(&world).await.token;
        for _ in 0..35 {
            world.wait(20 * 60);
            assert!(resume(&world, &token).await.is_some());
        }
        world.wait(20 * 60);
        assert!(resume(&world, &token).await.is_none(), "twelve hours are over");
        let swept = async |tx: &mut Tx| session::sweep(tx, &world.ctx()).await;
        assert_eq!(world.write(swept).await, 2, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn the_database_knows_no_token() {
    for world in worlds().await {
        let opened = open(&world).await;
        let other = open(&world).await;
        assert_ne!(opened.token, other.token);
        let session = resume(&world, &opened.token).await.unwrap();
        assert_eq!(session.id, opened.id);
        let read = async |s: &mut Snapshot| {
            let all =
                "SELECT token_hash, session_id, account_id, organisation_id, role FROM session";
            s.list(all, &[], |row| (0..5).map(|at| row.text_opt(at)).collect::<Result<Vec<_>, _>>())
                .await
        };
        let rows = world.on.db.snapshot("test", read).await.unwrap();
        assert_eq!(rows.len(), 2, "{}", world.on.engine);
        for stored in rows.into_iter().flatten().flatten() {
            assert!(
                stored != opened.token.cookie() && stored != other.token.cookie(),
                "a secret is stored"
            );
        }
    }
}

#[tokio::test]
async fn a_session_acts_in_a_role_that_is_held() {
    for world in worlds().await {
        let (ctx, keys, jo) = (world.ctx(), &world.on.keys, world.jo);
        let token = open(&world).await.token;
        // One role: no choice to make.
        assert_eq!(acts(resume(&world, &token).await).as_deref(), Some("cec/sw.duty"));
        let ward = held("nhsl", "nhs.ward");
        let act = async |role: &ken_directory::HeldRole| {
            world.write(async |tx: &mut Tx| session::act(tx, &ctx, keys, &token, role).await).await
        };
        assert!(!act(&ward).await, "not held");
        world
            .write(async |tx: &mut Tx| {
                practitioner::give_role(tx, &ctx, keys, jo, &ward, None, None).await
            })
            .await;
        assert!(act(&ward).await);
        assert_eq!(acts(resume(&world, &token).await).as_deref(), Some("nhsl/nhs.ward"));
        // Two roles: nobody chooses for them.
        let second = open(&world).await.token;
        assert_eq!(acts(resume(&world, &second).await), None);
        world
            .write(async |tx: &mut Tx| {
                practitioner::end_role(tx, &ctx, keys, jo, &ward, None).await
            })
            .await;
        assert_eq!(acts(resume(&world, &token).await), None, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn signing_out_ends_this_or_every_session() {
    for world in worlds().await {
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let mut tokens = Vec::new();
        for _ in 0..12 {
            tokens.push(open(&world).await.token);
        }
        // Ten at most: the two oldest have ended.
        let mut alive = Vec::new();
        for token in &tokens {
            alive.push(resume(&world, token).await.is_some());
        }
        assert_eq!(alive, [vec![false; 2], vec![true; 10]].concat(), "{}", world.on.engine);
        let last = &tokens[11];
        world.write(async |tx: &mut Tx| session::sign_out(tx, &ctx, keys, last).await).await;
        world.write(async |tx: &mut Tx| session::sign_out(tx, &ctx, keys, last).await).await;
        assert!(resume(&world, last).await.is_none());
        let all =
            async |tx: &mut Tx| session::sign_out_everywhere(tx, &ctx, keys, world.account).await;
        assert_eq!(world.write(all).await, 9);
        assert!(resume(&world, &tokens[5]).await.is_none());
        let act = world.on.db.write("test", async |tx: &mut Tx| {
            session::act(tx, &ctx, keys, last, &held("cec", "sw.duty")).await
        });
        assert!(matches!(act.await, Err(Error::Unknown("session"))));
    }
}

#[tokio::test]
async fn a_persons_own_session_acts_as_nobody() {
    for world in worlds().await {
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let person = PersonId::draw(&world.ids);
        let token = world
            .write(async |tx: &mut Tx| {
                let new = NewAccount {
                    sign_in_name: Sensitive::new("morag".to_owned()),
                    holder: Holder::Person(person),
                    organisation: None,
                    password: None,
                    one_time: None,
                };
                let account = account::register(tx, &ctx, keys, new, None).await?;
                Ok(session::open(tx, &ctx, keys, account, How::Demonstration).await?.token)
            })
            .await;
        let session = resume(&world, &token).await.unwrap();
        assert_eq!((session.holder, session.acting), (Holder::Person(person), None));
        let act =
            async |tx: &mut Tx| session::act(tx, &ctx, keys, &token, &held("cec", "sw.duty")).await;
        assert!(!world.write(act).await, "{}", world.on.engine);
    }
}
