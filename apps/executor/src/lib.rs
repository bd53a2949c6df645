//! The worker: claims runs, executes them, records results; and delivers mail.
//!
//! `queue` brings the runs and keeps their leases, `engine` executes them, `store`'s recorder writes down
//! what happens. This crate puts the three together.

mod execution;
mod heartbeat;
mod mail;
mod observer;
mod plans;
mod resume;
mod secrets;
mod tally;
mod variables;

use std::{sync::Arc, time::Duration};

use egress::{Egress, Policy};
use notify::Mailer;
use queue::{Options, Queue};
use runtime::metrics::Metrics;
use store::{Recorder, Store};
use tokio_util::sync::CancellationToken;

use execution::Execution;
use heartbeat::Busy;
use plans::Plans;

/// How long one run may take, whatever its steps say.
pub const RUN_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// How long results may take to get to the database once everything has stopped.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// How an executor works.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many runs it has under way at once; at least 1.
    pub concurrency: usize,
    /// How long the runs of an executor that died wait before another one takes them.
    pub lease: Duration,
    /// Where plans may reach.
    pub policy: Policy,
    /// How mail goes out.
    pub mailer: Mailer,
    /// Where runs, steps and mails are counted.
    pub metrics: Metrics,
    /// Executing a plan whose text holds this panics, for trying what happens then. None in earnest.
    pub panics_on: Option<&'static str>,
}

/// Executes runs and delivers mail until `shutdown`. Steps in flight are then finished within a grace period; what is left
/// of their runs is handed back.
///
/// # Errors
/// If results could not be written before the end: their runs will be taken up again by another executor.
pub async fn run(config: Config, store: Store, shutdown: CancellationToken) -> anyhow::Result<()> {
    let recorder = Recorder::start(&store);
    let execution = Arc::new(Execution {
        store: store.clone(),
        egress: Egress::new(config.policy),
        recorder: recorder.clone(),
        plans: Plans::default(),
        metrics: config.metrics.clone(),
        panics_on: config.panics_on,
    });
    let options = Options { concurrency: config.concurrency, lease: config.lease, ..Options::default() };
    let delivering = mail::run(store.clone(), config.mailer, config.metrics, &shutdown);
    let queue = Queue::new(store.clone(), recorder.clone(), options);
    let (id, busy) = (queue.id(), Busy::default());
    let beating = heartbeat::run(store.clone(), id, config.concurrency, busy.clone());
    let working = queue.work(
        move |run, held| {
            let (id, execution, at_work) = (run.lease.run, Arc::clone(&execution), busy.begin());
            runtime::telemetry::in_run(id, async move {
                execution.execute(run, held).await;
                drop(at_work);
            })
        },
        shutdown.clone(),
    );
    tokio::select! {
        ((), ()) = async { tokio::join!(working, delivering) } => {}
        () = beating => {}
    }
    if let Err(error) = store.goodbye(id).await {
        tracing::debug!(%error, "The database was not told that this executor has ended");
    }
    tokio::time::timeout(LAST_WRITES, recorder.close()).await.map_err(|_| {
        anyhow::anyhow!("The last results could not be written; their runs are taken up again by another executor.")
    })
}
