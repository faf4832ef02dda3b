//! Looking for people whom the asker may know of, and how often somebody found nobody.

use ken_store::statements;

/// A count for each hour of who looks, and nothing of whom they looked for.
pub(super) const MISSES: &str = "
CREATE TABLE search_miss (
  scope TEXT NOT NULL, hour BIGINT NOT NULL, misses BIGINT NOT NULL, PRIMARY KEY (scope, hour)
);
";

/// Finds names by the organisation and the day, lets go of counts by their hour, and keeps of each
/// day the key under which whom somebody looked for is counted.
pub(super) const LOOKS: &str = "
CREATE INDEX person_name_of_day ON person_name (organisation_id, born);
CREATE INDEX search_miss_hour ON search_miss (hour);
CREATE TABLE sought_key (day BIGINT PRIMARY KEY, key_id TEXT NOT NULL);
";

/// As many people as [`NAMES_RELATED`] asks about at once.
pub(crate) const RELATED_AT_ONCE: usize = 40;

statements! {
    /// Who stands for those of a folded family name, one given name and date of birth, of whom an
    /// organisation registered itself. Nobody else is counted.
    NAME_KNOWN = "SELECT DISTINCT p.lead_id FROM person_name n
        JOIN person p ON p.person_id = n.person_id
        WHERE n.family_key = $1 AND ' ' || n.given_key || ' ' LIKE $2
          AND (n.born IN ($3, $4, $5, $6) OR (n.born >= $3 AND n.born <= $7))
          AND EXISTS (SELECT 1 FROM person q JOIN person_source s ON s.person_id = q.person_id
            WHERE q.lead_id = p.lead_id AND s.organisation_id = $8)
        ORDER BY p.lead_id LIMIT $9";
    /// Names that an organisation itself has of people born on a day, or of whom less is known, by
    /// how the family name or a given one begins.
    NAME_LIKE_OF_DAY = "SELECT DISTINCT person_id, family_key, given_key, born FROM person_name
        WHERE organisation_id = $1 AND born IN ($2, $3, $4)
          AND (family_key LIKE $5 OR ' ' || given_key LIKE $6)
        ORDER BY person_id, family_key, given_key, born LIMIT $7";
    /// Names that an organisation itself has of people of a family name, born in some years, by
    /// how a given one begins.
    NAME_LIKE_OF_FAMILY = "SELECT DISTINCT person_id, family_key, given_key, born FROM person_name
        WHERE family_key = $1 AND born >= $2 AND born < $3 AND organisation_id = $4
          AND ' ' || given_key LIKE $5
        ORDER BY person_id, family_key, given_key, born LIMIT $6";
    /// What each source says of the names of some people, by who stands for them.
    NAMES_RELATED = "SELECT DISTINCT p.lead_id, s.family_key, s.given_key, s.born FROM person q
        JOIN person p ON p.lead_id = q.lead_id JOIN person_source s ON s.person_id = p.person_id
        WHERE q.person_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
          $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32,
          $33, $34, $35, $36, $37, $38, $39, $40)
        ORDER BY p.lead_id, s.family_key, s.given_key, s.born LIMIT $41";
    /// Counts one more.
    MISS_TAKE = "INSERT INTO search_miss (scope, hour, misses) VALUES ($1, $2, 1)
        ON CONFLICT (scope, hour) DO UPDATE SET misses = search_miss.misses + 1
        RETURNING misses";
    /// Counts one less.
    MISS_GIVE = "UPDATE search_miss SET misses = misses - 1
        WHERE scope = $1 AND hour = $2 AND misses > 0";
    /// Which organisations have given a number for one record.
    NUMBER_GIVEN = "SELECT DISTINCT organisation_id FROM person_identifier
        WHERE person_id = $1 AND system = $2 AND value = $3 AND ended_us IS NULL
        ORDER BY organisation_id LIMIT $4";
    /// Which organisations have given a number for one record by a steward's hand.
    NUMBER_GIVEN_BY_HAND = "SELECT DISTINCT organisation_id FROM person_identifier
        WHERE person_id = $1 AND system = $2 AND value = $3 AND ended_us IS NULL
          AND practitioner_id IS NOT NULL
        ORDER BY organisation_id LIMIT $4";
    /// The key of a day.
    SOUGHT_KEY = "SELECT key_id FROM sought_key WHERE day = $1";
    /// Keeps a key for a day, or gives the one that is kept.
    SOUGHT_KEY_PUT = "INSERT INTO sought_key (day, key_id) VALUES ($1, $2)
        ON CONFLICT (day) DO UPDATE SET key_id = sought_key.key_id RETURNING key_id";
    /// The keys of the days before one.
    SOUGHT_KEYS_BEFORE = "SELECT key_id FROM sought_key WHERE day < $1 ORDER BY day LIMIT $2";
    /// Forgets a key.
    SOUGHT_KEY_FORGET = "DELETE FROM sought_key WHERE key_id = $1";
    /// Forgets the hours before one.
    MISSES_FORGET = "DELETE FROM search_miss WHERE hour < $1";
}
