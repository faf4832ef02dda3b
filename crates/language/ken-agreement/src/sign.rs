//! What a signature is over.
//!
//! Ed25519 over the six parts below, each after its length, so that no two signings share bytes.
//! The key and the signature are elsewhere; here is only the message.

use jiff::Timestamp;
use ken_core::{InstrumentHash, OrganisationId};
use thiserror::Error;

/// Separates this message from any other that the same key might sign.
const DOMAIN: &str = "isa/1";
/// Longest name or role, in bytes. House policy.
const NAME_MAX: usize = 200;

/// One signatory's act of signing for one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// What is signed.
    pub hash: InstrumentHash,
    /// For whom.
    pub party: OrganisationId,
    /// Who signs, by name.
    pub signatory: String,
    /// In which office: `Caldicott Guardian`.
    pub role: String,
    /// When.
    pub time: Timestamp,
}

/// Why a message cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignError {
    /// The name or the office is empty, too long, or has a control character.
    #[error("signatory and role need 1 to {NAME_MAX} bytes without control characters")]
    Name,
}

impl SignError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name => "agreement.signatory-name",
        }
    }
}

impl Signing {
    /// The bytes to sign: `"isa/1"`, hash, party, signatory, role, and the time in microseconds,
    /// each after its length as four bytes, most significant first.
    ///
    /// # Errors
    ///
    /// [`SignError::Name`] when a name cannot stand in a ledger line.
    pub fn message(&self) -> Result<Vec<u8>, SignError> {
        let named = |text: &str| {
            (1..=NAME_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        if !named(&self.signatory) || !named(&self.role) {
            return Err(SignError::Name);
        }
        let time = self.time.as_microsecond().to_string();
        let (hash, party) = (self.hash.as_str(), self.party.as_str());
        let mut message = Vec::new();
        for part in [DOMAIN, hash, party, &self.signatory, &self.role, &time] {
            let len = u32::try_from(part.len()).map_err(|_| SignError::Name)?;
            message.extend_from_slice(&len.to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signing(signatory: &str, role: &str) -> Signing {
        Signing {
            hash: InstrumentHash::new("ab12").unwrap(),
            party: OrganisationId::new("cec").unwrap(),
            signatory: signatory.to_owned(),
            role: role.to_owned(),
            time: Timestamp::from_microsecond(1).unwrap(),
        }
    }

    #[test]
    fn no_two_signings_share_bytes() {
        let one = signing("A", "BC").message().unwrap();
        assert_ne!(one, signing("AB", "C").message().unwrap());
        assert_eq!(one.first_chunk(), Some(b"\0\0\0\x05isa/1"));
        for (signatory, role) in [("", "x"), ("x", ""), ("a\nb", "x")] {
            assert_eq!(signing(signatory, role).message(), Err(SignError::Name));
        }
    }
}
