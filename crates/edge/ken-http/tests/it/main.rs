//! The pages over HTTP, in process, on both engines.

#[cfg(test)]
mod agreements;
#[cfg(test)]
mod any_request;
#[cfg(test)]
mod assessments;
#[cfg(test)]
mod breaches;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod choices;
#[cfg(test)]
mod chronology;
#[cfg(test)]
mod corrections;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod discussions;
#[cfg(test)]
mod disposal;
#[cfg(test)]
mod duty;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod extracts;
#[cfg(test)]
mod fhir;
#[cfg(test)]
mod follow;
#[cfg(test)]
mod guessing;
#[cfg(test)]
mod interference;
#[cfg(test)]
mod live;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod matches;
#[cfg(test)]
mod merges;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod model;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod once;
#[cfg(test)]
mod own_forms;
#[cfg(test)]
mod own_words;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[path = "../../src/view/rules.rs"]
mod rules;
#[cfg(test)]
mod seats;
#[cfg(test)]
mod second;
#[cfg(test)]
mod seeding;
#[cfg(test)]
mod seeking;
#[cfg(test)]
mod send_to;
#[cfg(test)]
mod services;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod signatories;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod story;
#[cfg(test)]
mod take_away;
#[cfg(test)]
mod team;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod together;
#[cfg(test)]
mod told;
#[cfg(test)]
mod urgent;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod words;
#[cfg(test)]
mod world;
