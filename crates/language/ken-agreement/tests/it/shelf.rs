//! The texts that the tests read.

use ken_agreement::Instrument;

pub(crate) const TEXTS: [(&str, &str); 8] = [
    ("statute-pack@2027-04", include_str!("../../../../../agreements/statute-pack.toml")),
    ("scot-accord@3", include_str!("../../../../../agreements/scot-accord.toml")),
    ("lowland-accord@1", include_str!("../../../../../agreements/lowland-accord.toml")),
    ("glen-welfare-checks@1", include_str!("../../../../../agreements/glen-welfare-checks.toml")),
    ("glen-direct-care@1", include_str!("../../../../../agreements/glen-direct-care.toml")),
    ("glen-girfec@1", include_str!("../../../../../agreements/glen-girfec.toml")),
    ("glen-asp-concern@2.1.0", include_str!("../../../../../agreements/glen-asp-concern.toml")),
    ("glen-police-asp@1", include_str!("../../../../../agreements/glen-police-asp.toml")),
];

/// Every instrument of the partnership.
pub(crate) fn all() -> Vec<Instrument> {
    TEXTS.iter().map(|(name, _)| one(name)).collect()
}

/// One of them, by name.
pub(crate) fn one(name: &str) -> Instrument {
    Instrument::parse(text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The text of one of them.
pub(crate) fn text(name: &str) -> &'static str {
    TEXTS.iter().find(|(of, _)| *of == name).unwrap().1
}

/// One of them with a piece of its text changed; the piece must be there.
pub(crate) fn changed(name: &str, old: &str, new: &str) -> Instrument {
    let text = text(name);
    assert!(text.contains(old), "{name} has no {old:?}");
    let text = text.replacen(old, new, 1);
    Instrument::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}
