//! How often somebody looked for people and found nobody.

use ken_store::statements;

/// A count for each hour of who looks, and nothing of whom they looked for.
pub(super) const MISSES: &str = "
CREATE TABLE search_miss (
  scope TEXT NOT NULL, hour BIGINT NOT NULL, misses BIGINT NOT NULL, PRIMARY KEY (scope, hour)
);
";

statements! {
    /// Counts one more.
    MISS_TAKE = "INSERT INTO search_miss (scope, hour, misses) VALUES ($1, $2, 1)
        ON CONFLICT (scope, hour) DO UPDATE SET misses = search_miss.misses + 1
        RETURNING misses";
    /// Counts one less.
    MISS_GIVE = "UPDATE search_miss SET misses = misses - 1
        WHERE scope = $1 AND hour = $2 AND misses > 0";
    /// Forgets the hours before one.
    MISSES_FORGET = "DELETE FROM search_miss WHERE hour < $1";
}
