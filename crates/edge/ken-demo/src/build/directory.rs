//! Organisations, their sources, practitioners, and the accounts of both kinds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, IdSource, OrganisationId, PractitionerId, RoleId, Sensitive};
use ken_directory::{
    HeldRole, Holder, NewAccount, OneTimeSecret, account, organisation, practitioner,
};
use ken_hub::{Mode, Source};
use uuid::Uuid;

use super::{Error, Listener, Parts, Progress};
use crate::organisation::ORGANISATIONS;
use crate::practitioner::{PRACTITIONERS, Practitioner};
use crate::{Account, Organisation, Partnership};

/// The course that agreements expect of everybody.
const COURSE: &str = "info-handling";
/// The assurance that the concern report agreement requires of a charity.
const ASSURANCE: &str = "cyber-essentials";
/// How long trainings and assurances hold from the build on. House policy: two years, as the
/// agreements say of the course.
const HOLDS: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// The practitioners by key.
pub type Staff = BTreeMap<&'static str, PractitionerId>;

/// Registers organisations, sources, practitioners and their accounts.
pub(super) async fn staff(
    parts: &Parts,
    partnership: &Partnership,
    listener: &Listener<'_>,
) -> Result<Staff, Error> {
    let total = ORGANISATIONS.len() + PRACTITIONERS.len();
    listener(Progress::Began { what: "Organisations and practitioners", total: total as u64 });
    for one in ORGANISATIONS {
        organisation(parts, one).await?;
        listener(Progress::Did(1));
    }
    anybody(parts).await?;
    parts.hub.reload().await?;
    let mut staff = Staff::new();
    for account in &partnership.accounts {
        let crate::Holder::Practitioner(one) = account.holder else { continue };
        let id = practitioner(parts, one).await?;
        let organisation = Some(word(one.organisation)?);
        open(parts, account, Holder::Practitioner(id), organisation).await?;
        staff.insert(one.key, id);
        listener(Progress::Did(1));
    }
    Ok(staff)
}

async fn organisation(parts: &Parts, one: &Organisation) -> Result<(), Error> {
    let ctx = parts.ctx();
    let id: OrganisationId = word(one.id)?;
    let new = ken_directory::Organisation {
        id: id.clone(),
        name: one.name.to_owned(),
        kind: one.kind.to_owned(),
        contact_phone: one.phone(),
    };
    let until = later(&ctx);
    parts
        .db
        .write("demo.organisation", async |tx| {
            organisation::register(tx, &ctx, &new).await?;
            if one.kind == "charity" {
                let assured = (ASSURANCE, until);
                organisation::record_assurance(tx, &ctx, &parts.keys, &id, assured, None).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    let source = Source {
        id: one.id.to_owned(),
        organisation: id,
        name: format!("{}: {}", one.name, one.application),
        sending_app: one.application.to_owned(),
        sending_facility: one.facility.to_owned(),
        mode: Mode::Original,
        relationship: one.relationship.map(str::to_owned),
        is_trusted: true,
        is_training: true,
    };
    Ok(ken_hub::register(&parts.db, &source).await?)
}

/// Whoever wants to try may send to NHS Glen, under any name.
async fn anybody(parts: &Parts) -> Result<(), Error> {
    let source = Source {
        id: "try-it".to_owned(),
        organisation: word("nhsl")?,
        name: "Whoever tries it (made up)".to_owned(),
        sending_app: ken_hub::ANYBODY.to_owned(),
        sending_facility: ken_hub::ANYBODY.to_owned(),
        mode: Mode::Original,
        relationship: Some("direct-care".to_owned()),
        is_trusted: true,
        is_training: true,
    };
    Ok(ken_hub::register(&parts.db, &source).await?)
}

async fn practitioner(parts: &Parts, one: &Practitioner) -> Result<PractitionerId, Error> {
    let ctx = parts.ctx();
    let organisation: OrganisationId = word(one.organisation)?;
    let until = later(&ctx);
    parts
        .db
        .write("demo.practitioner", async |tx| {
            let here = practitioner::of_organisation(tx, &ctx, &organisation).await?;
            let known = here.into_iter().find(|(_, name, _)| name == one.name);
            let id = match known {
                Some((id, _, _)) => id,
                None => practitioner::register(tx, &ctx, one.name, None).await?,
            };
            let held = practitioner::roles(tx, &ctx, id).await?;
            for role in one.roles {
                let wanted = HeldRole {
                    organisation: organisation.clone(),
                    role: RoleId::new(*role).map_err(|_| Error::Missing("role"))?,
                };
                if !held.contains(&wanted) {
                    let keys = &parts.keys;
                    practitioner::give_role(tx, &ctx, keys, id, &wanted, None, None).await?;
                }
            }
            let (keys, trained) = (&parts.keys, (COURSE, until));
            practitioner::record_training(tx, &ctx, keys, &organisation, id, trained, None).await?;
            Ok::<_, Error>(id)
        })
        .await
}

/// Opens an account, unless the sign-in name has one.
pub(super) async fn open(
    parts: &Parts,
    account: &Account,
    holder: Holder,
    organisation: Option<OrganisationId>,
) -> Result<(), Error> {
    let ctx = parts.ctx();
    let password = Sensitive::new(account.password.clone());
    let new = NewAccount {
        sign_in_name: Sensitive::new(account.sign_in.clone()),
        holder,
        organisation,
        password: Some(parts.hasher.hash(&ctx, password).await?),
        one_time: Some(one_time(account)),
    };
    let ids = FirstId { first: Mutex::new(Some(account.id.uuid())), rest: Arc::clone(&parts.ids) };
    let ctx = Ctx { ids: &ids, ..ctx };
    let opened = parts
        .db
        .write("demo.account", async |tx| {
            let id = account::register(tx, &ctx, &parts.keys, new, None).await?;
            // The buttons of the sign-in page name the account by this id.
            if id == account.id { Ok(()) } else { Err(Error::Missing("account")) }
        })
        .await;
    match opened {
        Ok(()) | Err(Error::Directory(ken_directory::Error::Taken(_))) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The secret that the demo prints, as the directory draws it.
fn one_time(account: &Account) -> OneTimeSecret {
    let known = Known(account.one_time);
    OneTimeSecret::draw(&Ctx::new(&ken_store::ambient::SystemClock, &known))
}

/// A source whose first id is decided; the rest are drawn as ever.
#[derive(Debug)]
struct FirstId {
    first: Mutex<Option<Uuid>>,
    rest: Arc<dyn IdSource>,
}

impl IdSource for FirstId {
    fn ordered(&self) -> Uuid {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| self.rest.ordered())
    }

    fn random(&self) -> Uuid {
        self.rest.random()
    }

    fn entropy(&self, bytes: &mut [u8]) {
        self.rest.entropy(bytes);
    }
}

/// Entropy that is known: the demo prints its secrets on the screen.
#[derive(Debug)]
struct Known([u8; 20]);

impl IdSource for Known {
    fn ordered(&self) -> Uuid {
        Uuid::nil()
    }

    fn random(&self) -> Uuid {
        Uuid::nil()
    }

    fn entropy(&self, bytes: &mut [u8]) {
        for (to, from) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *to = *from;
        }
    }
}

fn later(ctx: &Ctx<'_>) -> Timestamp {
    ctx.clock.now().saturating_add(HOLDS).unwrap_or(Timestamp::MAX)
}

/// A word of the demo as an organisation's id.
pub(super) fn word(id: &str) -> Result<OrganisationId, Error> {
    OrganisationId::new(id).map_err(|_| Error::Missing("organisation"))
}
