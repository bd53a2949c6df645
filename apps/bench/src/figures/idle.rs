//! `idle`: how long an executor that has nothing to do takes, from the return of the call that queued a
//! run to the moment at which the target has its first request. Milliseconds, against an aim.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::{
    figure::{Figure, percentile},
    household::{Household, checked_plan, databases, executing},
    witness::Witness,
};

const RUNS: usize = 300;

/// Between two runs, so that the executor is idle again.
const PAUSE: Duration = Duration::from_millis(40);

/// Takes the figures on those databases that are wanted.
pub async fn measure(wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for (name, ours, _) in databases(folder.path())?.into_iter().filter(|(name, ..)| wanted(name)) {
        let mut witness = Witness::start().await?;
        let household = Household::with_plan(&ours, checked_plan(witness.quick(), "Quick")?).await?;
        let delays = starts(&household, &mut witness, RUNS, PAUSE).await?;
        for (percent, aim) in [(50, 5.0), (99, 15.0)] {
            let delay = percentile(&delays, percent);
            figures.push(Figure::aimed(format!("idle {name} p{percent}"), "ms to request", &[delay], aim));
        }
    }
    Ok(figures)
}

/// Queues runs of a plan with one quick request, one after the other, and has an executor start them,
/// over PostgreSQL with connections of its own. Answers how many milliseconds each took.
pub async fn starts(
    household: &Household,
    witness: &mut Witness,
    runs: usize,
    pause: Duration,
) -> anyhow::Result<Vec<f64>> {
    let stop = CancellationToken::new();
    let worker = tokio::spawn(executor::run(executing(), household.from_outside().await?, stop.clone()));
    let mut delays = Vec::with_capacity(runs);
    // The first ones connect and prepare statements.
    for _ in 0..runs + 10 {
        tokio::time::sleep(pause).await;
        household.queue(1).await?;
        let queued = Instant::now();
        // Seen before the call has returned: no delay.
        delays.push(witness.next().await?.saturating_duration_since(queued).as_secs_f64() * 1000.0);
    }
    stop.cancel();
    worker.await??;
    Ok(delays.split_off(10))
}
