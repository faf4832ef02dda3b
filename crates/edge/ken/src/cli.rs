//! The commands, as people type them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use ken_core::{OrganisationId, RoleId};

use crate::agreement::Agreement;

use crate::config::Level;
use crate::matching::Matching;
use crate::services::Services;
use crate::standards::Standards;

/// Sharing agreements that run, a record that they open, and a ledger that says who looked.
#[derive(Debug, Parser)]
#[command(name = "ken", version, about, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build and start a whole made-up partnership
    Demo(Demo),
    /// Serve a partnership, as a configuration file says
    Serve(Configured),
    /// Say whether a configuration file is good, and start nothing
    CheckConfig(Configured),
    /// Bring the database up to date, and start nothing
    Migrate(Configured),
    /// Draft, check and show agreements as files
    #[command(subcommand)]
    Agreement(Agreement),
    /// Register public bodies from a file, and list who is registered
    #[command(subcommand)]
    Organisations(Organisations),
    /// Bring services from ALISS, say whose they are, and hand the directory out as open data
    #[command(subcommand)]
    Services(Services),
    /// Say who can sign in, add and close accounts, give and end roles
    #[command(subcommand)]
    Accounts(Accounts),
    /// Hand out the ledger, or check one that was handed out
    #[command(subcommand)]
    Ledger(Ledger),
    /// Find which records of files are one person's, and say why
    #[command(subcommand)]
    Match(Matching),
    /// Show the four core standards, check documents of them, and map them to FHIR and back
    #[command(subcommand)]
    Standards(Standards),
}

/// How the demo starts.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where pages are served
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where messages are received
    #[arg(long, default_value = "127.0.0.1:2575")]
    pub(crate) mllp: SocketAddr,
    /// Where measures are served; they are not where it is left out
    #[arg(long)]
    pub(crate) metrics: Option<SocketAddr>,
    /// Where the data is kept, and found again
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The address of a PostgreSQL database to use instead of SQLite, in a file of its own
    #[arg(long, value_name = "FILE")]
    pub(crate) database_url_file: Option<PathBuf>,
    /// Print one JSON object on one line when ready, instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// Say how far the first start is, line by line, also where nobody watches
    #[arg(long)]
    pub(crate) progress: bool,
    /// The least that is logged
    #[arg(long, value_enum, default_value_t = Level::Warn)]
    pub(crate) log: Level,
}

/// A command that reads a configuration file.
#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// The configuration file, TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

/// What to do with the register of organisations.
#[derive(Debug, Subcommand)]
pub(crate) enum Organisations {
    /// Say what a file of public bodies would register; with --write, register it
    Import {
        /// The file; without it, the councils, boards and integration authorities of Scotland
        file: Option<PathBuf>,
        /// The configuration file, TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Register what is new, unless anything is registered otherwise
        #[arg(long)]
        write: bool,
    },
    /// Register partnerships from a file, or bring their names and members up to date
    Partnerships {
        /// The file, TOML: one `[[partnership]]` each, after what it stands under
        file: PathBuf,
        /// The configuration file, TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// List the organisations, with their official codes and what authorities are made of
    List(Configured),
}

/// What to do with accounts. Nothing is done without --write.
#[derive(Debug, Subcommand)]
pub(crate) enum Accounts {
    /// List the accounts: sign-in name, open or closed, who vouches, whose it is, and the roles
    List {
        /// Whose accounts
        #[command(flatten)]
        of: Whose,
    },
    /// Add a practitioner with an account and roles
    Add(AddAccount),
    /// Give whoever has an account one more role
    GiveRole {
        /// Who, and which role
        #[command(flatten)]
        on: OfRole,
        /// When the role ends by itself, such as 2027-03-31T17:00:00Z
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
    },
    /// End a role; whoever acts in it stops at once
    EndRole(OfRole),
    /// Close an account for ever, and sign it out everywhere at once
    Close {
        /// The sign-in name
        sign_in: String,
        /// Do it
        #[arg(long)]
        write: bool,
        /// Whose accounts
        #[command(flatten)]
        of: Whose,
    },
    /// Give a new password and a new secret for codes, in place of every way in that was lost
    Reset {
        /// The sign-in name
        sign_in: String,
        /// Where to write the new way in; the file must not exist
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Do it
        #[arg(long)]
        write: bool,
        /// Whose accounts
        #[command(flatten)]
        of: Whose,
    },
}

/// An account to add.
#[derive(Debug, Args)]
pub(crate) struct AddAccount {
    /// The sign-in name
    pub(crate) sign_in: String,
    /// The practitioner's name at work
    #[arg(long)]
    pub(crate) name: String,
    /// The organisation that vouches for the account
    #[arg(long, value_name = "ID")]
    pub(crate) organisation: OrganisationId,
    /// A role in that organisation; may be given again
    #[arg(long)]
    pub(crate) role: Vec<RoleId>,
    /// Where to write the first password and the secret for codes; the file must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Do it
    #[arg(long)]
    pub(crate) write: bool,
    /// Whose accounts
    #[command(flatten)]
    pub(crate) of: Whose,
}

/// A role of whoever has an account.
#[derive(Debug, Args)]
pub(crate) struct OfRole {
    /// The sign-in name
    pub(crate) sign_in: String,
    /// In which organisation
    #[arg(long, value_name = "ID")]
    pub(crate) organisation: OrganisationId,
    /// Which role
    #[arg(long)]
    pub(crate) role: RoleId,
    /// Do it
    #[arg(long)]
    pub(crate) write: bool,
    /// Whose accounts
    #[command(flatten)]
    pub(crate) of: Whose,
}

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Write the ledger to a file, also while Ken runs
    Export {
        /// The file to write; it must not exist
        file: PathBuf,
        /// Whose ledger
        #[command(flatten)]
        of: Whose,
    },
    /// Write the newest checkpoint to a file, for a witness to cosign
    Checkpoint {
        /// The file to write; it must not exist
        file: PathBuf,
        /// Whose ledger
        #[command(flatten)]
        of: Whose,
    },
    /// Take a checkpoint that witnesses of the trust file have cosigned
    Cosigned {
        /// The cosigned checkpoint, as the witness gave it
        file: PathBuf,
        /// Whose ledger
        #[command(flatten)]
        of: Whose,
    },
    /// Check every entry of the database against the sealed log, also while Ken runs
    Audit {
        /// Whose ledger
        #[command(flatten)]
        of: Whose,
    },
    /// Say whether what a receipt promises was kept; this needs no server and no database
    CheckReceipt {
        /// The receipts: a file of signed notes, or of words copied from a page
        receipt: PathBuf,
        /// A ledger that was exported after the time of the receipt
        export: PathBuf,
        /// Keys you trust, one a line: the log's own, and its witnesses'
        #[arg(long, value_name = "KEYS")]
        trust: Option<PathBuf>,
    },
    /// Check what a person took away, byte by byte; this needs no server and no database
    VerifyExtract {
        /// The file that was taken away
        file: PathBuf,
        /// Keys you trust, one a line: the log's own, and its witnesses'
        #[arg(long, value_name = "KEYS")]
        trust: Option<PathBuf>,
        /// A ledger that was exported after it was taken: its receipts are looked up there
        #[arg(long, value_name = "EXPORT")]
        export: Option<PathBuf>,
    },
    /// Check a ledger that was exported; this needs no server and no database
    Verify {
        /// The exported ledger
        file: PathBuf,
        /// Keys you trust, one a line: the log's own, and its witnesses'
        #[arg(long, value_name = "KEYS")]
        trust: Option<PathBuf>,
        /// A checkpoint that you kept; the ledger must begin with what it has seen
        #[arg(long, value_name = "NOTE")]
        checkpoint: Option<PathBuf>,
    },
}

/// Whose ledger a command is about.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// Where the demo keeps its data
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(crate) data: Option<PathBuf>,
    /// The configuration of a partnership
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_demo_has_the_addresses_of_the_handbook() {
        let cli = Cli::try_parse_from(["ken", "demo", "--json"]).unwrap();
        let Command::Demo(demo) = cli.command else { panic!("not the demo") };
        assert_eq!(demo.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(demo.mllp.to_string(), "127.0.0.1:2575");
        assert!(demo.json && demo.data.is_none() && demo.database_url_file.is_none());
        assert_eq!(demo.log, Level::Warn);
    }
}
