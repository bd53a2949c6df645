//! One run from its claim to its end, whatever happens on the way.

use std::{panic::AssertUnwindSafe, sync::Arc};

use egress::Egress;
use engine::{Abandoned, Input, Outcome};
use futures_util::FutureExt;
use queue::{Held, Stop};
use runtime::metrics::Metrics;
use store::{ClaimedRun, Ending, Recorder, Store};

use crate::{RUN_DEADLINE, observer::Recording, plans::Plans, resume, secrets, tally::Tally, variables};

/// What all runs of the process share.
pub(crate) struct Execution {
    pub(crate) store: Store,
    pub(crate) egress: Egress,
    pub(crate) recorder: Recorder,
    pub(crate) plans: Plans,
    pub(crate) metrics: Metrics,
    /// See [`crate::Config::panics_on`].
    pub(crate) panics_on: Option<&'static str>,
}

impl Execution {
    /// Executes a run and writes down how it ends; or gives it back, or leaves it alone, if it is not to
    /// end here.
    pub(crate) async fn execute(self: Arc<Self>, run: ClaimedRun, held: Held) {
        let recorder = self.recorder.run(run.lease, held.lost());
        let (tally, metrics) = (Tally::of(&run.finished), self.metrics.clone());
        let mut recording = Recording { recorder, held, tally, metrics };
        // A panic ends this run, and is reported by the process's panic hook; the others go on.
        let outcome = AssertUnwindSafe(self.outcome(run, &mut recording)).catch_unwind().await;
        let Recording { recorder, held, tally, .. } = recording;
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
        let state = ending.state.as_str();
        if recorder.finish(ending, held).await.is_ok() {
            self.metrics.run_ended(state);
        }
    }

    async fn outcome(&self, run: ClaimedRun, recording: &mut Recording) -> Result<Ending, Abandoned> {
        if self.panics_on.is_some_and(|text| run.text.contains(text)) {
            panic!("asked to panic while executing {:?}", run.text);
        }
        let ready = self.plans.read(&run).and_then(|plan| Ok((plan, resume::progress_of(&run)?)));
        let (read, progress) = match ready {
            Ok(ready) => ready,
            Err(problem) => return Ok(recording.tally.on(Ending::errored(problem))),
        };
        let mut variables = match secrets::of_run(&self.store, &run.lease, &read.outside, &recording.held).await? {
            Ok(secrets) => secrets,
            Err(problem) => return Ok(recording.tally.on(Ending::errored(problem))),
        };
        let cancel = recording.held.stop();
        let (plan, given) = variables::given(read.plan, run.variables);
        // What is given to this run comes after, and so before, a secret of its name.
        variables.extend(given);
        let input = Input { plan, variables, deadline: RUN_DEADLINE, progress, cancel };
        let Outcome { state, reason, slow, passed, failed, skipped } =
            engine::execute(input, &self.egress, recording).await?;
        Ok(Ending { state, reason, slow, passed, failed, skipped })
    }
}
