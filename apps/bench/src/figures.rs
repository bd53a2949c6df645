//! One file per figure.

pub mod clock;
pub mod cold;
pub mod engine;
pub mod fair;
pub mod growth;
pub mod idle;
pub mod pages;
pub mod persisted;
pub mod queue;
