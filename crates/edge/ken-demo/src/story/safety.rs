//! Stories in which a careless disclosure would do harm.

use super::{Born, Line, Numbers, Story, emergency, line, school, seen, social};
use crate::event::{CODEINE, CREATININE, DocumentKind, What};
use crate::names::Sex;
use crate::person::Kin;

pub(super) const STORIES: &[Story] = &[LEANNE, HAMISH, DAVIE, FINLAY, CALLUM];

/// Her feed must be safe to open while somebody looks over her shoulder.
const LEANNE: Story = Story {
    handle: "leanne",
    given: "Leanne",
    middle: None,
    family: "Burnett",
    sex: Sex::Female,
    born: Born::Ago(34, 200),
    home: Some(("Flat 1/2, 9 Harbour Brae", "Port Dunan", "XG4 2KM")),
    phone: Some(111),
    kin: &[Kin { given: "Sandra", family: "Burnett", relationship: "mother", phone: 112 }],
    try_first: Some(
        "Open who looked at my record, as if somebody stood behind you: it is safe to open.",
    ),
    lines: &[
        line(1_600, (9, 30), "practice", What::Registered),
        seen(1_210, (10, 0), "sunita.rao", "You asked about tiredness. Your blood was fine."),
        seen(
            702,
            (9, 20),
            "jo.findlay",
            "You had your smear. The letter goes to your phone, as you asked.",
        ),
        line(330, (21, 0), "nhsl", What::Registered),
        emergency(
            330,
            (21, 30),
            "tomasz.wojcik",
            "Your wrist was sprained. We spoke with you alone, and gave you a number to ring.",
        ),
        line(214, (22, 0), "police", What::Registered),
        line(
            214,
            (23, 50),
            "rhona.kerr",
            What::Concern {
                harm: "Physical and psychological harm by a partner",
                summary: "Officers came after a neighbour rang. You had a bruise on your arm. He \
                          had left.",
                views: "You said you want him to stay away, and do not want letters sent to the \
                        flat.",
                other: Some(
                    "A former partner, known to you, who knows the address and the phone's code",
                ),
            },
        ),
        line(213, (9, 0), "cec", What::Registered),
        social(
            213,
            (11, 30),
            "nadia.hussain",
            "We rang you at work, as you asked",
            "You are safe today. You want to decide the next step, and you will ring on Friday.",
        ),
        social(
            206,
            (16, 0),
            "nadia.hussain",
            "You rang us",
            "You asked about a change of lock and about housing. Both are under way.",
        ),
        line(
            160,
            (12, 10),
            "rhona.kerr",
            What::Concern {
                harm: "Unwanted contact",
                summary: "You told us he waited outside your work twice.",
                views: "You want it written down. You do not want him told who wrote it.",
                other: Some("A former partner"),
            },
        ),
        social(
            40,
            (10, 0),
            "nadia.hussain",
            "We met at the library",
            "You feel safer. You asked that we go on ringing your work number only.",
        ),
    ],
    ..Story::BLANK
};

/// Others may speak for him, in what they were named for, and only there.
const HAMISH: Story = Story {
    handle: "hamish",
    given: "Hamish",
    middle: Some("Archibald"),
    family: "Geddes",
    sex: Sex::Male,
    born: Born::Ago(84, 12),
    home: Some(("2 Sorrel Gardens", "Glenfern", "XG1 3MK")),
    phone: Some(121),
    kin: &[
        Kin {
            given: "Fiona",
            family: "Geddes",
            relationship: "daughter, welfare attorney",
            phone: 122,
        },
        Kin {
            given: "Alan",
            family: "Geddes",
            relationship: "son, financial attorney",
            phone: 123,
        },
    ],
    lines: HAMISH_LINES,
    ..Story::BLANK
};

const HAMISH_LINES: &[Line] = &[
    line(1_700, (9, 0), "practice", What::Registered),
    seen(
        1_330,
        (10, 30),
        "sunita.rao",
        "Hamish, you said names slip away. We asked the memory clinic to see you with Fiona.",
    ),
    line(1_290, (14, 0), "nhsl", What::Registered),
    line(
        1_290,
        (14, 30),
        "nhsl",
        What::Seen {
            place: "Memory clinic",
            reason: "You have Alzheimer's disease, at an early stage. You asked us to tell Fiona \
                     with you there.",
            emergency: false,
        },
    ),
    line(
        1_200,
        (11, 0),
        "sunita.rao",
        What::Wrote {
            kind: DocumentKind::PowerOfAttorney,
            version: 1,
            title: "Hamish's power of attorney",
            text: "Hamish, you named Fiona to decide about your welfare if you cannot, and Alan \
                   to look after your money.\n\
                   Until then you decide yourself, and people should ask you.\n\
                   Alan has no say in your health, and Fiona none in your money. That is how you \
                   wanted it.",
        },
    ),
    line(640, (9, 0), "cec", What::Registered),
    social(
        640,
        (10, 0),
        "jo.lindsay",
        "A day centre on Tuesdays",
        "You like the singing. You go on the ten o'clock bus with a driver who knows you.",
    ),
    line(
        240,
        (3, 0),
        "kirsty.lamont",
        What::Admitted { ward: "Ward 6", reason: "Chest infection, and more muddled than usual" },
    ),
    line(239, (6, 40), "nhsl", What::Measured { test: CREATININE, tenths: 1_320 }),
    line(
        239,
        (10, 0),
        "kirsty.lamont",
        What::Allergic {
            to: CODEINE,
            reaction: "You saw things that were not there",
            severe: false,
        },
    ),
    line(
        231,
        (12, 0),
        "kirsty.lamont",
        What::Discharged {
            ward: "Ward 6",
            reason: "The infection is gone. Fiona stays with you for two weeks.",
        },
    ),
    line(
        150,
        (10, 0),
        "sunita.rao",
        What::Wrote {
            kind: DocumentKind::KeyInformation,
            version: 1,
            title: "Hamish's Key Information Summary",
            text: "Hamish, we wrote this with you and Fiona.\n\
                   Speak slowly, one thing at a time. Call him Hamish, not Archie.\n\
                   Codeine makes him see things.\n\
                   Since March the doctor finds that he cannot weigh up a treatment; Fiona, his \
                   welfare attorney, decides with him.",
        },
    ),
];

/// Known by a year of birth, no address, no number.
const DAVIE: Story = Story {
    handle: "davie",
    given: "Davie",
    middle: None,
    family: "McPhail",
    sex: Sex::Male,
    born: Born::Year(52),
    numbers: Numbers::Local,
    lines: &[
        line(420, (1, 0), "nhsl", What::Registered),
        emergency(
            420,
            (1, 20),
            "tomasz.wojcik",
            "Davie, your hands were very cold. We warmed you and gave you a bed until morning.",
        ),
        line(300, (19, 0), "rowan", What::Registered),
        line(
            300,
            (19, 30),
            "dawn.meikle",
            What::Support {
                title: "You came in for soup",
                text: "You told us you sleep by the harbour. You took a blanket, and no, you do \
                       not want a hostel.",
            },
        ),
        line(
            180,
            (20, 0),
            "dawn.meikle",
            What::Support {
                title: "You asked about a doctor",
                text: "You want one who does not ask for an address. We said we would find out.",
            },
        ),
        emergency(
            33,
            (23, 10),
            "tomasz.wojcik",
            "Your foot was infected. We cleaned it. Dawn came with you, as you wanted.",
        ),
    ],
    ..Story::BLANK
};

/// In a few days his parents stop speaking for him by default.
const FINLAY: Story = Story {
    handle: "finlay",
    given: "Finlay",
    middle: Some("James"),
    family: "Orr",
    known_as: Some("Fin"),
    sex: Sex::Male,
    born: Born::Ago(15, 353),
    home: Some(("31 Plover Terrace", "Invermuir", "XG3 8IO")),
    phone: Some(131),
    kin: &[Kin { given: "Pauline", family: "Orr", relationship: "mother", phone: 132 }],
    try_first: Some("You turn 16 within the fortnight. Read your own record, and see who looked."),
    lines: &[
        line(1_650, (9, 0), "practice", What::Registered),
        line(1_648, (9, 0), "primary", What::Registered),
        school(
            1_648,
            (9, 10),
            "donald.yuill",
            "Primary six",
            "Fin, you were voted captain of the quiz team.",
        ),
        seen(900, (16, 0), "jo.findlay", "You got a new inhaler and showed us how you use it."),
        line(365, (20, 0), "nhsl", What::Registered),
        emergency(
            365,
            (20, 20),
            "tomasz.wojcik",
            "Your asthma was bad after the match. It settled in two hours.",
        ),
        seen(
            70,
            (16, 20),
            "sunita.rao",
            "You came by yourself. What you told us stays with us unless you are in danger.",
        ),
    ],
    ..Story::BLANK
};

/// Nobody at the council has a reason to open his record.
const CALLUM: Story = Story {
    handle: "callum-gow",
    given: "Callum",
    middle: None,
    family: "Gow",
    sex: Sex::Male,
    born: Born::Ago(53, 301),
    home: Some(("6 Kirk Lane", "Kirkbrae", "XG2 4CV")),
    phone: Some(107),
    kin: &[Kin { given: "Elspeth", family: "Gow", relationship: "wife", phone: 107 }],
    lines: &[
        line(1_720, (9, 0), "practice", What::Registered),
        seen(
            810,
            (9, 40),
            "sunita.rao",
            "Your knee is worn. You want to go on walking, so we asked for physiotherapy.",
        ),
        seen(240, (9, 10), "jo.findlay", "Blood pressure check: good."),
    ],
    ..Story::BLANK
};
