//! `ken ledger audit`: every entry of the database against the sealed log.

use ken_ledger::Audited;

use crate::house::{Places, database};
use crate::progress::Bar;
use crate::trouble::{NOTHING_DONE, Trouble};
use crate::{control, say};

/// Runs the command.
pub(super) async fn run(places: &Places) -> Result<(), Trouble> {
    let bar = Bar::new("Auditing the ledger");
    let asked = control::ask(&places.beside, control::AUDIT, &|done, of| bar.note(done, of));
    let found = match asked? {
        Some(said) => control::read_audited(&said).ok_or_else(unread)?,
        None => alone(places, &bar).await?,
    };
    bar.finish();
    judge(&found)
}

async fn alone(places: &Places, bar: &Bar) -> Result<Audited, Trouble> {
    // The database alone: what an audit is for may be why a whole house does not open.
    let db = database(places).await?;
    let found = ken_ledger::audit(&db, &|done, of| bar.note(done, of)).await;
    db.close().await;
    found.map_err(|error| {
        Trouble::new(
            error.code(),
            "The ledger could not be audited.",
            NOTHING_DONE,
            "See what the machine said.",
        )
        .because(error)
    })
}

fn judge(found: &Audited) -> Result<(), Trouble> {
    let Audited { leaves, signed, waiting, .. } = found;
    if found.is_whole() {
        say::out(&format!(
            "whole: {leaves} sealed entries are those of the log, as signed\n\
             waiting to be sealed: {waiting}"
        ));
        return Ok(());
    }
    let mut faults = Vec::new();
    if let Some(broken) = found.broken {
        faults.push(format!(
            "entry {broken} of {signed}, counted from 0, is gone or is not what was sealed"
        ));
    }
    if let Some(size) = found.wrong_root {
        faults.push(format!("the first {size} entries do not give the root that was signed"));
    }
    if found.unleafed > 0 {
        faults.push(format!("{} sealed entries are not in the log", found.unleafed));
    }
    Err(Trouble::new(
        "ken.audit-broken",
        format!("The ledger of this database does not hold: {}.", faults.join("; ")),
        "Nothing was changed by checking it.",
        "Stop Ken, keep the disk as it is, and compare with the last export or witness.",
    ))
}

fn unread() -> Trouble {
    Trouble::new(
        "ken.ask-refused",
        "The Ken that runs is of another version.",
        NOTHING_DONE,
        "Use the program that runs.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_said() {
        assert!(judge(&Audited { leaves: 3, signed: 3, ..Audited::default() }).is_ok());
        let check = |found: Audited, want: &str| {
            let trouble = judge(&found).unwrap_err();
            assert!(trouble.to_string().contains(want), "{trouble}");
        };
        check(Audited { broken: Some(7), ..Audited::default() }, "entry 7");
        check(Audited { wrong_root: Some(9), ..Audited::default() }, "first 9");
        check(Audited { unleafed: 2, ..Audited::default() }, "2 sealed");
    }
}
