//! What waits to be written, and when its turn comes.
//!
//! Nothing here waits or writes: times come in as arguments.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{RunId, StepState};
use tokio::sync::oneshot;

use super::{
    RunRecord,
    batch::{Batch, RunWrites, StepWrite},
};

/// How long a write that nobody waits for may wait for others to go with it.
const LINGER: Duration = Duration::from_millis(20);

/// A step that is still under way after this long is shown as running.
const SHOWN_AFTER: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct Pending {
    batch: Batch,
    /// When the batch must be written; none if it is empty.
    due: Option<Instant>,
    /// Idempotent steps under way that the database does not know of yet, by run and fence.
    open: HashMap<(RunId, i64), Open>,
    /// Whoever waits until everything so far is written.
    flushes: Vec<oneshot::Sender<()>>,
    /// The recorder looks again by itself at this time; none if it sleeps until it is woken.
    looks_again: Option<Instant>,
    pub(super) closing: bool,
}

struct Open {
    record: Arc<RunRecord>,
    position: u32,
    started_at: i64,
    since: Instant,
}

/// Whether the recorder has to be woken to see a change in time.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    Yes,
    No,
}

/// What the recorder is to do now.
pub(super) enum Next {
    /// Write this, and then tell these.
    Write(Vec<RunWrites>, Vec<oneshot::Sender<()>>),
    /// Sleep until then, or until woken.
    Sleep(Option<Instant>),
    /// End.
    Close,
}

impl Pending {
    /// Adds writes about a run. What is `urgent` is written as soon as the recorder is free.
    pub(super) fn add(
        &mut self,
        record: &Arc<RunRecord>,
        now: Instant,
        urgent: bool,
        change: impl FnOnce(&mut RunWrites),
    ) -> Wake {
        change(self.batch.of(record));
        self.due_by(if urgent { now } else { now + LINGER })
    }

    /// A step has begun that may be repeated: it is shown only if it takes long.
    pub(super) fn opened(&mut self, record: &Arc<RunRecord>, position: u32, started_at: i64, now: Instant) -> Wake {
        let key = (record.lease.run, record.lease.fence);
        self.open.insert(key, Open { record: Arc::clone(record), position, started_at, since: now });
        self.look_by(now + SHOWN_AFTER)
    }

    /// The step that was opened last is over.
    pub(super) fn closed(&mut self, record: &RunRecord) {
        self.open.remove(&(record.lease.run, record.lease.fence));
    }

    /// Tells `done` when everything so far is written.
    pub(super) fn flush(&mut self, done: oneshot::Sender<()>, now: Instant) -> Wake {
        self.flushes.push(done);
        self.due_by(now)
    }

    /// What to do at the time `now`.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        self.show_slow_steps(now);
        if self.closing || self.due.is_some_and(|due| due <= now) {
            if self.closing && self.batch.runs.is_empty() && self.flushes.is_empty() {
                return Next::Close;
            }
            self.due = None;
            // It looks again right after writing.
            self.looks_again = Some(now);
            return Next::Write(std::mem::take(&mut self.batch).runs, std::mem::take(&mut self.flushes));
        }
        let shown = self.open.values().map(|open| open.since + SHOWN_AFTER).min();
        self.looks_again = self.due.into_iter().chain(shown).min();
        Next::Sleep(self.looks_again)
    }

    fn show_slow_steps(&mut self, now: Instant) {
        let slow: Vec<Open> =
            self.open.extract_if(|_, open| open.since + SHOWN_AFTER <= now).map(|(_, open)| open).collect();
        for Open { record, position, started_at, .. } in slow {
            self.batch.of(&record).step(StepWrite::running(position, started_at));
            self.due = Some(now);
        }
    }

    fn due_by(&mut self, time: Instant) -> Wake {
        self.due = Some(self.due.map_or(time, |due| due.min(time)));
        self.look_by(time)
    }

    fn look_by(&mut self, time: Instant) -> Wake {
        if self.looks_again.is_some_and(|looks| looks <= time) {
            return Wake::No;
        }
        self.looks_again = Some(time);
        Wake::Yes
    }
}

impl StepWrite {
    /// A step under way.
    pub(super) fn running(position: u32, started_at: i64) -> Self {
        Self {
            position,
            state: StepState::Running,
            started_at: Some(started_at),
            duration: None,
            report: None,
            progress: None,
        }
    }
}
