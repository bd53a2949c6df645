//! One process's worker: what it is made of, how it starts, how it ends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use apalis::prelude::*;
use domain::WorkerId;
use store::{Change, ClaimedRun, Recorder, RunChange, Store};
use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinHandle},
};
use tokio_util::sync::CancellationToken;

use crate::{
    backend::RunBackend,
    buffer::Buffer,
    claimer::Claimer,
    held_back::HeldBack,
    lease::{Held, Leases},
    slots::{Slot, Slots},
    supervision::supervise,
};

/// How long runs that were stopped in the middle of a step may take to be handed back.
const LAST_CALL: Duration = Duration::from_secs(12);

/// A claimed run and the lease on it.
pub struct Job {
    /// What to execute.
    pub run: ClaimedRun,
    /// To be kept for as long as the run is executed.
    pub held: Held,
    pub(crate) slot: Slot,
}

impl Job {
    pub(crate) fn new(run: ClaimedRun, leases: &Arc<Leases>, slots: &Arc<Slots>, claimed: Instant) -> Self {
        let held = leases.hold(run.lease, claimed);
        if run.cancelling {
            leases.cancel(run.lease.run);
        }
        Self { run, held, slot: slots.take() }
    }
}

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many runs are executed at the same time; at least 1.
    pub concurrency: usize,
    /// How long a run of a lost worker waits before somebody else claims it.
    pub lease: Duration,
    /// How often to look for runs without having heard of one.
    pub poll: Duration,
    /// How long a step in flight may go on after the signal to stop.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            concurrency: 16,
            lease: Duration::from_secs(15),
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(10),
        }
    }
}

/// The queue of runs, as one process works on it.
pub struct Queue {
    id: WorkerId,
    store: Store,
    recorder: Recorder,
    options: Options,
}

impl Queue {
    /// Works on the runs of `store`; what is handed back goes through `recorder`.
    #[must_use]
    pub fn new(store: Store, recorder: Recorder, options: Options) -> Self {
        Self { id: WorkerId::new(), store, recorder, options }
    }

    /// Under which its runs are claimed.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.id
    }

    /// Gives every run to `execute`, as many at the same time as the options say, until `stop`. Then no
    /// run is claimed any more, what was not begun is handed back, and runs under way learn of it
    /// ([`Held::reason`]); those still in a step after the grace are stopped ([`Held::stop`]). Returns
    /// when all have ended.
    pub async fn work<F>(
        self,
        execute: impl Fn(ClaimedRun, Held) -> F + Clone + Send + Sync + 'static,
        stop: CancellationToken,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let id = self.id;
        let leases = Leases::new(self.store.clone(), self.options.lease, stop.clone());
        let (queued, held_back) = (Arc::new(Notify::new()), Arc::new(HeldBack::default()));
        let _keeping = AbortOnDrop::new(tokio::spawn(Arc::clone(&leases).keep()));
        let listening = listen(self.store.clone(), Arc::clone(&leases), Arc::clone(&queued), Arc::clone(&held_back));
        let _listening = AbortOnDrop::new(tokio::spawn(listening));
        let concurrency = self.options.concurrency.max(1);
        let claimer = Claimer {
            claims: self.store.claims(id, self.options.lease),
            recorder: self.recorder.clone(),
            leases: Arc::clone(&leases),
            slots: Slots::new(concurrency),
            queued,
            held_back,
            poll: self.options.poll,
        };
        tracing::info!(worker = %id, concurrency, "Waiting for runs");
        let mut starts = 0_u32;
        supervise(&stop, || {
            starts += 1;
            // apalis wants every worker to have a name of its own.
            let name = format!("executor-{id}-{starts}");
            work_once(name, concurrency, claimer.clone(), execute.clone(), stop.clone(), self.options.grace)
        })
        .await;
        tracing::info!(worker = %id, "No more runs are executed here");
    }
}

/// One life of apalis's worker.
async fn work_once<F>(
    name: String,
    concurrency: usize,
    claimer: Claimer,
    execute: impl Fn(ClaimedRun, Held) -> F + Clone + Send + Sync + 'static,
    stop: CancellationToken,
    grace: Duration,
) -> Result<(), WorkerError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let buffer = Arc::new(Buffer::default());
    // Ends with the worker, too.
    let over = stop.child_token();
    let claiming = tokio::spawn({
        let (claimer, buffer, over) = (claimer.clone(), Arc::clone(&buffer), over.clone());
        async move { claimer.run(&buffer, &over).await }
    });
    let handler = move |job: Job| {
        let execute = execute.clone();
        async move {
            let Job { run, held, mut slot } = job;
            slot.begin();
            execute(run, held).await;
            drop(slot);
        }
    };
    // Timeouts, panics and retries are the run row's: apalis's layers for them would leave runs behind.
    let worker = WorkerBuilder::new(name)
        .backend(RunBackend::new(buffer))
        .concurrency(concurrency)
        .parallelize(tokio::spawn)
        .build(handler);
    let mut working = AbortOnDrop::new(tokio::spawn(worker.run()));
    let draining = async {
        stop.cancelled().await;
        tokio::time::sleep(grace).await;
        tracing::warn!("The grace is over: steps in flight are stopped and their runs handed back");
        claimer.leases.stop_all();
        tokio::time::sleep(LAST_CALL).await;
    };
    let result = tokio::select! {
        result = &mut working.task => result.unwrap_or_else(|panic| Err(WorkerError::PanicError(panic.to_string()))),
        () = draining => Ok(()),
    };
    over.cancel();
    if let Err(panic) = claiming.await {
        return Err(WorkerError::PanicError(panic.to_string()));
    }
    result
}

/// Passes on what the change feed says about runs.
async fn listen(store: Store, leases: Arc<Leases>, queued: Arc<Notify>, held_back: Arc<HeldBack>) {
    let mut changes = store.changes();
    loop {
        match changes.next().await {
            Change::Run { kind: RunChange::Queued, .. } => queued.notify_one(),
            Change::Run { kind: RunChange::Cancelling, run, .. } => leases.cancel(run),
            Change::Run { kind: RunChange::Finished, organization, run, .. } => {
                leases.gone(run);
                held_back.ended(organization);
            }
            // On another tier more of its runs may go.
            Change::Organization { organization } => held_back.ended(organization),
            Change::Resync => {
                queued.notify_one();
                if let Err(error) = leases.renew().await {
                    tracing::warn!(%error, "Leases could not be looked at");
                }
            }
            Change::Run { .. } | Change::Plan { .. } | Change::Mail => {}
        }
    }
}

/// A task that must not outlive its starter.
struct AbortOnDrop<T> {
    task: JoinHandle<T>,
    abort: AbortHandle,
}

impl<T> AbortOnDrop<T> {
    fn new(task: JoinHandle<T>) -> Self {
        let abort = task.abort_handle();
        Self { task, abort }
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.abort.abort();
    }
}
