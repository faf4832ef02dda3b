//! What Glen Council has to lend to people at home, and the plans of Glen.

use ken_directory::Error as DirectoryError;
use ken_directory::stock;
use ken_store::{Snapshot, Tx};

use super::directory::{Staff, word};
use super::sharing::governs;
use super::{Error, Parts};

/// Whose it is.
const OF: &str = "cec";

/// What stands in the council's stores. Numbers are from a range that is set aside for drama.
const EQUIPMENT: &str = "category,name,available,place,area,contact
bed,Profiling bed,4,Glen equipment store,XG6,Equipment store 01632 960 101
bed,Pressure mattress,7,Glen equipment store,XG6,Equipment store 01632 960 101
lifting,Mobile hoist,2,Glen equipment store,XG6,Equipment store 01632 960 101
bathing,Bath board,12,Strandside depot,XG5,Equipment store 01632 960 102
mobility,Walking frame,21,Strandside depot,XG5,Equipment store 01632 960 102
mobility,Ramp of two metres,0,Strandside depot,XG5,Equipment store 01632 960 102
telecare,Pendant alarm,35,Community alarm office,XG,Community alarm 01632 960 103
children,Child’s standing frame,1,Glen equipment store,XG6,Equipment store 01632 960 101
";

/// The plans; the addresses are of a domain that nobody can have.
const PLANS: &str = "title,from,until,document,contact
Strategic commissioning plan (made up),2025,2028,https://council.example/plan,01632 960 104
Support at home (made up),2026,2027,https://council.example/home,01632 960 104
";

/// Fills the stores; a build that goes on leaves what is there.
pub(super) async fn fill(parts: &Parts, staff: &Staff) -> Result<(), Error> {
    let own = word(OF)?;
    let held = async |s: &mut Snapshot| stock::list_equipment(s, Some(&own)).await;
    if !parts.db.snapshot("demo.equipment", held).await?.is_empty() {
        return Ok(());
    }
    let missing = || Error::Missing("equipment");
    let equipment = stock::read_equipment(EQUIPMENT).map_err(|_| missing())?;
    let plans = stock::read_plans(PLANS).map_err(|_| missing())?;
    let (ctx, by, keys) = (parts.ctx(), governs(parts, staff, &own)?, &parts.keys);
    let work = async |tx: &mut Tx| {
        let kept = stock::put_equipment(tx, &ctx, keys, &by, &equipment).await?;
        Ok::<_, DirectoryError>(kept && stock::put_plans(tx, &ctx, keys, &by, &plans).await?)
    };
    let is_kept = parts.db.write("demo.stock", work).await?;
    is_kept.then_some(()).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_stores_can_be_kept() {
        assert_eq!(stock::read_equipment(EQUIPMENT).unwrap().len(), 8);
        assert_eq!(stock::read_plans(PLANS).unwrap().len(), 2);
    }
}
