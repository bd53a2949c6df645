//! A timetable in words.

use super::{Timetable, Timing, interval, local_time};

mod days;
mod times;

pub(super) fn of(timetable: &Timetable) -> String {
    let zone = match timetable.zone.name() {
        "UTC" => ", UTC".to_owned(),
        name => format!(", {name} time"),
    };
    let words = |at| local_time::words(at, &timetable.zone);
    let mut sentence = match &timetable.timing {
        Timing::Cron(cron) => match times::of(cron).and_then(|times| times.with(&days::of(&cron.days)?)) {
            Some(said) if said.anywhere => said.text,
            Some(said) => said.text + &zone,
            None => format!("On the cron expression {cron}{zone}"),
        },
        Timing::Every { interval, jitter, .. } => {
            let every = match interval.as_millis() {
                86_400_000 => "24 hours".to_owned(),
                _ => {
                    let words = interval::words((*interval).into());
                    words.strip_prefix("1 ").filter(|unit| !unit.contains(' ')).unwrap_or(&words).to_owned()
                }
            };
            match jitter.as_millis() {
                0 => format!("Every {every}"),
                _ => format!("Every {every}, each up to {} later", interval::words((*jitter).into())),
            }
        }
        Timing::At(times) => match times[..] {
            [] => "Never".to_owned(),
            [once] => format!("Once, on {}{zone}", words(once)),
            [first, .., last] => {
                format!("{} times, from {} to {}{zone}", times.len(), words(first), words(last))
            }
        },
    };
    if let Some(after) = timetable.after {
        sentence += &format!(", from {}", words(after));
    }
    if let Some(before) = timetable.before {
        sentence += &format!(", until {}", words(before));
    }
    match timetable.repeats {
        None => {}
        Some(1) => sentence += ", once",
        Some(n) => sentence += &format!(", {n} times in all"),
    }
    sentence
}

/// "a", "a and b", "a, b and c".
fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The numbers of the bits that are set.
fn bits(bits: u64) -> Vec<u32> {
    (0..64).filter(|bit| bits >> bit & 1 == 1).collect()
}
