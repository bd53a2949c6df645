//! Tells the database every few seconds that this executor lives and how busy it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::{Elapsed, WorkerId};
use store::{Heartbeat, Store, WorkerRole};
use tokio::time::MissedTickBehavior;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// Counts the runs under way.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<AtomicU32>);

/// One run under way, until this is dropped.
pub(crate) struct AtWork(Arc<AtomicU32>);

impl Busy {
    pub(crate) fn begin(&self) -> AtWork {
        self.0.fetch_add(1, Ordering::Relaxed);
        AtWork(Arc::clone(&self.0))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Beats for ever. While the database is away it is the queue that says so.
pub(crate) async fn run(store: Store, id: WorkerId, slots: usize, busy: Busy) {
    let host = runtime::machine::name();
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    let mut timer = tokio::time::interval(EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let beat = Heartbeat {
            id,
            role: WorkerRole::Executor,
            host: host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            slots,
            busy: busy.0.load(Ordering::Relaxed),
            ticks: 0,
            lag: Elapsed::ZERO,
        };
        if let Err(error) = store.heartbeat(beat).await {
            tracing::debug!(%error, "A heartbeat did not reach the database");
        }
    }
}
