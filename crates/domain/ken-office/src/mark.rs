//! Handling marks: how carefully a page, a print or a file is to be handled.
//!
//! # Invariants
//!
//! - One function, [`mark`], decides the mark, from what a thing is about; whoever shows, prints or
//!   exports it asks here and nowhere else.
//! - What may name somebody who uses a service is never marked lower than OFFICIAL-SENSITIVE.
//! - A mark opens and closes nothing: who may see what is for the gate.
//!
//! # Sources
//!
//! - HM Government, Government Security Classifications Policy: the tier OFFICIAL, and within it
//!   the marking OFFICIAL-SENSITIVE, in capitals at the head and the foot of each page. Scottish
//!   and local government and their partners use the same (Scottish Government guidance on
//!   multi-agency public protection, annex 2). Which content bears which is house policy.

/// A handling mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Work of a public service, with nobody named in it.
    Official,
    /// Its loss could harm or distress somebody: only for who needs to know.
    OfficialSensitive,
}

impl Mark {
    /// The mark as it is written.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Official => "OFFICIAL",
            Self::OfficialSensitive => "OFFICIAL-SENSITIVE",
        }
    }
}

/// What a page, a print or a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// What anybody may read: the register, published notices, consultations.
    Published,
    /// What a person reads about themselves; how they handle it is theirs.
    Own,
    /// Agreements, drafts and registers, which name nobody who uses a service.
    Texts,
    /// What may name somebody who uses a service, or say what somebody did with their record.
    People,
}

/// The mark of a thing; none for what is the public's or the person's own.
#[must_use]
pub const fn mark(about: About) -> Option<Mark> {
    match about {
        About::Published | About::Own => None,
        About::Texts => Some(Mark::Official),
        About::People => Some(Mark::OfficialSensitive),
    }
}

/// The name of a file that bears its mark; the name alone where there is none.
#[must_use]
pub fn file_name(about: About, name: &str) -> String {
    mark(about).map_or_else(|| name.to_owned(), |mark| format!("{}-{name}", mark.says()))
}

/// The line that stands at the head of each page of a print: the mark, then what runs there.
#[must_use]
pub fn running(about: About, line: &str) -> String {
    mark(about).map_or_else(|| line.to_owned(), |mark| format!("{}. {line}", mark.says()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_content_has_its_mark_on_file_and_print() {
        let check = |about, file: &str, line: &str| {
            assert_eq!(file_name(about, "a.pdf"), file, "{about:?}");
            assert_eq!(running(about, "Printed."), line, "{about:?}");
        };
        check(About::Published, "a.pdf", "Printed.");
        check(About::Own, "a.pdf", "Printed.");
        check(About::Texts, "OFFICIAL-a.pdf", "OFFICIAL. Printed.");
        check(About::People, "OFFICIAL-SENSITIVE-a.pdf", "OFFICIAL-SENSITIVE. Printed.");
        assert!(Mark::OfficialSensitive > Mark::Official);
    }
}
