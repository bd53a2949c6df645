//! The plan language: text to plan and diagnostics, interpolation, JSON Schema. No I/O.

pub mod model;
mod suggestion;
pub mod template;

pub use model::Plan;
