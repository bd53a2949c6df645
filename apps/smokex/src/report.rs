//! What a run of a plan was, once it is over, and the forms it is told in.

pub mod json;
pub mod junit;
pub mod text;

use domain::{Elapsed, RunState, StepReport, StepState};
use jiff::Timestamp;

use crate::exit::Exit;

/// One plan that was run.
pub struct PlanRun {
    /// The path as typed.
    pub plan: String,
    /// The name the plan gives itself.
    pub title: Option<String>,
    /// A final state.
    pub state: RunState,
    /// Why it did not pass, in one sentence.
    pub reason: Option<String>,
    pub started_at: Timestamp,
    pub duration: Elapsed,
    /// The page of the run; none if it ran here.
    pub page: Option<String>,
    /// In order, skipped ones too.
    pub steps: Vec<StepReport>,
}

impl PlanRun {
    /// What its end says about the plan.
    pub fn exit(&self) -> Exit {
        match self.state {
            RunState::Passed => Exit::Passed,
            RunState::Failed => Exit::Failed,
            _ => Exit::Unknown,
        }
    }

    /// How many steps ended in this state.
    pub fn count(&self, state: StepState) -> usize {
        self.steps.iter().filter(|step| step.state == state).count()
    }
}
