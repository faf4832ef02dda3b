//! `ken standards`: the four core standards, documents held against them, and FHIR either way. No
//! database, no server.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use ken_fhir::Resource;
use ken_fhir::standard::{Document, LEN_MAX, Standard, Wrong};
use serde_json::Value;

use crate::config::read_within;
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

const UNREADABLE: &str = "ken.standard-unreadable";
const BROKEN: &str = "ken.standard-broken";
/// Most documents of one file.
const DOCUMENTS_MAX: usize = 1_000;

/// What to do with the standards.
#[derive(Debug, Subcommand)]
pub(crate) enum Standards {
    /// List the standards, and what each is in FHIR
    List,
    /// Print the schema of a standard, or how it stands in FHIR
    Show {
        /// Which standard
        #[arg(value_parser = standard)]
        standard: Standard,
        /// Which of its texts
        #[arg(long = "as", value_enum, default_value = "schema")]
        what: What,
    },
    /// Say everything that must be put right in documents; a file has one, or a list of them
    Check {
        /// The documents
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print documents as FHIR R4
    ToFhir {
        /// The document, or a list of them
        file: PathBuf,
    },
    /// Print a FHIR R4 resource as a document
    FromFhir {
        /// Of which standard
        #[arg(value_parser = standard)]
        standard: Standard,
        /// The resource
        file: PathBuf,
    },
}

/// A text of a standard.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// JSON Schema 2020-12
    Schema,
    /// Each field in FHIR, and what is lost
    Mapping,
}

fn standard(name: &str) -> Result<Standard, String> {
    let all = Standard::ALL.map(Standard::name).join(", ");
    Standard::find(name).ok_or_else(|| format!("one of {all} is expected"))
}

/// Runs the command.
pub(crate) fn run(command: &Standards) -> Result<(), Trouble> {
    match command {
        Standards::List => {
            for one in Standard::ALL {
                say::out(&format!("{}\tversion 1\tFHIR R4 {}", one.name(), one.resource()));
            }
            Ok(())
        }
        Standards::Show { standard, what } => {
            let text = match what {
                What::Schema => standard.text(),
                What::Mapping => standard.mapping(),
            };
            say::out(text.trim_end());
            Ok(())
        }
        Standards::Check { files } => check(files),
        Standards::ToFhir { file } => {
            let numbered = documents(file)?.into_iter().zip(1..);
            let found = numbered
                .map(|(one, number)| one.map_err(|wrongs| broken(file, number, &wrongs)))
                .collect::<Result<Vec<_>, _>>()?;
            let made = found.iter().map(Document::resource).collect::<Result<Vec<_>, _>>();
            let made = made.map_err(|error| {
                let happened = "A document could not be told in FHIR.";
                Trouble::new(BROKEN, happened, NOTHING_DONE, "Report it.").because(error)
            })?;
            for resource in made {
                say::out(&resource.value().to_string());
            }
            Ok(())
        }
        Standards::FromFhir { standard, file } => {
            let text = read(file)?;
            let resource = Resource::parse(text.as_bytes()).map_err(|error| {
                let happened = format!("{} is no FHIR resource in JSON.", file.display());
                let next = "Give a file with one resource.";
                Trouble::new(UNREADABLE, happened, NOTHING_DONE, next).because(error)
            })?;
            let made = standard.read(&resource, &[]);
            let made = made.map_err(|wrongs| broken(file, 1, &wrongs))?;
            say::out(&made.value().to_string());
            Ok(())
        }
    }
}

fn check(files: &[PathBuf]) -> Result<(), Trouble> {
    let mut bad = 0;
    for file in files {
        for (at, one) in documents(file)?.into_iter().enumerate() {
            let number = at + 1;
            match one {
                Ok(one) => {
                    let name = one.standard().name();
                    say::out(&format!("{}: document {number}: good {name}", file.display()));
                }
                Err(wrongs) => {
                    bad += 1;
                    tell(file, number, &wrongs);
                }
            }
        }
    }
    if bad == 0 {
        return Ok(());
    }
    let happened = format!("{bad} documents are not good by their standard.");
    Err(Trouble::new(BROKEN, happened, NOTHING_DONE, "Put right what each line names."))
}

fn tell(file: &Path, number: usize, wrongs: &[Wrong]) {
    for wrong in wrongs {
        say::out(&format!("{}: document {number}: {wrong}", file.display()));
    }
}

fn broken(file: &Path, number: usize, wrongs: &[Wrong]) -> Trouble {
    tell(file, number, wrongs);
    let happened = format!("{} cannot be told so.", file.display());
    Trouble::new(BROKEN, happened, NOTHING_DONE, "Put right what each line names.")
}

fn read(file: &Path) -> Result<String, Trouble> {
    read_within(file, LEN_MAX as u64, UNREADABLE, "file")
}

/// The documents of a file, each good or with what is wrong in it.
fn documents(file: &Path) -> Result<Vec<Result<Document, Vec<Wrong>>>, Trouble> {
    let text = read(file)?;
    let Ok(Value::Array(all)) = serde_json::from_str(&text) else {
        return Ok(vec![Document::parse(text.as_bytes())]);
    };
    if all.len() > DOCUMENTS_MAX {
        let happened = format!("{} has over {DOCUMENTS_MAX} documents.", file.display());
        return Err(Trouble::new(UNREADABLE, happened, NOTHING_DONE, "Divide the file."));
    }
    Ok(all.into_iter().map(Document::of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../standards");
        let of = |one: Standard| root.join(one.name()).join("examples");
        let read = |folder: PathBuf| std::fs::read_dir(folder).unwrap();
        let entries = Standard::ALL.into_iter().map(of).flat_map(read);
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn every_example_is_good_and_a_broken_one_is_not() {
        assert_eq!(files().len(), 80);
        assert!(check(&files()).is_ok());
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("made.json");
        let put = |text: &str| std::fs::write(&file, text).unwrap();
        let code = |done: Result<(), Trouble>| done.unwrap_err().code();
        let from = std::fs::read_to_string(&files()[0]).unwrap();
        put(&format!("[{from},{from}]"));
        assert_eq!(documents(&file).unwrap().len(), 2);
        assert!(run(&Standards::ToFhir { file: file.clone() }).is_ok());
        for text in ["", "[7]", "{}", r#"{"standard":"letter"}"#, r#"{"standard":"alert"}"#] {
            put(text);
            assert_eq!(code(check(std::slice::from_ref(&file))), BROKEN, "{text}");
            assert_eq!(code(run(&Standards::ToFhir { file: file.clone() })), BROKEN, "{text}");
        }
        put("[");
        assert_eq!(code(check(std::slice::from_ref(&file))), BROKEN);
        put(&format!("[{}1]", "1,".repeat(DOCUMENTS_MAX)));
        assert_eq!(code(check(std::slice::from_ref(&file))), UNREADABLE);
        assert_eq!(code(check(&[dir.path().join("none")])), UNREADABLE);
    }

    #[test]
    fn what_became_fhir_is_read_from_it_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("made.json");
        for from in files() {
            let text = std::fs::read_to_string(&from).unwrap();
            let document = Document::parse(text.as_bytes()).unwrap();
            let resource = document.resource().unwrap();
            std::fs::write(&file, resource.to_bytes()).unwrap();
            for standard in Standard::ALL {
                let asked = Standards::FromFhir { standard, file: file.clone() };
                assert_eq!(run(&asked).is_ok(), standard == document.standard());
            }
        }
        std::fs::write(&file, "{}").unwrap();
        let asked = Standards::FromFhir { standard: Standard::Alert, file };
        assert_eq!(run(&asked).unwrap_err().code(), UNREADABLE);
        assert!(run(&Standards::List).is_ok());
        for what in [What::Schema, What::Mapping] {
            for standard in Standard::ALL {
                assert!(run(&Standards::Show { standard, what }).is_ok());
            }
        }
        assert!(standard("letter").is_err());
    }
}
