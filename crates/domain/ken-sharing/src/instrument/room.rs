//! How many instruments one store holds: each that was ever registered is read and compiled, for
//! the prohibitions of ended ones follow their data.

/// Most instruments that one store compiles; more is refused at registration. House
/// policy: a partnership with two hundred agreements, ten times anew.
pub const INSTRUMENTS_MAX: usize = 2_000;

/// Whether one more may be registered beside so many.
pub(super) fn is_left(held: i64) -> bool {
    usize::try_from(held).is_ok_and(|held| held < INSTRUMENTS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_a_store_compiles_is_not_registered() {
        let most = i64::try_from(INSTRUMENTS_MAX).unwrap();
        assert_eq!(
            [0, most - 1, most, most + 1, -1].map(is_left),
            [true, true, false, false, false]
        );
    }
}
