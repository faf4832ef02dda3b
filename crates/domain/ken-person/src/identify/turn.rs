//! Turns: who registers somebody of one family name and date of birth goes after whoever does so
//! now, so that neither is unseen by the other.

use jiff::civil::Date;
use ken_core::PartialDate;
use ken_store::{Reads, Tx, values};

use crate::demographics::{Demographics, NameKey};
use crate::{Error, sql};

/// Turns by family name and date of birth: as many as there are rows to hold. House policy: that
/// two names of one moment share one costs them a wait of milliseconds.
const TURNS: u64 = 4_096;

/// Takes the turn of a family name and date of birth to the end of the transaction; says whether
/// others may have written since this one looked.
pub(super) async fn take_turn(tx: &mut Tx, incoming: &Demographics) -> Result<bool, Error> {
    let name = NameKey::new(incoming.family.reveal(), "");
    let Some(day) = incoming.born.and_then(PartialDate::day) else { return Ok(false) };
    if name.family.reveal().is_empty() {
        return Ok(false);
    }
    let of = values![turn(name.family.reveal(), day)];
    Ok(tx
        .find(sql::index::NAME_HOLD, of, |row| row.int(0))
        .await?
        .is_some_and(|waited| waited != 0))
}

/// The turn of a family name and a day: the same on every node of every version (FNV-1a).
fn turn(family: &str, day: Date) -> i64 {
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = format!("{family} {day}").bytes().fold(0xcbf2_9ce4_8422_2325, step);
    i64::try_from(sum % TURNS).unwrap_or_default()
}
