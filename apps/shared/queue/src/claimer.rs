//! Keeps as many runs claimed as there are slots for: wakes on the change feed, polls as a fallback, and
//! tries again by itself when the database fails.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use store::{Claimed, Claims, Recorder};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{buffer::Buffer, held_back::HeldBack, lease::Leases, slots::Slots, worker::Job};

/// The first pause after a failure; doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long a run that was claimed ahead may wait for a slot.
const STALE: Duration = Duration::from_secs(1);

/// After a claim that brought nothing, how long another end of a run waits until it is looked whether
/// something may go now: a limit that holds does not cost a transaction for each run that ends.
const BREATH: Duration = Duration::from_millis(20);

#[derive(Clone)]
pub(crate) struct Claimer {
    pub(crate) claims: Claims,
    pub(crate) recorder: Recorder,
    pub(crate) leases: Arc<Leases>,
    pub(crate) slots: Arc<Slots>,
    /// Somebody queued a run.
    pub(crate) queued: Arc<Notify>,
    /// What may go once another run ends.
    pub(crate) held_back: Arc<HeldBack>,
    /// How often to look without having heard of a run.
    pub(crate) poll: Duration,
}

impl Claimer {
    /// Claims until `stop`; then closes the buffer and hands back what nobody has begun.
    pub(crate) async fn run(&self, buffer: &Buffer, stop: &CancellationToken) {
        let mut pause = PAUSE;
        while !stop.is_cancelled() {
            self.give_up_stale(buffer).await;
            let wanted = self.slots.wanted();
            if wanted == 0 {
                stop.run_until_cancelled(tokio::time::timeout(STALE, self.slots.freed())).await;
                continue;
            }
            let before = Instant::now();
            self.held_back.claiming();
            // Not given up halfway: what it claims must be begun or handed back.
            match self.claims.claim(wanted).await {
                Ok(Claimed { runs, held_back, more }) => {
                    pause = PAUSE;
                    self.held_back.claimed(held_back, more);
                    let (in_vain, all) = (runs.is_empty(), runs.len() < wanted && !more);
                    let jobs = runs.into_iter().map(|run| Job::new(run, &self.leases, &self.slots, before)).collect();
                    if let Err(jobs) = buffer.put(jobs) {
                        self.hand_back(jobs).await;
                    }
                    if all {
                        // Nothing else was due: wait until something is.
                        stop.run_until_cancelled(self.wait(in_vain)).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "No runs can be claimed; it is tried again");
                    stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        self.hand_back(buffer.close()).await;
    }

    /// Waits until there may be a run to claim.
    async fn wait(&self, in_vain: bool) {
        let held_back = async {
            self.held_back.may_go().await;
            if in_vain {
                tokio::time::sleep(BREATH).await;
            }
        };
        tokio::select! {
            () = self.queued.notified() => {}
            () = held_back => {}
            () = tokio::time::sleep(self.poll) => {}
        }
    }

    /// What was claimed ahead because runs were short, and does not get its turn because they no longer
    /// are, goes to whoever has a free slot.
    async fn give_up_stale(&self, buffer: &Buffer) {
        let stale = buffer.take_stale(STALE);
        if !stale.is_empty() {
            self.slots.expect_long();
            self.hand_back(stale).await;
        }
    }

    async fn hand_back(&self, jobs: Vec<Job>) {
        for Job { run, held, .. } in jobs {
            // Whoever has the run by now goes on with it.
            let _ = self.recorder.run(run.lease, held.lost()).hand_back(held).await;
        }
    }
}
