//! `clock`: the scheduler as it is, in a process of its own, with 100,000 schedules stored: what it costs
//! while none is due, by how much runs are late when 10,000 are due in the same second, and when they
//! are due one after the other, 10,000 a minute. Against aims.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Form,
    figure::{Figure, percentile},
    household::{self, Household, databases},
    load,
    rows::{Rows, micros_now},
};

/// How many schedules there are.
const STORED: usize = 100_000;

/// How many are due in the same second, or in a minute.
const DUE: usize = 10_000;
const MINUTE: i64 = 60_000_000;

/// Between what is made due and the time it is due at, so that it is written by then.
const AHEAD: i64 = 3_000_000;

/// Takes the figures on those databases that are wanted.
pub async fn measure(form: Form, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Figure>> {
    let target = load::Target::start().await?;
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for (name, ours, _) in databases(folder.path())?.into_iter().filter(|(name, ..)| wanted(name)) {
        let household = Household::new(&ours, &target).await?;
        let mut clock = Clock::start(&household).await?;
        let cost = clock.idle(Duration::from_secs(form.either(6, 30))).await?;
        figures.push(Figure::aimed(format!("clock {name} idle"), "% of a core", &[cost], 1.0));
        let (mut lateness, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..=form.either(3, 5) {
            let burst = clock.burst().await?;
            lateness.push(percentile(&burst.lateness, 99));
            whole.push(burst.whole);
        }
        // The first round only warms up.
        figures.push(Figure::aimed(format!("clock {name} second p99"), "ms to queued_at", &lateness[1..], 300.0));
        figures.push(Figure::aimed(format!("clock {name} second all"), "ms to committed", &whole[1..], 300.0));
        let late = clock.spread(form.either(DUE / 4, DUE)).await?;
        let late = [percentile(&late, 99)];
        figures.push(Figure::aimed(format!("clock {name} minute p99"), "ms to queued_at", &late, 25.0));
    }
    Ok(figures)
}

/// A scheduler at work on stored schedules, of which none is due unless it is made so.
pub struct Clock {
    rows: Rows,
    ids: Uuid,
    /// How many schedules have been due already; the next ones follow.
    used: usize,
    scheduler: Child,
}

/// How a burst went, in milliseconds from the beginning of its second.
pub struct Burst {
    /// To the `queued_at` of each run.
    pub lateness: Vec<f64>,
    /// Until all of them were to be seen by others.
    pub whole: f64,
}

impl Clock {
    /// Stores the schedules and starts the scheduler.
    pub async fn start(household: &Household) -> anyhow::Result<Self> {
        let mut rows = Rows::open(&household.url)?;
        let ids = rows.neighborhood(household.plan, STORED)?;
        let mut scheduler = Command::new(std::env::current_exe()?)
            .args(["scheduler", &household.url])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = scheduler.stdout.take().context("the scheduler's output")?;
        BufReader::new(stdout).lines().next_line().await?.context("the scheduler has started")?;
        Ok(Self { rows, ids, used: 0, scheduler })
    }

    /// What the scheduler costs while nothing is due, in hundredths of a core.
    async fn idle(&self, length: Duration) -> anyhow::Result<f64> {
        let scheduler = self.scheduler.id().context("the scheduler lives")?;
        // Its first looks prepare statements.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (begin, before) = (Instant::now(), load::cpu_seconds_of(scheduler)?);
        tokio::time::sleep(length).await;
        Ok((load::cpu_seconds_of(scheduler)? - before) / begin.elapsed().as_secs_f64() * 100.0)
    }

    /// Has 10,000 schedules come due in the same second.
    pub async fn burst(&mut self) -> anyhow::Result<Burst> {
        let second = self.make_due(DUE, 0)?;
        let (waiting, begin) =
            (format!("SELECT count(*) AS number FROM schedules WHERE next_due_at = {second}"), Instant::now());
        loop {
            tokio::time::sleep(until(second).max(Duration::from_millis(5))).await;
            if self.rows.number(&waiting)? == 0 {
                break;
            }
            ensure!(begin.elapsed() < Duration::from_secs(60), "the clock does not fire");
        }
        let whole = millis(micros_now() - second);
        Ok(Burst { lateness: self.lateness(second, second, DUE)?, whole })
    }

    /// Has so many schedules come due one after the other, 10,000 a minute.
    async fn spread(&mut self, schedules: usize) -> anyhow::Result<Vec<f64>> {
        let apart = MINUTE / i64::try_from(DUE)?;
        let first = self.make_due(schedules, apart)?;
        let last = first + apart * i64::try_from(schedules - 1)?;
        tokio::time::sleep(until(last + 1_000_000)).await;
        self.lateness(first, last, schedules)
    }

    /// Makes the next schedules due from the beginning of a second on, so many microseconds apart.
    fn make_due(&mut self, schedules: usize, apart: i64) -> anyhow::Result<i64> {
        let (from, to) = (self.used, self.used + schedules);
        ensure!(to <= STORED, "all schedules have been due");
        self.used = to;
        let table = crate::rows::series(schedules);
        let id = self.rows.nth(self.ids, &format!("{from} + n"));
        let second = (micros_now() + AHEAD) / 1_000_000 * 1_000_000;
        self.rows.execute(&format!(
            "{table} UPDATE schedules SET next_due_at = {second} + n * {apart} FROM series WHERE schedules.id = {id}"
        ))?;
        ensure!(micros_now() < second, "the schedules were due before they were written");
        Ok(second)
    }

    fn lateness(&mut self, first: i64, last: i64, expected: usize) -> anyhow::Result<Vec<f64>> {
        let late = self.rows.numbers(&format!(
            "SELECT queued_at - scheduled_at AS number FROM runs
             WHERE schedule_id IS NOT NULL AND scheduled_at BETWEEN {first} AND {last} AND state = 'queued'"
        ))?;
        ensure!(late.len() == expected, "{} of {expected} due times have their run", late.len());
        Ok(late.into_iter().map(millis).collect())
    }
}

/// The scheduler's process: `bench scheduler URL`.
pub async fn scheduler() -> anyhow::Result<()> {
    let url = std::env::args().nth(2).context("bench scheduler URL")?;
    let store = household::open(&url).await?;
    println!("ready");
    let config = scheduler::Config::new("http://localhost:8080".parse()?);
    scheduler::run(config, store, CancellationToken::new()).await
}

fn until(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros - micros_now()).unwrap_or(0))
}

#[allow(clippy::cast_precision_loss)]
fn millis(micros: i64) -> f64 {
    micros as f64 / 1000.0
}
