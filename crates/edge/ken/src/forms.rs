//! The forms of a partnership, in a directory beside the program.

use std::path::Path;

use ken_care::form::Form;
use ken_care::form::local::{self, BYTES_MAX, FILES_MAX};

use crate::config::read_within;
use crate::trouble::{NOTHING_DONE, Trouble};

const UNREADABLE: &str = "ken.forms-unreadable";

/// Has the forms of a directory used, if one is named.
pub(crate) fn install(dir: Option<&Path>) -> Result<(), Trouble> {
    if local::install(read(dir)?) {
        return Ok(());
    }
    let happened = "The partnership's forms were read after forms had been used.";
    Err(Trouble::new("ken.forms", happened, NOTHING_DONE, "Report it with the code beside it."))
}

/// Reads the forms of a directory: every file whose name ends in `.json`.
pub(crate) fn read(dir: Option<&Path>) -> Result<Vec<Form>, Trouble> {
    let Some(dir) = dir else { return Ok(vec![]) };
    let trouble = |happened: String| {
        Trouble::new(UNREADABLE, happened, NOTHING_DONE, "Check the path and who may read it.")
    };
    let unread = |error| {
        trouble(format!("The directory of forms {} cannot be read.", dir.display())).because(error)
    };
    let mut files = vec![];
    for entry in std::fs::read_dir(dir).map_err(unread)? {
        let file = entry.map_err(unread)?.path();
        if file.extension().is_some_and(|end| end == "json") {
            files.push(file);
        }
        if files.len() > FILES_MAX {
            return Err(trouble(format!("There are more than {FILES_MAX} forms in a directory.")));
        }
    }
    files.sort();
    let text = |file: &std::path::PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, read_within(file, BYTES_MAX, UNREADABLE, "form")?))
    };
    let texts = files.iter().map(text).collect::<Result<Vec<_>, Trouble>>()?;
    local::read(&texts).map_err(|wrong| {
        Trouble::new(
            "ken.forms",
            format!("A form of the partnership is not good. {wrong}"),
            NOTHING_DONE,
            "Mend it, then run `ken check-config --config FILE`.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_forms_is_read_or_said_to_be_wrong() {
        assert!(read(None).unwrap().is_empty());
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("notes.txt"), "not a form").unwrap();
        assert!(read(Some(dir.path())).unwrap().is_empty());
        std::fs::write(dir.path().join("glen.json"), "{}").unwrap();
        let wrong = read(Some(dir.path())).unwrap_err();
        assert_eq!(wrong.code(), "ken.forms");
        assert!(wrong.to_string().contains("glen.json: it is no form"), "{wrong}");
        let none = read(Some(&dir.path().join("none"))).unwrap_err();
        assert_eq!(none.code(), UNREADABLE);
    }
}
