//! `growth`: the other figures of queue and clock with ten times the history, against ourselves without.

use std::time::Duration;

use crate::{
    figure::{Figure, percentile, rounds},
    figures::{clock::Clock, fair, idle, queue},
    household::{Household, checked_plan, databases},
    rows::Rows,
    witness::Witness,
};

/// How many finished runs are stored; a tenth of them beside it.
const HISTORY: usize = 200_000;

const RUNS: usize = 5_000;

/// Takes the figures on those databases that are wanted.
pub async fn measure(wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for (name, large, small) in databases(folder.path())?.into_iter().filter(|(name, ..)| wanted(name)) {
        let (mut large, mut small) = (House::build(&large, HISTORY).await?, House::build(&small, HISTORY / 10).await?);
        let mut take = |what: &str, unit, (ours, tenth): (Vec<f64>, Vec<f64>)| {
            figures.push(Figure::grown(format!("growth {name} {what}"), unit, &ours, &tenth));
        };
        take("queue", "runs/s", rounds(5, async || large.queue().await, async || small.queue().await).await?);
        take("idle p50", "ms to request", rounds(3, async || large.idle().await, async || small.idle().await).await?);
        take("fair p50", "ms to request", rounds(2, async || large.fair().await, async || small.fair().await).await?);
        let (mut old, mut young) = (Clock::start(&large.crowd).await?, Clock::start(&small.crowd).await?);
        let burst = async |clock: &mut Clock| anyhow::Ok(percentile(&clock.burst().await?.lateness, 99));
        let bursts = rounds(3, async || burst(&mut old).await, async || burst(&mut young).await).await?;
        take("clock second p99", "ms to queued_at", bursts);
    }
    Ok(figures)
}

/// A database with a history.
struct House {
    witness: Witness,
    /// Whose history it is.
    crowd: Household,
    single: Household,
}

impl House {
    async fn build(url: &str, history: usize) -> anyhow::Result<Self> {
        let witness = Witness::start().await?;
        let crowd = Household::with_plan(url, checked_plan(witness.slow(), "Slow")?).await?;
        let single = crowd.neighbor(checked_plan(witness.quick(), "Quick")?).await?;
        let mut rows = Rows::open(url)?;
        rows.history(crowd.plan, history / 2)?;
        rows.history(single.plan, history / 2)?;
        Ok(Self { witness, crowd, single })
    }

    async fn queue(&self) -> anyhow::Result<f64> {
        queue::nothing_done(&self.crowd, RUNS, 1).await
    }

    async fn idle(&mut self) -> anyhow::Result<f64> {
        let pause = Duration::from_millis(20);
        Ok(percentile(&idle::starts(&self.single, &mut self.witness, 100, pause).await?, 50))
    }

    async fn fair(&mut self) -> anyhow::Result<f64> {
        Ok(percentile(&fair::singles(&self.crowd, &self.single, &mut self.witness, 30).await?, 50))
    }
}
