//! What the engine tells goes to the recorder, for as long as the run is ours.

use std::time::Duration;

use domain::StepState;
use engine::{Abandoned, Observer, StepFinished, StepStarted};
use queue::{Held, Stop};
use runtime::metrics::Metrics;
use store::{Repeatable, RunRecorder};

use crate::{resume, tally::Tally};

/// Records one run.
pub(crate) struct Recording {
    pub(crate) recorder: RunRecorder,
    pub(crate) held: Held,
    pub(crate) tally: Tally,
    pub(crate) metrics: Metrics,
}

impl Recording {
    /// Whether the run is no longer ours, or to be given back.
    fn is_given_up(&self) -> bool {
        matches!(self.held.reason(), Some(Stop::Lost | Stop::Draining))
    }
}

impl Observer for Recording {
    async fn step_started(&mut self, step: StepStarted) -> Result<(), Abandoned> {
        if self.is_given_up() {
            return Err(Abandoned);
        }
        let repeatable = if step.idempotent { Repeatable::Yes } else { Repeatable::No };
        self.recorder.step_started(step.position, step.started_at, repeatable).await.map_err(|_| Abandoned)
    }

    async fn step_finished(&mut self, step: StepFinished) -> Result<(), Abandoned> {
        // A step that was cut off because the process ends has no result: whoever goes on decides.
        if self.is_given_up() && self.held.stop().is_cancelled() {
            return Err(Abandoned);
        }
        let progress = resume::to_bytes(&step.progress);
        self.tally.add(step.report.state);
        if step.report.state != StepState::Skipped {
            self.metrics.step_took(Duration::from_micros(step.report.duration.0));
        }
        self.recorder.step_finished(step.position, &step.report, progress).await.map_err(|_| Abandoned)
    }
}
