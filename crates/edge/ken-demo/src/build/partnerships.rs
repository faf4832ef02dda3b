//! The tree of partnerships, and what each has adopted.

use ken_agreement::Instrument;
use ken_core::{OrganisationId, PartnershipId};
use ken_directory::partnership::{self, Level, Partnership};
use ken_sharing::adoption;

use super::directory::{Staff, word};
use super::sharing::governs;
use super::{Error, Parts};
use crate::organisation::ORGANISATIONS;
use crate::place::Region;

/// One partnership: its id, name, level, what it stands under, who leads it, whose area it is, and
/// which texts it adopts.
type Row = (
    &'static str,
    &'static str,
    Level,
    Option<&'static str>,
    &'static str,
    Option<Region>,
    &'static [&'static str],
);

/// Each after what it stands under.
const PARTNERSHIPS: [Row; 4] = [
    (
        "nation",
        "National partnership (made up)",
        Level::National,
        None,
        "cec",
        None,
        &["statute-pack", "scot-accord"],
    ),
    ("lowland", "Lowland region (made up)", Level::Regional, Some("nation"), "cec", None, &[]),
    (
        "glen",
        "Glen partnership (made up)",
        Level::Local,
        Some("lowland"),
        "cec",
        Some(Region::Glen),
        &["glen-direct-care", "glen-girfec"],
    ),
    (
        "strath",
        "Strath partnership (made up)",
        Level::Local,
        Some("lowland"),
        "strath-council",
        Some(Region::Strath),
        &[],
    ),
];

/// Registers the partnerships, and adopts what each of them adopts.
pub(super) async fn found(parts: &Parts, texts: &[Instrument], staff: &Staff) -> Result<(), Error> {
    for (id, name, level, above, lead, region, adopts) in PARTNERSHIPS {
        let (ctx, missing) = (parts.ctx(), |_| Error::Missing("partnership"));
        let of = ORGANISATIONS.iter().filter(|one| region.is_none_or(|of| of == one.region));
        let members = of.map(|one| word(one.id)).collect::<Result<_, Error>>()?;
        let lead: OrganisationId = word(lead)?;
        let above = above.map(PartnershipId::new).transpose().map_err(missing)?;
        let id = PartnershipId::new(id).map_err(missing)?;
        let name = name.to_owned();
        let new = Partnership { id: id.clone(), name, level, above, lead: lead.clone(), members };
        let put = parts.db.write("demo.partnership", async |tx| {
            partnership::register(tx, &ctx, &new).await?;
            Ok::<_, ken_directory::Error>(())
        });
        put.await?;
        for adopted in adopts {
            let found = texts.iter().find(|of| of.agreement.id.as_str() == *adopted);
            let hash = found.ok_or(Error::Missing("agreement"))?.hash();
            let by = governs(parts, staff, &lead)?;
            let refused = adoption::adopt(&parts.db, &ctx, &parts.keys, &by, (&id, &hash)).await?;
            refused.map_or(Ok(()), |_| Err(Error::Missing("adoption")))?;
        }
    }
    Ok(())
}
