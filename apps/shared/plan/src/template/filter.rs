//! Filters: what may stand behind `|` in a placeholder. Each maps one value to another.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

use super::expression::Problem;
use super::scope::ExpandError;
use crate::suggestion;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const NAMES: [&str; 7] = ["base64", "default", "json", "lower", "sha256", "upper", "urlencode"];

#[derive(Clone, Debug)]
pub(super) enum Filter {
    Base64,
    Default(Value),
    Json,
    Lower,
    Sha256,
    Upper,
    UrlEncode,
}

impl Filter {
    pub(super) fn new(name: &str, arguments: &[Value]) -> Result<Self, Problem> {
        let filter = match (name, arguments) {
            ("default", [value]) => return Ok(Self::Default(value.clone())),
            ("default", _) => {
                return Err(Problem::new("The filter `default` takes one value.").hint("Write `default(\"x\")`."));
            }
            ("base64", _) => Self::Base64,
            ("json", _) => Self::Json,
            ("lower", _) => Self::Lower,
            ("sha256", _) => Self::Sha256,
            ("upper", _) => Self::Upper,
            ("urlencode", _) => Self::UrlEncode,
            _ => {
                return Err(Problem::new(format!("There is no filter `{}`.", super::expression::cut(name)))
                    .hint(suggestion::hint(name, &NAMES)));
            }
        };
        if arguments.is_empty() {
            Ok(filter)
        } else {
            Err(Problem::new(format!("The filter `{name}` takes no values.")))
        }
    }

    pub(super) fn is_default(&self) -> bool {
        matches!(self, Self::Default(_))
    }

    pub(super) fn apply<'s>(
        &'s self,
        value: Result<Cow<'s, Value>, ExpandError>,
    ) -> Result<Cow<'s, Value>, ExpandError> {
        let text = match (self, value) {
            (Self::Default(default), Err(error)) if error.is_missing() => return Ok(Cow::Borrowed(default)),
            (Self::Default(default), Ok(value)) if value.is_null() => return Ok(Cow::Borrowed(default)),
            (Self::Default(_), value) => return value,
            (Self::Json, Ok(value)) => value.to_string(),
            (Self::Base64, Ok(value)) => BASE64_STANDARD.encode(&*as_text(&value)),
            (Self::Lower, Ok(value)) => as_text(&value).to_lowercase(),
            (Self::Upper, Ok(value)) => as_text(&value).to_uppercase(),
            (Self::UrlEncode, Ok(value)) => utf8_percent_encode(&as_text(&value), RESERVED).to_string(),
            (Self::Sha256, Ok(value)) => hex(&Sha256::digest(as_text(&value).as_bytes())),
            (_, Err(error)) => return Err(error),
        };
        Ok(Cow::Owned(Value::String(text)))
    }
}

/// What a value becomes inside a longer text.
pub(super) fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a String does not fail");
        out
    })
}
