//! `ken agreement` from outside: what it prints, and how it ends.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::run;

fn glen(name: &str) -> String {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../agreements");
    folder.join(format!("{name}.toml")).to_str().unwrap().to_owned()
}

/// Standard output of a command, and whether it ended well.
fn said(of: &[&str]) -> (bool, String) {
    let output = run(&[&["agreement"][..], of].concat());
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_agreements_of_glen_check_clean() {
    let names = [
        "scot-accord",
        "glen-asp-concern",
        "glen-direct-care",
        "glen-girfec",
        "glen-planning",
        "glen-police-asp",
    ];
    let files: Vec<String> = names.iter().map(|name| glen(name)).collect();
    let mut of = vec!["check"];
    of.extend(files.iter().map(String::as_str));
    let (well, out) = said(&of);
    assert!(well, "{out}");
    assert_eq!(out.matches("0 errors, 0 warnings").count(), names.len(), "{out}");
}

#[test]
fn a_fault_is_shown_where_it_is_and_ends_badly() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("worse.toml");
    let text = fs::read_to_string(glen("glen-asp-concern")).unwrap();
    fs::write(&file, text.replacen("art9 = ", "art_9 = ", 1)).unwrap();
    let path = file.to_str().unwrap();
    let (well, out) = said(&["check", path]);
    assert!(
        !well && out.contains("error[P-UNKNOWN]") && out.contains("did you mean `art9`?"),
        "{out}"
    );
    assert!(out.contains("^^^^^"), "{out}");
    // Without the accord beside it, what it stands under is not there.
    fs::write(&file, &text).unwrap();
    let (well, out) = said(&["check", path, "--format", "json"]);
    let told: Value = serde_json::from_str(out.trim()).unwrap();
    assert!(!well && told["found"].as_array().unwrap().iter().any(|one| one["code"] == "E-UNDER"));
    let (well, out) = said(&["check", path, "--beside", &glen("scot-accord"), "--format", "sarif"]);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert!(well && log["runs"][0]["results"] == Value::Array(vec![]), "{out}");
    fs::write(&file, [0xff, 0, b'\n', 0x80]).unwrap();
    assert!(!said(&["check", path]).0);
    assert!(!said(&["check", "absent.toml"]).0);
}

#[test]
fn an_issuer_vouches_for_a_pack_and_a_changed_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (pack, key, note, trusted) =
        (glen("statute-pack"), at("issuer.key"), at("pack.note"), at("issuers"));
    let (well, public) = said(&["pack", "key", &key, "--name", "packs.example/test"]);
    assert!(well && public.starts_with("packs.example/test+"), "{public}");
    assert_eq!(said(&["pack", "key", &key, "--name", "packs.example/test"]).1, public);
    assert!(!said(&["pack", "key", &key, "--name", "other.example"]).0, "it was made for another");
    fs::write(&trusted, &public).unwrap();
    let (well, signed) = said(&["pack", "sign", &pack, "--key", &key]);
    assert!(well, "{signed}");
    fs::write(&note, signed).unwrap();
    let of = ["pack", "verify", &pack, "--note", &note];
    assert!(!said(&of).0, "nobody here trusts this issuer");
    let (well, told) = said(&[&of[..], &["--issuers", &trusted]].concat());
    assert!(well && told.contains("vouched for by packs.example/test"), "{told}");
    let own = Path::new(&pack).with_extension("note");
    let (well, told) = said(&["pack", "verify", &pack, "--note", own.to_str().unwrap()]);
    assert!(well, "the program's own pack: {told}");
    let changed = at("changed.toml");
    let text = fs::read_to_string(&pack).unwrap();
    fs::write(&changed, text.replacen("require = [\"age>=16\"]", "require = []", 1)).unwrap();
    let of = ["pack", "verify", &changed, "--note", &note, "--issuers", &trusted];
    assert!(!said(&of).0, "the law was changed under the note");
    assert!(!said(&["pack", "sign", &glen("scot-accord"), "--key", &key]).0, "no pack");
}

#[test]
fn drafts_documents_notices_and_exports_come_out() {
    let dir = tempfile::tempdir().unwrap();
    for template in ["saspi", "isp", "sissa", "toolkit"] {
        let (well, text) = said(&["new", "--template", template]);
        let file = dir.path().join(format!("{template}.toml"));
        fs::write(&file, text).unwrap();
        assert!(well && said(&["show", file.to_str().unwrap()]).0, "{template}");
    }
    let asp = glen("glen-asp-concern");
    let (well, page) = said(&["show", &asp, "--format", "html"]);
    assert!(well && page.starts_with("<!doctype html>"), "{page}");
    // Head, foot, and the two margins of each sheet.
    for mark in [">OFFICIAL<", "\"OFFICIAL\""] {
        assert_eq!(page.matches(mark).count(), 2, "{mark}: {page}");
    }
    let (_, text) = said(&["show", &asp]);
    assert!(text.starts_with("**OFFICIAL**\n\n# ") && text.trim().ends_with("\n**OFFICIAL**"));
    let paper = dir.path().join("asp.pdf");
    let pdf = ["show", &asp, "--format", "pdf"];
    assert!(!said(&pdf).0, "bytes of a PDF are not for a screen");
    let into = [&pdf[..], &["--output", paper.to_str().unwrap()]].concat();
    assert!(said(&into).0 && fs::read(&paper).unwrap().starts_with(b"%PDF-1.7"));
    assert!(!said(&into).0, "a file that is there is never overwritten");
    let girfec = glen("glen-girfec");
    for more in [&[][..], &["--easy"]] {
        let (well, text) = said(&[&["notice", &asp, &girfec][..], more].concat());
        assert!(well && text.contains("Rowan Support"), "{text}");
        assert!(!text.contains("OFFICIAL"), "a notice is for everybody: {text}");
    }
    for vocabulary in ["odrl", "dpv", "fhir-r4", "fhir-r5"] {
        let (well, text) = said(&["export", &asp, "--as", vocabulary]);
        let told: Value = serde_json::from_str(&text).unwrap();
        assert!(well && !told["lost"].as_array().unwrap().is_empty(), "{vocabulary}");
    }
    let (_, hash) = said(&["hash", &asp]);
    assert_eq!(hash.trim().len(), 64);
    let changed = dir.path().join("changed.toml");
    let text =
        fs::read_to_string(&asp).unwrap().replacen("require = [\"age>=16\"]", "require = []", 1);
    fs::write(&changed, text).unwrap();
    let (well, told) = said(&["diff", &asp, changed.to_str().unwrap()]);
    assert!(well && told.contains("C1: what it requires was age>=16, is nothing"), "{told}");
    let is_marked = |told: &str| {
        let lines: Vec<_> = told.trim_end().lines().collect();
        (lines.first(), lines.last()) == (Some(&"OFFICIAL"), Some(&"OFFICIAL"))
    };
    assert!(is_marked(&told), "{told}");
    let text = fs::read_to_string(&asp).unwrap();
    let text = text.replacen("version = \"2.1.0\"", "version = \"2.2.0\"", 1);
    fs::write(&changed, text.replacen("concern@2.0.3", "concern@2.1.0", 1)).unwrap();
    let (well, told) = said(&["supersession", &asp, changed.to_str().unwrap()]);
    assert!(well && told.contains("From 2027-04-01") && is_marked(&told), "{told}");
}
