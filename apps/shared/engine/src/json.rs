//! JSON as the engine needs it: read from a body within bounds, compared, and put in words.

use std::{
    borrow::Cow,
    cmp::Ordering,
    io::{self, Write},
};

use serde_json::{Number, Value};

use crate::mask::Masker;

/// A body with more values than this is not read: each takes some eighty bytes of memory.
const MOST_VALUES: usize = 500_000;

/// Up to this many bytes a body cannot hold [`MOST_VALUES`].
const SMALL: usize = MOST_VALUES;

/// How many bytes of a value a message shows.
const SHOWN: usize = 200;

/// How many bytes of a value a report keeps.
const KEPT: usize = 4 * 1024;

/// Why a body is not taken as JSON.
#[derive(Debug, PartialEq, Eq)]
pub enum NotJson {
    Empty,
    TooDeep,
    TooMany,
    /// It looks like JSON; what is wrong, and where.
    Broken(String),
    Other,
}

/// Reads a body.
pub fn read(bytes: &[u8]) -> Result<Value, NotJson> {
    if bytes.len() > SMALL {
        let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
        if values > MOST_VALUES {
            return Err(NotJson::TooMany);
        }
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        let begins = bytes.trim_ascii_start().first();
        let message = error.to_string();
        match begins {
            None => NotJson::Empty,
            _ if message.contains("recursion limit") => NotJson::TooDeep,
            Some(b'{' | b'[' | b'"') => NotJson::Broken(message),
            Some(_) => NotJson::Other,
        }
    })
}

impl NotJson {
    /// A sentence without its full stop.
    pub fn sentence(&self, masker: &Masker, text: &str) -> String {
        match self {
            Self::Empty => "the body is empty where JSON was expected".to_owned(),
            Self::TooDeep => "the body is JSON nested more than 128 levels deep".to_owned(),
            Self::TooMany => format!("the body is JSON with more than {MOST_VALUES} values"),
            Self::Broken(problem) => format!("the body is not JSON: {problem}"),
            Self::Other => {
                let (begin, cut) = masker.cut(text.trim_start(), 40);
                let begin = begin.split_whitespace().collect::<Vec<_>>().join(" ");
                format!("the body is not JSON: it begins with {begin}{}", if cut { "…" } else { "" })
            }
        }
    }
}

/// `string`, `number`, …
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Whether two values are the same; `1` and `1.0` are, and the order of keys does not matter.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b).is_eq(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// The order of two numbers, exact also where a float could not hold them.
pub fn compare(a: &Number, b: &Number) -> Ordering {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // At least one has a fraction or is huge, so that rounding the other cannot change the order.
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// The number, if it has no fraction and is not huge.
#[allow(clippy::cast_possible_truncation)]
pub fn integer(number: &Number) -> Option<i128> {
    if let Some(number) = number.as_i64() {
        return Some(number.into());
    }
    if let Some(number) = number.as_u64() {
        return Some(number.into());
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < 1e30).then_some(float as i128)
}

/// A value in a message: compact JSON, masked and cut.
pub fn show(value: &Value, masker: &Masker) -> String {
    let (text, cut) = shown(value, masker, SHOWN);
    if cut { format!("{text}…") } else { text.into_owned() }
}

/// A value for a report: itself, masked; its beginning as text if it is big.
pub fn keep(value: Cow<'_, Value>, masker: &Masker) -> Value {
    if weight(&value, KEPT) <= KEPT {
        let mut value = value.into_owned();
        masker.value(&mut value);
        return value;
    }
    let (text, _) = match &*value {
        Value::String(text) => masker.cut(text, KEPT),
        other => shown(other, masker, KEPT),
    };
    Value::String(format!("{text}…"))
}

fn shown<'v>(value: &Value, masker: &Masker, most: usize) -> (Cow<'v, str>, bool) {
    // Enough beyond the cut for the masker to see a secret that crosses it.
    let mut out = Limited { bytes: Vec::new(), most: most + masker.reach() + 64 };
    let whole = serde_json::to_writer(&mut out, value).is_ok();
    let text = String::from_utf8_lossy(&out.bytes);
    let (masked, cut) = masker.cut(&text, most);
    (Cow::Owned(masked.into_owned()), cut || !whole)
}

/// Takes bytes up to a limit and then fails.
struct Limited {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.most - self.bytes.len();
        if room == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let taken = bytes.len().min(room);
        self.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// About how many bytes a value takes as JSON; not counted beyond `most`.
fn weight(value: &Value, most: usize) -> usize {
    let mut sum = 2;
    match value {
        Value::String(text) => sum += text.len(),
        Value::Array(items) => {
            for item in items {
                if sum > most {
                    break;
                }
                sum += weight(item, most - sum);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                if sum > most {
                    break;
                }
                sum += key.len();
                sum += weight(field, most.saturating_sub(sum));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => sum += 6,
    }
    sum
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_equal_if_they_are_the_same_number() {
        assert!(equal(&json!(1), &json!(1.0)));
        assert!(equal(&json!({"a": [1, 2.5]}), &json!({"a": [1.0, 2.5]})));
        assert!(!equal(&json!(1), &json!("1")));
        assert!(!equal(&json!(1), &json!(true)));
        // A float cannot tell these two apart.
        assert!(!equal(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
        assert!(!equal(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992.0)));
        let order = |a: Value, b: Value| compare(a.as_number().unwrap(), b.as_number().unwrap());
        assert_eq!(order(json!(u64::MAX), json!(i64::MIN)), Ordering::Greater);
        assert_eq!(order(json!(2), json!(2.5)), Ordering::Less);
        assert_eq!(order(json!(1e300), json!(u64::MAX)), Ordering::Greater);
        assert_eq!(order(json!(-0.5), json!(0)), Ordering::Less);
    }

    #[test]
    fn what_is_not_json_is_told_by_its_beginning() {
        let masker = Masker::default();
        let tell = |text: &str| read(text.as_bytes()).unwrap_err().sentence(&masker, text);
        assert_eq!(tell("<html>\n <head>"), "the body is not JSON: it begins with <html> <head>");
        assert_eq!(tell("  "), "the body is empty where JSON was expected");
        assert_eq!(tell("{\"a\": 1,}"), "the body is not JSON: trailing comma at line 1 column 9");
        assert_eq!(tell(&"[".repeat(100_000)), "the body is JSON nested more than 128 levels deep");
        assert_eq!(tell(&format!("[{}0]", "0,".repeat(600_000))), "the body is JSON with more than 500000 values");
        assert_eq!(
            tell(&format!("Not found: {}", "x".repeat(90))),
            "the body is not JSON: it begins with Not found: xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_mistake() {
        assert_eq!(read(b"\xef\xbb\xbf[1]"), Ok(json!([1])));
    }

    #[test]
    fn big_values_are_cut_and_masked_before_they_are_cut() {
        let mut masker = Masker::default();
        masker.add_text("hunter22").unwrap();
        let value = json!([format!("{}hunter22{}", "x".repeat(SHOWN - 6), "y".repeat(99_999))]);
        assert_eq!(show(&value, &masker), format!("[\"{}•••…", "x".repeat(SHOWN - 6)));
        let Value::String(kept) = keep(Cow::Borrowed(&value), &masker) else { panic!() };
        assert!(kept.len() < KEPT + 20 && kept.contains("x•••y") && kept.ends_with("y…"));
        assert_eq!(keep(Cow::Owned(json!({"a": "hunter22"})), &masker), json!({"a": "•••"}));
    }
}
