//! The forms of a partnership: fields and steps of its own, in files beside the program.
//!
//! A file holds a whole form. One that has the id of a form of the program stands in its place;
//! another is offered beside them.
//!
//! # Invariants
//!
//! - A form of a partnership covers its minimum as every form does; nothing of the minimum can be
//!   taken away, or left empty without a reason.
//! - What the program asks too is answered alike and kept apart alike, so that what was answered
//!   before is read by its id, and no file takes a mark away.
//! - Where one file is not good none is used.
//!
//! Sources: National Minimum Information Standards for all adults in Scotland (2007), on what must
//! be covered and how it is worded locally; ADR 76.

use std::fmt;
use std::sync::OnceLock;

use super::fhir::Part;
use super::{Fault, Form, Kind, PROGRAM, Question};

/// Most files of a partnership. House policy.
pub const FILES_MAX: usize = 32;
/// Longest file, in bytes. House policy.
pub const BYTES_MAX: u64 = 256 << 10;

/// What was installed.
static LOCAL: OnceLock<Vec<Form>> = OnceLock::new();

/// A file that is no form of a partnership, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The file's name.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.fault)
    }
}

/// Reads the files of a partnership, each with its name.
///
/// # Errors
///
/// The first [`Wrong`].
pub fn read(files: &[(String, String)]) -> Result<Vec<Form>, Wrong> {
    let mut forms: Vec<Form> = Vec::with_capacity(files.len());
    for (file, text) in files.iter().take(FILES_MAX) {
        let read = Form::parse(text).and_then(|form| {
            let is_there = forms.iter().any(|one| one.id == form.id);
            if is_there { Err(Fault::Twice(form.id)) } else { beside(form) }
        });
        forms.push(read.map_err(|fault| Wrong { file: file.clone(), fault })?);
    }
    Ok(forms)
}

/// Has a partnership's forms used from now on. False where forms were used already: then nothing
/// changes.
#[must_use]
pub fn install(forms: Vec<Form>) -> bool {
    LOCAL.set(forms).is_ok()
}

/// The forms of the program with those of the partnership in their places and after them.
pub(super) fn with_own() -> Vec<Form> {
    let mut all = PROGRAM.clone();
    for form in LOCAL.get_or_init(Vec::new) {
        match all.iter_mut().find(|one| one.id == form.id) {
            Some(place) => place.clone_from(form),
            None => all.push(form.clone()),
        }
    }
    all
}

/// A form, where it fits beside those of the program.
fn beside(form: Form) -> Result<Form, Fault> {
    if let Some(own) = PROGRAM.iter().find(|one| one.id == form.id) {
        if form.version <= own.version {
            return Err(Fault::Version(own.version));
        }
        let of = |one: &Form| (one.makes, one.minimum.clone(), one.restricted);
        if of(&form) != of(own) {
            return Err(Fault::Changed(form.id));
        }
        for question in form.questions() {
            let was = own.questions().find(|one| one.id == question.id);
            if was.is_some_and(|was| !is_like(was, question)) {
                return Err(Fault::Changed(question.id.clone()));
            }
        }
    }
    keeps_apart(&form)?;
    for question in form.questions().filter(|one| one.same.is_some()) {
        let mut others = PROGRAM.iter().flat_map(Form::questions);
        let other = others.find(|one| one.same == question.same);
        if other.is_some_and(|other| !is_like(other, question)) {
            return Err(Fault::Changed(question.id.clone()));
        }
    }
    Ok(form)
}

/// Fails where a form of the program under the same minimum keeps something apart that this one
/// does not: all of it, or what answers a heading.
fn keeps_apart(form: &Form) -> Result<(), Fault> {
    let Some(own) = PROGRAM.iter().find(|one| one.minimum == form.minimum) else { return Ok(()) };
    if own.restricted && !form.restricted {
        return Err(Fault::Changed(form.id.clone()));
    }
    for question in form.questions() {
        let covers =
            |one: &&Question| one.covered().any(|id| question.covered().any(|of| of == id));
        let mut alike = own.questions().filter(covers);
        if !alike.all(|one| Part::of(one) == Part::of(question)) {
            return Err(Fault::Changed(question.id.clone()));
        }
    }
    Ok(())
}

/// Whether what answers one answers the other, and is kept apart as that is.
fn is_like(one: &Question, other: &Question) -> bool {
    let kinds = match (&one.kind, &other.kind) {
        (Kind::Choice(was), Kind::Choice(_)) => {
            was.iter().all(|(code, _)| other.answer(code).is_some())
        }
        (was, is) => was == is,
    };
    kinds && Part::of(one) == Part::of(other)
}
