//! Views: what a page asks of a resource, by name.
//!
//! A view is made by `of`, which answers `None` for another type; every question may be answered
//! by nothing. Elements that no view knows stay in the resource.

mod clinical;
mod document;
mod event;
mod person;

pub use clinical::{AllergyIntolerance, Condition, DiagnosticReport, Observation};
pub use document::{CarePlan, DocumentReference, QuestionnaireResponse, Section};
pub(crate) use event::FLAG_DETAIL;
pub use event::{Appointment, Communication, Encounter, Flag, Period, Provenance, ServiceRequest};
pub use person::{Address, Contact, HumanName, Identifier, Patient, RelatedPerson};

/// Makes a view over one resource type.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'r>($crate::Node<'r>);

        impl<'r> $name<'r> {
            /// The view of a resource, if it is of this type.
            #[must_use]
            pub fn of(resource: &'r $crate::Resource) -> Option<Self> {
                (resource.kind() == stringify!($name)).then(|| Self(resource.value().into()))
            }

            /// The resource, for what this view does not ask.
            #[must_use]
            pub fn node(self) -> $crate::Node<'r> {
                self.0
            }
        }
    };
}
use view;
