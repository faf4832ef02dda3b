//! What stands around the history: who has to do with whom beyond what messages assert, and who
//! signs which agreement.

use crate::organisation::ORGANISATIONS;
use crate::place::Region;

/// A relationship that a register of the demo asserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relationship {
    /// The handle of the person's story.
    pub person: &'static str,
    /// What kind, as clauses require it.
    pub kind: &'static str,
    /// Whose it is.
    pub organisation: &'static str,
    /// The key of the one practitioner it belongs to; the whole organisation's where there is none.
    pub practitioner: Option<&'static str>,
}

const fn with(
    person: &'static str,
    kind: &'static str,
    organisation: &'static str,
    practitioner: Option<&'static str>,
) -> Relationship {
    Relationship { person, kind, organisation, practitioner }
}

/// Relationships that no message asserts.
pub const RELATIONSHIPS: &[Relationship] = &[
    with("morag", "direct-care", "ooh", None),
    with("hamish", "direct-care", "ooh", None),
    with("isla", "girfec-team", "cec", Some("beth.ogilvie")),
    with("isla", "girfec-team", "cec", Some("nadia.hussain")),
    with("isla", "girfec-team", "practice", None),
    with("isla", "girfec-team", "primary", Some("donald.yuill")),
    with("isla", "girfec-team", "primary", Some("eilidh.grant")),
    with("zofia", "girfec-team", "practice", None),
    with("leanne", "open-inquiry", "cec", Some("nadia.hussain")),
    with("leanne", "open-inquiry", "nhsl", Some("helen.aitken")),
    with("leanne", "concern-report", "police", None),
    with("shabnam", "direct-care", "strath-nhs", None),
];

/// Who coordinates somebody's care in the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coordinator {
    /// The handle of the person's story.
    pub person: &'static str,
    /// Which role.
    pub kind: &'static str,
    /// Who holds it; where nobody does, the family chose so.
    pub holder: Option<&'static str>,
    /// Who recorded it.
    pub by: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Who coordinates. Of everybody else nobody has said who does.
pub const COORDINATORS: &[Coordinator] = &[
    Coordinator {
        person: "isla",
        kind: "named-person",
        holder: Some("donald.yuill"),
        by: "eilidh.grant",
        why: "Isla and her mother said at school that they go to Mr Yuill first.",
    },
    Coordinator {
        person: "isla",
        kind: "lead-professional",
        holder: Some("beth.ogilvie"),
        by: "nadia.hussain",
        why: "The meeting about Isla's plan agreed on Beth, and so did her mother.",
    },
    Coordinator {
        person: "morag",
        kind: "lead-professional",
        holder: Some("jo.findlay"),
        by: "sunita.rao",
        why: "Morag would rather ring one nurse whom she knows.",
    },
    Coordinator {
        person: "zofia",
        kind: "named-person",
        holder: None,
        by: "sunita.rao",
        why: "Zofia's mother would rather speak with the practice as it comes.",
    },
];

/// Somebody who is offered to coordinate, and whom the person has yet to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offered {
    /// The handle of the person's story.
    pub person: &'static str,
    /// Which role.
    pub kind: &'static str,
    /// Who.
    pub whom: &'static str,
    /// Who offers them.
    pub by: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Who is offered.
pub const OFFERED: &[Offered] = &[Offered {
    person: "morag",
    kind: "lead-professional",
    whom: "sunita.rao",
    by: "jo.findlay",
    why: "Jo is away from the spring on, and Morag knows Dr Rao.",
}];

/// A discussion of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discussed {
    /// The handle of the person's story.
    pub person: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// Of which kind of information.
    pub kind: &'static str,
    /// What it is about.
    pub topic: &'static str,
    /// Who said what, in which role, in words; the first opens it.
    pub said: &'static [(&'static str, &'static str, &'static str)],
}

/// What is discussed.
pub const DISCUSSED: &[Discussed] = &[Discussed {
    person: "morag",
    purpose: "direct-care",
    kind: "care-plan",
    topic: "A bath without fear",
    said: &[
        ("sunita.rao", "GP", "She asks again for a bath board. Who can try one with her?"),
        ("jo.findlay", "Practice nurse", "I see her on Thursday and bring one along."),
    ],
}];

/// Something that was said by word of mouth in the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    /// The handle of the person's story.
    pub person: &'static str,
    /// Who told it.
    pub by: &'static str,
    /// Organisation and role whom they told; none where it was somebody outside.
    pub to: Option<(&'static str, &'static str)>,
    /// Who that was.
    pub outside: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// Of which kind of information.
    pub kind: &'static str,
}

/// What was told, in this order: a clause covers the first, and none the second.
pub const SPOKEN: &[Spoken] = &[
    Spoken {
        person: "morag",
        by: "sunita.rao",
        to: Some(("cec", "sw.duty")),
        outside: "",
        purpose: "direct-care",
        kind: "care-plan",
    },
    Spoken {
        person: "morag",
        by: "sunita.rao",
        to: None,
        outside: "Her landlord's office, about the rail at the back door",
        purpose: "direct-care",
        kind: "equipment",
    },
];

/// Somebody whom a coordinator has let into a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetIn {
    /// The handle of the person's story.
    pub person: &'static str,
    /// By which relationship.
    pub kind: &'static str,
    /// Who.
    pub whom: &'static str,
    /// For how many days.
    pub days: i64,
    /// The coordinator.
    pub by: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Who was let in.
pub const LET_IN: &[LetIn] = &[LetIn {
    person: "morag",
    kind: "direct-care",
    whom: "nadia.hussain",
    days: 90,
    by: "jo.findlay",
    why: "Nadia looks into help at home after Morag's fall.",
}];

/// What one body of the demo asks of another for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requested {
    /// The handle of the person's story.
    pub person: &'static str,
    /// Who asks.
    pub by: &'static str,
    /// In whose role and body it is asked.
    pub to: &'static str,
    /// What is worrying.
    pub worry: &'static str,
    /// What was done.
    pub did: &'static str,
    /// What is asked.
    pub ask: &'static str,
    /// What the person said when they were told.
    pub told: &'static str,
    /// What whoever takes it on says; none where nobody has answered.
    pub answer: Option<&'static str>,
}

/// Two requests for assistance: one is taken on, one waits.
pub const REQUESTS: &[Requested] = &[
    Requested {
        person: "morag",
        by: "sunita.rao",
        to: "nadia.hussain",
        worry: "Morag has fallen twice since she came home, both times on the stairs.",
        did: "I saw her at home and changed her tablets.",
        ask: "Could somebody look at the stairs and the bathroom with her?",
        told: "She would rather have a rail than move downstairs.",
        answer: Some("I visit her with the occupational therapist."),
    },
    Requested {
        person: "morag",
        by: "sunita.rao",
        to: "kirsty.lamont",
        worry: "She came home from the ward without a plan for her walking.",
        did: "The practice rang the ward and left word.",
        ask: "Please send what physiotherapy found, and who sees her next.",
        told: "She knows, and would like to know too.",
        answer: None,
    },
];

/// People of the stories who are family: neither opens the other's record alone.
pub const FAMILIES: &[(&str, &str)] =
    &[("morag", "catriona"), ("catriona", "isla"), ("morag", "isla"), ("agnieszka", "zofia")];

/// Practitioners who are people of a story too, and must not open their own record at work.
pub const OWN_RECORDS: &[(&str, &str)] = &[("jo.findlay", "jo-findlay")];

/// A copy of an agreement that the demo signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signing {
    /// Its id, without the version.
    pub instrument: &'static str,
    /// The parties that have not signed; everybody else in the instrument has.
    pub unsigned: &'static [&'static str],
}

/// What is signed, what others stand on first.
pub const SIGNINGS: &[Signing] = &[
    Signing { instrument: "statute-pack", unsigned: &[] },
    Signing { instrument: "scot-accord", unsigned: &[] },
    Signing { instrument: "glen-direct-care", unsigned: &[] },
    Signing { instrument: "glen-girfec", unsigned: &[] },
    Signing { instrument: "glen-asp-concern", unsigned: &["rowan"] },
    Signing { instrument: "glen-planning", unsigned: &[] },
];

/// The organisations of a partnership.
pub fn organisations_of(region: Region) -> impl Iterator<Item = &'static str> {
    ORGANISATIONS.iter().filter(move |one| one.region == region).map(|one| one.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::Organisation;
    use crate::practitioner::Practitioner;
    use crate::story::stories;

    #[test]
    fn everyone_named_exists() {
        for one in RELATIONSHIPS {
            assert!(stories().any(|story| story.handle == one.person), "{}", one.person);
            assert!(Organisation::find(one.organisation).is_some(), "{}", one.organisation);
            let Some(key) = one.practitioner else { continue };
            let at = Practitioner::find(key).map(|practitioner| practitioner.organisation);
            assert_eq!(at, Some(one.organisation), "{key}");
        }
        for one in COORDINATORS {
            let named = one.holder.into_iter().chain([one.by]);
            assert!(named.into_iter().all(|key| Practitioner::find(key).is_some()), "{}", one.why);
            assert_ne!(one.holder, Some(one.by), "nobody names themselves");
        }
        let of = |key: &str| Practitioner::find(key).is_some();
        assert!(LET_IN.iter().all(|one| of(one.by) && of(one.whom) && one.by != one.whom));
        assert!(REQUESTS.iter().all(|one| of(one.by) && of(one.to) && one.by != one.to));
        let told = |handle: &str| stories().any(|story| story.handle == handle);
        assert!(FAMILIES.iter().all(|(one, other)| told(one) && told(other)));
        let own = |(key, handle): &(&str, &str)| Practitioner::find(key).is_some() && told(handle);
        assert!(OWN_RECORDS.iter().all(own));
    }

    #[test]
    fn one_signature_is_missing() {
        let missing: Vec<_> = SIGNINGS.iter().flat_map(|one| one.unsigned).collect();
        assert_eq!(missing, [&"rowan"]);
        assert_eq!(organisations_of(Region::Glen).count(), 7);
    }
}
