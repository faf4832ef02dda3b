//! Statements for whoever counts people: one after the other, and few words of each.

use ken_store::statements;

statements! {
    /// The next people after one, each once: whoever stands for all ids of somebody, and of whom
    /// it is certain who they are.
    NEXT_LEADS = "SELECT person_id FROM person
        WHERE person_id > $1 AND lead_id = person_id AND provisional = 0
        ORDER BY person_id LIMIT $2";
    /// What sources say of somebody that is counted by, the newest first.
    SAID_OF = "SELECT organisation_id, born, postcode, sex FROM person_source
        WHERE person_id = $1 ORDER BY said_us DESC, organisation_id, system, number LIMIT $2";
}
