//! Public bodies from a seed file: councils, health boards, and the integration authorities that
//! are made of them.
//!
//! # Invariants
//!
//! - A seed is loaded whole or not at all, and again changes nothing.
//! - What is registered is never changed by a seed: where it says otherwise, nothing is written.
//!
//! # Sources
//!
//! - The file that comes with the program names its own sources, and the day they were read.
//! - Public Bodies (Joint Working) (Scotland) Act 2014 s.1: an integration authority is of one
//!   health board and one or more councils.
//! - Standard Geography Code Register: codes of nine characters, the first three for the kind.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_core::{Ctx, OrganisationId};
use ken_store::{Reads, Row, Tx, values};
use serde::Deserialize;
use thiserror::Error as Fault;

use crate::{Error, organisation, sql, text};

/// The bodies of Scotland, as the program brings them.
pub const SCOTLAND: &str = include_str!("../../../../organisations/scotland.toml");
/// Longest seed file, in bytes. House policy: the bodies of a large country.
pub const TEXT_MAX: usize = 1 << 20;

/// What a council is registered as.
const COUNCIL: &str = "council";
/// What a territorial health board is registered as.
const BOARD: &str = "health-board";
/// What an integration authority is registered as.
const AUTHORITY: &str = "integration-authority";
/// The kinds of a seed, each with how its codes begin.
const KINDS: [(&str, &str); 3] = [(COUNCIL, "S12"), (BOARD, "S08"), (AUTHORITY, "S37")];

/// Public bodies, as a file has them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    schema: Schema,
    /// The day on which somebody read the sources.
    #[serde(deserialize_with = "day")]
    pub checked: Date,
    /// Whose facts they are.
    pub source: String,
    /// The bodies.
    #[serde(rename = "organisation")]
    pub bodies: Vec<Body>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Schema {
    #[serde(rename = "organisations/1")]
    One,
}

/// One public body.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Its id, as agreements name it.
    pub id: OrganisationId,
    /// Its name, as people know it.
    pub name: String,
    /// `council`, `health-board` or `integration-authority`.
    pub kind: String,
    /// Its official code of nine characters.
    pub code: String,
    /// The councils and the health board that an integration authority is of.
    #[serde(default)]
    pub parts: BTreeSet<OrganisationId>,
}

/// Why a text is no seed. It names the body that is at fault, which is no person.
#[derive(Debug, Clone, PartialEq, Eq, Fault)]
pub enum SeedError {
    /// It is longer than any seed.
    #[error("longer than {TEXT_MAX} bytes")]
    TooLong,
    /// It cannot be read; the text names the line.
    #[error("{0}")]
    Form(String),
    /// A body is not as its kind must be.
    #[error("{body}: {what}")]
    Body {
        /// Which body.
        body: OrganisationId,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl SeedError {
    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "directory.seed-not-read"
    }
}

impl Seed {
    /// Reads a seed file.
    ///
    /// # Errors
    ///
    /// [`SeedError`] where it cannot be read, an id or code stands twice, a code is not of its
    /// kind, or an authority is not of one board and some councils of the same file.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        if text.len() > TEXT_MAX {
            return Err(SeedError::TooLong);
        }
        let seed: Self = toml::from_str(text).map_err(|e| SeedError::Form(e.to_string()))?;
        let kinds: BTreeMap<_, _> = seed.bodies.iter().map(|b| (&b.id, b.kind.as_str())).collect();
        let (mut ids, mut codes) = (BTreeSet::new(), BTreeSet::new());
        for body in &seed.bodies {
            let is_new = ids.insert(&body.id) && codes.insert(&body.code);
            let what =
                if is_new { body.fault(&kinds) } else { Some("its id or code stands twice") };
            if let Some(what) = what {
                return Err(SeedError::Body { body: body.id.clone(), what });
            }
        }
        Ok(seed)
    }
}

impl Body {
    fn fault(&self, kinds: &BTreeMap<&OrganisationId, &str>) -> Option<&'static str> {
        let Some((_, begin)) = KINDS.iter().find(|(kind, _)| *kind == self.kind) else {
            return Some("its kind is none of council, health-board, integration-authority");
        };
        let digits = self.code.strip_prefix(begin).unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some("its code is none of its kind");
        }
        if organisation::check_id(&self.id).is_err() {
            return Some("its id is reserved");
        }
        if text::check(&self.name, "name").is_err() {
            return Some("its name is not acceptable");
        }
        let of = |kind| self.parts.iter().filter(|part| kinds.get(part) == Some(&kind)).count();
        let (councils, boards) = (of(COUNCIL), of(BOARD));
        let whole = councils + boards == self.parts.len();
        let is_of = self.kind == AUTHORITY && councils > 0 && boards == 1;
        let is_good = whole && (is_of || self.kind != AUTHORITY && self.parts.is_empty());
        (!is_good).then_some("an authority, and nothing else, is of councils and one board")
    }
}

/// What loading a seed would do, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The bodies that are new.
    pub new: Vec<OrganisationId>,
    /// How many are registered as the seed says.
    pub same: usize,
    /// What is registered otherwise; then nothing is written.
    pub otherwise: Vec<Otherwise>,
}

/// A body that is registered otherwise than a seed says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// Which body of the seed.
    pub id: OrganisationId,
    /// In what: its name, its kind, its code, or what it is of.
    pub what: &'static str,
}

/// What loading a seed would do. Nothing is written.
///
/// # Errors
///
/// Whatever the store says.
pub async fn plan<R: Reads>(reads: &mut R, seed: &Seed) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for body in &seed.bodies {
        let holder = reads.find(sql::CODE_HOLDER, values![body.code.as_str()], parse).await?;
        let Some(known) = organisation::find(reads, &body.id).await? else {
            match holder {
                None => plan.new.push(body.id.clone()),
                Some(_) => plan.otherwise.push(Otherwise { id: body.id.clone(), what: "code" }),
            }
            continue;
        };
        let parts = parts(reads, &body.id).await?;
        let checks = [
            ("name", known.name == body.name),
            ("kind", known.kind == body.kind),
            ("code", holder.as_ref() == Some(&body.id)),
            ("parts", parts == body.parts),
        ];
        match checks.into_iter().find(|(_, same)| !same) {
            None => plan.same += 1,
            Some((what, _)) => plan.otherwise.push(Otherwise { id: body.id.clone(), what }),
        }
    }
    Ok(plan)
}

/// Registers the bodies of a seed that are new, if none is registered otherwise.
///
/// A telephone number is not among a seed's facts: it stays empty until somebody registers it.
///
/// # Errors
///
/// [`Error::TooMany`] where more would be registered than one store may have; whatever the store
/// says.
pub async fn load(tx: &mut Tx, ctx: &Ctx<'_>, seed: &Seed) -> Result<Plan, Error> {
    let plan = plan(tx, seed).await?;
    if !plan.otherwise.is_empty() {
        return Ok(plan);
    }
    let known = organisation::list(tx).await?.len();
    let most = usize::try_from(organisation::ORGANISATIONS_MAX).unwrap_or(usize::MAX);
    if known + plan.new.len() > most {
        return Err(Error::TooMany("organisations"));
    }
    let is_new = |body: &&Body| plan.new.contains(&body.id);
    for body in seed.bodies.iter().filter(is_new) {
        let Body { id, name, kind, code, parts } = body;
        let of = values![id, name.as_str(), kind.as_str(), "", ctx.now_us()];
        tx.execute(sql::ORGANISATION_PUT, of).await?;
        tx.execute(sql::CODE_INSERT, values![id, code.as_str()]).await?;
        for part in parts {
            tx.execute(sql::PART_INSERT, values![id, part]).await?;
        }
    }
    Ok(plan)
}

/// The councils and the health board that an integration authority is of; none for another body.
///
/// # Errors
///
/// Whatever the store says.
pub async fn parts<R: Reads>(
    reads: &mut R,
    whole: &OrganisationId,
) -> Result<BTreeSet<OrganisationId>, Error> {
    Ok(reads.list(sql::PARTS, values![whole], parse).await?.into_iter().collect())
}

/// The integration authorities that a council or health board is part of.
///
/// # Errors
///
/// Whatever the store says.
pub async fn authorities_of<R: Reads>(
    reads: &mut R,
    part: &OrganisationId,
) -> Result<BTreeSet<OrganisationId>, Error> {
    Ok(reads.list(sql::WHOLES, values![part], parse).await?.into_iter().collect())
}

/// The official code of a body, where it has one.
///
/// # Errors
///
/// Whatever the store says.
pub async fn code<R: Reads>(reads: &mut R, of: &OrganisationId) -> Result<Option<String>, Error> {
    Ok(reads.find(sql::CODE_OF, values![of], |row| row.text(0)).await?)
}

fn parse(row: &Row<'_>) -> Result<OrganisationId, ken_store::Error> {
    row.parse(0)
}

/// A day as TOML writes it.
fn day<'de, D: serde::Deserializer<'de>>(of: D) -> Result<Date, D::Error> {
    let written = toml::value::Datetime::deserialize(of)?;
    written.to_string().parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<'s>(seed: &'s Seed, kind: &'s str) -> impl Iterator<Item = &'s Body> {
        seed.bodies.iter().filter(move |body| body.kind == kind)
    }

    #[test]
    fn the_seed_has_each_council_board_and_authority() {
        let seed = Seed::parse(SCOTLAND).unwrap();
        let count = |of| kind(&seed, of).count();
        assert_eq!([COUNCIL, BOARD, AUTHORITY].map(count), [32, 14, 31]);
        assert_eq!(seed.bodies.len(), 77);
        // Each council is of one authority; two councils share one.
        let mut of: BTreeMap<&OrganisationId, Vec<&OrganisationId>> = BTreeMap::new();
        for authority in kind(&seed, AUTHORITY) {
            for part in &authority.parts {
                of.entry(part).or_default().push(&authority.id);
            }
        }
        assert!(kind(&seed, COUNCIL).all(|council| of[&council.id].len() == 1));
        assert!(kind(&seed, BOARD).all(|board| !of[&board.id].is_empty()));
        let shared: Vec<_> = kind(&seed, AUTHORITY).filter(|body| body.parts.len() > 2).collect();
        let parts: Vec<_> = shared[0].parts.iter().map(OrganisationId::as_str).collect();
        assert_eq!(shared.len(), 1);
        assert_eq!(parts, ["clackmannanshire-council", "nhs-forth-valley", "stirling-council"]);
        // The six of one board, by their own codes.
        let glasgow = &of[&OrganisationId::new("nhs-greater-glasgow-and-clyde").unwrap()];
        assert_eq!(glasgow.len(), 6);
    }

    #[test]
    fn what_is_no_seed_is_refused() {
        let good = Seed::parse(SCOTLAND).unwrap();
        assert_eq!(good.checked, Date::constant(2026, 11, 22));
        let check = |old: &str, new: &str, want: &str| {
            assert!(SCOTLAND.contains(old), "{old}");
            let said = Seed::parse(&SCOTLAND.replacen(old, new, 1)).unwrap_err();
            assert!(said.to_string().contains(want), "{said}");
            assert_eq!(said.code(), "directory.seed-not-read");
        };
        check("organisations/1", "organisations/2", "organisations/2");
        check("code = \"S12000033\"", "code = \"S08000033\"", "its code is none of its kind");
        check("code = \"S12000033\"", "code = \"S1200003\"", "its code is none of its kind");
        check("code = \"S12000033\"", "code = \"S12000034\"", "stands twice");
        check("kind = \"council\"", "kind = \"borough\"", "its kind is none");
        check("name = \"Angus Council\"", "name = \" \"", "its name");
        check("id = \"angus-council\"", "id = \"person\"", "its id is reserved");
        check("id = \"angus-council\"", "id = \"angus/council\"", "its id is reserved");
        check("parts = [\"aberdeen-city-council\", ", "parts = [", "an authority");
        check("\"stirling-council\", ", "\"stirling\", ", "an authority");
        check(", \"nhs-fife\"]", ", \"nhs-fife\", \"nhs-lothian\"]", "an authority");
        check("checked = 2026-11-22", "checked = 2026-11-31", "checked");
        assert_eq!(Seed::parse(&"#".repeat(TEXT_MAX + 1)), Err(SeedError::TooLong));
    }
}
