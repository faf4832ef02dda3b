//! Instruments in force, signing, facts, relationships, and the gate.
