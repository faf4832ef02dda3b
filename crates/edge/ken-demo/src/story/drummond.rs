//! Morag Drummond, her daughter Catriona Rennie, and her granddaughter Isla Rennie.

use super::{Born, Line, Story, emergency, line, school, seen, social};
use crate::event::{CREATININE, DocumentKind, HAEMOGLOBIN, PENICILLIN, POTASSIUM, What};
use crate::names::Sex;
use crate::person::Kin;

pub(super) const STORIES: &[Story] = &[MORAG, CATRIONA, ISLA];

const MORAG: Story = Story {
    handle: "morag",
    given: "Morag",
    middle: Some("Jean"),
    family: "Drummond",
    sex: Sex::Female,
    born: Born::Ago(78, 143),
    home: Some(("4 Kirk Lane", "Kirkbrae", "XG2 4CV")),
    phone: Some(101),
    kin: &[
        Kin { given: "Catriona", family: "Rennie", relationship: "daughter", phone: 102 },
        Kin { given: "Elspeth", family: "Gow", relationship: "neighbour", phone: 107 },
    ],
    try_first: Some(
        "Read your record, then see who looked at it and why. Sign in as Dr Sunita Rao first, \
         look, and come back.",
    ),
    lines: MORAG_LINES,
    ..Story::BLANK
};

const MORAG_LINES: &[Line] = &[
    line(1_820, (9, 10), "practice", What::Registered),
    line(
        1_819,
        (9, 40),
        "sunita.rao",
        What::Allergic {
            to: PENICILLIN,
            reaction: "Your face swelled and you could not breathe well",
            severe: true,
        },
    ),
    seen(
        1_700,
        (10, 20),
        "sunita.rao",
        "Morag, you came to talk about sleeping badly since Alec died.",
    ),
    seen(1_410, (11, 0), "jo.findlay", "Blood pressure check. You said the stairs are harder now."),
    line(1_408, (6, 30), "practice", What::Measured { test: HAEMOGLOBIN, tenths: 1_180 }),
    seen(
        1_090,
        (9, 30),
        "sunita.rao",
        "You felt dizzy when you stood up. We changed your tablets.",
    ),
    line(1_088, (6, 30), "practice", What::Measured { test: POTASSIUM, tenths: 44 }),
    line(904, (18, 5), "nhsl", What::Registered),
    emergency(
        904,
        (18, 40),
        "tomasz.wojcik",
        "Morag, you fell in the kitchen and cut your brow. We closed the cut. You went home with \
         Catriona.",
    ),
    line(890, (14, 0), "cec", What::Registered),
    social(
        890,
        (14, 30),
        "jo.lindsay",
        "Catriona asked for help at home for you",
        "You agreed that we come and look at the stairs and the bath with you.",
    ),
    social(
        871,
        (10, 0),
        "jo.lindsay",
        "A rail and a raised seat were fitted",
        "You tried the rail with us. You did not want the bath lift, and that is your choice.",
    ),
    line(
        868,
        (15, 0),
        "jo.lindsay",
        What::Wrote {
            kind: DocumentKind::Assessment,
            version: 1,
            title: "What matters to Morag: first talk",
            text: "Morag, you told us what a good day is: tea with Elspeth, the radio, Isla \
                   after school.\n\
                   You feel safe in your house by day. You do not at night, on the stairs.\n\
                   You want to stay at 4 Kirk Lane. You want people to ask you first, and \
                   Catriona second.",
        },
    ),
    line(
        702,
        (11, 15),
        "sunita.rao",
        What::Wrote {
            kind: DocumentKind::KeyInformation,
            version: 1,
            title: "Morag's Key Information Summary",
            text: "Morag, we wrote this with you and Catriona.\n\
                   What matters to you: staying at home, and being asked.\n\
                   If you fall: ring Catriona. You would rather be helped up at home than go to \
                   hospital, if nothing is broken.\n\
                   You must not have penicillin.",
        },
    ),
    line(431, (2, 15), "ooh", What::Registered),
    line(
        431,
        (2, 40),
        "lorna.skene",
        What::Seen {
            place: "At home, at night",
            reason: "You fell going to the bathroom and could not put weight on your left leg. \
                     We sent you to hospital, and rang Catriona as your summary asks.",
            emergency: true,
        },
    ),
    emergency(431, (4, 5), "tomasz.wojcik", "Morag, your left hip was broken."),
    line(
        431,
        (6, 0),
        "kirsty.lamont",
        What::Admitted { ward: "Ward 6", reason: "Left hip broken in a fall at home" },
    ),
    line(430, (6, 30), "nhsl", What::Measured { test: HAEMOGLOBIN, tenths: 962 }),
    line(429, (6, 30), "nhsl", What::Measured { test: CREATININE, tenths: 912 }),
    line(425, (6, 30), "nhsl", What::Measured { test: HAEMOGLOBIN, tenths: 1_041 }),
    line(
        417,
        (13, 0),
        "kirsty.lamont",
        What::Discharged {
            ward: "Ward 6",
            reason: "Your hip was mended. You walk with a frame. Someone comes morning and \
                     evening for six weeks.",
        },
    ),
    social(
        416,
        (9, 30),
        "jo.lindsay",
        "Help at home began",
        "Two visits a day for six weeks, then we ask you again.",
    ),
    social(
        372,
        (11, 0),
        "jo.lindsay",
        "You said one visit is enough",
        "We changed it to one visit, in the morning, as you asked.",
    ),
    line(
        300,
        (10, 45),
        "sunita.rao",
        What::Wrote {
            kind: DocumentKind::KeyInformation,
            version: 2,
            title: "Morag's Key Information Summary",
            text: "Morag, we changed this with you after your hip was mended.\n\
                   What matters to you: staying at home, being asked, and Isla's visits after \
                   school.\n\
                   If you fall: ring Catriona, then Elspeth next door, who has a key.\n\
                   You walk with a frame. Stand up slowly: your blood pressure drops.\n\
                   You would rather be helped up at home, if nothing is broken. If something is, \
                   you want hospital.\n\
                   You must not have penicillin.\n\
                   You told us Isla helps you a good deal. Her school knows, and you are glad of \
                   it.",
        },
    ),
    seen(208, (10, 10), "jo.findlay", "Blood pressure lying and standing: better than last year."),
    line(207, (6, 30), "practice", What::Measured { test: HAEMOGLOBIN, tenths: 1_214 }),
    emergency(
        61,
        (16, 20),
        "tomasz.wojcik",
        "You slipped at the back door. Nothing was broken. Isla was with you and rang for help.",
    ),
    social(
        58,
        (13, 30),
        "jo.lindsay",
        "We came to see how you are",
        "You asked for a light at the back door and it is ordered. You worry that Isla worries.",
    ),
    seen(
        12,
        (9, 50),
        "sunita.rao",
        "We talked about your falls, and about who to ring. You are content with your summary.",
    ),
];

const CATRIONA: Story = Story {
    handle: "catriona",
    given: "Catriona",
    middle: Some("Ann"),
    family: "Rennie",
    former: Some(("Drummond", 3_900)),
    known_as: Some("Cat"),
    sex: Sex::Female,
    born: Born::Ago(41, 77),
    home: Some(("17 Mill Lade", "Kirkbrae", "XG2 6KM")),
    phone: Some(102),
    kin: &[Kin { given: "Morag", family: "Drummond", relationship: "mother", phone: 101 }],
    try_first: Some(
        "Read your record and see who looked. You are Isla's mother, and this is yours.",
    ),
    lines: &[
        line(1_815, (9, 0), "practice", What::Registered),
        seen(
            1_512,
            (15, 0),
            "sunita.rao",
            "Catriona, your legs have been numb for two weeks. We asked the hospital to see you.",
        ),
        line(1_470, (9, 0), "nhsl", What::Registered),
        line(
            1_470,
            (9, 30),
            "nhsl",
            What::Seen {
                place: "Neurology clinic",
                reason: "You have multiple sclerosis. You asked us to say it plainly, and we did.",
                emergency: false,
            },
        ),
        line(
            1_180,
            (9, 30),
            "nhsl",
            What::Seen {
                place: "Neurology clinic",
                reason: "A hard winter: you were tired and your hands were slow. New medicine \
                         began.",
                emergency: false,
            },
        ),
        line(
            760,
            (9, 0),
            "nhsl",
            What::Seen {
                place: "Neurology clinic",
                reason: "You walk further than last year.",
                emergency: false,
            },
        ),
        seen(
            500,
            (16, 10),
            "jo.findlay",
            "You told us that Isla does much of the cooking and helps you dress on bad days.",
        ),
        line(480, (10, 0), "cec", What::Registered),
        social(
            480,
            (10, 30),
            "beth.ogilvie",
            "You asked for help so that Isla can be nine",
            "You want help with mornings. You do not want anybody to think you cannot be her \
             mother.",
        ),
        social(
            452,
            (9, 0),
            "beth.ogilvie",
            "Help on weekday mornings began",
            "Someone comes at seven, Monday to Friday.",
        ),
        line(
            95,
            (9, 30),
            "nhsl",
            What::Seen {
                place: "Neurology clinic",
                reason: "Steady. Next visit in six months.",
                emergency: false,
            },
        ),
    ],
    ..Story::BLANK
};

const ISLA: Story = Story {
    handle: "isla",
    given: "Isla",
    middle: Some("Morag"),
    family: "Rennie",
    known_as: Some("Isy"),
    sex: Sex::Female,
    born: Born::Ago(9, 51),
    home: Some(("17 Mill Lade", "Kirkbrae", "XG2 6KM")),
    phone: None,
    kin: &[
        Kin { given: "Catriona", family: "Rennie", relationship: "mother", phone: 102 },
        Kin { given: "Morag", family: "Drummond", relationship: "grandmother", phone: 101 },
    ],
    team: &[("donald.yuill", "NP"), ("beth.ogilvie", "LP")],
    lines: ISLA_LINES,
    ..Story::BLANK
};

const ISLA_LINES: &[Line] = &[
    line(1_814, (9, 5), "practice", What::Registered),
    seen(1_790, (11, 0), "jo.findlay", "Isla, you had your pre-school injections and were brave."),
    line(1_560, (8, 50), "primary", What::Registered),
    school(
        1_560,
        (9, 0),
        "donald.yuill",
        "You started school",
        "Isla, you came in holding your gran's hand and let go at the door.",
    ),
    school(
        1_120,
        (14, 0),
        "eilidh.grant",
        "You read to the whole class",
        "You chose the book about otters.",
    ),
    school(
        640,
        (9, 20),
        "eilidh.grant",
        "You were late for the fourth time this month",
        "You said your mum needed you in the morning.",
    ),
    school(
        610,
        (13, 10),
        "eilidh.grant",
        "You fell asleep after lunch",
        "We let you sleep. You told us you had been up in the night.",
    ),
    school(
        505,
        (15, 15),
        "donald.yuill",
        "We talked with you and your mum about being a young carer",
        "You said you like helping, and that you would like to go to swimming again.",
    ),
    line(481, (9, 0), "cec", What::Registered),
    social(
        481,
        (11, 0),
        "beth.ogilvie",
        "We met you and your mum at home",
        "You showed us the kitchen and what you cook. You are proud of it. You are also tired.",
    ),
    line(
        470,
        (15, 30),
        "beth.ogilvie",
        What::Wrote {
            kind: DocumentKind::ChildsPlan,
            version: 1,
            title: "Isla's plan",
            text: "Isla, this is your plan. You, your mum, Mr Yuill, Miss Grant and Beth made it \
                   together.\n\
                   What you said: I want to help mum and I want to go swimming. Both.\n\
                   What is getting in the way: mornings are hard, and you worry at night.\n\
                   What we will do: someone helps your mum on weekday mornings. School keeps \
                   your breakfast warm. Swimming on Thursdays, and a lift home.\n\
                   Who to ask: Beth. You can ring her yourself.\n\
                   We look at this again with you in six months.",
        },
    ),
    school(
        430,
        (16, 0),
        "eilidh.grant",
        "You were at swimming every Thursday this month",
        "You swam a width.",
    ),
    school(
        330,
        (10, 0),
        "eilidh.grant",
        "You have been on time since the new year",
        "You told the class how to make soup.",
    ),
    line(
        285,
        (15, 30),
        "beth.ogilvie",
        What::Wrote {
            kind: DocumentKind::ChildsPlan,
            version: 2,
            title: "Isla's plan",
            text: "Isla, we looked at your plan with you.\n\
                   What you said: mornings are better. I still worry when gran is on her own.\n\
                   What is better: you sleep more, you are on time, you swim.\n\
                   What we will do: keep the morning help. You wanted to know what happens if \
                   gran falls, so Dr Rao told you how her summary works and whom it rings.\n\
                   Who to ask: Beth, or Mr Yuill, who is your named person.\n\
                   We look at this again with you in nine months.",
        },
    ),
    seen(190, (15, 40), "jo.findlay", "Your ear hurt. It got better by itself."),
    social(
        57,
        (15, 30),
        "beth.ogilvie",
        "You rang for help when your gran slipped",
        "You did exactly the right thing. You were shaken, and we talked about it.",
    ),
    school(20, (14, 30), "donald.yuill", "You are in the school council", "Your class chose you."),
    line(
        9,
        (15, 20),
        "eilidh.grant",
        What::Concern {
            harm: "Worry about her wellbeing",
            summary: "You fell asleep in class three times this week. You said you sit with your \
                      mum at night when her legs hurt.",
            views: "You said you do not want your mum to get into trouble. You want to sleep.",
            other: None,
        },
    ),
];
