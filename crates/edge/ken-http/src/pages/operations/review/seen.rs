//! What a reviewer sees of one record, as the matching engine takes it.

use ken_core::identifier::{CHI_SYSTEM, NHS_SYSTEM};
use ken_fhir::Patient;
use ken_person::Seen;

use crate::pages::compose::{self, Held};

/// Takes from what was disclosed what the engine compares, of each detail the newest.
pub(crate) fn seen(held: &[Held]) -> Seen {
    let mut newest: Vec<_> = held.iter().collect();
    newest.sort_by_key(|held| std::cmp::Reverse(held.filed));
    let patients: Vec<_> =
        newest.into_iter().filter_map(|held| Patient::of(&held.resource)).collect();
    let number = |system: &str| {
        let mut numbers = patients.iter().flat_map(|patient| patient.identifiers());
        let found = numbers.find(|number| number.system() == Some(system));
        found.and_then(ken_fhir::Identifier::value).unwrap_or_default().to_owned()
    };
    let mut homes = patients.iter().flat_map(|patient| patient.addresses());
    let home = homes.find(|address| address.usage() != Some("old"));
    let line = home.and_then(|home| home.lines().first().copied()).unwrap_or_default();
    let postcode = home.and_then(ken_fhir::Address::postcode).unwrap_or_default();
    let (family, given) = compose::name(held).unwrap_or_default();
    let born = patients.iter().find_map(|patient| patient.birth_date());
    let sex = patients.iter().find_map(|patient| patient.gender()).unwrap_or_default();
    Seen {
        given,
        family,
        born: born.map(|born| born.to_string()).unwrap_or_default(),
        sex: sex.to_owned(),
        address: line.to_owned(),
        postcode: postcode.to_owned(),
        chi: number(CHI_SYSTEM),
        nhs: number(NHS_SYSTEM),
    }
}
