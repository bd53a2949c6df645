//! How an organization's runs went over time: the question, and the bins of time that answer it.
//!
//! All of it is a function of what is passed in. Reading the runs belongs to `store`.

mod bin;
mod counting;
mod draft;
mod interval;

use std::ops::Range;

use jiff::Timestamp;

pub use self::{
    bin::{Bin, Durations},
    counting::{CountedRun, Counting, TooManyRuns},
    draft::StatisticsDraft,
    interval::BinInterval,
};
use crate::PlanId;

/// How many bins an answer has at most.
pub const MOST_BINS: usize = 1000;

/// What somebody wants to know, with everything checked: of some time within the years 1970 to 2999, in 1 to
/// [`MOST_BINS`] bins. A bin begins at a multiple of the interval since 1970 in UTC and is always whole, so that it
/// tells the same whatever else was asked for: the first one may begin before the time that was asked for,
/// and the last one may end after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatisticsQuestion {
    interval: BinInterval,
    /// How many intervals since 1970 come before the first bin.
    first: i64,
    bins: usize,
    plan: Option<PlanId>,
}

impl StatisticsQuestion {
    /// How long each bin is.
    #[must_use]
    pub fn interval(&self) -> BinInterval {
        self.interval
    }

    /// The plan whose runs are counted; none: those of the whole organization.
    #[must_use]
    pub fn plan(&self) -> Option<PlanId> {
        self.plan
    }

    /// From the beginning of the first bin to the end of the last, which is no longer part of it.
    #[must_use]
    pub fn time(&self) -> Range<Timestamp> {
        self.edge(0)..self.edge(self.bins)
    }

    /// The bins in their order. Each ends where the next one begins: an instant is in exactly one.
    pub fn bins(&self) -> impl ExactSizeIterator<Item = Range<Timestamp>> + use<> {
        let question = *self;
        (0..self.bins).map(move |place| question.edge(place)..question.edge(place + 1))
    }

    /// Which bin this instant is in, counted from 0.
    #[must_use]
    pub fn place_of(&self, at: Timestamp) -> Option<usize> {
        let place = self.interval.count_before(at) - self.first;
        usize::try_from(place).ok().filter(|place| *place < self.bins)
    }

    /// Where the bin of this place begins.
    fn edge(&self, place: usize) -> Timestamp {
        let place = i64::try_from(place).expect("there are a thousand bins at most");
        Timestamp::from_second((self.first + place) * self.interval.seconds())
            .expect("the year 3000, to which a question reaches, is not the end of time")
    }
}

#[cfg(test)]
mod tests;
