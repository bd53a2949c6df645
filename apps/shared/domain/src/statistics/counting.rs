//! Counting runs into bins.

use jiff::Timestamp;

use super::{Bin, Durations, StatisticsQuestion};
use crate::{Elapsed, RunState};

/// What counts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedRun {
    /// By this it belongs to its bin.
    pub queued_at: Timestamp,
    /// Where it stands.
    pub state: RunState,
    /// Slower than it may be.
    pub slow: bool,
    /// From its start to its end; none before.
    pub duration: Option<Elapsed>,
}

/// Bins that runs are counted into, in any order. Its memory is that of the bins and of eight bytes for each run with
/// a duration, or twice as much while it grows.
#[derive(Clone, Debug)]
pub struct Counting {
    question: StatisticsQuestion,
    bins: Vec<Bin>,
    /// Of the runs that passed or failed, for each bin.
    durations: Vec<Vec<Elapsed>>,
    counted: usize,
    most: usize,
}

/// There are more runs than may be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("More than {0} runs were queued in this time, too many to count at once. Ask for less time, or for one plan.")]
pub struct TooManyRuns(pub usize);

impl Counting {
    /// Empty bins, for at most so many runs.
    #[must_use]
    pub fn of(question: &StatisticsQuestion, most: usize) -> Self {
        let bin = |time: std::ops::Range<Timestamp>| Bin {
            start: time.start,
            end: time.end,
            passed: 0,
            failed: 0,
            errored: 0,
            cancelled: 0,
            refused: 0,
            skipped: 0,
            open: 0,
            slow: 0,
            durations: None,
        };
        let bins: Vec<Bin> = question.bins().map(bin).collect();
        let durations = vec![Vec::new(); bins.len()];
        Self { question: *question, bins, durations, counted: 0, most }
    }

    /// Counts a run; one that was queued at another time belongs to no bin.
    ///
    /// # Errors
    /// If it is one too many.
    pub fn add(&mut self, run: CountedRun) -> Result<(), TooManyRuns> {
        let Some(place) = self.question.place_of(run.queued_at) else { return Ok(()) };
        if self.counted == self.most {
            return Err(TooManyRuns(self.most));
        }
        self.counted += 1;
        let bin = &mut self.bins[place];
        match run.state {
            RunState::Passed => bin.passed += 1,
            RunState::Failed => bin.failed += 1,
            RunState::Errored => bin.errored += 1,
            RunState::Cancelled => bin.cancelled += 1,
            RunState::Refused => bin.refused += 1,
            RunState::Skipped => bin.skipped += 1,
            RunState::Queued | RunState::Running | RunState::Paused | RunState::ActionNeeded => bin.open += 1,
        }
        bin.slow += u64::from(run.slow);
        if matches!(run.state, RunState::Passed | RunState::Failed) {
            self.durations[place].extend(run.duration);
        }
        Ok(())
    }

    /// The bins in their order, the empty ones among them.
    #[must_use]
    pub fn bins(self) -> Vec<Bin> {
        let mut bins = self.bins;
        for (bin, mut durations) in bins.iter_mut().zip(self.durations) {
            bin.durations = Durations::of(&mut durations);
        }
        bins
    }
}
