//! Values of a fixed type that a placeholder may give at run time, and the strict conversions.

use serde_json::{Number, Value};

use super::expression::cut;
use super::scope::kind;
use super::{ExpandError, Scope, Template};
use crate::model::Millis;

/// A value known when the plan is read, or a text with placeholders that gives it at run time.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<T> {
    /// Written out.
    Known(T),
    /// `${name}`; its value is checked, and converted strictly if it is text.
    Later(Template),
}

impl<T: Convert + Clone> Field<T> {
    /// The value, converted strictly.
    ///
    /// # Errors
    /// If the template cannot be expanded or its value is not of the type.
    pub fn resolve(&self, scope: &Scope) -> Result<T, ExpandError> {
        match self {
            Self::Known(value) => Ok(value.clone()),
            Self::Later(template) => {
                let value = template.expand(scope)?;
                T::convert(&value).ok_or_else(|| ExpandError::WrongType {
                    template: cut(template.as_written()).into_owned(),
                    wanted: T::WANTED,
                    found: match &value {
                        Value::String(_) => "text that is not one".to_owned(),
                        other if kind(other) == T::KIND => "one that does not fit".to_owned(),
                        other => kind(other).to_owned(),
                    },
                })
            }
        }
    }
}

impl<T> Field<T> {
    /// The value, if it is known before the run.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Later(_) => None,
        }
    }
}

/// Types a field may have. Text converts only if the whole of it is the value: `12abc` is no number.
pub trait Convert: Sized {
    /// What a message says is wanted.
    const WANTED: &'static str;
    /// The JSON type it comes from.
    const KIND: &'static str;
    /// None if the value is not of the type and no text that converts to it.
    fn convert(value: &Value) -> Option<Self>;
}

impl Convert for bool {
    const WANTED: &'static str = "`true` or `false`";
    const KIND: &'static str = "a boolean";

    fn convert(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            Value::String(text) => match &**text {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Convert for u16 {
    const WANTED: &'static str = "a whole number from 0 to 65535";
    const KIND: &'static str = "a number";

    fn convert(value: &Value) -> Option<Self> {
        whole(value)?.try_into().ok()
    }
}

impl Convert for u32 {
    const WANTED: &'static str = "a whole number that is not negative";
    const KIND: &'static str = "a number";

    fn convert(value: &Value) -> Option<Self> {
        whole(value)?.try_into().ok()
    }
}

impl Convert for Number {
    const WANTED: &'static str = "a number";
    const KIND: &'static str = "a number";

    fn convert(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(number.clone()),
            Value::String(text) => serde_json::from_str(text).ok().filter(|_| !text.starts_with(char::is_whitespace)),
            _ => None,
        }
    }
}

impl Convert for Millis {
    const WANTED: &'static str = "a time such as `500`, `500ms`, `5s` or `1m`";
    const KIND: &'static str = "a number";

    fn convert(value: &Value) -> Option<Self> {
        let Value::String(text) = value else { return whole(value).map(Millis) };
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let unit = match &text[digits..] {
            "" | "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        match text[..digits].split_once('.') {
            None => parse_digits(&text[..digits])?.checked_mul(unit).map(Millis),
            // `1.5s`: as many places as make whole milliseconds.
            Some((whole, fraction)) if unit > 1 && (1..=3).contains(&fraction.len()) => {
                let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
                let parts = parse_digits(whole)?.checked_mul(scale)?.checked_add(parse_digits(fraction)?)?;
                parts.checked_mul(unit).map(|millis| Millis(millis / scale))
            }
            Some(_) => None,
        }
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        // `5.0` is a whole number to JSON's own users.
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && (0.0..9e15).contains(&float)).then_some(float as u64)
        }),
        Value::String(text) => parse_digits(text),
        _ => None,
    }
}

/// Digits and nothing else; `parse` alone would take a `+`.
fn parse_digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
