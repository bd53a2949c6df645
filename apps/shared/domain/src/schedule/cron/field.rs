//! One field of a cron expression.

use super::reason::InvalidCron;

/// What a field may hold.
pub(super) struct Field {
    noun: &'static str,
    least: u8,
    most: u8,
    names: &'static [&'static str],
    /// The number of the first name.
    first_name: u8,
    special: fn(&str) -> Option<Result<String, &'static str>>,
}

/// What a field holds.
#[derive(Debug)]
pub(crate) struct Read {
    /// Bit n: the number n.
    pub(crate) values: u64,
    /// The field without names, for croner.
    pub(crate) plain: String,
}

pub(super) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const NOTHING_SPECIAL: fn(&str) -> Option<Result<String, &'static str>> = |_| None;

pub(super) const MINUTE: Field =
    Field { noun: "minute", least: 0, most: 59, names: &[], first_name: 0, special: NOTHING_SPECIAL };
pub(super) const HOUR: Field =
    Field { noun: "hour", least: 0, most: 23, names: &[], first_name: 0, special: NOTHING_SPECIAL };
pub(super) const DAY: Field =
    Field { noun: "day of the month", least: 1, most: 31, names: &[], first_name: 0, special: special_day };
pub(super) const MONTH: Field =
    Field { noun: "month", least: 1, most: 12, names: &MONTHS, first_name: 1, special: NOTHING_SPECIAL };
pub(super) const WEEKDAY: Field =
    Field { noun: "day of the week", least: 0, most: 7, names: &WEEKDAYS, first_name: 0, special: special_weekday };

impl Field {
    pub(super) fn read(&self, text: &str) -> Result<Read, InvalidCron> {
        let mut read = Read { values: 0, plain: String::new() };
        for part in text.split(',') {
            if !read.plain.is_empty() {
                read.plain.push(',');
            }
            match (self.special)(part) {
                Some(Ok(plain)) => read.plain.push_str(&plain),
                Some(Err(problem)) => return Err(InvalidCron::field(self.noun, part, problem)),
                None => self.part(part, &mut read)?,
            }
        }
        Ok(read)
    }

    /// `*`, a number, a range, or one of these with a step.
    fn part(&self, part: &str, read: &mut Read) -> Result<(), InvalidCron> {
        let wrong = |problem: String| Err(InvalidCron::field(self.noun, part, problem));
        let (range, step) = match part.split_once('/') {
            None => (part, 1),
            Some((range, step)) => match digits(step) {
                Some(step) if step > 0 && step <= self.most => (range, step),
                Some(_) => return wrong(format!("has a step that is not from 1 to {}", self.most)),
                None => return wrong("has a step that is no number".to_owned()),
            },
        };
        let (first, last) = match range.split_once('-') {
            None if range == "*" || range == "?" && self.may_be_open() => (self.least, self.most),
            None => {
                let value = self.value(range, part)?;
                if part.contains('/') {
                    return wrong(format!("has a step but no range; write {value}-{}/{step} or */{step}", self.most));
                }
                (value, value)
            }
            Some((first, last)) => {
                let (from, to) = (self.value(first, part)?, self.value(last, part)?);
                // A range that ends on Sunday ends the week.
                let to = if self.first_name == 0 && !self.names.is_empty() && to == 0 && from > 0 { 7 } else { to };
                if from > to {
                    return wrong("is a range that ends before it begins".to_owned());
                }
                (from, to)
            }
        };
        for value in (first..=last).step_by(usize::from(step)) {
            read.values |= 1 << value;
        }
        match (range, step) {
            ("*" | "?", 1) => read.plain.push('*'),
            ("*" | "?", _) => read.plain.push_str(&format!("*/{step}")),
            _ if first == last => read.plain.push_str(&first.to_string()),
            _ if step == 1 => read.plain.push_str(&format!("{first}-{last}")),
            _ => read.plain.push_str(&format!("{first}-{last}/{step}")),
        }
        Ok(())
    }

    /// Days may be written `?` where others write `*`.
    fn may_be_open(&self) -> bool {
        self.noun.starts_with("day")
    }

    fn value(&self, text: &str, part: &str) -> Result<u8, InvalidCron> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(place) = named {
            return Ok(self.first_name + u8::try_from(place).expect("there are at most twelve names"));
        }
        let wrong = |problem| Err(InvalidCron::field(self.noun, part, problem));
        match digits(text) {
            Some(value) if (self.least..=self.most).contains(&value) => Ok(value),
            _ if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                wrong(format!("is not from {} to {}", self.least, self.most))
            }
            _ if text.is_empty() => wrong("is incomplete".to_owned()),
            _ if self.names.is_empty() => wrong(format!("is no number from {} to {}", self.least, self.most)),
            _ => wrong(format!(
                "is neither a number from {} to {} nor a name from {} to {}",
                self.least,
                self.most,
                self.names[0],
                self.names[self.names.len() - 1]
            )),
        }
    }
}

/// A number of at most two digits.
fn digits(text: &str) -> Option<u8> {
    let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `L`, `LW` and `15W`.
fn special_day(part: &str) -> Option<Result<String, &'static str>> {
    let upper = part.to_ascii_uppercase();
    if upper == "L" || upper == "LW" {
        return Some(Ok(upper));
    }
    let day = upper.strip_suffix('W')?;
    Some(match digits(day) {
        Some(day @ 1..=31) => Ok(format!("{day}W")),
        _ => Err("is no day from 1 to 31 before the W"),
    })
}

/// `1#2`, `MON#2`, `5L`, `FRI#L`.
fn special_weekday(part: &str) -> Option<Result<String, &'static str>> {
    let upper = part.to_ascii_uppercase();
    let (day, nth) = match upper.split_once('#') {
        Some(parts) => parts,
        None => (upper.strip_suffix('L')?, "L"),
    };
    let named = WEEKDAYS.iter().position(|name| *name == day).and_then(|place| u8::try_from(place).ok());
    Some(match named.or_else(|| digits(day)) {
        Some(_) if !matches!(nth, "1" | "2" | "3" | "4" | "5" | "L") => Err("has no number from 1 to 5, or L, after #"),
        Some(day @ 0..=7) => Ok(format!("{day}#{nth}")),
        _ => Err("is no day of the week from 0 to 7"),
    })
}
