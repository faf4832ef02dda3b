//! Any bytes as an agreement: read, or refused with every fault at its place; never a panic.
//!
//! The bytes are drawn from a fixed seed, so that a failure repeats. For others, set
//! `KEN_FUZZ_SEED`; for more of them, `KEN_FUZZ_ROUNDS`.

use ken_agreement::lint::lint;
use ken_agreement::{FAULTS_MAX, Instrument};

use crate::shelf;

/// Rounds of each target, unless the environment says otherwise.
const ROUNDS: usize = 150;

/// Pieces that are put in, or put in the place of others.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "#",
    "\\",
    "\u{0}",
    "é",
    "e\u{301}",
    "\u{feff}",
    "-1",
    "0",
    "9223372036854775808",
    "1e999",
    "nan",
    "2027-02-30",
    "2027-04-01T10:00:00Z",
    "true",
    "[[clause]]\n",
    "[[clause.from]]\n",
    "[party]\n",
    "id = \"C1\"\n",
    "schema = \"isa/1\"\n",
    "\"*\"",
    "\"*own\"",
    "kind = \"prohibition\"\n",
    "a.b.c = 1\n",
    "x = [[[[[[[[[[[[]]]]]]]]]]]]\n",
    "[training.\"e\u{301}\"]\ncourse = \"c\"\nvalid_months = 1\n",
    "[training.\"é\"]\ncourse = \"c\"\nvalid_months = 1\n",
    "cite = [\"f\", \"e\u{301}\"]\n",
];

/// A small generator (xorshift), enough to choose places.
struct Draw(u64);

impl Draw {
    fn new() -> Self {
        Self(setting("KEN_FUZZ_SEED").unwrap_or(0x5eed_0001).max(1))
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (most.max(1) as u64)).unwrap()
    }
}

fn rounds() -> usize {
    setting("KEN_FUZZ_ROUNDS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a soak says which bytes, and how many")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Whatever the text is, what is said of it makes sense.
fn whole(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Instrument::parse_with_places(&text) {
        Ok((instrument, places)) => {
            let canonical = instrument.canonical_json();
            let again = Instrument::from_canonical(&canonical).unwrap();
            assert_eq!(again.hash(), instrument.hash());
            for finding in lint(&instrument, &[]) {
                assert!(text.get(places.find(&finding.path)).is_some(), "{finding:?}");
            }
        }
        Err(error) => {
            assert!((1..=FAULTS_MAX).contains(&error.faults.len()), "{error}");
            for fault in &error.faults {
                assert!(fault.at.start <= fault.at.end && fault.at.end <= text.len(), "{fault:?}");
                assert!(fault.line <= text.matches('\n').count() + 1 && fault.line > 0);
                assert!(!fault.what.is_empty() && !fault.what.contains('\n'), "{fault:?}");
            }
        }
    }
    let _ = Instrument::from_canonical(&text);
}

/// Cuts, repeats or replaces a few pieces of a text.
fn damaged(text: &str, draw: &mut Draw) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=draw.below(3) {
        let (from, piece) = (draw.below(bytes.len()), PIECES[draw.below(PIECES.len())]);
        let lines = draw.below(2) == 0;
        let (mut start, mut end) = (from, (from + draw.below(30)).min(bytes.len()));
        if lines {
            start = bytes[..from].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
            end = bytes[from..]
                .iter()
                .position(|b| *b == b'\n')
                .map_or(bytes.len(), |n| from + n + 1);
        }
        match draw.below(3) {
            0 => drop(bytes.splice(start..end, [])),
            1 => drop(bytes.splice(start..start, piece.bytes())),
            _ => drop(bytes.splice(start..end, piece.bytes())),
        }
    }
    bytes
}

#[test]
fn nearly_agreements() {
    let mut draw = Draw::new();
    for _ in 0..rounds() {
        let (_, text) = shelf::TEXTS[draw.below(shelf::TEXTS.len())];
        whole(&damaged(text, &mut draw));
    }
}

#[test]
fn nearly_canonical_forms() {
    let mut draw = Draw::new();
    let forms: Vec<_> = shelf::all().iter().map(Instrument::canonical_json).collect();
    for _ in 0..rounds() {
        whole(&damaged(&forms[draw.below(forms.len())], &mut draw));
    }
}

#[test]
fn bytes() {
    let mut draw = Draw::new();
    for _ in 0..rounds() * 20 {
        let len = draw.below(60);
        let pieces = draw.below(2) == 0;
        let bytes: Vec<u8> = (0..len)
            .flat_map(|_| {
                if pieces {
                    PIECES[draw.below(PIECES.len())].as_bytes().to_vec()
                } else {
                    vec![u8::try_from(draw.below(256)).unwrap()]
                }
            })
            .collect();
        whole(&bytes);
    }
}

#[test]
fn two_spellings_of_one_letter_are_one() {
    let text = shelf::text("glen-girfec@1");
    let check = |e: &str| {
        let list = format!("obligations = [\"f\", \"{e}\"]\nvisible_to_person");
        let text = text.replacen("visible_to_person", &list, 1);
        let instrument = Instrument::parse(&text).unwrap();
        let again = Instrument::from_canonical(&instrument.canonical_json()).unwrap();
        assert_eq!(again, instrument);
        instrument.hash()
    };
    assert_eq!(check("é"), check("e\u{301}"));
    let course = |e: &str| format!("[training.\"{e}\"]\ncourse = \"c\"\nvalid_months = 1\n");
    let twice = format!("{text}\n{}{}", course("é"), course("e\u{301}"));
    let told = Instrument::parse(&twice).unwrap_err();
    assert_eq!(told.faults.len(), 1, "{told}");
    assert!(told.to_string().contains("is written twice"), "{told}");
}
