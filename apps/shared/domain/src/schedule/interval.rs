//! A length of time as people write it: `90s`, `5m`, `1h30m`, `1d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whole milliseconds, at most ten years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(u64);

/// Why a text is no interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInterval {
    /// There is no text.
    #[error("Enter a length of time such as 30s, 5m, 1h30m or 1d.")]
    Empty,
    /// A number stands alone.
    #[error("`{0}` has no unit. Write {0}s for seconds, {0}m for minutes, {0}h for hours or {0}d for days.")]
    NoUnit(String),
    /// Anything else.
    #[error("`{0}` is no length of time. Write numbers with units: 30s, 5m, 1h30m, 1d (units: d, h, m, s, ms).")]
    Unreadable(String),
    /// More than ten years.
    #[error("`{0}` is longer than ten years.")]
    TooLong(String),
}

/// Ten years in milliseconds.
const MOST: u64 = 3653 * 86_400_000;

/// Units from the longest to the shortest, with their milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

impl Interval {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Of this many milliseconds, unless they are more than ten years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Option<Self> {
        if millis > MOST { None } else { Some(Self(millis)) }
    }

    /// Of this many seconds, unless they are more than ten years.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Option<Self> {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

/// A length of time in words: "1 hour 30 minutes". Less than a millisecond is left out.
pub(crate) fn words(length: Duration) -> String {
    let mut rest = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let mut words = Vec::new();
    for ((_, millis), noun) in UNITS.iter().zip(["day", "hour", "minute", "second", "millisecond"]) {
        match rest / millis {
            0 => {}
            1 => words.push(format!("1 {noun}")),
            n => words.push(format!("{n} {noun}s")),
        }
        rest %= millis;
    }
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

impl From<Interval> for Duration {
    fn from(interval: Interval) -> Self {
        Self::from_millis(interval.0)
    }
}

impl FromStr for Interval {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Self, InvalidInterval> {
        let text = text.trim();
        let unreadable = || InvalidInterval::Unreadable(text.chars().take(40).collect());
        if text.is_empty() {
            return Err(InvalidInterval::Empty);
        }
        if text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidInterval::NoUnit(text.to_owned()));
        }
        if text.len() > 40 {
            return Err(unreadable());
        }
        let (mut rest, mut total, mut longest) = (text, 0u64, 0);
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let (unit, after) = after.split_at(letters);
            // Each unit once, the longer ones first.
            let place = UNITS.iter().position(|(name, _)| *name == unit).filter(|place| *place >= longest);
            let place = place.ok_or_else(unreadable)?;
            let number: u64 = number.parse().map_err(|_| unreadable())?;
            total = total.saturating_add(number.saturating_mul(UNITS[place].1));
            longest = place + 1;
            rest = after.trim_start();
        }
        Self::from_millis(total).ok_or_else(|| InvalidInterval::TooLong(text.to_owned()))
    }
}

impl fmt::Display for Interval {
    /// The shortest text that is read back as the same: `1h30m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut text, mut rest) = (String::new(), self.0);
        for (name, millis) in UNITS {
            if rest >= millis {
                text.push_str(&format!("{}{name}", rest / millis));
                rest %= millis;
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, millis) in [
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            (" 90s ", 90_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("250ms", 250),
            ("0s", 0),
            ("1s500ms", 1500),
        ] {
            assert_eq!(text.parse(), Ok(Interval(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "Enter a length"),
            ("90", "`90` has no unit. Write 90s"),
            ("1m1h", "is no length of time"),
            ("5m5m", "is no length of time"),
            ("h", "is no length of time"),
            ("-5m", "is no length of time"),
            ("1.5h", "is no length of time"),
            ("5 minutes", "is no length of time"),
            ("4000d", "longer than ten years"),
            ("99999999999999999999d", "is no length of time"),
        ] {
            let wrong = text.parse::<Interval>().unwrap_err().to_string();
            assert!(wrong.contains(reason), "{text}: {wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same(millis in 0..=MOST) {
            let interval = Interval(millis);
            prop_assert_eq!(interval.to_string().parse(), Ok(interval));
        }
    }
}
