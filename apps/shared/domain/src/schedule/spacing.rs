//! How close together the due times of a timetable come.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Timetable, Timing, local_time};
use crate::ScheduleId;

/// Two due times with none between them.
pub(super) struct Closest {
    pub(super) first: Timestamp,
    pub(super) apart: Duration,
}

impl Closest {
    /// Where in a timetable that is, to be read behind "10 m apart".
    pub(super) fn place(&self, timetable: &Timetable) -> String {
        match timetable.timing {
            Timing::Every { .. } => String::new(),
            _ => format!(", the first time from {}", local_time::words(self.first, &timetable.zone)),
        }
    }
}

/// No two times of a cron expression are closer.
const MINUTE: Duration = Duration::from_secs(60);

/// How many of the coming times of an expression are looked at: a day of them each minute and some more.
const MOST: usize = 1500;

/// How far the coming times of an expression are looked at: past the next two of February 29.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * (9 * 366));

/// Around a change of the clocks all times are looked at.
const AROUND: SignedDuration = SignedDuration::from_hours(50);

pub(super) fn closest(timetable: &Timetable, now: Timestamp) -> Option<Closest> {
    let seed = ScheduleId(uuid::Uuid::nil());
    let mut closest: Option<Closest> = None;
    match &timetable.timing {
        Timing::Every { interval, .. } => {
            let two = timetable.upcoming(seed, 0, now, 2);
            if let [first, _] = two[..] {
                closest = Some(Closest { first, apart: (*interval).into() });
            }
        }
        Timing::At(_) => walk(timetable, now, Timestamp::MAX, usize::MAX, &mut closest),
        Timing::Cron(_) => {
            let from = timetable.after.map_or(now, |after| now.max(after));
            let add = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
            walk(timetable, from, add(from, HORIZON), MOST, &mut closest);
            for change in timetable.zone.time_zone().following(from).take(2) {
                let at = change.timestamp();
                walk(timetable, from.max(add(at, -AROUND)), add(at, AROUND), usize::MAX, &mut closest);
            }
        }
    }
    closest
}

/// Looks at the due times after `from` up to `to`, and notes those that are closer than the closest ones yet.
fn walk(timetable: &Timetable, from: Timestamp, to: Timestamp, most: usize, closest: &mut Option<Closest>) {
    let seed = ScheduleId(uuid::Uuid::nil());
    let next = |at: Timestamp| timetable.first_after(seed, at).filter(|next| *next <= to);
    let most = timetable.repeats.map_or(most, |repeats| most.min(repeats as usize));
    let mut before = None;
    for first in std::iter::successors(next(from), |at| next(*at)).take(most) {
        if let Some(before) = before.replace(first) {
            let apart = first.duration_since(before).unsigned_abs();
            if closest.as_ref().is_none_or(|closest| apart < closest.apart) {
                *closest = Some(Closest { first: before, apart });
                if apart <= MINUTE && matches!(timetable.timing, Timing::Cron(_)) {
                    return;
                }
            }
        }
    }
}
