//! `cold`: `smokex run` of the plan as a whole process, against a process that does the same by bare
//! reqwest. Milliseconds, so less is better.

use std::{path::Path, process::Stdio, time::Instant};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::{
    bare,
    figure::{Figure, rounds},
    load,
};

const RUNS: usize = 20;

/// Takes the figure.
pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let target = load::Target::start().await?;
    let folder = tempfile::tempdir()?;
    let plan = folder.path().join("plan.yml");
    std::fs::write(&plan, load::plan_text(&target.address))?;
    let bench = std::env::current_exe()?;
    let smokex = bench.with_file_name("smokex");
    let plan = plan.to_str().context("a path in UTF-8")?;
    let (ours, floor) = rounds(
        5,
        async || whole_process(&smokex, ["run", plan]).await,
        async || whole_process(&bench, ["bare", &target.address]).await,
    )
    .await?;
    Ok(vec![Figure::of("cold", "ms a process", &ours, &floor)])
}

/// The mean wall time of a process, one after the other.
async fn whole_process(program: &Path, arguments: [&str; 2]) -> anyhow::Result<f64> {
    let begin = Instant::now();
    for _ in 0..RUNS {
        let status = Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .with_context(|| format!("starting {}", program.display()))?;
        ensure!(status.success(), "{} ended with {status}", program.display());
    }
    #[allow(clippy::cast_precision_loss)]
    Ok(begin.elapsed().as_secs_f64() * 1000.0 / RUNS as f64)
}

/// The floor's process: `bench bare HOST:PORT`.
pub fn bare_process() -> anyhow::Result<()> {
    let address = std::env::args().nth(2).context("bench bare HOST:PORT")?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async { bare::plan(&bare::client()?, &format!("http://{address}")).await.map(drop) })
}
