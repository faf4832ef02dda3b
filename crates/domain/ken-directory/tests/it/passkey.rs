//! Passkeys against the database, with an authenticator made of a signing key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ken_core::{AccountId, Sensitive};
use ken_directory::confirm::{self, Prepared, Ready, Shown};
use ken_directory::passkey::{self, Answered, Removal, Site};
use ken_directory::{
    Error, Holder, How, NewAccount, Opened, Token, account, practitioner, session,
};
use ken_store::{Snapshot, Tx};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{PASSWORD, World, worlds};

struct Authenticator {
    key: SigningKey,
    owner: AccountId,
    count: u32,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn site() -> Site {
    Site::new("https://ken.example", "Ken").unwrap()
}

fn client_data(kind: &str, challenge: &Value) -> String {
    json!({ "type": kind, "challenge": challenge, "origin": "https://ken.example" }).to_string()
}

impl Authenticator {
    fn new(owner: AccountId) -> Self {
        Self { key: SigningKey::from_slice(&[7; 32]).unwrap(), owner, count: 0 }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let site = Sha256::digest("ken.example");
        [site.as_slice(), &[flags], &self.count.to_be_bytes()].concat()
    }

    /// The answer to `navigator.credentials.create`.
    fn make(&self, options: &Value) -> String {
        let point = self.key.verifying_key().to_sec1_point(false);
        let bytes = point.as_bytes();
        let key = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", &bytes[1..33], b"\x22\x58\x20"];
        let key = [key.concat().as_slice(), &bytes[33..]].concat();
        let data = [self.data(0x45).as_slice(), &[0; 16], &[0, 4], b"cred", &key].concat();
        let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58";
        let object = [head.as_slice(), &[u8::try_from(data.len()).unwrap()], &data].concat();
        let client = client_data("webauthn.create", &options["challenge"]);
        let response = json!({ "clientDataJSON": b64(client), "attestationObject": b64(object) });
        json!({ "id": b64("cred"), "response": response }).to_string()
    }

    /// The answer to `navigator.credentials.get`.
    fn get(&self, options: &Value) -> String {
        let client = client_data("webauthn.get", &options["challenge"]);
        let data = self.data(0x05);
        let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
        let signature: Signature = self.key.sign(&signed);
        let response = json!({
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(signature.to_der()),
            "userHandle": b64(self.owner.uuid().as_bytes()),
        });
        json!({ "id": b64("cred"), "response": response }).to_string()
    }
}

async fn options_to_add(world: &World) -> Value {
    let shown = Sensitive::new("Jo Worker".to_owned());
    let work = async |tx: &mut Tx| {
        passkey::begin_adding(tx, &world.ctx(), &site(), world.account, &shown).await
    };
    world.write(work).await
}

async fn add(world: &World, answer: &str) -> &'static str {
    let work = async |tx: &mut Tx| {
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let confirmed = (world.account, Ready::demonstration(world.account, passkey::ADDING));
        passkey::add(tx, &ctx, keys, &site(), confirmed, "Work laptop", answer).await
    };
    word(&world.write(work).await)
}

async fn options_to_sign_in(world: &World) -> Value {
    options_to_sign_in_from(world, "192.0.2.7").await
}

async fn options_to_sign_in_from(world: &World, address: &str) -> Value {
    let address = address.parse().unwrap();
    let work = async |tx: &mut Tx| {
        passkey::begin_sign_in(tx, &world.ctx(), &world.on.keys, &site(), address).await
    };
    world.write(work).await
}

async fn sign_in(world: &World, answer: &str) -> Answered<Opened> {
    let work = async |tx: &mut Tx| {
        passkey::sign_in(tx, &world.ctx(), &world.on.keys, &site(), answer).await
    };
    world.write(work).await
}

fn word<T>(answered: &Answered<T>) -> &'static str {
    match answered {
        Answered::Good(_) => "good",
        Answered::Refused(why) => why,
    }
}

/// Challenges that wait for one address class, as the module has it.
const OF_ADDRESS_MAX: usize = 1_000;
/// How many are drawn in one write, which must not be long.
const AT_ONCE: usize = 20;

#[tokio::test]
async fn whoever_draws_without_end_displaces_nobody_elsewhere() {
    for world in worlds().await {
        let engine = world.on.engine;
        let key = Authenticator::new(world.account);
        let made = key.make(&options_to_add(&world).await);
        assert_eq!(add(&world, &made).await, "good", "{engine}");
        let (mine, near) = (
            options_to_sign_in(&world).await,
            options_to_sign_in_from(&world, "198.51.100.7").await,
        );
        let flood = "198.51.100.1".parse().unwrap();
        for _ in 0..OF_ADDRESS_MAX / AT_ONCE {
            let some = async |tx: &mut Tx| {
                for _ in 0..AT_ONCE {
                    passkey::begin_sign_in(tx, &world.ctx(), &world.on.keys, &site(), flood)
                        .await?;
                }
                Ok(())
            };
            world.write(some).await;
        }
        assert_eq!(word(&sign_in(&world, &key.get(&near)).await), "challenge", "{engine}");
        assert_eq!(word(&sign_in(&world, &key.get(&mine)).await), "good", "{engine}");
    }
}

#[tokio::test]
async fn a_passkey_is_added_and_signs_in() {
    for world in worlds().await {
        let mut authenticator = Authenticator::new(world.account);
        let answer = authenticator.make(&options_to_add(&world).await);
        assert_eq!(add(&world, &answer).await, "good", "{}", world.on.engine);
        assert_eq!(add(&world, &answer).await, "challenge", "once is all");
        let again = authenticator.make(&options_to_add(&world).await);
        assert_eq!(add(&world, &again).await, "known");

        authenticator.count = 1;
        let answer = authenticator.get(&options_to_sign_in(&world).await);
        let Answered::Good(opened) = sign_in(&world, &answer).await else { panic!("good") };
        let resumed = session::resume(&world.on.db, &world.ctx(), &opened.token).await.unwrap();
        assert_eq!(resumed.unwrap().account, world.account);
        assert_eq!(word(&sign_in(&world, &answer).await), "challenge");

        // A copy of the authenticator has an older counter.
        let copied = authenticator.get(&options_to_sign_in(&world).await);
        assert_eq!(word(&sign_in(&world, &copied).await), "counter");
        let events = world.events().await;
        let names: Vec<_> = events.iter().skip(2).map(|(_, event)| event.as_str()).collect();
        let want = ["passkey-added", "signed-in", "sign-in-refused", "sign-in-refused"];
        assert_eq!(names, want);
    }
}

#[tokio::test]
async fn a_challenge_is_good_for_its_purpose_and_five_minutes() {
    for world in worlds().await {
        let mut authenticator = Authenticator::new(world.account);
        let late = authenticator.make(&options_to_add(&world).await);
        world.wait(300);
        assert_eq!(add(&world, &late).await, "challenge", "{}", world.on.engine);
        // One drawn for a sign-in adds nothing, and one of another account neither.
        let foreign = authenticator.make(&options_to_sign_in(&world).await);
        assert_eq!(add(&world, &foreign).await, "challenge");
        let own = authenticator.make(&options_to_add(&world).await);
        assert_eq!(add(&world, &own).await, "good");
        authenticator.count = 1;
        let foreign = authenticator.get(&options_to_add(&world).await);
        assert_eq!(word(&sign_in(&world, &foreign).await), "challenge");
        let made_up = authenticator.get(&json!({ "challenge": b64([0; 32]) }));
        assert_eq!(word(&sign_in(&world, &made_up).await), "challenge");
    }
}

#[tokio::test]
async fn a_removed_passkey_or_closed_account_signs_nobody_in() {
    for world in worlds().await {
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let authenticator = Authenticator::new(world.account);
        let answer = authenticator.make(&options_to_add(&world).await);
        assert_eq!(add(&world, &answer).await, "good");
        let held = async || {
            let read = async |s: &mut Snapshot| passkey::list(s, world.account).await;
            world.on.db.snapshot("test", read).await.unwrap()
        };
        assert_eq!(held().await[0].name, "Work laptop");
        let close = async |tx: &mut Tx| account::close(tx, &ctx, keys, world.account, None).await;
        world.write(close).await;
        let answer = authenticator.get(&options_to_sign_in(&world).await);
        assert_eq!(word(&sign_in(&world, &answer).await), "closed", "{}", world.on.engine);
        let here = Token::parse(&b64([5; 32])).unwrap();
        let remove = async |tx: &mut Tx| {
            let confirmed = Ready::demonstration(world.account, passkey::REMOVING);
            let of = (world.account, confirmed);
            passkey::remove(tx, &ctx, keys, of, &b64("cred"), &here).await
        };
        assert_eq!(world.write(remove).await, Removal::Done);
        assert!(held().await.is_empty());
        assert_eq!(word(&sign_in(&world, &answer).await), "unknown");
        let twice = world.on.db.write("test", remove).await;
        assert!(matches!(twice, Err(Error::Unknown("passkey"))));
    }
}

/// Confirms a thing with an answer; how it was taken.
async fn confirm(world: &World, about: &str, shown: Shown) -> Option<How> {
    let (db, ctx, keys) = (&world.on.db, world.ctx(), &world.on.keys);
    let (of, site) = ((world.account, about), site());
    let with = (keys, &world.hasher, Some(&site));
    match confirm::prepare(db, &ctx, with, of, shown).await.unwrap() {
        Prepared::Ready(ready) => {
            assert!(ready.is_for(world.account, about) && !ready.is_for(world.account, "x"));
            world.write(async |tx: &mut Tx| ready.use_up(tx, &ctx, keys).await).await
        }
        Prepared::Refused | Prepared::Wait(_) => None,
    }
}

async fn options_to_confirm(world: &World, account: AccountId, about: &str) -> Value {
    let ctx = world.ctx();
    let begin = async |tx: &mut Tx| confirm::begin(tx, &ctx, &site(), (account, about)).await;
    world.write(begin).await
}

fn answer(text: &str) -> Shown {
    Shown::Passkey(Sensitive::new(text.to_owned()))
}

#[tokio::test]
async fn a_passkey_confirms_one_thing_once_and_soon() {
    for world in worlds().await {
        let mut authenticator = Authenticator::new(world.account);
        let made = authenticator.make(&options_to_add(&world).await);
        assert_eq!(add(&world, &made).await, "good");
        let mut get = async |account, about: &str| {
            authenticator.count += 1;
            authenticator.get(&options_to_confirm(&world, account, about).await)
        };
        let good = get(world.account, "sign:aa").await;
        assert_eq!(confirm(&world, "sign:bb", answer(&good)).await, None, "another document");
        assert_eq!(confirm(&world, "sign:aa", answer(&good)).await, Some(How::Passkey));
        assert_eq!(confirm(&world, "sign:aa", answer(&good)).await, None, "replayed");
        let stale = get(world.account, "sign:aa").await;
        world.wait(300);
        assert_eq!(confirm(&world, "sign:aa", answer(&stale)).await, None, "stale");
        let other: AccountId = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let others = get(other, "sign:aa").await;
        assert_eq!(confirm(&world, "sign:aa", answer(&others)).await, None, "another's challenge");
        // What was drawn for one use is good for no other.
        let drawn = get(world.account, "sign:aa").await;
        assert_eq!(word(&sign_in(&world, &drawn).await), "challenge");
        authenticator.count += 1;
        let entrance = authenticator.get(&options_to_sign_in(&world).await);
        assert_eq!(confirm(&world, "sign:aa", answer(&entrance)).await, None, "of a sign-in");
        authenticator.count += 1;
        let adding = authenticator.get(&options_to_add(&world).await);
        assert_eq!(confirm(&world, "sign:aa", answer(&adding)).await, None, "of an addition");
        let refused = world.events().await;
        let refused = refused.iter().filter(|(_, event)| event == "confirmation-refused").count();
        assert_eq!(refused, 6, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_code_confirms_once_and_only_for_whoever_has_no_passkey() {
    for world in worlds().await {
        let typed = |password: &str, code: &str| Shown::Password {
            password: Sensitive::new(password.to_owned()),
            code: Sensitive::new(code.to_owned()),
            address: "192.0.2.7".parse().unwrap(),
        };
        let code = world.code();
        assert_eq!(confirm(&world, "sign:aa", typed("not the words", &code)).await, None);
        assert_eq!(confirm(&world, "sign:aa", typed(PASSWORD, "000000")).await, None);
        assert_eq!(confirm(&world, "sign:aa", typed(PASSWORD, &code)).await, Some(How::Password));
        assert_eq!(confirm(&world, "sign:aa", typed(PASSWORD, &code)).await, None, "replayed");
        world.wait(60);
        let authenticator = Authenticator::new(world.account);
        let made = authenticator.make(&options_to_add(&world).await);
        assert_eq!(add(&world, &made).await, "good");
        let weaker = confirm(&world, "sign:aa", typed(PASSWORD, &world.code())).await;
        assert_eq!(weaker, None, "a passkey is there: {}", world.on.engine);
        for _ in 0..5 {
            confirm(&world, "sign:aa", typed("not the words", "000000")).await;
        }
        let (db, ctx, keys) = (&world.on.db, world.ctx(), &world.on.keys);
        let with = (keys, &world.hasher, None);
        let of = (world.account, "sign:aa");
        let next = confirm::prepare(db, &ctx, with, of, typed(PASSWORD, &world.code())).await;
        assert!(matches!(next, Ok(Prepared::Wait(_))), "guessing is slow: {next:?}");
        let empty = confirm::prepare(db, &ctx, with, (world.account, ""), answer("{}")).await;
        assert!(matches!(empty, Err(Error::Unfit(_))));
    }
}

/// Removes the passkey of these tests, with this confirmation.
async fn remove(world: &World, account: AccountId, here: &Token, confirmed: Ready) -> Removal {
    let (ctx, keys, id) = (world.ctx(), &world.on.keys, b64("cred"));
    let work =
        async |tx: &mut Tx| passkey::remove(tx, &ctx, keys, (account, confirmed), &id, here).await;
    world.write(work).await
}

#[tokio::test]
async fn passkeys_change_by_their_holders_word_and_a_removal_ends_other_sessions() {
    for world in worlds().await {
        let (ctx, keys, account) = (world.ctx(), &world.on.keys, world.account);
        let authenticator = Authenticator::new(account);
        let made = authenticator.make(&options_to_add(&world).await);
        let other: AccountId = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        for wrong in [
            Ready::demonstration(account, "sign:aa"),
            Ready::demonstration(account, passkey::REMOVING),
            Ready::demonstration(other, passkey::ADDING),
        ] {
            let work = async |tx: &mut Tx| {
                passkey::add(tx, &ctx, keys, &site(), (account, wrong), "Theirs", &made).await
            };
            assert_eq!(word(&world.write(work).await), "unconfirmed", "{}", world.on.engine);
        }
        let code = world.code();
        let shown = Shown::Password {
            password: Sensitive::new("not the words".to_owned()),
            code: Sensitive::new(code),
            address: "192.0.2.7".parse().unwrap(),
        };
        let with = (keys, &world.hasher, Some(&site()));
        let of = (account, passkey::ADDING);
        let guess = confirm::prepare(&world.on.db, &ctx, with, of, shown).await.unwrap();
        assert!(matches!(guess, Prepared::Refused));
        assert_eq!(add(&world, &made).await, "good", "the challenge was not used up by a refusal");

        let open = async || {
            let work =
                async |tx: &mut Tx| session::open(tx, &ctx, keys, account, How::Password).await;
            world.write(work).await.token
        };
        let (here, there) = (open().await, open().await);
        let lives = async |token: &Token| {
            session::resume(&world.on.db, &ctx, token).await.unwrap().is_some()
        };
        let wrong = Ready::demonstration(account, passkey::ADDING);
        assert_eq!(remove(&world, account, &here, wrong).await, Removal::Unconfirmed);
        assert!(lives(&there).await);
        let good = Ready::demonstration(account, passkey::REMOVING);
        assert_eq!(remove(&world, account, &here, good).await, Removal::Done);
        assert!(lives(&here).await && !lives(&there).await, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn nobody_removes_their_only_way_in() {
    for world in worlds().await {
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let without_password = async |tx: &mut Tx| {
            let who = practitioner::register(tx, &ctx, "Kim Keys", None).await?;
            let new = NewAccount {
                sign_in_name: Sensitive::new("kim".to_owned()),
                holder: Holder::Practitioner(who),
                organisation: Some(crate::world::cec()),
                password: None,
                one_time: None,
            };
            account::register(tx, &ctx, keys, new, None).await
        };
        let kim = world.write(without_password).await;
        let shown = Sensitive::new("Kim Keys".to_owned());
        let begin = async |tx: &mut Tx| passkey::begin_adding(tx, &ctx, &site(), kim, &shown).await;
        let made = Authenticator::new(kim).make(&world.write(begin).await);
        let work = async |tx: &mut Tx| {
            let confirmed = (kim, Ready::demonstration(kim, passkey::ADDING));
            passkey::add(tx, &ctx, keys, &site(), confirmed, "Only one", &made).await
        };
        assert_eq!(word(&world.write(work).await), "good");
        let here = Token::parse(&b64([5; 32])).unwrap();
        let good = Ready::demonstration(kim, passkey::REMOVING);
        assert_eq!(remove(&world, kim, &here, good).await, Removal::OnlyWayIn);
        let read = async |s: &mut Snapshot| passkey::list(s, kim).await;
        let held = world.on.db.snapshot("test", read).await.unwrap();
        assert_eq!(held.len(), 1, "{}", world.on.engine);
    }
}
