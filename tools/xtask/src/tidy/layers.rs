//! Who may depend on whom, as ARCHITECTURE.md's two tables say.
//!
//! The tables in the document are the single source: this rule and a reader read the same words.

use std::collections::BTreeMap;

use super::Finding;
use super::manifest::{self, Kind, Member, Use};
use super::table;
use crate::tree::Tree;

const DOCUMENT: &str = "ARCHITECTURE.md";
const RULE: &str = "layer";

/// The floors, from the ground up; tools stand beside the house and may see all of it.
const FLOORS: &[&str] = &["language", "ground", "domain", "edge", "tools"];

/// The crate that only tests may use.
const TEST_KIT: &str = "ken-testkit";

/// One line of the house table.
struct Place {
    line: usize,
    floor: String,
    may: Vec<String>,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let (members, broken) = manifest::members(tree);
    let mut found: Vec<Finding> =
        broken.into_iter().map(|(path, why)| Finding::new(path, 0, RULE, why)).collect();
    match house(tree) {
        Ok(house) => found.extend(members_in(&house, &members)),
        Err(why) => found.push(Finding::new(DOCUMENT, 0, RULE, why)),
    }
    match homes(tree) {
        Ok(homes) => found.extend(members.iter().flat_map(|member| foreign(&homes, member))),
        Err(why) => found.push(Finding::new(DOCUMENT, 0, RULE, why)),
    }
    found
}

fn house(tree: &Tree) -> Result<BTreeMap<String, Place>, String> {
    let rows = table::rows(tree, DOCUMENT, "house")?;
    let place = |row: &table::Row| Place {
        line: row.line,
        floor: row.cell(1).to_owned(),
        may: row.codes(2).into_iter().map(str::to_owned).collect(),
    };
    Ok(rows.iter().map(|row| (row.cell(0).to_owned(), place(row))).collect())
}

/// Foreign packages that have one home, with the crates that may name them.
fn homes(tree: &Tree) -> Result<BTreeMap<String, Vec<String>>, String> {
    let rows = table::rows(tree, DOCUMENT, "homes")?;
    let mut homes = BTreeMap::new();
    for row in &rows {
        for package in row.codes(0) {
            let crates = row.codes(1).into_iter().map(str::to_owned).collect();
            homes.insert(package.to_owned(), crates);
        }
    }
    Ok(homes)
}

fn members_in(house: &BTreeMap<String, Place>, members: &[Member<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in members {
        let folder = member.path.rsplit('/').nth(1).unwrap_or_default();
        if folder != member.name || !is_house_name(&member.name) {
            let what = format!("`{}` is not named `ken-*` as its folder is", member.name);
            found.push(Finding::new(member.path, 0, RULE, what));
        }
        let Some(place) = house.get(&member.name) else {
            let what = format!("`{}` has no line in {DOCUMENT}'s house table", member.name);
            found.push(Finding::new(member.path, 0, RULE, what));
            continue;
        };
        if place.floor != member.floor {
            let what = format!("stands on floor {}, the table says {}", member.floor, place.floor);
            found.push(Finding::new(member.path, 0, RULE, what));
        }
        found.extend(uses(house, place, member));
    }
    let known = |name: &String| members.iter().any(|member| member.name == *name);
    for (name, place) in house.iter().filter(|(name, _)| !known(name)) {
        let what = format!("`{name}` is in the house table and not in the workspace");
        found.push(Finding::new(DOCUMENT, place.line, RULE, what));
    }
    found
}

fn uses(house: &BTreeMap<String, Place>, place: &Place, member: &Member<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in member.uses.iter().filter(|one| house.contains_key(&one.name)) {
        let test_kit = one.name == TEST_KIT;
        if test_kit && one.kind == Kind::Normal {
            let what = format!("{TEST_KIT} is for tests: a dev-dependency only");
            found.push(Finding::new(member.path, one.line, RULE, what));
        } else if !test_kit && one.name != member.name && !permitted(house, place, one) {
            let what = format!("{} may not depend on {} by {DOCUMENT}", member.name, one.name);
            found.push(Finding::new(member.path, one.line, RULE, what));
        }
    }
    found
}

/// By the table; or, for a test, on a lower floor, since it builds the world that it tests in.
fn permitted(house: &BTreeMap<String, Place>, place: &Place, one: &Use) -> bool {
    let height = |floor: &str| FLOORS.iter().position(|known| *known == floor);
    let below = house.get(&one.name).map(|other| height(&other.floor) < height(&place.floor));
    place.may.contains(&one.name) || (one.kind == Kind::Dev && below == Some(true))
}

fn foreign(homes: &BTreeMap<String, Vec<String>>, member: &Member<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &member.uses {
        let Some(crates) = homes.get(&one.name) else { continue };
        if !crates.contains(&member.name) {
            let what = format!("{} is at home in {} only", one.name, crates.join(", "));
            found.push(Finding::new(member.path, one.line, RULE, what));
        }
    }
    found
}

fn is_house_name(name: &str) -> bool {
    name == "ken" || name == "xtask" || name.starts_with("ken-")
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const TABLES: (&str, &str) = (
        DOCUMENT,
        "<!-- tidy:house -->\n| crate | floor | may |\n|---|---|---|\n\
         | `ken-core` | language | – |\n\
         | `ken-store` | ground | – |\n\
         | `ken-testkit` | tools | `ken-core`, `ken-store` |\n<!-- /tidy -->\n\
         <!-- tidy:homes -->\n| package | home |\n|---|---|\n| `rusqlite` | `ken-store` |\n\
         <!-- /tidy -->\n",
    );

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}")
    }

    fn expect_with(core: &str, store: &str, expected: &[(&str, usize, &str)]) {
        let files = [
            TABLES,
            ("crates/language/ken-core/Cargo.toml", &manifest("ken-core", core)),
            ("crates/ground/ken-store/Cargo.toml", &manifest("ken-store", store)),
            ("tools/ken-testkit/Cargo.toml", &manifest("ken-testkit", "")),
        ];
        expect(check, &files, expected);
    }

    const CORE: &str = "crates/language/ken-core/Cargo.toml";
    const STORE: &str = "crates/ground/ken-store/Cargo.toml";

    #[test]
    fn a_permitted_house_passes() {
        let store = "[dependencies]\nrusqlite.workspace = true\n[dev-dependencies]\n\
                     ken-testkit.workspace = true\nken-core.workspace = true\n";
        expect_with("", store, &[]);
    }

    #[test]
    fn a_dependency_upward_fails_in_tests_too() {
        let up = "[dependencies]\nken-store.workspace = true\n";
        expect_with(up, "", &[(CORE, 4, "may not depend on ken-store")]);
        let tests = "[dev-dependencies]\nken-store = { path = \"x\" }\n";
        expect_with(tests, "", &[(CORE, 4, "may not depend on ken-store")]);
    }

    #[test]
    fn a_lower_floor_is_for_tests_unless_the_table_has_it() {
        let store = "[dependencies]\nken-core.workspace = true\n";
        expect_with("", store, &[(STORE, 4, "may not depend on ken-core")]);
    }

    #[test]
    fn a_foreign_package_stays_home() {
        let away = "[dependencies]\nrusqlite = \"1\"\n";
        expect_with(away, "", &[(CORE, 4, "at home in ken-store")]);
        let renamed = "[dependencies]\nlite = { package = \"rusqlite\", version = \"1\" }\n";
        expect_with(renamed, "", &[(CORE, 4, "at home in ken-store")]);
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        let store = "[dependencies]\nken-testkit.workspace = true\n";
        expect_with("", store, &[(STORE, 4, "dev-dependency only")]);
    }

    #[test]
    fn the_table_and_the_workspace_agree() {
        expect(
            check,
            &[TABLES],
            &[
                (DOCUMENT, 4, "not in the workspace"),
                (DOCUMENT, 5, "not in the workspace"),
                (DOCUMENT, 6, "not in the workspace"),
            ],
        );
        let stranger = ("crates/ground/other/Cargo.toml", &*manifest("other", ""));
        let found = check(&crate::tree::made_of(&[TABLES, stranger]));
        let said: Vec<_> = found.iter().map(|f| f.what.as_str()).collect();
        assert!(said.iter().any(|what| what.contains("not named `ken-*`")), "{said:?}");
        assert!(said.iter().any(|what| what.contains("no line in")), "{said:?}");
    }

    #[test]
    fn a_document_without_its_tables_fails() {
        expect(
            check,
            &[(DOCUMENT, "prose\n")],
            &[(DOCUMENT, 0, "no table"), (DOCUMENT, 0, "no table")],
        );
    }
}
