//! The recorder's task: each lane writes one transaction after the other; what to do when one fails.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use domain::StepState;

use super::{
    Shared,
    apply::{Verdict, apply, apply_alone},
    batch::RunWrites,
    pending::{Lane, Next},
};
use crate::{Change, Error, RunChange, Store, connection::AnyConnection, database::Transaction};

/// The first pause after a failure; doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A run whose writes fail this often while the database answers is given up: they are what is wrong.
const MOST_FAILURES: u32 = 6;

pub(super) async fn run(store: Store, shared: Arc<Shared>) {
    // Whatever ends this task, nobody waits for it for ever.
    let _closed = shared.closed.clone().drop_guard();
    let lane = |lane| Writer { store: &store, shared: &shared, lane };
    let (awaited, rest) = (lane(Lane::Awaited), lane(Lane::Rest));
    tokio::join!(awaited.run(), rest.run());
}

/// One lane.
struct Writer<'s> {
    store: &'s Store,
    shared: &'s Shared,
    lane: Lane,
}

impl Writer<'_> {
    async fn run(&self) {
        let wake = &self.shared.wake[self.lane as usize];
        loop {
            let next = self.shared.pending().next(self.lane, Instant::now());
            match next {
                Next::Write(batch, untold) => self.write_all(batch, untold).await,
                Next::Sleep(None) => wake.notified().await,
                Next::Sleep(Some(until)) => {
                    tokio::select! {
                        () = wake.notified() => {}
                        () = tokio::time::sleep_until(until.into()) => {}
                    }
                }
                Next::Close => return,
            }
        }
    }

    /// Returns when everything is written or refused, however long the database takes.
    async fn write_all(&self, batch: Vec<RunWrites>, untold: Vec<Change>) {
        let mut rest = match self.write(batch, untold.clone()).await {
            Ok(verdicts) => return self.settle(verdicts),
            Err((batch, error)) => {
                tracing::warn!(%error, runs = batch.len(), "Recording failed and is tried again");
                batch
            }
        };
        let wake = self.shared.pending().tell(untold, Instant::now());
        self.shared.wake(wake);
        let mut pause = PAUSE;
        for failures in 1.. {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let mut failed = Vec::new();
            // One by one, so that one run's writes cannot hold up the others'.
            for run in rest {
                match self.write(vec![run], Vec::new()).await {
                    Ok(verdicts) => self.settle(verdicts),
                    Err((run, error)) if is_outage(&error) || failures < MOST_FAILURES => {
                        tracing::warn!(%error, "Recording failed and is tried again");
                        failed.extend(run);
                    }
                    Err((run, error)) => {
                        tracing::error!(%error, run = %run[0].lease().run, "A run cannot be recorded and is given up");
                        self.settle(run.into_iter().map(|run| (run, Verdict::Refused)));
                    }
                }
            }
            if failed.is_empty() {
                return;
            }
            rest = failed;
        }
    }

    /// One transaction. A batch that was not written comes back.
    async fn write(
        &self,
        batch: Vec<RunWrites>,
        untold: Vec<Change>,
    ) -> Result<impl Iterator<Item = (RunWrites, Verdict)> + use<>, (Vec<RunWrites>, Error)> {
        let batch = Arc::new(batch);
        let (keys, writes) = (Arc::clone(&self.store.keys), Arc::clone(&batch));
        let result = match self.lane {
            Lane::Awaited => {
                let write = move |conn: &mut AnyConnection| guarded(|| apply_alone(conn, &keys, &writes));
                self.store.database.outside_transactions(write).await
            }
            Lane::Rest => {
                let write = move |transaction: &mut Transaction<'_>| {
                    untold.into_iter().for_each(|change| transaction.changed(change));
                    guarded(|| apply(transaction, &keys, &writes))
                };
                self.store.database.write(write).await
            }
        };
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
    fn settle(&self, runs: impl Iterator<Item = (RunWrites, Verdict)>) {
        let runs: Vec<_> = runs.collect();
        for (run, verdict) in &runs {
            match verdict {
                Verdict::Refused => run.record.lost.cancel(),
                Verdict::Written if run.leaves_traces() => run.record.untidy.store(true, Ordering::Relaxed),
                Verdict::Written => {}
            }
        }
        let mut pending = self.shared.pending();
        let mut wake = pending.settled(runs.iter().map(|(run, _)| &*run.record));
        if self.lane == Lane::Awaited {
            let written = runs.iter().filter(|(_, verdict)| *verdict == Verdict::Written);
            let changes = written.map(|(run, _)| run.lease().change(RunChange::Step));
            wake = wake.and(pending.tell(changes, Instant::now()));
        }
        drop(pending);
        self.shared.wake(wake);
        self.shared.room.add_permits(runs.iter().map(|(run, _)| run.size as usize).sum());
        for done in runs.into_iter().flat_map(|(run, _)| run.waiting) {
            // A run that was dropped meanwhile does not wait.
            let _ = done.send(());
        }
    }
}

/// A panic over one run's writes must not end the recording of all the others.
fn guarded<T>(write: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| Err(Error::Database("the recorder panicked".into())))
}

/// Whether it is the database that fails, and not what is written.
fn is_outage(error: &Error) -> bool {
    matches!(error, Error::Disconnected(_) | Error::Busy(_) | Error::Full(_))
}

impl RunWrites {
    /// Whether a step was stored in a way that must not outlive the run.
    fn leaves_traces(&self) -> bool {
        self.steps.iter().any(|step| step.progress.is_some() || step.state == StepState::Running)
    }
}
