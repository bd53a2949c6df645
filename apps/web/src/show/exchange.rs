//! Bodies of requests and responses.

use domain::report::{BodyReport, ResponseReport};
use serde::de::IgnoredAny;

/// A body on its page: JSON is indented, everything else stands as it is.
pub(crate) fn body(body: &BodyReport) -> String {
    let is_json = body.text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(&body.text).is_ok();
    if is_json { indented(&body.text) } else { body.text.clone() }
}

/// JSON with a line per element. It is moved around as text, never read into values, so that numbers
/// stay as they came, whatever their size, and repeated names stay too.
fn indented(json: &str) -> String {
    let mut shown = String::with_capacity(json.len() * 2);
    let mut depth = 0usize;
    let mut in_text = false;
    let mut is_escaped = false;
    let mut rest = json.chars().peekable();
    let new_line = |shown: &mut String, depth: usize| {
        shown.push('\n');
        // Deep documents would grow with the square of their depth.
        (0..depth.min(40)).for_each(|_| shown.push_str("  "));
    };
    while let Some(c) = rest.next() {
        if in_text {
            shown.push(c);
            in_text = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                shown.push(c);
            }
            '{' | '[' => {
                shown.push(c);
                while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                if let Some(end) = rest.next_if(|c| matches!(c, '}' | ']')) {
                    shown.push(end);
                } else {
                    depth += 1;
                    new_line(&mut shown, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut shown, depth);
                shown.push(c);
            }
            ',' => {
                shown.push(c);
                new_line(&mut shown, depth);
            }
            ':' => shown.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => shown.push(c),
        }
    }
    shown
}

/// `text/html` of a response.
pub(crate) fn media_type(response: &ResponseReport) -> Option<&str> {
    response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        body(&BodyReport { text: text.to_owned(), size: text.len() as u64, cut: false, binary: false })
    }

    #[test]
    fn json_is_indented_and_keeps_its_numbers_and_texts() {
        assert_eq!(
            shown(r#"{"a":12345678901234567890.10,"b":[1, {}],"c":"x, \"y\": {\\"}"#),
            "{\n  \"a\": 12345678901234567890.10,\n  \"b\": [\n    1,\n    {}\n  ],\n  \"c\": \"x, \\\"y\\\": {\\\\\"\n}"
        );
    }

    #[test]
    fn what_is_no_json_stands_as_it_came() {
        for text in ["<p>", "{\"a\": ", "", "[1,2"] {
            assert_eq!(shown(text), text);
        }
    }
}
