//! When something is due: a timetable, and what becomes of due times.
//!
//! All of it is a function of what is passed in. Storing schedules and reading the clock belong to `store`
//! and the scheduler.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ScheduleId;

mod clock_change;
mod cron;
mod draft;
pub mod due;
mod every;
pub(crate) mod interval;
mod local_time;
mod policy;
mod sentence;
mod spacing;
mod tags;
mod timing;
mod zone;

pub use cron::{Cron, InvalidCron};
pub use draft::{FieldProblem, ScheduleDraft, unknown_variables};
pub use due::{Due, Fate, Occurrence, State, due};
pub use interval::{Interval, InvalidInterval};
pub use policy::{CatchUp, Overlap};
pub use tags::{InvalidTags, Tags};
pub use timing::Timing;
pub use zone::{UnknownZone, Zone};

/// When a schedule is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timetable {
    /// The times as such.
    pub timing: Timing,
    /// Where they are local times, and where they are shown.
    pub zone: Zone,
    /// Nothing is due before this instant; at it something may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// Nothing is due at this instant or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// How many times it is due in all, whatever becomes of them; `None` is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
}

/// A schedule somebody wrote down, with everything checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSchedule {
    /// What it is called: 1 to 120 characters on one line.
    pub name: String,
    /// When it is due.
    pub timetable: Timetable,
    /// What is made up for after an outage.
    pub catch_up: CatchUp,
    /// What happens if the run before has not finished.
    pub overlap: Overlap,
    /// By what it is paused and cleared together with others.
    pub tags: Tags,
    /// Values of the plan's variables for the runs of this schedule.
    pub variables: BTreeMap<String, String>,
}

impl Timetable {
    /// The first due time after this instant, if anything more comes. `fired` counts the due times that
    /// have been, towards `repeats`. Jitter depends on `seed` and the nominal time alone: whoever asks gets the
    /// same answer.
    #[must_use]
    pub fn next(&self, seed: ScheduleId, fired: u32, after: Timestamp) -> Option<Timestamp> {
        if self.repeats.is_some_and(|repeats| fired >= repeats) {
            return None;
        }
        self.first_after(seed, after)
    }

    /// The next `n` due times after this instant, fewer if no more come.
    #[must_use]
    pub fn upcoming(&self, seed: ScheduleId, fired: u32, after: Timestamp, n: usize) -> Vec<Timestamp> {
        let left = self.repeats.map_or(n, |repeats| n.min(repeats.saturating_sub(fired) as usize));
        std::iter::successors(self.first_after(seed, after), |at| self.first_after(seed, *at)).take(left).collect()
    }

    /// How many times it is due after `from` and up to `to`, jitter apart. The work does not grow with the
    /// number: a year takes microseconds.
    #[must_use]
    pub fn runs_within(&self, from: Timestamp, to: Timestamp) -> u64 {
        let count = self.count(ScheduleId(uuid::Uuid::nil()), from, to);
        self.repeats.map_or(count, |repeats| count.min(u64::from(repeats)))
    }

    /// The shortest time between two due times to come, also when clocks change; `None` if fewer than two come.
    /// Of an interval it is the interval itself, whatever its jitter.
    #[must_use]
    pub fn shortest_interval(&self, now: Timestamp) -> Option<Duration> {
        spacing::closest(self, now).map(|closest| closest.apart)
    }

    /// As [`Self::shortest_interval`], with where that is: words that go on behind it, none for an interval.
    pub(crate) fn closest(&self, now: Timestamp) -> Option<(Duration, String)> {
        spacing::closest(self, now).map(|closest| (closest.apart, closest.place(self)))
    }

    /// When it is due, in words: "Every weekday at 09:00, Europe/Berlin time". An expression nobody would say
    /// in a sentence stands as it is written.
    #[must_use]
    pub fn sentence(&self) -> String {
        sentence::of(self)
    }

    /// What the next change of the zone's clocks that touches it does to it, in one or two sentences; `None` if
    /// none of the coming year does.
    #[must_use]
    pub fn clock_change(&self, now: Timestamp) -> Option<String> {
        clock_change::of(self, now)
    }

    /// As [`Self::next`] without `repeats`.
    fn first_after(&self, seed: ScheduleId, after: Timestamp) -> Option<Timestamp> {
        let from = self.after.map_or(after, |first| after.max(just_before(first)));
        let next = self.timing.first_after(&self.zone, seed, from)?;
        self.before.is_none_or(|before| next < before).then_some(next)
    }

    /// The last due time up to this instant, without `repeats`.
    fn last_until(&self, seed: ScheduleId, until: Timestamp) -> Option<Timestamp> {
        let until = self.before.map_or(until, |before| until.min(just_before(before)));
        let last = self.timing.last_until(&self.zone, seed, until)?;
        self.after.is_none_or(|first| last >= first).then_some(last)
    }

    /// How many due times there are after `from` and up to `to`, without `repeats`.
    fn count(&self, seed: ScheduleId, from: Timestamp, to: Timestamp) -> u64 {
        let from = self.after.map_or(from, |first| from.max(just_before(first)));
        let to = self.before.map_or(to, |before| to.min(just_before(before)));
        if from >= to { 0 } else { self.timing.count(&self.zone, seed, from, to) }
    }
}

fn just_before(instant: Timestamp) -> Timestamp {
    instant.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests;
