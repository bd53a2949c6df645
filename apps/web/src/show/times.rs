//! Points in time: relative to read, exact on hover; in the zone of a schedule.

use std::time::Duration;

use domain::{Elapsed, schedule::Zone};
use jiff::{Timestamp, Zoned, tz::TimeZone};

fn utc(time: Timestamp) -> Zoned {
    time.to_zoned(TimeZone::UTC)
}

/// For scripts: `2026-11-20T18:05:00.041Z`.
pub(crate) fn machine(time: &Timestamp) -> String {
    format!("{time:.3}")
}

/// For people: `2026-11-20 18:05:00.041 UTC`.
pub(crate) fn exact(time: &Timestamp) -> String {
    utc(*time).strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

/// How long ago: `just now`, `40 s ago`, `3 min ago`, `5 h ago`, `2 days ago`, and the date from a month on.
pub(crate) fn ago(time: &Timestamp) -> String {
    ago_at(*time, Timestamp::now())
}

fn ago_at(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - time.as_second();
    match seconds {
        ..5 => "just now".to_owned(),
        5..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "1 day ago".to_owned(),
        172_800..2_592_000 => format!("{} days ago", seconds / 86_400),
        _ => utc(time).strftime("%Y-%m-%d").to_string(),
    }
}

/// How soon, in the words of [`ago`]: `now`, `in 40 s`, `in 3 min`, `in 5 h`, and the date from a month on.
pub(crate) fn coming(time: &Timestamp) -> String {
    coming_at(*time, Timestamp::now())
}

fn coming_at(time: Timestamp, now: Timestamp) -> String {
    let seconds = time.as_second() - now.as_second();
    match seconds {
        ..5 => "now".to_owned(),
        5..60 => format!("in {seconds} s"),
        60..3_600 => format!("in {} min", seconds / 60),
        3_600..86_400 => format!("in {} h", seconds / 3_600),
        86_400..172_800 => "in 1 day".to_owned(),
        172_800..2_592_000 => format!("in {} days", seconds / 86_400),
        _ => utc(time).strftime("%Y-%m-%d").to_string(),
    }
}

/// What a clock in the zone shows: `Mon 2026-11-23 09:00`, with seconds where they are not zero.
pub(crate) fn in_zone(time: &Timestamp, zone: &Zone) -> String {
    clock(&time.to_zoned(zone.time_zone().clone()))
}

/// As [`in_zone`], in UTC.
pub(crate) fn in_utc(time: &Timestamp) -> String {
    clock(&utc(*time))
}

fn clock(time: &Zoned) -> String {
    let exact = if time.second() == 0 { "%a %Y-%m-%d %H:%M" } else { "%a %Y-%m-%d %H:%M:%S" };
    time.strftime(exact).to_string()
}

/// A length of time with its longest unit that fits: `90 s`, `10 min`, `1 h`, `7 days`, `1 year`.
pub(crate) fn length(length: &Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        31_536_000 => "1 year".to_owned(),
        31_536_000.. if seconds.is_multiple_of(31_536_000) => format!("{} years", seconds / 31_536_000),
        172_800.. if seconds.is_multiple_of(86_400) => format!("{} days", seconds / 86_400),
        3_600.. if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        60.. if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

/// By how much something began after it was due: `4.2 ms`; nothing is less than nothing.
pub(crate) fn late(due: &Timestamp, began: &Timestamp) -> Elapsed {
    Elapsed(u64::try_from(began.as_microsecond() - due.as_microsecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_the_longest_unit_that_fits() {
        let shown = [1, 90, 600, 3_600, 86_400, 604_800, 31_536_000, 315_360_000]
            .map(|seconds| length(&Duration::from_secs(seconds)));
        assert_eq!(shown, ["1 s", "90 s", "10 min", "1 h", "24 h", "7 days", "1 year", "10 years"]);
    }

    #[test]
    fn the_distance_is_rounded_down() {
        let now: Timestamp = "2026-11-20T18:00:00Z".parse().unwrap();
        for (seconds, shown) in [
            (-30, "just now"),
            (4, "just now"),
            (59, "59 s ago"),
            (119, "1 min ago"),
            (7_199, "1 h ago"),
            (90_000, "1 day ago"),
            (864_000, "10 days ago"),
            (8_640_000, "2026-08-12"),
        ] {
            let time = now.checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap();
            assert_eq!(ago_at(time, now), shown);
        }
    }

    #[test]
    fn what_comes_is_told_in_the_same_words() {
        let now: Timestamp = "2026-11-20T18:00:00Z".parse().unwrap();
        for (seconds, shown) in [
            (-3, "now"),
            (4, "now"),
            (59, "in 59 s"),
            (119, "in 1 min"),
            (7_199, "in 1 h"),
            (90_000, "in 1 day"),
            (864_000, "in 10 days"),
            (8_640_000, "2027-02-28"),
        ] {
            let time = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
            assert_eq!(coming_at(time, now), shown);
        }
    }

    #[test]
    fn a_zones_clock_is_read_as_it_hangs_there() {
        let zone: Zone = "America/New_York".parse().unwrap();
        let time: Timestamp = "2026-11-23T14:00:00Z".parse().unwrap();
        assert_eq!(in_zone(&time, &zone), "Mon 2026-11-23 09:00");
        assert_eq!(in_utc(&"2026-11-23T14:00:10.5Z".parse().unwrap()), "Mon 2026-11-23 14:00:10");
    }

    #[test]
    fn nothing_is_late_before_it_is_due() {
        let due: Timestamp = "2026-11-23T14:00:00Z".parse().unwrap();
        assert_eq!(late(&due, &"2026-11-23T14:00:00.0042Z".parse().unwrap()), Elapsed(4_200));
        assert_eq!(late(&due, &"2026-11-23T13:59:59Z".parse().unwrap()), Elapsed(0));
    }

    #[test]
    fn the_exact_time_names_its_zone() {
        let time: Timestamp = "2026-11-20T18:05:00.0415Z".parse().unwrap();
        assert_eq!(exact(&time), "2026-11-20 18:05:00.041 UTC");
        assert_eq!(machine(&time), "2026-11-20T18:05:00.041Z");
    }
}
