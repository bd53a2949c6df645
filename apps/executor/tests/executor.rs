//! Runs executed for real: a database, an executor, a target on a socket.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "executor/asked.rs"]
mod asked;
#[path = "executor/endings.rs"]
mod endings;
#[path = "executor/losses.rs"]
mod losses;
#[path = "executor/mails.rs"]
mod mails;
#[path = "executor/metrics.rs"]
mod metrics;
#[path = "executor/secrets.rs"]
mod secrets;
#[path = "executor/stopping.rs"]
mod stopping;
#[path = "executor/world.rs"]
mod world;
