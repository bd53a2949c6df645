//! On which days an expression is due: croner's pattern, asked day by day.
//!
//! Days are counted from January 1, 1970.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::{Arc, LazyLock, RwLock},
};

use croner::{
    CronPattern, Weekday,
    parser::{CronParser, Seconds, Year},
};
use jiff::{Timestamp, civil::Date, tz::Offset};

use super::{
    field::{self, MONTHS, Read},
    reason::InvalidCron,
};

/// The day of the month, the month and the day of the week of an expression.
#[derive(Debug)]
pub(crate) struct Days {
    pattern: CronPattern,
    /// The fields as they were read, for those who put them into words.
    pub(crate) day: Read,
    pub(crate) month: Read,
    pub(crate) weekday: Read,
    every_day: bool,
}

/// Whatever comes at all comes within this many days: a February 29 on a given day of the week comes
/// every 28 years, and every 40 around a century that is no leap year.
const HORIZON: i64 = 41 * 366;

/// Making croner's pattern costs far more than asking it, and of the days few different ones are used:
/// `* * *`, `* * 1-5`. Those last read are kept.
static KNOWN: LazyLock<RwLock<HashMap<String, Arc<Days>>>> = LazyLock::new(RwLock::default);

/// How many are kept; each takes about 6 KB.
const MOST_KNOWN: usize = 500;

impl Days {
    pub(super) fn read(day: &str, month: &str, weekday: &str) -> Result<Arc<Self>, InvalidCron> {
        let key = format!("{day} {month} {weekday}");
        if let Some(known) = KNOWN.read().ok().and_then(|known| known.get(&key).cloned()) {
            return Ok(known);
        }
        let days = Arc::new(Self::parse(day, month, weekday)?);
        if let Ok(mut known) = KNOWN.write() {
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(key, Arc::clone(&days));
        }
        Ok(days)
    }

    fn parse(day: &str, month: &str, weekday: &str) -> Result<Self, InvalidCron> {
        let (day, month, weekday) = (field::DAY.read(day)?, field::MONTH.read(month)?, field::WEEKDAY.read(weekday)?);
        // Croner joins two restricted days with "or"; its `+` makes it "and".
        let both = if day.plain.contains('*') || weekday.plain.contains('*') { "+" } else { "" };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let pattern = parser
            .parse(&format!("0 0 {} {} {both}{}", day.plain, month.plain, weekday.plain))
            .map_err(|error| {
                InvalidCron::field(
                    "day",
                    &format!("{} {} {}", day.plain, month.plain, weekday.plain),
                    error.to_string(),
                )
            })?
            .pattern;
        let every_day = [&day, &month, &weekday].iter().all(|field| field.plain == "*");
        let days = Self { pattern, day, month, weekday, every_day };
        if days.next(0).is_none() {
            let also = if days.weekday.plain == "*" { "" } else { " on such a day of the week" };
            let (day, month) = (days.day.plain, months(&days.month.plain));
            return Err(InvalidCron::Never { day, month, also: also.to_owned() });
        }
        Ok(days)
    }

    /// Whether it is due on this day.
    pub(super) fn contains(&self, day: i64) -> bool {
        self.every_day || date(day).is_some_and(|date| self.has(date) == Some(true))
    }

    /// `None`: not in all of this month.
    fn has(&self, date: Date) -> Option<bool> {
        let month = u32::from(date.month().unsigned_abs());
        if !self.pattern.month_match(month).unwrap_or(false) {
            return None;
        }
        let weekday = Weekday::from_days_from_sunday(u32::from(date.weekday().to_sunday_zero_offset().unsigned_abs()));
        let day = u32::from(date.day().unsigned_abs());
        Some(self.pattern.day_match(i32::from(date.year()), month, day, weekday).unwrap_or(false))
    }

    /// The first day that is due, from this one on.
    pub(super) fn next(&self, day: i64) -> Option<i64> {
        if self.every_day {
            return Some(day);
        }
        self.each(day, day.saturating_add(HORIZON), ControlFlow::Break).break_value()
    }

    /// The last day that is due, up to this one.
    pub(super) fn last(&self, day: i64) -> Option<i64> {
        if self.every_day {
            return Some(day);
        }
        let (mut at, earliest) = (day, day.saturating_sub(HORIZON));
        while at >= earliest {
            let date = date(at)?;
            match self.has(date) {
                Some(true) => return Some(at),
                Some(false) => at -= 1,
                None => at -= i64::from(date.day()),
            }
        }
        None
    }

    /// How many days are due from `first` up to and without `end`.
    pub(super) fn count(&self, first: i64, end: i64) -> u64 {
        if self.every_day {
            return u64::try_from(end.saturating_sub(first)).unwrap_or(0);
        }
        let mut count = 0;
        let _: ControlFlow<()> = self.each(first, end, |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        count
    }

    /// Visits the days that are due from `first` up to and without `end`.
    fn each<B>(&self, first: i64, end: i64, mut visit: impl FnMut(i64) -> ControlFlow<B>) -> ControlFlow<B> {
        let mut at = first;
        while at < end {
            let Some(date) = date(at) else { break };
            match self.has(date) {
                Some(true) => {
                    visit(at)?;
                    at += 1;
                }
                Some(false) => at += 1,
                None => at += i64::from(date.days_in_month() - date.day()) + 1,
            }
        }
        ControlFlow::Continue(())
    }
}

/// The date of a day, if it is one of the years 1 to 9998.
pub(crate) fn date(day: i64) -> Option<Date> {
    let midnight = Timestamp::from_second(day.checked_mul(86_400)?).ok()?;
    Some(Offset::UTC.to_datetime(midnight).date()).filter(|date| (1..9999).contains(&date.year()))
}

/// The names of months that stand in an expression as numbers.
fn months(plain: &str) -> String {
    let name = |number: &str| {
        let place = number.parse::<usize>().ok()?.checked_sub(1)?;
        MONTHS.get(place).map(|name| format!("{}{}", &name[..1], name[1..].to_ascii_lowercase()))
    };
    let named: Option<Vec<_>> = plain.split(',').map(name).collect();
    named.map_or_else(|| format!("month `{plain}`"), |names| names.join(" or "))
}
