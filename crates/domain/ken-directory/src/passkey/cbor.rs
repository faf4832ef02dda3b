//! As much of CBOR as an authenticator sends: definite lengths, no tags, a shallow tree.
//!
//! Source: RFC 8949; CTAP 2 canonical form, which nests at most four deep.

/// Deepest nesting that is followed.
const DEPTH_MAX: u8 = 8;
/// Most entries of a map or an array.
const ENTRIES_MAX: u64 = 64;

/// One item, or the head of one that contains others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A whole number of either sign.
    Int(i128),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
    /// An array of so many items, which follow.
    Array(u64),
    /// A map of so many pairs, which follow.
    Map(u64),
    /// `false`, `true`, `null` or a float: nothing that is looked at here.
    Other,
}

/// Reads items one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads one item, or the head of one.
    pub(super) fn item(&mut self) -> Option<Item<'a>> {
        let [first] = self.take::<1>()?;
        let value = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            24 => u64::from(u8::from_be_bytes(self.take()?)),
            25 => u64::from(u16::from_be_bytes(self.take()?)),
            26 => u64::from(u32::from_be_bytes(self.take()?)),
            27 => u64::from_be_bytes(self.take()?),
            _ => return None,
        };
        Some(match first >> 5 {
            0 => Item::Int(i128::from(value)),
            1 => Item::Int(-1 - i128::from(value)),
            2 => Item::Bytes(self.bytes(value)?),
            3 => Item::Text(std::str::from_utf8(self.bytes(value)?).ok()?),
            4 if value <= ENTRIES_MAX => Item::Array(value),
            5 if value <= ENTRIES_MAX => Item::Map(value),
            7 => Item::Other,
            _ => return None,
        })
    }

    /// Passes over one item and all that it contains.
    pub(super) fn skip(&mut self) -> Option<()> {
        self.skip_within(DEPTH_MAX)
    }

    fn skip_within(&mut self, depth: u8) -> Option<()> {
        let inside = match self.item()? {
            Item::Array(count) => count,
            Item::Map(count) => 2 * count,
            _ => return Some(()),
        };
        let depth = depth.checked_sub(1)?;
        (0..inside).try_for_each(|_| self.skip_within(depth))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    fn bytes(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn items_are_those_of_the_standard() {
        // RFC 8949, appendix A.
        let check = |bytes: &[u8], want: Option<Item<'_>>| {
            assert_eq!(Reader::new(bytes).item(), want, "{bytes:x?}");
        };
        check(&[0x17], Some(Item::Int(23)));
        check(&[0x18, 0x64], Some(Item::Int(100)));
        check(&[0x1a, 0x00, 0x0f, 0x42, 0x40], Some(Item::Int(1_000_000)));
        check(&[0x39, 0x03, 0xe7], Some(Item::Int(-1000)));
        check(&[0x26], Some(Item::Int(-7)));
        check(&[0x44, 1, 2, 3, 4], Some(Item::Bytes(&[1, 2, 3, 4])));
        check(b"\x64IETF", Some(Item::Text("IETF")));
        check(&[0x83], Some(Item::Array(3)));
        check(&[0xa0], Some(Item::Map(0)));
        check(&[0xf5], Some(Item::Other));
        check(&[0x44, 1, 2, 3], None);
        check(&[0x61, 0xff], None);
        check(&[0x5f], None);
        check(&[0xc0], None);
        check(&[0xba, 0xff, 0xff, 0xff, 0xff], None);
        check(&[], None);
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
        assert_eq!(Reader::new(&nested(8)).skip(), Some(()));
        assert_eq!(Reader::new(&nested(9)).skip(), None);
        assert_eq!(Reader::new(&nested(100_000)).skip(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            while reader.skip().is_some() {
                prop_assert!(reader.rest().len() < bytes.len());
                if reader.rest().is_empty() {
                    break;
                }
            }
        }
    }
}
