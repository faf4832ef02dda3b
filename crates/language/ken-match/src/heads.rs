//! Which column of a file holds which field: guessed by its name, shown, and overruled by whoever
//! knows better.

use std::str::FromStr;

use crate::marks::Marks;
use crate::table::Row;

/// A field of a record, and by which names its column goes.
const FIELDS: [(&str, &[&str]); 19] = [
    ("id", &["recid", "recordid", "uniqueid", "id"]),
    ("forename", &["forename", "firstname", "givenname", "first", "given"]),
    ("middle", &["middle", "middlename", "middlenames", "middleinitial", "secondname"]),
    ("surname", &["surname", "lastname", "familyname", "last", "family"]),
    (
        "former-surname",
        &["formersurname", "previoussurname", "maidenname", "birthsurname", "surnameatbirth"],
    ),
    ("born", &["dob", "dateofbirth", "birthdate", "born"]),
    ("sex", &["sex", "gender", "administrativegender"]),
    ("house", &["streetnumber", "housenumber", "house", "buildingnumber"]),
    ("address", &["address1", "address", "addressline1", "streetaddress", "streetname", "street"]),
    ("town", &["town", "city", "suburb", "locality"]),
    ("postcode", &["postcode", "postalcode", "zipcode", "zip"]),
    ("former-postcode", &["formerpostcode", "previouspostcode"]),
    ("former-address", &["formeraddress", "previousaddress", "previousaddress1"]),
    ("email", &["email", "emailaddress", "mail"]),
    ("phone", &["phone", "telephone", "phonenumber", "telephonenumber", "mobile", "mobilenumber"]),
    ("chi", &["chi", "chinumber", "chino"]),
    ("nhs", &["nhsnumber", "nhs", "nhsno"]),
    ("number", &NUMBERS),
    ("source", &["source", "sourcesystem", "agency"]),
];

/// What further numbers of a person are called. One of them is read; `--map` says which, where
/// there are several.
const NUMBERS: [&str; 15] = [
    "ucrn",
    "scn",
    "candidatenumber",
    "scottishcandidatenumber",
    "pupilno",
    "pupilnumber",
    "pupilid",
    "nino",
    "ninumber",
    "nationalinsuranceno",
    "nationalinsurancenumber",
    "ssn",
    "socsecid",
    "socialsecurityno",
    "socialsecuritynumber",
];

/// That a column holds a field, as somebody typed it: `FIELD=COLUMN`; an empty column is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    field: &'static str,
    column: String,
}

impl FromStr for Map {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || FIELDS.map(|(field, _)| field).join(", ");
        let (field, column) = text.split_once('=').ok_or("write FIELD=COLUMN")?;
        let field = FIELDS.iter().find(|(known, _)| *known == field).map(|(known, _)| *known);
        let field = field.ok_or_else(|| format!("the fields are {}", known()))?;
        Ok(Self { field, column: column.to_owned() })
    }
}

/// Where each field stands in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    heads: Vec<String>,
    places: Vec<(&'static str, Option<usize>)>,
}

impl Heads {
    /// Finds the columns by their names.
    ///
    /// # Errors
    ///
    /// The column of `maps` that is not there.
    pub fn find(heads: Vec<String>, maps: &[Map]) -> Result<Self, String> {
        let plain = |head: &String| -> String {
            head.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let names: Vec<String> = heads.iter().map(plain).collect();
        let mut places = Vec::new();
        for (field, known) in FIELDS {
            let typed = maps.iter().rev().find(|map| map.field == field);
            let place = match typed {
                Some(map) if map.column.is_empty() => None,
                Some(map) => Some(at(&heads, &map.column).ok_or_else(|| map.column.clone())?),
                None => known.iter().find_map(|name| names.iter().position(|n| n == name)),
            };
            places.push((field, place));
        }
        Ok(Self { heads, places })
    }

    /// The place of a column by its name as it stands.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        at(&self.heads, name)
    }

    /// The place of a field.
    #[must_use]
    pub fn place(&self, field: &str) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == field).and_then(|(_, place)| *place)
    }

    /// The places of all fields that are there.
    pub fn read(&self) -> impl Iterator<Item = usize> {
        self.places.iter().filter_map(|(_, place)| *place)
    }

    /// Whether there is enough to tell people by.
    #[must_use]
    pub fn suffice(&self) -> bool {
        let named = ["forename", "surname", "born", "postcode"];
        let telling = named.into_iter().chain(["email", "phone", "chi", "nhs", "number"]);
        telling.filter(|field| self.place(field).is_some()).count() >= 2
    }

    /// The columns that no field is read from, but those in `used`.
    #[must_use]
    pub fn unknown(&self, used: &[Option<usize>]) -> Vec<&str> {
        let is_read = |at: usize| {
            used.contains(&Some(at)) || self.places.iter().any(|(_, place)| *place == Some(at))
        };
        let heads = self.heads.iter().enumerate().filter(|(at, _)| !is_read(*at));
        heads.map(|(_, head)| head.as_str()).collect()
    }

    /// The fields that were found, each with the name of its column.
    pub fn found(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.places.iter().filter_map(|(field, place)| {
            Some((*field, place.and_then(|at| self.heads.get(at))?.as_str()))
        })
    }

    /// What was found, a line for each field.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let found = self.places.iter().map(|(field, place)| {
            let head = place.and_then(|at| self.heads.get(at)).map_or("-", String::as_str);
            format!("  {field:<16} {head}")
        });
        found.collect()
    }
}

/// Where the values of a row stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    id: Option<usize>,
    of: [Option<usize>; 6],
    home: [Option<usize>; 4],
    former: [Option<usize>; 2],
    more: [Option<usize>; 5],
    source: Option<usize>,
}

impl Places {
    /// Looks them up.
    #[must_use]
    pub fn of(heads: &Heads) -> Self {
        let at = |field: &str| heads.place(field);
        Self {
            id: at("id"),
            of: ["forename", "middle", "surname", "former-surname", "born", "sex"].map(at),
            home: ["house", "address", "town", "postcode"].map(at),
            former: ["former-postcode", "former-address"].map(at),
            more: ["email", "phone", "chi", "nhs", "number"].map(at),
            source: at("source"),
        }
    }

    /// The column of what its owner calls a record.
    #[must_use]
    pub const fn id(&self) -> Option<usize> {
        self.id
    }

    /// The marks of a row in a book, by what gives the mark of a column's value.
    #[must_use]
    pub fn marks(&self, book: u64, of: impl Fn(Option<usize>) -> u32) -> Marks {
        let [forename, middle, surname, _, born, _] = self.of.map(&of);
        let [_, _, town, postcode] = self.home.map(of);
        Marks { book, forename, middle, surname, born, town, postcode }
    }

    /// A row, by what gives a column's value; its source by its column.
    #[must_use]
    pub fn row<'a>(&self, of: impl Fn(Option<usize>) -> &'a str) -> Row<'a> {
        let [forename, middle, surname, former_surname, born, sex] = self.of.map(&of);
        let [house, address, town, postcode] = self.home.map(&of);
        let [former_postcode, former_address] = self.former.map(&of);
        let [email, phone, chi, nhs, number] = self.more.map(&of);
        let source = of(self.source);
        Row {
            forename,
            middle,
            surname,
            former_surname,
            born,
            sex,
            house,
            address,
            town,
            postcode,
            former_postcode,
            former_address,
            email,
            phone,
            chi,
            nhs,
            number,
            source,
        }
    }
}

fn at(heads: &[String], name: &str) -> Option<usize> {
    heads.iter().position(|head| head == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(of: &str, maps: &[&str]) -> Result<Heads, String> {
        let maps: Vec<Map> = maps.iter().map(|map| map.parse().unwrap()).collect();
        Heads::find(of.split(',').map(str::to_owned).collect(), &maps)
    }

    #[test]
    fn columns_are_guessed_and_overruled() {
        let febrl = heads("rec_id,given_name,surname,date_of_birth,suburb", &[]).unwrap();
        let check = |field: &str, want| assert_eq!(febrl.place(field), want, "{field}");
        check("id", Some(0));
        check("forename", Some(1));
        check("surname", Some(2));
        check("born", Some(3));
        check("town", Some(4));
        check("chi", None);
        assert!(febrl.suffice() && !heads("a,b,surname", &[]).unwrap().suffice());
        let other = heads("a,CHI Number,b", &["surname=b", "chi="]).unwrap();
        assert_eq!((other.place("surname"), other.place("chi")), (Some(2), None));
        assert_eq!(heads("a,b", &["surname=c"]), Err("c".to_owned()));
        assert_eq!(febrl.unknown(&[]), Vec::<&str>::new());
        assert_eq!(other.unknown(&[]), ["a", "CHI Number"]);
        assert_eq!(other.unknown(&[Some(0)]), ["CHI Number"]);
        let reach = heads("id,E-mail,Mobile,Street Number,Previous address", &[]).unwrap();
        for (field, at) in [("email", 1), ("phone", 2), ("house", 3), ("former-address", 4)] {
            assert_eq!(reach.place(field), Some(at), "{field}");
        }
        let further = |of: &str| heads(of, &[]).unwrap().place("number");
        for of in ["a,soc_sec_id", "a,SSN", "a,UCRN", "a,SCN", "a,Pupil No.", "a,NI number"] {
            assert_eq!(further(of), Some(1), "{of}");
        }
        assert_eq!((further("a,number"), further("nhs_number,house_number")), (None, None));
        let mapped = heads("a,Case,ssn", &["number=Case"]).unwrap();
        assert_eq!((mapped.place("number"), mapped.unknown(&[])), (Some(1), vec!["a", "ssn"]));
        assert!("colour=b".parse::<Map>().is_err() && "b".parse::<Map>().is_err());
    }
}
