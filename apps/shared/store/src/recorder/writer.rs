//! The recorder's task: one transaction after the other, and what to do when one fails.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use domain::StepState;

use super::{
    Shared,
    apply::{Verdict, apply},
    batch::RunWrites,
    pending::Next,
};
use crate::{Error, Store, database::Transaction};

/// The first pause after a failure; doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A run whose writes fail this often while the database answers is given up: they are what is wrong.
const MOST_FAILURES: u32 = 6;

pub(super) async fn run(store: Store, shared: Arc<Shared>) {
    // Whatever ends this task, nobody waits for it for ever.
    let _closed = shared.closed.clone().drop_guard();
    loop {
        let next = shared.pending().next(Instant::now());
        match next {
            Next::Write(batch, flushes) => {
                write_all(&store, &shared, batch).await;
                for done in flushes {
                    // Whoever stopped waiting does not mind.
                    let _ = done.send(());
                }
            }
            Next::Sleep(None) => shared.wake.notified().await,
            Next::Sleep(Some(until)) => {
                tokio::select! {
                    () = shared.wake.notified() => {}
                    () = tokio::time::sleep_until(until.into()) => {}
                }
            }
            Next::Close => return,
        }
    }
}

/// Returns when everything is written or refused, however long the database takes.
async fn write_all(store: &Store, shared: &Shared, batch: Vec<RunWrites>) {
    if batch.is_empty() {
        return;
    }
    let mut rest = match write(store, batch).await {
        Ok(verdicts) => return settle(shared, verdicts),
        Err((batch, error)) => {
            tracing::warn!(%error, runs = batch.len(), "Recording failed and is tried again");
            batch
        }
    };
    let mut pause = PAUSE;
    for failures in 1.. {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        let mut failed = Vec::new();
        // One by one, so that one run's writes cannot hold up the others'.
        for run in rest {
            match write(store, vec![run]).await {
                Ok(verdicts) => settle(shared, verdicts),
                Err((run, error)) if is_outage(&error) || failures < MOST_FAILURES => {
                    tracing::warn!(%error, "Recording failed and is tried again");
                    failed.extend(run);
                }
                Err((run, error)) => {
                    tracing::error!(%error, run = %run[0].lease().run, "A run cannot be recorded and is given up");
                    settle(shared, run.into_iter().map(|run| (run, Verdict::Refused)));
                }
            }
        }
        if failed.is_empty() {
            return;
        }
        rest = failed;
    }
}

/// Whether it is the database that fails, and not what is written.
fn is_outage(error: &Error) -> bool {
    matches!(error, Error::Disconnected(_) | Error::Busy(_))
}

/// One transaction. A batch that was not written comes back.
async fn write(
    store: &Store,
    batch: Vec<RunWrites>,
) -> Result<impl Iterator<Item = (RunWrites, Verdict)>, (Vec<RunWrites>, Error)> {
    let batch = Arc::new(batch);
    let (key, writes) = (Arc::clone(&store.key), Arc::clone(&batch));
    let write = move |transaction: &mut Transaction<'_>| {
        // A panic over one run's writes must not end the recording of all the others.
        catch_unwind(AssertUnwindSafe(|| apply(transaction, &key, &writes)))
            .unwrap_or_else(|_| Err(Error::Database("the recorder panicked".into())))
    };
    let result = store.database.write(write).await;
    let Some(batch) = Arc::into_inner(batch) else {
        // The thread that shared it goes on without us: the program is stopping.
        return std::future::pending().await;
    };
    match result {
        Ok(verdicts) => Ok(batch.into_iter().zip(verdicts)),
        Err(error) => Err((batch, error)),
    }
}

/// Tells everybody concerned what became of their writes.
fn settle(shared: &Shared, runs: impl IntoIterator<Item = (RunWrites, Verdict)>) {
    let mut size = 0;
    for (run, verdict) in runs {
        size += run.size as usize;
        match verdict {
            Verdict::Refused => run.record.lost.cancel(),
            Verdict::Written if run.leaves_traces() => run.record.untidy.store(true, Ordering::Relaxed),
            Verdict::Written => {}
        }
        for done in run.waiting {
            // A run that was dropped meanwhile does not wait.
            let _ = done.send(());
        }
    }
    shared.room.add_permits(size);
}

impl RunWrites {
    /// Whether a step was stored in a way that must not outlive the run.
    fn leaves_traces(&self) -> bool {
        self.steps.iter().any(|step| step.progress.is_some() || step.state == StepState::Running)
    }
}
