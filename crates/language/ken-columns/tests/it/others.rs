//! What other programs write is read, and what is written here reads as it was.
//!
//! `files/` was made by `PyArrow` 26, `DuckDB` 2.0 and Polars 2.1, each in the way that it writes
//! by itself, and in further ways: the second form of pages, old instants, plain, packed otherwise.

use std::collections::HashMap;
use std::io::Cursor;

use ken_columns::{Cell, ColumnsError, Form, Reader, Writer};

use crate::read;

/// The made-up rows of which the files were made.
fn rows() -> Vec<Vec<String>> {
    let day = |days: i64| {
        let from = jiff::civil::date(1970, 1, 1);
        from.checked_add(jiff::Span::new().days(days)).unwrap().to_string()
    };
    let unless = |is_missing: bool, value: String| if is_missing { String::new() } else { value };
    let names = ["Ann", "Se\u{e1}n", "M\u{f2}rag", "Xiu"];
    let row = |i: i64| {
        vec![
            format!("r{i}"),
            unless(i % 7 == 3, names[usize::try_from(i % 4).unwrap()].to_owned()),
            unless(i % 11 == 5, day(37 * i - 14_610)),
            // Eleven at night in Greenwich, in June, is the next day in Britain.
            unless(i % 13 == 0, day(20_606 + i)),
            unless(i % 5 == 0, (101_234_500 + i).to_string()),
            unless(i % 5 == 0, (f64::from(i32::try_from(i).unwrap()) / 4.0).to_string()),
            unless(i % 9 == 8, (i % 3 == 0).to_string()),
            "same".to_owned(),
            String::new(),
        ]
    };
    (0..300).map(row).collect()
}

#[test]
fn what_others_write_is_read() {
    let heads = ["id", "forename", "born", "seen", "chi", "share", "alive", "one", "none"];
    let check = |name: &str, bytes: &[u8]| {
        let (found, all) = read(bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(found, heads, "{name}");
        let want = rows();
        assert_eq!(all.len(), want.len(), "{name}");
        for (at, (own, want)) in all.iter().zip(&want).enumerate() {
            let mut own = own.clone();
            if name == "arrow-plain-96" {
                // These instants have no zone: the day is that of Greenwich.
                own[3].clone_from(&want[3]);
            }
            assert_eq!(&own, want, "{name}, row {at}");
        }
    };
    check("arrow", include_bytes!("files/arrow.parquet"));
    check("arrow-zstd-2", include_bytes!("files/arrow-zstd-2.parquet"));
    check("arrow-plain-96", include_bytes!("files/arrow-plain-96.parquet"));
    check("duck", include_bytes!("files/duck.parquet"));
    check("arrow-lz4-2", include_bytes!("files/arrow-lz4-2.parquet"));
    check("duck-gzip", include_bytes!("files/duck-gzip.parquet"));
    check("polars", include_bytes!("files/polars.parquet"));
}

#[test]
fn a_mark_is_one_text_within_its_group() {
    let check = |name: &str, bytes: &[u8], groups: usize| {
        let mut reader = Reader::open(Cursor::new(bytes)).unwrap();
        let many = reader.heads().count();
        reader.select(0..many).unwrap();
        let mut texts: HashMap<(usize, u32), String> = HashMap::new();
        let mut marked = 0;
        while reader.next().unwrap() {
            for at in (0..many).filter(|at| reader.mark(*at) != 0) {
                let own = reader.get(at).to_owned();
                let known = texts.entry((reader.group(), reader.mark(at)));
                assert_eq!(*known.or_insert_with(|| own.clone()), own, "{name}");
                marked += 1;
            }
        }
        assert_eq!(texts.keys().map(|(group, _)| *group).max(), Some(groups), "{name}");
        // Texts come again and again; each is kept once.
        assert!(marked > texts.len(), "{name}: {marked} of {}", texts.len());
    };
    check("arrow", include_bytes!("files/arrow.parquet"), 1);
    check("arrow-zstd-2", include_bytes!("files/arrow-zstd-2.parquet"), 3);
    check("duck", include_bytes!("files/duck.parquet"), 1);
    check("polars", include_bytes!("files/polars.parquet"), 1);
}

#[test]
fn what_is_not_read_is_refused_by_name_and_does_not_stop_the_rest() {
    let nested = read(include_bytes!("files/nested.parquet")).unwrap();
    let want = [["1", "p"], ["2", "q"], ["3", "r"]];
    assert_eq!(nested.0, ["id", "last"]);
    assert_eq!(nested.1.iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), want.map(|w| w[1]));
    let refused = |bytes: &[u8]| match read(bytes) {
        Err(why @ ColumnsError::Unknown(_)) => why.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(refused(include_bytes!("files/brotli.parquet")).contains("packed by Brotli"));
    assert!(refused(include_bytes!("files/difference.parquet")).contains("encoding of its values"));
}

#[test]
fn what_is_written_reads_as_it_was() {
    let columns = [("name", Form::Text), ("many", Form::Whole), ("share", Form::Real)];
    let mut writer = Writer::new(Vec::new(), &columns).unwrap();
    let row =
        |i: i64| (format!("n{i} \u{e1}"), i * 7 - 3, f64::from(i32::try_from(i).unwrap()) / 8.0);
    // More than one group of rows.
    let all = 300_000;
    for i in 0..all {
        let (name, many, share) = row(i);
        let cells = [Cell::Text(&name), Cell::Whole(many), Cell::Real(share)];
        writer.push(&cells).unwrap();
    }
    assert!(writer.push(&[Cell::Whole(1), Cell::Whole(1), Cell::Real(1.0)]).is_err());
    assert!(writer.push(&[]).is_err());
    let long = "x".repeat(70_000);
    assert!(writer.push(&[Cell::Text(&long), Cell::Whole(1), Cell::Real(1.0)]).is_err());
    let bytes = writer.finish(&[("model", "2-abc")]).unwrap();
    let mut reader = Reader::open(Cursor::new(bytes)).unwrap();
    assert_eq!(reader.note("model"), Some("2-abc"));
    assert_eq!((reader.note("other"), reader.rows()), (None, all.cast_unsigned()));
    assert_eq!(reader.heads().collect::<Vec<_>>(), ["name", "many", "share"]);
    reader.select([0, 1, 2]).unwrap();
    for i in 0..all {
        assert!(reader.next().unwrap());
        let (name, many, share) = row(i);
        let got = [0, 1, 2].map(|at| reader.get(at).to_owned());
        assert_eq!(got, [name, many.to_string(), share.to_string()]);
    }
    assert!(!reader.next().unwrap() && reader.mended() == 0);
    // A table of nothing is a file, too.
    let empty = Writer::new(Vec::new(), &columns).unwrap().finish(&[]).unwrap();
    assert_eq!(read(&empty).unwrap().1.len(), 0);
}
