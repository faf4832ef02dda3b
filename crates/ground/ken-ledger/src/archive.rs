//! Files in one file: a ZIP whose bytes follow from the files alone.
//!
//! Every system that people have opens it. Nothing is compressed, no file has a time of its own or
//! an owner, and they stand in the order of their names: the same files give the same bytes.
//!
//! # Invariants
//!
//! - What is read is what would have been written: every byte of an archive counts.
//! - An archive is at most [`ARCHIVE_BYTES_MAX`] long, and no claim of a header makes memory.
//!
//! # Sources
//!
//! - PKWARE APPNOTE 6.3.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its
//!   end); CRC-32 as in 4.4.7.

use std::collections::BTreeMap;

/// Longest archive, in bytes. House policy: a long life's record, several times over.
pub const ARCHIVE_BYTES_MAX: usize = 64 << 20;
/// Most files of an archive.
const FILES_MAX: usize = 64;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// The version that a reader needs: files that are stored as they are.
const VERSION: u16 = 10;
/// 1 January 1980, the first day that the format knows.
const FIRST_DAY: u16 = 0x21;
/// How long the fields are that both headers of a file have.
const SHARED_LEN: usize = 26;
/// Where among them its length and that of its name stand.
const LEN_AT: usize = 14;
const NAME_LEN_AT: usize = 22;
/// The polynomial of CRC-32, lowest bit first.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// Files by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Puts files together; `None` where they are too many or too long.
pub(crate) fn write(files: &Files) -> Option<Vec<u8>> {
    let (mut out, mut directory) = (vec![], vec![]);
    let long: usize = files.values().map(Vec::len).sum();
    if files.len() > FILES_MAX || long > ARCHIVE_BYTES_MAX {
        return None;
    }
    for (name, bytes) in files {
        let (shared, offset) = (shared(name, bytes)?, u32::try_from(out.len()).ok()?);
        let file: [&[u8]; 4] = [LOCAL, &shared, name.as_bytes(), bytes];
        out.extend(file.concat());
        let (version, offset) = (VERSION.to_le_bytes(), offset.to_le_bytes());
        // No remark, the first disk, no attributes.
        let line: [&[u8]; 6] = [CENTRAL, &version, &shared, &[0; 10], &offset, name.as_bytes()];
        directory.extend(line.concat());
    }
    let count = u16::try_from(files.len()).ok()?.to_le_bytes();
    let len = u32::try_from(directory.len()).ok()?.to_le_bytes();
    let offset = u32::try_from(out.len()).ok()?.to_le_bytes();
    out.extend(directory);
    let end: [&[u8]; 7] = [END, &[0; 4], &count, &count, &len, &offset, &[0; 2]];
    out.extend(end.concat());
    (out.len() <= ARCHIVE_BYTES_MAX).then_some(out)
}

/// Takes files apart; `None` unless these are the bytes that [`write`] makes of them.
pub(crate) fn read(bytes: &[u8]) -> Option<Files> {
    let (mut files, mut rest) = (Files::new(), bytes);
    while let Some(file) = rest.strip_prefix(LOCAL).filter(|_| files.len() < FILES_MAX) {
        let (shared, file) = file.split_at_checked(SHARED_LEN)?;
        let len = u32::from_le_bytes(*shared.get(LEN_AT..)?.first_chunk()?);
        let name_len = u16::from_le_bytes(*shared.get(NAME_LEN_AT..)?.first_chunk()?);
        let (name, file) = file.split_at_checked(usize::from(name_len))?;
        let (content, after) = file.split_at_checked(usize::try_from(len).ok()?)?;
        files.insert(String::from_utf8(name.to_vec()).ok()?, content.to_vec());
        rest = after;
    }
    (write(&files)? == bytes).then_some(files)
}

/// The fields that both headers of a file have.
fn shared(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let len = u32::try_from(bytes.len()).ok()?.to_le_bytes();
    let name_len = u16::try_from(name.len()).ok()?.to_le_bytes();
    let (version, day) = (VERSION.to_le_bytes(), FIRST_DAY.to_le_bytes());
    // No flags, not compressed, at midnight; nothing further after the name.
    let parts: [&[u8]; 8] =
        [&version, &[0; 6], &day, &crc32(bytes).to_le_bytes(), &len, &len, &name_len, &[0; 2]];
    Some(parts.concat())
}

fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32| (crc >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(crc & 1));
    let byte = |crc, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| bit(crc));
    !bytes.iter().fold(u32::MAX, byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn headers_are_where_a_reader_looks_for_them() {
        let files = Files::from([("a.txt".to_owned(), b"hello".to_vec())]);
        let bytes = write(&files).unwrap();
        // Local header 30, name 5, content 5; in the directory 46 and the name; 22 at the end.
        assert_eq!(bytes.len(), 40 + 51 + 22);
        assert_eq!(&bytes[30..40], b"a.txthello");
        assert_eq!((&bytes[40..44], &bytes[86..91]), (CENTRAL, b"a.txt".as_slice()));
        assert_eq!(&bytes[91..95], END);
        assert_eq!(bytes[14..18], crc32(b"hello").to_le_bytes());
        assert_eq!(&bytes[4..30], &bytes[46..72], "both headers say the same");
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let of = |count: usize| (0..count).map(|n| (format!("{n}"), vec![])).collect::<Files>();
        assert!(write(&of(FILES_MAX)).is_some() && write(&of(FILES_MAX + 1)).is_none());
        let long = |len| Files::from([("a".to_owned(), vec![0; len])]);
        assert!(write(&long(ARCHIVE_BYTES_MAX)).is_none());
    }

    proptest! {
        #[test]
        fn files_come_back_and_any_bytes_are_read_or_refused(
            files in proptest::collection::btree_map(
                "[a-z.]{1,9}", proptest::collection::vec(any::<u8>(), 0..40), 0..4,
            ),
            noise in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let bytes = write(&files).unwrap();
            prop_assert_eq!(read(&bytes), Some(files));
            prop_assert!(read(&[LOCAL, &noise].concat()).is_none());
            prop_assert!(read(&[bytes, noise.clone()].concat()).is_none() || noise.is_empty());
        }
    }
}
