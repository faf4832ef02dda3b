//! Times of filing, for whoever measures. Nothing of what was filed comes out of here.

use jiff::Timestamp;
use ken_core::PersonId;
use ken_store::{Reads, values};

use crate::{Error, sql};

/// When the newest of these classes was filed about a person, not after an instant; none where
/// nothing was.
///
/// # Errors
///
/// Whatever the store says.
pub async fn filed_by<R: Reads>(
    reads: &mut R,
    (person, classes): (PersonId, &[String]),
    until: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let mut newest = None;
    for class in classes {
        let of = values![person, class.as_str(), until];
        let filed = reads.find(sql::FILED_BY, of, |row| row.time_opt(0)).await?.flatten();
        newest = newest.max(filed);
    }
    Ok(newest)
}
