//! Functions: `uuid()`, `now()`, `random_int(1, 6)`. Their arguments are literals and are checked
//! when the plan is read.

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::expression::{Problem, cut};
use super::scope::{ExpandError, Scope};
use crate::suggestion;

const NAMES: [&str; 3] = ["now", "random_int", "uuid"];

/// RFC 3339 in whole seconds.
const DEFAULT_FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

#[derive(Clone, Debug)]
pub(super) enum Function {
    Uuid,
    Now { offset: SignedDuration, format: String },
    RandomInt { from: i64, to: i64 },
}

impl Function {
    pub(super) fn new(name: &str, arguments: &[Value]) -> Result<Self, Problem> {
        match (name, arguments) {
            ("uuid", []) => Ok(Self::Uuid),
            ("uuid", _) => Err(Problem::new("`uuid()` takes no values.")),
            ("now", []) => Self::now("", DEFAULT_FORMAT),
            ("now", [Value::String(only)]) if only.contains('%') => Self::now("", only),
            ("now", [Value::String(offset)]) => Self::now(offset, DEFAULT_FORMAT),
            ("now", [Value::String(offset), Value::String(format)]) => Self::now(offset, format),
            ("now", _) => Err(Problem::new("`now` takes an offset and a format, both in quotes.")
                .hint("Write `now()`, `now(\"+1h\")` or `now(\"+1h\", \"%Y-%m-%d\")`.")),
            ("random_int", [from, to]) => match (from.as_i64(), to.as_i64()) {
                (Some(from), Some(to)) if from <= to => Ok(Self::RandomInt { from, to }),
                (Some(from), Some(to)) => Err(Problem::new(format!(
                    "`random_int({from}, {to})`: the first number must not be above the second."
                ))),
                _ => Err(Problem::new("`random_int` takes two whole numbers.").hint("Write `random_int(1, 6)`.")),
            },
            ("random_int", _) => {
                Err(Problem::new("`random_int` takes two whole numbers.").hint("Write `random_int(1, 6)`."))
            }
            _ => {
                Err(Problem::new(format!("There is no function `{}`.", cut(name))).hint(suggestion::hint(name, &NAMES)))
            }
        }
    }

    fn now(offset: &str, format: &str) -> Result<Self, Problem> {
        let offset = parse_offset(offset).ok_or_else(|| {
            Problem::new(format!("`{}` is not an offset.", cut(offset)))
                .hint("Write a sign, a number and one of ms, s, m, h, d, w: `+1h`, `-30m`, `+7d`.")
        })?;
        format_utc(Timestamp::UNIX_EPOCH, format).ok_or_else(|| {
            Problem::new(format!("`{}` is not a time format.", cut(format)))
                .hint("Write one such as `%Y-%m-%d` or `%H:%M:%S`; `%s` gives seconds since 1970.")
        })?;
        Ok(Self::Now { offset, format: format.to_owned() })
    }

    pub(super) fn call(&self, scope: &Scope) -> Result<Value, ExpandError> {
        match self {
            Self::Uuid => Ok(Value::String(Uuid::new_v4().to_string())),
            Self::RandomInt { from, to } => Ok(Value::from(fastrand::i64(*from..=*to))),
            Self::Now { offset, format } => {
                let time = scope.now().checked_add(*offset).map_err(|_| ExpandError::NoSuchTime)?;
                format_utc(time, format).map(Value::String).ok_or(ExpandError::NoSuchTime)
            }
        }
    }
}

fn format_utc(time: Timestamp, format: &str) -> Option<String> {
    BrokenDownTime::from(&time.to_zoned(TimeZone::UTC)).to_string(format).ok()
}

/// `""`, `+1h`, `-30m`, `+1d12h`: a sign, then numbers with units.
fn parse_offset(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() && !text.is_empty() {
        return None;
    }
    let mut total = SignedDuration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => SignedDuration::from_millis(1),
            "s" => SignedDuration::from_secs(1),
            "m" => SignedDuration::from_mins(1),
            "h" => SignedDuration::from_hours(1),
            "d" => SignedDuration::from_hours(24),
            "w" => SignedDuration::from_hours(24 * 7),
            _ => return None,
        };
        rest = &rest[letters..];
        total = total.checked_add(unit.checked_mul(i32::try_from(number).ok()?)?)?;
    }
    Some(if negative { -total } else { total })
}
