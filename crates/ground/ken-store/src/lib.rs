//! One database, two engines: group commit, guard rows, timers, outbox, blobs and keys.
