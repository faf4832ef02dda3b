//! HL7 v2: spans, the MLLP codec, and the maps to FHIR.
