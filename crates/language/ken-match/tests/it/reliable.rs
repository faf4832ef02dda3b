//! What is said of a pair is as often true as is said, on people who were not learnt from.

use ken_match::{Link, Model, Options, compare, finish, train};

use crate::people::made;

/// Links of held-out people with what was said, and whether it is so. A model learnt from one seed
/// judges the others.
fn judged() -> Vec<(f64, bool)> {
    let options = Options::default();
    let base = Model::shipped().unwrap();
    let first = made(40, 8_000);
    let model = train(&first.table, &compare(&first.table, &options, &|_, _| {}), &base);
    assert!(model.training.labelled_same >= 500, "learnt from labels");
    let mut all = Vec::new();
    for seed in 41..45 {
        let made = made(seed, 8_000);
        let compared = compare(&made.table, &options, &|_, _| {});
        let outcome = finish(&made.table, compared, model.clone(), &options);
        let of = |record: u32| made.truth[usize::try_from(record).unwrap()];
        let links = outcome.scored.into_iter().filter(|link| link.probability > 0.0);
        all.extend(links.map(|link: Link| (link.probability, of(link.one) == of(link.other))));
    }
    all
}

#[test]
fn what_is_said_to_be_sure_is_and_the_rest_is_as_often_as_is_said() {
    let all = judged();
    let band = |low: f64, high: f64| {
        let of = all.iter().filter(|(said, _)| (low..high).contains(said));
        let (mut count, mut said, mut right) = (0.0, 0.0, 0.0);
        for (probability, is_right) in of {
            count += 1.0;
            said += probability;
            right += f64::from(u8::from(*is_right));
        }
        (count, said, right)
    };
    let (count, _, right) = band(0.99, 1.1);
    assert!(count > 5_000.0 && right / count >= 0.99, "{right} of {count}");
    // In no band may more be said than is so, by more than chance explains at four deviations.
    for (low, high) in [(0.05, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 0.99), (0.99, 1.1)] {
        let (count, said, right) = band(low, high);
        let spread: f64 = (said * (1.0 - said / f64::max(count, 1.0))).max(0.0).sqrt();
        let slack = 4.0 * spread + 0.03 * count + 2.0;
        println!("{low}-{high}: {count} said {said:.1} right {right}");
        assert!(said - right <= slack, "{low}-{high}: {count} links, said {said}, right {right}");
    }
    // Nor is all said to be unsure: half of what is found is sure.
    assert!(count * 2.0 > band(0.05, 1.1).0);
}
