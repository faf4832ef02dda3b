//! `ken ledger checkpoint` and `ken ledger cosigned`: what a witness is given and gives back.

use std::fs;
use std::path::Path;

use ken_core::{Ctx, IdSource as _};
use ken_store::ambient::SystemIds;

use super::{absent, note, take as take_file, unwritten};
use crate::house::{House, Places};
use crate::trouble::{NOTHING_DONE, Trouble};
use crate::{control, say};

/// Writes the newest checkpoint to `file`.
pub(super) async fn hand_out(places: &Places, file: &Path) -> Result<(), Trouble> {
    absent(file)?;
    if let Some(written) = control::ask(&places.beside, control::CHECKPOINT, &|_, _| {})? {
        take_file(&places.beside.join(written), file)?;
    } else {
        let mut house = House::open(places).await?;
        let sealed = house.seal_all().await;
        let written = control::write_checkpoint(&house.db, file).await;
        house.close().await;
        sealed?;
        written.map_err(|code| unwritten(code, file))?;
    }
    say::out(&format!("The checkpoint is in {}.", file.display()));
    Ok(())
}

/// Takes a cosigned checkpoint.
pub(super) async fn take(places: &Places, file: &Path) -> Result<(), Trouble> {
    let note = note(file)?;
    let name = format!("{}-{}.tmp", control::COSIGNED, SystemIds.random());
    let beside = places.beside.join(&name);
    control::write_new(&beside, note.to_string().as_bytes())
        .map_err(|error| unwritten("ken.export-file", &beside).because(error))?;
    let question = format!("{} {name}", control::COSIGNED);
    let asked = control::ask(&places.beside, &question, &|_, _| {});
    let removed = fs::remove_file(&beside);
    let said = if let Some(said) = asked? {
        said
    } else {
        let house = House::open(places).await?;
        let ctx = Ctx::new(&*house.clock, &*house.ids);
        let taken = control::accept(&house.witnesses, &house.db, &ctx, &note).await;
        house.close().await;
        taken.map_err(refused)?
    };
    removed.map_err(|error| unwritten("ken.export-file", &beside).because(error))?;
    let (size, names) = said.split_once(' ').unwrap_or((&said, ""));
    say::out(&format!("taken: {size} entries are vouched for by {names}"));
    Ok(())
}

fn refused(error: ken_ledger::Error) -> Trouble {
    Trouble::new(
        error.code(),
        "The cosigned checkpoint was not taken.",
        NOTHING_DONE,
        "The witness's key must stand in the file `trust` beside the keys, and the checkpoint \
         must be one that this ledger handed out.",
    )
    .because(error)
}
