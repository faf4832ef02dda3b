//! Takes the stylesheet and the typeface from npm and embeds them, each named by its SHA-256.
//!
//! # Invariants
//!
//! - Nothing fetched stands in the repository: `npm ci` installs into cargo's own output folder,
//!   exactly what the lock file's integrity hashes say, and runs no package's script.
//! - The embedded stylesheets load nothing from outside: `data:` images are taken out, and a
//!   build that would leave an outside address in one fails.
//!
//! # Sources
//!
//! - Scottish Government Design System (MIT), prebuilt CSS; Roboto by Fontsource (OFL-1.1).

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

#[path = "../../../tools/npm.rs"]
mod npm;

use npm::{bytes, install};
use sha2::{Digest, Sha256};

/// The typeface's files we embed: the letters of the languages the pages speak.
const FONTS: [(&str, &str); 3] = [
    ("roboto-latin.woff2", "roboto-latin-wght-normal.woff2"),
    ("roboto-latin-ext.woff2", "roboto-latin-ext-wght-normal.woff2"),
    ("roboto-cyrillic.woff2", "roboto-cyrillic-wght-normal.woff2"),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("ken-http cannot prepare its stylesheet: {why}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "cargo talks to build scripts by environment")]
fn run() -> Result<(), String> {
    let out = PathBuf::from(std::env::var("OUT_DIR").map_err(|error| error.to_string())?);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut told = io::stdout();
    let mut tell = |line: &str| writeln!(told, "cargo:{line}").map_err(|error| error.to_string());
    tell("rerun-if-changed=assets")?;
    tell("rerun-if-changed=build.rs")?;
    tell("rerun-if-changed=../../../tools/npm.rs")?;
    let modules = install(&source, &out.join("npm"))?;

    let mut table = String::from("&[\n");
    let mut care = text(&source.join("care.css"))?;
    for (name, file) in FONTS {
        let path = modules.join("@fontsource-variable/roboto/files").join(file);
        let address = embed(&out, &mut table, name, "font/woff2", &bytes(&path)?)?;
        care = care.replace(&format!("{{{name}}}"), &address);
    }
    let system = modules.join("@scottish-government/design-system/dist/css/design-system.min.css");
    let system = without_outside(&text(&system)?);
    for (name, sheet) in [("system.css", &system), ("care.css", &care)] {
        check_inside(name, sheet)?;
        embed(&out, &mut table, name, "text/css; charset=utf-8", sheet.as_bytes())?;
    }
    let sign = bytes(&source.join("ken.svg"))?;
    embed(&out, &mut table, "ken.svg", "image/svg+xml", &sign)?;
    let script = bytes(&source.join("passkey.js"))?;
    embed(&out, &mut table, "passkey.js", "text/javascript; charset=utf-8", &script)?;
    table.push(']');
    fs::write(out.join("assets.rs"), table).map_err(|error| error.to_string())
}

/// Writes one file for `include_bytes!`, adds its row to the table, and gives its address.
fn embed(
    out: &Path,
    table: &mut String,
    name: &str,
    kind: &str,
    body: &[u8],
) -> Result<String, String> {
    let hash: String = hex(body).chars().take(16).collect();
    let address = format!("/static/{hash}-{name}");
    fs::write(out.join(name), body).map_err(|error| error.to_string())?;
    let file = out.join(name).display().to_string();
    writeln!(
        table,
        "  Asset {{ name: {name:?}, address: {address:?}, kind: {kind:?}, \
         body: include_bytes!({file:?}) }},"
    )
    .map_err(|error| error.to_string())?;
    Ok(address)
}

/// Takes `url("data:...")` and the source map's mark out of a stylesheet.
fn without_outside(sheet: &str) -> String {
    let mut kept = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("url(\"data:") {
        kept.push_str(before);
        kept.push_str("none");
        rest = after.split_once("\")").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    match kept.rsplit_once("/*# sourceMappingURL=") {
        Some((sheet, _)) => sheet.to_owned(),
        None => kept,
    }
}

/// Every address in a stylesheet must be our own.
fn check_inside(name: &str, sheet: &str) -> Result<(), String> {
    let foreign = sheet.split("url(").skip(1).find(|rest| !rest.starts_with("/static/"));
    match foreign {
        Some(rest) => {
            let start: String = rest.chars().take(60).collect();
            Err(format!("{name} would load {start}: the pages load nothing from outside"))
        }
        None if sheet.contains("@import") => Err(format!("{name} has an @import")),
        None => Ok(()),
    }
}

fn hex(body: &[u8]) -> String {
    Sha256::digest(body).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
