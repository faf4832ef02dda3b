//! What is configured of a source that keeps its own record: where it is asked, and for what.
//!
//! Source: RFC 3986 for addresses; FHIR R4, *Search*.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use ken_core::identifier::Identifier;
use ken_core::{Category, OrganisationId, Sensitive};
use ken_fhir::searchset::SEARCHABLE;
use ken_records::can_show;
use thiserror::Error;

/// Shortest and longest time that a source has to answer. House policy: a reader waits for it, as
/// long again for a place, and a page has twenty seconds.
const WAIT: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(8);
/// Longest text of the configuration that goes into a request, in bytes. House policy.
const TEXT_MAX: usize = 4096;

/// A source that is asked at reading time.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose record it is.
    pub organisation: OrganisationId,
    /// Where it is asked.
    pub base: Base,
    /// The authority that signs its certificate, in PEM.
    pub authority: Option<String>,
    /// What is said in `Authorization`, where it wants that.
    pub authorization: Option<Sensitive<String>>,
    /// How long it has to answer.
    pub wait: Duration,
    /// The system of its own numbers, as its messages make it here, and what its FHIR calls it.
    pub numbers: BTreeMap<String, String>,
    /// The types that it is asked for, and the kind of information that each is.
    pub kinds: BTreeMap<String, Category>,
}

/// What is wrong with a setting; it names the setting and never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unfit(pub &'static str);

impl Settings {
    /// Whether it can be used.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for the first setting that cannot.
    pub fn check(&self) -> Result<(), Unfit> {
        let rules = [
            (WAIT.contains(&self.wait), "`timeout_ms` is not between 100 and 8000"),
            (self.base.is_secure == self.authority.is_some(), "`ca_file` goes with https alone"),
            (!self.kinds.is_empty(), "`kinds` names nothing"),
            (self.kinds.keys().all(|kind| SEARCHABLE.contains(&kind.as_str())), KIND),
            (!self.numbers.is_empty(), "`numbers` names nothing"),
            (self.numbers.keys().all(|system| is_local(system)), NATIONAL),
            (self.numbers.values().all(|system| is_line(system) && is_local(system)), NATIONAL),
            (self.kinds.iter().all(|(kind, of)| can_show(of, None, kind)), UNSHOWN),
            (self.says().is_none_or(is_line), "`authorization_file` is not one line"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, why)) => Err(Unfit(why)),
            None => Ok(()),
        }
    }

    /// What is said in `Authorization`.
    pub(super) fn says(&self) -> Option<&str> {
        self.authorization.as_ref().map(|said| said.reveal().as_str())
    }
}

const KIND: &str = "`kinds` names a type that cannot be asked for";
const UNSHOWN: &str = "`kinds` gives a type a kind of information that shows nothing of it";
const NATIONAL: &str = "`numbers` names a national number: a source is asked by its own alone";

fn is_line(text: &str) -> bool {
    (1..=TEXT_MAX).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Whether numbers of a system are one body's own.
fn is_local(system: &str) -> bool {
    // What is no number of a national kind is refused there, and is no number of a body's either.
    matches!(Identifier::parse(system, "1"), Ok(Identifier::Local(_)))
}

/// The base address of a FHIR server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    pub(super) is_secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
}

impl FromStr for Base {
    type Err = Unfit;

    /// Reads `https://fhir.glen.example/r4`; plain `http` only for this machine itself.
    fn from_str(text: &str) -> Result<Self, Unfit> {
        const WRONG: Unfit = Unfit("`base_url` is no address of a FHIR server");
        let (is_secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://"))
        {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(WRONG),
        };
        let (place, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = match place.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| WRONG)?),
            None => (place, if is_secure { 443 } else { 80 }),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        let is_name = (1..=253).contains(&host.len()) && host.bytes().all(is_sign);
        let is_host = bare.map_or(is_name, |bare| bare.parse::<Ipv6Addr>().is_ok());
        let path = path.trim_end_matches('/');
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        if !is_host || !path.bytes().all(is_sign) || path.contains("..") || path.contains("//") {
            return Err(WRONG);
        }
        let host = bare.unwrap_or(host).to_owned();
        // A name is wherever somebody says that it is.
        let is_here = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !is_secure && !is_here {
            return Err(Unfit("`base_url` is not https, and not on this machine"));
        }
        Ok(Self { is_secure, host, port, path: path.to_owned() })
    }
}

impl Base {
    /// The host as an address writes it, with its port where that is not the usual one.
    pub(super) fn place(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.is_secure { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.place(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_meant_or_refused() {
        let check = |text: &str, want: &str| {
            assert_eq!(text.parse::<Base>().map(|base| base.to_string()), Ok(want.to_owned()));
        };
        check("https://fhir.glen.example/r4/", "https://fhir.glen.example/r4");
        check("https://fhir.glen.example:443", "https://fhir.glen.example");
        check("https://10.0.0.4:8443/a/b", "https://10.0.0.4:8443/a/b");
        check("http://127.0.0.1:80/fhir", "http://127.0.0.1/fhir");
        check("http://[::1]:8080", "http://[::1]:8080");
        for text in [
            "",
            "https://",
            "ftp://glen.example",
            "http://glen.example/fhir",
            "http://10.0.0.4",
            "http://localhost:9",
            "https://user:word@glen.example",
            "https://glen.example/fhir?x=1",
            "https://glen.example/a/../b",
            "https://glen.example//b",
            "https://glen.example\r\nX: y",
            "https://glen.example:port",
            "https://[::1/x",
        ] {
            assert!(text.parse::<Base>().is_err(), "{text}");
        }
    }

    #[test]
    fn settings_that_would_disclose_more_are_refused() {
        let good = Settings {
            organisation: "practice".parse().unwrap(),
            base: "http://127.0.0.1:9/fhir".parse().unwrap(),
            authority: None,
            authorization: Some(Sensitive::new("Bearer word".into())),
            wait: Duration::from_secs(3),
            numbers: [("urn:ken:id:glen:gp".into(), "https://gp.example/id".into())].into(),
            kinds: [("Condition".into(), "health-summary".parse().unwrap())].into(),
        };
        assert_eq!(good.check(), Ok(()));
        let check = |change: fn(&mut Settings), want: &str| {
            let mut changed = good.clone();
            change(&mut changed);
            assert!(changed.check().unwrap_err().0.contains(want), "{want}");
        };
        check(|of| of.wait = Duration::from_mins(1), "timeout_ms");
        check(|of| of.authority = Some(String::new()), "ca_file");
        check(|of| of.kinds.clear(), "kinds");
        check(|of| drop(of.kinds.insert("Patient".into(), "core".parse().unwrap())), "kinds");
        check(|of| of.numbers.clear(), "numbers");
        let chi = |of: &mut Settings| {
            of.numbers.insert(ken_core::identifier::CHI_SYSTEM.into(), "x".into());
        };
        check(chi, "national");
        let as_chi = |of: &mut Settings| {
            let chi = ken_core::identifier::CHI_SYSTEM;
            of.numbers.insert("urn:ken:id:glen:gp".into(), chi.into());
        };
        check(as_chi, "national");
        check(
            |of| drop(of.kinds.insert("Encounter".into(), "medication".parse().unwrap())),
            "shows nothing",
        );
        let two_lines =
            |of: &mut Settings| of.authorization = Some(Sensitive::new("a\r\nHost: b".into()));
        check(two_lines, "one line");
    }
}
