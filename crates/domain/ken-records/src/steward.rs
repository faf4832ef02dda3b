//! Work on a record that discloses nothing: a closed list, and values that stay in this crate.
//!
//! # Invariants
//!
//! - A body is opened for a [`Stewardship`], or it is [`Sealed`](crate::Sealed) until its permits
//!   are spent; there is no third way to open one.
//! - What comes of it is [`Tended`], whose type no other crate can name, and it is sealed again.
//! - The work brings no code from outside: [`Told`] is data, so nobody's function sees what is
//!   held.
//!
//! Source: `core.md` section 2; ADR 27.

use ken_core::{PersonId, normalise};
use ken_fhir::{Resource, Told};
use ken_store::keys::{KeyId, KeyRing};
use serde_json::Value;

use crate::Error;

const CORRUPT: Error = Error::Corrupt("resource");

/// Work for which a body is opened though nobody is to see it: the whole list.
pub(crate) enum Stewardship<'a> {
    /// Composing what a source says now with what the same source said before; without `told`,
    /// what is said stands alone.
    Filing { said: Value, told: Option<&'a Told> },
    /// Taking what was filed under a number along to another person.
    Moving { from: PersonId, to: PersonId },
}

/// What a body is after the work.
pub(crate) struct Tended {
    /// What is to be sealed now.
    pub(crate) body: Vec<u8>,
    /// Whether it says the same as before.
    pub(crate) is_same: bool,
}

impl Stewardship<'_> {
    /// Opens a body and does this work; none where the body's key was erased.
    pub(crate) async fn tend(
        &self,
        keys: &KeyRing,
        key: &KeyId,
        bound_to: &[u8],
        body: &[u8],
    ) -> Result<Option<Tended>, Error> {
        let Some(held) = keys.open(key, bound_to, body).await? else { return Ok(None) };
        let body = match self {
            Self::Filing { said, told } => {
                let body = written(said)?;
                match told {
                    Some(told) if body != held => composed(told, &held, said.clone())?,
                    _ => body,
                }
            }
            Self::Moving { from, to } => about(&held, *from, *to)?,
        };
        Ok(Some(Tended { is_same: body == held, body }))
    }

    /// Whether a body is of the thing that is to be filed, which had another name before: it has
    /// the same words; where it is told by a number, under which no other knows it, it does the
    /// same too. Never where the body's key was erased.
    pub(crate) async fn recognises(
        &self,
        keys: &KeyRing,
        key: &KeyId,
        bound_to: &[u8],
        body: &[u8],
    ) -> Result<bool, Error> {
        let Self::Filing { said, .. } = self else { return Ok(false) };
        let Some(held) = keys.open(key, bound_to, body).await? else { return Ok(false) };
        let held: Value = serde_json::from_slice(&held).map_err(|_| CORRUPT)?;
        Ok(is_alike(&held, said))
    }

    /// What is to be sealed where nothing is held: what is said.
    pub(crate) fn alone(&self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Filing { said, .. } => written(said),
            Self::Moving { .. } => Err(CORRUPT),
        }
    }
}

fn is_alike(held: &Value, said: &Value) -> bool {
    let words = |thing: &Value| {
        let text = thing.pointer("/code/text").and_then(Value::as_str);
        normalise(text.unwrap_or_default())
    };
    let does = |thing: &Value| thing.get("reaction").cloned();
    words(held) == words(said) && (said.get("identifier").is_none() || does(held) == does(said))
}

fn written(said: &Value) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(said).map_err(|_| CORRUPT)
}

/// What is said, composed with what is held.
fn composed(told: &Told, held: &[u8], said: Value) -> Result<Vec<u8>, Error> {
    let said = Resource::of(said).map_err(|_| CORRUPT)?;
    let held = Resource::parse(held).map_err(|_| CORRUPT)?;
    Ok(told.onto(&held, said).to_bytes())
}

/// A resource about one person, as a resource about the other.
fn about(held: &[u8], from: PersonId, to: PersonId) -> Result<Vec<u8>, Error> {
    let (from, to) = (format!("Patient/{from}"), format!("Patient/{to}"));
    let mut resource = Resource::parse(held).map_err(|_| CORRUPT)?;
    resource.relink(&|reference| (reference == from).then(|| to.clone()));
    Ok(resource.to_bytes())
}
