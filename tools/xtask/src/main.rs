//! The project's own commands: tidy, test and bench.

fn main() {}
