//! The three ways to say when something is due, asked the same three questions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Cron, Interval, Zone, every};
use crate::ScheduleId;

/// Due times without a beginning, an end or a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// Local times in the schedule's zone.
    Cron(Cron),
    /// Again and again after the same time, whatever the clocks on the wall show.
    Every {
        /// From one nominal time to the next.
        interval: Interval,
        /// Each due time is up to this much later than the nominal one, by whole seconds; shorter than the interval.
        #[serde(default)]
        jitter: Interval,
        /// The first nominal time.
        start: Timestamp,
    },
    /// These instants, in order and each once.
    At(Vec<Timestamp>),
}

impl Timing {
    /// The first due time after this instant.
    pub(super) fn first_after(&self, zone: &Zone, seed: ScheduleId, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(cron) => instant(cron.first_after(zone.time_zone(), floor(after))?),
            Self::Every { .. } => every::Every::of(self, seed)?.first_after(after),
            Self::At(times) => times.get(times.partition_point(|time| *time <= after)).copied(),
        }
    }

    /// The last due time up to this instant.
    pub(super) fn last_until(&self, zone: &Zone, seed: ScheduleId, until: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(cron) => instant(cron.last_until(zone.time_zone(), floor(until))?),
            Self::Every { .. } => every::Every::of(self, seed)?.last_until(until),
            Self::At(times) => times[..times.partition_point(|time| *time <= until)].last().copied(),
        }
    }

    /// How many due times there are after `from` and up to `to`.
    pub(super) fn count(&self, zone: &Zone, seed: ScheduleId, from: Timestamp, to: Timestamp) -> u64 {
        match self {
            Self::Cron(cron) => cron.count(zone.time_zone(), floor(from), floor(to)),
            Self::Every { .. } => every::Every::of(self, seed).map_or(0, |every| every.count(from, to)),
            Self::At(times) => {
                let until = |end: Timestamp| times.partition_point(|time| *time <= end);
                until(to).saturating_sub(until(from)) as u64
            }
        }
    }
}

/// The last whole second up to this instant.
fn floor(instant: Timestamp) -> i64 {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

fn instant(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}
