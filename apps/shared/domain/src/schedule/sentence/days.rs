//! On which days an expression is due, in words.

use super::{bits, list};
use crate::schedule::cron::days::Days;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// "every day", "every Monday and Friday in March", "on the 1st of every month"; `None` if nobody would say it.
pub(super) fn of(days: &Days) -> Option<String> {
    let every_month = days.month.plain == "*";
    let months: Vec<_> = bits(days.month.values).iter().map(|month| MONTHS[*month as usize - 1].to_owned()).collect();
    if !every_month && months.len() > 4 {
        return None;
    }
    let months = list(&months);
    let within = if every_month { String::new() } else { format!(" in {months}") };
    let of_month = if every_month { "every month".to_owned() } else { months.clone() };
    match (days.day.plain.as_str(), days.weekday.plain.as_str()) {
        ("*", "*") => Some(format!("every day{within}")),
        ("*", weekday) if !weekday.contains(['#', 'L']) => {
            Some(format!("every {}{within}", weekdays(days.weekday.values)?))
        }
        ("*", weekday) => {
            let (day, nth) = weekday.split_once('#')?;
            let nth = match nth {
                "1" => "first",
                "2" => "second",
                "3" => "third",
                "4" => "fourth",
                "5" => "fifth",
                "L" => "last",
                _ => return None,
            };
            Some(format!("on the {nth} {} of {of_month}", WEEKDAYS[day.parse::<usize>().ok()? % 7]))
        }
        ("L", "*") => Some(format!("on the last day of {of_month}")),
        ("LW", "*") => Some(format!("on the last weekday of {of_month}")),
        (day, "*") if !day.contains(['L', 'W']) => {
            let numbers = bits(days.day.values);
            match numbers[..] {
                [number] if bits(days.month.values).len() == 1 => Some(format!("every year on {months} {number}")),
                _ if numbers.len() > 6 => None,
                _ => {
                    let numbers: Vec<_> = numbers.into_iter().map(ordinal).collect();
                    Some(format!("on the {} of {of_month}", list(&numbers)))
                }
            }
        }
        _ => None,
    }
}

/// "weekday", "Monday and Friday".
fn weekdays(values: u64) -> Option<String> {
    // Sunday is 0 and 7.
    let values = (values | values >> 7) & 0x7f;
    match values {
        0b111_1111 => Some("day".to_owned()),
        0b011_1110 => Some("weekday".to_owned()),
        _ => {
            let mut days = bits(values);
            // The week begins on Monday.
            days.sort_by_key(|day| (day + 6) % 7);
            Some(list(&days.iter().map(|day| WEEKDAYS[*day as usize].to_owned()).collect::<Vec<_>>()))
        }
    }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (1, n) if n != 11 => "st",
        (2, n) if n != 12 => "nd",
        (3, n) if n != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
