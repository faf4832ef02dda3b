//! People whose lives cross the border between Strath and Glen.

use super::{Born, Story, emergency, line, social};
use crate::event::{CREATININE, POTASSIUM, What};
use crate::names::Sex;
use crate::person::Kin;
use crate::place::Region;

pub(super) const STORIES: &[Story] = &[SHABNAM, TAM];

const SHABNAM: Story = Story {
    handle: "shabnam",
    given: "Shabnam",
    family: "Akhtar",
    sex: Sex::Female,
    born: Born::Ago(58, 222),
    region: Region::Strath,
    home: Some(("19 Wheatear Avenue", "Strathbirk", "XS1 4CV")),
    phone: Some(191),
    language: Some("Punjabi"),
    kin: &[Kin { given: "Imran", family: "Akhtar", relationship: "son", phone: 192 }],
    try_first: Some("You live in Strath and are treated in Glen. See who looked, from both."),
    lines: &[
        line(1_600, (9, 0), "strath-nhs", What::Registered),
        line(
            1_600,
            (9, 30),
            "strath-nhs",
            What::Seen {
                place: "Kidney clinic",
                reason: "Your kidneys work at a third of what they should. We watch them with you.",
                emergency: false,
            },
        ),
        line(900, (8, 0), "nhsl", What::Registered),
        line(
            900,
            (8, 30),
            "nhsl",
            What::Seen {
                place: "Dialysis unit",
                reason: "Your first dialysis in Glen, where there was a place. Imran drove you.",
                emergency: false,
            },
        ),
        line(899, (6, 30), "nhsl", What::Measured { test: CREATININE, tenths: 5_210 }),
        line(640, (9, 0), "strath-council", What::Registered),
        social(
            640,
            (11, 0),
            "peter.hay",
            "A car to dialysis, three times a week",
            "Imran cannot drive you every time. A driver comes on Mondays, Wednesdays and Fridays.",
        ),
        line(320, (6, 30), "nhsl", What::Measured { test: POTASSIUM, tenths: 58 }),
        emergency(
            319,
            (3, 0),
            "grace.okafor",
            "Your heart raced. Your potassium was high, and Glen's unit took you early.",
        ),
        line(
            15,
            (8, 30),
            "nhsl",
            What::Seen {
                place: "Dialysis unit",
                reason: "Steady. You are on the list for a kidney.",
                emergency: false,
            },
        ),
    ],
    ..Story::BLANK
};

/// Moved from Strath to Glen, and is on both sides' books.
const TAM: Story = Story {
    handle: "tam",
    given: "Thomas",
    middle: Some("Bruce"),
    family: "Learmonth",
    known_as: Some("Tam"),
    sex: Sex::Male,
    born: Born::Ago(67, 9),
    region: Region::Strath,
    home: Some(("3 Otter Place", "Kilmorven", "XS2 2KM")),
    phone: Some(195),
    lines: &[
        line(1_400, (9, 0), "strath-council", What::Registered),
        social(
            1_400,
            (9, 30),
            "ann.moffat",
            "A ramp was built at your door",
            "You chose the wood.",
        ),
        line(500, (9, 0), "strath-nhs", What::Registered),
        emergency(
            500,
            (9, 30),
            "grace.okafor",
            "You had a nosebleed that would not stop. It stopped.",
        ),
    ],
    ..Story::BLANK
};
