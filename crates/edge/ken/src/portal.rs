//! The part of the configuration about sources that are asked at reading time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ken_core::{Category, OrganisationId, Sensitive};
use ken_hub::portal::{Portal, Settings, Unfit};
use serde::Deserialize;

use crate::config::read_small;
use crate::trouble::{NOTHING_DONE, Trouble};

/// How long a source has to answer, unless it is said.
const WAIT_MS: u64 = 3_000;

/// One source, as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Whose record it is.
    organisation: String,
    /// Where its FHIR server is.
    base_url: String,
    /// The certificate, in PEM, of the authority that signs its server's.
    ca_file: Option<PathBuf>,
    /// The file that holds what is said to it in `Authorization`.
    authorization_file: Option<PathBuf>,
    /// How long it has to answer, in milliseconds.
    timeout_ms: Option<u64>,
    /// The system of its own numbers as its messages make it here, and as its FHIR calls it.
    numbers: BTreeMap<String, String>,
    /// The types that it is asked for, and the kind of information of each.
    kinds: BTreeMap<String, String>,
}

/// The sources that a configuration names, ready to be asked.
pub(crate) fn of(configured: &[Asked]) -> Result<Portal, Trouble> {
    let settings: Result<Vec<_>, _> = configured.iter().map(settings).collect();
    Portal::new(settings?).map_err(|Unfit(why)| wrong("A source", why))
}

fn settings(asked: &Asked) -> Result<Settings, Trouble> {
    let name = format!("The source `{}`", asked.organisation);
    let wrong = |why| wrong(&name, why);
    let read = |file: Option<&Path>, what| {
        file.map(|file| read_small(file, "ken.config-unreadable", what)).transpose()
    };
    let authorization = read(asked.authorization_file.as_deref(), "authorization file")?;
    let kind = |(kind, category): (&String, &String)| {
        let category: Category = category.parse().ok()?;
        Some((kind.clone(), category))
    };
    let kinds: Option<_> = asked.kinds.iter().map(kind).collect();
    let organisation: Option<OrganisationId> = asked.organisation.parse().ok();
    let settings = Settings {
        organisation: organisation.ok_or_else(|| wrong("`organisation` is no id"))?,
        base: asked.base_url.parse().map_err(|Unfit(why)| wrong(why))?,
        authority: read(asked.ca_file.as_deref(), "authority file")?,
        authorization: authorization.map(|said| Sensitive::new(said.trim().to_owned())),
        wait: Duration::from_millis(asked.timeout_ms.unwrap_or(WAIT_MS)),
        numbers: asked.numbers.clone(),
        kinds: kinds.ok_or_else(|| wrong("`kinds` names what is no kind of information"))?,
    };
    settings.check().map_err(|Unfit(why)| wrong(why))?;
    Ok(settings)
}

fn wrong(source: &str, why: &str) -> Trouble {
    let happened = format!("{source} of the key `portal` cannot be asked: {why}.");
    Trouble::new("ken.config", happened, NOTHING_DONE, "Mend it, as docs/guide/sources.md says.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "organisation = 'practice'\nbase_url = 'http://127.0.0.1:9/fhir'\n\
        numbers = { 'urn:ken:id:glen:gp' = 'https://gp.example/id' }\n\
        kinds = { Condition = 'health-summary' }\n";

    fn read(text: &str) -> Result<Portal, String> {
        let asked: Asked = toml::from_str(text).map_err(|error| error.to_string())?;
        of(&[asked]).map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn a_source_is_taken_or_what_is_wrong_is_said() {
        let portal = read(GOOD).unwrap();
        assert_eq!(portal.organisations().next().unwrap().as_str(), "practice");
        let check = |from: &str, to: &str, want: &str| {
            let said = read(&GOOD.replace(from, to)).unwrap_err();
            assert!(said.contains(want), "{want}: {said}");
        };
        check("base_url", "base", "base");
        check("http://127.0.0.1:9", "http://gp.example", "not https");
        check("http://127.0.0.1:9", "https://gp.example", "`ca_file`");
        check("Condition", "Patient", "cannot be asked for");
        check("health-summary", "No Kind", "no kind of information");
        check("'practice'", "'Not An Id'", "`organisation`");
        check("kinds", "timeout_ms = 60000\nkinds", "timeout_ms");
        check("kinds", "authorization_file = '/no/such/file'\nkinds", "cannot be read");
        let twice: Asked = toml::from_str(GOOD).unwrap();
        let said = of(&[twice.clone(), twice]).unwrap_err().to_string();
        assert!(said.contains("twice"), "{said}");
    }
}
