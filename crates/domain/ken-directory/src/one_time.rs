//! One-time codes: TOTP (RFC 6238) with SHA-1, six digits, thirty seconds, as every
//! authenticator application knows them.
//!
//! A code is good one step early or late, and once: whoever read it over a shoulder comes too late
//! (RFC 6238 section 5.2).

use jiff::Timestamp;
use ken_core::{Ctx, Sensitive};
use totp_rs::{Builder, Secret, Totp};

use crate::Error;

/// Length of a secret, in bytes. Source: RFC 4226 section 4, 160 bits recommended.
const SECRET_LEN: usize = 20;

/// The secret that an authenticator application shares with us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeSecret(Sensitive<[u8; SECRET_LEN]>);

impl OneTimeSecret {
    /// Draws a new secret.
    #[must_use]
    pub fn draw(ctx: &Ctx<'_>) -> Self {
        Self(Sensitive::new(ctx.entropy()))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes.try_into().map_err(|_| Error::Corrupt("one-time secret"))?;
        Ok(Self(Sensitive::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.reveal()
    }

    /// The secret in base 32, to be typed into an application; shown once, when it is set up.
    #[must_use]
    pub fn base32(&self) -> Sensitive<String> {
        Sensitive::new(Secret::from(*self.0.reveal()).to_base32())
    }

    /// The code for `now`, as an application would show it.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] before 1970.
    pub fn code(&self, now: Timestamp) -> Result<Sensitive<String>, Error> {
        let second = second_of(now)?;
        Ok(Sensitive::new(self.totp().generate(second).to_string()))
    }

    /// The step that `code` belongs to, if it is good now and later than the last one used.
    pub(crate) fn accept(
        &self,
        code: &Sensitive<String>,
        now: Timestamp,
        last_step: i64,
    ) -> Result<Option<i64>, Error> {
        let typed: String = code.reveal().chars().filter(|letter| *letter != ' ').collect();
        let step = self.totp().check(&typed, second_of(now)?);
        Ok(step.and_then(|step| i64::try_from(step).ok()).filter(|step| *step > last_step))
    }

    fn totp(&self) -> Totp {
        // The defaults of the builder are those of the module's first line; tests hold them.
        Builder::new().with_secret(*self.0.reveal()).build_noncompliant()
    }
}

fn second_of(now: Timestamp) -> Result<u64, Error> {
    u64::try_from(now.as_second()).map_err(|_| Error::Corrupt("clock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six of its eight digits.
        let secret = OneTimeSecret::from_bytes(b"12345678901234567890").unwrap();
        let check = |second, want: &str| {
            assert_eq!(secret.code(at(second)).unwrap().reveal(), want, "{second}");
        };
        check(59, "287082");
        check(1_111_111_109, "081804");
        check(1_234_567_890, "005924");
        check(2_000_000_000, "279037");
        assert_eq!(secret.base32().reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_good_once_and_one_step_around() {
        let secret = OneTimeSecret::from_bytes(b"12345678901234567890").unwrap();
        let code = secret.code(at(59)).unwrap();
        let check = |second, last, want| {
            assert_eq!(secret.accept(&code, at(second), last).unwrap(), want, "{second} {last}");
        };
        check(59, 0, Some(1));
        check(0, 0, Some(1));
        check(89, 0, Some(1));
        check(90, 0, None);
        check(59, 1, None);
        check(59, 7, None);
        for wrong in ["", "28708", "2870822", "abcdef", "287083", "٢٨٧٠٨٢"] {
            let wrong = Sensitive::new(wrong.to_owned());
            assert_eq!(secret.accept(&wrong, at(59), 0).unwrap(), None);
        }
        let spaced = Sensitive::new("287 082".to_owned());
        assert_eq!(secret.accept(&spaced, at(59), 0).unwrap(), Some(1));
    }
}
