//! A table that the bodies of Glen give each other: how many people of which age each of them saw
//! in the last six months that are over.

use std::ops::ControlFlow;

use jiff::Span;
use ken_core::OrganisationId;
use ken_insight::define::{Definition, Dimension, Measure};
use ken_insight::extract::{self, Asked, Outcome};
use ken_sharing::Gate;
use ken_store::Snapshot;

use super::directory::{Staff, word};
use super::sharing::governs;
use super::{Error, Parts};

/// Who asks for it.
const BY: &str = "cec";
/// How many months it is of.
const MONTHS: i64 = 6;

/// Counts and gives it; a build that goes on leaves what was given.
pub(super) async fn give(parts: &Parts, staff: &Staff) -> Result<(), Error> {
    let council: OrganisationId = word(BY)?;
    let given = async |s: &mut Snapshot| extract::list(s, &council).await;
    if !parts.db.snapshot("demo.extracts", given).await?.is_empty() {
        return Ok(());
    }
    let (ctx, by, gate) = (parts.ctx(), governs(parts, staff, &council)?, Gate::default());
    let until = ctx.clock.today().first_of_month();
    let asked = Asked {
        definition: Definition {
            rows: Dimension::Age,
            columns: Some(Dimension::Organisation),
            measure: Measure::People,
            from: until.saturating_sub(Span::new().months(MONTHS)),
            until,
            rounded: false,
        },
        why: "Which ages the new support at home is for".to_owned(),
    };
    let missing = || Error::Missing("table for planning");
    let watch = |_| ControlFlow::Continue(());
    let of = (&gate, &by);
    let counted = extract::prepare(&parts.db, &ctx, &parts.keys, of, &asked, &watch).await?;
    let Outcome::Done(counted) = counted else { return Err(missing()) };
    let given = extract::give(&parts.db, &ctx, &parts.keys, of, counted.id).await?;
    matches!(given, Outcome::Done(_)).then_some(()).ok_or_else(missing)
}
