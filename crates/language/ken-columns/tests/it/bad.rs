//! Files that lie: refused with a code, at once, and without the memory that they claim.
//!
//! Each walk is repeatable; `KEN_TEST_SEEDS` asks for more of them.

use std::io::Cursor;

use ken_columns::{Cell, ColumnsError, Form, MAGIC, Reader, Writer};

use crate::read;

const FILES: [&[u8]; 8] = [
    include_bytes!("files/arrow.parquet"),
    include_bytes!("files/arrow-zstd-2.parquet"),
    include_bytes!("files/arrow-plain-96.parquet"),
    include_bytes!("files/duck.parquet"),
    include_bytes!("files/polars.parquet"),
    include_bytes!("files/nested.parquet"),
    include_bytes!("files/duck-gzip.parquet"),
    include_bytes!("files/arrow-lz4-2.parquet"),
];

/// How often each file is changed.
#[expect(clippy::disallowed_methods, reason = "a setting of a test, not of the product")]
fn seeds() -> u64 {
    std::env::var("KEN_TEST_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// The next number of a repeatable walk.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn below(state: &mut u64, many: usize) -> usize {
    usize::try_from(next(state)).unwrap() % many.max(1)
}

/// Rows of a file that may be anything: how many were read before it ended or was refused.
fn rows(bytes: &[u8]) -> u64 {
    let Ok(mut reader) = Reader::open(Cursor::new(bytes)) else { return 0 };
    let (claimed, many) = (reader.rows(), reader.heads().count());
    let mut seen = 0;
    if reader.select(0..many).is_ok() {
        while seen < 5_000 && reader.next().is_ok_and(|more| more) {
            assert!((0..many).all(|at| reader.get(at).len() <= 256 << 10));
            seen += 1;
        }
    }
    assert!(seen <= claimed);
    seen
}

#[test]
fn any_change_of_a_file_is_read_or_refused() {
    let (mut changed, mut read) = (0u64, 0u64);
    for seed in 0..seeds() {
        for file in FILES {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5151;
            let mut bytes = file.to_vec();
            // The footer, where lengths are claimed, is as likely as all the rest.
            let tail = bytes.len() - below(&mut state, 3_000.min(bytes.len()));
            for _ in 0..=below(&mut state, 4) {
                let from = if below(&mut state, 2) == 0 { 0 } else { tail };
                let at = from + below(&mut state, bytes.len() - from);
                let byte = u8::try_from(below(&mut state, 256)).unwrap();
                let step = [byte, 0x80, 0xff, 0x7f, 0][below(&mut state, 5)];
                if let Some(own) = bytes.get_mut(at) {
                    *own = step;
                }
            }
            if below(&mut state, 4) == 0 {
                let cut = below(&mut state, bytes.len());
                bytes.drain(cut..(cut + below(&mut state, 64)).min(bytes.len()));
            }
            changed += 1;
            read += u64::from(rows(&bytes) > 0);
        }
    }
    // Else nothing but the mark would be tried.
    assert!(read * 5 > changed, "{read} of {changed}");
}

#[test]
fn a_part_of_a_file_is_told_as_such() {
    for file in FILES {
        for len in (0..file.len()).step_by(97).chain([0, 3, 4, 8, 11, 12]) {
            let part = &file[..len];
            assert!(matches!(read(part), Err(ColumnsError::NotParquet)), "{len}");
        }
        let mut other = file.to_vec();
        other[0] = b'Q';
        assert!(matches!(read(&other), Err(ColumnsError::NotParquet)));
    }
    assert_eq!(read(b"rec_id,forename\n1,Ann\n").unwrap_err().code(), "columns.not-parquet");
}

/// A file of nothing but a footer.
fn footer(of: &[u8]) -> Vec<u8> {
    let len = u32::try_from(of.len()).unwrap().to_le_bytes();
    [&MAGIC, of, &len, &MAGIC].concat()
}

#[test]
fn what_a_footer_claims_takes_no_memory() {
    let broken = |of: &[u8]| match read(&footer(of)) {
        Err(ColumnsError::Broken(_)) => {}
        other => panic!("{other:?}"),
    };
    let endless = [0xff, 0xff, 0xff, 0xff, 0x07];
    // Columns, groups and notes by the thousand million.
    for field in [0x29, 0x49, 0x59] {
        broken(&[&[field, 0xfc], endless.as_slice()].concat());
    }
    // Columns, groups and notes that are there, and take a byte each.
    for field in [0x29, 0x49, 0x59] {
        let many = [vec![field, 0xfc, 0xc0, 0x9a, 0x0c], vec![0; 200_000]].concat();
        let refused = read(&footer(&many));
        assert!(matches!(refused, Err(ColumnsError::TooMuch(_))), "{field}: {refused:?}");
    }
    // Parts of columns that say nothing, and more of them than any file has.
    let group = |chunk: &[u8]| [&[0x19, 0xfc, 0xe8, 0x07], &*chunk.repeat(1_000), &[0]].concat();
    let groups = |chunk: &[u8]| [&[0x49, 0xfc, 0xd0, 0x0f], &*group(chunk).repeat(2_000)].concat();
    broken(&groups(&[0]));
    let refused = read(&footer(&groups(&[0x3c, 0, 0])));
    assert!(matches!(refused, Err(ColumnsError::TooMuch(_))), "{refused:?}");
    // Lists in lists in lists.
    broken(&[&[0x79], [0x19; 4_000].as_slice()].concat());
    // A map of as many.
    broken(&[&[0x8b], endless.as_slice(), &[0x88]].concat());
    // A name that is longer than the file.
    broken(&[&[0x68], endless.as_slice()].concat());
    // A footer that is longer than the file, and one that is longer than any.
    let long = [MAGIC.as_slice(), &[0; 4], &9u32.to_le_bytes(), &MAGIC].concat();
    assert!(matches!(read(&long), Err(ColumnsError::Broken(_))));
    let long = [MAGIC.as_slice(), &[0; 4], &u32::MAX.to_le_bytes(), &MAGIC].concat();
    assert!(matches!(read(&long), Err(ColumnsError::TooMuch(_))));
}

/// A file of a few rows, in which one run of bytes, which stands there once, is another.
fn with(find: &[u8], put: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &[("name", Form::Text)]).unwrap();
    for name in ["Ann", "Bea", "Cat"] {
        writer.push(&[Cell::Text(name)]).unwrap();
    }
    let bytes = writer.finish(&[]).unwrap();
    assert_eq!(read(&bytes).unwrap().1.len(), 3);
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(find)).collect();
    assert_eq!(places.len(), 1, "{find:?} in {bytes:?}");
    assert_eq!(find.len(), put.len());
    let mut bytes = bytes;
    bytes[places[0]..places[0] + put.len()].copy_from_slice(put);
    bytes
}

#[test]
fn what_a_page_or_a_group_claims_takes_no_memory() {
    // The head of the page: 21 bytes, three values. Its length unpacked is 21 in the file, too.
    let head = [0x15, 0, 0x15, 42, 0x15, 42, 0x2c, 0x15, 6];
    let check = |put: [u8; 9], want: &str| {
        let told = read(&with(&head, &put)).unwrap_err();
        assert_eq!(told.code(), want, "{told}");
    };
    // Longer than the page, longer than its column, fewer and more values than rows.
    check([0x15, 0, 0x15, 44, 0x15, 42, 0x2c, 0x15, 6], "columns.broken");
    check([0x15, 0, 0x15, 42, 0x15, 126, 0x2c, 0x15, 6], "columns.broken");
    check([0x15, 0, 0x15, 42, 0x15, 42, 0x2c, 0x15, 4], "columns.broken");
    check([0x15, 0, 0x15, 42, 0x15, 42, 0x2c, 0x15, 8], "columns.broken");
    check([0x15, 0, 0x15, 41, 0x15, 42, 0x2c, 0x15, 6], "columns.broken");
    // A value that is longer than its page, and one that ends within its length.
    let told = read(&with(b"\x03\0\0\0Cat", b"\x03\0\0\x7fCat")).unwrap_err();
    assert_eq!(told.code(), "columns.broken");
    // Three rows in the group, and more than so few bytes can mean.
    let rows = [0x16, 6, 0];
    let bytes = with(b"Ann", b"Ann");
    let place = bytes.windows(3).rposition(|three| three == rows).unwrap();
    let mut many = bytes[..place].to_vec();
    many.extend([0x16, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0]);
    many.extend(&bytes[place + 3..bytes.len() - 8]);
    let before =
        usize::try_from(u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()));
    let len = u32::try_from(before.unwrap() + 5).unwrap();
    many.extend([len.to_le_bytes(), MAGIC].concat());
    assert_eq!(read(&many).unwrap_err().code(), "columns.too-much");
}
