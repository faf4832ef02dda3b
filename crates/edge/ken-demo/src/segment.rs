//! Writing HL7 v2 segments: fields by number, texts escaped.

use ken_hl7::escape;

/// One segment, being written.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    name: &'static str,
    fields: Vec<String>,
}

impl Segment {
    /// An empty segment.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, fields: Vec::new() }
    }

    /// Puts a field that is already written in components; fields between stay empty.
    pub(crate) fn raw(mut self, number: usize, field: impl Into<String>) -> Self {
        if self.fields.len() < number {
            self.fields.resize(number, String::new());
        }
        if let Some(place) = number.checked_sub(1).and_then(|at| self.fields.get_mut(at)) {
            *place = field.into();
        }
        self
    }

    /// Puts a text as a field of one component.
    pub(crate) fn text(self, number: usize, text: &str) -> Self {
        let escaped = escape(text).into_owned();
        self.raw(number, escaped)
    }

    /// Puts texts as the components of a field.
    pub(crate) fn parts(self, number: usize, parts: &[&str]) -> Self {
        self.raw(number, components(parts))
    }

    /// Writes the segment and its end.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str(self.name);
        // MSH-1 is the separator itself: its fields begin at MSH-2.
        let skipped = usize::from(self.name == "MSH");
        for field in self.fields.iter().skip(skipped) {
            out.push('|');
            out.push_str(field);
        }
        out.push('\r');
    }
}

/// Joins components, without the empty ones at the end.
pub(crate) fn components(parts: &[&str]) -> String {
    let joined = parts.iter().map(|part| escape(part)).collect::<Vec<_>>().join("^");
    joined.trim_end_matches('^').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_they_belong() {
        let check = |segment: Segment, want: &str| {
            let mut out = String::new();
            segment.write(&mut out);
            assert_eq!(out, want);
        };
        check(Segment::new("EVN").text(1, "A28"), "EVN|A28\r");
        check(Segment::new("PID").parts(3, &["1", "", "", "GGP", ""]), "PID|||1^^^GGP\r");
        check(Segment::new("MSH").raw(2, "^~\\&").text(3, "APP"), "MSH|^~\\&|APP\r");
        check(Segment::new("NTE").text(3, "a|b^c\nd"), "NTE|||a\\F\\b\\S\\c\\.br\\d\r");
    }
}
