//! The MLLP codec, without a socket: bytes in, frames and faults out.
//!
//! # Invariants
//!
//! - What comes out depends on the bytes alone, never on how they were cut into reads.
//! - Memory is bounded by the frame limit and the longest single input; outside frames, by nothing.
//! - A frame ends at `FS`, whether a carriage return follows or not. `FS` cannot stand in content:
//!   HL7 has an escape (`\X1C\`) for it. Bytes between frames are counted, never guessed at.
//! - `SB` inside a frame is content (word processors write it as a soft line break), unless `MSH`
//!   follows: then the first frame was never finished, and is reported, never answered.
//!
//! # Sources
//!
//! - HL7 v2 Transport Specification: MLLP, Release 1 (block format `SB data FS CR`).
//! - `docs/messages.md` for what Ken tolerates beyond it.

use thiserror::Error;

/// Longest message that is taken, in bytes. House policy: a scanned letter fits, a film does not.
pub const FRAME_LEN_MAX: usize = 16 * 1024 * 1024;

/// How much of a message that is too long is kept, in bytes: enough to answer its header.
pub const HEAD_LEN: usize = 1024;

const START: u8 = 0x0b;
const END: u8 = 0x1c;
const RETURN: u8 = 0x0d;

/// What a stream of bytes turned out to hold.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole message, without its frame.
    Frame(Vec<u8>),
    /// Something that was not a whole message.
    Fault(Fault),
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(bytes) => write!(f, "Frame({} bytes)", bytes.len()),
            Self::Fault(fault) => fmt_fault(fault, f),
        }
    }
}

fn fmt_fault(fault: &Fault, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    write!(f, "Fault({})", fault.code())
}

/// Why bytes did not make a message.
#[derive(Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The message passed the limit. Its tail was dropped; `head` is enough to answer `AR`.
    #[error("message of {len} bytes is longer than the limit")]
    TooLong {
        /// The first [`HEAD_LEN`] bytes.
        head: Vec<u8>,
        /// How long it was, in bytes.
        len: usize,
    },
    /// A message began but never ended: nothing is answered, and the sender will send it again.
    #[error("message broken off after {len} bytes")]
    BrokenOff {
        /// How much of it came, in bytes.
        len: usize,
    },
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fmt_fault(self, f)
    }
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "mllp.too-long",
            Self::BrokenOff { .. } => "mllp.broken-off",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    /// Past the limit: the length so far, and nothing more is kept.
    Dropping(usize),
}

/// Cuts a stream into messages.
#[derive(Clone)]
pub struct Decoder {
    state: State,
    frame: Vec<u8>,
    /// An unfinished frame, and then the frame that began inside it.
    waiting: Option<Vec<u8>>,
    len_max: usize,
    stray: u64,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoder({:?}, {} bytes held)", self.state, self.frame.len())
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(FRAME_LEN_MAX)
    }
}

impl Decoder {
    /// A decoder that refuses messages over `len_max` bytes.
    #[must_use]
    pub fn new(len_max: usize) -> Self {
        Self { state: State::Outside, frame: Vec::new(), waiting: None, len_max, stray: 0 }
    }

    /// Takes bytes from `input` until something happened or `input` is empty.
    ///
    /// Call it until it returns `None`; then read more.
    pub fn step(&mut self, input: &mut &[u8]) -> Option<Event> {
        if let Some(frame) = self.waiting.take() {
            return Some(Event::Frame(frame));
        }
        while !input.is_empty() {
            if self.state == State::Outside {
                self.skip_to_start(input);
                continue;
            }
            let end = input.iter().position(|&byte| byte == END);
            let body = input.get(..end.unwrap_or(input.len())).unwrap_or_default();
            self.take(body);
            *input = input.get(end.map_or(input.len(), |at| at + 1)..).unwrap_or_default();
            if end.is_some() {
                return Some(self.close());
            }
        }
        None
    }

    /// Bytes outside frames since the last call, line ends not counted: a sender with many of
    /// them is not speaking MLLP.
    pub fn take_stray(&mut self) -> u64 {
        std::mem::take(&mut self.stray)
    }

    /// Whether a message has begun and not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.state != State::Outside
    }

    /// How many bytes of a message that has not ended are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.frame.len()
    }

    /// The stream ended: what was left of it.
    #[must_use]
    pub fn finish(self) -> Option<Fault> {
        match self.state {
            State::Outside => None,
            State::Inside => Some(Fault::BrokenOff { len: self.frame.len() }),
            State::Dropping(len) => Some(Fault::BrokenOff { len }),
        }
    }

    fn skip_to_start(&mut self, input: &mut &[u8]) {
        let start = input.iter().position(|&byte| byte == START);
        let noise = input.get(..start.unwrap_or(input.len())).unwrap_or_default();
        let stray = noise.iter().filter(|&&byte| byte != RETURN && byte != b'\n').count();
        self.stray = self.stray.saturating_add(stray as u64);
        if start.is_some() {
            self.state = State::Inside;
        }
        *input = input.get(start.map_or(input.len(), |at| at + 1)..).unwrap_or_default();
    }

    fn take(&mut self, body: &[u8]) {
        match self.state {
            State::Inside if self.frame.len().saturating_add(body.len()) > self.len_max => {
                let len = self.frame.len().saturating_add(body.len());
                let room = HEAD_LEN.saturating_sub(self.frame.len());
                self.frame.extend_from_slice(body.get(..room.min(body.len())).unwrap_or_default());
                self.frame.truncate(HEAD_LEN);
                self.frame.shrink_to_fit();
                self.state = State::Dropping(len);
            }
            State::Inside => self.frame.extend_from_slice(body),
            State::Dropping(len) => self.state = State::Dropping(len.saturating_add(body.len())),
            State::Outside => {}
        }
    }

    fn close(&mut self) -> Event {
        let frame = std::mem::take(&mut self.frame);
        let state = std::mem::replace(&mut self.state, State::Outside);
        if let State::Dropping(len) = state {
            return Event::Fault(Fault::TooLong { head: frame, len });
        }
        match last_restart(&frame) {
            None => Event::Frame(frame),
            // The block character twice is a slip of the sender's, and nothing was lost by it.
            Some(0) => Event::Frame(frame.get(1..).unwrap_or_default().to_vec()),
            Some(at) => {
                self.waiting = frame.get(at + 1..).map(<[u8]>::to_vec);
                Event::Fault(Fault::BrokenOff { len: at })
            }
        }
    }
}

/// Where the last `SB MSH` inside a frame stands.
fn last_restart(frame: &[u8]) -> Option<usize> {
    frame.windows(4).rposition(|bytes| bytes == [START, b'M', b'S', b'H'])
}

/// Puts a message into its frame, at the end of `out`.
///
/// The content must not hold `FS`: an acknowledgement by [`crate::ack`] never does.
pub fn encode(message: &[u8], out: &mut Vec<u8>) {
    out.reserve(message.len().saturating_add(3));
    out.push(START);
    out.extend_from_slice(message);
    out.extend_from_slice(&[END, RETURN]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames as text, faults as their codes, in `!`.
    fn decode(chunks: &[&[u8]], len_max: usize) -> Vec<String> {
        let mut decoder = Decoder::new(len_max);
        let mut seen = Vec::new();
        for chunk in chunks {
            let mut input = *chunk;
            while let Some(event) = decoder.step(&mut input) {
                seen.push(match event {
                    Event::Frame(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                    Event::Fault(fault) => format!("!{}", fault.code()),
                });
            }
            assert!(input.is_empty());
        }
        seen.extend(decoder.finish().map(|fault| format!("!{}", fault.code())));
        seen
    }

    fn check(stream: &[u8], want: &[&str]) {
        assert_eq!(decode(&[stream], 64), want);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(decode(&bytes, 64), want, "byte by byte");
    }

    #[test]
    fn what_senders_do() {
        check(b"", &[]);
        check(b"\x0bone\x1c\r", &["one"]);
        check(b"\x0bone\x1c\r\x0btwo\x1c\r\x0bthree\x1c\r", &["one", "two", "three"]);
        check(b"\r\n\x0bnoise before\x1c\r", &["noise before"]);
        check(b"hello\x0bnoise before\x1c\r", &["noise before"]);
        check(b"\x0bno return\x1c", &["no return"]);
        check(b"\x0bno return\x1c\x0bnext\x1c\r", &["no return", "next"]);
        check(b"\x0bhalf", &["!mllp.broken-off"]);
        check(b"\x0b\x1c\r", &[""]);
        check(b"\x0bsoft\x0bbreak\x1c\r", &["soft\u{b}break"]);
        check(b"\x0bMSH|half\x0bMSH|whole\x1c\r", &["!mllp.broken-off", "MSH|whole"]);
        check(b"\x0b\x0bMSH|twice\x1c\r", &["MSH|twice"]);
        check(b"\x0b caf\xe9 \x1c\r", &[" caf\u{fffd} "]);
    }

    #[test]
    fn a_long_message_is_dropped_and_the_next_is_taken() {
        let mut stream = vec![START];
        stream.extend_from_slice(b"MSH|");
        stream.resize(5000, b'A');
        stream.extend_from_slice(b"\x1c\r\x0bnext\x1c\r");
        for chunk in [1, 7, 4096, 9000] {
            let chunks: Vec<&[u8]> = stream.chunks(chunk).collect();
            assert_eq!(decode(&chunks, 2000), ["!mllp.too-long", "next"], "chunks of {chunk}");
        }
        let mut decoder = Decoder::new(2000);
        let event = decoder.step(&mut stream.as_slice());
        let Some(Event::Fault(Fault::TooLong { head, len })) = event else { panic!("{event:?}") };
        assert_eq!((head.len(), len), (HEAD_LEN, 4999));
        assert!(head.starts_with(b"MSH|"));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut decoder = Decoder::new(2000);
        let mut start: &[u8] = &[START];
        assert_eq!(decoder.step(&mut start), None);
        for _ in 0..1000 {
            assert_eq!(decoder.step(&mut &[b'A'; 100][..]), None);
            assert!(decoder.frame.capacity() <= 4096);
        }
        assert_eq!(decoder.finish(), Some(Fault::BrokenOff { len: 100_000 }));
    }

    #[test]
    fn stray_bytes_are_counted_once() {
        let mut decoder = Decoder::default();
        let mut input: &[u8] = b"GET / HTTP/1.1\r\n\r\n\x0bm\x1c\r\n";
        assert_eq!(decoder.step(&mut input), Some(Event::Frame(b"m".to_vec())));
        assert_eq!(decoder.step(&mut input), None);
        assert_eq!((decoder.take_stray(), decoder.take_stray()), (14, 0));
    }

    proptest! {
        #![proptest_config(crate::repeatable())]

        #[test]
        fn cutting_changes_nothing(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(vec![START]), Just(vec![END, RETURN]), Just(vec![END]),
                    Just(b"MSH|^~\\&|".to_vec()), prop::collection::vec(any::<u8>(), 0..40),
                ],
                0..20,
            ),
            cut in 1usize..9,
        ) {
            let stream = parts.concat();
            let chunks: Vec<&[u8]> = stream.chunks(cut).collect();
            prop_assert_eq!(decode(&chunks, 30), decode(&[&stream], 30));
        }

        #[test]
        fn what_is_encoded_is_decoded(
            messages in prop::collection::vec("MSH[a-z|^~&\\\\ éß\r]{0,60}", 0..6),
        ) {
            let mut stream = Vec::new();
            for message in &messages {
                encode(message.as_bytes(), &mut stream);
            }
            prop_assert_eq!(decode(&[&stream], FRAME_LEN_MAX), messages);
        }
    }
}
