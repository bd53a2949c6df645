//! What both sides are given: the target's process, sixteen at once, and the CPU clock.

use std::{
    future::Future,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// How many plans are under way at once.
pub const AT_ONCE: usize = 16;

/// The plan of all figures, against a target.
pub fn plan_text(address: &str) -> String {
    include_str!("plan.yml").replace("TARGET", address)
}

/// The target in a process of its own; killed when this is dropped.
pub struct Target {
    /// `127.0.0.1:port`
    pub address: String,
    _process: Child,
}

impl Target {
    /// Starts it and waits until it listens.
    pub async fn start() -> anyhow::Result<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("target").stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = process.stdout.take().context("the target's output")?;
        let address = BufReader::new(stdout).lines().next_line().await?.context("the target's address")?;
        Ok(Self { address, _process: process })
    }
}

/// Does `work` `count` times, [`AT_ONCE`] at a time; answers how many a second. `work` is told which of
/// them it is.
pub async fn per_second<F, W>(count: usize, work: W) -> anyhow::Result<f64>
where
    W: Fn(usize) -> F + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let (work, left) = (Arc::new(work), Arc::new(AtomicUsize::new(count)));
    let begin = Instant::now();
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|worker| {
            let (work, left) = (Arc::clone(&work), Arc::clone(&left));
            tokio::spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    work(worker).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    #[allow(clippy::cast_precision_loss)]
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

/// CPU seconds this process has used so far, in user and kernel mode.
pub fn cpu_seconds() -> anyhow::Result<f64> {
    cpu_seconds_of(std::process::id())
}

/// As [`cpu_seconds`], of any process.
pub fn cpu_seconds_of(process: u32) -> anyhow::Result<f64> {
    // Fields 14 and 15 of proc(5) stat, in ticks of 10 ms on Linux; the name before may hold spaces.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit(')').next().context("a process name")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| -> anyhow::Result<f64> { Ok(fields.get(index).context("a CPU time")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
