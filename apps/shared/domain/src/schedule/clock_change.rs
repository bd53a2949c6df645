//! What a change of the clocks does to a timetable, in words.

use jiff::{SignedDuration, Timestamp, civil::Time, tz::Offset};

use super::{Cron, Timetable, Timing, Zone, cron::days, interval};

/// A moment at which a zone's offset changes, in seconds.
struct Change {
    at: i64,
    before: i64,
    after: i64,
}

/// How far ahead is looked.
const A_YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

pub(super) fn of(timetable: &Timetable, now: Timestamp) -> Option<String> {
    let zone = timetable.zone.time_zone();
    let from = timetable.after.map_or(now, |after| now.max(after));
    let until = from.saturating_add(A_YEAR).unwrap_or(Timestamp::MAX);
    let until = timetable.before.map_or(until, |before| until.min(before));
    let offset = |at: i64| Timestamp::from_second(at).ok().map(|at| i64::from(zone.to_offset(at).seconds()));
    zone.following(from).take_while(|change| change.timestamp() < until).take(8).find_map(|change| {
        let at = change.timestamp().as_second();
        let change = Change { at, before: offset(at - 1)?, after: offset(at)? };
        let effect = match &timetable.timing {
            Timing::Cron(cron) => change.on_cron(cron)?,
            Timing::Every { interval, .. } => change.on_interval(interval.as_millis())?,
            Timing::At(_) => return None,
        };
        Some(format!("{} {effect}", change.sentence(&timetable.zone)))
    })
}

impl Change {
    /// "On March 28, 2027 the clocks in Europe/Berlin go from 02:00 to 03:00."
    fn sentence(&self, zone: &Zone) -> String {
        let (from, to) = (self.at + self.before, self.at + self.after);
        let back = if to < from { "back " } else { "" };
        let date =
            |local: i64| days::date(local.div_euclid(86_400)).map(|date| date.strftime("%B %-d, %Y").to_string());
        let day = date(from).unwrap_or_default();
        let to_day = date(to).filter(|to| *to != day).map(|day| format!(" on {day}")).unwrap_or_default();
        format!("On {day} the clocks in {zone} go {back}from {} to {}{to_day}.", clock(from), clock(to))
    }

    fn on_interval(&self, interval: u64) -> Option<String> {
        let shift = (self.after - self.before).unsigned_abs();
        if interval == 0 || (shift * 1000).is_multiple_of(interval) {
            return None;
        }
        let shift = interval::words(std::time::Duration::from_secs(shift));
        let direction = if self.after > self.before { "later" } else { "earlier" };
        Some(format!("An interval counts real time: from then on it is due {shift} {direction} by the clock."))
    }

    fn on_cron(&self, cron: &Cron) -> Option<String> {
        let (from, to) = (self.at + self.before, self.at + self.after);
        if cron.wild && self.keeps_pace(cron) {
            return None;
        }
        let (first, end) = (from.min(to), from.max(to));
        let count = cron.count_local(first, end);
        let one = (count == 1).then(|| cron.next_local(first).map(clock)).flatten();
        let times = one.clone().unwrap_or_else(|| format!("The {count} due times in between"));
        let (one, back) = (one.is_some(), to < from);
        Some(match (count, back, cron.wild) {
            (0, ..) => return None,
            (_, false, false) if one => format!("{times} does not exist that day: it is due at {} instead.", clock(to)),
            (_, false, false) => {
                format!("{times} do not exist that day: it is due once instead of them, at {}.", clock(to))
            }
            (_, false, true) if one => format!("{times} does not exist that day and is left out."),
            (_, false, true) => format!("{times} do not exist that day and are left out."),
            (_, true, false) if one => format!("{times} comes twice that day: it is due the first time only."),
            (_, true, false) => format!("{times} come twice that day: each is due the first time only."),
            (_, true, true) if one => format!("{times} comes twice that day, and it is due both times."),
            (_, true, true) => format!("{times} come twice that day, and it is due both times."),
        })
    }

    /// Whether the times of an expression that follows the clock on the wall stay as far apart as ever:
    /// the same minutes of every hour, which the change does not shift.
    fn keeps_pace(&self, cron: &Cron) -> bool {
        const ALL_HOURS: u32 = (1 << 24) - 1;
        let shift = (self.after - self.before).unsigned_abs() / 60 % 60;
        let turned = (cron.minutes << shift | cron.minutes >> (60 - shift)) & ((1 << 60) - 1);
        cron.hours == ALL_HOURS && turned == cron.minutes
    }
}

/// The time of the day of a local time.
fn clock(local: i64) -> String {
    let time = Timestamp::from_second(local).map_or(Time::midnight(), |local| Offset::UTC.to_datetime(local).time());
    let seconds = if time.second() == 0 { "" } else { ":%S" };
    time.strftime(&format!("%H:%M{seconds}")).to_string()
}
