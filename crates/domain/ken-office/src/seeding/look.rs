//! Looking a list up, row by row: whom a row means, and whether the body may hold their number.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{Category, Ctx, FieldName, OrganisationId, PersonId, Purpose};
use ken_directory::Acting;
use ken_person::seeding::{self, ListRow, Meant, Sure};
use ken_person::{Demographics, Index};
use ken_sharing::gate::{self, Caller, SOURCES_MAX};
use ken_sharing::linker::IDENTITY_REVIEW;
use ken_sharing::{Action, Decision, Gate, Question};
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot, Tx};
use serde_json::json;

use super::desk::Place;
use super::{Found, Looked, enter};
use crate::Error;

/// The kind of information that carries numbers, and its field.
const IDENTIFIERS: (&str, &str) = ("identifiers", "chi");
/// The kind of information by which somebody is known at all.
const CORE: &str = "core";
/// The field of it that tells where somebody lives.
const ADDRESS: &str = "address";
/// How often a row is looked up again that met another's change. House policy, as for requests.
const TRIES_MAX: usize = 3;

/// By what a list is worked on.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The keys.
    pub keys: &'a KeyRing,
    /// The gate.
    pub gate: &'a Gate,
    /// The people in memory.
    pub index: &'a Index,
    /// Who brought it.
    pub acting: &'a Acting,
    /// Whose words are asked for: a fixed list from the registers.
    pub sources: &'a BTreeSet<OrganisationId>,
}

impl Place {
    /// Looks the list up, and holds what was found, be it a failure. Where `stops` says so it ends,
    /// and nothing is held.
    ///
    /// # Errors
    ///
    /// Whatever the store, the gate, the key ring or the ledger says.
    pub async fn look(
        self,
        db: &Db,
        ctx: &Ctx<'_>,
        by: By<'_>,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Error> {
        let ended = Box::pin(looked(&self, db, ctx, by, stops)).await;
        self.end(ended, ctx.clock.now())
    }
}

/// What is found of every row, entered before it is told; none where it was stopped.
async fn looked(
    place: &Place,
    db: &Db,
    ctx: &Ctx<'_>,
    by: By<'_>,
    stops: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Looked>, Error> {
    let mut rows = Vec::with_capacity(place.list().rows.len());
    let alike = place.list().alike();
    for (at, row) in place.list().rows.iter().enumerate() {
        if stops() {
            return Ok(None);
        }
        rows.push(match (row.is_bad, alike.contains(&at)) {
            (true, _) => Found::Bad,
            (false, true) => Found::Open,
            (false, false) => again(db, ctx, by, row).await?,
        });
        place.tell(rows.len(), ctx.clock.now());
    }
    let looked = Looked { rows: each_once(rows), kept: None };
    let [sure, named, open, bad] = looked.counts();
    let detail = json!({
        "event": "list-looked-up", "list": place.id().to_string(), "rows": looked.rows.len(),
        "sure": sure, "named": named, "open": open, "bad": bad,
        "by": by.acting.practitioner.to_string(),
    });
    let enter = async |tx: &mut Tx| enter(tx, ctx, (by.keys, by.acting), detail).await;
    db.write("office.seed-looked", enter).await?;
    Ok(Some(looked))
}

/// Where several rows mean one person, none of them does.
fn each_once(mut rows: Vec<Found>) -> Vec<Found> {
    let mut many: BTreeMap<PersonId, usize> = BTreeMap::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for found in &rows {
        match found {
            Found::Sure { person, .. } => *many.entry(*person).or_default() += 1,
            Found::Named(name) => *names.entry(name.clone()).or_default() += 1,
            Found::Open | Found::Bad => {}
        }
    }
    for found in &mut rows {
        let is_several = match found {
            Found::Sure { person, .. } => many.get(person) != Some(&1),
            Found::Named(name) => names.get(name) != Some(&1),
            Found::Open | Found::Bad => false,
        };
        if is_several {
            *found = Found::Open;
        }
    }
    rows
}

/// What is found of a row, looked up again where it met another's change.
async fn again(db: &Db, ctx: &Ctx<'_>, by: By<'_>, row: &ListRow) -> Result<Found, Error> {
    let mut tries = TRIES_MAX;
    loop {
        match Box::pin(found(db, ctx, by, row)).await {
            Err(error) if tries > 1 && error.is_contended() => tries -= 1,
            found => return found,
        }
    }
}

/// What is found of a row.
async fn found(db: &Db, ctx: &Ctx<'_>, by: By<'_>, row: &ListRow) -> Result<Found, Error> {
    let look = async |tx: &mut Tx| seeding::whose(tx, by.index, &row.says).await;
    let Meant::Sure(sure) = db.write("office.seed-look", look).await? else {
        return Ok(Found::Open);
    };
    told(db, ctx, by, (sure, &row.says)).await
}

/// What is told of somebody whom a row means surely, as the gate says now. Where the body may not
/// see a number or an address, a row that is sure by it would tell that it is theirs.
pub(super) async fn told(
    db: &Db,
    ctx: &Ctx<'_>,
    by: By<'_>,
    (sure, says): (Sure, &Demographics),
) -> Result<Found, Error> {
    let may = permitted(db, ctx, by, sure.person).await?;
    let is_by_address = sure.probability.is_some();
    let is_by_number = !says.national().is_empty();
    let tells = is_by_address && !may.is_addressed || is_by_number && may.numbered.is_empty();
    if may.known.is_empty() || tells {
        return Ok(Found::Open);
    }
    let read = async |s: &mut Snapshot| named(s, by, sure, &may).await;
    db.snapshot("office.seed-told", read).await
}

/// Whose words of somebody the body may hear.
#[derive(Debug, Default, PartialEq, Eq)]
struct May {
    /// Of who they are.
    known: BTreeSet<OrganisationId>,
    /// Of their number too.
    numbered: BTreeSet<OrganisationId>,
    /// Whether of where they live: else no row is sure by it.
    is_addressed: bool,
}

impl May {
    /// Takes what one source permits: the fields of each kind of information.
    fn take<V>(&mut self, source: OrganisationId, of: &BTreeMap<Category, BTreeMap<FieldName, V>>) {
        let (kind, field) = IDENTIFIERS;
        let fields = |kind: &str| of.iter().find(|(category, _)| category.as_str() == kind);
        let has = |kind: &str, field: &str| {
            fields(kind).is_some_and(|(_, fields)| fields.keys().any(|name| name.as_str() == field))
        };
        let numbers = has(kind, field);
        self.is_addressed |= has(CORE, ADDRESS);
        if numbers {
            self.numbered.insert(source.clone());
        }
        if numbers || fields(CORE).is_some() {
            self.known.insert(source);
        }
    }
}

/// Asks the gate, for every source, to review identity.
async fn permitted(db: &Db, ctx: &Ctx<'_>, by: By<'_>, person: PersonId) -> Result<May, Error> {
    let word = |text: &str| Category::new(text).map_err(|_| Error::Corrupt("category"));
    let purpose = Purpose::new(IDENTITY_REVIEW).map_err(|_| Error::Corrupt("purpose"))?;
    let categories = BTreeSet::from([word(CORE)?, word(IDENTIFIERS.0)?]);
    let all: Vec<_> = by.sources.iter().cloned().collect();
    let mut may = May::default();
    for some in all.chunks(SOURCES_MAX) {
        let question = Question {
            person,
            sources: some.iter().cloned().collect(),
            action: Action::View,
            purpose: purpose.clone(),
            categories: categories.clone(),
            before: None,
        };
        let caller = Caller::Practitioner(by.acting);
        let decided = gate::decide_many(db, ctx, by.keys, by.gate, caller, &question);
        for (source, decision) in decided.await? {
            if let Decision::Permit(permit) = decision {
                may.take(source, permit.categories());
            }
        }
    }
    Ok(may)
}

/// The number of somebody, or what they are called in its stead where the body may hold none.
async fn named(s: &mut Snapshot, by: By<'_>, sure: Sure, may: &May) -> Result<Found, Error> {
    let Sure { person, probability } = sure;
    if !may.numbered.is_empty() {
        let chi = seeding::chi_said(s, person, &may.numbered).await?;
        return Ok(chi.map_or(Found::Open, |chi| Found::Sure { person, chi, probability }));
    }
    let own = &by.acting.organisation;
    let mut names = vec![];
    for one in ken_person::together(s, person).await? {
        for source in may.known.iter().filter(|source| *source != own) {
            // A body calls somebody by the record that it sent itself.
            if !ken_person::numbers(s, one, source).await?.is_empty() {
                let name = ken_records::pseudonym(s, by.keys, one, (source, own)).await?;
                names.extend(name.map(|name| format!("{source} {name}")));
            }
        }
    }
    Ok(if names.is_empty() { Found::Open } else { Found::Named(names.join(", ")) })
}

#[cfg(test)]
mod tests {
    use ken_core::identifier::Chi;

    use super::*;

    #[test]
    fn a_number_is_told_where_its_field_is_permitted_and_nowhere_else() {
        let check = |kinds: &[(&str, &[&str])], known: bool, numbered: bool| {
            let of = kinds.iter().map(|(kind, fields)| {
                let fields = fields.iter().map(|field| (FieldName::new(*field).unwrap(), ()));
                (Category::new(*kind).unwrap(), fields.collect())
            });
            let mut may = May::default();
            may.take("nhsl".parse().unwrap(), &of.collect());
            let found = (!may.known.is_empty(), !may.numbered.is_empty());
            assert_eq!(found, (known, numbered), "{kinds:?}");
        };
        check(&[("core", &["name", "dob"]), ("identifiers", &["chi"])], true, true);
        check(&[("core", &["name"]), ("identifiers", &[])], true, false);
        check(&[("core", &["name"])], true, false);
        check(&[("identifiers", &["chi"])], true, true);
        check(&[("contacts", &["phone"])], false, false);
        check(&[], false, false);
    }

    #[test]
    fn a_person_whom_two_rows_mean_is_given_to_neither() {
        let sure = |n: u64| Found::Sure {
            person: format!("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f50{n}").parse().unwrap(),
            chi: Chi::impossible(n),
            probability: None,
        };
        let named = |name: &str| Found::Named(name.to_owned());
        let rows = vec![sure(1), sure(2), sure(1), named("a"), named("b"), named("a"), Found::Bad];
        let want =
            [Found::Open, sure(2), Found::Open, Found::Open, named("b"), Found::Open, Found::Bad];
        assert_eq!(each_once(rows), want);
    }
}
