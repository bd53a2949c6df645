//! Values of expectations and captures as people read them.

use domain::report::ExpectationReport;
use serde_json::Value;

/// Longer texts are cut: the whole response stands beside them.
const MOST: usize = 2_000;

/// A value as JSON, or as it is if it is text; cut if it is long.
pub(crate) fn plain(value: &Value) -> String {
    cut(match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// A value as JSON, cut if it is long: text is told from numbers.
pub(crate) fn json(value: &Value) -> String {
    cut(value.to_string())
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What was expected. A matcher reads as its conditions: `gte 90, lt 100`.
pub(crate) fn expected(expectation: &ExpectationReport) -> String {
    match &expectation.expected {
        Value::Object(conditions) if is_matcher(expectation, conditions) => {
            let words: Vec<String> =
                conditions.iter().map(|(word, value)| format!("{} {}", word.replace('_', " "), json(value))).collect();
            cut(words.join(", "))
        }
        value => match &*expectation.kind {
            "status_code" => plain(value),
            _ => json(value),
        },
    }
}

/// What came.
pub(crate) fn received(expectation: &ExpectationReport) -> String {
    match &expectation.received {
        None => "nothing".to_owned(),
        Some(value) if expectation.kind == "status_code" => plain(value),
        Some(Value::Number(number)) => format!("{number}{}", unit(&expectation.kind)),
        Some(value) => json(value),
    }
}

/// What numbers of this kind of expectation count.
fn unit(kind: &str) -> &'static str {
    match kind {
        "response_time" => " ms",
        "size" => " B",
        "certificate" => " days left",
        _ => "",
    }
}

/// `json` and `json_schema` expect structures, everything else a value or a matcher.
fn is_matcher(expectation: &ExpectationReport, conditions: &serde_json::Map<String, Value>) -> bool {
    const WORDS: &[&str] = &[
        "equal",
        "not_equal",
        "gt",
        "gte",
        "lt",
        "lte",
        "between",
        "one_of",
        "contains",
        "not_contains",
        "starts_with",
        "ends_with",
        "matches",
        "exists",
        "type",
        "length",
        "empty",
        "not",
        "degraded_after",
    ];
    !matches!(&*expectation.kind, "json" | "json_schema")
        && !conditions.is_empty()
        && conditions.keys().all(|word| WORDS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: &'static str, expected_value: Value, received_value: Option<Value>) -> (String, String) {
        let expectation = ExpectationReport {
            kind: kind.into(),
            name: None,
            expected: expected_value,
            received: received_value,
            passed: false,
            message: None,
        };
        (expected(&expectation), received(&expectation))
    }

    #[test]
    fn text_is_told_from_numbers() {
        assert_eq!(of("json_path", json!(1), Some(json!("1"))), ("1".to_owned(), "\"1\"".to_owned()));
        assert_eq!(of("headers", json!("a"), None), ("\"a\"".to_owned(), "nothing".to_owned()));
    }

    #[test]
    fn a_status_stands_without_quotes() {
        assert_eq!(of("status_code", json!("2xx"), Some(json!(502))), ("2xx".to_owned(), "502".to_owned()));
    }

    #[test]
    fn what_was_measured_carries_its_unit() {
        assert_eq!(of("response_time", json!({"lt": 500}), Some(json!(640.2))).1, "640.2 ms");
        assert_eq!(of("json_path", json!(1), Some(json!(2))).1, "2");
    }

    #[test]
    fn a_matcher_reads_as_its_conditions_and_a_structure_as_itself() {
        assert_eq!(of("json_path", json!({"gte": 90, "not_equal": "x"}), None).0, "gte 90, not equal \"x\"");
        assert_eq!(of("json", json!({"gte": 90}), None).0, "{\"gte\":90}");
        assert_eq!(of("json_path", json!({"id": 7}), None).0, "{\"id\":7}");
    }
}
