//! The journal: what the recorder wrote down.
//!
//! One line each, so that a journal whose end is missing is still read:
//! `w FILE OFFSET HEX`, `t FILE LENGTH`, `s FILE` (its bytes are safe), `c FILE NAME` (made),
//! `r NAME NAME` (renamed), `u NAME` (removed), `d` (the folder's names are safe), `m TEXT` (the
//! process said something). FILE is a number that stays with a file whatever its name.

/// One thing that a process did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Wrote bytes.
    Write {
        /// Which file.
        file: u64,
        /// Where.
        at: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// Cut or lengthened a file.
    Truncate {
        /// Which file.
        file: u64,
        /// To how many bytes.
        len: usize,
    },
    /// Was told that a file's bytes are safe.
    Sync {
        /// Which file.
        file: u64,
    },
    /// Made a file, or opened one that was there.
    Create {
        /// Which file.
        file: u64,
        /// Under which name.
        name: String,
    },
    /// Gave a file another name.
    Rename {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
    },
    /// Removed a name.
    Remove {
        /// Which.
        name: String,
    },
    /// Was told that the folder's names are safe.
    SyncNames,
    /// Said something, which is what a cut must be measured by.
    Said(String),
}

/// What a process did, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// Each thing.
    pub events: Vec<Event>,
}

impl Journal {
    /// Reads what the recorder wrote; a last line that is not whole is left out.
    ///
    /// `None` when another line cannot be read.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let whole = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or_default());
        let events: Option<Vec<Event>> = whole.lines().map(event).collect();
        events.map(|events| Self { events })
    }
}

fn event(line: &str) -> Option<Event> {
    let mut words = line.split(' ');
    let kind = words.next()?;
    let mut word = || words.next();
    Some(match kind {
        "w" => Event::Write {
            file: word()?.parse().ok()?,
            at: word()?.parse().ok()?,
            bytes: from_hex(word()?)?,
        },
        "t" => Event::Truncate { file: word()?.parse().ok()?, len: word()?.parse().ok()? },
        "s" => Event::Sync { file: word()?.parse().ok()? },
        "c" => Event::Create { file: word()?.parse().ok()?, name: word()?.to_owned() },
        "r" => Event::Rename { from: word()?.to_owned(), to: word()?.to_owned() },
        "u" => Event::Remove { name: word()?.to_owned() },
        "d" => Event::SyncNames,
        "m" => Event::Said(line.get(2..)?.to_owned()),
        _ => return None,
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_back_up_to_its_last_whole_line() {
        let text = "c 1 a.db\nw 1 512 00ff\ns 1\nt 1 3\nd\nm kept 7\nr a.db b.db\nu b.db\nw 1 0 1";
        let events = Journal::read(text).unwrap().events;
        assert_eq!(events.len(), 8);
        assert_eq!(events[1], Event::Write { file: 1, at: 512, bytes: vec![0, 255] });
        assert_eq!(events[5], Event::Said("kept 7".into()));
        assert_eq!(Journal::read("w 1 0 0g\n"), None);
        assert_eq!(Journal::read("x\n"), None);
    }
}
