//! What one transaction is to write, run by run.

use std::{collections::HashMap, sync::Arc, time::Instant};

use domain::{RunId, StepState};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{RunRecord, pending::Flush};
use crate::{Ending, lease::Lease};

/// Writes of many runs, in the order in which the runs came.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) runs: Vec<RunWrites>,
    places: HashMap<(RunId, i64), usize>,
}

/// What is to be written about one run.
pub(super) struct RunWrites {
    pub(super) record: Arc<RunRecord>,
    pub(super) steps: Vec<StepWrite>,
    pub(super) last: Option<Last>,
    /// Whoever waits until all of this is on the disk.
    pub(super) waiting: Vec<oneshot::Sender<()>>,
    /// Dropped when all of this is written or refused.
    pub(super) held: Option<Box<dyn Send + Sync>>,
    /// Dropped likewise.
    pub(super) flushes: Vec<Flush>,
    /// The room in the recorder that this takes.
    pub(super) size: u32,
    /// When this should be on its way.
    pub(super) due: Option<Instant>,
}

/// The last thing a worker writes about a run.
pub(super) enum Last {
    /// It is over.
    End(Ending),
    /// Another worker shall go on with it.
    HandBack,
}

/// One row of `steps`.
pub(super) struct StepWrite {
    pub(super) position: u32,
    pub(super) state: StepState,
    /// Microseconds since 1970.
    pub(super) started_at: Option<i64>,
    /// Microseconds.
    pub(super) duration: Option<i64>,
    pub(super) report: Option<String>,
    /// Not sealed yet.
    pub(super) progress: Option<Zeroizing<Vec<u8>>>,
}

impl Batch {
    /// The writes of a run, to add to.
    pub(super) fn of(&mut self, record: &Arc<RunRecord>) -> &mut RunWrites {
        let place = *self.places.entry(record.key()).or_insert_with(|| {
            self.runs.push(RunWrites::new(Arc::clone(record)));
            self.runs.len() - 1
        });
        &mut self.runs[place]
    }

    /// The writes of a run, if there are any.
    pub(super) fn get(&self, record: &RunRecord) -> Option<&RunWrites> {
        self.places.get(&record.key()).map(|place| &self.runs[*place])
    }

    /// Takes the writes of those runs out.
    pub(super) fn extract(&mut self, of: impl Fn(&RunWrites) -> bool) -> Vec<RunWrites> {
        let (taken, left) = std::mem::take(&mut self.runs).into_iter().partition(of);
        self.runs = left;
        self.places = (0..).zip(&self.runs).map(|(place, run)| (run.record.key(), place)).collect();
        taken
    }
}

impl RunWrites {
    fn new(record: Arc<RunRecord>) -> Self {
        Self {
            record,
            steps: Vec::new(),
            last: None,
            waiting: Vec::new(),
            held: None,
            flushes: Vec::new(),
            size: 0,
            due: None,
        }
    }

    /// A later write about the same step takes the place of an earlier one.
    pub(super) fn step(&mut self, write: StepWrite) {
        match self.steps.last_mut().filter(|step| step.position == write.position) {
            Some(step) => *step = write,
            None => self.steps.push(write),
        }
    }

    pub(super) fn due_by(&mut self, time: Instant) {
        self.due = Some(self.due.map_or(time, |due| due.min(time)));
    }

    /// Whether a run cannot go on before this is on the disk.
    pub(super) fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn lease(&self) -> &Lease {
        &self.record.lease
    }

    pub(super) fn ends(&self) -> bool {
        matches!(self.last, Some(Last::End(_)))
    }
}
