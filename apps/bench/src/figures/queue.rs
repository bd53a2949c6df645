//! `queue`: runs that do nothing, claimed, executed and finished with their history kept, against a bare
//! loop that claims a hundred at a time and writes their ends, on a database of the same shape.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::ensure;
use domain::RunState;
use queue::{Options, Queue};
use store::{Ending, Recorder, Store};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    Form,
    figure::{Figure, rounds},
    floor::claims::Claims,
    household::{Household, databases},
    load,
    rows::Rows,
};

/// Takes the figures on those databases that are wanted.
pub async fn measure(form: Form, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Figure>> {
    let runs = form.either(20_000, 100_000);
    let target = load::Target::start().await?;
    let mut figures = Vec::new();
    for executors in [1, 2] {
        let folder = tempfile::tempdir()?;
        // SQLite is for one process.
        let more = |name: &str| executors == 1 || name == "postgres";
        for (name, ours, floor) in databases(folder.path())?.into_iter().filter(|(name, ..)| wanted(name) && more(name))
        {
            let (household, bare) = (Household::new(&ours, &target).await?, Household::new(&floor, &target).await?);
            let (ours, floor) = rounds(
                form.either(3, 3),
                async || nothing_done(&household, runs, executors).await,
                async || {
                    Rows::open(&bare.url)?.queued(bare.plan, runs)?;
                    let claims = Claims::new(&bare.url, bare.member.tenant().organization())?;
                    tokio::task::spawn_blocking(move || claims.work(runs, executors)).await?
                },
            )
            .await?;
            figures.push(Figure::of(format!("queue {name} {executors}"), "runs/s", &ours, &floor));
        }
    }
    Ok(figures)
}

/// Queues runs past the store and has executors of this process bring them to their end; answers how
/// many a second.
pub async fn nothing_done(household: &Household, runs: usize, executors: usize) -> anyhow::Result<f64> {
    let mut rows = Rows::open(&household.url)?;
    rows.queued(household.plan, runs)?;
    let passed = "SELECT count(*) AS number FROM runs WHERE state = 'passed'";
    let before = rows.number(passed)?;
    let mut workers = Vec::new();
    let (left, over, stop) = (Arc::new(AtomicUsize::new(runs)), Arc::new(Notify::new()), CancellationToken::new());
    let begin = Instant::now();
    for executor in 0..executors {
        let store = if executor == 0 { household.store.clone() } else { household.from_outside().await? };
        let recorder = Recorder::start(&store);
        let work = work(store, recorder.clone(), Arc::clone(&left), Arc::clone(&over), stop.clone());
        workers.push((recorder, tokio::spawn(work)));
    }
    over.notified().await;
    for (recorder, _) in &workers {
        recorder.flush().await;
    }
    let took = begin.elapsed().as_secs_f64();
    stop.cancel();
    for (recorder, worker) in workers {
        worker.await?;
        recorder.close().await;
    }
    let passed = rows.number(passed)? - before;
    ensure!(usize::try_from(passed)? == runs, "{passed} of {runs} runs passed");
    #[allow(clippy::cast_precision_loss)]
    Ok(runs as f64 / took)
}

async fn work(store: Store, recorder: Recorder, left: Arc<AtomicUsize>, over: Arc<Notify>, stop: CancellationToken) {
    let options = Options { concurrency: load::AT_ONCE, ..Options::default() };
    let queue = Queue::new(store, recorder.clone(), options);
    let execute = move |run: store::ClaimedRun, held: queue::Held| {
        let (recorder, left, over) = (recorder.clone(), Arc::clone(&left), Arc::clone(&over));
        async move {
            let passed =
                Ending { state: RunState::Passed, reason: None, slow: false, passed: 1, failed: 0, skipped: 0 };
            // A run that is not ours any more is counted by whoever has it.
            if recorder.run(run.lease, held.lost()).finish(passed, held).await.is_ok()
                && left.fetch_sub(1, Ordering::Relaxed) == 1
            {
                over.notify_one();
            }
        }
    };
    queue.work(execute, stop).await;
}
