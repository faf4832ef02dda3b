//! What an earlier version signed reads for ever, to the same bytes and the same hash.
//!
//! The files are canonical forms as the first release made them, named by their hash. They are
//! never changed and never made again: a change of the language that cannot read them is refused.

use std::fs;
use std::path::Path;

use ken_agreement::Instrument;

#[test]
fn what_was_signed_reads_for_ever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signed");
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let instrument = Instrument::from_canonical(&text).unwrap();
        assert_eq!(instrument.canonical_json(), text, "{}", path.display());
        assert_eq!(Some(instrument.hash().as_str()), path.file_stem().unwrap().to_str());
        read += 1;
    }
    assert_eq!(read, 5, "a signed form was lost, or one was added without its count");
}
