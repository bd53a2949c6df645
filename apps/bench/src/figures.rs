//! One file per figure.

pub mod cold;
pub mod engine;
pub mod pages;
pub mod persisted;
