//! What waits to be written, and when its turn comes.
//!
//! Two lanes write side by side, so that what a run waits for never waits for what nobody waits for. A
//! run is in one lane at a time: what comes later about it stays here until what is under way is
//! settled, so that nothing overtakes anything of the same run.
//!
//! Nothing here waits or writes: times come in as arguments.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{RunId, StepState};
use tokio::sync::mpsc;

use super::{
    RunRecord,
    batch::{Batch, RunWrites, StepWrite},
};
use crate::Change;

#[cfg(test)]
mod tests;

/// How long a write that nobody waits for may wait for others to go with it.
const LINGER: Duration = Duration::from_millis(20);

/// The same for a write without which the loss of the worker would end the run.
const LINGER_BRIEFLY: Duration = Duration::from_millis(5);

/// A step that is still under way after this long is shown as running.
const SHOWN_AFTER: Duration = Duration::from_millis(100);

/// Who writes: each has one transaction under way at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// What runs wait for, together with all that came before it of the same runs.
    Awaited,
    /// Everything else; all there is, if it is the only lane.
    Rest,
}

/// How soon a write should be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    AtOnce,
    Soon,
    Sometime,
}

/// Told by being dropped: everything that held one is written or refused.
pub(super) type Flush = mpsc::Sender<Infallible>;

pub(super) struct Pending {
    /// The lane in which runs are written that somebody waits for.
    awaited: Lane,
    batch: Batch,
    /// The runs whose writes are under way in a lane.
    under_way: HashMap<(RunId, i64), Vec<Flush>>,
    /// Idempotent steps under way that the database does not know of yet, by run and fence.
    open: HashMap<(RunId, i64), Open>,
    /// Changes that are written but that nobody was told of, and when somebody should be.
    untold: Vec<Change>,
    told_by: Option<Instant>,
    /// The lanes look again by themselves at these times; none if they sleep until they are woken.
    looks_again: [Option<Instant>; 2],
    pub(super) closing: bool,
}

struct Open {
    record: Arc<RunRecord>,
    position: u32,
    started_at: i64,
    since: Instant,
}

/// Which lanes have to be woken to see a change in time.
#[must_use]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wake {
    pub(super) awaited: bool,
    pub(super) rest: bool,
}

/// What a lane is to do now.
pub(super) enum Next {
    /// Write this, and tell of these changes.
    Write(Vec<RunWrites>, Vec<Change>),
    /// Sleep until then, or until woken.
    Sleep(Option<Instant>),
    /// End.
    Close,
}

impl Pending {
    /// For both lanes if there is a lane for what is awaited, else for [`Lane::Rest`] alone.
    pub(super) fn new(awaited: Lane) -> Self {
        Self {
            awaited,
            batch: Batch::default(),
            under_way: HashMap::new(),
            open: HashMap::new(),
            untold: Vec::new(),
            told_by: None,
            looks_again: [None; 2],
            closing: false,
        }
    }

    /// Adds writes about a run.
    pub(super) fn add(
        &mut self,
        record: &Arc<RunRecord>,
        now: Instant,
        urgency: Urgency,
        change: impl FnOnce(&mut RunWrites),
    ) -> Wake {
        let run = self.batch.of(record);
        change(run);
        run.due_by(match urgency {
            Urgency::AtOnce => now,
            Urgency::Soon => now + LINGER_BRIEFLY,
            Urgency::Sometime => now + LINGER,
        });
        self.look(record)
    }

    /// A step has begun that may be repeated: it is shown only if it takes long.
    pub(super) fn opened(&mut self, record: &Arc<RunRecord>, position: u32, started_at: i64, now: Instant) -> Wake {
        self.open.insert(record.key(), Open { record: Arc::clone(record), position, started_at, since: now });
        self.look_by(Lane::Rest, now + SHOWN_AFTER)
    }

    /// The step that was opened last is over.
    pub(super) fn closed(&mut self, record: &RunRecord) {
        self.open.remove(&record.key());
    }

    /// Drops the last `done` when everything so far is written.
    pub(super) fn flush(&mut self, done: &Flush, now: Instant) -> Wake {
        self.under_way.values_mut().for_each(|flushes| flushes.push(done.clone()));
        for run in &mut self.batch.runs {
            run.flushes.push(done.clone());
            run.due_by(now);
        }
        let awaited = self.look_by(Lane::Awaited, now);
        awaited.and(self.look_by(Lane::Rest, now))
    }

    /// Ends both lanes once everything is written.
    pub(super) fn close(&mut self) -> Wake {
        self.closing = true;
        Wake { awaited: true, rest: true }
    }

    /// The writes of these runs that were under way are written or refused.
    pub(super) fn settled<'r>(&mut self, runs: impl Iterator<Item = &'r RunRecord>) -> Wake {
        let mut wake = Wake { awaited: false, rest: self.closing };
        for record in runs {
            self.under_way.remove(&record.key());
            wake = wake.and(self.look(record));
        }
        wake
    }

    /// These changes were written without anybody having been told.
    pub(super) fn tell(&mut self, changes: impl IntoIterator<Item = Change>, now: Instant) -> Wake {
        self.untold.extend(changes);
        if self.untold.is_empty() {
            return Wake::default();
        }
        let by = *self.told_by.get_or_insert(now + LINGER);
        self.look_by(Lane::Rest, by)
    }

    /// What a lane is to do at the time `now`.
    pub(super) fn next(&mut self, lane: Lane, now: Instant) -> Next {
        if lane == Lane::Rest {
            self.show_slow_steps(now);
        } else if self.closing {
            // The other one writes the rest.
            return Next::Close;
        }
        let due = self.due(lane);
        if self.closing || due.is_some_and(|due| due <= now) {
            let batch = self.take(lane);
            let untold = if lane == Lane::Rest { std::mem::take(&mut self.untold) } else { Vec::new() };
            if !batch.is_empty() || !untold.is_empty() {
                self.told_by = self.told_by.filter(|_| lane != Lane::Rest);
                // It looks again right after writing.
                self.looks_again[lane as usize] = Some(now);
                return Next::Write(batch, untold);
            }
            if self.closing && self.batch.runs.is_empty() && self.under_way.is_empty() {
                return Next::Close;
            }
        }
        let shown = self.open.values().filter(|_| lane == Lane::Rest).map(|open| open.since + SHOWN_AFTER).min();
        self.looks_again[lane as usize] = due.into_iter().chain(shown).min();
        Next::Sleep(self.looks_again[lane as usize])
    }

    /// When a lane must write what there is for it; none if there is nothing.
    fn due(&self, lane: Lane) -> Option<Instant> {
        let runs = self.batch.runs.iter().filter(|run| self.takes(lane, run)).filter_map(|run| run.due);
        runs.chain(self.told_by.filter(|_| lane == Lane::Rest)).min()
    }

    fn takes(&self, lane: Lane, run: &RunWrites) -> bool {
        (self.closing || lane == self.lane_of(run)) && !self.under_way.contains_key(&run.record.key())
    }

    fn lane_of(&self, run: &RunWrites) -> Lane {
        if run.is_awaited() { self.awaited } else { Lane::Rest }
    }

    fn take(&mut self, lane: Lane) -> Vec<RunWrites> {
        let mut batch = std::mem::take(&mut self.batch);
        let taken = batch.extract(|run| self.takes(lane, run));
        self.batch = batch;
        self.under_way.extend(taken.iter().map(|run| (run.record.key(), Vec::new())));
        taken
    }

    fn show_slow_steps(&mut self, now: Instant) {
        let slow: Vec<Open> =
            self.open.extract_if(|_, open| open.since + SHOWN_AFTER <= now).map(|(_, open)| open).collect();
        for Open { record, position, started_at, .. } in slow {
            let run = self.batch.of(&record);
            run.step(StepWrite::running(position, started_at));
            run.due_by(now);
        }
    }

    /// Has its lane look at what waits of a run in time.
    fn look(&mut self, record: &RunRecord) -> Wake {
        let Some(run) = self.batch.get(record) else { return Wake::default() };
        // What has to wait until an earlier write of its run is settled is looked at then.
        match run.due {
            Some(due) if !self.under_way.contains_key(&record.key()) => self.look_by(self.lane_of(run), due),
            _ => Wake::default(),
        }
    }

    /// Has a lane look at this time, or earlier.
    fn look_by(&mut self, lane: Lane, time: Instant) -> Wake {
        let looks_again = &mut self.looks_again[lane as usize];
        if looks_again.is_some_and(|looks| looks <= time) {
            return Wake::default();
        }
        *looks_again = Some(time);
        Wake { awaited: lane == Lane::Awaited, rest: lane == Lane::Rest }
    }
}

impl Wake {
    pub(super) fn and(self, other: Self) -> Self {
        Self { awaited: self.awaited || other.awaited, rest: self.rest || other.rest }
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
