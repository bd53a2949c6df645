//! Who hears about the steps of a run, and what they hear.

use std::future::Future;

use domain::StepReport;
use jiff::Timestamp;

use crate::StepProgress;

/// Hears about every step of a run, in order. The engine waits for each call.
pub trait Observer: Send {
    /// A step is about to begin. Before a request goes out that must not be sent twice, this call
    /// must have made sure that its beginning is known for good; for others it may return early.
    fn step_started(&mut self, step: StepStarted) -> impl Future<Output = Result<(), Abandoned>> + Send;

    /// A step has ended or was skipped.
    fn step_finished(&mut self, step: StepFinished) -> impl Future<Output = Result<(), Abandoned>> + Send;
}

/// The observer no longer owns the run, or gives it back: the engine stops at once and reports
/// nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run was given up")]
pub struct Abandoned;

/// A step that is about to begin. Everything in it is masked.
#[derive(Clone, Debug, PartialEq)]
pub struct StepStarted {
    /// Counts the steps and then the `finally` steps, from zero.
    pub position: u32,
    /// `1`, `2`, `finally.1`.
    pub path: String,
    /// Its name, or the method and URL where the plan gives none.
    pub name: String,
    /// The action's key in the plan: `get`, `post`, …
    pub action: &'static str,
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// With its variables put in where that was possible, as written where it was not.
    pub url: String,
    /// Whether it may be sent again if nobody knows what became of it.
    pub idempotent: bool,
    /// Now.
    pub started_at: Timestamp,
}

/// A step that has ended or was skipped.
#[derive(Clone, Debug, PartialEq)]
pub struct StepFinished {
    /// Counts the steps and then the `finally` steps, from zero.
    pub position: u32,
    /// What to show; masked and cut to size.
    pub report: StepReport,
    /// What the rest of the run needs to know; in the clear.
    pub progress: StepProgress,
}
