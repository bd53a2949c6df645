//! How many steps of a run ended how, as far as they are recorded: what a run is written down with that we
//! could not bring to its end.

use domain::StepState;
use store::{Ending, RecordedStep};

/// Counts the recorded steps of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    passed: u32,
    failed: u32,
    skipped: u32,
}

impl Tally {
    /// The steps that earlier workers recorded.
    pub(crate) fn of(steps: &[RecordedStep]) -> Self {
        let mut tally = Self::default();
        steps.iter().for_each(|step| tally.add(step.state));
        tally
    }

    /// One more step is over.
    pub(crate) fn add(&mut self, state: StepState) {
        match state {
            StepState::Passed => self.passed += 1,
            StepState::Failed | StepState::Errored => self.failed += 1,
            StepState::Skipped => self.skipped += 1,
            StepState::Pending | StepState::Running | StepState::ActionNeeded => {}
        }
    }

    /// An ending with these counts.
    pub(crate) fn on(self, ending: Ending) -> Ending {
        Ending { passed: self.passed, failed: self.failed, skipped: self.skipped, ..ending }
    }
}
