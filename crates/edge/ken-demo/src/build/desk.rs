//! What lies on the governance desk: disclosures that practitioners contest, and a list of
//! recommendations that is followed.

use ken_core::{AccountId, OrganisationId, Sensitive};
use ken_directory::Acting;
use ken_office::guardian::{self, Advice, Answered, Asked, Side};
use ken_office::recommend::{self, Outcome, Step};
use ken_store::Snapshot;

use super::directory::Staff;
use super::sharing::governs;
use super::{Error, Parts};
use crate::practitioner::Practitioner;

/// Whose desk it is.
const OF: &str = "cec";
/// Who contests two disclosures, and who answers the first.
const ASKS: (&str, &str) = ("jo.lindsay", "sw.duty");
const ANSWERS: (&str, &str) = ("elspeth.baird", guardian::ROLE);

/// What an inspectorate that does not exist recommends.
const LIST: &str = "number,recommendation,who,by
1,Tell whoever made a referral what became of it.,Head of adult services,
2,Show in each record on what ground information was shared.,Information governance lead,
3,Let practitioners know whom to ask when they are refused.,Caldicott Guardian,2026-06-30
4,Report each year how often sharing was refused.,,
";

/// Fills the desk, once.
pub(super) async fn fill(parts: &Parts, staff: &Staff) -> Result<(), Error> {
    let own: OrganisationId = OF.parse().map_err(|_| Error::Missing("organisation"))?;
    let lists = async |s: &mut Snapshot| recommend::lists(s, &own).await;
    if !parts.db.snapshot("demo.lists", lists).await?.is_empty() {
        return Ok(()); // A build that goes on leaves what is there.
    }
    contest(parts, staff).await?;
    recommendations(parts, &governs(parts, staff, &own)?).await
}

/// Somebody of the council, in one of their roles.
fn acts(parts: &Parts, staff: &Staff, (key, role): (&str, &str)) -> Result<Acting, Error> {
    let missing = || Error::Missing("practitioner");
    let one = Practitioner::find(key).ok_or_else(missing)?;
    Ok(Acting {
        account: AccountId::draw(parts.ctx().ids),
        practitioner: *staff.get(one.key).ok_or_else(missing)?,
        organisation: one.organisation.parse().map_err(|_| missing())?,
        role: role.parse().map_err(|_| missing())?,
    })
}

async fn contest(parts: &Parts, staff: &Staff) -> Result<(), Error> {
    let (ctx, db, keys) = (parts.ctx(), &parts.db, &parts.keys);
    let (asker, cal) = (acts(parts, staff, ASKS)?, acts(parts, staff, ANSWERS)?);
    let missing = || Error::Missing("contested disclosure");
    let ask = async |side, words: &str| {
        let words = Sensitive::new(words.to_owned());
        guardian::ask(db, &ctx, keys, &asker, (side, &words)).await
    };
    let first = "A housing officer asks for a whole assessment to judge a repair. (made up)";
    if ask(Side::ShouldNot, first).await? != Asked::Sent {
        return Err(missing());
    }
    let waiting = guardian::own(db, keys, &asker).await?;
    let one = waiting.first().ok_or_else(missing)?;
    let why = "The repair needs one line of it. Give that, by the clause on adaptations. (made up)";
    let what = (one.id, Advice::ShareLess, &Sensitive::new(why.to_owned()));
    if guardian::answer(db, &ctx, keys, &cal, what).await? != Answered::Recorded {
        return Err(missing());
    }
    let second = "A school asks whether a pupil's mother is known to us, and a rule refuses it. I \
                  think that the head teacher should know. (made up)";
    let sent = ask(Side::ShouldShare, second).await? == Asked::Sent;
    if sent { Ok(()) } else { Err(missing()) }
}

async fn recommendations(parts: &Parts, by: &Acting) -> Result<(), Error> {
    let (ctx, db, keys) = (parts.ctx(), &parts.db, &parts.keys);
    let missing = || Error::Missing("list of recommendations");
    let items = recommend::read(LIST).map_err(|_| missing())?;
    let what = ("Joint inspection of adult protection (made up)", "An inspectorate", &*items);
    let list = recommend::import(db, &ctx, keys, by, what).await?.map_err(|_| missing())?;
    let steps = [
        ("1", Step::Prove("The outcome code goes back to the referrer: clause C7. (made up)")),
        ("1", Step::Close(Outcome::Done)),
        ("2", Step::Prove("Each page names its clause; screenshots in the file. (made up)")),
    ];
    for (number, step) in steps {
        let taken = recommend::step(db, &ctx, keys, by, ((list, number), step)).await?;
        taken.map_err(|_| missing())?;
    }
    Ok(())
}
