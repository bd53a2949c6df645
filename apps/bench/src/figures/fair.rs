//! `fair`: one organization has thousands of runs of a slow target queued, another queues single runs:
//! how long those take to send their first request. Milliseconds, against an aim.

use std::time::Duration;

use anyhow::ensure;

use crate::{
    figure::{Figure, percentile},
    figures::idle,
    household::{Household, checked_plan, databases},
    rows::Rows,
    witness::Witness,
};

const CROWD: usize = 10_000;
const SINGLES: usize = 100;
const PAUSE: Duration = Duration::from_millis(97);

/// The aim.
const AIM: f64 = 1000.0;

/// Takes the figure on those databases that are wanted.
pub async fn measure(wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for (name, ours, _) in databases(folder.path())?.into_iter().filter(|(name, ..)| wanted(name)) {
        let mut witness = Witness::start().await?;
        let crowd = Household::with_plan(&ours, checked_plan(witness.slow(), "Slow")?).await?;
        let single = crowd.neighbor(checked_plan(witness.quick(), "Quick")?).await?;
        let delay = percentile(&singles(&crowd, &single, &mut witness, SINGLES).await?, 99);
        figures.push(Figure::aimed(format!("fair {name} p99"), "ms to request", &[delay], AIM));
    }
    Ok(figures)
}

/// The milliseconds of each single run, while the crowd waits from the first to the last.
pub async fn singles(
    crowd: &Household,
    single: &Household,
    witness: &mut Witness,
    runs: usize,
) -> anyhow::Result<Vec<f64>> {
    let mut rows = Rows::open(&crowd.url)?;
    rows.queued(crowd.plan, CROWD)?;
    let delays = idle::starts(single, witness, runs, PAUSE).await?;
    let waiting = rows.number("SELECT count(*) AS number FROM runs WHERE state = 'queued'")?;
    ensure!(waiting > 0, "the crowd was through before the last single run");
    rows.call_off(crowd.member.tenant().organization())?;
    Ok(delays)
}
