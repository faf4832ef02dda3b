//! Twins, a family from Poland, a name that changed, a death, and a nurse who is a patient too.

use super::{Born, Numbers, Often, Story, emergency, line, school, seen, social};
use crate::event::{DocumentKind, HBA1C, LATEX, PEANUT, What};
use crate::names::Sex;
use crate::person::Kin;

pub(super) const STORIES: &[Story] = &[
    CALUM,
    CAMERON,
    CAMERON_AT_HOSPITAL,
    CALUM_AT_COUNCIL,
    AGNIESZKA,
    PIOTR,
    ZOFIA,
    AILSA,
    MINA,
    JO,
];

const TWINS_HOME: Option<(&str, &str, &str)> = Some(("12 Lapwing Drive", "Auchenlea", "XG5 5VI"));
const TWINS_MOTHER: &[Kin] =
    &[Kin { given: "Rona", family: "MacAskill", relationship: "mother", phone: 141 }];

const CALUM: Story = Story {
    handle: "calum",
    given: "Calum",
    family: "MacAskill",
    sex: Sex::Male,
    born: Born::Ago(6, 80),
    home: TWINS_HOME,
    phone: Some(141),
    kin: TWINS_MOTHER,
    lines: &[
        line(1_700, (10, 0), "practice", What::Registered),
        line(700, (9, 0), "primary", What::Registered),
        school(
            700,
            (9, 15),
            "eilidh.grant",
            "You started school",
            "Calum, you and Cameron sit at different tables. You chose it.",
        ),
        seen(300, (10, 0), "jo.findlay", "Your injections are up to date."),
    ],
    ..Story::BLANK
};

const CAMERON: Story = Story {
    handle: "cameron",
    given: "Cameron",
    family: "MacAskill",
    sex: Sex::Male,
    born: Born::Ago(6, 80),
    home: TWINS_HOME,
    phone: Some(141),
    kin: TWINS_MOTHER,
    lines: &[
        line(1_700, (10, 5), "practice", What::Registered),
        line(
            1_200,
            (12, 0),
            "sunita.rao",
            What::Allergic {
                to: PEANUT,
                reaction: "Your lips swelled and you wheezed",
                severe: true,
            },
        ),
        line(700, (9, 5), "primary", What::Registered),
        school(
            700,
            (9, 20),
            "eilidh.grant",
            "You started school",
            "Cameron, the kitchen knows about peanuts, and so does everyone at your table.",
        ),
    ],
    ..Story::BLANK
};

/// The emergency department wrote no CHI. Was it Cameron, or his twin who came in his coat?
const CAMERON_AT_HOSPITAL: Story = Story {
    handle: "twin-at-hospital",
    given: "Cameron",
    family: "MacAskill",
    sex: Sex::Male,
    born: Born::Ago(6, 80),
    home: TWINS_HOME,
    phone: Some(141),
    numbers: Numbers::Unclear,
    lines: &[
        line(35, (17, 0), "nhsl", What::Registered),
        emergency(
            35,
            (17, 20),
            "tomasz.wojcik",
            "You wheezed after a birthday party. Someone should ask about peanuts.",
        ),
    ],
    ..Story::BLANK
};

/// The council wrote no CHI either, and the twins have one birthday and one address.
const CALUM_AT_COUNCIL: Story = Story {
    handle: "twin-at-council",
    given: "Calum",
    family: "MacAskill",
    sex: Sex::Male,
    born: Born::Ago(6, 80),
    home: TWINS_HOME,
    phone: Some(141),
    numbers: Numbers::Unclear,
    lines: &[
        line(28, (10, 0), "cec", What::Registered),
        social(
            28,
            (10, 30),
            "jo.lindsay",
            "Your mum asked about a childminder",
            "She would like the same one for both of you.",
        ),
    ],
    ..Story::BLANK
};

const AGNIESZKA: Story = Story {
    handle: "agnieszka",
    given: "Agnieszka",
    family: "Nowicka",
    sex: Sex::Female,
    born: Born::Ago(37, 15),
    home: Some(("Flat 2/1, 40 Bracken Street", "Glenfern", "XG1 7OC")),
    phone: Some(151),
    language: Some("Polish"),
    interpreter: true,
    kin: &[Kin { given: "Piotr", family: "Nowicki", relationship: "husband", phone: 152 }],
    try_first: Some("Read your record. It says that you need an interpreter who speaks Polish."),
    lines: &[
        line(1_300, (9, 0), "practice", What::Registered),
        seen(
            1_290,
            (11, 0),
            "sunita.rao",
            "You came with a telephone interpreter. Next time we book one who comes, and never \
             your daughter.",
        ),
        line(800, (8, 0), "nhsl", What::Registered),
        line(
            800,
            (8, 30),
            "kirsty.lamont",
            What::Admitted { ward: "Ward 3", reason: "An operation that was planned" },
        ),
        line(
            800,
            (9, 0),
            "kirsty.lamont",
            What::Allergic { to: LATEX, reaction: "Your skin came up in welts", severe: false },
        ),
        line(
            797,
            (11, 0),
            "kirsty.lamont",
            What::Discharged { ward: "Ward 3", reason: "It went well. The letter is in Polish." },
        ),
        line(
            795,
            (15, 0),
            "kirsty.lamont",
            What::Wrote {
                kind: DocumentKind::Letter,
                version: 1,
                title: "Going home after your operation",
                text: "Agnieszka, your operation went well.\n\
                       Rest for two weeks. Ring us if the cut is hot or wet.\n\
                       This letter was also given to you in Polish.",
            },
        ),
        seen(80, (9, 30), "jo.findlay", "A check with an interpreter. All is well."),
    ],
    ..Story::BLANK
};

const PIOTR: Story = Story {
    handle: "piotr",
    given: "Piotr",
    family: "Nowicki",
    sex: Sex::Male,
    born: Born::Ago(39, 260),
    home: Some(("Flat 2/1, 40 Bracken Street", "Glenfern", "XG1 7OC")),
    phone: Some(152),
    language: Some("Polish"),
    kin: &[Kin { given: "Agnieszka", family: "Nowicka", relationship: "wife", phone: 151 }],
    lines: &[
        line(1_300, (9, 5), "practice", What::Registered),
        seen(
            410,
            (17, 0),
            "jo.findlay",
            "Your back hurt after lifting. You got exercises, and a note for work.",
        ),
    ],
    ..Story::BLANK
};

const ZOFIA: Story = Story {
    handle: "zofia",
    given: "Zofia",
    family: "Nowicka",
    sex: Sex::Female,
    born: Born::Ago(8, 300),
    home: Some(("Flat 2/1, 40 Bracken Street", "Glenfern", "XG1 7OC")),
    phone: Some(151),
    language: Some("Polish"),
    kin: &[Kin { given: "Agnieszka", family: "Nowicka", relationship: "mother", phone: 151 }],
    lines: &[
        line(1_300, (9, 10), "practice", What::Registered),
        line(1_250, (9, 0), "primary", What::Registered),
        school(
            1_250,
            (9, 30),
            "donald.yuill",
            "You started school",
            "Zofia, you taught the class to count to ten in Polish.",
        ),
        school(
            420,
            (11, 0),
            "eilidh.grant",
            "You won the spelling bee",
            "In your third language year. We are all a bit amazed.",
        ),
    ],
    ..Story::BLANK
};

const AILSA: Story = Story {
    handle: "ailsa",
    given: "Ailsa",
    middle: Some("Ruth"),
    family: "Kaur-Munro",
    former: Some(("Munro", 610)),
    sex: Sex::Female,
    born: Born::Ago(29, 340),
    home: Some(("8 Curlew Road", "Invermuir", "XG3 2CV")),
    phone: Some(161),
    numbers: Numbers::FromEngland,
    kin: &[Kin { given: "Simran", family: "Kaur", relationship: "partner", phone: 162 }],
    try_first: Some(
        "Your name changed when you married. Read your record under the name you bear.",
    ),
    lines: &[
        line(1_500, (9, 0), "practice", What::Registered),
        seen(
            1_490,
            (10, 0),
            "jo.findlay",
            "Your first visit here after Leeds. Your notes came a week later.",
        ),
        line(1_000, (10, 0), "nhsl", What::Registered),
        emergency(1_000, (10, 30), "tomasz.wojcik", "You broke a finger at climbing."),
        line(609, (9, 0), "practice", What::Amended),
        seen(350, (9, 15), "sunita.rao", "Your thumb is stiff. Nothing to mend."),
        line(340, (8, 0), "nhsl", What::Amended),
    ],
    ..Story::BLANK
};

const MINA: Story = Story {
    handle: "mina",
    given: "Wilhelmina",
    middle: None,
    family: "Paterson",
    known_as: Some("Mina"),
    sex: Sex::Female,
    born: Born::Ago(91, 20),
    died_ago: Some(244),
    home: Some(("1 Usher's Close", "Auchenlea", "XG5 1IO")),
    phone: Some(171),
    kin: &[Kin { given: "George", family: "Paterson", relationship: "son", phone: 172 }],
    lines: &[
        line(1_790, (9, 0), "practice", What::Registered),
        line(1_100, (6, 30), "practice", What::Measured { test: HBA1C, tenths: 560 }),
        line(
            420,
            (14, 0),
            "sunita.rao",
            What::Wrote {
                kind: DocumentKind::KeyInformation,
                version: 1,
                title: "Mina's Key Information Summary",
                text: "Mina, we wrote this with you and George.\n\
                       You want to be at home to the end, with the cat.\n\
                       You do not want to be brought back if your heart stops.",
            },
        ),
        line(250, (22, 0), "ooh", What::Registered),
        line(
            250,
            (22, 30),
            "lorna.skene",
            What::Seen {
                place: "At home, at night",
                reason: "You were in pain. We followed your summary and you stayed at home.",
                emergency: true,
            },
        ),
        line(243, (9, 0), "practice", What::Amended),
    ],
    often: Some(Often {
        days_ago: (1_090, 425),
        every: 3,
        line: line(
            0,
            (11, 0),
            "jo.findlay",
            What::Seen {
                place: "At home",
                reason: "Mina, we changed the bandages on your legs.",
                emergency: false,
            },
        ),
    }),
    ..Story::BLANK
};

/// She works in the practice where she is a patient.
const JO: Story = Story {
    handle: "jo-findlay",
    given: "Josephine",
    middle: None,
    family: "Findlay",
    known_as: Some("Jo"),
    sex: Sex::Female,
    born: Born::Ago(46, 118),
    home: Some(("22 Heron Wynd", "Glenfern", "XG1 9KM")),
    phone: Some(181),
    kin: &[Kin { given: "Martin", family: "Findlay", relationship: "husband", phone: 182 }],
    try_first: Some(
        "This is your own record, by your own sign-in. Your work sign-in must not open it.",
    ),
    lines: &[
        line(1_780, (9, 0), "practice", What::Registered),
        seen(
            660,
            (8, 10),
            "sunita.rao",
            "Jo, you came as a patient. You asked that no colleague opens this, and you can see \
             if one does.",
        ),
        line(658, (6, 30), "practice", What::Measured { test: HBA1C, tenths: 390 }),
    ],
    ..Story::BLANK
};
