//! The tables and statements of the outbox.

/// The tables. A lane is one destination and one person, or nobody (`''`); messages of a lane
/// go in order, one at a time. Person first, so that the tables can be spread by person.
pub(super) const TABLES: &str = "
    CREATE TABLE store_lane (
        person_id TEXT NOT NULL,
        destination TEXT NOT NULL,
        last BIGINT NOT NULL,
        due_at BIGINT,
        attempts BIGINT NOT NULL,
        leased_until BIGINT NOT NULL,
        fence BIGINT NOT NULL,
        failure TEXT,
        PRIMARY KEY (person_id, destination)
    );
    CREATE INDEX store_lane_due ON store_lane (destination, due_at);
    CREATE TABLE store_outbox (
        person_id TEXT NOT NULL,
        destination TEXT NOT NULL,
        place BIGINT NOT NULL,
        message_id TEXT NOT NULL,
        body {bytes} NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'unanswered', 'sent', 'dead')),
        put_at BIGINT NOT NULL,
        ended_at BIGINT,
        failure TEXT,
        PRIMARY KEY (person_id, destination, place)
    );
    CREATE INDEX store_outbox_open ON store_outbox (destination, state, ended_at);";

crate::statements! {
    /// The next place of a lane, made where there is none; due at once if nothing waits in it.
    LANE_NEXT = "
        INSERT INTO store_lane
            (person_id, destination, last, due_at, attempts, leased_until, fence)
        VALUES ($1, $2, 1, $3, 0, 0, 0)
        ON CONFLICT (person_id, destination) DO UPDATE
        SET last = store_lane.last + 1, due_at = COALESCE(store_lane.due_at, excluded.due_at)
        RETURNING last";
    /// Puts a message in its place.
    OUTBOX_PUT = "
        INSERT INTO store_outbox
            (person_id, destination, place, message_id, body, state, put_at)
        VALUES ($1, $2, $3, $4, $5, 'waiting', $6)";
    /// Leases the lanes to a destination that are due. Variant: workers pass over each other.
    LANE_CLAIM = "
        UPDATE store_lane
        SET leased_until = $3, fence = fence + 1, attempts = attempts + 1
        WHERE destination = $1 AND person_id IN (
            SELECT person_id FROM store_lane
            WHERE destination = $1 AND due_at <= $2 AND leased_until <= $2
            ORDER BY due_at, person_id LIMIT $4)
        RETURNING person_id, attempts, fence",
        postgres = "
        UPDATE store_lane
        SET leased_until = $3, fence = fence + 1, attempts = attempts + 1
        WHERE destination = $1 AND person_id IN (
            SELECT person_id FROM store_lane
            WHERE destination = $1 AND due_at <= $2 AND leased_until <= $2
            ORDER BY due_at, person_id LIMIT $4 FOR UPDATE SKIP LOCKED)
        RETURNING person_id, attempts, fence";
    /// The message at the head of a lane.
    OUTBOX_HEAD = "
        SELECT place, message_id, body, state, put_at FROM store_outbox
        WHERE person_id = $1 AND destination = $2 AND state IN ('waiting', 'unanswered')
        ORDER BY place LIMIT 1";
    /// Nothing waits in a lane; it is due when something does.
    LANE_REST = "
        UPDATE store_lane SET due_at = NULL, attempts = 0, leased_until = 0, failure = NULL
        WHERE person_id = $1 AND destination = $2 AND fence = $3";
    /// The lane is due again, for its next message or the same one.
    LANE_AGAIN = "
        UPDATE store_lane SET due_at = $4, attempts = $5, leased_until = 0, failure = $6
        WHERE person_id = $1 AND destination = $2 AND fence = $3";
    /// Whether a lease on a lane is still held, taking the lane. Variant: the lock.
    LANE_HOLD = "
        SELECT fence FROM store_lane WHERE person_id = $1 AND destination = $2",
        postgres = "
        SELECT fence FROM store_lane WHERE person_id = $1 AND destination = $2 FOR UPDATE";
    /// Changes the state of a message.
    OUTBOX_STATE = "
        UPDATE store_outbox SET state = $4, ended_at = $5, failure = $6
        WHERE person_id = $1 AND destination = $2 AND place = $3";
    /// Dead letters to a destination, the oldest first.
    OUTBOX_DEAD = "
        SELECT person_id, place, message_id, failure, ended_at FROM store_outbox
        WHERE destination = $1 AND state = 'dead' ORDER BY ended_at, message_id LIMIT $2";
    /// A dead letter waits again, in its old place.
    OUTBOX_REVIVE = "
        UPDATE store_outbox SET state = 'waiting', ended_at = NULL, failure = NULL
        WHERE person_id = $1 AND destination = $2 AND place = $3 AND state = 'dead'";
    /// Whether a destination has $2 dead letters, or more: the last of so many.
    OUTBOX_DEAD_FULL = "
        SELECT message_id FROM store_outbox WHERE destination = $1 AND state = 'dead'
        ORDER BY ended_at, message_id LIMIT 1 OFFSET $2";
    /// A person has decided that a dead letter is not sent.
    OUTBOX_DISCARD = "
        DELETE FROM store_outbox
        WHERE person_id = $1 AND destination = $2 AND place = $3 AND state = 'dead'";
    /// Removes what was sent, and answered before $1, at most $2.
    OUTBOX_SWEEP = "
        DELETE FROM store_outbox WHERE (person_id, destination, place) IN (
            SELECT person_id, destination, place FROM store_outbox
            WHERE state = 'sent' AND ended_at < $1 ORDER BY ended_at LIMIT $2)";
    /// How many messages to a destination are in each state.
    OUTBOX_COUNT = "
        SELECT state, COUNT(*) FROM store_outbox WHERE destination = $1
        GROUP BY state ORDER BY state";
}
