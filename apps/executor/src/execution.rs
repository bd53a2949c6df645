//! One run from its claim to its end, whatever happens on the way.

use std::{panic::AssertUnwindSafe, sync::Arc};

use egress::Egress;
use engine::{Abandoned, Input, Outcome};
use futures_util::FutureExt;
use queue::{Held, Stop};
use store::{ClaimedRun, Ending, Recorder};

use crate::{RUN_DEADLINE, observer::Recording, plans::Plans, resume, tally::Tally, variables};

/// What all runs of the process share.
pub(crate) struct Execution {
    egress: Egress,
    recorder: Recorder,
    plans: Plans,
    /// See [`crate::Config::panics_on`].
    panics_on: Option<&'static str>,
}

impl Execution {
    pub(crate) fn new(egress: Egress, recorder: Recorder, panics_on: Option<&'static str>) -> Self {
        Self { egress, recorder, plans: Plans::default(), panics_on }
    }

    /// Executes a run and writes down how it ends; or gives it back, or leaves it alone, if it is not to
    /// end here.
    pub(crate) async fn execute(self: Arc<Self>, run: ClaimedRun, held: Held) {
        let recorder = self.recorder.run(run.lease, held.lost());
        let mut recording = Recording { recorder, held, tally: Tally::of(&run.finished) };
        // A panic ends this run, and is reported by the process's panic hook; the others go on.
        let outcome = AssertUnwindSafe(self.outcome(run, &mut recording)).catch_unwind().await;
        let Recording { recorder, held, tally } = recording;
        let ending = match outcome {
            Ok(Ok(ending)) => ending,
            Ok(Err(Abandoned)) if held.reason() == Some(Stop::Draining) => {
                tracing::debug!("The run is handed back");
                // If it is lost by now, somebody has it already.
                let _ = recorder.hand_back(held).await;
                return;
            }
            Ok(Err(Abandoned)) => {
                tracing::info!("The run is not ours any more");
                return;
            }
            Err(_) => {
                // What it says may hold what a target sent; the hook has logged it without that.
                tracing::warn!("The run ended in a panic");
                tally.on(Ending::errored("Smokex itself failed while it executed this run. The failure was reported."))
            }
        };
        tracing::debug!(state = %ending.state, reason = ending.reason, "The run is over");
        // A refusal means that the run ended elsewhere; nothing of ours is to be added.
        let _ = recorder.finish(ending, held).await;
    }

    async fn outcome(&self, run: ClaimedRun, recording: &mut Recording) -> Result<Ending, Abandoned> {
        if self.panics_on.is_some_and(|text| run.text.contains(text)) {
            panic!("asked to panic while executing {:?}", run.text);
        }
        let ready = self.plans.read(&run).and_then(|plan| Ok((plan, resume::progress_of(&run)?)));
        let (plan, progress) = match ready {
            Ok(ready) => ready,
            Err(problem) => return Ok(recording.tally.on(Ending::errored(problem))),
        };
        let cancel = recording.held.stop();
        let (plan, variables) = variables::given(plan, run.variables);
        let input = Input { plan, variables, deadline: RUN_DEADLINE, progress, cancel };
        let Outcome { state, reason, slow, passed, failed, skipped } =
            engine::execute(input, &self.egress, recording).await?;
        Ok(Ending { state, reason, slow, passed, failed, skipped })
    }
}
