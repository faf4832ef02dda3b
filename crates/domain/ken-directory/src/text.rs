//! Bounds on what people type into the directory.

use crate::Error;

/// Longest name, kind or telephone number, in characters. House policy.
const LEN_MAX: usize = 200;
/// Longest sign-in name, in bytes. Source: RFC 5321, an address of mail has at most 254.
const SIGN_IN_NAME_MAX: usize = 254;

/// Checks a text of one line.
pub(crate) fn check(text: &str, what: &'static str) -> Result<(), Error> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= LEN_MAX
        && !text.chars().any(char::is_control);
    fits.then_some(()).ok_or(Error::Unfit(what))
}

/// A sign-in name as it is compared: without blanks around it, in lower case.
pub(crate) fn sign_in_name(typed: &str) -> Result<String, Error> {
    let name = typed.trim().to_lowercase();
    let fits = (1..=SIGN_IN_NAME_MAX).contains(&name.len())
        && !name.chars().any(|letter| letter.is_control() || letter.is_whitespace());
    fits.then_some(name).ok_or(Error::Unfit("sign-in name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_names_are_compared_folded() {
        let check = |typed: &str, want: Option<&str>| {
            assert_eq!(sign_in_name(typed).ok().as_deref(), want, "{typed}");
        };
        check(" Jo.Worker@glen.example ", Some("jo.worker@glen.example"));
        check("jo worker", None);
        check("", None);
        check(&"x".repeat(255), None);
    }

    #[test]
    fn texts_have_one_line() {
        let long = "x".repeat(LEN_MAX + 1);
        for text in ["", "  ", "two\nlines", "bell\u{7}", &long] {
            assert!(check(text, "name").is_err(), "{text}");
        }
        assert!(check("NHS Glen", "name").is_ok());
    }
}
