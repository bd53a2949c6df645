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
    /// Run plans from here, without a server
    #[command(after_help = "Exit codes: 0 all passed, 1 something failed, 2 a plan or the call is wrong, \
        3 could not tell.")]
    Run(RunArguments),
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
    /// Files with plans, run one after the other; `-` is the standard input
    #[arg(required = true, value_name = "PLAN")]
    pub plans: Vec<PathBuf>,
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
