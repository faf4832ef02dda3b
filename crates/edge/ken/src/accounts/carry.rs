//! Carrying out what `ken accounts` asks for, in the process that has the database.

use ken_core::{Ctx, OrganisationId, PractitionerId, RoleId, Sensitive};
use ken_directory::account::{self, Listed};
use ken_directory::{
    Error, Hasher, HeldRole, Holder, NewAccount, OneTimeSecret, PasswordHash, organisation,
    practitioner,
};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Snapshot, Tx};

use super::refused::Refused;
use super::{Told, Wish, way_in};

/// Accounts read at once.
const PAGE: i64 = 500;
/// Pages of one list: a hundred thousand accounts. House policy.
const PAGES_MAX: usize = 200;
/// Letters of a first password: five bits each, so 120 random bits.
const PASSWORD_LEN: usize = 24;

/// Tells what a wish would do; with `write`, does it. A wish that is refused is told, no error.
pub(super) async fn out(
    db: &Db,
    keys: &KeyRing,
    ctx: &Ctx<'_>,
    of: (&Wish, bool),
) -> Result<Told, Error> {
    carried(db, keys, ctx, of).await.or_else(|error| {
        let refused = Some(Refused::of(&error).ok_or(error)?);
        Ok(Told { refused, ..Told::default() })
    })
}

async fn carried(
    db: &Db,
    keys: &KeyRing,
    ctx: &Ctx<'_>,
    (wish, write): (&Wish, bool),
) -> Result<Told, Error> {
    if matches!(wish, Wish::List) {
        return db.snapshot("ken.accounts-list", async |s| list(s, ctx).await).await;
    }
    if !write {
        let told = db.snapshot("ken.accounts-look", async |s| look(s, ctx, wish).await).await?;
        return Ok(Told { lines: told, ..Told::default() });
    }
    let drawn = match wish {
        Wish::Add { sign_in, .. } | Wish::Reset { sign_in } => Some(draw(ctx, sign_in).await?),
        _ => None,
    };
    let lines = db
        .write("ken.accounts", async |tx: &mut Tx| {
            let lines = look(tx, ctx, wish).await?;
            act(tx, ctx, keys, wish, drawn.as_ref()).await?;
            Ok::<_, Error>(lines)
        })
        .await?;
    let lines = lines.into_iter().chain(["Done.".to_owned()]).collect();
    Ok(Told { lines, way_in: drawn.map(|drawn| drawn.told), refused: None })
}

/// A way in that was drawn.
struct Drawn {
    password: PasswordHash,
    secret: OneTimeSecret,
    told: String,
}

async fn draw(ctx: &Ctx<'_>, sign_in: &str) -> Result<Drawn, Error> {
    let letters = OneTimeSecret::draw(ctx).base32().map(|letters| letters.to_lowercase());
    let letters: Vec<char> = letters.reveal().chars().take(PASSWORD_LEN).collect();
    let groups: Vec<String> = letters.chunks(6).map(|group| group.iter().collect()).collect();
    let password = Sensitive::new(groups.join("-"));
    let secret = OneTimeSecret::draw(ctx);
    let told = way_in(sign_in, &password, &secret.base32());
    let password = Hasher::default().hash(ctx, password).await?;
    Ok(Drawn { password, secret, told })
}

/// What a wish would do, in lines; an error where it cannot be done.
async fn look<R: Reads>(s: &mut R, ctx: &Ctx<'_>, wish: &Wish) -> Result<Vec<String>, Error> {
    let role = |organisation: &OrganisationId, role: &RoleId| format!("{role} in {organisation}");
    Ok(match wish {
        Wish::List => vec![],
        Wish::Add { sign_in, organisation, roles, .. } => {
            if organisation::find(s, organisation).await?.is_none() {
                return Err(Error::Unknown("organisation"));
            }
            if account::find(s, sign_in).await?.is_some() {
                return Err(Error::Taken("sign-in name"));
            }
            let roles: Vec<_> = roles.iter().map(|one| role(organisation, one)).collect();
            let holds = if roles.is_empty() { "no role yet".to_owned() } else { roles.join(", ") };
            vec![format!("An account that {organisation} vouches for, with: {holds}.")]
        }
        Wish::GiveRole { sign_in, organisation, role: one, until } => {
            staff(s, sign_in).await?;
            let until = until.map_or_else(String::new, |until| format!(", until {until}"));
            vec![format!("Gives the role {}{until}.", role(organisation, one))]
        }
        Wish::EndRole { sign_in, organisation, role: one } => {
            let of = HeldRole { organisation: organisation.clone(), role: one.clone() };
            let who = staff(s, sign_in).await?;
            let held = practitioner::roles(s, ctx, who).await?;
            if !held.contains(&of) {
                return Err(Error::Unknown("role"));
            }
            let role = role(organisation, one);
            vec![format!("Ends the role {role}. Whoever acts in it stops at their next click.")]
        }
        Wish::Close { sign_in } => {
            let found = open(s, sign_in).await?;
            let mut told = vec![
                "Closes the account for ever, and signs it out everywhere at once.".to_owned(),
            ];
            if let Holder::Practitioner(who) = found.holder {
                let held = practitioner::roles(s, ctx, who).await?;
                let left = held.iter().map(|one| role(&one.organisation, &one.role));
                told.extend(left.map(|left| format!("Still on the list of roles: {left}.")));
            }
            told
        }
        Wish::Reset { sign_in } => {
            open(s, sign_in).await?;
            vec![
                "Gives a new password and a new secret, removes every passkey, and signs the \
                 account out everywhere at once."
                    .to_owned(),
            ]
        }
    })
}

/// Does it.
async fn act(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    wish: &Wish,
    drawn: Option<&Drawn>,
) -> Result<(), Error> {
    match (wish, drawn) {
        (Wish::Add { sign_in, name, organisation, roles }, Some(drawn)) => {
            let who = practitioner::register(tx, ctx, name, None).await?;
            let new = NewAccount {
                sign_in_name: Sensitive::new(sign_in.clone()),
                holder: Holder::Practitioner(who),
                organisation: Some(organisation.clone()),
                password: Some(drawn.password.clone()),
                one_time: Some(drawn.secret.clone()),
            };
            account::register(tx, ctx, keys, new, None).await?;
            for role in roles {
                let held = HeldRole { organisation: organisation.clone(), role: role.clone() };
                practitioner::give_role(tx, ctx, keys, who, &held, None, None).await?;
            }
            Ok(())
        }
        (Wish::GiveRole { sign_in, organisation, role, until }, _) => {
            let held = HeldRole { organisation: organisation.clone(), role: role.clone() };
            let who = staff(tx, sign_in).await?;
            practitioner::give_role(tx, ctx, keys, who, &held, *until, None).await
        }
        (Wish::EndRole { sign_in, organisation, role }, _) => {
            let held = HeldRole { organisation: organisation.clone(), role: role.clone() };
            let who = staff(tx, sign_in).await?;
            practitioner::end_role(tx, ctx, keys, who, &held, None).await
        }
        (Wish::Close { sign_in }, _) => {
            let found = open(tx, sign_in).await?;
            account::close(tx, ctx, keys, found.id, None).await
        }
        (Wish::Reset { sign_in }, Some(drawn)) => {
            let found = open(tx, sign_in).await?;
            let way = (&drawn.password, &drawn.secret);
            account::reset(tx, ctx, keys, found.id, way, None).await
        }
        (Wish::List | Wish::Add { .. } | Wish::Reset { .. }, _) => Ok(()),
    }
}

async fn open<R: Reads>(s: &mut R, sign_in: &str) -> Result<Listed, Error> {
    let found = account::find(s, sign_in).await?;
    found.filter(|found| !found.is_closed).ok_or(Error::Unknown("open account"))
}

async fn staff<R: Reads>(s: &mut R, sign_in: &str) -> Result<PractitionerId, Error> {
    match open(s, sign_in).await?.holder {
        Holder::Practitioner(who) => Ok(who),
        Holder::Person(_) => Err(Error::Unknown("practitioner")),
    }
}

/// Everybody: sign-in name, who vouches, whose it is, roles, and whether it is closed.
async fn list(s: &mut Snapshot, ctx: &Ctx<'_>) -> Result<Told, Error> {
    let (mut lines, mut after) = (vec![], String::new());
    for _ in 0..PAGES_MAX {
        let page = account::list(s, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        last.sign_in_name.reveal().clone_into(&mut after);
        for one in &page {
            lines.push(line(s, ctx, one).await?);
        }
    }
    Ok(Told { lines, ..Told::default() })
}

async fn line(s: &mut Snapshot, ctx: &Ctx<'_>, of: &Listed) -> Result<String, Error> {
    let (whose, roles) = match of.holder {
        Holder::Practitioner(who) => {
            let name = practitioner::find(s, who).await?.map(|found| found.name);
            let held = practitioner::roles(s, ctx, who).await?;
            let held = held.iter().map(|one| format!("{}/{}", one.organisation, one.role));
            (name.unwrap_or_default(), held.collect::<Vec<_>>().join(" "))
        }
        Holder::Person(_) => ("their own record".to_owned(), String::new()),
    };
    let vouches = of.organisation.as_ref().map_or("-", OrganisationId::as_str);
    let state = if of.is_closed { "closed" } else { "open" };
    Ok(format!("{}\t{state}\t{vouches}\t{whose}\t{roles}", of.sign_in_name.reveal()))
}
