//! Takes the typeface of printed documents from npm and embeds it.
//!
//! # Sources
//!
//! - Roboto, the TrueType files (OFL-1.1).

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[path = "../../../tools/npm.rs"]
mod npm;

use npm::{bytes, install};

/// The weights we embed: what the code calls them, and where they stand in the package.
const FACES: [(&str, &str); 2] =
    [("regular", "400Regular/Roboto_400Regular.ttf"), ("strong", "700Bold/Roboto_700Bold.ttf")];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("ken-print cannot prepare its typeface: {why}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "cargo talks to build scripts by environment")]
fn run() -> Result<(), String> {
    let out = PathBuf::from(std::env::var("OUT_DIR").map_err(|error| error.to_string())?);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut told = io::stdout();
    for changed in ["assets", "build.rs", "../../../tools/npm.rs"] {
        writeln!(told, "cargo:rerun-if-changed={changed}").map_err(|error| error.to_string())?;
    }
    let modules = install(&source, &out.join("npm"))?;
    for (name, file) in FACES {
        let body = bytes(&modules.join("@expo-google-fonts/roboto").join(file))?;
        fs::write(out.join(format!("{name}.ttf")), body).map_err(|error| error.to_string())?;
    }
    Ok(())
}
