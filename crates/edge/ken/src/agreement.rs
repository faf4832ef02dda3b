//! `ken agreement`: drafting, checking and showing agreements as files. No database, no server, but
//! for a replay, which tries a draft on past decisions.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use ken_agreement::check::{Checked, check, sarif};
use ken_agreement::diff::{Changes, diff};
use ken_agreement::export::{dpv, fhir_r4, fhir_r5, odrl};
use ken_agreement::show::{agreement, notice};
use ken_agreement::succession::Succession;
use ken_agreement::{Instrument, Sector, Shelf, Template};
use ken_core::OrganisationId;

mod pack;
mod paper;
mod replay;

use ken_office::mark::About;
use pack::Pack;
use paper::Paper;
use replay::Replay;

pub(crate) use pack::trusted as issuers;
pub(crate) use replay::answer;

use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// What to do with agreements.
#[derive(Debug, Subcommand)]
pub(crate) enum Agreement {
    /// Say everything that is wrong with agreements, as a compiler does
    Check(Check),
    /// Print a commented draft to begin with
    New {
        /// Which kind of instrument
        #[arg(long, value_enum)]
        template: Kind,
    },
    /// Print a party of a sector, with its usual kind, regime and roles, to put into a draft
    Party {
        /// Which sector: council, police, childrens-reporter and so on
        #[arg(value_parser = sector)]
        sector: Sector,
        /// The id that clauses will use
        #[arg(long)]
        id: OrganisationId,
    },
    /// Print the document, in the section order of the Scottish Information Sharing Toolkit
    Show {
        /// The agreement
        file: PathBuf,
        #[command(flatten)]
        paper: Paper,
    },
    /// Print the privacy notice that these agreements make
    Notice {
        /// The agreements
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// In easy read
        #[arg(long)]
        easy: bool,
        #[command(flatten)]
        paper: Paper,
    },
    /// Say in words who may have what after a change
    Diff {
        /// The agreement as it was
        before: PathBuf,
        /// The agreement as it will be
        after: PathBuf,
    },
    /// Say what would follow if one version took another's place, before anybody signs it
    Supersession {
        /// The agreement as it was
        before: PathBuf,
        /// The agreement that would take its place
        after: PathBuf,
    },
    /// Vouch for a statute pack as its issuer, or see who does
    #[command(subcommand)]
    Pack(Pack),
    /// Try a draft on the real decisions of the last days, before anybody signs it
    Replay(Replay),
    /// Print the agreement in another vocabulary, with what is lost
    Export {
        /// The agreement
        file: PathBuf,
        /// Which vocabulary
        #[arg(long = "as", value_enum)]
        vocabulary: Vocabulary,
    },
    /// Print the identity that signatures are over, and with it the canonical form
    Hash {
        /// The agreement
        file: PathBuf,
        /// Print the canonical form instead
        #[arg(long)]
        canonical: bool,
    },
}

/// What to check, and how to tell.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The agreements; each is checked beside the others
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Agreements that stand beside them and are not checked: the accord above, a source
    #[arg(long, value_name = "FILE")]
    beside: Vec<PathBuf>,
    /// In which form
    #[arg(long, value_enum, default_value = "text")]
    format: Report,
}

/// How findings are told.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Report {
    /// For people
    Text,
    /// For programs, one object for each file
    Json,
    /// SARIF 2.1.0, for editors and pipelines
    Sarif,
}

/// Which draft to begin with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// An accord
    Saspi,
    /// An information sharing protocol
    Isp,
    /// A situation-specific agreement
    Sissa,
    /// An agreement of the Toolkit
    Toolkit,
}

/// Which vocabulary to export to.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Vocabulary {
    /// ODRL 2.2 as JSON-LD
    Odrl,
    /// The Data Privacy Vocabulary as JSON-LD
    Dpv,
    /// FHIR R4 Contract
    FhirR4,
    /// FHIR R5 Permission
    FhirR5,
}

/// Runs the command.
pub(crate) async fn run(command: Agreement) -> Result<(), Trouble> {
    match command {
        Agreement::Check(of) => check_all(&of),
        Agreement::New { template } => {
            let template = match template {
                Kind::Saspi => Template::Saspi,
                Kind::Isp => Template::Isp,
                Kind::Sissa => Template::Sissa,
                Kind::Toolkit => Template::Toolkit,
            };
            say::out(template.text().trim_end());
            Ok(())
        }
        Agreement::Party { sector, id } => {
            say::out(sector.draft(&id).trim_end());
            Ok(())
        }
        Agreement::Show { file, paper } => paper.give(&agreement(&open(&file)?), About::Texts),
        Agreement::Notice { files, easy, paper } => {
            let all: Vec<_> = files.iter().map(|file| open(file)).collect::<Result<_, _>>()?;
            let all: Vec<_> = all.iter().collect();
            paper.give(&notice(&all, easy), About::Published)
        }
        Agreement::Diff { before, after } => {
            paper::marked(&told(&diff(&open(&before)?, &open(&after)?)), About::Texts);
            Ok(())
        }
        Agreement::Supersession { before, after } => succession(&open(&before)?, &open(&after)?),
        Agreement::Pack(of) => pack::run(of),
        Agreement::Replay(of) => Box::pin(replay::run(of)).await,
        Agreement::Export { file, vocabulary } => {
            let instrument = open(&file)?;
            let export = match vocabulary {
                Vocabulary::Odrl => odrl(&instrument),
                Vocabulary::Dpv => dpv(&instrument),
                Vocabulary::FhirR4 => fhir_r4(&instrument),
                Vocabulary::FhirR5 => fhir_r5(&instrument),
            };
            say::out(&format!("{:#}", export.whole()));
            Ok(())
        }
        Agreement::Hash { file, canonical } => {
            let instrument = open(&file)?;
            let canonical = canonical.then(|| instrument.canonical_json());
            say::out(&canonical.unwrap_or_else(|| instrument.hash().to_string()));
            Ok(())
        }
    }
}

/// A sector as agreements write it.
fn sector(word: &str) -> Result<Sector, String> {
    Sector::ALL.into_iter().find(|sector| sector.as_str() == word).ok_or_else(|| {
        let all: Vec<_> = Sector::ALL.iter().map(|sector| sector.as_str()).collect();
        format!("the sectors are {}", all.join(", "))
    })
}

/// The text of a file, as far as an agreement may be long.
fn read(file: &Path) -> Result<String, Trouble> {
    let mut bytes = vec![];
    let most = ken_agreement::TEXT_MAX as u64 + 1;
    let read = File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes));
    read.map_err(|error| {
        Trouble::new(
            "ken.agreement-unreadable",
            format!("The agreement {} cannot be read.", file.display()),
            NOTHING_DONE,
            "Check the path and who may read it.",
        )
        .because(error)
    })?;
    // A byte that is no text becomes one that no agreement may hold, and is found at its place.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
        String::from_utf8_lossy(error.as_bytes()).replace(char::REPLACEMENT_CHARACTER, "\0")
    }))
}

/// An agreement that must be one; what is wrong goes to standard error.
fn open(file: &Path) -> Result<Instrument, Trouble> {
    let text = read(file)?;
    Instrument::parse(&text).map_err(|_| {
        let name = file.display().to_string();
        say::err(&check(&name, &text, &Shelf::default()).as_text());
        Trouble::new(
            "ken.agreement-not-parsed",
            format!("The file {name} is no agreement."),
            NOTHING_DONE,
            "Mend what is named above.",
        )
    })
}

fn check_all(of: &Check) -> Result<(), Trouble> {
    let mut shelf = Shelf::default();
    let beside = of.beside.iter().map(|file| open(file)).collect::<Result<Vec<_>, _>>()?;
    let mut texts = vec![];
    for file in &of.files {
        texts.push((file.display().to_string(), read(file)?));
    }
    let read = texts.iter().filter_map(|(_, text)| Instrument::parse(text).ok());
    for instrument in read.chain(beside) {
        shelf.put(instrument).map_err(|name| {
            Trouble::new(
                "ken.agreement-twice",
                format!("Two different files are called {name}."),
                NOTHING_DONE,
                "Give one of them another id or version.",
            )
        })?;
    }
    for pack in ken_sharing::pack::shipped() {
        // A pack that is given as a file is the one that is meant.
        let _ = shelf.put(pack);
    }
    let all: Vec<_> = texts.iter().map(|(name, text)| check(name, text, &shelf)).collect();
    report(&all, of.format);
    let errors: usize = all.iter().map(Checked::errors).sum();
    if errors == 0 {
        return Ok(());
    }
    Err(Trouble::new(
        "ken.agreement-errors",
        format!("{errors} errors stop these agreements from being signed."),
        NOTHING_DONE,
        "Each names its place, what to write instead, and its page in the guide.",
    ))
}

fn succession(before: &Instrument, after: &Instrument) -> Result<(), Trouble> {
    if !after.lifecycle.supersedes.contains(&before.name()) {
        return Err(Trouble::new(
            "ken.agreement-no-successor",
            format!("{} does not say that it takes the place of {}.", after.name(), before.name()),
            NOTHING_DONE,
            "Name the text that it replaces in `lifecycle.supersedes`.",
        ));
    }
    let of = Succession::of(before, after);
    let (lead, day) = (&before.agreement.lead_party, after.agreement.effective_from);
    let mut lines = vec![format!("From {day}, once all its parties and {lead} have signed.")];
    lines.push(told(&of.changes));
    for (heading, fate) in of.parts().into_iter().filter(|(_, fate)| !fate.is_empty()) {
        lines.push(format!("{heading}:"));
        for (word, each) in
            [("goes on", &fate.goes_on), ("ends", &fate.ends), ("begins", &fate.begins)]
        {
            lines.extend(each.iter().map(|line| format!("- {word}: {line}")));
        }
    }
    paper::marked(&lines.join("\n"), About::Texts);
    Ok(())
}

fn report(all: &[Checked<'_>], format: Report) {
    match format {
        Report::Text => all.iter().for_each(|one| say::out(&one.as_text())),
        Report::Json => all.iter().for_each(|one| say::out(&one.as_json().to_string())),
        Report::Sarif => say::out(&format!("{:#}", sarif(all))),
    }
}

fn told(changes: &Changes) -> String {
    if changes.is_empty() {
        return "Nobody may have more or less than before.".to_owned();
    }
    let groups = [
        ("Newly allowed", &changes.newly_allowed),
        ("No longer allowed", &changes.no_longer),
        ("Under other conditions", &changes.otherwise),
    ];
    let mut lines = vec![];
    for (title, sentences) in groups {
        if !sentences.is_empty() {
            lines.push(format!("{title}:"));
            lines.extend(sentences.iter().map(|sentence| format!("- {sentence}")));
        }
    }
    lines.join("\n")
}
