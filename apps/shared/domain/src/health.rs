//! How a plan is doing, by its latest run that told anything.

use serde::{Deserialize, Serialize};

use crate::RunState;

/// What the latest telling run of a plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It passed.
    Passing,
    /// It passed, but slower than it may.
    Slow,
    /// An expectation did not hold.
    Failing,
    /// We could not tell.
    Errored,
}

crate::state::text_enum!(Health { Passing = "passing", Slow = "slow", Failing = "failing", Errored = "errored" });

impl Health {
    /// The health after a run that ended so. A run that was cancelled, refused or skipped tells nothing.
    #[must_use]
    pub fn after(state: RunState, slow: bool) -> Option<Self> {
        match state {
            RunState::Passed if slow => Some(Self::Slow),
            RunState::Passed => Some(Self::Passing),
            RunState::Failed => Some(Self::Failing),
            RunState::Errored => Some(Self::Errored),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_that_came_to_a_verdict_change_the_health() {
        assert_eq!(Health::after(RunState::Passed, false), Some(Health::Passing));
        assert_eq!(Health::after(RunState::Passed, true), Some(Health::Slow));
        assert_eq!(Health::after(RunState::Failed, true), Some(Health::Failing));
        assert_eq!(Health::after(RunState::Errored, false), Some(Health::Errored));
        for state in [RunState::Cancelled, RunState::Refused, RunState::Skipped, RunState::Running] {
            assert_eq!(Health::after(state, false), None, "{state}");
        }
    }
}
