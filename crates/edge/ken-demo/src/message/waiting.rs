//! What a human has to decide: one message of the history that is held.

use super::{Message, Partnership, Writer};
use crate::event::{Event, What};
use crate::organisation::Organisation;
use crate::segment::Segment;

/// Whom the hospital takes for one: the boy it saw without a number, and the twin it knows.
const TAKEN_FOR_ONE: [&str; 2] = ["cameron", "twin-at-hospital"];
/// The hospital.
const SENDER: &str = "nhsl";

impl Partnership {
    /// The hospital's system says that two of its records are of one person. It may be wrong: one
    /// of two boys came in the other's coat. So the hub keeps the message for a human (`ADT^A24`).
    #[must_use]
    pub fn waiting(&self) -> Option<Message> {
        let organisation = Organisation::find(SENDER)?;
        let [known, unclear] = TAKEN_FOR_ONE.map(|handle| self.person(handle));
        let (known, unclear) = (known?, unclear?);
        let last = self.events.iter().rfind(|event| event.person == unclear.number)?;
        let event = Event { what: What::Amended, ..*last };
        let of = |person| {
            let control = format!("{}-LINK", organisation.authority);
            Writer { event: &event, person, organisation, control, stay: None }
        };
        let (first, second) = (of(known), of(unclear));
        let segments = [
            first.header(&["ADT", "A24", "ADT_A24"]),
            Segment::new("EVN").text(1, "A24").text(2, &first.when()),
            first.patient(),
            second.patient().text(1, "2"),
        ];
        Some(second.of(&segments))
    }
}
