//! What was found of a list, as a file that its body reads back into its own system.

use ken_core::identifier::CheckRule;
use ken_person::seeding::List;

use super::{Found, Looked};
use crate::matrix::quoted;

/// The file as a spreadsheet reads it: a line for each row of the list, in its order.
///
/// The number is told with the check that it passes and how sure it is that it is theirs. How much
/// speaks for it, and whom else it might be, is for reviewers of identity and stands nowhere here.
#[must_use]
pub fn csv(list: &List, looked: &Looked) -> String {
    let mut text = "row,own number,found,CHI number,check,how sure,in its stead\r\n".to_owned();
    for (row, found) in list.rows.iter().zip(&looked.rows) {
        let [state, chi, check, sure, name] = cells(found);
        let own = row.says.source.local.reveal();
        let cells = [row.number.to_string(), own.to_owned(), state, chi, check, sure, name];
        let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cells(found: &Found) -> [String; 5] {
    let none = String::new;
    match found {
        Found::Sure { chi, probability, .. } => [
            "sure".to_owned(),
            chi.reveal().to_owned(),
            check(chi.rule()).to_owned(),
            probability.map_or_else(|| "by number".to_owned(), |sure| format!("{sure:.3}")),
            none(),
        ],
        Found::Named(name) => {
            ["no number may be held".to_owned(), none(), none(), none(), name.clone()]
        }
        Found::Open => ["not sure".to_owned(), none(), none(), none(), none()],
        Found::Bad => ["a number fails its check".to_owned(), none(), none(), none(), none()],
    }
}

/// The check of a CHI number, by its usual name.
const fn check(rule: CheckRule) -> &'static str {
    match rule {
        CheckRule::Mod11 => "Modulus 11",
        CheckRule::Mod10 => "Modulus 10 (Luhn)",
        CheckRule::Both => "both checks",
    }
}

#[cfg(test)]
mod tests {
    use ken_core::identifier::Chi;

    use super::*;

    #[test]
    fn a_line_for_each_row_and_no_formula() {
        let text = "id,forename,surname\n1,A,B\n=2,C,D\n3,E,F\n4,G,H\n5,I,J";
        let list = List::read(text, &"cec".parse().unwrap(), ("urn:x", "")).unwrap();
        let chi = Chi::impossible(7);
        let sure = |probability| Found::Sure {
            person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            chi: chi.clone(),
            probability,
        };
        let named = Found::Named("nhsl ABCD-EFGH-JKLM".to_owned());
        let rows = vec![sure(None), Found::Open, Found::Bad, named, sure(Some(0.99951))];
        let written = csv(&list, &Looked { rows, kept: None });
        let lines: Vec<_> = written.lines().collect();
        assert_eq!(lines.len(), 6);
        let number = chi.reveal();
        assert_eq!(lines[1], format!(r#""1","1","sure","{number}","Modulus 11","by number","""#));
        assert_eq!(lines[2], r#""2","'=2","not sure","","","","""#);
        assert_eq!(lines[3], r#""3","3","a number fails its check","","","","""#);
        assert!(
            lines[4].ends_with(r#""","","","nhsl ABCD-EFGH-JKLM""#) && !lines[4].contains(number)
        );
        assert!(lines[5].contains(r#""1.000""#), "{}", lines[5]);
    }
}
