//! The agreements of Glen, as copies dated from the demo's start.
//!
//! The texts stand in the repository's `agreements/`; the copies differ from them in their dates
//! alone, and so in their hash, and are signed for themselves.

use jiff::Span;
use jiff::civil::Date;
use ken_agreement::{Error, Instrument};

use crate::plan::{SIGNINGS, Signing};

/// How long the agreements have been in force when the demo starts, in days. House policy: long
/// enough to be nobody's first day, well within the year after which they are reviewed.
const IN_FORCE_DAYS: i64 = 60;

const TEXTS: &[(&str, &str)] = &[
    ("statute-pack", include_str!("../../../../agreements/statute-pack.toml")),
    ("scot-accord", include_str!("../../../../agreements/scot-accord.toml")),
    ("glen-direct-care", include_str!("../../../../agreements/glen-direct-care.toml")),
    ("glen-girfec", include_str!("../../../../agreements/glen-girfec.toml")),
    ("glen-asp-concern", include_str!("../../../../agreements/glen-asp-concern.toml")),
    ("glen-planning", include_str!("../../../../agreements/glen-planning.toml")),
];

/// The copies that the demo registers, each with who has not signed it; what others stand on first.
///
/// # Errors
///
/// [`Error`] where a text of the repository does not parse.
pub fn instruments(start: Date) -> Result<Vec<(Instrument, &'static Signing)>, Error> {
    let from = start.saturating_sub(Span::new().days(IN_FORCE_DAYS));
    let text_of = |signing: &Signing| TEXTS.iter().find(|(id, _)| *id == signing.instrument);
    let copy = |signing: &'static Signing| {
        let (_, text) = text_of(signing)?;
        Some(Instrument::parse(text).map(|instrument| (instrument.dated_from(from), signing)))
    };
    SIGNINGS.iter().filter_map(copy).map(|copy| copy.map_err(Error::from)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::organisation::Organisation;
    use crate::practitioner::PRACTITIONERS;

    const START: Date = date(2026, 11, 21);

    #[test]
    fn every_copy_is_in_force_at_the_start() {
        let copies = instruments(START).unwrap();
        assert_eq!(copies.len(), SIGNINGS.len());
        for (copy, signing) in &copies {
            let (head, lifecycle) = (&copy.agreement, &copy.lifecycle);
            assert!(head.effective_from.0 < START, "{}", signing.instrument);
            assert!(head.effective_until.is_none_or(|until| until.0 > START));
            assert!(lifecycle.review_due.0 > START, "{}", signing.instrument);
        }
    }

    #[test]
    fn every_party_is_an_organisation_and_every_role_is_known_to_the_accord() {
        let copies = instruments(START).unwrap();
        for (copy, _) in &copies {
            for party in &copy.parties {
                assert!(Organisation::find(party.id.as_str()).is_some(), "{}", party.id);
            }
        }
        let (accord, _) = &copies[1];
        for one in PRACTITIONERS {
            let party = accord.parties.iter().find(|party| party.id.as_str() == one.organisation);
            let roles: Vec<_> = party.unwrap().roles.iter().map(ken_core::RoleId::as_str).collect();
            // The Guardian advises, and sees nothing by any clause: no text need name the role.
            let is_known =
                |role: &&str| *role == ken_office::guardian::ROLE || roles.contains(role);
            assert!(one.roles.iter().all(is_known), "{}: {roles:?}", one.key);
        }
    }
}
