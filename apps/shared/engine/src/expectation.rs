//! Expectations: every one of a step is held against the response and reported, held or not.

use std::borrow::Cow;

use domain::{Elapsed, report::ExpectationReport};
use egress::Response;
use jiff::Timestamp;
use jsonschema::paths::LocationSegment;
use plan::{
    model::{Expect, Html, Matcher, ResponseTime},
    template::{Scope, Tree},
};
use serde_json::{Value, json};

use crate::{
    body::Body,
    compiled, json, jsonpath,
    mask::Masker,
    matcher::{self, Context, Problem, Typing},
    subset,
};

mod status;

pub use status::words;

/// How many bytes of a body an expectation keeps to show.
const BODY_KEPT: usize = 512;

/// More findings of a JSON Schema help nobody.
const MOST_FINDINGS: usize = 3;

/// A response and what is needed to judge it.
#[derive(Clone, Copy)]
pub struct Evidence<'r> {
    pub response: &'r Response,
    pub body: &'r Body<'r>,
    /// How long the last attempt took.
    pub took: Elapsed,
    pub scope: &'r Scope,
    pub masker: &'r Masker,
}

/// What came of the expectations of one step.
pub struct Judgment {
    /// In the order of the language.
    pub reports: Vec<ExpectationReport>,
    /// Slower than `degraded_after`.
    pub slow: bool,
}

/// Holds a response against everything a step expects.
pub fn judge(expect: &Expect, evidence: Evidence<'_>) -> Judgment {
    let mut reports = Vec::with_capacity(3 + expect.headers.len() + expect.json_path.len());
    reports.push(status::judge(expect.status_code.as_ref(), evidence));
    for (name, matcher) in &expect.headers {
        reports.push(header(name, matcher, evidence));
    }
    if let Some(tree) = &expect.json {
        reports.push(json(tree, evidence));
    }
    for (path, matcher) in &expect.json_path {
        reports.push(json_path(path, matcher, evidence));
    }
    for template in &expect.string {
        let wanted = template.text(evidence.scope).map_err(|error| (template.as_written(), error.to_string()));
        reports.push(string(wanted, evidence));
    }
    if let Some(matcher) = &expect.body {
        let text = evidence.body.text();
        let context = evidence.context(Typing::Untyped, "");
        let received = evidence.beginning(text);
        let verdict = matcher::check(matcher, Some(&Value::String(text.to_owned())), context);
        reports.push(evidence.report("body", None, verdict, Some(received)));
    }
    for html in &expect.html {
        reports.push(self::html(html, evidence));
    }
    if let Some(schema) = &expect.json_schema {
        reports.push(json_schema(schema, evidence));
    }
    let mut slow = false;
    if let Some(wanted) = &expect.response_time {
        reports.push(response_time(wanted, &mut slow, evidence));
    }
    if let Some(matcher) = &expect.certificate_days_left {
        let context = evidence.context(Typing::Typed, "the connection has no certificate (it is not https)");
        let days = days_left(evidence.response);
        reports.push(evidence.matched("certificate", Some("days_left"), matcher, days.map(Value::from), context));
    }
    if let Some(matcher) = &expect.size {
        let context = evidence.context(Typing::Typed, "");
        reports.push(evidence.matched("size", None, matcher, Some(evidence.body.size().into()), context));
    }
    Judgment { reports, slow }
}

impl<'r> Evidence<'r> {
    fn context(&self, typing: Typing, absent: &'static str) -> Context<'r> {
        Context { scope: self.scope, masker: self.masker, typing, absent }
    }

    /// A report on a value that a matcher looks at.
    fn matched(
        &self,
        kind: &'static str,
        name: Option<&str>,
        matcher: &Matcher,
        received: Option<Value>,
        context: Context<'_>,
    ) -> ExpectationReport {
        let verdict = matcher::check(matcher, received.as_ref(), context);
        let received = received.map(|value| json::keep(Cow::Owned(value), self.masker));
        self.report(kind, name, verdict, received)
    }

    fn report(
        &self,
        kind: &'static str,
        name: Option<&str>,
        verdict: matcher::Verdict,
        received: Option<Value>,
    ) -> ExpectationReport {
        ExpectationReport {
            kind: kind.into(),
            name: name.map(str::to_owned),
            expected: json::keep(Cow::Owned(verdict.expected), self.masker),
            received,
            passed: verdict.problem.is_none(),
            message: verdict.problem.map(Problem::into_text),
        }
    }

    /// One that could not be evaluated: the body cannot be read, or the plan's value not be made.
    fn untold(&self, kind: &'static str, name: Option<&str>, expected: Value, problem: String) -> ExpectationReport {
        let verdict = matcher::Verdict { expected, problem: Some(Problem::Untold(problem)) };
        self.report(kind, name, verdict, None)
    }

    fn not_json(&self, problem: &json::NotJson) -> String {
        problem.sentence(self.masker, self.body.text())
    }

    fn beginning(&self, text: &str) -> Value {
        let (begin, cut) = self.masker.cut(text, BODY_KEPT);
        if cut { Value::String(format!("{begin}…")) } else { Value::String(begin.into_owned()) }
    }
}

fn header(name: &str, matcher: &Matcher, evidence: Evidence<'_>) -> ExpectationReport {
    let values = evidence.response.headers.get_all(name);
    // Several lines of one name mean the same as one with commas (RFC 9110, 5.3).
    let received = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).reduce(|mut all, value| {
        all.to_mut().push_str(", ");
        all.to_mut().push_str(&value);
        all
    });
    let context = evidence.context(Typing::Untyped, "the response has no such header");
    evidence.matched("headers", Some(name), matcher, received.map(|text| Value::String(text.into_owned())), context)
}

fn json(tree: &Tree, evidence: Evidence<'_>) -> ExpectationReport {
    let expected = match tree.as_literal() {
        Some(value) => Cow::Borrowed(value),
        None => match tree.expand(evidence.scope) {
            Ok(value) => Cow::Owned(value),
            Err(error) => return evidence.untold("json", None, tree.as_written(), error.to_string()),
        },
    };
    let received = match evidence.body.json() {
        Ok(received) => received,
        Err(problem) => return evidence.untold("json", None, expected.into_owned(), evidence.not_json(problem)),
    };
    let differences = subset::differences(&expected, received);
    let message = (!differences.is_empty()).then(|| subset::tell(&differences, evidence.masker));
    let kept = match message {
        // What came is what was expected, whatever else there is.
        None => json::keep(Cow::Borrowed(&*expected), evidence.masker),
        Some(_) => json::keep(Cow::Owned(subset::part(&expected, received)), evidence.masker),
    };
    ExpectationReport {
        kind: "json".into(),
        name: None,
        expected: json::keep(expected, evidence.masker),
        received: Some(kept),
        passed: message.is_none(),
        message,
    }
}

fn json_path(path: &str, matcher: &Matcher, evidence: Evidence<'_>) -> ExpectationReport {
    let context = evidence.context(Typing::Typed, "nothing in the body matches this path");
    let found = match evidence.body.json() {
        Ok(json) => jsonpath::find(path, json),
        Err(problem) => Err(evidence.not_json(problem)),
    };
    match found {
        Ok(received) => evidence.matched("json_path", Some(path), matcher, received, context),
        Err(problem) => {
            let expected = matcher::check(matcher, None, context).expected;
            evidence.untold("json_path", Some(path), expected, problem)
        }
    }
}

fn string(wanted: Result<String, (&str, String)>, evidence: Evidence<'_>) -> ExpectationReport {
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err((written, error)) => return evidence.untold("string", None, written.into(), error),
    };
    let text = evidence.body.text();
    let holds = text.contains(&wanted);
    let wanted = Value::String(wanted);
    let received = if holds { json::keep(Cow::Borrowed(&wanted), evidence.masker) } else { evidence.beginning(text) };
    let problem = (!holds).then(|| {
        let shown = json::show(&wanted, evidence.masker);
        Problem::Unmet(format!("the body does not contain {shown}"))
    });
    evidence.report("string", None, matcher::Verdict { expected: wanted, problem }, Some(received))
}

fn html(html: &Html, evidence: Evidence<'_>) -> ExpectationReport {
    let context = evidence.context(Typing::Untyped, "nothing in the page matches this selector");
    let found = compiled::selector(&html.path)
        .and_then(|selector| evidence.body.page().and_then(|page| page.text(&selector)).map_err(|bad| bad.to_string()));
    match found {
        Ok(received) => evidence.matched("html", Some(&html.path), &html.matcher, received.map(Value::String), context),
        Err(problem) => {
            let expected = matcher::check(&html.matcher, None, context).expected;
            evidence.untold("html", Some(&html.path), expected, problem)
        }
    }
}

fn json_schema(schema: &Value, evidence: Evidence<'_>) -> ExpectationReport {
    let compiled = compiled::schema(schema);
    let json = evidence.body.json().map_err(|problem| evidence.not_json(problem));
    let (validator, json) = match (compiled, json) {
        (Ok(validator), Ok(json)) => (validator, json),
        (Err(problem), _) | (_, Err(problem)) => {
            return evidence.untold("json_schema", None, schema.clone(), evidence.masker.owned(problem));
        }
    };
    let findings: Vec<String> = validator
        .iter_errors(json)
        .take(MOST_FINDINGS)
        .map(|finding| {
            let mut path = "$".to_owned();
            for segment in finding.instance_path().iter() {
                match segment {
                    LocationSegment::Property(key) => subset::add_key(&mut path, &key),
                    LocationSegment::Index(index) => subset::add_index(&mut path, index),
                }
            }
            evidence.masker.owned(format!("{path}: {}", finding.masked()))
        })
        .collect();
    let problem = (!findings.is_empty()).then(|| Problem::Unmet(findings.join("; ")));
    let received = problem.is_some().then(|| json::keep(Cow::Borrowed(json), evidence.masker));
    evidence.report("json_schema", None, matcher::Verdict { expected: schema.clone(), problem }, received)
}

fn response_time(wanted: &ResponseTime, slow: &mut bool, evidence: Evidence<'_>) -> ExpectationReport {
    let millis = json!(evidence.took.as_millis());
    let context = evidence.context(Typing::Typed, "");
    let mut verdict = match &wanted.matcher {
        Some(matcher) => {
            let mut verdict = matcher::check(matcher, Some(&millis), context);
            if matcher.bare {
                // A bare number means "less than", which it does not show.
                verdict.expected = json!({"lt": verdict.expected});
            }
            verdict
        }
        None => matcher::Verdict { expected: json!({}), problem: None },
    };
    if let Some(limit) = &wanted.degraded_after {
        let shown = match limit.resolve(evidence.scope) {
            Ok(limit) => {
                *slow = evidence.took.as_duration().as_micros() > u128::from(limit.0) * 1000;
                limit.0.into()
            }
            Err(error) => {
                verdict.problem.get_or_insert(error.into());
                Value::Null
            }
        };
        if let Value::Object(conditions) = &mut verdict.expected {
            conditions.insert("degraded_after".to_owned(), shown);
        }
    }
    evidence.report("response_time", None, verdict, Some(millis))
}

/// Whole days until the certificate expires; negative if it has.
fn days_left(response: &Response) -> Option<i64> {
    let end = response.certificate.as_ref()?.not_after()?;
    Some((end.as_second() - Timestamp::now().as_second()).div_euclid(86_400))
}
