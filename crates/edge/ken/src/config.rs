//! The configuration file: a dozen keys, typed, checked at start.
//!
//! # Invariants
//!
//! - An unknown key is refused; a known key that this version cannot honour is refused too.
//! - A secret stands in a file of its own, which the configuration names.
//! - Sources that send, agreements, vocabulary and forms are data with pages, never configuration;
//!   where a source is asked stands here, beside the file of what it is asked with.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use crate::portal::Asked;
use crate::trouble::{NOTHING_DONE, Trouble};

/// Largest configuration or secret file, in bytes. House policy: a dozen keys fit in a hundredth.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Longest text that pages show from the file, in characters.
const TEXT_MAX: usize = 100;

/// What the operator decides.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where pages are served.
    pub(crate) listen: SocketAddr,
    /// Where messages are received; none are where it is left out.
    pub(crate) mllp: Option<SocketAddr>,
    /// Where operators' machines ask for measures; none are served where it is left out.
    pub(crate) metrics: Option<SocketAddr>,
    /// How browsers reach Ken: `https://ken.example`.
    pub(crate) base_url: String,
    /// The reverse proxies whose word on where a request came from is taken.
    #[serde(default)]
    pub(crate) proxies: Vec<IpAddr>,
    /// What the partnership is called, on every page.
    pub(crate) partnership: String,
    /// The number to ring for help, as pages show it.
    pub(crate) help_phone: Option<String>,
    /// The address to write to for help.
    pub(crate) help_email: Option<String>,
    /// The directory of a SQLite database.
    data: Option<PathBuf>,
    /// The file that holds the address of a PostgreSQL database, password and all.
    database_url_file: Option<PathBuf>,
    /// The certificate, in PEM, of the authority that signs the PostgreSQL server's certificate.
    database_ca_file: Option<PathBuf>,
    /// The directory of keys: not on the disk that holds the database, if it can be.
    pub(crate) keys_dir: PathBuf,
    /// The sources that are asked at reading time.
    #[serde(default)]
    pub(crate) portal: Vec<Asked>,
    /// The directory of the partnership's own forms; none where it is left out.
    pub(crate) forms: Option<PathBuf>,
    /// The directory of large bodies; not in this version.
    blobs: Option<PathBuf>,
    /// Transport security; not in this version.
    tls: Option<toml::Table>,
    /// Outgoing mail; not in this version.
    smtp: Option<toml::Table>,
    /// Sign-in by another's identity; not in this version.
    oidc: Option<toml::Table>,
    /// What is logged.
    #[serde(default)]
    pub(crate) log: Log,
}

/// What is logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// How a line is written.
    pub(crate) format: Format,
    /// The least that is written.
    pub(crate) level: Level,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// The least that is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// Failures.
    Error,
    /// And what may become one.
    Warn,
    /// And what happened.
    #[default]
    Info,
    /// And how.
    Debug,
    /// And every step that a library takes.
    Trace,
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// SQLite, in a directory.
    Directory(PathBuf),
    /// PostgreSQL, its address in a file.
    Server {
        /// The file that holds the address.
        address: PathBuf,
        /// The file of the authority that the server's certificate is signed by.
        authority: Option<PathBuf>,
    },
}

impl Config {
    /// Reads and checks a configuration file.
    pub(crate) fn load(file: &Path) -> Result<Self, Trouble> {
        let text = read_small(file, "ken.config-unreadable", "configuration file")?;
        Self::parse(&text, file)
    }

    fn parse(text: &str, file: &Path) -> Result<Self, Trouble> {
        let config: Self = toml::from_str(text).map_err(|error| {
            // The message shows the line at fault; secrets are in files of their own.
            Trouble::new(
                "ken.config",
                format!("The configuration file {} is not good:\n{error}", file.display()),
                NOTHING_DONE,
                "Mend it, then run `ken check-config --config FILE`.",
            )
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Trouble> {
        let absent = [
            ("blobs", self.blobs.is_some()),
            ("tls", self.tls.is_some()),
            ("smtp", self.smtp.is_some()),
            ("oidc", self.oidc.is_some()),
        ];
        if let Some((key, _)) = absent.iter().find(|(_, is_set)| *is_set) {
            return Err(wrong(
                format!("The key `{key}` is set, and this version of Ken has nothing behind it."),
                "Leave it out. For transport security put a reverse proxy in front.",
            ));
        }
        let scheme = ["https://", "http://"].iter().find_map(|s| self.base_url.strip_prefix(s));
        if scheme.is_none_or(|rest| rest.is_empty() || rest.contains('/')) {
            return Err(wrong(
                "The key `base_url` is not an address without a path.".to_owned(),
                "Write it like `https://ken.example`.",
            ));
        }
        self.check_help()?;
        self.database().map(drop)
    }

    /// Pages send whoever is not safe to the partnership's own people: there must be a way there.
    fn check_help(&self) -> Result<(), Trouble> {
        let said = [Some(&self.partnership), self.help_phone.as_ref(), self.help_email.as_ref()];
        let is_fit = |text: &&String| {
            let length = text.trim().chars().count();
            (1..=TEXT_MAX).contains(&length) && !text.chars().any(char::is_control)
        };
        if !said.iter().flatten().all(is_fit) {
            return Err(wrong(
                format!(
                    "One of `partnership`, `help_phone` and `help_email` is empty, over \
                     {TEXT_MAX} characters, or not one line."
                ),
                "Write it as people should read it.",
            ));
        }
        if self.help_phone.is_none() && self.help_email.is_none() {
            return Err(wrong(
                "Neither `help_phone` nor `help_email` is set.".to_owned(),
                "Set at least one: pages send people there who are stuck, or not safe.",
            ));
        }
        Ok(())
    }

    /// Where the database is.
    pub(crate) fn database(&self) -> Result<Database, Trouble> {
        match (&self.data, &self.database_url_file, &self.database_ca_file) {
            (Some(dir), None, None) => Ok(Database::Directory(dir.clone())),
            (None, Some(address), authority) => {
                Ok(Database::Server { address: address.clone(), authority: authority.clone() })
            }
            (Some(_), None, Some(_)) => Err(wrong(
                "The key `database_ca_file` is for PostgreSQL, and `data` is set.".to_owned(),
                "Leave it out.",
            )),
            _ => Err(wrong(
                "Exactly one of `data` and `database_url_file` must be set.".to_owned(),
                "Set `data` for SQLite, or `database_url_file` for PostgreSQL.",
            )),
        }
    }

    /// Whether browsers come by https.
    pub(crate) fn is_secure(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

fn wrong(happened: String, next: &str) -> Trouble {
    Trouble::new("ken.config", happened, NOTHING_DONE, next)
}

/// Reads a small text file.
pub(crate) fn read_small(file: &Path, code: &'static str, what: &str) -> Result<String, Trouble> {
    read_within(file, FILE_BYTES_MAX, code, what)
}

/// Reads a file of at most `bytes_max`.
pub(crate) fn read_within(
    file: &Path,
    bytes_max: u64,
    code: &'static str,
    what: &str,
) -> Result<String, Trouble> {
    let trouble = |happened: String| {
        Trouble::new(code, happened, NOTHING_DONE, "Check the path and who may read it.")
    };
    let shown = file.display();
    let size = std::fs::metadata(file)
        .map_err(|error| trouble(format!("The {what} {shown} cannot be read.")).because(error))?
        .len();
    if size > bytes_max {
        return Err(trouble(format!("The {what} {shown} is over {bytes_max} bytes.")));
    }
    std::fs::read_to_string(file)
        .map_err(|error| trouble(format!("The {what} {shown} cannot be read.")).because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
        listen = '127.0.0.1:8080'\n\
        mllp = '127.0.0.1:2575'\n\
        base_url = 'https://ken.example'\n\
        partnership = 'Glen'\n\
        help_phone = '01632 960001'\n\
        data = '/var/lib/ken'\n\
        keys_dir = '/var/lib/ken-keys'\n\
        log = { format = 'text', level = 'warn' }\n";

    fn parse(text: &str) -> Result<Config, Trouble> {
        Config::parse(text, Path::new("ken.toml"))
    }

    #[test]
    fn a_good_file_is_read() {
        let config = parse(GOOD).unwrap();
        assert!(config.is_secure());
        assert_eq!(config.database().unwrap(), Database::Directory("/var/lib/ken".into()));
        assert_eq!(config.log, Log { format: Format::Text, level: Level::Warn });
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |text: &str, want: &str| {
            let trouble = parse(text).unwrap_err();
            assert_eq!(trouble.code(), "ken.config");
            assert!(trouble.to_string().contains(want), "{trouble}");
        };
        let changed = |from: &str, to: &str| GOOD.replace(from, to);
        check(&changed("listen", "lisen"), "unknown field `lisen`");
        check(&changed("127.0.0.1:8080", "8080"), "listen");
        check(&changed("data = '/var/lib/ken'", ""), "Exactly one");
        check(&format!("database_url_file = '/run/db'\n{GOOD}"), "Exactly one");
        check(&format!("database_ca_file = '/etc/ca.pem'\n{GOOD}"), "is for PostgreSQL");
        check(&changed("https://ken.example", "ken.example"), "base_url");
        check(&changed("https://ken.example", "https://ken.example/x"), "base_url");
        check(&format!("{GOOD}\n[tls]\ncert = 'x'\n"), "`tls`");
        check(&changed("'warn'", "'loud'"), "unknown variant");
        check(&format!("blobs = '/var/lib/ken-blobs'\n{GOOD}"), "`blobs`");
        check(&changed("help_phone = '01632 960001'", ""), "Neither `help_phone`");
        check(&changed("01632 960001", " "), "is empty");
        check(&changed("'Glen'", "\"a\\nb\""), "not one line");
        check(&format!("proxies = ['here']\n{GOOD}"), "IP address");
        check("", "missing field");
    }

    #[test]
    fn a_missing_file_is_said_plainly() {
        let trouble = Config::load(Path::new("no/such/ken.toml")).unwrap_err();
        assert_eq!(trouble.code(), "ken.config-unreadable");
    }
}
