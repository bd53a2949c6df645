//! The leases this process holds: renewed together while anybody holds them, and the way on which a run
//! learns that it must stop.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::RunId;
use store::{Lease, Renewal, Store};
use tokio_util::sync::CancellationToken;

/// Why a run must stop before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody wants it stopped: it ends as canceled.
    Cancelled,
    /// Somebody else has it, or it is gone: write nothing more.
    Lost,
    /// The process is ending: hand it back.
    Draining,
}

/// A lease that is renewed until this is dropped.
pub struct Held {
    leases: Arc<Leases>,
    entry: Entry,
}

#[derive(Clone)]
struct Entry {
    lease: Lease,
    /// Local time, a little before the database's.
    claimed: Instant,
    /// The parent of `stop`, as whoever has lost the run must stop.
    lost: CancellationToken,
    stop: CancellationToken,
    cancelled: Arc<AtomicBool>,
}

impl Held {
    /// The lease itself.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.entry.lease
    }

    /// How long ago the run was claimed.
    pub(crate) fn age(&self) -> Duration {
        self.entry.claimed.elapsed()
    }

    /// Cancelled when the run must stop at once, whatever the reason.
    #[must_use]
    pub fn stop(&self) -> CancellationToken {
        self.entry.stop.clone()
    }

    /// To be cancelled by whoever learns that the lease is lost.
    #[must_use]
    pub fn lost(&self) -> CancellationToken {
        self.entry.lost.clone()
    }

    /// Why the run must stop, as far as is known now. Draining is told before it stops anything: a run
    /// should not begin another step then.
    #[must_use]
    pub fn reason(&self) -> Option<Stop> {
        if self.entry.lost.is_cancelled() {
            Some(Stop::Lost)
        } else if self.entry.cancelled.load(Ordering::Acquire) {
            Some(Stop::Cancelled)
        } else if self.leases.draining.is_cancelled() {
            Some(Stop::Draining)
        } else {
            None
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.leases.held();
        // The same run may be held again by now, under a newer lease.
        if held.get(&self.entry.lease.run).is_some_and(|entry| entry.lease == self.entry.lease) {
            held.remove(&self.entry.lease.run);
        }
    }
}

/// All leases of this process.
pub(crate) struct Leases {
    store: Store,
    lasts: Duration,
    held: Mutex<HashMap<RunId, Entry>>,
    /// Once this is cancelled no run begins another step.
    draining: CancellationToken,
}

impl Leases {
    pub(crate) fn new(store: Store, lasts: Duration, draining: CancellationToken) -> Arc<Self> {
        Arc::new(Self { store, lasts, held: Mutex::default(), draining })
    }

    /// Holds a lease that was claimed at `claimed` or later.
    pub(crate) fn hold(self: &Arc<Self>, lease: Lease, claimed: Instant) -> Held {
        let lost = CancellationToken::new();
        let stop = lost.child_token();
        let entry = Entry { lease, claimed, lost, stop, cancelled: Arc::default() };
        self.held().insert(lease.run, entry.clone());
        Held { leases: Arc::clone(self), entry }
    }

    /// Stops a run because somebody wants it.
    pub(crate) fn cancel(&self, run: RunId) {
        if let Some(entry) = self.held().get(&run) {
            entry.cancelled.store(true, Ordering::Release);
            entry.stop.cancel();
        }
    }

    /// A run is over or was deleted. If we still hold it, it was not us who ended it, or it was a moment ago.
    pub(crate) fn gone(&self, run: RunId) {
        if let Some(entry) = self.held().get(&run) {
            entry.lost.cancel();
        }
    }

    /// Stops every run in the middle of its step.
    pub(crate) fn stop_all(&self) {
        self.held().values().for_each(|entry| entry.stop.cancel());
    }

    /// Renews what is held for longer than a moment, three times while a lease lasts. Ends never.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut tick = tokio::time::interval((self.lasts / 3).max(Duration::from_millis(10)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.renew().await {
                tracing::warn!(%error, "Leases could not be renewed; it is tried again");
            }
        }
    }

    /// Renews the leases that have been held for a while. A run that is short never needs it.
    pub(crate) async fn renew(&self) -> Result<(), store::Error> {
        let old = self.lasts / 4;
        let leases: Vec<Lease> =
            self.held().values().filter(|entry| entry.claimed.elapsed() > old).map(|entry| entry.lease).collect();
        if leases.is_empty() {
            return Ok(());
        }
        let renewals = self.store.renew(leases.clone(), self.lasts).await?;
        for (lease, renewal) in leases.iter().zip(renewals) {
            match renewal {
                Renewal::Renewed => {}
                Renewal::Cancelling => self.cancel(lease.run),
                Renewal::Lost => {
                    // Also the answer for a run whose end was written a moment ago.
                    if let Some(entry) = self.held().get(&lease.run).filter(|entry| entry.lease == *lease) {
                        entry.lost.cancel();
                    }
                }
            }
        }
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<RunId, Entry>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
