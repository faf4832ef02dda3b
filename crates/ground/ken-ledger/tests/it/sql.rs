//! What a vandal with the database's password would run.

/// Changes what an entry says.
pub(crate) const CHANGE_KIND: &str =
    "UPDATE ledger_entry SET kind = 'deny' WHERE stream_id = $1 AND entry_id = $2";
/// Changes what an entry hides.
pub(crate) const CHANGE_DETAIL: &str =
    "UPDATE ledger_entry SET detail = $3 WHERE stream_id = $1 AND entry_id = $2";
/// Takes an entry away.
pub(crate) const REMOVE_ENTRY: &str =
    "DELETE FROM ledger_entry WHERE stream_id = $1 AND entry_id = $2";
/// Takes away every leaf from an index on.
pub(crate) const CUT_LEAVES: &str = "DELETE FROM ledger_leaf WHERE leaf_index >= $1";
/// Takes away every entry that has no leaf.
pub(crate) const CUT_ENTRIES: &str =
    "DELETE FROM ledger_entry WHERE entry_id NOT IN (SELECT entry_id FROM ledger_leaf)";
/// Says that the log is shorter.
pub(crate) const CUT_SIZE: &str = "UPDATE ledger_sealer SET size = $1";
/// Moves a leaf.
pub(crate) const MOVE_LEAF: &str = "UPDATE ledger_leaf SET leaf_index = $2 WHERE leaf_index = $1";
/// Takes away what witnesses have said.
pub(crate) const REMOVE_WORDS: &str = "DELETE FROM ledger_cosignature";
/// Says that witnesses spoke of another size.
pub(crate) const MOVE_WORDS: &str = "UPDATE ledger_cosignature SET size = $1";
/// Takes away checkpoints.
pub(crate) const REMOVE_CHECKPOINT: &str = "DELETE FROM ledger_checkpoint WHERE size = $1";
/// Takes the sealer's row, as the sealer does.
pub(crate) const TAKE_SEALER: &str = "UPDATE ledger_sealer SET fence = fence";
/// Takes a leaf away.
pub(crate) const REMOVE_LEAF: &str = "DELETE FROM ledger_leaf WHERE entry_id = $1";
/// Changes a tile.
pub(crate) const CHANGE_TILE: &str = "UPDATE ledger_tile SET hashes = $1 WHERE level = 0";
/// Puts another commitment in a leaf.
pub(crate) const CHANGE_LEAF: &str = "UPDATE ledger_leaf SET commitment = $2 WHERE leaf_index = $1";
/// Puts a checkpoint back.
pub(crate) const PUT_CHECKPOINT: &str =
    "INSERT INTO ledger_checkpoint (size, at_us, note) VALUES ($1, 0, $2)";
/// The bytes of the first tile.
pub(crate) const FIRST_TILE: &str = "SELECT hashes FROM ledger_tile WHERE level = 0 AND tile = 0";
/// Forgets that an entry was sealed.
pub(crate) const UNMARK: &str = "UPDATE ledger_entry SET sealed = 0";
/// The leaves, in order.
pub(crate) const LEAVES: &str = "SELECT leaf_index, entry_id FROM ledger_leaf ORDER BY leaf_index";
/// Number of entries.
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM ledger_entry";
/// Entries that are not marked as sealed.
pub(crate) const UNSEALED: &str = "SELECT COUNT(*) FROM ledger_entry WHERE sealed = 0";
