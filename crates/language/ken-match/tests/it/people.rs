//! Made-up people, and what several sources hold of them.

use ken_core::identifier::Chi;
use ken_match::{Columns, Row, Table};

/// Somebody of whom no number is known, to tell others by what differs.
pub(crate) const ANN: Row<'_> = Row {
    forename: "Ann",
    middle: "",
    surname: "Reid",
    former_surname: "",
    born: "1980-05-06",
    sex: "F",
    house: "",
    address: "1 High Street",
    town: "Perth",
    postcode: "PH1 1AA",
    former_postcode: "",
    former_address: "",
    email: "",
    phone: "",
    chi: "",
    nhs: "",
    number: "",
    source: "",
};

/// A table of a few records.
pub(crate) fn table(rows: &[Row<'_>]) -> Table {
    let mut columns = Columns::new();
    for row in rows {
        columns.push(row).unwrap();
    }
    columns.close()
}

/// Records with the truth: one number, one person.
pub(crate) struct Made {
    pub(crate) table: Table,
    pub(crate) truth: Vec<u32>,
    pub(crate) chi: Vec<String>,
}

/// Numbers as if by chance (a linear congruence; Knuth's constants).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn often(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(u64::try_from(from.len()).unwrap())).unwrap()]
    }
}

const FORENAMES: [&str; 24] = [
    "William",
    "Margaret",
    "James",
    "Elizabeth",
    "Robert",
    "Catherine",
    "Mohammed",
    "Aisha",
    "Agnieszka",
    "Krzysztof",
    "Fiona",
    "Hamish",
    "Ruairidh",
    "Mhairi",
    "David",
    "Susan",
    "Andrew",
    "Jessica",
    "Wei",
    "Xiu",
    "Thomas",
    "Janet",
    "Peter",
    "Deborah",
];
const SHORT: [(&str, &str); 8] = [
    ("William", "Bill"),
    ("Margaret", "Peggy"),
    ("James", "Jim"),
    ("Elizabeth", "Betty"),
    ("Robert", "Rab"),
    ("Catherine", "Cathy"),
    ("Andrew", "Drew"),
    ("Deborah", "Debbie"),
];
const STARTS: [&str; 14] = [
    "Mac", "Fer", "Kow", "Hus", "Bal", "Cra", "Dun", "Gil", "Har", "Lin", "Mor", "Nor", "Ste",
    "Wal",
];
const ENDS: [&str; 14] = [
    "donald", "guson", "alski", "sain", "four", "wford", "can", "lespie", "vey", "dsay", "rison",
    "ton", "wart", "lace",
];

#[derive(Clone)]
struct Person {
    forename: String,
    middle: String,
    surname: String,
    born: (u64, u64, u64),
    sex: &'static str,
    address: String,
    postcode: String,
    chi: String,
}

fn person(chance: &mut Chance, n: u64) -> Person {
    let postcode = format!(
        "EH{} {}{}{}",
        1 + chance.below(16),
        1 + chance.below(9),
        chance.of(&["A", "B", "D", "E", "H", "L"]),
        chance.of(&["A", "B", "D", "E", "H", "L", "N", "P", "Q", "R"]),
    );
    Person {
        forename: chance.of(&FORENAMES).to_owned(),
        middle: chance.of(&FORENAMES).to_owned(),
        surname: format!("{}{}", chance.of(&STARTS), chance.of(&ENDS)),
        born: (1930 + chance.below(90), 1 + chance.below(12), 1 + chance.below(28)),
        sex: if n.is_multiple_of(2) { "F" } else { "M" },
        address: format!("{} {} Street", 1 + chance.below(90), chance.of(&STARTS)),
        postcode,
        chi: Chi::impossible(n * 7 + 1).reveal().to_owned(),
    }
}

/// What a further source wrote down.
fn slip(chance: &mut Chance, of: &Person) -> Person {
    let mut new = of.clone();
    if chance.often(15) {
        let short = SHORT.iter().find(|(name, _)| *name == of.forename);
        new.forename = short.map_or(of.forename.as_str(), |(_, short)| short).to_owned();
    }
    if chance.often(8) {
        let at = usize::try_from(1 + chance.below(2)).unwrap();
        new.surname.remove(at);
    }
    if chance.often(30) {
        new.middle = String::new();
    }
    if chance.often(5) {
        new.born = (of.born.0, of.born.1, 1 + (of.born.2 + 1) % 28);
    }
    if chance.often(15) {
        let other = person(chance, 0);
        (new.address, new.postcode) = (other.address, other.postcode);
    }
    if chance.often(60) {
        new.chi = String::new();
    }
    new
}

/// As many people as asked for; a quarter has a second record, and one in fifty a twin.
pub(crate) fn made(seed: u64, people: u64) -> Made {
    let mut chance = Chance::new(seed);
    let mut records: Vec<(u32, Person, &'static str)> = Vec::new();
    let mut before: Option<Person> = None;
    for (whose, n) in (0u32..).zip(0..people) {
        let mut of = person(&mut chance, n);
        if let Some(twin) =
            before.take().filter(|twin| twin.forename != of.forename && chance.often(2))
        {
            of = Person { forename: of.forename, middle: of.middle, chi: of.chi, ..twin };
        }
        records.push((whose, of.clone(), "health"));
        if chance.often(25) {
            let again = slip(&mut chance, &of);
            records.push((whose, again, "council"));
        }
        before = Some(of);
    }
    let mut columns = Columns::new();
    for (_, of, source) in &records {
        let (year, month, day) = of.born;
        let born = format!("{year}-{month:02}-{day:02}");
        let row = Row {
            forename: &of.forename,
            middle: &of.middle,
            surname: &of.surname,
            born: &born,
            sex: of.sex,
            address: &of.address,
            postcode: &of.postcode,
            chi: &of.chi,
            source,
            ..Row::default()
        };
        columns.push(&row).unwrap();
    }
    Made {
        table: columns.close(),
        truth: records.iter().map(|(whose, ..)| *whose).collect(),
        chi: records.into_iter().map(|(_, of, _)| of.chi).collect(),
    }
}
