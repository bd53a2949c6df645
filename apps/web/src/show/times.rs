//! Points in time: relative to read, exact on hover.

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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_exact_time_names_its_zone() {
        let time: Timestamp = "2026-11-20T18:05:00.0415Z".parse().unwrap();
        assert_eq!(exact(&time), "2026-11-20 18:05:00.041 UTC");
        assert_eq!(machine(&time), "2026-11-20T18:05:00.041Z");
    }
}
