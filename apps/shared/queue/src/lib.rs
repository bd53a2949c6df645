//! Persistent runs as apalis jobs: our storage, worker set-up, supervision.
//!
//! A run is its own job. A claimer keeps as many runs claimed as there are slots for; apalis's workers
//! take them from there; leases are renewed for as long as anybody holds them; a worker that ends by
//! itself is started again. What executing a run means is the caller's.

mod backend;
mod buffer;
mod claimer;
mod held_back;
mod lease;
mod slots;
mod supervision;
mod worker;

pub use lease::{Held, Stop};
pub use worker::{Options, Queue};
