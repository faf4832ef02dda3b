//! Five years of ordinary life for the people whom the dice drew.
//!
//! Rates are house policy: enough that every page has something on it, few enough that the first
//! start is quick. They are not statistics about anywhere.

use jiff::civil::Date;

use crate::Dice;
use crate::event::{
    CODEINE, CREATININE, Event, HAEMOGLOBIN, HBA1C, LATEX, PEANUT, PENICILLIN, POTASSIUM,
    Substance, Test, What,
};
use crate::person::Person;
use crate::place::Region;
use crate::story::moment;

/// How far back anything goes, in days: five years.
const DAYS: i64 = 1_825;

/// What happened to a drawn person, in time order.
#[must_use]
pub fn of(person: &Person, start: Date, dice: &Dice) -> Vec<Event> {
    let mut life = Life {
        person,
        start,
        age: i64::from(person.age_on(start)),
        dice: dice.fork(u64::from(person.number)),
        events: Vec::new(),
    };
    life.live();
    life.events.sort_by_key(|event| event.at);
    life.events
}

struct Life<'a> {
    person: &'a Person,
    start: Date,
    age: i64,
    dice: Dice,
    events: Vec<Event>,
}

impl Life<'_> {
    fn live(&mut self) {
        let known_since = self.born_days_ago().min(self.dice.between(DAYS - 120, DAYS - 5));
        if self.person.region == Region::Strath {
            self.register("strath-nhs", known_since);
            self.hospital("strath-nhs", "grace.okafor", known_since);
            self.social_work("strath-council", "peter.hay", known_since);
            return;
        }
        self.register("practice", known_since);
        self.surgery(known_since);
        self.tests(known_since);
        self.allergy(known_since);
        self.school();
        if self.dice.chance(38) {
            let since = self.register("nhsl", self.dice.clone().between(10, known_since));
            self.hospital("nhsl", "tomasz.wojcik", since);
        }
        self.social_work("cec", "jo.lindsay", known_since);
        self.concern(known_since);
        self.moved(known_since);
    }

    /// Days since birth, so that nothing happens to somebody who is not there yet.
    fn born_days_ago(&self) -> i64 {
        let born = self.person.born.day().unwrap_or(self.start);
        i64::from(self.start.since(born).map_or(0, |span| span.get_days())).max(1)
    }

    fn push(&mut self, days_ago: i64, by: (&'static str, Option<&'static str>), what: What) {
        // Registrations come at opening time, everything else later that day or another day.
        let hour = if what.is_registration() { 8 } else { self.dice.between(9, 20) };
        let at = (i8::try_from(hour).unwrap_or(12), i8::try_from(self.dice.below(60)).unwrap_or(0));
        let (organisation, author) = by;
        if let Some(at) = moment(self.start, days_ago.max(1), at) {
            self.events.push(Event { at, person: self.person.number, organisation, author, what });
        }
    }

    fn register(&mut self, organisation: &'static str, days_ago: i64) -> i64 {
        self.push(days_ago, (organisation, None), What::Registered);
        days_ago
    }

    /// Visits to the surgery: more for the very young and the old.
    fn surgery(&mut self, since: i64) {
        let yearly_tenths = match self.age {
            0..=4 => 15,
            5..=17 => 4,
            18..=49 => 6,
            50..=69 => 9,
            _ => 14,
        };
        let visits = self.dice.between(1, (yearly_tenths * since / 3_650 * 3).max(1));
        for _ in 0..visits {
            let days_ago = self.dice.between(1, since);
            let (author, reasons) =
                if self.dice.chance(55) { ("sunita.rao", DOCTOR) } else { ("jo.findlay", NURSE) };
            let reason = self.dice.pick(if self.age < 13 { CHILD } else { reasons });
            let what = What::Seen { place: "Surgery", reason, emergency: false };
            self.push(days_ago, ("practice", Some(author)), what);
        }
    }

    fn tests(&mut self, since: i64) {
        if self.age < 40 || !self.dice.chance(60) {
            return;
        }
        for _ in 0..self.dice.between(1, 4) {
            let test = self.dice.pick(&[
                Some(HAEMOGLOBIN),
                Some(CREATININE),
                Some(POTASSIUM),
                Some(HBA1C),
            ]);
            let Some(test) = test else { continue };
            let tenths = measured(test, &mut self.dice);
            let days_ago = self.dice.between(1, since);
            self.push(days_ago, ("practice", None), What::Measured { test, tenths });
        }
    }

    fn allergy(&mut self, since: i64) {
        if !self.dice.chance(11) {
            return;
        }
        let known: &[Option<(Substance, &str)>] = &[
            Some((PENICILLIN, "You came out in a rash")),
            Some((CODEINE, "You felt very sick")),
            Some((LATEX, "Your hands itched and swelled")),
            Some((PEANUT, "Your lips swelled")),
        ];
        let Some((to, reaction)) = self.dice.pick(known) else { return };
        let severe = self.dice.chance(15);
        let days_ago = self.dice.between(1, since);
        let what = What::Allergic { to, reaction, severe };
        self.push(days_ago, ("practice", Some("sunita.rao")), what);
    }

    fn school(&mut self) {
        if !(5..=11).contains(&self.age) {
            return;
        }
        let since = ((self.age - 4) * 340).min(DAYS - 10);
        self.register("primary", since);
        for _ in 0..self.dice.between(2, 6) {
            let (title, text) = self.dice.pick(SCHOOL);
            let days_ago = self.dice.between(1, since - 1);
            self.push(days_ago, ("primary", Some("eilidh.grant")), What::School { title, text });
        }
    }

    /// Emergency visits and stays; a stay is an admission and a discharge.
    fn hospital(&mut self, organisation: &'static str, doctor: &'static str, since: i64) {
        let stays = organisation == "nhsl" && self.dice.chance(if self.age > 64 { 85 } else { 45 });
        for _ in 0..self.dice.between(1, 3) {
            let reason = self.dice.pick(EMERGENCY);
            let what = What::Seen { place: "Emergency department", reason, emergency: true };
            let days_ago = self.dice.between(1, since.max(2) - 1);
            self.push(days_ago, (organisation, Some(doctor)), what);
        }
        if stays && since > 40 {
            let (ward, came, went) = self.dice.pick(STAYS);
            let admitted = self.dice.between(20, since - 1);
            let discharged = admitted - self.dice.between(1, 12);
            let by = (organisation, Some("kirsty.lamont"));
            self.push(admitted, by, What::Admitted { ward, reason: came });
            self.push(discharged, by, What::Discharged { ward, reason: went });
        }
    }

    fn social_work(&mut self, organisation: &'static str, who: &'static str, since: i64) {
        let percent = if self.age > 74 { 30 } else { 6 };
        if !self.dice.chance(percent) || since < 60 {
            return;
        }
        let known = self.register(organisation, self.dice.clone().between(30, since - 1));
        for _ in 0..self.dice.between(1, 3) {
            let (title, text) = self.dice.pick(SOCIAL);
            let days_ago = self.dice.between(1, known - 1);
            self.push(days_ago, (organisation, Some(who)), What::SocialWork { title, text });
        }
    }

    fn concern(&mut self, since: i64) {
        if self.age < 18 || since < 60 || !self.dice.chance(2) {
            return;
        }
        let (harm, summary, views) = self.dice.pick(CONCERNS);
        let known = self.register("police", self.dice.clone().between(10, since - 1));
        let what = What::Concern { harm, summary, views, other: None };
        self.push(known - 1, ("police", Some("rhona.kerr")), what);
    }

    fn moved(&mut self, since: i64) {
        let Some((_, until)) = &self.person.moved else { return };
        let days_ago = self.start.since(*until).map_or(0, |span| i64::from(span.get_days()));
        if days_ago > 1 && days_ago < since {
            self.push(days_ago - 1, ("practice", None), What::Amended);
        }
    }
}

/// A value, mostly a usual one.
fn measured(test: Test, dice: &mut Dice) -> i64 {
    let span = test.high_tenths - test.low_tenths;
    let beyond = if dice.chance(18) { span / 3 } else { 0 };
    dice.between(test.low_tenths - beyond / 2, test.high_tenths + beyond)
}

const DOCTOR: &[&str] = &[
    "You had a cough that would not go. Your chest was clear.",
    "You talked about sleeping badly. We agreed to try a walk in the evening first.",
    "Your back hurts after lifting. You got exercises to try.",
    "You asked about your headaches. Nothing worrying was found.",
    "You came about your mood. You said talking helped, and we made a second time.",
    "Your skin itches. You got a cream.",
    "Your tablets were looked at with you, and one was stopped.",
];
const NURSE: &[&str] = &[
    "Blood pressure check: good.",
    "Blood pressure check: a little high. We look again in a month.",
    "You had your flu injection.",
    "A cut was cleaned and closed.",
    "You came for your yearly check.",
    "Your ears were looked at, and you hear better now.",
];
const CHILD: &[&str] = &[
    "You had an injection and chose the blue plaster.",
    "Your ear hurt. It got better by itself.",
    "You had a rash. It was nothing to worry about.",
    "You were weighed and measured, and you are growing well.",
];
const EMERGENCY: &[&str] = &[
    "You hurt your ankle. It was not broken.",
    "You had pain in your chest. Your heart was fine.",
    "You cut your hand and we closed the cut.",
    "You had a high temperature. You went home the same night.",
    "You fell off your bike. You were bruised, and nothing was broken.",
];
const STAYS: &[(&str, &str, &str)] = &[
    ("Ward 3", "An operation that was planned", "It went well. Rest for two weeks."),
    ("Ward 6", "A chest infection", "The infection is gone. You know whom to ring."),
    ("Ward 6", "A fall at home", "Nothing was broken. A rail is ordered for the stairs."),
    ("Ward 2", "Pain in your stomach", "Your gall bladder was taken out. You eat as you like."),
];
const SCHOOL: &[(&str, &str)] = &[
    ("You joined the chess club", "You came every week and taught two others."),
    ("You read to your class", "You chose the book yourself."),
    ("You were late this week", "You told us why, and we made a plan for mornings."),
    ("You had a fall in the playground", "Your knee was cleaned and you went on playing."),
    ("You helped a new pupil", "You showed them where everything is."),
    ("You moved up a class", "You said you are looking forward to it."),
];
const SOCIAL: &[(&str, &str)] = &[
    ("You asked for help at home", "We came to see what would help. You decide what happens next."),
    ("A rail was fitted", "You tried it with us."),
    ("We asked how things are", "You said the morning visit is enough."),
    ("You asked about a lunch club", "There is one on Wednesdays, and a bus that goes there."),
    (
        "A short break was arranged",
        "Your carer has a week off, and you said you would like one too.",
    ),
];
const CONCERNS: &[(&str, &str, &str)] = &[
    (
        "Being taken advantage of",
        "You paid twice for work on the roof that was not done.",
        "You want your money back. You do not want a fuss.",
    ),
    (
        "Not managing alone",
        "You were found in the street at night and did not know the way home.",
        "You want to go on living where you are.",
    ),
];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::household;

    const START: Date = date(2026, 11, 21);

    #[test]
    fn registration_comes_first_and_nothing_after_the_start() {
        let dice = Dice::new(3);
        let people = household::draw(400, 0, START, &dice);
        let end = moment(START, 0, (0, 0)).unwrap();
        for person in &people {
            let events = of(person, START, &dice);
            assert!(events.is_sorted_by_key(|event| event.at));
            let mut known = std::collections::BTreeSet::new();
            for event in &events {
                assert!(event.at < end);
                let born = person.born.day().unwrap();
                assert!(event.at >= moment(born, 0, (0, 0)).unwrap(), "{person:?}");
                if event.what == What::Registered {
                    known.insert(event.organisation);
                }
                assert!(known.contains(event.organisation), "{} {:?}", person.number, event.what);
            }
        }
    }
}
