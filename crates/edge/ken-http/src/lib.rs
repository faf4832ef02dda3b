//! Pages, the FHIR endpoint and sign-in.
