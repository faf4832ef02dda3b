//! Five years of messages, sent to the hub as their sources would.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ken_hl7::ack::Code;
use tokio_util::task::TaskTracker;

use super::{Error, Listener, Parts, Progress};
use crate::{Message, Partnership};

/// How many households are told of at a time. House policy: enough for the store to commit them
/// in groups, few enough for two cores.
const LANES: usize = 16;
/// How often a message is sent before the build gives up, as a sender would that is answered `AE`
/// because the machine is too busy. What was applied is answered as before.
const TRIES_MAX: u32 = 8;
/// How long a sender waits before the second try; each wait is twice the one before.
const WAIT_FIRST: SignedDuration = SignedDuration::from_millis(100);
/// How many answers may wait to be counted; bounds the memory of a slow screen.
const ANSWERS_MAX: usize = 1_024;

/// Sends every message and waits for every answer.
pub(super) async fn send(
    parts: &Parts,
    partnership: &Partnership,
    listener: &Listener<'_>,
) -> Result<(), Error> {
    let messages = partnership.messages();
    let total = messages.len();
    listener(Progress::Began { what: "Five years of messages", total: total as u64 });
    let (lanes, tasks) = (lanes(messages), TaskTracker::new());
    let (answers, answered) = tokio::sync::mpsc::channel(ANSWERS_MAX);
    for lane in lanes {
        let (parts, answers) = (parts.clone(), answers.clone());
        tasks.spawn(async move {
            for message in lane {
                let code = deliver(&parts, &message).await;
                // Nobody waits any more when a message before was refused.
                if answers.send((message.source, code)).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(answers);
    tasks.close();
    let counted = count(answered, listener).await;
    tasks.wait().await;
    counted?;
    hold(parts, partnership).await
}

/// Sends what a human has to decide; sent again it is answered as before, and kept once.
async fn hold(parts: &Parts, partnership: &Partnership) -> Result<(), Error> {
    let message = partnership.waiting().ok_or(Error::Missing("the message that waits"))?;
    let code = parts.hub.accept(&message.bytes).await.code;
    let is_kept = !ken_hub::held(&parts.db).await?.is_empty();
    if code == Some(Code::Error) && is_kept {
        return Ok(());
    }
    let code = code.map_or("nothing", Code::as_str);
    Err(Error::NotTaken { source_id: message.source, code })
}

/// Sends one message until it is taken, or too often.
async fn deliver(parts: &Parts, message: &Message) -> Option<Code> {
    let mut wait = WAIT_FIRST;
    for _ in 1..TRIES_MAX {
        if parts.hub.accept(&message.bytes).await.code == Some(Code::Accept) {
            return Some(Code::Accept);
        }
        let at = parts.clock.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        parts.clock.sleep_until(at).await;
        wait *= 2;
    }
    parts.hub.accept(&message.bytes).await.code
}

async fn count(
    mut answered: tokio::sync::mpsc::Receiver<(&'static str, Option<Code>)>,
    listener: &Listener<'_>,
) -> Result<(), Error> {
    while let Some((source_id, code)) = answered.recv().await {
        if code != Some(Code::Accept) {
            let code = code.map_or("nothing", Code::as_str);
            return Err(Error::NotTaken { source_id, code });
        }
        listener(Progress::Did(1));
    }
    Ok(())
}

/// Deals the households out, the longest histories first, each to the shortest lane.
fn lanes(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut households: BTreeMap<u32, Vec<Message>> = BTreeMap::new();
    for message in messages {
        households.entry(message.household).or_default().push(message);
    }
    let mut households: Vec<Vec<Message>> = households.into_values().collect();
    households.sort_by_key(|household| std::cmp::Reverse(household.len()));
    let mut lanes: Vec<Vec<Message>> = vec![Vec::new(); LANES];
    for household in households {
        if let Some(shortest) = lanes.iter_mut().min_by_key(|lane| lane.len()) {
            shortest.extend(household);
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::SEED;

    #[test]
    fn a_household_stays_in_one_lane_and_in_order() {
        let messages = Partnership::new(SEED, date(2026, 11, 21)).messages();
        let total = messages.len();
        let lanes = lanes(messages);
        assert_eq!(lanes.iter().map(Vec::len).sum::<usize>(), total);
        let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
        for (at, lane) in lanes.iter().enumerate() {
            for message in lane {
                assert_eq!(*seen.entry(message.household).or_insert(at), at);
            }
            for pair in lane.windows(2) {
                let same = pair[0].household == pair[1].household;
                assert!(!same || pair[0].at <= pair[1].at);
            }
        }
    }
}
