//! The practitioners of the demo, each with what to try first.

/// A practitioner, who acts for one organisation in one or more roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Practitioner {
    /// First name and family name with a stop between: the left part of the sign-in name.
    pub key: &'static str,
    /// How they are called on a page.
    pub name: &'static str,
    /// The organisation they act for.
    pub organisation: &'static str,
    /// Their roles, the usual one first.
    pub roles: &'static [&'static str],
    /// What the usual role is called on a page.
    pub title: &'static str,
    /// What to try first when signed in as them; `{morag}` stands for who that is.
    pub try_first: &'static str,
}

const fn at(
    organisation: &'static str,
    key: &'static str,
    name: &'static str,
    roles: &'static [&'static str],
    title: &'static str,
    try_first: &'static str,
) -> Practitioner {
    Practitioner { key, name, organisation, roles, title, try_first }
}

/// Every practitioner, in the order in which a visitor should meet them.
pub const PRACTITIONERS: &[Practitioner] = &[
    at(
        "practice",
        "sunita.rao",
        "Dr Sunita Rao",
        &["gp.doctor", "ig.lead"],
        "GP",
        "Find {morag} and choose direct care: what the hospital and the council hold, each with \
         the clause that shows it.",
    ),
    at(
        "practice",
        "jo.findlay",
        "Jo Findlay",
        &["gp.nurse"],
        "Practice nurse",
        "Look for yourself, {jo-findlay}: you are registered here too, and your own record is not \
         for your work sign-in. The audit notices that you tried. Then open {mina}: she has more \
         behind her than one page holds.",
    ),
    at(
        "nhsl",
        "tomasz.wojcik",
        "Dr Tomasz Wójcik",
        &["nhs.ed"],
        "Emergency department doctor",
        "Find {morag}, who came in with a fall: see who helps her and what matters to her.",
    ),
    at(
        "nhsl",
        "kirsty.lamont",
        "Kirsty Lamont",
        &["nhs.ward"],
        "Charge nurse",
        "Find {hamish} and see who may speak for him.",
    ),
    at(
        "nhsl",
        "helen.aitken",
        "Helen Aitken",
        &["nhs.public-protection"],
        "Public protection nurse",
        "Find {leanne} for your own organisation's work: you see what NHS Glen recorded, and \
         nothing of the police's.",
    ),
    at(
        "nhsl",
        "sam.petrie",
        "Sam Petrie",
        &["ops.hub", "ig.lead"],
        "Message hub operator and information governance lead",
        "Open the queues: a message that was held, and twins whose records need a human.",
    ),
    at(
        "cec",
        "jo.lindsay",
        "Jo Lindsay",
        &["sw.duty"],
        "Duty social worker",
        "Find {callum-gow}: nothing covers you yet, so see what the refusal offers instead.",
    ),
    at(
        "cec",
        "nadia.hussain",
        "Nadia Hussain",
        &["sw.council-officer", "sw.asp-lead"],
        "Council officer",
        "Find {leanne} for direct care, and read the words you are asked to affirm.",
    ),
    at(
        "cec",
        "beth.ogilvie",
        "Beth Ogilvie",
        &["sw.children"],
        "Children's social worker, lead professional for Isla",
        "Find {isla} for her wellbeing, and read her plan. Then affirm the words of clause W2: you \
         see what worries her teacher, and have to tell Isla that you know.",
    ),
    at(
        "cec",
        "moira.cairns",
        "Moira Cairns",
        &["ig.lead"],
        "Information governance lead",
        "Open the reviews, after somebody has used emergency access.",
    ),
    at(
        "primary",
        "donald.yuill",
        "Donald Yuill",
        &["ed.head", "ig.lead"],
        "Head teacher, named person for Isla",
        "Find {isla} for her wellbeing: you see the plan, and not her mother's health.",
    ),
    at(
        "primary",
        "eilidh.grant",
        "Eilidh Grant",
        &["ed.teacher"],
        "Class teacher",
        "Find {isla}, then try {morag}, her grandmother: only one of them is yours.",
    ),
    at(
        "ooh",
        "lorna.skene",
        "Dr Lorna Skene",
        &["ooh.clinician", "ig.lead"],
        "Out-of-hours doctor",
        "Find {morag} at night: her Key Information Summary says whom to ring.",
    ),
    at(
        "ooh",
        "neil.buchan",
        "Neil Buchan",
        &["ooh.clinician"],
        "Out-of-hours nurse",
        "Use emergency access for somebody you are not linked to, and give your reason.",
    ),
    at(
        "rowan",
        "dawn.meikle",
        "Dawn Meikle",
        &["ts.support-worker"],
        "Support worker",
        "Find {leanne}: Rowan has not signed the concern report agreement, so nothing opens.",
    ),
    at(
        "rowan",
        "iain.coutts",
        "Iain Coutts",
        &["ts.manager", "ig.lead"],
        "Manager",
        "Find {leanne}: the concern report agreement still waits for Rowan's signature.",
    ),
    at(
        "police",
        "rhona.kerr",
        "Sergeant Rhona Kerr",
        &["pp.concern-hub"],
        "Concern hub sergeant",
        "Find {leanne} for your own organisation's work: you see your own reports, and nothing \
         of her health.",
    ),
    at(
        "police",
        "colin.weir",
        "Inspector Colin Weir",
        &["pp.supervisor", "ig.lead"],
        "Concern hub supervisor",
        "Look for {isla}, whom the police do not know, and see what the refusal offers.",
    ),
    at(
        "strath-council",
        "peter.hay",
        "Peter Hay",
        &["sw.duty", "ig.lead"],
        "Duty social worker",
        "Find {shabnam}, who lives in Strath and is treated in Glen: you see your own part.",
    ),
    at(
        "strath-council",
        "ann.moffat",
        "Ann Moffat",
        &["sw.council-officer"],
        "Council officer",
        "Look for {morag}: Strath has signed nothing about her.",
    ),
    at(
        "strath-nhs",
        "grace.okafor",
        "Dr Grace Okafor",
        &["nhs.ed"],
        "Emergency department doctor",
        "Find {shabnam}, known to Strath and to Glen.",
    ),
    at(
        "strath-nhs",
        "hugh.begg",
        "Hugh Begg",
        &["nhs.public-protection", "ig.lead"],
        "Public protection nurse",
        "Look for {leanne}: the concern report agreement is Glen's alone.",
    ),
    at(
        "strath-police",
        "ross.imrie",
        "Constable Ross Imrie",
        &["pp.concern-hub"],
        "Concern hub officer",
        "Look for anybody in Glen, and be refused.",
    ),
    at(
        "strath-police",
        "una.petrie",
        "Inspector Una Petrie",
        &["pp.supervisor", "ig.lead"],
        "Concern hub supervisor",
        "Look for {morag}, and see what the refusal offers. It stands on the ledger.",
    ),
    at(
        "cec",
        "elspeth.baird",
        "Elspeth Baird",
        &["ig.guardian"],
        "Caldicott Guardian",
        "Answer what Jo Lindsay contests: your advice is recorded with its reason, and opens \
         nothing by itself.",
    ),
];

impl Practitioner {
    /// The practitioner with that key.
    #[must_use]
    pub fn find(key: &str) -> Option<&'static Self> {
        PRACTITIONERS.iter().find(|practitioner| practitioner.key == key)
    }

    /// The given and the family name, without a title: the last word is the family name.
    #[must_use]
    pub fn given_and_family(&self) -> (&'static str, &'static str) {
        let untitled = ["Dr ", "Sergeant ", "Inspector ", "Constable "]
            .iter()
            .find_map(|title| self.name.strip_prefix(title))
            .unwrap_or(self.name);
        untitled.rsplit_once(' ').unwrap_or(("", untitled))
    }

    /// A number that stands for a professional registration and is none: it begins with `ZZ`.
    #[must_use]
    pub fn registration(&self) -> String {
        let at = PRACTITIONERS.iter().position(|other| other.key == self.key).unwrap_or_default();
        format!("ZZ{:05}", at + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::organisation::{ORGANISATIONS, Organisation};

    #[test]
    fn every_organisation_has_two_and_someone_for_governance() {
        let mut staff: BTreeMap<&str, Vec<&Practitioner>> = BTreeMap::new();
        for practitioner in PRACTITIONERS {
            assert!(Organisation::find(practitioner.organisation).is_some());
            staff.entry(practitioner.organisation).or_default().push(practitioner);
        }
        for organisation in ORGANISATIONS {
            let here = &staff[organisation.id];
            assert!(here.len() >= 2, "{}", organisation.id);
            assert!(here.iter().any(|one| one.roles.contains(&"ig.lead")), "{}", organisation.id);
        }
    }

    #[test]
    fn nobody_is_named_twice() {
        let keys: BTreeSet<_> = PRACTITIONERS.iter().map(|one| one.key).collect();
        let names: BTreeSet<_> = PRACTITIONERS.iter().map(|one| one.name).collect();
        assert_eq!((keys.len(), names.len()), (PRACTITIONERS.len(), PRACTITIONERS.len()));
    }

    #[test]
    fn titles_are_not_given_names() {
        let check = |key: &str, want: (&str, &str)| {
            assert_eq!(Practitioner::find(key).map(Practitioner::given_and_family), Some(want));
        };
        check("tomasz.wojcik", ("Tomasz", "Wójcik"));
        check("rhona.kerr", ("Rhona", "Kerr"));
        check("jo.lindsay", ("Jo", "Lindsay"));
    }
}
