//! The table and statements of looking for room.

/// The table: what a look for room has written, until it is taken away.
pub(super) const TABLE: &str = "
    CREATE TABLE store_room (
        id TEXT PRIMARY KEY,
        filling {bytes} NOT NULL
    );";

crate::statements! {
    /// Takes room.
    ROOM_TAKE = "
        INSERT INTO store_room (id, filling) VALUES ('room', $1)
        ON CONFLICT (id) DO UPDATE SET filling = excluded.filling";
    /// Gives it back.
    ROOM_GIVE = "DELETE FROM store_room WHERE id = 'room'";
}
