//! Who tries numbers one after the other learns nothing, and is stopped.

use ken_core::identifier::Chi;
use ken_person::budget::ACCOUNT_MISSES_MAX;

use crate::world::worlds;

/// The number by which somebody is held whom Jo may not know of.
const HELD: &str = "9990000018";
/// As many numbers as modulus 11 allows of one date of birth.
const GUESSES: usize = 910;

/// All numbers of one date, the one that is held first.
fn guesses() -> Vec<String> {
    let others = (0..10_000).map(|n| format!("999000{n:04}"));
    let valid = others.filter(|digits| Chi::parse(digits).is_ok() && digits != HELD);
    std::iter::once(HELD.to_owned()).chain(valid).take(GUESSES).collect()
}

#[tokio::test]
async fn as_many_guesses_as_a_date_has_numbers_find_nobody() {
    for world in worlds().await {
        world.hub.index().follower().fill(&world.on.db).await.unwrap();
        let mut jo = world.signed_in("Jo Worker").await;
        let page = jo.get("/w/find").await;
        let (mut refused, mut stopped, mut first) = (0, 0, String::new());
        for digits in guesses() {
            let filled = [("number", digits.as_str()), ("family", ""), ("given", "")];
            let answer = jo.submit(&page, "/w/find", &filled).await;
            assert!(!answer.body.contains("DRUMMOND"), "{digits}");
            match answer.status.as_u16() {
                403 => refused += 1,
                429 => stopped += 1,
                status => panic!("{digits}: {status}"),
            }
            if refused == 1 && first.is_empty() {
                first.clone_from(&answer.body.replace(&digits, "N").len().to_string());
            } else if stopped == 0 {
                // Who is held is answered as who is not.
                assert_eq!(first, answer.body.replace(&digits, "N").len().to_string(), "{digits}");
            }
        }
        assert_eq!(refused, ACCOUNT_MISSES_MAX, "{}", world.on.engine);
        assert_eq!(refused + stopped, i64::try_from(GUESSES).unwrap());
        // A colleague searches on, and an emergency is not counted.
        let mut ann = world.signed_in("Ann Colleague").await;
        assert_ne!(world.search(&mut ann, "Drummond", ["2", "3", "1948"]).await.status, 429);
    }
}
