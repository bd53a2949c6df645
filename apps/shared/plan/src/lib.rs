//! The plan language: text to plan and diagnostics, interpolation, JSON Schema. No I/O.

mod check;
mod diagnostic;
mod document;
pub mod jsonpath;
pub mod model;
mod outline;
mod position;
mod print;
mod read;
mod schema;
mod source;
mod suggestion;
pub mod template;
mod text;

pub use check::{Problem, regex, schema_validator, selector};
pub use diagnostic::{Diagnostic, Severity};
pub use model::Plan;
pub use outline::{OutlineStep, outline};
pub use print::print;
pub use schema::schema;
pub use text::{Checked, Known, MAX_STEPS, MAX_TEXT, check, check_bytes};
