//! Variables taken from a response.

use egress::Response;
use http::header::SET_COOKIE;
use plan::{
    model::{Capture, Source},
    template::Scope,
};
use serde_json::Value;

use crate::{
    body::Body,
    compiled,
    json::type_name,
    jsonpath::{self, Reached},
    mask::Masker,
    subset,
};

/// The value of a capture, or its default.
///
/// # Errors
/// What was not found, and what was there instead; a sentence without its full stop.
pub fn take(
    capture: &Capture,
    response: &Response,
    body: &Body<'_>,
    scope: &Scope,
    masker: &Masker,
) -> Result<Value, String> {
    let found = find(&capture.from, response, body, masker);
    match (found, &capture.default) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(default)) => {
            default.expand(scope).map_err(|error| format!("the default of `{}`: {error}", capture.name))
        }
        (Err(problem), None) => Err(format!("`{}` cannot be captured: {problem}", capture.name)),
    }
}

fn find(from: &Source, response: &Response, body: &Body<'_>, masker: &Masker) -> Result<Value, String> {
    match from {
        Source::JsonPath { path, bare } => in_json(path, *bare, body, masker),
        Source::Header(name) => match response.headers.get(name) {
            Some(value) => Ok(String::from_utf8_lossy(value.as_bytes()).into()),
            None => Err(format!("the response has no header `{name}`")),
        },
        Source::Cookie(name) => cookie(name, response),
        Source::Html(path) => {
            let selector = compiled::selector(path)?;
            let text = body.page().and_then(|page| page.text(&selector)).map_err(|bad| bad.to_string())?;
            text.map(Value::String).ok_or_else(|| format!("nothing in the page matches `{path}`"))
        }
        Source::Regex(pattern) => {
            let regex = compiled::regex(pattern)?;
            let found = regex.captures(body.text()).and_then(|groups| groups.get(1).or(groups.get(0)));
            let found = found.ok_or_else(|| format!("nothing in the body matches `{pattern}`"))?;
            Ok(found.as_str().into())
        }
    }
}

fn in_json(path: &str, bare: bool, body: &Body<'_>, masker: &Masker) -> Result<Value, String> {
    let json = body.json().map_err(|problem| problem.sentence(masker, body.text()))?;
    if let Some(value) = jsonpath::find(path, json)? {
        return Ok(value);
    }
    // Plans written against services that echo a request under `json` rely on this.
    if bare
        && let Some(below) = json.get("json")
        && let Some(value) = jsonpath::find(path, below)?
    {
        return Ok(value);
    }
    let (reached, what) = jsonpath::reach(path, json);
    let there = match what {
        Reached::Keys(fields) => subset::keys(fields, masker),
        Reached::Elements(count) => format!("the list has {count}"),
        Reached::Scalar(value) => format!("it is a {}", type_name(value)),
    };
    let place = if reached == "$" { String::new() } else { format!("at {reached} ") };
    Err(format!("nothing matches {path} ({place}{there})"))
}

/// The value of the last `set-cookie` of that name: the one the jar keeps.
fn cookie(name: &str, response: &Response) -> Result<Value, String> {
    let mut cookies = response.headers.get_all(SET_COOKIE).iter().filter_map(|line| {
        let pair = line.as_bytes().split(|byte| *byte == b';').next()?;
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
    });
    match cookies.rfind(|(found, _)| *found == name.as_bytes()) {
        Some((_, value)) => Ok(String::from_utf8_lossy(value).into()),
        None => Err(format!("the response sets no cookie `{name}`")),
    }
}
