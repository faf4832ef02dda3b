//! The person index: identify, link, queue and search.
//!
//! # Invariants
//!
//! - Two records with different valid CHI numbers are never one person; twins and namesakes are
//!   never linked by name, date and address, nor by a number that name and date do not support.
//! - Doubt is an answer: [`Identified::Uncertain`] has a provisional person and a place in the
//!   queue, and nothing waits for it.
//! - A link moves nothing but who stands for whom, so that it can be undone. Whoever reads what is
//!   held about a person reads all of [`together`].
//! - Every new person, link, unlink and decision is an entry of the ledger, in the same
//!   transaction; no name, date or number of anybody stands there.
//! - What leaves the index is ids and reasons. Names, dates and numbers come out of the records
//!   alone, by the gate's permit.
//!
//! Names, dates of birth, addresses and numbers lie in the index as they are, since they are what
//! is searched; the bodies of records lie sealed elsewhere.
//!
//! # Sources
//!
//! - `identity.md` sections 5 and 6; `domain.md` edge cases 10 to 16; `core.md` sections 2 and 5.

mod account;
mod backing;
mod bounds;
pub mod budget;
mod chain;
pub mod counting;
pub mod demographics;
mod entry;
mod error;
mod identify;
mod index;
pub mod learning;
mod likely;
mod link;
mod look;
mod merge;
mod near;
mod newcomer;
mod number;
mod own;
mod parted;
pub mod queue;
mod reason;
pub mod rule;
mod search;
pub mod seeding;
mod sql;
mod standing;
mod unread;
mod variation;
mod weigh;

pub use account::{born_said, is_known_to, is_provisional, lead, numbers, say_again, together};
pub use backing::{Backing, back, backed, backed_by_one, backing};
pub use bounds::{NotAsked, UNASKED_KEPT, UNNAMED_MAX, not_asked};
pub use chain::{Said, hold_chains, is_brought};
pub use demographics::{Demographics, Sex, SourceRecord};
pub use error::Error;
pub use identify::{Identified, InOrder, Since, identify, identify_in_order, identify_since};
pub use index::{Alike, Follower, Index};
pub use ken_match::Explanation;
pub use link::{Link, LinkId, ReviewId, links, tell, unlink};
pub use look::{Asker, Fits, Grade, LOOKED_MAX, Meant, Sought, given_by, look, meant};
pub use merge::{Brought, MergeId, Merged, Unmerged, hold, hold_merged, merge, merges, unmerge};
pub use near::share_postcode;
pub use newcomer::{AskedAgain, ask_again};
pub use number::{
    EVENTS_MAX, Evidence, GivenNumber, NumberEvent, NumberLink, give_number, holder, number_events,
    number_links, take_number_back,
};
pub use own::is_own;
pub use parted::{PARTED, Parted};
pub use queue::{Answer, Place, Why};
pub use rule::{Doubt, Reason, Verdict, is_still_same};
pub use search::{Candidate, FOUND_MAX, Found, Query, search};
pub use sql::apart::ALL as APART_STATEMENTS;
pub use sql::bounds::ALL as BOUNDS_STATEMENTS;
pub use sql::index::ALL as INDEX_STATEMENTS;
pub use sql::learning::ALL as LEARNING_STATEMENTS;
pub use sql::merge::ALL as MERGE_STATEMENTS;
pub use sql::number::ALL as NUMBER_STATEMENTS;
pub use sql::question::ALL as QUESTION_STATEMENTS;
pub use sql::search::ALL as SEARCH_STATEMENTS;
pub use sql::standing::ALL as STANDING_STATEMENTS;
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
pub use standing::{MERGES_MAX, Standing, find_standing, standing};
pub use weigh::{Seen, weigh};
