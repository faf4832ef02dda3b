//! Checking an export: does it hold, does it extend what you had, who has witnessed it.
//!
//! The file is read once, in constant memory. Every byte of it is covered: entries by the tiles
//! beside them and by the signed roots, tiles by the entries, checkpoints by their signatures, and
//! all of it by the digest at the end.
//!
//! # Invariants
//!
//! - No file, however malformed, makes this panic, hang, or hold more than one tile in memory.
//! - What is believed is the log's key and the witnesses' keys, never the digest: whoever can
//!   change a file can compute a digest.
//!
//! # Sources
//!
//! - RFC 6962; C2SP tlog-tiles; `docs/ledger-format.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::checkpoint::witnesses;
use crate::export::{BUNDLED_LEN, CHECKPOINTS_MAX, HEADER};
use crate::hash::HASH_LEN;
use crate::merkle::Frontier;
use crate::note::{NOTE_LEN_MAX, Note, NoteError, VerifierKey};
use crate::tile::TILE_WIDTH;
use crate::{Checkpoint, Hash, LEAF_DATA_LEN, LEAF_LABEL, Trust, Witnessed};

/// Longest line of the head, in bytes. A key's name is a host name with a path.
const LINE_LEN_MAX: u64 = 1024;

/// What an export turns out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds(Box<Holds>),
    /// It does not.
    Broken(Broken),
}

/// What holds of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holds {
    /// The log's own key, as the file gives it.
    pub log: VerifierKey,
    /// Whether your trust file names that key.
    pub is_trusted: bool,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// It begins with the tree of your checkpoint, which had this many entries.
    pub extends_yours: Option<u64>,
    /// Your witnesses who have cosigned, each with the largest size that it vouches for.
    pub witnessed_by: Vec<Witnessed>,
    /// As far as enough of your witnesses vouch; `None` where you ask for none, or too few have.
    pub quorum_up_to: Option<u64>,
    /// When it was made, in Unix seconds, by the log's own signed word.
    pub made_at_s: Option<u64>,
}

/// Where and how an export is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The first broken entry, from 0, where the fault concerns an entry.
    pub entry: Option<u64>,
    /// What is wrong.
    pub what: Flaw,
}

/// What can be wrong with an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The head is not that of an export.
    #[error("the head of the file is not that of an export")]
    Head,
    /// Your trust file names logs, and this is not one of them.
    #[error("it is not signed by a log that you trust")]
    UnknownLog,
    /// A checkpoint or cosignature does not hold.
    #[error("a checkpoint is not what was signed")]
    Checkpoint,
    /// The entry and the leaf hash stored for it do not agree.
    #[error("the entry and the leaf hash stored for it do not agree")]
    Entry,
    /// The entries do not give the signed root; all before the one named do.
    #[error("this entry, or one after it, is not what was signed")]
    Root,
    /// The tree is not the one of your checkpoint; all before the entry named may be.
    #[error("the log does not begin with what your checkpoint has seen")]
    NotYours,
    /// The log has fewer entries than your checkpoint.
    #[error("the log is shorter than your checkpoint")]
    Shorter,
    /// The file ends too early.
    #[error("the file ends before the entries do")]
    Truncated,
    /// The entries hold, but another byte of the file was changed.
    #[error("the file is not as it was written, though its entries hold")]
    Digest,
    /// Something follows the end.
    #[error("something follows the end of the log")]
    Trailing,
}

/// Why no verdict could be reached.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The file could not be read.
    #[error("the export cannot be read")]
    Io(#[from] io::Error),
    /// Your own earlier checkpoint is not one of this log.
    #[error("the earlier checkpoint is not one of this log")]
    Previous(#[source] NoteError),
}

impl VerifyError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "ledger.io",
            Self::Previous(_) => "ledger.previous-checkpoint",
        }
    }
}

/// Checks an export against whom you trust and, if you have one, an earlier checkpoint.
///
/// # Errors
///
/// [`VerifyError`] when there can be no verdict. That the file is broken is a verdict.
pub fn verify(
    reader: impl Read,
    trust: &Trust,
    previous: Option<&Note>,
) -> Result<Verdict, VerifyError> {
    verify_seeking(reader, trust, previous, &mut BTreeMap::new())
}

/// Checks an export as [`verify()`], and says of each leaf that is sought where it stands.
pub(crate) fn verify_seeking(
    reader: impl Read,
    trust: &Trust,
    previous: Option<&Note>,
    sought: &mut BTreeMap<Hash, Option<u64>>,
) -> Result<Verdict, VerifyError> {
    let mut check = Check::new(reader, trust, sought);
    match check.run(previous) {
        Ok(holds) => Ok(Verdict::Holds(Box::new(holds))),
        Err(Stop::Broken(broken)) => Ok(Verdict::Broken(broken)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Why the reading ends before the end.
enum Stop {
    Broken(Broken),
    Failed(VerifyError),
}

impl Stop {
    fn flaw(what: Flaw) -> Self {
        Self::Broken(Broken { entry: None, what })
    }

    fn at(entry: u64, what: Flaw) -> Self {
        Self::Broken(Broken { entry: Some(entry), what })
    }
}

struct Check<'a, R> {
    reader: BufReader<R>,
    digest: Sha256,
    trust: &'a Trust,
    tree: Frontier,
    /// The size up to which signed roots have confirmed the entries.
    confirmed: u64,
    /// Leaves that somebody holds a promise for, each with its place once it was met.
    sought: &'a mut BTreeMap<Hash, Option<u64>>,
}

impl<'a, R: Read> Check<'a, R> {
    fn new(reader: R, trust: &'a Trust, sought: &'a mut BTreeMap<Hash, Option<u64>>) -> Self {
        let (reader, tree) = (BufReader::new(reader), Frontier::default());
        Self { reader, digest: Sha256::new(), trust, tree, confirmed: 0, sought }
    }

    fn run(&mut self, previous: Option<&Note>) -> Result<Holds, Stop> {
        let (log, notes) = self.head()?;
        let is_trusted = self.trust.logs().contains(&log);
        if !is_trusted && !self.trust.logs().is_empty() {
            return Err(Stop::flaw(Flaw::UnknownLog));
        }
        let (roots, witnessed) = self.checkpoints(&notes, &log)?;
        let made_at_s = made_at(&log, notes.last())?;
        let Some(last) = roots.last().cloned() else { return Err(Stop::flaw(Flaw::Head)) };
        let previous = previous.map(|note| Checkpoint::open(note, &log)).transpose();
        let previous = previous.map_err(|error| Stop::Failed(VerifyError::Previous(error)))?;
        if previous.as_ref().is_some_and(|previous| previous.size > last.size) {
            return Err(Stop::at(last.size, Flaw::Shorter));
        }
        self.entries(&roots, previous.as_ref(), last.size)?;
        self.end()?;
        Ok(Holds {
            log,
            is_trusted,
            size: last.size,
            root: last.root,
            extends_yours: previous.map(|previous| previous.size),
            quorum_up_to: self.quorum_up_to(&witnessed),
            witnessed_by: newest(witnessed),
            made_at_s,
        })
    }

    /// The log's key and the notes, unchecked.
    fn head(&mut self) -> Result<(VerifierKey, Vec<Note>), Stop> {
        if self.line()? != HEADER {
            return Err(Stop::flaw(Flaw::Head));
        }
        let log = self.line()?.parse().map_err(|_| Stop::flaw(Flaw::Head))?;
        let count = self.number(CHECKPOINTS_MAX)?;
        let mut notes = Vec::new();
        for _ in 0..count {
            let len = self.number(NOTE_LEN_MAX)?;
            let mut bytes = vec![0; len];
            self.fill(&mut bytes).map_err(in_head)?;
            let text = String::from_utf8(bytes).map_err(|_| Stop::flaw(Flaw::Checkpoint))?;
            notes.push(text.parse().map_err(|_| Stop::flaw(Flaw::Checkpoint))?);
        }
        Ok((log, notes))
    }

    /// The signed roots, each larger than the one before, and who has cosigned.
    fn checkpoints(
        &self,
        notes: &[Note],
        log: &VerifierKey,
    ) -> Result<(Vec<Checkpoint>, Vec<Witnessed>), Stop> {
        let known = self.trust.witnesses();
        let (mut roots, mut witnessed) = (Vec::<Checkpoint>::new(), Vec::new());
        for note in notes {
            let bad = |_| Stop::flaw(Flaw::Checkpoint);
            let next = Checkpoint::open(note, log).map_err(bad)?;
            if roots.last().is_some_and(|last| last.size >= next.size) {
                return Err(Stop::flaw(Flaw::Checkpoint));
            }
            witnessed.extend(witnesses(note, &known).map_err(bad)?);
            roots.push(next);
        }
        Ok((roots, witnessed))
    }

    fn entries(
        &mut self,
        roots: &[Checkpoint],
        previous: Option<&Checkpoint>,
        size: u64,
    ) -> Result<(), Stop> {
        self.confirm(roots, previous)?;
        while self.tree.size() < size {
            let width = TILE_WIDTH.min(size - self.tree.size());
            let width = usize::try_from(width).unwrap_or_default();
            let mut bundle = vec![0; width * BUNDLED_LEN];
            let mut tile = vec![0; width * HASH_LEN];
            let at = self.tree.size();
            self.fill(&mut bundle).map_err(|stop| missing(stop, at))?;
            self.fill(&mut tile).map_err(|stop| missing(stop, at))?;
            for (entry, hash) in bundle.chunks(BUNDLED_LEN).zip(tile.chunks(HASH_LEN)) {
                let leaf = leaf_of(entry).filter(|leaf| leaf.as_bytes() == hash);
                let leaf = leaf.ok_or_else(|| Stop::at(self.tree.size(), Flaw::Entry))?;
                if let Some(place) = self.sought.get_mut(&leaf) {
                    place.get_or_insert(self.tree.size());
                }
                self.tree.push(leaf);
                self.confirm(roots, previous)?;
            }
        }
        Ok(())
    }

    /// Compares the tree so far with the root signed, or seen, at this size, if there is one.
    fn confirm(&mut self, roots: &[Checkpoint], previous: Option<&Checkpoint>) -> Result<(), Stop> {
        let size = self.tree.size();
        let here = |checkpoint: &&Checkpoint| checkpoint.size == size;
        let signed = roots.binary_search_by_key(&size, |root| root.size).ok();
        let signed = signed.and_then(|index| roots.get(index));
        if signed.is_some_and(|signed| signed.root != self.tree.root()) {
            return Err(Stop::at(self.confirmed, Flaw::Root));
        }
        if previous.filter(here).is_some_and(|seen| seen.root != self.tree.root()) {
            return Err(Stop::at(self.confirmed, Flaw::NotYours));
        }
        if signed.is_some() {
            self.confirmed = size;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        let want = self.digest.clone().finalize();
        let mut digest = [0; HASH_LEN];
        self.fill(&mut digest).map_err(|stop| missing(stop, self.tree.size()))?;
        if want.as_slice() != digest {
            return Err(Stop::flaw(Flaw::Digest));
        }
        let rest = self.reader.fill_buf().map_err(failed)?;
        rest.is_empty().then_some(()).ok_or(Stop::flaw(Flaw::Trailing))
    }

    fn quorum_up_to(&self, witnessed: &[Witnessed]) -> Option<u64> {
        if !self.trust.asks_quorum() {
            return None;
        }
        let at = |size: u64| {
            let here = witnessed.iter().filter(|by| by.size == size).cloned();
            self.trust.is_quorum(&here.collect::<Vec<_>>())
        };
        witnessed.iter().map(|by| by.size).filter(|size| at(*size)).max()
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Stop> {
        self.reader.read_exact(bytes).map_err(failed)?;
        self.digest.update(bytes);
        Ok(())
    }

    fn line(&mut self) -> Result<String, Stop> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.reader).take(LINE_LEN_MAX);
        bounded.read_until(b'\n', &mut line).map_err(failed)?;
        self.digest.update(&line);
        let text = String::from_utf8(line).ok();
        let line = text.as_deref().and_then(|text| text.strip_suffix('\n'));
        line.map(str::to_owned).ok_or(Stop::flaw(Flaw::Head))
    }

    fn number(&mut self, max: usize) -> Result<usize, Stop> {
        let line = self.line()?;
        let number =
            line.parse().ok().filter(|number: &usize| *number <= max && number.to_string() == line);
        number.ok_or(Stop::flaw(Flaw::Head))
    }
}

/// When the log says that its newest checkpoint was still its newest.
fn made_at(log: &VerifierKey, newest: Option<&Note>) -> Result<Option<u64>, Stop> {
    let bad = |_| Stop::flaw(Flaw::Checkpoint);
    let dating = log.dating().map_err(bad)?;
    newest.map_or(Ok(None), |note| dating.check(note).map_err(bad))
}

/// The leaf hash of a bundled entry; `None` when it is not one of this format.
fn leaf_of(bundled: &[u8]) -> Option<Hash> {
    let (len, data) = bundled.split_first_chunk()?;
    let whole = usize::from(u16::from_be_bytes(*len)) == LEAF_DATA_LEN;
    (whole && data.starts_with(LEAF_LABEL)).then(|| Hash::leaf(data))
}

fn failed(error: io::Error) -> Stop {
    match error.kind() {
        ErrorKind::UnexpectedEof => Stop::flaw(Flaw::Truncated),
        _ => Stop::Failed(VerifyError::Io(error)),
    }
}

/// A file that ends among its entries breaks at the first that is not whole.
fn missing(stop: Stop, entry: u64) -> Stop {
    match stop {
        Stop::Broken(Broken { what: Flaw::Truncated, .. }) => Stop::at(entry, Flaw::Truncated),
        stop => stop,
    }
}

/// A file that ends in its head is no export.
fn in_head(stop: Stop) -> Stop {
    match stop {
        Stop::Broken(_) => Stop::flaw(Flaw::Head),
        stop @ Stop::Failed(_) => stop,
    }
}

/// Of each witness, the largest size it has cosigned.
fn newest(mut witnessed: Vec<Witnessed>) -> Vec<Witnessed> {
    witnessed.sort_by(|a, b| (&a.witness, b.size).cmp(&(&b.witness, a.size)));
    witnessed.dedup_by(|later, first| later.witness == first.witness);
    witnessed
}

impl fmt::Display for Verdict {
    /// Says the verdict in plain lines, for the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds(holds) => holds.fmt(f),
            Self::Broken(broken) => broken.fmt(f),
        }
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "consistent: {} entries of {}", self.size, self.log.name())?;
        writeln!(f, "root {}", self.root)?;
        let note = if self.is_trusted { "which you trust" } else { "taken from the file itself" };
        writeln!(f, "signed by {}, {note}", self.log)?;
        if let Some(size) = self.extends_yours {
            writeln!(f, "extends your checkpoint of {size} entries")?;
        }
        for Witnessed { witness, at_s, size } in &self.witnessed_by {
            let at = i64::try_from(*at_s).ok().and_then(|s| Timestamp::from_second(s).ok());
            let at = at.map(|at| format!(" on {at}")).unwrap_or_default();
            writeln!(f, "witnessed by {witness}: {size} entries{at}")?;
        }
        if let Some(size) = self.quorum_up_to {
            writeln!(f, "enough of your witnesses vouch for {size} entries")?;
        }
        Ok(())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            Some(entry) => writeln!(f, "broken at entry {entry}: {}", self.what),
            None => writeln!(f, "broken: {}", self.what),
        }
    }
}
