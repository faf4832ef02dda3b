//! The table and statements of nodes.

/// The table: what each process that serves this database has drained.
pub(super) const TABLE: &str = "
    CREATE TABLE store_node (
        node_id TEXT PRIMARY KEY,
        drained BIGINT NOT NULL,
        seen_at BIGINT NOT NULL
    );";

crate::statements! {
    /// A node says what it has drained, and that it lives.
    NODE_REPORT = "
        INSERT INTO store_node (node_id, drained, seen_at) VALUES ($1, $2, $3)
        ON CONFLICT (node_id) DO UPDATE
        SET drained = excluded.drained, seen_at = excluded.seen_at";
    /// A node has ended.
    NODE_LEAVE = "DELETE FROM store_node WHERE node_id = $1";
    /// Nodes that have not been heard of since $1 are forgotten.
    NODES_FORGET = "DELETE FROM store_node WHERE seen_at < $1";
    /// How many nodes that were heard of since $2 have not drained $1.
    NODES_LATE = "
        SELECT COUNT(*) FROM store_node WHERE drained < $1 AND seen_at >= $2";
}
