//! Why a step did not pass, in one plain sentence.

use domain::report::ExpectationReport;

use crate::expectation::words;

/// What is wrong with a response: its first unmet expectation, and how many more there are.
pub fn of_response(
    name: &str,
    expectations: &[ExpectationReport],
    captures: &[String],
    attempts: usize,
) -> Option<String> {
    let mut unmet = expectations.iter().filter(|expectation| !expectation.passed);
    let Some(first) = unmet.next() else {
        return captures.first().map(|first| {
            let mut reason = format!("{name}: {first}");
            finish(&mut reason, captures.len() - 1, "capture");
            reason
        });
    };
    let tries = if attempts > 1 { format!(", after {attempts} attempts") } else { String::new() };
    let mut reason = match status(first) {
        Some((expected, received)) => format!("{name} answered {received} where {expected} was expected{tries}"),
        None => {
            let subject = subject(first);
            format!("{name}: {subject}{}", first.message.as_deref().unwrap_or_default())
        }
    };
    finish(&mut reason, unmet.count(), "expectation");
    Some(reason)
}

/// Why there is no response; the failure's sentence names the place.
pub fn of_failure(sentence: &str, attempts: usize) -> String {
    match attempts {
        0 | 1 => sentence.to_owned(),
        _ => format!("{} (tried {attempts} times).", sentence.trim_end_matches('.')),
    }
}

fn finish(reason: &mut String, more: usize, what: &str) {
    if !reason.ends_with(['.', '…', '?']) {
        reason.push('.');
    }
    match more {
        0 => {}
        1 => reason.push_str(&format!(" One more {what} failed.")),
        more => reason.push_str(&format!(" {more} more {what}s failed.")),
    }
}

/// Expected and received status, if that is what is wrong and the plan names values.
fn status(expectation: &ExpectationReport) -> Option<(String, String)> {
    if expectation.kind != "status_code" || expectation.expected.is_object() || expectation.expected.is_null() {
        return None;
    }
    Some((words(&expectation.expected), expectation.received.as_ref()?.to_string()))
}

/// What the message of an expectation is about, as its beginning.
fn subject(expectation: &ExpectationReport) -> String {
    let name = expectation.name.as_deref().unwrap_or_default();
    let message = expectation.message.as_deref().unwrap_or_default();
    // These say it themselves.
    if message.starts_with("the body") || message.starts_with("the page") {
        return String::new();
    }
    match &*expectation.kind {
        "status_code" => "the status: ".to_owned(),
        "headers" => format!("the header {name}: "),
        "json_path" => format!("{name}: "),
        "body" => "the body: ".to_owned(),
        "html" => format!("`{name}` in the page: "),
        "json_schema" => "the body does not meet the schema: ".to_owned(),
        "response_time" => "the response time in milliseconds: ".to_owned(),
        "certificate" => "the days left of the certificate: ".to_owned(),
        "size" => "the body's size in bytes: ".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn unmet(
        kind: &'static str,
        name: Option<&str>,
        expected: Value,
        received: Value,
        message: &str,
    ) -> ExpectationReport {
        ExpectationReport {
            kind: kind.into(),
            name: name.map(str::to_owned),
            expected,
            received: Some(received),
            passed: false,
            message: Some(message.to_owned()),
        }
    }

    fn told(expectations: &[ExpectationReport], attempts: usize) -> String {
        of_response("Pay", expectations, &[], attempts).unwrap()
    }

    #[test]
    fn the_first_unmet_expectation_makes_the_sentence() {
        let status = |expected| unmet("status_code", None, expected, json!(502), "expected 2xx, received 502");
        assert_eq!(told(&[status(json!("2xx"))], 1), "Pay answered 502 where 2xx was expected.");
        assert_eq!(
            told(&[status(json!([200, "3xx"])), status(json!(1)), status(json!(1))], 2),
            "Pay answered 502 where 200 or 3xx was expected, after 2 attempts. 2 more expectations failed."
        );
        let header = unmet("headers", Some("x-id"), json!("a"), json!("b"), "expected \"a\", received \"b\"");
        assert_eq!(told(&[header], 1), "Pay: the header x-id: expected \"a\", received \"b\".");
        let body = unmet("json", None, json!({}), json!(null), "the body is not JSON: it begins with <html>…");
        assert_eq!(told(&[body], 1), "Pay: the body is not JSON: it begins with <html>…");
    }

    #[test]
    fn captures_are_told_only_where_every_expectation_held() {
        let missing = vec!["`id` cannot be captured: no".to_owned(), "`x`".to_owned()];
        assert_eq!(
            of_response("Pay", &[], &missing, 1).unwrap(),
            "Pay: `id` cannot be captured: no. One more capture failed."
        );
        assert_eq!(of_response("Pay", &[], &[], 1), None);
    }

    #[test]
    fn a_failure_says_how_often_it_was_tried() {
        assert_eq!(of_failure("Nothing listens at h:1.", 1), "Nothing listens at h:1.");
        assert_eq!(of_failure("Nothing listens at h:1.", 3), "Nothing listens at h:1 (tried 3 times).");
    }
}
