//! The JSON report: one object on one line per plan.

use std::io::{self, Write};

use domain::{Elapsed, StepReport, report::CaptureReport};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::PlanRun;

/// Writes the object and the end of its line.
pub fn write(out: &mut impl Write, run: &PlanRun) -> io::Result<()> {
    let report = Report {
        plan: &run.plan,
        state: run.state.as_str(),
        started_at: run.started_at,
        duration_ms: run.duration,
        // What is published for a run here has none.
        reason: run.page.as_ref().and(run.reason.as_deref()),
        page: run.page.as_deref(),
        steps: run.steps.iter().map(Step::of).collect(),
    };
    let mut line = serde_json::to_vec(&report)?;
    line.push(b'\n');
    out.write_all(&line)
}

#[derive(Serialize)]
struct Report<'r> {
    plan: &'r str,
    state: &'static str,
    started_at: Timestamp,
    duration_ms: Elapsed,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'r str>,
    steps: Vec<Step<'r>>,
}

#[derive(Serialize)]
struct Step<'r> {
    path: &'r str,
    name: &'r str,
    action: &'r str,
    method: &'r str,
    url: &'r str,
    state: &'static str,
    duration_ms: Elapsed,
    attempts: usize,
    status: Option<u16>,
    expectations: Vec<Expectation<'r>>,
    captures: &'r [CaptureReport],
    reason: Option<&'r str>,
}

#[derive(Serialize)]
struct Expectation<'r> {
    #[serde(rename = "type")]
    kind: &'r str,
    name: Option<&'r str>,
    expected: &'r Value,
    received: Option<&'r Value>,
    passed: bool,
}

impl<'r> Step<'r> {
    fn of(step: &'r StepReport) -> Self {
        let expectations = step.expectations.iter().map(|expectation| Expectation {
            kind: &expectation.kind,
            name: expectation.name.as_deref(),
            expected: &expectation.expected,
            received: expectation.received.as_ref(),
            passed: expectation.passed,
        });
        Self {
            path: &step.path,
            name: &step.name,
            action: &step.action,
            method: &step.method,
            url: &step.url,
            state: step.state.as_str(),
            duration_ms: step.duration,
            attempts: step.attempts.len(),
            status: step.status,
            expectations: expectations.collect(),
            captures: &step.captures,
            reason: step.reason.as_deref(),
        }
    }
}
