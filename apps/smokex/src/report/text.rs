//! The report for people: what a finished step and a finished run look like.

use domain::{RunState, StepReport, StepState, report::Phases};
use serde_json::Value;

use super::PlanRun;
use crate::style::{Style, Tone, cut, printable};

/// A step slower than this tells where its time went, in microseconds.
const LONG: u64 = 1_000_000;
/// How much of a method with its URL is shown, in characters.
const ADDRESS: usize = 100;
/// How much of a value is shown, in characters.
const VALUE: usize = 400;
/// How much of the body of a response that was not expected is shown.
const BODY_LINES: usize = 8;
const BODY_COLUMNS: usize = 160;

/// The lines of a finished step; `width` is that of the widest name a plan gives.
pub fn step(style: Style, width: usize, step: &StepReport) -> Vec<String> {
    let (mark, tone) = match step.state {
        StepState::Passed if step.slow => ("✓", Tone::Doubt),
        StepState::Passed => ("✓", Tone::Good),
        StepState::Skipped => ("–", Tone::Faint),
        StepState::Failed => ("✗", Tone::Bad),
        _ => ("?", Tone::Doubt),
    };
    let address = format!("{} {}", step.method, step.url);
    let named = step.name != address;
    let name = cut(&printable(&step.name), if named { width } else { ADDRESS });
    let mut line = format!("  {} {name:<width$}", style.paint(tone, mark));
    if named {
        line.push_str(&format!("  {}", style.paint(Tone::Faint, cut(&printable(&address), ADDRESS))));
    }
    if step.state == StepState::Skipped {
        line.push_str(&format!("  {}", style.paint(Tone::Faint, "skipped")));
        return vec![line];
    }
    let status = step.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
    line.push_str(&format!("  {status}  {}", step.duration));
    if step.slow {
        line.push_str(&format!("  {}", style.paint(Tone::Doubt, "slow")));
    }
    if step.attempts.len() > 1 {
        line.push_str(&format!("  {} attempts", step.attempts.len()));
    }
    let mut lines = vec![line];
    let passed = step.state == StepState::Passed;
    if let Some(reason) = step.reason.as_deref().filter(|_| !passed) {
        lines.push(format!("      {}", style.paint(tone, printable(reason))));
    }
    lines.extend(failures(step).iter().map(|line| format!("      {}", printable(line))));
    if !passed || step.slow || step.duration.0 >= LONG {
        lines.extend(phases(step).map(|text| format!("      {}", style.paint(Tone::Faint, text))));
    }
    if !passed {
        lines.extend(body(step).iter().map(|line| format!("      {}", style.paint(Tone::Faint, line))));
    }
    lines
}

/// What was expected and what came, for each expectation that did not hold.
pub fn failures(step: &StepReport) -> Vec<String> {
    let mut lines = Vec::new();
    for expectation in step.expectations.iter().filter(|expectation| !expectation.passed) {
        let name = expectation.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        lines.push(format!("{}{name}", expectation.kind));
        let expected = format!("expected {}", value(&expectation.expected));
        let received = expectation.received.as_ref().map_or_else(|| "nothing".to_owned(), value);
        let received = format!("received {received}");
        // Worth a line where it says more than the two together.
        let message = expectation.message.as_ref().filter(|message| **message != format!("{expected}, {received}"));
        lines.extend([&expected, &received].into_iter().chain(message).map(|line| format!("  {line}")));
    }
    lines
}

fn value(value: &Value) -> String {
    cut(&value.to_string(), VALUE)
}

/// Where the time of the last attempt went, phases that did not happen left out.
fn phases(step: &StepReport) -> Option<String> {
    let Phases { dns, connect, tls, wait, download } = step.attempts.last()?.phases;
    let named = [("dns", dns), ("connect", connect), ("tls", tls), ("wait", wait), ("download", download)];
    let shown: Vec<String> =
        named.iter().filter(|(_, time)| time.0 > 0).map(|(name, time)| format!("{name} {time}")).collect();
    (!shown.is_empty()).then(|| format!("time: {}", shown.join(" · ")))
}

/// The beginning of the response's body.
fn body(step: &StepReport) -> Vec<String> {
    let Some(response) = &step.response else { return Vec::new() };
    let body = &response.body;
    if body.binary {
        return vec![format!("response: {} bytes that are not text", body.size)];
    }
    let mut lines = body.text.lines();
    let mut shown: Vec<String> =
        lines.by_ref().take(BODY_LINES).map(|line| cut(&printable(line), BODY_COLUMNS)).collect();
    if let Some(first) = shown.first_mut() {
        first.insert_str(0, "response: ");
    }
    if lines.next().is_some() || body.cut {
        shown.push(format!("… ({} bytes in all)", body.size));
    }
    shown
}

/// The last lines of a run.
pub fn summary(style: Style, run: &PlanRun) -> Vec<String> {
    let tone = match run.state {
        RunState::Passed => Tone::Good,
        RunState::Failed => Tone::Bad,
        _ => Tone::Doubt,
    };
    let counts = [StepState::Passed, StepState::Failed, StepState::Errored, StepState::Skipped]
        .map(|state| (run.count(state), state))
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {state}"))
        .collect::<Vec<_>>()
        .join(", ");
    let state = style.paint(tone, run.state);
    // A run that never began has no steps and took no time.
    let mut lines =
        vec![if counts.is_empty() { state.to_string() } else { format!("{state}: {counts} in {}", run.duration) }];
    // A failed step has told its reason already.
    if let Some(reason) = run.reason.as_deref().filter(|_| !matches!(run.state, RunState::Passed | RunState::Failed)) {
        lines.push(printable(reason));
    }
    lines.extend(run.page.as_deref().map(|page| style.paint(Tone::Faint, printable(page)).to_string()));
    lines
}
