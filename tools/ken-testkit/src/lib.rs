//! What the tests share: synthetic people, clock, ids, canaries and the simulation.
