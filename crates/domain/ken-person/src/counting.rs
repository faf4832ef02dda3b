//! What of a person is counted by: age, sex, and the district of a postcode. Who they are is not
//! told, nor where they live.
//!
//! # Invariants
//!
//! - Whoever asks gets no name, no number, no date of birth and no postcode.
//! - Each person is met once, under the id that stands for all of theirs; who is not certain to be
//!   anybody is met not at all.

use jiff::civil::Date;
use ken_core::{OrganisationId, PartialDate, PersonId};
use ken_store::{Reads, Row, values};

use crate::demographics::{Sex, postcode_key};
use crate::{Error, sql};

pub use crate::sql::counting::ALL as STATEMENTS;

/// Most people that one look gives. House policy: what happened to so many is in memory at once.
pub const PEOPLE_AT_ONCE: i64 = 16;
/// Most sources of one person that are read. House policy: more than know anybody.
const SOURCES_READ: i64 = 64;
/// Letters and digits of a postcode that are within a district.
const WITHIN: usize = 3;

/// What a source says of somebody that is counted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidOf {
    /// Who says so.
    pub organisation: OrganisationId,
    /// Age in whole years; at least, where the birthday is not known.
    pub age: Option<i16>,
    /// Sex as recorded.
    pub sex: Option<Sex>,
    /// Postcode district.
    pub district: Option<String>,
}

/// The next people after one, in the order of their ids; the first ones where there is none.
///
/// # Errors
///
/// Whatever the store says.
pub async fn next_people(
    reads: &mut impl Reads,
    after: Option<PersonId>,
) -> Result<Vec<PersonId>, Error> {
    let after = after.map(|person| person.to_string()).unwrap_or_default();
    let of = values![after.as_str(), PEOPLE_AT_ONCE];
    Ok(reads.list(sql::counting::NEXT_LEADS, of, |row| row.parse(0)).await?)
}

/// What sources say of somebody on a day, under one id; the newest word first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn said_of(
    reads: &mut impl Reads,
    person: PersonId,
    on: Date,
) -> Result<Vec<SaidOf>, Error> {
    let read = |row: &Row<'_>| {
        let says = (row.text_opt(1)?, row.text(2)?, row.text_opt(3)?);
        Ok((row.parse(0)?, says))
    };
    let of = values![person, SOURCES_READ];
    let rows: Vec<(OrganisationId, _)> = reads.list(sql::counting::SAID_OF, of, read).await?;
    let said = |(organisation, (born, postcode, sex)): (_, (Option<String>, String, _))| {
        let born: Option<PartialDate> = born.and_then(|text| text.parse().ok());
        let sex: Option<String> = sex;
        SaidOf {
            organisation,
            age: born.map(|born| born.age_on(on)).filter(|age| *age >= 0),
            district: district(&postcode),
            sex: sex.and_then(|code| code.parse().ok()),
        }
    };
    Ok(rows.into_iter().map(said).collect())
}

/// The district of a whole postcode: `EH6` of `EH6 5QG`.
fn district(postcode: &str) -> Option<String> {
    let key = postcode_key(postcode);
    let district = key.get(..key.len().checked_sub(WITHIN)?)?;
    let starts = district.starts_with(|sign: char| sign.is_ascii_alphabetic());
    let is_whole = (2..=4).contains(&district.len()) && starts;
    let ends = key.get(district.len()..)?.starts_with(|sign: char| sign.is_ascii_digit());
    (is_whole && ends).then(|| district.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_district_is_what_is_before_the_last_three() {
        let check = |postcode: &str, want: Option<&str>| {
            assert_eq!(district(postcode).as_deref(), want, "{postcode}");
        };
        check("EH6 5QG", Some("EH6"));
        check("xg12 1ab", Some("XG12"));
        check("G1 1AA", Some("G1"));
        for none in ["", "EH6", "EH", "5QG", "Glen Road", "EH6 QG5X", "12345", "é6 5QG"] {
            check(none, None);
        }
    }
}
