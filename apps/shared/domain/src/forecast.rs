//! What of a month's runs is used, and what the schedules will use of the rest.

use jiff::{SignedDuration, Timestamp, tz::Offset};

use crate::{
    over_limit::next_month,
    schedule::{Timetable, interval},
};

/// From how much of its runs on an organization is warned, in percent.
pub const WARNINGS: [u32; 2] = [80, 100];

/// How a month will end if nobody changes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// How many runs were accepted this month (UTC).
    pub used: u32,
    /// How many more the schedules will ask for before the month is over.
    pub coming: u64,
    /// When the month is over.
    pub until: Timestamp,
    /// When the schedules will have used up what the tier allows; none if that is enough.
    pub used_up_at: Option<Timestamp>,
}

impl Forecast {
    /// Looks ahead from `now` to the end of the month, in UTC.
    #[must_use]
    pub fn of(timetables: &[Timetable], used: u32, limit: Option<u32>, now: Timestamp) -> Self {
        let until = end_of_month(now);
        let asked_by = |at: Timestamp| timetables.iter().map(|table| table.runs_within(now, at)).sum::<u64>();
        // What is due at the very end belongs to the next month.
        let coming = asked_by(until.checked_sub(SignedDuration::from_secs(1)).unwrap_or(until));
        let used_up_at =
            limit.map(|limit| u64::from(limit.saturating_sub(used))).filter(|left| coming > *left).map(|left| {
                // The first second at which more is asked for than is left.
                let (mut enough, mut too_much) = (now.as_second(), until.as_second());
                while too_much - enough > 1 {
                    let middle = enough + (too_much - enough) / 2;
                    let at = Timestamp::from_second(middle).unwrap_or(until);
                    if asked_by(at) > left { too_much = middle } else { enough = middle }
                }
                Timestamp::from_second(too_much).unwrap_or(until)
            });
        Self { used, coming, until, used_up_at }
    }

    /// How many runs it will be in all, whatever the tier allows.
    #[must_use]
    pub fn total(&self) -> u64 {
        u64::from(self.used) + self.coming
    }
}

/// The first instant of the next month, in UTC.
#[must_use]
pub fn end_of_month(now: Timestamp) -> Timestamp {
    let next = next_month(Offset::UTC.to_datetime(now).date());
    Offset::UTC.to_timestamp(next.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

/// The highest of [`WARNINGS`] that is reached.
#[must_use]
pub fn warning(used: u32, limit: u32) -> Option<u32> {
    let percent = |warning: &u32| u64::from(used) * 100 >= u64::from(limit) * u64::from(*warning);
    WARNINGS.into_iter().rev().find(|warning| limit > 0 && percent(warning))
}

/// Subject and text of the mail that warns. `link` leads to the page that shows what is used.
#[must_use]
pub fn mail(warning: u32, organization: &str, used: u32, limit: u32, now: Timestamp, link: &str) -> (String, String) {
    let reset = Offset::UTC.to_datetime(end_of_month(now)).strftime("%B %-d, %Y");
    let subject = match warning {
        100.. => format!("{organization} has used all {limit} runs of this month"),
        _ => format!("{organization} has used {warning} % of this month's runs"),
    };
    let then = match warning {
        100.. => "Further runs are refused, each with its reason in the history.",
        _ => "Once all of them are used, further runs are refused, each with its reason in the history.",
    };
    let left = interval::words(end_of_month(now).duration_since(now).unsigned_abs());
    let text = format!(
        "{organization} has used {used} of the {limit} runs that its tier allows in a month.\n\n\
         {then} The count begins anew on {reset} (UTC), in {left}.\n\n\
         What the schedules will use, and what higher tiers allow:\n{link}\n"
    );
    (subject, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Timing, Zone};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn cron(text: &str) -> Timetable {
        let timing = Timing::Cron(text.parse().unwrap());
        Timetable { timing, zone: Zone::UTC, after: None, before: None, repeats: None }
    }

    #[test]
    fn what_is_used_up_before_the_month_is_over_is_told_with_its_time() {
        let now = at("2026-11-29T12:30:00Z");
        let hourly = [cron("0 * * * *")];
        let enough = Forecast::of(&hourly, 60, Some(100), now);
        assert_eq!((enough.coming, enough.total(), enough.used_up_at), (35, 95, None), "midnight is the next month's");
        let short = Forecast::of(&hourly, 90, Some(100), now);
        assert_eq!(short.used_up_at, Some(at("2026-11-29T23:00:00Z")), "the eleventh run from now finds none left");
        assert_eq!(Forecast::of(&hourly, 100, Some(100), now).used_up_at, Some(at("2026-11-29T13:00:00Z")));
        assert_eq!(Forecast::of(&hourly, 100, None, now).used_up_at, None);
        assert_eq!(Forecast::of(&[], 100, Some(100), now).used_up_at, None);
    }

    #[test]
    fn a_year_ends_in_december() {
        assert_eq!(end_of_month(at("2026-12-31T23:59:59Z")), at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn warnings_come_at_80_and_at_100_percent() {
        let warnings = [79, 80, 99, 100, 250].map(|used| warning(used, 100));
        assert_eq!(warnings, [None, Some(80), Some(80), Some(100), Some(100)]);
        assert_eq!(warning(4, 5), Some(80));
        assert_eq!(warning(u32::MAX, u32::MAX), Some(100));
        assert_eq!(warning(0, 0), None);
    }
}
