//! A small partnership in the directory, on every engine there is.

use jiff::SignedDuration;
use ken_core::{AccountId, Ctx, OrganisationId, PractitionerId, Sensitive};
use ken_directory::{
    Attempt, Error, Hasher, HeldRole, Holder, NewAccount, OneTimeSecret, Organisation, SignIn,
    account, organisation, practitioner, sign_in,
};
use ken_ledger::EntryKind;
use ken_store::{Snapshot, Tx};
use ken_testkit::{Databases, SeededIds, TestClock, engines};

pub(crate) const NAME: &str = "jo.worker@glen.example";
pub(crate) const PASSWORD: &str = "three random words";

/// Jo, duty social worker of Glen Council, with an account.
pub(crate) struct World {
    pub(crate) on: Databases,
    pub(crate) clock: TestClock,
    pub(crate) ids: SeededIds,
    pub(crate) hasher: Hasher,
    pub(crate) secret: OneTimeSecret,
    pub(crate) jo: PractitionerId,
    pub(crate) account: AccountId,
}

pub(crate) async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for on in engines(&[ken_ledger::MIGRATIONS, ken_directory::MIGRATIONS]).await {
        worlds.push(World::new(on).await);
    }
    worlds
}

pub(crate) fn cec() -> OrganisationId {
    "cec".parse().unwrap()
}

pub(crate) fn held(organisation: &str, role: &str) -> HeldRole {
    HeldRole { organisation: organisation.parse().unwrap(), role: role.parse().unwrap() }
}

fn named(id: &str) -> Organisation {
    Organisation {
        id: id.parse().unwrap(),
        name: format!("Glen {id}"),
        kind: "council".to_owned(),
        contact_phone: "01632 960 001".to_owned(),
    }
}

impl World {
    async fn new(on: Databases) -> Self {
        let (clock, ids) = (TestClock::default(), SeededIds::default());
        let hasher = Hasher::default();
        let ctx = Ctx::new(&clock, &ids);
        let password = hasher.hash(&ctx, Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        let secret = OneTimeSecret::draw(&ctx);
        let keys = &on.keys;
        let (jo, account) = on
            .db
            .write("test.world", async |tx: &mut Tx| {
                organisation::register(tx, &ctx, &named("cec")).await?;
                organisation::register(tx, &ctx, &named("nhsl")).await?;
                let jo = practitioner::register(tx, &ctx, "Jo Worker", None).await?;
                let role = held("cec", "sw.duty");
                practitioner::give_role(tx, &ctx, keys, jo, &role, None, None).await?;
                let new = NewAccount {
                    sign_in_name: Sensitive::new(NAME.to_owned()),
                    holder: Holder::Practitioner(jo),
                    organisation: Some(cec()),
                    password: Some(password.clone()),
                    one_time: Some(secret.clone()),
                };
                let account = account::register(tx, &ctx, keys, new, None).await?;
                Ok::<_, Error>((jo, account))
            })
            .await
            .unwrap();
        Self { on, clock, ids, hasher, secret, jo, account }
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&self.clock, &self.ids)
    }

    pub(crate) fn code(&self) -> String {
        self.secret.code(self.ctx().clock.now()).unwrap().into_revealed()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// A try from one address of documentation.
    pub(crate) async fn try_in(&self, name: &str, password: &str, code: &str) -> SignIn {
        self.try_at("192.0.2.7", (name, password, code)).await
    }

    /// The same from an address.
    pub(crate) async fn try_at(
        &self,
        address: &str,
        (name, password, code): (&str, &str, &str),
    ) -> SignIn {
        let attempt = Attempt {
            name: Sensitive::new(name.to_owned()),
            password: Sensitive::new(password.to_owned()),
            code: Sensitive::new(code.to_owned()),
            address: address.parse().unwrap(),
        };
        sign_in(&self.on.db, &self.ctx(), &self.on.keys, &self.hasher, attempt).await.unwrap()
    }

    /// A write that must succeed.
    pub(crate) async fn write<T>(&self, work: impl AsyncFnOnce(&mut Tx) -> Result<T, Error>) -> T {
        self.on.db.write("test", work).await.unwrap()
    }

    /// The events on the council's stream, newest last.
    pub(crate) async fn events(&self) -> Vec<(EntryKind, String)> {
        let read = async |s: &mut Snapshot| {
            ken_ledger::organisation_entries(s, &self.on.keys, &cec(), ken_ledger::Page::default())
                .await
        };
        let entries = self.on.db.snapshot("test", read).await.unwrap();
        let event = |entry: &ken_ledger::Entry| {
            let detail = entry.detail.clone().unwrap_or_default();
            (entry.kind, detail["event"].as_str().unwrap_or_default().to_owned())
        };
        let mut events: Vec<_> = entries.iter().map(event).collect();
        events.reverse();
        events
    }
}
