//! `ken accounts`: who can sign in, and in which roles; told first, and done when asked.
//!
//! # Invariants
//!
//! - A running Ken does it itself, asked through the control socket; otherwise it is done here.
//! - What changes who may act is on the ledger with its effect, as the operator's; sessions end in
//!   the same write.
//! - A password or secret stands in no argument, no log and no output: the first way in goes to a
//!   new file that its owner alone can read.

mod carry;
mod refused;

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, RoleId, Sensitive};
use ken_store::Db;
use ken_store::keys::KeyRing;
use serde::{Deserialize, Serialize};

use crate::cli::{Accounts, AddAccount, OfRole};
use crate::config::read_within;
use crate::house::{House, Places};
use crate::ledger::{absent, places};
use crate::trouble::{DATA_SAFE, NOTHING_DONE, Trouble};
use crate::{control, say};
use refused::Refused;

/// Longest file that passes between an asker and a running Ken, in bytes: a list of every account.
const FILE_MAX: u64 = 64 * 1024 * 1024;

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum Wish {
    /// Who is there.
    List,
    /// A practitioner with an account and roles.
    Add { sign_in: String, name: String, organisation: OrganisationId, roles: Vec<RoleId> },
    /// One more role, until it is ended or this instant.
    GiveRole {
        sign_in: String,
        organisation: OrganisationId,
        role: RoleId,
        until: Option<Timestamp>,
    },
    /// One role less.
    EndRole { sign_in: String, organisation: OrganisationId, role: RoleId },
    /// No way in any more, for ever.
    Close { sign_in: String },
    /// A new first way in, instead of every other.
    Reset { sign_in: String },
}

/// What is asked for, and whether it is to be done.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    wish: Wish,
    write: bool,
}

/// What is told, and the way in that was drawn; or why it was refused.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    lines: Vec<String>,
    way_in: Option<String>,
    refused: Option<Refused>,
}

/// Runs the command.
pub(crate) async fn run(command: Accounts) -> Result<(), Trouble> {
    let (wish, of, write, to) = match command {
        Accounts::List { of } => (Wish::List, of, false, None),
        Accounts::Add(AddAccount { sign_in, name, organisation, role: roles, to, write, of }) => {
            (Wish::Add { sign_in, name, organisation, roles }, of, write, Some(to))
        }
        Accounts::GiveRole { on: OfRole { sign_in, organisation, role, write, of }, until } => {
            (Wish::GiveRole { sign_in, organisation, role, until }, of, write, None)
        }
        Accounts::EndRole(OfRole { sign_in, organisation, role, write, of }) => {
            (Wish::EndRole { sign_in, organisation, role }, of, write, None)
        }
        Accounts::Close { sign_in, write, of } => (Wish::Close { sign_in }, of, write, None),
        Accounts::Reset { sign_in, to, write, of } => {
            (Wish::Reset { sign_in }, of, write, Some(to))
        }
    };
    let (places, is_list) = (places(of)?, matches!(wish, Wish::List));
    if let Some(to) = &to {
        absent(to)?;
    }
    let asked = Asked { wish, write };
    let told = match ask(&places, &asked)? {
        Some(told) => told,
        None => alone(&places, &asked).await?,
    };
    if let Some(refused) = &told.refused {
        return Err(refused.trouble());
    }
    if let (Some(to), Some(way_in)) = (&to, &told.way_in) {
        control::write_new(to, way_in.as_bytes()).map_err(|error| unkept(to).because(error))?;
    }
    for line in &told.lines {
        say::out(line);
    }
    if !write && !is_list {
        say::out("Nothing was written. With --write it is done.");
    }
    Ok(())
}

/// Asks a running Ken; none where none runs here.
fn ask(places: &Places, asked: &Asked) -> Result<Option<Told>, Trouble> {
    let dir = &places.beside;
    let Some(stream) = control::connect(dir) else { return Ok(None) };
    let name = format!("accounts-{}.tmp", std::process::id());
    let file = dir.join(&name);
    let text = serde_json::to_vec(asked).map_err(|error| unasked().because(error))?;
    control::write_new(&file, &text).map_err(|error| unasked().because(error))?;
    let answered = control::ask_on(stream, &format!("{} {name}", control::ACCOUNTS), &|_, _| {});
    let _ = fs::remove_file(&file);
    let file = dir.join(answered?);
    let text = read_within(&file, FILE_MAX, "ken.accounts-answer", "answer");
    let _ = fs::remove_file(&file);
    let told = serde_json::from_str(&text?).map_err(|error| unasked().because(error))?;
    Ok(Some(told))
}

/// Nobody runs: does it here, and seals what it entered.
async fn alone(places: &Places, asked: &Asked) -> Result<Told, Trouble> {
    let mut house = House::open(places).await?;
    let ctx = Ctx::new(&*house.clock, &*house.ids);
    let done = carry::out(&house.db, &house.keys, &ctx, (&asked.wish, asked.write)).await;
    let done = done.map_err(|error| {
        let next = "Look the code up. `ken accounts list` says who is there.";
        Trouble::new(error.code(), "It was not done.", NOTHING_DONE, next).because(error)
    });
    let sealed = house.seal_all().await;
    house.close().await;
    let told = done?;
    sealed?;
    Ok(told)
}

/// Does what a file in the directory asks for; the name of the file with what is told.
pub(crate) async fn answer(
    (db, keys, ctx): (&Db, &KeyRing, &Ctx<'_>),
    (dir, asked, written): (&Path, &str, &str),
) -> Result<String, &'static str> {
    const CODE: &str = "ken.accounts-question";
    let text = read_within(&dir.join(asked), FILE_MAX, CODE, "question").map_err(|_| CODE)?;
    let Asked { wish, write } = serde_json::from_str(&text).map_err(|_| CODE)?;
    let told = carry::out(db, keys, ctx, (&wish, write)).await.map_err(|error| error.code())?;
    let text = serde_json::to_vec(&told).map_err(|_| "ken.accounts-answer")?;
    control::write_new(&dir.join(written), &text).map_err(|_| "ken.accounts-answer")?;
    Ok(written.to_owned())
}

/// A way in, as its file says it; the secret never in words that are logged.
fn way_in(sign_in: &str, password: &Sensitive<String>, secret: &Sensitive<String>) -> String {
    format!(
        "Sign-in name: {sign_in}\nPassword: {}\nSecret of the one-time codes: {}\n",
        password.reveal(),
        secret.reveal()
    )
}

fn unasked() -> Trouble {
    let next = "Check who owns its directory, and the room on the disk.";
    Trouble::new(
        "ken.accounts-question",
        "The Ken that runs could not be asked, or not be understood.",
        "Look with `ken accounts list` whether it was done.",
        next,
    )
}

/// It was done, and the way in could not be written down.
fn unkept(to: &Path) -> Trouble {
    Trouble::new(
        "ken.accounts-way-in",
        format!("It was done, and the way in could not be written to {}.", to.display()),
        DATA_SAFE,
        "Name a file that can be written, with `ken accounts reset`.",
    )
}
