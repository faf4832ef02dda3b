//! What happened, as the segments after `PID`.

use super::{Writer, written};
use crate::event::{DocumentKind, Substance, Test, What};
use crate::practitioner::Practitioner;
use crate::segment::{Segment, components};

/// What every narrative ends with.
pub(super) const MADE_UP: &str = "Made up: nobody in Glen or Strath lives.";

/// A line of a document that begins so is in the person's own words, and is filed apart.
const OWN_WORDS: &str = "What you said:";

impl Writer<'_> {
    pub(super) fn body(&self) -> Vec<Segment> {
        match self.event.what {
            What::Registered | What::Amended => self.contacts(),
            What::Admitted { ward, reason } => vec![self.place("I", ward), why(reason, "")],
            What::Discharged { ward, reason } => {
                let came = self.stay.as_ref().map_or("", |stay| stay.reason);
                vec![self.place("I", ward), why(came, reason)]
            }
            What::Seen { place, reason, emergency } => {
                let class = if emergency { "E" } else { "O" };
                vec![self.place(class, place), why(reason, "")]
            }
            What::Measured { test, tenths } => self.measured(&test, tenths),
            What::Allergic { to, reaction, severe } => vec![self.allergy(&to, reaction, severe)],
            What::Wrote { kind, version: _, title, text } => self.document(kind, title, text),
            What::School { title, text } => self.told("SCHOOL", title, text),
            What::SocialWork { title, text } => self.told("SW", title, text),
            What::Support { title, text } => self.told("SUPPORT", title, text),
            What::Concern { harm, summary, views, other } => {
                self.concern(harm, summary, views, other)
            }
        }
    }

    /// The segments of a request, which come before the person.
    pub(super) fn request(&self) -> Vec<Segment> {
        if !matches!(self.event.what, What::Concern { .. }) {
            return Vec::new();
        }
        let author = self.event.author.and_then(Practitioner::find);
        let (given, family) = author.map_or(("", ""), Practitioner::given_and_family);
        vec![
            Segment::new("RF1")
                .text(1, "P")
                .text(2, "A")
                .parts(3, &["CONCERN", "", "KENrequest"])
                .text(6, &self.control)
                .text(7, &self.when()),
            Segment::new("PRD")
                .text(1, "RP")
                .parts(2, &[family, given])
                .text(10, self.organisation.name),
        ]
    }

    fn place(&self, class: &str, place: &str) -> Segment {
        let since = self.stay.as_ref().map_or(self.event.at, |stay| stay.since);
        let number = self.stay.as_ref().map_or(&self.control, |stay| &stay.number);
        let visit = Segment::new("PV1")
            .text(1, "1")
            .text(2, class)
            .parts(3, &[place, "", "", self.organisation.name])
            .raw(7, self.author())
            .parts(19, &[number, "", "", self.organisation.authority, "VN"])
            .text(44, &written(since));
        // A visit of a day is over when it is told of; a stay is when they went home.
        if matches!(self.event.what, What::Admitted { .. }) {
            visit
        } else {
            visit.text(45, &self.when())
        }
    }

    fn measured(&self, test: &Test, tenths: i64) -> Vec<Segment> {
        let range = format!("{} - {}", decimal(test.low_tenths), decimal(test.high_tenths));
        vec![
            Segment::new("OBR")
                .text(1, "1")
                .text(3, &self.control)
                .parts(4, &[test.code, test.name, "LN"])
                .text(7, &self.when())
                .text(22, &self.when())
                .text(25, "F"),
            Segment::new("OBX")
                .text(1, "1")
                .text(2, "NM")
                .parts(3, &[test.code, test.name, "LN"])
                .text(5, &decimal(tenths))
                .parts(6, &[test.unit, test.unit, "UCUM"])
                .text(7, &range)
                .text(8, test.flag(tenths))
                .text(11, "F")
                .text(14, &self.when()),
            Segment::new("NTE").text(1, "1").text(3, MADE_UP),
        ]
    }

    fn allergy(&self, to: &Substance, reaction: &str, severe: bool) -> Segment {
        let day = self.day().strftime("%Y%m%d").to_string();
        Segment::new("AL1")
            .text(1, "1")
            .text(2, to.kind)
            .parts(3, &[to.code, to.name, "SCT"])
            .text(4, if severe { "SV" } else { "MO" })
            .text(5, &said(reaction))
            .text(6, &day)
    }

    fn document(&self, kind: DocumentKind, title: &str, text: &str) -> Vec<Segment> {
        let code = match kind {
            DocumentKind::KeyInformation => "KIS",
            DocumentKind::ChildsPlan => "CPLAN",
            DocumentKind::Assessment => "ASSESS",
            DocumentKind::Letter => "LETTER",
            DocumentKind::PowerOfAttorney => "POA",
        };
        // The same number again is a new version of the same document.
        let id = format!("{code}-{}", self.person.local_id(self.organisation));
        let of_person = |line: &&str| line.starts_with(OWN_WORDS);
        let lines = text.lines().filter(|line| !of_person(line)).chain([MADE_UP]);
        let own = text.lines().filter(of_person);
        let rows = lines
            .map(|line| ("TEXT", title, line.to_owned()))
            .chain(own.map(|line| ("VIEWS", "Views", said(line))));
        std::iter::once(self.heading(code, &id, title)).chain(sections(rows)).collect()
    }

    fn told(&self, code: &str, title: &str, text: &str) -> Vec<Segment> {
        let rows = [("EVENT", "What happened", said(text))];
        std::iter::once(self.heading(code, &self.control, title)).chain(sections(rows)).collect()
    }

    fn heading(&self, code: &str, id: &str, title: &str) -> Segment {
        Segment::new("TXA")
            .text(1, "1")
            .parts(2, &[code, "", "KENdocument"])
            .text(3, "TX")
            .text(4, &self.when())
            .text(6, &self.when())
            .raw(9, self.author())
            .parts(12, &[id, self.organisation.authority])
            .text(17, "AU")
            .text(19, "AV")
            .text(25, title)
    }

    fn concern(&self, harm: &str, summary: &str, views: &str, other: Option<&str>) -> Vec<Segment> {
        let rows = [
            ("HARM", "Kind of harm", harm.to_owned()),
            ("SUMMARY", "What was seen and done", said(summary)),
            ("VIEWS", "What the person said", said(views)),
        ];
        let other = other.map(|other| ("THIRD-PARTY", "Somebody else", said(other)));
        let day = self.day().strftime("%Y%m%d").to_string();
        sections(rows.into_iter().chain(other)).map(|row| row.text(14, &day)).collect()
    }

    fn author(&self) -> String {
        let Some(author) = self.event.author.and_then(Practitioner::find) else {
            return String::new();
        };
        let (given, family) = author.given_and_family();
        components(&[&author.registration(), family, given])
    }
}

/// Why somebody came, and what became of it.
fn why(reason: &str, outcome: &str) -> Segment {
    let segment = Segment::new("PV2").parts(3, &["", &said(reason)]);
    if outcome.is_empty() { segment } else { segment.text(12, outcome) }
}

/// Rows of code, title and text as `OBX` segments.
fn sections<'a>(
    rows: impl IntoIterator<Item = (&'a str, &'a str, String)>,
) -> impl Iterator<Item = Segment> {
    (1..).zip(rows).map(|(at, (code, title, text)): (usize, _)| {
        Segment::new("OBX")
            .text(1, &at.to_string())
            .text(2, "TX")
            .parts(3, &[code, title, "KENsection"])
            .text(5, &text)
            .text(11, "F")
    })
}

fn said(text: &str) -> String {
    format!("{text} ({MADE_UP})")
}

fn decimal(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}
