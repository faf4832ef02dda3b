//! The table and statements of timers.

/// The table. The lane of a timer is its kind; its key makes it one of a kind. The fence is the
/// number of the lease that holds it, and 0 where it was set since.
pub(super) const TABLE: &str = "
    CREATE TABLE store_timer (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        due_at BIGINT NOT NULL,
        detail TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        leased_until BIGINT NOT NULL,
        fence BIGINT NOT NULL,
        failure TEXT,
        PRIMARY KEY (kind, key)
    );
    CREATE INDEX store_timer_due ON store_timer (kind, due_at);";

crate::statements! {
    /// Sets a timer, or moves one that is set; a handler at work loses its lease.
    TIMER_SET = "
        INSERT INTO store_timer (kind, key, due_at, detail, attempts, leased_until, fence)
        VALUES ($1, $2, $3, $4, 0, 0, 0)
        ON CONFLICT (kind, key) DO UPDATE
        SET due_at = excluded.due_at, detail = excluded.detail, attempts = 0,
            leased_until = 0, fence = 0, failure = NULL";
    /// Sets a timer, unless it is set.
    TIMER_SET_ONCE = "
        INSERT INTO store_timer (kind, key, due_at, detail, attempts, leased_until, fence)
        VALUES ($1, $2, $3, $4, 0, 0, 0) ON CONFLICT (kind, key) DO NOTHING";
    /// Takes a timer back.
    TIMER_CANCEL = "
        DELETE FROM store_timer WHERE kind = $1 AND key = $2";
    /// Leases the timers of a kind that are due. Variant: workers pass over each other's rows.
    TIMER_CLAIM = "
        UPDATE store_timer
        SET leased_until = $3, fence = $5, attempts = attempts + 1
        WHERE kind = $1 AND key IN (
            SELECT key FROM store_timer
            WHERE kind = $1 AND due_at <= $2 AND leased_until <= $2
            ORDER BY due_at, key LIMIT $4)
        RETURNING key, due_at, detail, attempts, fence",
        postgres = "
        UPDATE store_timer
        SET leased_until = $3, fence = $5, attempts = attempts + 1
        WHERE kind = $1 AND key IN (
            SELECT key FROM store_timer
            WHERE kind = $1 AND due_at <= $2 AND leased_until <= $2
            ORDER BY due_at, key LIMIT $4 FOR UPDATE SKIP LOCKED)
        RETURNING key, due_at, detail, attempts, fence";
    /// The work of a lease is done.
    TIMER_DONE = "
        DELETE FROM store_timer WHERE kind = $1 AND key = $2 AND fence = $3";
    /// The work of a lease is to be tried again.
    TIMER_AGAIN = "
        UPDATE store_timer SET due_at = $4, leased_until = 0, failure = $5
        WHERE kind = $1 AND key = $2 AND fence = $3";
    /// How many timers of each kind have been tried so often in vain, and why, at most $2 lines.
    TIMER_FAILING = "
        SELECT kind, failure, COUNT(*) FROM store_timer
        WHERE attempts >= $1 AND failure IS NOT NULL
        GROUP BY kind, failure ORDER BY kind, failure LIMIT $2";
    /// When the next timer of a kind is due, or its lease ends.
    TIMER_NEXT = "
        SELECT CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END AS next_at
        FROM store_timer WHERE kind = $1 ORDER BY 1 LIMIT 1";
}
