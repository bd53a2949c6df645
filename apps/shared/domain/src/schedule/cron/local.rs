//! Which local times an expression names, as if clocks never changed.
//!
//! A local time is counted in seconds from 1970-01-01T00:00 on the wall.

use super::Cron;

const DAY: i64 = 86_400;

impl Cron {
    /// The first local time from `from` on.
    pub(in crate::schedule) fn next_local(&self, from: i64) -> Option<i64> {
        let minute = from.checked_add(59)?.div_euclid(60);
        let (day, minute) = (minute.div_euclid(1440), minute.rem_euclid(1440));
        if self.days.contains(day)
            && let Some(time) = self.next_time(minute)
        {
            return Some(day * DAY + time * 60);
        }
        let day = self.days.next(day + 1)?;
        Some(day * DAY + self.next_time(0)? * 60)
    }

    /// The last local time up to `until`.
    pub(super) fn last_local(&self, until: i64) -> Option<i64> {
        let minute = until.div_euclid(60);
        let (day, minute) = (minute.div_euclid(1440), minute.rem_euclid(1440));
        if self.days.contains(day)
            && let Some(time) = self.last_time(minute)
        {
            return Some(day * DAY + time * 60);
        }
        let day = self.days.last(day - 1)?;
        Some(day * DAY + self.last_time(1439)? * 60)
    }

    /// How many local times there are from `from` up to and without `end`.
    pub(in crate::schedule) fn count_local(&self, from: i64, end: i64) -> u64 {
        if from >= end {
            return 0;
        }
        let minute = |second: i64| second.saturating_add(59).div_euclid(60);
        let (from, end) = (minute(from), minute(end));
        let ((first, from), (last, end)) =
            ((from.div_euclid(1440), from.rem_euclid(1440)), (end.div_euclid(1440), end.rem_euclid(1440)));
        let before = |day, minute| if self.days.contains(day) { self.times_before(minute) } else { 0 };
        (self.days.count(first, last) * self.times_before(1440) + before(last, end)).saturating_sub(before(first, from))
    }

    /// The first time of the day from this minute on, in minutes.
    fn next_time(&self, minute: i64) -> Option<i64> {
        let (hour, rest) = (minute / 60, minute % 60);
        let later = self.minutes >> rest;
        if later != 0 && self.hours >> hour & 1 == 1 {
            return Some(minute + i64::from(later.trailing_zeros()));
        }
        let hours = self.hours & u32::MAX.checked_shl(u32::try_from(hour + 1).ok()?)?;
        (hours != 0).then(|| i64::from(hours.trailing_zeros()) * 60 + i64::from(self.minutes.trailing_zeros()))
    }

    /// The last time of the day up to this minute, in minutes.
    fn last_time(&self, minute: i64) -> Option<i64> {
        let highest = |bits: u64| bits.checked_ilog2().map(i64::from);
        let (hour, rest) = (minute / 60, minute % 60);
        if self.hours >> hour & 1 == 1
            && let Some(minute) = highest(self.minutes & (u64::MAX >> (63 - rest)))
        {
            return Some(hour * 60 + minute);
        }
        let hour = highest(u64::from(self.hours) & !(u64::MAX << hour))?;
        Some(hour * 60 + highest(self.minutes)?)
    }

    /// How many times of the day come before this minute.
    fn times_before(&self, minute: i64) -> u64 {
        let (hour, rest) = (minute / 60, minute % 60);
        let ones = |bits: u64| u64::from(bits.count_ones());
        let below = |bits: u64, end: i64| ones(bits & !(u64::MAX << end));
        let in_hour = if self.hours.checked_shr(u32::try_from(hour).unwrap_or(31)).unwrap_or(0) & 1 == 1 {
            below(self.minutes, rest)
        } else {
            0
        };
        below(u64::from(self.hours), hour) * ones(self.minutes) + in_hour
    }
}
