//! The pages over HTTP, in process.
