//! FHIR R4 as JSON, with hand-written views.
