//! What a message ends, and how its pieces compose: [`Told`] is the record's own rule.
//!
//! # Sources
//!
//! - HL7 v2.8, 2.5.3 (a field without a value leaves the value, `""` deletes it).

pub(super) use ken_fhir::Stays;
pub use ken_fhir::Told;

/// What a message ends without telling it again: a document that was replaced or withdrawn, and
/// what had been cut out of it. Nothing that the same message tells is ended by it.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    /// The [`super::MappedResource::key`] of what ends, under whatever category it was filed.
    pub key: String,
    /// What of it ends.
    pub what: Ends,
    /// The `status` that they have now: `superseded` or `entered-in-error`.
    pub status: &'static str,
}

/// What of a thing ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The thing, and what was cut out of it, also where it comes only later.
    Whole,
    /// What is held of it, in whatever category, and what was cut out of it; it may be told again.
    Held,
    /// What is held of it under whatever number of its sender's, and nothing that was cut out of
    /// it: names that begin as its own does are of other things.
    Same,
    /// Only what was cut out of it: items with a key that begins with `key` and `|`.
    Cut,
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ended({})", self.status)
    }
}

#[cfg(test)]
mod tests {
    use ken_fhir::Resource;

    use super::super::map as map_message;
    use crate::Message;

    /// What the record has of the thing at a place of each message, composed one after the other.
    fn told(at: usize, kind: &str, messages: &[&str]) -> Resource {
        let mut held: Option<Resource> = None;
        for rest in messages {
            let (trigger, rest) = rest.split_once(' ').unwrap();
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||{kind}^{trigger}|1|P|2.4\r\
                 EVN|{trigger}|20261121\r{rest}"
            );
            let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            let made = &mapped.resources[at];
            let now = match &held {
                None => made.resource.clone(),
                Some(held) => made.told.onto(held, made.resource.clone()),
            };
            assert_eq!(made.told.onto(&now, made.resource.clone()), now, "said again: {rest}");
            held = Some(now);
        }
        held.unwrap()
    }

    fn written(resource: &Resource, elements: &[&str]) -> String {
        let parts = elements
            .iter()
            .map(|name| resource.value().pointer(name).map_or("-".to_owned(), ToString::to_string));
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_left_out_of_a_person_stays() {
        const FULL: &str = "A28 PID|1||7^^^GLEN^MR~9990000018^^^NHSNBR^NH||Bain^Morag^^^^^L||\
            194803021015|F|Reid^Morag^^^^^M||1 Test St^^Town||01 2^PRN^PH~07 1^PRN^CP|03 4|||PRE\
            \rPD1|||Glen Practice^^12|G1^Bell^Ada";
        let check = |change: &str, elements: &[&str], want: &str| {
            let now = told(0, "ADT", &[FULL, change]);
            assert_eq!(written(&now, elements), want, "{change}");
        };
        let number = "PID|1||7^^^GLEN^MR";
        let all = &["/address/0/city", "/birthDate", "/gender", "/telecom/2/value"][..];
        check(&format!("A31 {number}||Bain^Morag"), all, r#""Town" "1948-03-02" "female" "03 4""#);
        let nulls = r#""""#;
        check(&format!("A31 {number}||||{nulls}|{nulls}|||{nulls}"), all, r#"- - - "03 4""#);
        let birth = &["/birthDate", "/_birthDate/extension/0/valueDateTime"][..];
        check(
            &format!("A31 {number}||Bain^Morag"),
            birth,
            r#""1948-03-02" "1948-03-02T10:15:00+00:00""#,
        );
        check(&format!("A31 {number}||Bain^Morag||19480303"), birth, r#""1948-03-03" -"#);
        let names = &["/name/0/family", "/name/1/family", "/name/2/family"][..];
        check(&format!("A31 {number}||Smith^Morag"), names, r#""Smith" "Reid" -"#);
        check(&format!("A31 {number}||Smith^Morag||||{nulls}"), names, r#""Smith" - -"#);
        let numbers = &["/identifier/0/value", "/identifier/1/value"][..];
        check(&format!("A31 {number}"), numbers, r#""7" "9990000018""#);
        let phones = &["/telecom/0/value", "/telecom/1/value", "/telecom/2/value"][..];
        check(&format!("A31 {number}||||||||||05 6^PRN^PH"), phones, r#""05 6" "03 4" -"#);
        check(&format!("A31 {number}||||||||||{nulls}"), phones, r#""03 4" - -"#);
        check(&format!("A31 {number}|||||||||||06 7"), phones, r#""01 2" "07 1" "06 7""#);
        let practice = &["/generalPractitioner/0/display", "/generalPractitioner/1/display"][..];
        check(
            &format!("A31 {number}\rPD1||||G2^Cole^Ian"),
            practice,
            r#""Glen Practice" "Ian Cole""#,
        );
        check(&format!("A31 {number}\rPD1|||{nulls}"), practice, r#""Ada Bell" -"#);
        let county = format!("A31 {number}|||||||||FIFE");
        check(&county, &["/address/0/city", "/address/0/district"], r#""Town" -"#);
    }

    #[test]
    fn a_death_is_unsaid_only_aloud() {
        let pid = |day: &str, yes: &str| {
            format!("A31 PID|1||7^^^GLEN^MR||Bain^Morag{}{day}|{yes}", "|".repeat(24))
        };
        let check = |messages: &[String], want: &str| {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            let now = told(0, "ADT", &messages);
            assert_eq!(written(&now, &["/deceasedDateTime", "/deceasedBoolean"]), want);
        };
        let null = r#""""#;
        let died = pid("20261101", "Y");
        check(&[died.clone(), pid("", "")], r#""2026-11-01" -"#);
        check(&[died.clone(), pid("", "Y")], r#""2026-11-01" -"#);
        check(&[died.clone(), pid("", "N")], "- false");
        check(&[died.clone(), pid(null, "")], "- true");
        check(&[died.clone(), pid(null, "Y")], "- true");
        check(&[died.clone(), pid(null, null)], "- -");
        // Who is said to be alive is, whatever day stands beside it.
        for day in ["20261101", "00000000"] {
            check(&[pid(day, "N")], "- false");
            check(&[died.clone(), pid(day, "N")], "- false");
            check(&[died.clone(), pid(day, null)], "- -");
        }
        check(&[died, pid("", null)], "- -");
        check(&[pid("", "N"), pid("", "")], "- false");
        check(&[pid("", "Y"), pid("20261101", "")], r#""2026-11-01" -"#);
    }

    #[test]
    fn what_was_taken_back_and_is_told_again_stands() {
        const STATES: &[&str] =
            &["/clinicalStatus/coding/0/code", "/verificationStatus/coding/0/code"];
        const PID: &str = "PID|1||7^^^GLEN^MR||Bain^Morag\r";
        let iam = |action: &str, state: &str| {
            let gap = "|".repeat(11);
            format!("A60 {PID}IAM|1|DA|1^Latex^SCT|SV|Rash|{action}{gap}{state}")
        };
        let al1 = || format!("A31 {PID}AL1|1|DA|1^Latex^SCT|SV|Rash");
        let dg1 = |action: &str| format!("A08 {PID}DG1|1||1^Asthma^SCT|{}{action}", "|".repeat(17));
        let check = |messages: &[String], want: &str| {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            assert_eq!(written(&told(1, "ADT", &messages), STATES), want, "{messages:?}");
        };
        check(&[iam("D", ""), iam("A", "")], r#""active" -"#);
        check(&[iam("D", ""), iam("U", "")], r#""active" -"#);
        check(&[iam("D", ""), iam("", "")], r#""active" -"#);
        check(&[iam("D", ""), al1()], r#""active" -"#);
        check(&[iam("A", "R"), al1()], r#""active" -"#);
        check(&[iam("A", ""), iam("D", "")], r#"- "entered-in-error""#);
        check(&[iam("A", "I"), al1()], r#""inactive" "confirmed""#);
        check(&[iam("A", "S"), iam("U", "")], r#""active" "unconfirmed""#);
        check(&[dg1("D"), dg1("A")], r#""active" -"#);
        check(&[dg1("D"), dg1("")], r#""active" -"#);
        check(&[dg1("A"), dg1("D")], r#"- "entered-in-error""#);
    }

    #[test]
    fn a_visit_is_told_by_many_messages() {
        let pv1 = |class: &str, place: &str, times: &str| {
            let gaps = "|".repeat(if times.is_empty() { 0 } else { 41 });
            format!("PID|1||7^^^GLEN^MR||Bain^M\rPV1|1|{class}|{place}{gaps}{times}")
        };
        let check = |messages: &[String], want: &str| {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            let now = told(1, "ADT", &messages);
            let elements = [
                "/status",
                "/class/code",
                "/period/start",
                "/period/end",
                "/location/0/location/display",
            ];
            assert_eq!(written(&now, &elements), want, "{messages:?}");
        };
        let began = format!("A01 {}", pv1("I", "W4", "202611011000"));
        let ended = format!("A03 {}", pv1("I", "", "|202611051200"));
        let start = r#""2026-11-01T10:00:00+00:00""#;
        let end = r#""2026-11-05T12:00:00+00:00""#;
        let stay = [began.clone(), ended.clone()];
        check(&stay, &format!(r#""finished" "IMP" {start} {end} "W4""#));
        let with = |more: String| [began.clone(), ended.clone(), more];
        let later = with(format!("A08 {}", pv1("I", "W4", "")));
        check(&later, &format!(r#""finished" "IMP" {start} {end} "W4""#));
        let back = with(format!("A13 {}", pv1("I", "W4", "")));
        check(&back, &format!(r#""in-progress" "IMP" {start} - "W4""#));
        let unsaid = with(format!("A08 {}", pv1("I", "W4", "|\"\"")));
        check(&unsaid, &format!(r#""in-progress" "IMP" {start} - "W4""#));
        let moved = [began.clone(), format!("A02 {}", pv1("", "W5", ""))];
        check(&moved, &format!(r#""in-progress" "IMP" {start} - "W5""#));
        let never = [began.clone(), format!("A08 {}", pv1("I", "W4", "\"\""))];
        check(&never, r#""in-progress" "IMP" - - "W4""#);
    }

    #[test]
    fn a_mark_is_lifted_only_aloud() {
        let check = |rest: &str, want: (bool, bool)| {
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|2026||ADT^A08|1|P|2.4\r\
                 PID|1||7^^^GLEN^MR||Bain\r{rest}"
            );
            let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            let made = mapped.resources.last().unwrap();
            assert_eq!((made.told.marks, !made.labels.is_empty()), want, "{rest}");
        };
        let visit = |mark: &str| format!("PV1|1|I|W4\rPV2{}{mark}", "|".repeat(22));
        check(&visit("Y"), (true, true));
        check(&visit("N"), (true, false));
        check(&visit("\"\""), (true, false));
        // Only a plain no lifts: whatever else is said restricts.
        for said in ["y", "1", "YES", "X"] {
            check(&visit(said), (true, true));
        }
        check(&visit("n"), (true, false));
        check(&visit(""), (false, false));
        let relative = |mark: &str| format!("NK1|1|Bain^Ann{}{mark}", "|".repeat(21));
        check(&relative("y"), (true, true));
        check(&relative("N"), (true, false));
        check(&relative(""), (false, false));
        let person = |mark: &str| format!("PD1{}{mark}", "|".repeat(12));
        check(&person("Y"), (true, true));
        check(&person("y"), (true, true));
        check(&person("N"), (true, false));
        check(&person(""), (false, false));
    }
}
