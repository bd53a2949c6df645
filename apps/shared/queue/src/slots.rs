//! How many runs this process may have claimed: those being executed, and while runs are short some
//! ahead, so that nobody waits for the next claim and a claim is worth its transaction.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// Runs that take less than this are claimed ahead.
const SHORT: Duration = Duration::from_millis(50);

/// What runs are taken to need, in microseconds, until some have shown that they are short; and the most
/// that one run counts for, so that a few short ones outweigh a long one.
const LONG: u64 = 400_000;

/// How many times the slots are claimed ahead, at least and at most. In between as many as get their turn
/// within the horizon, so that runs that take next to nothing are not held up by their claims.
const AHEAD: usize = 2;
const MOST_AHEAD: usize = 8;
const HORIZON: Duration = Duration::from_millis(10);

/// Counts what is claimed.
pub(crate) struct Slots {
    concurrency: usize,
    taken: AtomicUsize,
    /// A moving average of how long runs take, in microseconds.
    average: AtomicU64,
    freed: Notify,
}

/// One claimed run's place; free again when this is dropped.
pub(crate) struct Slot {
    slots: Arc<Slots>,
    began: Option<Instant>,
}

impl Slots {
    pub(crate) fn new(concurrency: usize) -> Arc<Self> {
        let slots = Self { concurrency, taken: AtomicUsize::new(0), average: AtomicU64::new(0), freed: Notify::new() };
        slots.expect_long();
        Arc::new(slots)
    }

    /// Forgets how short runs were: what was claimed ahead has waited too long.
    pub(crate) fn expect_long(&self) {
        self.average.store(LONG, Ordering::Relaxed);
    }

    /// How many runs to claim now; 0 if it is not worth while yet.
    pub(crate) fn wanted(&self) -> usize {
        let ahead = self.ahead();
        let free = (self.concurrency + ahead).saturating_sub(self.taken.load(Ordering::Acquire));
        // While a few are ahead, several at a time: a claim costs a transaction.
        if free <= ahead / 2 { 0 } else { free }
    }

    fn ahead(&self) -> usize {
        let average = Duration::from_micros(self.average.load(Ordering::Relaxed));
        if average >= SHORT {
            return 0;
        }
        let turns = HORIZON.as_micros() / average.as_micros().max(1);
        self.concurrency * usize::try_from(turns).unwrap_or(MOST_AHEAD).clamp(AHEAD, MOST_AHEAD)
    }

    /// Waits until a slot is given back.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    pub(crate) fn take(self: &Arc<Self>) -> Slot {
        self.taken.fetch_add(1, Ordering::AcqRel);
        Slot { slots: Arc::clone(self), began: None }
    }
}

impl Slot {
    /// The run begins now.
    pub(crate) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let slots = &self.slots;
        if let Some(began) = self.began {
            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX).min(LONG);
            let average = slots.average.load(Ordering::Relaxed);
            // Two at once may lose one of their samples, which an average does not mind.
            slots.average.store(average - average / 8 + took / 8, Ordering::Relaxed);
        }
        slots.taken.fetch_sub(1, Ordering::AcqRel);
        if slots.wanted() > 0 {
            slots.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_are_never_claimed_ahead() {
        let slots = Slots::new(2);
        assert_eq!(slots.wanted(), 2);
        let held = [slots.take(), slots.take()];
        assert_eq!(slots.wanted(), 0);
        drop(held);
        assert_eq!(slots.wanted(), 2);
    }

    #[test]
    fn short_runs_are_claimed_ahead_several_at_a_time() {
        let slots = Slots::new(4);
        slots.average.store(20_000, Ordering::Relaxed);
        assert_eq!(slots.wanted(), 4 + 4 * AHEAD);
        let mut held: Vec<_> = (0..slots.wanted()).map(|_| slots.take()).collect();
        assert_eq!(slots.wanted(), 0);
        held.truncate(9);
        assert_eq!(slots.wanted(), 0, "three free slots are not worth a transaction");
        held.truncate(7);
        assert_eq!(slots.wanted(), 5);
        slots.expect_long();
        assert_eq!(slots.wanted(), 0);
    }

    #[test]
    fn runs_that_take_next_to_nothing_are_claimed_further_ahead() {
        let slots = Slots::new(4);
        let ahead = |average| {
            slots.average.store(average, Ordering::Relaxed);
            slots.wanted() - 4
        };
        assert_eq!(ahead(2_000), 4 * 5);
        assert_eq!(ahead(0), 4 * MOST_AHEAD);
        assert_eq!(ahead(49_999), 4 * AHEAD);
        assert_eq!(ahead(50_000), 0);
    }

    #[test]
    fn a_few_runs_show_that_all_are_short() {
        let slots = Slots::new(4);
        for _ in 0..200 {
            slots.take().begin();
            let mut slot = slots.take();
            slot.begin();
        }
        assert_eq!(slots.wanted(), 4 + 4 * MOST_AHEAD);
    }
}
