//! The due times of an interval, by arithmetic.

use jiff::Timestamp;

use super::Timing;
use crate::ScheduleId;

/// Everything in milliseconds.
pub(super) struct Every {
    interval: i64,
    jitter: i64,
    start: i64,
    seed: u64,
}

impl Every {
    pub(super) fn of(timing: &Timing, seed: ScheduleId) -> Option<Self> {
        let Timing::Every { interval, jitter, start } = timing else { return None };
        let millis = |interval: &super::Interval| i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let interval = millis(interval).max(1);
        let (high, low) = seed.0.as_u64_pair();
        Some(Self {
            interval,
            // A due time never reaches the next nominal one, so their order is the nominal order.
            jitter: millis(jitter).min(interval - 1) / 1000,
            start: start.as_millisecond(),
            seed: mix(high) ^ low,
        })
    }

    pub(super) fn first_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.due(self.numbered(after).map_or(0, |n| n + 1))
    }

    pub(super) fn last_until(&self, until: Timestamp) -> Option<Timestamp> {
        self.due(self.numbered(until)?)
    }

    pub(super) fn count(&self, from: Timestamp, to: Timestamp) -> u64 {
        let until = |end| self.numbered(end).map_or(0, |n| n + 1);
        u64::try_from(until(to) - until(from)).unwrap_or(0)
    }

    /// The number of the last due time up to this instant, counted from 0; `None` before the first.
    fn numbered(&self, until: Timestamp) -> Option<i64> {
        let until = until.as_nanosecond().div_euclid(1_000_000);
        let n = i64::try_from((until - i128::from(self.start)).div_euclid(i128::from(self.interval))).ok()?;
        if n < 0 {
            return None;
        }
        // The nominal time has passed; with its jitter it may still be to come.
        let n = if i128::from(self.millis(n)?) <= until { n } else { n - 1 };
        (n >= 0).then_some(n)
    }

    fn due(&self, n: i64) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.millis(n)?).ok()
    }

    fn millis(&self, n: i64) -> Option<i64> {
        let nominal = self.start.checked_add(self.interval.checked_mul(n)?)?;
        let spread = u64::try_from(self.jitter).ok()? + 1;
        let late = mix(self.seed ^ nominal.cast_unsigned()) % spread;
        nominal.checked_add(i64::try_from(late).ok()? * 1000)
    }
}

/// Spreads the bits of a number over all of it (the finalizer of splitmix64). What it gives must never
/// change: due times that are stored depend on it.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}
