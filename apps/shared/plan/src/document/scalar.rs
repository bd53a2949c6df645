//! What a scalar is where any value may stand: the rules `serde_yaml` reads by, so that plans mean
//! what they always meant. `012` and `1_000` are texts, `no` is a text, `0x1F` is a number.

use serde_json::{Number, Value};

use super::Scalar;

pub(crate) fn resolve(scalar: &Scalar) -> Value {
    if !scalar.plain {
        return Value::String(scalar.text.clone());
    }
    match &*scalar.text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        text => match number(text) {
            Some(number) => Value::Number(number),
            None => Value::String(text.to_owned()),
        },
    }
}

fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        b'0'..=b'9' | b'.' => (false, text),
        _ => return None,
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let magnitude = match digits.get(..2) {
        Some("0x") => unsigned(&digits[2..], 16),
        Some("0o") => unsigned(&digits[2..], 8),
        Some("0b") => unsigned(&digits[2..], 2),
        // A leading zero makes it a text: post codes, telephone numbers.
        Some(_) if digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        _ => unsigned(digits, 10),
    };
    match magnitude {
        Some(magnitude) if !negative => Some(magnitude.into()),
        Some(magnitude) if magnitude <= i64::MIN.unsigned_abs() => Some((magnitude as i64).wrapping_neg().into()),
        // Also whole numbers too big for 64 bits; infinities and NaN do not exist in JSON.
        _ => text.parse().ok().filter(|float: &f64| float.is_finite()).and_then(Number::from_f64),
    }
}

fn unsigned(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Whether a number's spelling says more than a number keeps.
pub(crate) fn loses_digits(scalar: &Scalar, value: &Value) -> bool {
    let Value::Number(number) = value else { return false };
    let digits = scalar.text.trim_start_matches(['+', '-']);
    number.is_f64() && digits.len() > 17 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
