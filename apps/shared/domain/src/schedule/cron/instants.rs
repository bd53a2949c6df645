//! Which instants the local times of an expression are in a zone, also when its clocks change.
//!
//! An instant is counted in seconds from 1970-01-01T00:00Z.

use jiff::{Timestamp, tz::TimeZone};

use super::Cron;

/// A time during which a zone keeps its offset from UTC.
struct Stretch {
    offset: i64,
    /// The instant at which it begins, and the offset before.
    start: Option<(i64, i64)>,
    /// The instant at which it is over.
    end: Option<i64>,
}

/// No change of the clocks shifts the local time by more. Further away from one, a search may leap: what it
/// skips or repeats are local times that have been looked at.
const WIDEST: i64 = 2 * 86_400;

impl Stretch {
    /// The one that contains this instant; `None` beyond the time we can count.
    fn around(zone: &TimeZone, at: i64) -> Option<Self> {
        let now = Timestamp::from_second(at).ok()?;
        let offset = |at| i64::from(zone.to_offset(at).seconds());
        let start =
            Timestamp::from_second(at + 1).ok().and_then(|next| zone.preceding(next).next()).and_then(|change| {
                let start = change.timestamp().as_second();
                Some((start, offset(Timestamp::from_second(start - 1).ok()?)))
            });
        let end = zone.following(now).next().map(|change| change.timestamp().as_second());
        Some(Self { offset: offset(now), start, end })
    }

    /// The local time at which the clock stood when it jumped to this stretch, if it jumped.
    fn skipped(&self) -> Option<(i64, std::ops::Range<i64>)> {
        let (start, before) = self.start?;
        (before < self.offset).then(|| (start, start + before..start + self.offset))
    }

    /// The first local time of this stretch that did not come before it.
    fn first_new(&self) -> Option<i64> {
        self.start.map(|(start, before)| start + before.max(self.offset))
    }
}

impl Cron {
    /// The first instant after this one.
    pub(crate) fn first_after(&self, zone: &TimeZone, after: i64) -> Option<i64> {
        let mut at = after.checked_add(1)?;
        loop {
            let stretch = Stretch::around(zone, at)?;
            let mut from = at + stretch.offset;
            if !self.wild {
                if let Some((start, skipped)) = stretch.skipped()
                    && start == at
                    && self.next_local(skipped.start).is_some_and(|time| time < skipped.end)
                {
                    return Some(start);
                }
                from = from.max(stretch.first_new().unwrap_or(from));
            }
            let found = self.next_local(from)? - stretch.offset;
            match stretch.end {
                Some(end) if found >= end => at = if end - at > WIDEST { end.max(found - WIDEST) } else { end },
                _ => return Timestamp::from_second(found).is_ok().then_some(found),
            }
        }
    }

    /// The last instant up to this one.
    pub(crate) fn last_until(&self, zone: &TimeZone, until: i64) -> Option<i64> {
        let mut at = until;
        loop {
            let stretch = Stretch::around(zone, at)?;
            let found = self.last_local(at + stretch.offset)?;
            let Some((start, _)) = stretch.start else { return Some(found - stretch.offset) };
            let first = if self.wild { Some(start + stretch.offset) } else { stretch.first_new() };
            if first.is_none_or(|first| found >= first) {
                return Some(found - stretch.offset);
            }
            if !self.wild
                && let Some((start, skipped)) = stretch.skipped()
                && self.last_local(skipped.end - 1).is_some_and(|time| time >= skipped.start)
            {
                return Some(start);
            }
            at = if at - start > WIDEST { (start - 1).min(found - stretch.offset + WIDEST) } else { start - 1 };
        }
    }

    /// How many instants there are after `after` and up to `until`.
    pub(crate) fn count(&self, zone: &TimeZone, after: i64, until: i64) -> u64 {
        let (mut at, mut count) = (after.saturating_add(1), 0);
        while at <= until {
            let Some(stretch) = Stretch::around(zone, at) else { break };
            let mut from = at + stretch.offset;
            if !self.wild {
                if let Some((start, skipped)) = stretch.skipped()
                    && start == at
                    && self.count_local(skipped.start, skipped.end) > 0
                    && self.count_local(skipped.end, skipped.end + 1) == 0
                {
                    count += 1;
                }
                from = from.max(stretch.first_new().unwrap_or(from));
            }
            let end = stretch.end.map_or(until + 1, |end| end.min(until + 1));
            count += self.count_local(from, end + stretch.offset);
            at = end;
        }
        count
    }
}
