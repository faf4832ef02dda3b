//! What practitioners of the demo have written in Ken itself: assessments, plans and a second
//! version of one, in their own forms; and what people say themselves. All of it is made up.

use ken_care::words::How;

/// A form that somebody filled in and signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The handle of the person's story.
    pub person: &'static str,
    /// Which form.
    pub form: &'static str,
    /// For which purpose it was written.
    pub purpose: &'static str,
    /// Which version of what was signed it is; the first begins it.
    pub version: i64,
    /// The key of who wrote and signed it, and in which role, in words.
    pub by: (&'static str, &'static str),
    /// What was typed, by field.
    pub typed: &'static [(&'static str, &'static str)],
}

/// What was written.
pub const WRITTEN: &[Written] = &[
    Written {
        person: "morag",
        form: "adult-assessment",
        purpose: "direct-care",
        version: 1,
        by: ("sunita.rao", "GP"),
        typed: &[
            (
                "views",
                "I want to stay in my own house and have my tea with Elspeth. I do not want to be \
                 a bother to Catriona. (made up)",
            ),
            ("views-how", "interview"),
            (
                "life",
                "She listens to the radio, sees Elspeth most days, and Isla visits after school. \
                 Evenings are long.",
            ),
            ("life-state", "some"),
            ("daily", "She cooks and dresses by herself. The bath frightens her since the fall."),
            ("equipment", "yes"),
            ("equipment-what", "A rail at the back door"),
            ("health-none", "It stands in the practice's own record, which partners see."),
            ("people", "Her daughter Catriona, her granddaughter Isla, her neighbour Elspeth."),
            ("carer", "yes"),
            ("carer-offered", "Catriona was offered one and wants to think about it."),
            (
                "risk",
                "Falling in the bath or at the back step. She knows, and would rather take the \
                 step than leave the house.",
            ),
            ("outcomes-1-what", "A bath without fear"),
            ("outcomes-1-how", "A bath board, tried with the nurse"),
            ("outcomes-1-when", "before Christmas"),
            ("process", "She was asked at home, twice, and decided what is tried first."),
            ("change", "She goes to the gate again, and sleeps better since the rail is there."),
            ("review", "31 3 2040"),
        ],
    },
    Written {
        person: "morag",
        form: "key-information",
        purpose: "direct-care",
        version: 1,
        by: ("sunita.rao", "GP"),
        typed: &[
            ("special", "She must not have penicillin. Ring Catriona first, then Elspeth."),
            (
                "views",
                "If nothing is broken, help me up and let me stay. Ask me, and Catriona second. \
                 (made up)",
            ),
            ("views-how", "interview"),
            ("sharing", "agrees"),
            ("history", "Left hip broken in a fall, mended."),
            ("baseline", "She walks with a frame and decides for herself."),
            ("triggers", "Standing up fast: her blood pressure drops."),
            ("self-management", "She sits down and counts to twenty."),
            ("care", "One visit each morning."),
            ("equipment", "yes"),
            ("equipment-what", "A frame by the bed, a raised seat, a rail at the back door."),
            ("access", "Elspeth next door has a key."),
            ("contacts-1-who", "Catriona Drummond"),
            ("contacts-1-what", "daughter"),
            ("contacts-2-who", "Elspeth"),
            ("contacts-2-what", "neighbour"),
            ("escalate", "To hospital if something is broken. Otherwise at home."),
            ("place", "At home, 4 Kirk Lane."),
            ("dnacpr", "none"),
            ("decides", "none"),
            ("with", "Morag Drummond and her daughter Catriona"),
            ("review", "31 3 2040"),
        ],
    },
    Written {
        person: "morag",
        form: "self-directed-support",
        purpose: "direct-care",
        version: 1,
        by: ("jo.lindsay", "Duty social worker"),
        typed: &[
            ("views", "I want the same two people to come, and not before eight. (made up)"),
            ("help", "Her daughter Catriona"),
            ("told", "yes"),
            ("option", "2"),
            ("budget", "£140 a week, until the review"),
            ("budget-held", "Glen Council"),
            ("matters", "Tea with Elspeth, the radio, Isla after school."),
            ("goals-1-what", "A bath without fear"),
            ("goals-1-know", "she says so"),
            ("actions-1-what", "Help with the bath"),
            ("actions-1-who", "Rowan Support, whom she chose"),
            ("actions-1-when", "Mondays and Thursdays"),
            ("risk", "Nobody comes: she rings the council, and somebody comes the same day."),
            ("lead", "Jo Lindsay, social work"),
            ("review", "31 3 2040"),
        ],
    },
    Written {
        person: "morag",
        form: "equipment-at-home",
        purpose: "direct-care",
        version: 1,
        by: ("jo.findlay", "Practice nurse"),
        typed: &[
            ("items-1-what", "Walking frame"),
            ("items-1-where", "by the bed"),
            ("items-1-from", "Glen equipment store"),
            ("items-2-what", "Raised seat"),
            ("items-2-where", "bathroom"),
            ("handling", "She gets up by herself, slowly. Nobody lifts her."),
            ("views", "I do not want the bath lift. (made up)"),
            ("shown", "Catriona was shown the frame."),
            ("fails", "The council by day, and the out-of-hours service at night."),
            ("wanted", "no"),
            ("review", "31 3 2040"),
        ],
    },
    Written {
        person: "isla",
        form: "childs-plan",
        purpose: "girfec-wellbeing",
        version: 1,
        by: ("beth.ogilvie", "Children's social worker"),
        typed: &[
            (
                "views",
                "The morning help is good. I still worry when gran is on her own, more since she \
                 slipped. I want to keep swimming. (made up)",
            ),
            ("parents", "Her mum says that Isla does too much and never says no."),
            ("matters", "Swimming, her gran, and Miss Grant's class. She is kind and funny."),
            (
                "needs",
                "Nurtured: she looks after her mum on bad days. Healthy: she worries about her \
                 gran, and sleeps worse again.",
            ),
            ("goals-1-what", "Isla goes on swimming on Thursdays"),
            ("goals-1-know", "she says so, and is not too tired on Fridays"),
            ("goals-2-what", "Isla does what a child of her age does at home, and no more"),
            ("actions-1-what", "Help for mum on Thursday afternoons"),
            ("actions-1-who", "Beth Ogilvie, social work"),
            ("actions-1-when", "from next week"),
            ("actions-1-state", "going on"),
            ("actions-2-what", "Somebody at school to ring when she worries about her gran"),
            ("actions-2-who", "Donald Yuill, the school"),
            ("actions-2-when", "at once"),
            ("lead", "Beth Ogilvie, social work"),
            ("if-not", "Isla tells Mr Yuill, and he rings Beth the same day."),
            ("review", "31 3 2040"),
        ],
    },
    Written {
        person: "isla",
        form: "childs-plan",
        purpose: "girfec-wellbeing",
        version: 2,
        by: ("beth.ogilvie", "Children's social worker"),
        typed: &[
            (
                "views",
                "I ring Mr Yuill when I worry, and that is good. Gran has a rail now. I want to \
                 keep swimming. (made up)",
            ),
            ("parents", "Her mum says that Isla does too much and never says no."),
            ("matters", "Swimming, her gran, and Miss Grant's class. She is kind and funny."),
            (
                "needs",
                "Nurtured: she looks after her mum on bad days. Healthy: she sleeps better since \
                 somebody answers when she worries.",
            ),
            ("goals-1-what", "Isla goes on swimming on Thursdays"),
            ("goals-1-know", "she says so, and is not too tired on Fridays"),
            ("goals-2-what", "Isla does what a child of her age does at home, and no more"),
            ("actions-1-what", "Help for mum on Thursday afternoons"),
            ("actions-1-who", "Beth Ogilvie, social work"),
            ("actions-1-when", "from next week"),
            ("actions-1-state", "going on"),
            ("actions-2-what", "Somebody at school to ring when she worries about her gran"),
            ("actions-2-who", "Donald Yuill, the school"),
            ("actions-2-when", "at once"),
            ("actions-2-state", "done"),
            ("lead", "Beth Ogilvie, social work"),
            ("if-not", "Isla tells Mr Yuill, and he rings Beth the same day."),
            ("review", "30 6 2040"),
        ],
    },
];

/// What somebody says of the newest entry of a kind in their record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The handle of their story.
    pub person: &'static str,
    /// Of which kind of information.
    pub category: &'static str,
    /// What the words are to it.
    pub how: How,
    /// The words.
    pub text: &'static str,
}

/// What was said.
pub const SAID: &[Said] = &[Said {
    person: "morag",
    category: "assessment",
    how: How::Disagrees,
    text: "I am not frightened of the bath. I slipped once because the mat was wet. Please ask me \
           before you bring a board. (made up)",
}];

/// What somebody writes of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// The handle of their story.
    pub person: &'static str,
    /// Which organisation keeps it.
    pub at: &'static str,
    /// What it is about, by its code.
    pub topic: &'static str,
    /// The words.
    pub text: &'static str,
}

/// What was written.
pub const OWN: &[Own] = &[Own {
    person: "morag",
    at: "cec",
    topic: "talk",
    text: "Speak to me and not to my daughter. I hear better on my left side. Mornings are best. \
           (made up)",
}];

/// What somebody asks to be put right in the newest entry of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The handle of their story.
    pub person: &'static str,
    /// Which organisation wrote it.
    pub of: &'static str,
    /// Of which kind of information.
    pub category: &'static str,
    /// Who they are, as they tell it.
    pub name: &'static str,
    /// The entry, as they name it.
    pub about: &'static str,
    /// What is wrong.
    pub text: &'static str,
}

/// What was asked.
pub const ASKED: &[Asked] = &[Asked {
    person: "morag",
    of: "cec",
    category: "chronology",
    name: "Morag Drummond",
    about: "The last thing that the council wrote about my house",
    text: "It was my neighbour Elspeth who let you in, and not my daughter. (made up)",
}];

/// What somebody writes to their team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The handle of their story.
    pub person: &'static str,
    /// The words.
    pub text: &'static str,
    /// What for, who answers it, in which role, and what; none where it waits.
    pub reply: Option<(&'static str, (&'static str, &'static str), &'static str)>,
}

/// What was written to a team, in this order.
pub const MESSAGES: &[Message] = &[
    Message {
        person: "morag",
        text: "Do I need to be at home for the rail on Tuesday? (made up)",
        reply: Some((
            "direct-care",
            ("jo.findlay", "Practice nurse"),
            "Yes, please. They come between ten and twelve. (made up)",
        )),
    },
    Message {
        person: "morag",
        text: "Thank you. May I have a bath on my own after that? (made up)",
        reply: None,
    },
];
