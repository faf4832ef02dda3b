//! Agreements of the small partnership, registered and signed.

use std::collections::BTreeSet;

use ed25519_dalek::{Signer as _, SigningKey};
use ken_core::{Ctx, InstrumentHash, OrganisationId};
use ken_sharing::instrument::Signatory;
use ken_sharing::signing::Clearance;
use ken_sharing::{Day, Instrument, Signing, Tier, instrument, pack, signing};
use ken_store::Tx;
use ken_testkit::Databases;

use crate::world::issuer;

/// Registers an instrument as of some weeks ago, signed by every party.
pub(crate) async fn sign(on: &Databases, ctx: &Ctx<'_>, text: &str) {
    let agreed = Instrument::parse(text).unwrap().dated_from("2026-11-01".parse().unwrap());
    let hash = instrument::register(&on.db, ctx, &on.keys, &agreed).await.unwrap();
    if agreed.agreement.tier == Tier::StatutePack {
        let key = issuer();
        let note = pack::vouch(&key, &agreed).unwrap().to_string();
        let (by, trusted) = (&agreed.agreement.lead_party, [key.verifier().clone()]);
        let of = (&agreed, note.as_str());
        pack::seal(&on.db, ctx, &on.keys, by, of, &trusted).await.unwrap().unwrap();
    }
    let lead = &agreed.agreement.lead_party;
    clear(on, ctx, &hash, lead).await;
    let parties: BTreeSet<_> = agreed.parties.iter().map(|party| &party.id).collect();
    for party in parties.into_iter().chain([lead]) {
        sign_for(on, ctx, &hash, party).await;
    }
}

/// Signs a registered text for one party, with a key that its signatory keeps.
pub(crate) async fn sign_for(
    on: &Databases,
    ctx: &Ctx<'_>,
    hash: &InstrumentHash,
    party: &OrganisationId,
) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let (public, name) = (key.verifying_key(), "J. Example".to_owned());
    let signatory =
        Signatory { party: party.clone(), name: name.clone(), key: public, until: None };
    instrument::add_signatory(&on.db, ctx, &on.keys, &signatory).await.unwrap();
    let signing = Signing {
        hash: hash.clone(),
        party: party.clone(),
        signatory: name,
        role: "Caldicott Guardian".to_owned(),
        time: "2026-11-01T09:00:00Z".parse().unwrap(),
    };
    let signature = key.sign(&signing.message().unwrap()).to_bytes();
    instrument::sign(&on.db, ctx, &on.keys, &signing, &signature).await.unwrap();
}

/// Says that the notice is published and the assessment approved.
pub(crate) async fn clear(
    on: &Databases,
    ctx: &Ctx<'_>,
    hash: &InstrumentHash,
    by: &OrganisationId,
) {
    on.db
        .write("test.clear", async |tx: &mut Tx| {
            let until = Some(Day("2027-06-01".parse().unwrap()));
            for what in [Clearance::Notice, Clearance::Assessment, Clearance::Supersession] {
                signing::clear(tx, ctx, &on.keys, hash, what, (by, until)).await?;
            }
            Ok::<_, ken_sharing::Error>(())
        })
        .await
        .unwrap();
}
