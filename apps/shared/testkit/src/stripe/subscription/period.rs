//! When a billing period ends: counted from the anchor, so that a month that is too short does not
//! shift the months after it (31 January, 28 February, 31 March).

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::Value;

use super::super::document::Document;

/// The first end after `start`, all in seconds since 1970, in a price's `recurring` rhythm.
pub(crate) fn next_end(anchor: i64, start: i64, recurring: &Value) -> i64 {
    let count = recurring.number("interval_count").max(1);
    (1..)
        .map(|periods| moved(anchor, recurring.text("interval"), count.saturating_mul(periods)))
        .find(|end| *end > start)
        .expect("a period has a length, so one of them ends later")
}

fn moved(anchor: i64, interval: &str, count: i64) -> i64 {
    let span = match interval {
        "day" => Span::new().days(count),
        "week" => Span::new().weeks(count),
        "year" => Span::new().years(count),
        _ => Span::new().months(count),
    };
    let anchor = Timestamp::from_second(anchor).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC);
    anchor.checked_add(span).map_or(i64::MAX, |end| end.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::next_end;

    fn second(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    #[test]
    fn a_short_month_does_not_shift_the_months_after_it() {
        let monthly = json!({ "interval": "month", "interval_count": 1 });
        let anchor = second("2027-01-31T10:00:00Z");
        let february = next_end(anchor, anchor, &monthly);
        assert_eq!(february, second("2027-02-28T10:00:00Z"));
        assert_eq!(next_end(anchor, february, &monthly), second("2027-03-31T10:00:00Z"));
    }

    #[test]
    fn a_quarter_is_three_months() {
        let quarterly = json!({ "interval": "month", "interval_count": 3 });
        let anchor = second("2027-01-15T00:00:00Z");
        assert_eq!(next_end(anchor, anchor, &quarterly), second("2027-04-15T00:00:00Z"));
    }
}
