//! `ken agreement pack`: an issuer's key, the note by which it vouches for a statute pack, and
//! looking at both. No database, no server.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use ken_agreement::Instrument;
use ken_core::Ctx;
use ken_ledger::{KeyFileError, KeyUse, SignerKey, VerifierKey};
use ken_sharing::pack;
use ken_store::ambient::{SystemClock, SystemIds};

use crate::config::read_small;
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// The file of issuers whom a house trusts, beside its keys.
const ISSUERS: &str = "issuers";

/// What to do with a statute pack.
#[derive(Debug, Subcommand)]
pub(crate) enum Pack {
    /// Make an issuer's key, or read it, and print its public half for those who trust it
    Key {
        /// The file of the secret key: outside any repository, readable by its owner alone
        file: PathBuf,
        /// The issuer's name: a domain and a path, without spaces
        #[arg(long)]
        name: String,
    },
    /// Print the note by which the issuer vouches for a pack
    Sign {
        /// The pack
        file: PathBuf,
        /// The issuer's secret key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Say which trusted issuer vouches for a pack
    Verify {
        /// The pack
        file: PathBuf,
        /// The issuer's note
        #[arg(long, value_name = "FILE")]
        note: PathBuf,
        /// Issuers whom you trust besides the program's own, one a line
        #[arg(long, value_name = "FILE")]
        issuers: Option<PathBuf>,
    },
}

/// Runs the command.
pub(super) fn run(command: Pack) -> Result<(), Trouble> {
    match command {
        Pack::Key { file, name } => {
            say::out(&key(&file, &name)?.verifier().to_string());
            Ok(())
        }
        Pack::Sign { file, key: secret } => {
            let (pack, key) = (super::open(&file)?, kept(&secret)?);
            let note = pack::vouch(&key, &pack).map_err(unvouched)?;
            say::out(note.to_string().trim_end());
            Ok(())
        }
        Pack::Verify { file, note, issuers } => {
            let (pack, note) = (super::open(&file)?, super::read(&note)?);
            let trusted = issuers.as_deref().map_or_else(|| Ok(own()), read)?;
            verify(&pack, &note, &trusted)
        }
    }
}

fn verify(pack: &Instrument, note: &str, trusted: &[VerifierKey]) -> Result<(), Trouble> {
    let issuer = pack::verify(pack, note, trusted).map_err(unvouched)?;
    say::out(&format!("{} is vouched for by {}", pack.name(), issuer.name()));
    Ok(())
}

fn unvouched(fault: pack::Fault) -> Trouble {
    let next = if fault == pack::Fault::NotAPack {
        "Name the file of a statute pack."
    } else {
        "Get pack and note from the issuer again, and compare the issuer's key with one that came \
         another way."
    };
    Trouble::new(fault.code(), fault.says(), "A pack that runs goes on.", next).because(fault)
}

/// The issuers whom a house trusts: the program's own, and those of the file beside its keys.
pub(crate) fn trusted(keys: &Path) -> Result<Vec<VerifierKey>, Trouble> {
    let file = keys.join(ISSUERS);
    if file.exists() { read(&file) } else { Ok(own()) }
}

fn own() -> Vec<VerifierKey> {
    pack::own_issuer().into_iter().collect()
}

fn read(file: &Path) -> Result<Vec<VerifierKey>, Trouble> {
    let text = read_small(file, "ken.issuers-unreadable", "file of issuers")?;
    pack::issuers(&text).map_err(|line| {
        Trouble::new(
            "ken.issuers-unreadable",
            format!("Line {line} of {} is no issuer's key.", file.display()),
            NOTHING_DONE,
            "Write one key a line, as `ken agreement pack key` prints it.",
        )
    })
}

fn key(file: &Path, name: &str) -> Result<SignerKey, Trouble> {
    let ctx = Ctx::new(&SystemClock, &SystemIds);
    SignerKey::open(file, name, KeyUse::Log, &ctx).map_err(|error| unusable(file, error))
}

/// A key that must be there already.
fn kept(file: &Path) -> Result<SignerKey, Trouble> {
    let text = fs::read_to_string(file).map_err(|error| unusable(file, error.into()))?;
    let named: SignerKey =
        text.trim_end().parse().map_err(|error| unusable(file, KeyFileError::Content(error)))?;
    key(file, named.verifier().name())
}

fn unusable(file: &Path, error: KeyFileError) -> Trouble {
    Trouble::new(
        "ken.issuer-key",
        format!("The issuer's key {} cannot be used.", file.display()),
        NOTHING_DONE,
        "Name a file that its owner alone can read, and the name that it was made for.",
    )
    .because(error)
}
