//! Whether a run is taken, and when it may start: pure decisions, so that their promises can be tested without
//! a database.
//!
//! `admit` decides when a run is asked for, `choose` when a slot is free. Reading what they are asked about,
//! leases and attempts belong to `store`.

mod admit;
mod choose;

pub use admit::{Admitted, Asked, admit};
pub use choose::{Choice, Going, Priority, Waiting, choose};
