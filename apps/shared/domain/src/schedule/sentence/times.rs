//! At which times of the day an expression is due, in words.

use super::{bits, list};
use crate::schedule::Cron;

/// Times of the day.
pub(super) enum Times {
    /// "at 09:00 and 17:00".
    At(String),
    /// "every 15 minutes from 09:00 to 17:45".
    Often(String),
    /// "every 15 minutes", the same in all zones.
    Always(String),
}

/// Times and days together.
pub(super) struct Said {
    pub(super) text: String,
    /// It is the same in every zone.
    pub(super) anywhere: bool,
}

impl Times {
    pub(super) fn with(self, days: &str) -> Option<Said> {
        let (text, anywhere) = match self {
            Self::At(times) => (format!("{days} {times}"), false),
            Self::Always(times) if days == "every day" => (times, true),
            Self::Often(times) if days == "every day" => (times, false),
            Self::Always(times) | Self::Often(times) => (format!("{times}, {days}"), false),
        };
        let first = text.get(..1)?.to_uppercase();
        Some(Said { text: first + &text[1..], anywhere })
    }
}

/// More times than these nobody says one by one.
const MOST: usize = 6;

pub(super) fn of(cron: &Cron) -> Option<Times> {
    let (minutes, hours) = (bits(cron.minutes), bits(u64::from(cron.hours)));
    let minute = (minutes.len() == 1).then(|| minutes[0]);
    let all_day = hours.len() == 24;
    let past = match minute {
        Some(0) | None => String::new(),
        Some(1) => " at 1 minute past".to_owned(),
        Some(minute) => format!(" at {minute} minutes past"),
    };
    if all_day && minute.is_some() {
        return Some(Times::Always(format!("every hour{past}")));
    }
    let often = step(&minutes, 60).map(|step| if step == 1 { "minute".to_owned() } else { format!("{step} minutes") });
    if all_day && let Some(often) = often {
        return Some(Times::Always(format!("every {often}")));
    }
    if minutes.len() * hours.len() <= MOST {
        let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
        return Some(Times::At(format!("at {}", list(&times.collect::<Vec<_>>()))));
    }
    if let (Some(step), Some(_)) = (step(&hours, 24), minute) {
        return Some(Times::Often(format!("every {step} hours{past}")));
    }
    let (first, last) = (*hours.first()?, *hours.last()?);
    let unbroken = (last - first) as usize + 1 == hours.len();
    if !unbroken {
        return None;
    }
    let (from, to) = (format!("{first:02}:{:02}", minutes.first()?), format!("{last:02}:{:02}", minutes.last()?));
    let often = if minute.is_some() { "hour".to_owned() } else { often? };
    Some(Times::Often(format!("every {often} from {from} to {to}")))
}

/// The step, if these are all its multiples below `end`, from 0 on, and it divides `end`.
fn step(values: &[u32], end: u32) -> Option<u32> {
    let step = match values {
        [0, second, ..] => *second,
        _ => return None,
    };
    (end.is_multiple_of(step)
        && values.len() == (end / step) as usize
        && values.iter().all(|value| value.is_multiple_of(step)))
    .then_some(step)
}
