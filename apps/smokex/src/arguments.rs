//! What may be typed behind `smokex`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::Tier;

use crate::variables::Assignment;

/// Smoke tests: plans of HTTP requests, run by hand, by schedule or from here.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Without a command: `serve`.\n\
        Configuration comes from the environment; see README.md for the variables."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve everything in one process on http://localhost:8080, with SQLite in ./var/
    Serve,
    /// Serve the pages alone (PostgreSQL)
    Web,
    /// Run the clock and the upkeep alone (PostgreSQL)
    Scheduler,
    /// Execute runs and send mail alone (PostgreSQL)
    Executor,
    /// Bring the database up to this version
    Migrate,
    /// Look at the clock of a server, stop it, let it go on
    Clock {
        #[command(subcommand)]
        command: ClockCommand,
    },
    /// Look for what must never be in a server's database
    #[command(after_help = "Exit codes: 0 nothing was found, 1 something was found, 2 the call is wrong, \
        3 could not look.")]
    Doctor(DoctorArguments),
    /// Prepare an account at Stripe for subscriptions, read there what customers have
    #[command(after_help = "Exit codes: 0 it is done, 2 the call is wrong, 3 it could not be done.")]
    Billing {
        #[command(subcommand)]
        command: BillingCommand,
    },
    /// Look after what is sealed in a server's database
    #[command(after_help = "Exit codes: 0 it is done, 1 something still needs an old key, 2 the call is wrong, \
        3 it could not be done.")]
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Tell every mistake in plans, without running them
    Check(CheckArguments),
    /// Run plans from here, without a server; with --remote, on a server
    #[command(after_help = "Exit codes: 0 all passed, 1 something failed, 2 a plan or the call is wrong, \
        3 could not tell.")]
    Run(RunArguments),
    /// Keep a token with which the other commands ask a server
    #[command(after_help = "The token is asked for; without a terminal it is the first line of the standard input.\n\
        SMOKEX_SERVER and SMOKEX_TOKEN in the environment go before what is kept.\n\
        Exit codes: 0 it is kept, 2 the call or the token is wrong, 3 it could not be done.")]
    Login(LoginArguments),
    /// Forget the token that was kept
    #[command(after_help = "Exit codes: 0 none is kept any more, 2 it could not be deleted.")]
    Logout,
    /// Write a server's plans into a folder, a file each
    #[command(after_help = "Exit codes: 0 the folder holds what the server has, 1 something was not overwritten, \
        2 the call or a file is wrong, 3 it could not be done.")]
    Pull(PullArguments),
    /// Bring a server's plans in line with a folder
    #[command(after_help = "Exit codes: 0 the server has what the folder holds, 1 it has not (or, with --dry-run, \
        something would change), 2 the call or a plan is wrong and nothing was changed, 3 it could not be done.")]
    Push(PushArguments),
}

#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// What is due and queued, and who is at work
    Status {
        /// Print one JSON object on one line
        #[arg(long)]
        json: bool,
    },
    /// Start no run by schedule any more, on any machine; runs by hand go on
    Pause {
        /// Why, for whoever wonders
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Start runs by schedule again; each schedule catches up as it says
    Resume,
}

#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Seal everything again with SMOKEX_KEY that a key of SMOKEX_OLD_KEYS has sealed; may be done while a server
    /// works, and again if it was broken off
    Rotate {
        /// Print one JSON object on one line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// Make or find the product, its price, the portal and the webhook; may be done again
    Setup(SetupArguments),
    /// Read every customer now, and bring tiers in line with it
    Sweep {
        /// Print one JSON object on one line
        #[arg(long)]
        json: bool,
    },
    /// Put an organization on a tier by contract, whatever it has subscribed to; `free` takes that back
    #[command(
        after_help = "Exit codes: 0 done, 1 there is no such organization, 2 the call is wrong, 3 could not tell."
    )]
    Grant {
        /// The id of the organization, or the e-mail address of its owner
        organization: String,
        /// free, pro or enterprise
        tier: Tier,
    },
}

#[derive(Args, Debug)]
pub struct SetupArguments {
    /// What the tier pro costs a month
    #[arg(long, value_name = "AMOUNT", default_value = "39.99")]
    pub price: String,
    /// In which currency
    #[arg(long, value_name = "CODE", default_value = "usd")]
    pub currency: String,
    /// Print one JSON object on one line
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct DoctorArguments {
    /// Print one JSON object on one line
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct CheckArguments {
    /// Files with plans; `-` is the standard input
    #[arg(required = true, value_name = "PLAN")]
    pub plans: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct RunArguments {
    /// Files with plans, run one after the other; `-` is the standard input. With --remote: plans of the server by
    /// name, id, or a file that has their name; without any, those of the folder
    #[arg(required_unless_present = "remote", value_name = "PLAN")]
    pub plans: Vec<PathBuf>,
    /// Run them on the server, as it has them, and wait for their ends
    #[arg(long, conflicts_with_all = ["env_files", "allow"])]
    pub remote: bool,
    /// The folder of the plans that are run where none is named
    #[arg(long, value_name = "FOLDER", requires = "remote")]
    pub folder: Option<PathBuf>,
    /// Send the token even where everybody on the way could read it
    #[arg(long, requires = "remote")]
    pub insecure: bool,
    /// A variable; wins over the plan's own of that name
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<Assignment>,
    /// A file of NAME=VALUE lines; its values are secret and masked wherever they would show
    #[arg(long = "env-file", value_name = "FILE")]
    pub env_files: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub report: ReportFormat,
    /// Reach only public addresses and this one (as on a server); without it, any address
    #[arg(long, value_name = "HOST:PORT|CIDR")]
    pub allow: Vec<String>,
}

/// How a server is reached.
#[derive(Args, Debug)]
pub struct ServerArguments {
    /// Send the token even where everybody on the way could read it
    #[arg(long)]
    pub insecure: bool,
}

/// Where plans as code are.
#[derive(Args, Debug)]
pub struct FolderArguments {
    /// The folder of the plans; without it, the nearest `.smokex` from here upwards
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct LoginArguments {
    /// The address of the server's pages; without it, the one used last, or http://localhost:8080
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    #[command(flatten)]
    pub reach: ServerArguments,
}

#[derive(Args, Debug)]
pub struct PullArguments {
    #[command(flatten)]
    pub folder: FolderArguments,
    /// Overwrite what differs without asking
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Args, Debug)]
pub struct PushArguments {
    #[command(flatten)]
    pub folder: FolderArguments,
    /// Change the server without asking
    #[arg(long)]
    pub yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Delete plans of the server that have no file, with their runs
    #[arg(long)]
    pub delete: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people, live
    #[default]
    Text,
    /// One JSON object on one line per plan
    Json,
    /// One JUnit XML document
    Junit,
}
