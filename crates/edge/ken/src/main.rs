//! The binary: configuration, wiring and commands.

fn main() {}
