//! Pages, sign-in and FHIR: where people come in.
//!
//! # Invariants
//!
//! - Every route stands in [`ROUTES`], with who may call it; the router is built from that table,
//!   and the completeness tests walk it.
//! - A page carries no inline style and no inline script, and the policy header forbids both. The
//!   one script there is serves passkeys, on the two pages that offer them.
//! - A changing request runs in a tracked task: a client that goes away does not cancel a write.
//! - Nothing that could identify a person stands in an address, a log line or a metric.
//! - Pages that could show a record are never stored by a browser or a proxy.
//!
//! # Sources
//!
//! - WCAG 2.2 AA; Scottish Government Design System; Content Security Policy level 3;
//!   Trusted Types; RFC 6265bis (cookie prefixes).

mod app;
mod asset;
mod caller;
mod fhir;
mod listen;
mod pages;
mod route;
mod serve;
mod site;
mod stop;
mod view;
mod wire;

pub use app::{App, Parts};
pub use route::{ROUTES, Route, Verb, Who, router};
pub use serve::{Probe, serve, serve_measures};
pub use site::{DemoAccount, Site};
