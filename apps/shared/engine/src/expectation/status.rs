//! The expectation on the status: always there, `2xx` where the plan says nothing.

use domain::report::ExpectationReport;
use plan::model::{StatusCode, StatusPattern};
use serde_json::Value;

use super::Evidence;
use crate::matcher::{self, Problem, Typing};

pub fn judge(wanted: Option<&StatusCode>, evidence: Evidence<'_>) -> ExpectationReport {
    const SUCCESS: &[StatusPattern] = &[StatusPattern::Class(2)];
    let status = evidence.response.status.as_u16();
    let patterns = match wanted {
        None => SUCCESS,
        Some(StatusCode::OneOf(patterns)) => patterns,
        Some(StatusCode::Matcher(matcher)) => {
            let context = evidence.context(Typing::Typed, "");
            return evidence.matched("status_code", None, matcher, Some(status.into()), context);
        }
    };
    let mut expected = Vec::with_capacity(patterns.len());
    let mut holds = false;
    for pattern in patterns {
        match pattern {
            StatusPattern::Class(class) => {
                holds |= status / 100 == u16::from(*class);
                expected.push(Value::String(format!("{class}xx")));
            }
            StatusPattern::Exact(field) => match field.resolve(evidence.scope) {
                Ok(exact) => {
                    holds |= status == exact;
                    expected.push(exact.into());
                }
                Err(error) => {
                    return evidence.untold("status_code", None, Value::Null, error.to_string());
                }
            },
        }
    }
    let expected = if expected.len() == 1 { expected.remove(0) } else { Value::Array(expected) };
    let problem = (!holds).then(|| Problem::Unmet(format!("expected {}, received {status}", words(&expected))));
    evidence.report("status_code", None, matcher::Verdict { expected, problem }, Some(status.into()))
}

/// `2xx`, `200 or 404`: without quotes, for `2xx` is no text to a reader.
pub fn words(expected: &Value) -> String {
    match expected {
        Value::Array(several) => several.iter().map(words).collect::<Vec<_>>().join(" or "),
        Value::String(class) => class.clone(),
        one => one.to_string(),
    }
}
