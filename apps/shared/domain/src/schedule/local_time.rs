//! Local times as people write and read them.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset},
};

use super::Zone;

/// Reads an instant: a local time of the zone (`2026-12-24 18:00`), or one with its offset from UTC
/// (`2026-12-24T18:00+01:00`, `…Z`). A date alone is its midnight; parts of seconds are cut off.
///
/// # Errors
/// A sentence, if the text is neither, or is a local time that the zone does not have or has twice.
pub(super) fn read(text: &str, zone: &Zone) -> Result<Timestamp, String> {
    let text = text.trim();
    let shown: String = text.chars().take(40).collect();
    let far = || format!("{shown} is too far away. Choose a time of the years 1970 to 8999.");
    if let Ok(instant) = text.parse::<Timestamp>() {
        return whole(instant).ok_or_else(far);
    }
    let Ok(local) = text.parse::<DateTime>() else {
        return Err(format!("`{shown}` is no time. Write a date and a time such as 2026-12-24 18:00."));
    };
    let ambiguous = zone.time_zone().to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {}
        AmbiguousOffset::Gap { .. } => {
            return Err(format!("{shown} does not exist in {zone}: the clocks jump over it. Choose another time."));
        }
        AmbiguousOffset::Fold { before, after } => {
            let with = |offset: Offset| format!("{}{offset}", local.strftime("%Y-%m-%dT%H:%M"));
            return Err(format!(
                "{shown} comes twice in {zone}, because the clocks go back. Write {} for the first or {} for the second.",
                with(before),
                with(after)
            ));
        }
    }
    ambiguous.unambiguous().ok().and_then(whole).ok_or_else(far)
}

/// Without parts of a second, if it is near enough to count with.
fn whole(instant: Timestamp) -> Option<Timestamp> {
    /// 9000-01-01T00:00:00Z.
    const END: i64 = 221_845_392_000;
    let second = instant.as_second();
    (0..END).contains(&second).then(|| Timestamp::from_second(second).ok()).flatten()
}

/// A text that [`read`] reads back as the same instant: the local time, with its offset only where that comes twice.
pub(super) fn write(instant: Timestamp, zone: &Zone) -> String {
    let zoned = instant.to_zoned(zone.time_zone().clone());
    let seconds = if zoned.second() == 0 { "" } else { ":%S" };
    let mut text = zoned.strftime(&format!("%Y-%m-%dT%H:%M{seconds}")).to_string();
    if read(&text, zone) != Ok(instant) {
        text.push_str(&zoned.offset().to_string());
    }
    text
}

/// "December 24, 2026 at 18:00", in the zone.
pub(super) fn words(instant: Timestamp, zone: &Zone) -> String {
    let zoned = instant.to_zoned(zone.time_zone().clone());
    let seconds = if zoned.second() == 0 { "" } else { ":%S" };
    zoned.strftime(&format!("%B %-d, %Y at %H:%M{seconds}")).to_string()
}
