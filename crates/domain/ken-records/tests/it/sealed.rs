//! What was read before its decision opens with permits about the same person, of the same moment.

use jiff::{SignedDuration, Timestamp};
use ken_core::PersonId;
use ken_records::{Grants, Masked, Sealed};
use ken_sharing::{Decision, Permit};

use crate::world::worlds;

/// Two classes of row by their ids, as an answer of somebody else's would have them.
struct Answer(Vec<String>);

impl Masked for Answer {
    type Visible = Vec<String>;

    fn mask(self, grants: &Grants) -> Vec<String> {
        self.0.into_iter().filter(|class| grants.of(class).is_some()).collect()
    }
}

#[tokio::test]
async fn a_seal_opens_for_its_own_person_and_moment_alone() {
    for world in worlds().await {
        let doctor = world.acting("practice", "gp.doctor");
        let permits = async || -> Vec<Permit> {
            let decisions = world.ask(&doctor, "direct-care", &["nhsl"]).await.into_iter();
            let permit = |decision| match decision {
                Decision::Permit(permit) => Some(permit),
                _ => None,
            };
            decisions.filter_map(permit).collect()
        };
        let first = permits().await.remove(0);
        let (person, moment) = (first.person(), (first.epoch(), first.policy()));
        let granted = first.granted().keys().next().unwrap().clone();
        let held = [granted.clone(), "a class that no clause covers".to_owned()];
        let open = async |of: PersonId, moment, late: SignedDuration, times: usize| {
            let mut spent = Vec::new();
            for _ in 0..times {
                spent.extend(permits().await);
            }
            let until = spent.first().map_or(Timestamp::UNIX_EPOCH, Permit::until);
            let opened = Sealed::new(of, moment, Answer(held.to_vec())).open(until + late, spent);
            opened.map_err(|refused| refused.code())
        };
        let (before, at) = (SignedDuration::from_micros(-1), SignedDuration::ZERO);
        let stale = Err("records.stale");
        assert_eq!(open(person, moment, before, 1).await, Ok(vec![granted.clone()]));
        assert_eq!(open(person, moment, before, 2).await, Ok(vec![granted.clone()]));
        assert_eq!(open(person, moment, before, 0).await, stale, "no permit");
        assert_eq!(open(person, moment, at, 1).await, stale, "its life is over");
        assert_eq!(open(PersonId::draw(&*world.ids), moment, before, 1).await, stale, "another");
        assert_eq!(open(person, (moment.0 + 1, moment.1), before, 1).await, stale, "epoch");
        assert_eq!(open(person, (moment.0, moment.1 - 1), before, 1).await, stale, "policy");
        // One that fits does not open for one that does not.
        world.relate("rowan", "support", ken_sharing::fact::Grade::Confirmed).await;
        let mut mixed = permits().await;
        let moment = (mixed[0].epoch(), mixed[0].policy());
        let now = mixed[0].until() - SignedDuration::from_micros(1);
        mixed.push(first);
        let opened = Sealed::new(person, moment, Answer(held.to_vec())).open(now, mixed);
        assert_eq!(opened.map_err(|refused| refused.code()), stale, "a mixed bunch");
    }
}
