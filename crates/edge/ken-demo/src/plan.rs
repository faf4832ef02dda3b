//! What stands around the history: who has to do with whom beyond what messages assert, and who
//! signs which agreement.

use crate::organisation::ORGANISATIONS;
use crate::place::Region;

/// A relationship that a register of the demo asserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relationship {
    /// The handle of the person's story.
    pub person: &'static str,
    /// What kind, as clauses require it.
    pub kind: &'static str,
    /// Whose it is.
    pub organisation: &'static str,
    /// The key of the one practitioner it belongs to; the whole organisation's where there is none.
    pub practitioner: Option<&'static str>,
}

const fn with(
    person: &'static str,
    kind: &'static str,
    organisation: &'static str,
    practitioner: Option<&'static str>,
) -> Relationship {
    Relationship { person, kind, organisation, practitioner }
}

/// Relationships that no message asserts.
pub const RELATIONSHIPS: &[Relationship] = &[
    with("morag", "direct-care", "ooh", None),
    with("hamish", "direct-care", "ooh", None),
    with("isla", "girfec-team", "cec", Some("beth.ogilvie")),
    with("isla", "girfec-team", "practice", None),
    with("isla", "girfec-team", "primary", Some("donald.yuill")),
    with("zofia", "girfec-team", "practice", None),
    with("leanne", "open-inquiry", "cec", Some("nadia.hussain")),
    with("leanne", "open-inquiry", "nhsl", Some("helen.aitken")),
    with("leanne", "concern-report", "police", None),
    with("shabnam", "direct-care", "strath-nhs", None),
];

/// People of the stories who are family: neither opens the other's record alone.
pub const FAMILIES: &[(&str, &str)] =
    &[("morag", "catriona"), ("catriona", "isla"), ("morag", "isla"), ("agnieszka", "zofia")];

/// Practitioners who are people of a story too, and must not open their own record at work.
pub const OWN_RECORDS: &[(&str, &str)] = &[("jo.findlay", "jo-findlay")];

/// A copy of an agreement that the demo signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signing {
    /// Its id, without the version.
    pub instrument: &'static str,
    /// The parties that have not signed; everybody else in the instrument has.
    pub unsigned: &'static [&'static str],
}

/// What is signed, what others stand on first.
pub const SIGNINGS: &[Signing] = &[
    Signing { instrument: "statute-pack", unsigned: &[] },
    Signing { instrument: "scot-accord", unsigned: &[] },
    Signing { instrument: "glen-direct-care", unsigned: &[] },
    Signing { instrument: "glen-girfec", unsigned: &[] },
    Signing { instrument: "glen-asp-concern", unsigned: &["rowan"] },
];

/// The organisations of a partnership.
pub fn organisations_of(region: Region) -> impl Iterator<Item = &'static str> {
    ORGANISATIONS.iter().filter(move |one| one.region == region).map(|one| one.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::Organisation;
    use crate::practitioner::Practitioner;
    use crate::story::stories;

    #[test]
    fn everyone_named_exists() {
        for one in RELATIONSHIPS {
            assert!(stories().any(|story| story.handle == one.person), "{}", one.person);
            assert!(Organisation::find(one.organisation).is_some(), "{}", one.organisation);
            let Some(key) = one.practitioner else { continue };
            let at = Practitioner::find(key).map(|practitioner| practitioner.organisation);
            assert_eq!(at, Some(one.organisation), "{key}");
        }
        let told = |handle: &str| stories().any(|story| story.handle == handle);
        assert!(FAMILIES.iter().all(|(one, other)| told(one) && told(other)));
        let own = |(key, handle): &(&str, &str)| Practitioner::find(key).is_some() && told(handle);
        assert!(OWN_RECORDS.iter().all(own));
    }

    #[test]
    fn one_signature_is_missing() {
        let missing: Vec<_> = SIGNINGS.iter().flat_map(|one| one.unsigned).collect();
        assert_eq!(missing, [&"rowan"]);
        assert_eq!(organisations_of(Region::Glen).count(), 7);
    }
}
