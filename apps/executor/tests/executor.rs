//! Runs executed for real: a database, an executor, a target on a socket.

#[path = "executor/endings.rs"]
mod endings;
#[path = "executor/losses.rs"]
mod losses;
#[path = "executor/stopping.rs"]
mod stopping;
#[path = "executor/world.rs"]
mod world;
