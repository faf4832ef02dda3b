//! Agreements: registered, and signed with keys that were generated for it.

use ed25519_dalek::{Signer, SigningKey};
use jiff::civil::Date;
use ken_agreement::{Instrument, Signing, Tier};
use ken_core::{AccountId, OrganisationId};
use ken_directory::Acting;
use ken_ledger::{KeyUse, SignerKey};
use ken_office::notice;
use ken_sharing::instrument::{self, Signatory};
use ken_sharing::pack::{self, Seal};
use ken_sharing::signing::{self, Clearance};
use ken_store::{Snapshot, Tx};

use super::directory::Staff;
use super::{Error, Listener, Parts, Progress, drafting, partnerships};
use crate::agreements;
use crate::practitioner::{PRACTITIONERS, Practitioner};

/// The office in which the lead party adopts a statute pack.
const ADOPTER: &str = "Chief Social Work Officer";

/// Who vouches for the demo's statute pack.
const ISSUER: &str = "packs.example/made-up";

/// The agreement whose next version is negotiated.
const NEGOTIATED: &str = "glen-direct-care";

/// The agreement whose next version waits for its signatures.
const REPLACED: &str = "glen-girfec";

/// Registers the agreements of the demo and signs them, all but the missing signatures.
pub(super) async fn agreements(
    parts: &Parts,
    start: Date,
    staff: &Staff,
    listener: &Listener<'_>,
) -> Result<(), Error> {
    let copies = agreements::instruments(start)?;
    listener(Progress::Began { what: "Agreements", total: copies.len() as u64 });
    for (copy, signing) in &copies {
        let ctx = parts.ctx();
        instrument::register(&parts.db, &ctx, &parts.keys, copy).await?;
        if copy.agreement.tier == Tier::StatutePack {
            seal(parts, copy).await?;
        }
        clear(parts, copy, staff).await?;
        for (party, office) in signatories(copy)? {
            if !signing.unsigned.contains(&party.as_str()) {
                sign(parts, copy, party, office).await?;
            }
        }
        if signing.instrument == REPLACED {
            let next = next_of(copy)?;
            instrument::register(&parts.db, &ctx, &parts.keys, &next).await?;
        }
        if signing.instrument == NEGOTIATED {
            drafting::negotiate(parts, copy, staff).await?;
        }
        listener(Progress::Did(1));
    }
    let texts: Vec<Instrument> = copies.into_iter().map(|(copy, _)| copy).collect();
    partnerships::found(parts, &texts, staff).await
}

/// The next version, in which fewer see a child's plan, and what worries somebody is shared from a
/// later day on; nobody has signed it.
fn next_of(copy: &Instrument) -> Result<Instrument, Error> {
    let mut next = copy.clone();
    next.agreement.version = "2".parse().map_err(|_| Error::Missing("version"))?;
    next.lifecycle.supersedes = [copy.name()].into();
    let plan = next.clauses.iter_mut().find(|clause| clause.id.as_str() == "W1");
    let plan = plan.ok_or(Error::Missing("clause"))?;
    plan.to.roles.retain(|role| role.as_str() != "nhs.ward");
    let later = next.agreement.effective_from.0.saturating_add(jiff::Span::new().months(6));
    let concern = next.clauses.iter_mut().find(|clause| clause.id.as_str() == "W2");
    concern.ok_or(Error::Missing("clause"))?.starts = Some(ken_agreement::Day(later));
    Ok(next)
}

/// The governance lead of an organisation, who acts for it while the demo is built.
pub(super) fn governs(
    parts: &Parts,
    staff: &Staff,
    organisation: &OrganisationId,
) -> Result<Acting, Error> {
    let of_it = |one: &&Practitioner| {
        one.organisation == organisation.as_str() && one.roles.contains(&"ig.lead")
    };
    let who = PRACTITIONERS.iter().find(of_it).and_then(|one| staff.get(one.key));
    let missing = || Error::Missing("governance lead");
    Ok(Acting {
        // Nobody is signed in while the demo is built.
        account: AccountId::draw(parts.ctx().ids),
        practitioner: *who.ok_or_else(missing)?,
        organisation: organisation.clone(),
        role: "ig.lead".parse().map_err(|_| missing())?,
    })
}

/// Vouches for a pack of the demo, whose dates, and so whose hash, are its own. As the signatories'
/// keys, the issuer's is drawn, used once and forgotten.
async fn seal(parts: &Parts, copy: &Instrument) -> Result<(), Error> {
    let (ctx, lead) = (parts.ctx(), &copy.agreement.lead_party);
    let missing = |_| Error::Missing("issuer's seal");
    let seed = ctx.entropy();
    let key = SignerKey::new(ISSUER, KeyUse::Log, &seed).map_err(|_| Error::Missing("issuer"))?;
    let note = pack::vouch(&key, copy).map_err(missing)?.to_string();
    let trusted = [key.verifier().clone()];
    let sealed = pack::seal(&parts.db, &ctx, &parts.keys, lead, (copy, &note), &trusted).await?;
    sealed.map(drop).map_err(missing)
}

/// Vouches for a pack of a demo that was built before packs were sealed.
pub(super) async fn seal_again(parts: &Parts, start: Date) -> Result<(), Error> {
    for (copy, _) in agreements::instruments(start)? {
        let read = async |s: &mut Snapshot| pack::seal_of(s, &copy).await;
        let is_pack = copy.agreement.tier == Tier::StatutePack;
        if is_pack && parts.db.snapshot("demo.seal", read).await? == Seal::Before {
            seal(parts, &copy).await?;
        }
    }
    Ok(())
}

/// Publishes the notice for the lead party, by its governance lead, and says that the assessment
/// is approved, as the text has it.
async fn clear(parts: &Parts, copy: &Instrument, staff: &Staff) -> Result<(), Error> {
    let (ctx, hash, lead) = (parts.ctx(), copy.hash(), &copy.agreement.lead_party);
    if notice::is_needed(copy) {
        let who = governs(parts, staff, lead)?.practitioner;
        let published = notice::publish(&parts.db, &ctx, &parts.keys, (lead, who), copy).await?;
        published.map_err(|_| Error::Missing("privacy notice"))?;
    }
    let until = copy.dpia.as_ref().map_or(copy.lifecycle.review_due, |dpia| dpia.review_due);
    let written = parts.db.write("demo.clear", async |tx| {
        let (what, given) = (Clearance::Assessment, (lead, Some(until)));
        signing::clear(tx, &ctx, &parts.keys, &hash, what, given).await?;
        Ok::<_, ken_sharing::Error>(())
    });
    Ok(written.await?)
}

/// Who signs an instrument, and in which office. A statute pack has no parties: its lead party
/// adopts it.
fn signatories(instrument: &Instrument) -> Result<Vec<(&OrganisationId, &str)>, Error> {
    if instrument.parties.is_empty() {
        return Ok(vec![(&instrument.agreement.lead_party, ADOPTER)]);
    }
    let parties = instrument.parties.iter();
    let all: Option<Vec<_>> =
        parties.map(|party| Some((&party.id, party.senior_owner.as_deref()?))).collect();
    all.ok_or(Error::Missing("senior owner"))
}

/// Signs for one party. The key is drawn, used once and forgotten: what stays is the public half.
async fn sign(
    parts: &Parts,
    copy: &Instrument,
    by: &OrganisationId,
    office: &str,
) -> Result<(), Error> {
    let ctx = parts.ctx();
    let key = SigningKey::from_bytes(&ctx.entropy());
    let signatory = format!("{office} of {by} (made up)");
    let verifier = key.verifying_key();
    let named =
        Signatory { party: by.clone(), name: signatory.clone(), key: verifier, until: None };
    instrument::add_signatory(&parts.db, &ctx, &parts.keys, &named).await?;
    let signing = Signing {
        hash: copy.hash(),
        party: by.clone(),
        signatory,
        role: office.to_owned(),
        time: ctx.clock.now(),
    };
    let message = signing.message().map_err(ken_agreement::Error::from)?;
    let signature = key.sign(&message).to_bytes();
    instrument::sign(&parts.db, &ctx, &parts.keys, &signing, &signature).await?;
    let (by, name) = (by.clone(), signing.signatory);
    let end = async |tx: &mut Tx| instrument::end_signatory_within(tx, &ctx, &by, &name).await;
    parts.db.write("demo.forget-key", end).await?;
    Ok(())
}
