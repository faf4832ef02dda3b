//! Agreements: registered, and signed with keys that were generated for it.

use ed25519_dalek::{Signer, SigningKey};
use jiff::civil::Date;
use ken_agreement::{Instrument, Party, Signing};
use ken_sharing::instrument;

use super::{Error, Listener, Parts, Progress};
use crate::agreements;

/// Registers the agreements of the demo and signs them, all but the missing signatures.
pub(super) async fn agreements(
    parts: &Parts,
    start: Date,
    listener: &Listener<'_>,
) -> Result<(), Error> {
    let copies = agreements::instruments(start)?;
    listener(Progress::Began { what: "Agreements", total: copies.len() as u64 });
    for (copy, signing) in &copies {
        let ctx = parts.ctx();
        instrument::register(&parts.db, &ctx, &parts.keys, copy).await?;
        let signs = |party: &&Party| !signing.unsigned.contains(&party.id.as_str());
        for party in copy.parties.iter().filter(signs) {
            sign(parts, copy, party).await?;
        }
        listener(Progress::Did(1));
    }
    Ok(())
}

/// Signs for one party. The key is drawn, used once and forgotten: what stays is the public half.
async fn sign(parts: &Parts, instrument: &Instrument, by: &Party) -> Result<(), Error> {
    let ctx = parts.ctx();
    let key = SigningKey::from_bytes(&ctx.entropy());
    let office = by.senior_owner.clone().ok_or(Error::Missing("senior owner"))?;
    let signatory = format!("{office} of {} (made up)", by.id);
    let verifier = key.verifying_key();
    ken_sharing::instrument::add_signatory(
        &parts.db,
        &ctx,
        &parts.keys,
        &by.id,
        &signatory,
        &verifier,
    )
    .await?;
    let signing = Signing {
        hash: instrument.hash(),
        party: by.id.clone(),
        signatory,
        role: office,
        time: ctx.clock.now(),
    };
    let message = signing.message().map_err(ken_agreement::Error::from)?;
    let signature = key.sign(&message).to_bytes();
    Ok(ken_sharing::instrument::sign(&parts.db, &ctx, &parts.keys, &signing, &signature).await?)
}
