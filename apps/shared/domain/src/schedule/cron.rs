//! Cron expressions of five fields, read strictly.
//!
//! Which local times an expression names stands in `local`, which instants these are in a zone in `instants`.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) mod days;
mod field;
mod instants;
mod local;
mod reason;

use days::Days;
pub use reason::InvalidCron;

/// A cron expression of five fields: minute, hour, day of the month, month, day of the week; or one of
/// `@hourly`, `@daily` (`@midnight`), `@weekly`, `@monthly`, `@yearly` (`@annually`).
///
/// A field holds `*`, numbers, ranges `1-5`, steps `*/15` and `10-40/10`, and lists of these with commas.
/// Months and days of the week have English names of three letters, Sunday is 0 or 7. The day of the month may
/// be `L` (the last), `LW` (the last weekday) or `15W` (the weekday nearest to the 15th), the day of the week
/// `1#2` (the second Monday) or `5L` (the last Friday). If both days are restricted, either suffices; if
/// one of them contains `*`, both must hold.
///
/// **When the clocks change.** An expression with `*` in the minute or the hour follows the clock on the
/// wall: local times that are skipped do not come, and those that come twice come twice. Any other names
/// fixed times of the day, and each comes once on its day: one that is skipped comes at the moment the
/// clock jumps ahead (several skipped by the same jump together), and one that would come twice comes the
/// first time only. This is the rule of Vixie's cron.
#[derive(Clone)]
pub struct Cron {
    text: Box<str>,
    /// Bit n: minute n of an hour.
    pub(super) minutes: u64,
    /// Bit n: hour n of a day.
    pub(super) hours: u32,
    pub(super) days: Arc<Days>,
    /// Whether it follows the clock on the wall.
    pub(super) wild: bool,
}

/// No expression that makes sense is longer.
const LONGEST: usize = 256;

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        if text.len() > LONGEST {
            return Err(InvalidCron::TooLong);
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let expression = if text.starts_with('@') { nickname(&text)? } else { &text };
        let fields: Vec<&str> = expression.split(' ').collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(InvalidCron::fields(&text));
        };
        let minutes = field::MINUTE.read(minute)?;
        let hours = field::HOUR.read(hour)?;
        let days = Days::read(day, month, weekday)?;
        let wild = minute.contains('*') || hour.contains('*');
        let hours = u32::try_from(hours.values).expect("no hour is above 23");
        let cron = Self { minutes: minutes.values, hours, days, wild, text: text.into() };
        Ok(cron)
    }
}

/// What a word such as `@daily` stands for.
fn nickname(text: &str) -> Result<&'static str, InvalidCron> {
    match text.to_ascii_lowercase().as_str() {
        "@hourly" => Ok("0 * * * *"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@monthly" => Ok("0 0 1 * *"),
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        _ => Err(InvalidCron::nickname(text)),
    }
}

impl Cron {
    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cron").field(&self.text).finish()
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for Cron {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cron {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
