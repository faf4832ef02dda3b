//! What is answered to a message, and that nothing is.

use std::fmt::Write as _;

use ken_core::{Ctx, MessageId};
use ken_hl7::AckWish;
use ken_hl7::ack::{self, Code, Mode, Reason};

use crate::Error;

/// The answer to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// MSA-1; `None` when the sender asked for no answer, and for what is not kept.
    pub code: Option<Code>,
    bytes: Vec<u8>,
    is_kept: bool,
    /// Whether it was not kept because others had what it wants.
    is_late: bool,
}

impl Answer {
    /// The acknowledgement to send; nothing when the sender asked for none.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        self.code.map(|_| self.bytes)
    }

    /// Whether the message is ours: applied, or kept as evidence. If not, nothing is said of it.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether the message is not ours because it lost its turn, again and again, to others, or is
    /// too slow: the database is there.
    pub(crate) const fn lost_its_turn(&self) -> bool {
        self.is_late
    }
}

pub(crate) fn refusal(
    ctx: &Ctx<'_>,
    bytes: &[u8],
    mode: Mode,
    code: &'static str,
) -> (Code, Vec<u8>) {
    let reason = Reason::of(code);
    let said = if reason.rejects() { Code::Reject } else { Code::Error }.in_mode(mode);
    (said, written(ctx, bytes, said, Some(reason)))
}

/// What is said when not even the evidence could be kept: nothing.
pub(crate) fn not_kept(source: &str, kind: &str, error: &Error) -> Answer {
    tracing::error!(
        error.code = error.code(),
        source.id = source,
        message.kind = kind,
        "message neither applied nor kept"
    );
    Answer { code: None, bytes: Vec::new(), is_kept: false, is_late: error.is_of_turn() }
}

pub(crate) fn answer(mode: Mode, wish: AckWish, code: Code, bytes: Vec<u8>) -> Answer {
    let code = mode.answers(wish, code).then_some(code);
    Answer { code, bytes, is_kept: true, is_late: false }
}

pub(crate) fn written(ctx: &Ctx<'_>, bytes: &[u8], code: Code, reason: Option<Reason>) -> Vec<u8> {
    let id = MessageId::draw(ctx.ids).to_string();
    let now = ctx.clock.now();
    ack::write(bytes, &ack::Answer { code, reason, id: &id, now })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
