//! The directory of services of Glen, by the same import as any: thirty made-up services, of which
//! one is stale and one has nobody assured; and a correction that waits for a look.

use jiff::ToSpan as _;
use jiff::civil::Date;
use ken_core::EntryId;
use ken_directory::Error as DirectoryError;
use ken_directory::service::{self, Response, Says};
use ken_store::{Snapshot, Tx};

use super::directory::{Staff, word};
use super::sharing::governs;
use super::{Error, Parts};
use crate::organisation::ORGANISATIONS;

/// A response in the form of ALISS, version 5; everything in it is made up, its days are marks.
const SERVICES: &str = include_str!("../../services/glen.json");
/// Which of the services nobody assures.
const UNASSURED: &str = "Tool library";
/// Whoever assures what is not its own, and whoever assures theirs.
const ASSURERS: [&str; 2] = ["nhsl", "cec"];
/// Whose correction waits, and of which service.
const CORRECTS: (&str, &str) = ("rowan", "Lunch club at Rowan Bank");

/// Fills the directory; a build that goes on leaves what is there.
pub(super) async fn fill(parts: &Parts, start: Date, staff: &Staff) -> Result<(), Error> {
    let held = async |s: &mut Snapshot| service::list(s).await;
    if !parts.db.snapshot("demo.services", held).await?.is_empty() {
        return Ok(());
    }
    let response = response(start)?;
    let claims = claims(&response)?;
    let corrects = governs(parts, staff, &word(CORRECTS.0)?)?;
    let mut assurers = vec![];
    for of in ASSURERS {
        assurers.push(governs(parts, staff, &word(of)?)?);
    }
    let (ctx, keys) = (parts.ctx(), &parts.keys);
    let work = async |tx: &mut Tx| {
        service::load(tx, &ctx, &response).await?;
        for (provider, of) in &claims {
            service::claim(tx, &ctx, keys, (*provider, of), None).await?;
        }
        for entry in service::list(tx).await? {
            let is_left = entry.service.says.name == UNASSURED || entry.is_stale(ctx.clock.now());
            for by in assurers.iter().filter(|_| !is_left) {
                if service::assure(tx, &ctx, keys, by, entry.service.id).await? {
                    break;
                }
            }
            if entry.service.says.name == CORRECTS.1 {
                let summary = "A hot meal and company on Tuesdays, Fridays and Sundays.".to_owned();
                let says = Says { summary, ..entry.service.says };
                service::propose(tx, &ctx, keys, &corrects, (entry.service.id, &says)).await?;
            }
        }
        Ok::<_, DirectoryError>(())
    };
    Ok(parts.db.write("demo.services", work).await?)
}

/// The response, with its days counted from the start.
fn response(start: Date) -> Result<Response, Error> {
    let missing = || Error::Missing("directory of services");
    let long_ago = start.checked_sub(400.days()).map_err(|_| missing())?;
    let text = SERVICES
        .replace("LONG-AGO", &format!("{long_ago}T09:00:00"))
        .replace("TODAY", &format!("{start}T00:00:00"));
    service::read(&text).map_err(|_| missing())
}

/// Whose entries a provider's are: an organisation of the demo has its own name.
fn claims(response: &Response) -> Result<Vec<(EntryId, ken_core::OrganisationId)>, Error> {
    let mut claims = vec![];
    for brought in &response.services {
        let provider = &brought.service.provider;
        let of = ORGANISATIONS.iter().find(|of| of.name == provider.name);
        if let Some(of) = of.filter(|_| !claims.iter().any(|(id, _)| *id == provider.id)) {
            claims.push((provider.id, word(of.id)?));
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::is_drama_number;

    #[test]
    fn what_is_listed_reaches_nobody() {
        let response = response("2026-11-23".parse().unwrap()).unwrap();
        assert_eq!(response.services.len(), 30);
        assert_eq!(claims(&response).unwrap().len(), 5);
        for brought in &response.services {
            let says = &brought.service.says;
            assert!(is_drama_number(&says.phone), "{}", says.name);
            assert!(says.email.ends_with(".example"), "{}", says.name);
            assert!(says.url.ends_with(".example/"), "{}", says.name);
        }
        for name in [UNASSURED, CORRECTS.1] {
            assert!(response.services.iter().any(|of| of.service.says.name == name), "{name}");
        }
    }
}
