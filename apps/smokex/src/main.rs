//! The smokex program: everything in one process, one role alone, and the command line.
//!
//! Commands start nothing but a single-threaded runtime: no logs, no Sentry; those without a server
//! (`check`, `run`) and those that ask one over its API (`login`, `pull`, `push`, `run --remote`) no
//! database either.

mod arguments;
mod billing;
mod check;
mod clock;
mod credentials;
mod database;
mod diff;
mod doctor;
mod exit;
mod file;
mod folder;
mod giving_up;
mod live;
mod login;
mod logout;
mod operate;
mod plan_file;
mod pull;
mod push;
mod question;
mod remote;
mod report;
mod roles;
mod run;
mod secrets;
mod style;
mod variables;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use mimalloc::MiMalloc;

/// A run makes and drops many small things on several threads, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Check(arguments) => check::check(&arguments).into(),
        Command::Run(arguments) => run::run(&arguments).into(),
        Command::Login(arguments) => login::login(&arguments).into(),
        Command::Logout => logout::logout().into(),
        Command::Pull(arguments) => pull::pull(&arguments).into(),
        Command::Push(arguments) => push::push(&arguments).into(),
        Command::Clock { command } => clock::clock(&command).into(),
        Command::Billing { command } => billing::billing(&command).into(),
        Command::Secrets { command } => secrets::secrets(&command).into(),
        Command::Doctor(arguments) => doctor::doctor(&arguments).into(),
        Command::Serve => roles::start(roles::Role::Everything),
        Command::Web => roles::start(roles::Role::Web),
        Command::Scheduler => roles::start(roles::Role::Scheduler),
        Command::Executor => roles::start(roles::Role::Executor),
        Command::Migrate => roles::start(roles::Role::Migrate),
    }
}
