//! What is told of one bin.

use jiff::Timestamp;

use crate::Elapsed;

/// The runs that were queued in a bin of time, as they stand now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant of the next one.
    pub end: Timestamp,
    /// How many passed, slow or not.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// Of how many we could not tell.
    pub errored: u64,
    /// How many were stopped by somebody.
    pub cancelled: u64,
    /// How many a limit or a restriction did not let start.
    pub refused: u64,
    /// How many found the previous run of their schedule still going.
    pub skipped: u64,
    /// How many are not over: they wait or are under way.
    pub open: u64,
    /// How many were slower than they may be.
    pub slow: u64,
    /// How long those took that passed or failed; none if there were none.
    pub durations: Option<Durations>,
}

/// How long the runs of a bin took, from start to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durations {
    /// Half of them took this long or less: the shortest one for which that is so.
    pub p50: Elapsed,
    /// 95 % of them took this long or less.
    pub p95: Elapsed,
    /// The longest.
    pub max: Elapsed,
}

impl Bin {
    /// All runs that were queued in it.
    #[must_use]
    pub fn runs(&self) -> u64 {
        let over = self.passed + self.failed + self.errored + self.cancelled + self.refused + self.skipped;
        over + self.open
    }

    /// The part of the runs with a verdict that passed, from 0 to 1; none if there is none. A failed run had its
    /// verdict, and an errored one might have: nobody could tell that all was well.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn availability(&self) -> Option<f64> {
        let all = self.passed + self.failed + self.errored;
        (all > 0).then(|| self.passed as f64 / all as f64)
    }
}

impl Durations {
    /// Of these, whose order changes; none if there are none.
    pub(super) fn of(durations: &mut [Elapsed]) -> Option<Self> {
        let max = durations.iter().max().copied()?;
        Some(Self { p50: percentile(durations, 50), p95: percentile(durations, 95), max })
    }
}

/// The shortest of some durations such that so many percent of them are not longer.
fn percentile(durations: &mut [Elapsed], percent: usize) -> Elapsed {
    let rank = (durations.len() * percent).div_ceil(100);
    *durations.select_nth_unstable(rank.saturating_sub(1)).1
}
