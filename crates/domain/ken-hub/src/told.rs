//! What a message tells, read before anything is claimed for it.

use std::borrow::Cow;

use ken_hl7::map::{self, MapError, Mapped};
use ken_hl7::{Message, ParseError};
use ken_records::Namer;
use ken_store::keys::KeyRing;

/// What a message tells of one person.
pub(crate) struct Told<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) mapped: Mapped,
}

/// What a message of a system tells: of one person, or of each pair that it merges. Things are
/// called as the record keeps their names.
pub(crate) fn told<'a>(
    keys: &KeyRing,
    system: &str,
    bytes: &'a [u8],
) -> Result<Vec<Told<'a>>, &'static str> {
    let namer = Namer::new(keys);
    let mapped = |bytes: &[u8]| -> Result<Mapped, &'static str> {
        let message = Message::parse(bytes).map_err(ParseError::code)?;
        let mut mapped = map::map(&message).map_err(MapError::code)?;
        mapped.rename(|key| namer.key(system, key));
        Ok(mapped)
    };
    let message = Message::parse(bytes).map_err(ParseError::code)?;
    let pairs = map::pairs(&message, bytes);
    if pairs.is_empty() {
        return Ok(vec![Told { mapped: mapped(bytes)?, bytes: Cow::Borrowed(bytes) }]);
    }
    let one = |pair: Vec<u8>| Ok(Told { mapped: mapped(&pair)?, bytes: Cow::Owned(pair) });
    pairs.into_iter().map(one).collect()
}
