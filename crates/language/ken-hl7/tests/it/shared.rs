//! Test data that is not part of the repository: tests that need it skip without it.

use std::path::PathBuf;

/// A file or folder beside the repository; `None`, said aloud, where it is absent.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared").join(path);
    if root.exists() {
        return Some(root);
    }
    eprintln!("skipped: ../shared/{path} is not here");
    None
}

/// The messages of the simulated hospital.
pub(crate) fn simhospital() -> Option<Vec<String>> {
    let text = std::fs::read_to_string(shared("data/hl7/simhospital/messages.hl7")?).unwrap();
    let messages = text.split('\n').map(str::trim).filter(|one| one.starts_with("MSH"));
    Some(messages.map(str::to_owned).collect())
}

/// Settings of the property tests: the same cases in every run, or those of `PROPTEST_RNG_SEED`;
/// more of them by `PROPTEST_CASES`.
pub(crate) fn repeatable() -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, RngSeed};
    let default = Config::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1858),
        given @ RngSeed::Fixed(_) => given,
    };
    Config { rng_seed, failure_persistence: None, ..default }
}
