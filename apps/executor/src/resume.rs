//! From what the store recorded of a run to where the engine goes on.

use engine::{FinishedStep, Progress, StepProgress};
use store::ClaimedRun;
use zeroize::Zeroizing;

/// What a step leaves to those after it, as the recorder keeps it; none if it leaves nothing.
pub(crate) fn to_bytes(progress: &StepProgress) -> Option<Zeroizing<Vec<u8>>> {
    let nothing = *progress == StepProgress::default();
    let bytes = || serde_json::to_vec(progress).expect("progress has nothing that JSON cannot hold");
    (!nothing).then(|| Zeroizing::new(bytes()))
}

/// How far a run has come, or in one sentence why it cannot go on.
pub(crate) fn progress_of(run: &ClaimedRun) -> Result<Progress, String> {
    if run.unreadable {
        return Err("What its earlier steps captured was sealed with another key: the run cannot go on.".to_owned());
    }
    let finished = run.finished.iter().map(|step| {
        let progress = step.progress.as_ref().map(|bytes| serde_json::from_slice(bytes)).transpose();
        let progress = progress.map_err(|error| {
            format!("What step {} left behind cannot be read ({error}): the run cannot go on.", step.position + 1)
        })?;
        Ok(FinishedStep { position: step.position, state: step.state, progress: progress.unwrap_or_default() })
    });
    let finished = finished.collect::<Result<_, String>>()?;
    Ok(Progress { finished, in_flight: run.in_flight, elapsed: run.elapsed })
}
