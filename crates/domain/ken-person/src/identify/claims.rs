//! The numbers that a registration claims, all or none.

use ken_core::PersonId;
use ken_core::identifier::Identifier;
use ken_store::{Tx, values};

use crate::demographics::Demographics;
use crate::{Error, sql};

/// What a registration claims for a person.
pub(super) struct Claims<'a> {
    pub(super) number: bool,
    pub(super) identifiers: &'a [Identifier],
}

impl Claims<'_> {
    /// Claims all, in one order for everybody so that two cannot wait for each other; or nothing,
    /// and then says `false`: somebody else was first, and has committed.
    pub(super) async fn take(
        &self,
        tx: &mut Tx,
        incoming: &Demographics,
        person: PersonId,
    ) -> Result<bool, Error> {
        let source = &incoming.source;
        let (system, number) = (source.local.system(), source.local.reveal());
        if self.number {
            let of = values![&source.organisation, system, number, person];
            if tx.execute(sql::NUMBER_CLAIM, of).await? == 0 {
                return Ok(false);
            }
        }
        for (at, identifier) in self.identifiers.iter().enumerate() {
            let of = values![identifier.system(), identifier.reveal(), person];
            if tx.execute(sql::CLAIM_INSERT, of).await? == 1 {
                continue;
            }
            for taken in self.identifiers.iter().take(at) {
                let of = values![taken.system(), taken.reveal(), person];
                tx.execute(sql::CLAIM_DELETE, of).await?;
            }
            if self.number {
                let of = values![&source.organisation, system, number, person];
                tx.execute(sql::NUMBER_DELETE, of).await?;
            }
            return Ok(false);
        }
        Ok(true)
    }
}
