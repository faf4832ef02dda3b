//! The house, opened: database, keys, clock, hub and sealer of one process.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ken_core::{Clock, Ctx, IdSource};
use ken_directory::Hasher;
use ken_hub::Hub;
use ken_ledger::{
    KeyUse, Sealer, SealerSettings, SignerKey, Trust, Turn, VerifierKey, Witnesses, replay_erasures,
};
use ken_sharing::Gate;
use ken_store::ambient::{ClockIds, SystemClock};
use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Migration, OpenError, Settings};

use crate::config::{Config, Database, read_small};
use crate::ledger::trusted;
use crate::steady::SteadyClock;
use crate::trouble::{DATA_SAFE, NOTHING_DONE, Trouble};

/// The tables of every crate, what others stand on first.
const MIGRATIONS: &[&[Migration]] = &[
    ken_ledger::MIGRATIONS,
    ken_directory::MIGRATIONS,
    ken_sharing::MIGRATIONS,
    ken_person::MIGRATIONS,
    ken_records::MIGRATIONS,
    ken_care::MIGRATIONS,
    ken_hub::MIGRATIONS,
    ken_office::MIGRATIONS,
    ken_insight::MIGRATIONS,
];

/// Where the demo's directory keeps the path of the file with the address of its database.
const ADDRESS_KEPT: &str = "database-url-file";

/// Most turns of a sealer that a command waits for: ten million leaves.
const SEALS_MAX: u32 = 10_000;

/// Where the parts of a house are.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The database.
    pub(crate) database: Settings,
    /// What this process keeps beside it: the last time, the control socket.
    pub(crate) beside: PathBuf,
    /// The keys.
    pub(crate) keys: PathBuf,
    /// The origin of the ledger: the name of its key.
    pub(crate) origin: String,
}

impl Places {
    /// Those of the demo: everything in one directory, but for a database that a file names. The
    /// directory remembers which file, so that every later command finds the same database.
    pub(crate) fn demo(data: &Path, address: Option<&Path>) -> Result<Self, Trouble> {
        let kept = fs::read_to_string(data.join(ADDRESS_KEPT)).ok();
        let file = address.map(Path::to_owned).or(kept.map(|kept| PathBuf::from(kept.trim())));
        let database = match file {
            Some(file) => addressed(&file, None)?,
            None => Settings::sqlite(data.join("ken.db")),
        };
        Ok(Self {
            database,
            beside: data.to_owned(),
            keys: data.join("keys"),
            origin: "glen.example/ledger".to_owned(),
        })
    }

    /// Those that a configuration names.
    pub(crate) fn configured(config: &Config) -> Result<Self, Trouble> {
        let (database, beside) = match config.database()? {
            Database::Directory(dir) => (Settings::sqlite(dir.join("ken.db")), dir),
            Database::Server { address, authority } => {
                (addressed(&address, authority.as_deref())?, config.keys_dir.clone())
            }
        };
        let host = config.base_url.split("://").nth(1).unwrap_or("ken.example");
        let host = host.split(':').next().unwrap_or(host);
        let origin = format!("{host}/ledger");
        Ok(Self { database, beside, keys: config.keys_dir.clone(), origin })
    }

    fn directories(&self) -> Result<(), Trouble> {
        for dir in [&self.beside, &self.keys] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
            let writable = made.and_then(|()| {
                let probe = dir.join(".ken-can-write");
                fs::write(&probe, b"")?;
                fs::remove_file(&probe)
            });
            writable.map_err(|error| {
                Trouble::new(
                    "ken.directory",
                    format!("Ken cannot write in {}.", dir.display()),
                    NOTHING_DONE,
                    "Check that it is a directory, who owns it, and that the disk is not full.",
                )
                .because(error)
            })?;
        }
        Ok(())
    }
}

/// Keeps in the demo's directory which file has the address of its database.
pub(crate) fn keep_address(data: &Path, file: &Path) -> Result<(), Trouble> {
    let kept = std::path::absolute(file)
        .and_then(|file| fs::write(data.join(ADDRESS_KEPT), file.display().to_string()));
    kept.map_err(|error| {
        let happened = format!("Ken cannot write in {}.", data.display());
        let next = "Check who owns the directory, and that the disk is not full.";
        Trouble::new("ken.directory", happened, NOTHING_DONE, next).because(error)
    })
}

/// The database whose address stands in a file, and who vouches for its server.
fn addressed(file: &Path, authority: Option<&Path>) -> Result<Settings, Trouble> {
    const CODE: &str = "ken.config-unreadable";
    let address = read_small(file, CODE, "database address file")?;
    let settings = Settings::postgres(address.trim());
    let Some(authority) = authority else { return Ok(settings) };
    Ok(settings.trusting(read_small(authority, CODE, "database authority file")?))
}

/// The parts of one running process.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) db: Db,
    pub(crate) keys: KeyRing,
    pub(crate) keys_db: Db,
    pub(crate) clock: Arc<SteadyClock<SystemClock>>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) hasher: Hasher,
    /// The sealer, until the background takes it.
    pub(crate) sealer: Option<Sealer>,
    /// Those whose word about the ledger is taken.
    pub(crate) witnesses: Witnesses,
    /// The key of the ledger, which signs receipts and dates exports.
    pub(crate) log_key: SignerKey,
    /// Those whose statute packs are taken.
    pub(crate) issuers: Vec<VerifierKey>,
}

impl House {
    /// Opens everything, bringing the tables up to date.
    pub(crate) async fn open(places: &Places) -> Result<Self, Trouble> {
        places.directories()?;
        let issuers = crate::agreement::issuers(&places.keys)?;
        let clock = Arc::new(SteadyClock::start(SystemClock, &places.beside)?);
        let ids: Arc<dyn IdSource> = Arc::new(ClockIds::new(clock.clone()));
        let db = database(places).await?;
        let keys_db = Db::open(Settings::sqlite(places.keys.join("keys.db"))).await;
        let keys_db = keys_db.map_err(unopened)?;
        let root = RootKey::open(&places.keys, &*ids).map_err(unopened)?;
        let keys = KeyRing::unlock(keys_db.clone(), root).await.map_err(unopened)?;
        // What is refused must not have been changed: the hub writes as soon as it is open.
        let (log_key, sealer) = sealer(places, &db, &Ctx::new(&*clock, &*ids)).await?;
        let witnesses = sealer.witnesses();
        stand(&witnesses, &db).await?;
        replay(&db, &keys).await?;
        let dynamic: Arc<dyn Clock> = clock.clone();
        let hub = Hub::open(db.clone(), keys.clone(), dynamic, ids.clone());
        let hub = Arc::new(hub.await.map_err(|error| failed(error.code(), error))?);
        let (gate, hasher) = (Arc::new(Gate::default()), Hasher::default());
        let sealer = Some(sealer);
        Ok(Self {
            db,
            keys,
            keys_db,
            clock,
            ids,
            hub,
            gate,
            hasher,
            sealer,
            witnesses,
            log_key,
            issuers,
        })
    }

    /// Seals whatever waits; for a command that runs alone.
    pub(crate) async fn seal_all(&mut self) -> Result<(), Trouble> {
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        let Some(sealer) = &mut self.sealer else { return Ok(()) };
        for _ in 0..SEALS_MAX {
            match sealer.run_once(&self.db, &ctx).await {
                Ok(Turn::Sealed { is_more: true, .. }) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(failed(error.code(), error)),
            }
        }
        Ok(())
    }

    /// Closes the databases, once nobody works in them.
    pub(crate) async fn close(self) {
        self.clock.remember();
        self.db.close().await;
        self.keys_db.close().await;
    }
}

/// Speaks to the database once, and changes nothing.
pub(crate) async fn reach(places: &Places) -> Result<(), Trouble> {
    let db = Db::open(places.database.clone()).await;
    db.map_err(unreached)?.close().await;
    Ok(())
}

fn unreached(error: OpenError) -> Trouble {
    let happened = "Ken could not use the database server.";
    Trouble::new(error.code(), happened, NOTHING_DONE, "See what the machine said.").because(error)
}

/// Opens the database and brings its tables up to date.
pub(crate) async fn database(places: &Places) -> Result<Db, Trouble> {
    places.directories()?;
    let db = Db::open(places.database.clone()).await.map_err(unopened)?;
    db.migrate(MIGRATIONS).await.map_err(unopened)?;
    Ok(db)
}

async fn sealer(places: &Places, db: &Db, ctx: &Ctx<'_>) -> Result<(SignerKey, Sealer), Trouble> {
    let file = places.keys.join("ledger.key");
    let key = SignerKey::open(&file, &places.origin, KeyUse::Log, ctx)
        .map_err(|error| failed(error.code(), error))?;
    let settings = SealerSettings {
        trust: trust(places, key.verifier())?,
        key: key.clone(),
        holder: ctx.ids.random().to_string(),
        memory: places.keys.join("ledger.seen"),
    };
    let own = settings.own();
    let sealer = Sealer::open(db, ctx, settings).await;
    sealer.map(|sealer| (key, sealer)).map_err(|error| match error {
        ken_ledger::Error::Cut { .. } => cut(&own, error),
        error => failed(error.code(), error),
    })
}

/// A log that is shorter than it was, in words.
fn cut(own: &Path, error: ken_ledger::Error) -> Trouble {
    let happened = "The database is an old copy, or entries of its ledger were taken out.";
    let next = format!(
        "Bring the newest copy back. Only if there is none: move {} away, keep it, and tell \
         whoever holds exports or receipts of this ledger.",
        own.display()
    );
    Trouble::new(error.code(), happened, NOTHING_DONE, next).because(error)
}

/// The witnesses that the operator trusts: the file `trust` beside the keys, if there is one.
fn trust(places: &Places, own: &VerifierKey) -> Result<Trust, Trouble> {
    let file = places.keys.join("trust");
    if !file.exists() {
        return Ok(Trust::default());
    }
    let trust = trusted(&file)?;
    if trust.logs().is_empty() || trust.logs().contains(own) {
        return Ok(trust);
    }
    Err(Trouble::new(
        "ken.trust-other-log",
        format!("The trust file {} names another log than this one.", file.display()),
        NOTHING_DONE,
        format!("Its line for this log would be: log {own}"),
    ))
}

/// Says how far witnesses vouch for the ledger.
async fn stand(witnesses: &Witnesses, db: &Db) -> Result<(), Trouble> {
    let standing = witnesses.standing(db).await.map_err(|error| failed(error.code(), error))?;
    let leaves = standing.witnessed.and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
    metrics::gauge!("ken_ledger_witnessed_leaves").set(f64::from(leaves));
    if standing.asks_quorum && standing.quorum.is_none() {
        tracing::warn!(error.code = "ken.no-quorum", "no quorum of witnesses has cosigned yet");
    }
    Ok(())
}

/// Destroys keys again that a restored key store has brought back.
async fn replay(db: &Db, keys: &KeyRing) -> Result<(), Trouble> {
    let again = replay_erasures(db, keys).await.map_err(|error| failed(error.code(), error))?;
    if again > 0 {
        tracing::warn!(count = again, "keys that had been erased were back, and are erased again");
    }
    Ok(())
}

/// A database that could not be opened, in words.
fn unopened(error: OpenError) -> Trouble {
    let code = error.code();
    Trouble::new(code, "Ken could not open its database.", DATA_SAFE, "See what the machine said.")
        .because(error)
}

/// A part that could not be started, in words.
fn failed(code: &'static str, error: impl Into<anyhow::Error>) -> Trouble {
    Trouble::new(code, "Ken could not start.", DATA_SAFE, "See what the machine said.")
        .because(error)
}
