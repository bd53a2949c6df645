//! The JUnit report: a document with a suite per plan and a case per step, as CI servers read it.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

use domain::{Elapsed, RunState, StepReport, StepState};

use super::{PlanRun, text};

/// Writes the whole document.
pub fn write(out: &mut impl Write, runs: &[PlanRun]) -> io::Result<()> {
    let total = runs.iter().map(|run| run.duration).fold(Elapsed::ZERO, |sum, duration| sum + duration);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts: Vec<Counts> = runs.iter().map(Counts::of).collect();
    let sum = |count: fn(&Counts) -> usize| counts.iter().map(count).sum::<usize>();
    let _ = writeln!(
        xml,
        r#"<testsuites name="smokex" tests="{}" failures="{}" errors="{}" skipped="{}" time="{}">"#,
        sum(|counts| counts.tests),
        sum(|counts| counts.failures),
        sum(|counts| counts.errors),
        sum(|counts| counts.skipped),
        seconds(total)
    );
    for (run, counts) in runs.iter().zip(&counts) {
        suite(&mut xml, run, counts);
    }
    xml.push_str("</testsuites>\n");
    out.write_all(xml.as_bytes())
}

struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(run: &PlanRun) -> Self {
        let lost = usize::from(is_lost(run));
        Self {
            tests: run.steps.len() + lost,
            failures: run.count(StepState::Failed),
            errors: run.count(StepState::Errored) + lost,
            skipped: run.count(StepState::Skipped),
        }
    }
}

/// Whether the run ended without a passed or failed step saying so: it is then told as a case of its own.
fn is_lost(run: &PlanRun) -> bool {
    !matches!(run.state, RunState::Passed | RunState::Failed) && run.count(StepState::Errored) == 0
}

fn suite(xml: &mut String, run: &PlanRun, counts: &Counts) {
    let name = run.title.as_deref().unwrap_or(&run.plan);
    let _ = writeln!(
        xml,
        r#"  <testsuite name="{}" file="{}" tests="{}" failures="{}" errors="{}" skipped="{}" time="{}" timestamp="{}">"#,
        escape(name),
        escape(&run.plan),
        counts.tests,
        counts.failures,
        counts.errors,
        counts.skipped,
        seconds(run.duration),
        run.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    );
    if let Some(page) = &run.page {
        let _ = writeln!(xml, r#"    <properties><property name="page" value="{}"/></properties>"#, escape(page));
    }
    for step in &run.steps {
        case(xml, &run.plan, step);
    }
    if is_lost(run) {
        let reason = run.reason.as_deref().unwrap_or("Nobody can tell how this run ended.");
        let _ = writeln!(
            xml,
            r#"    <testcase name="run" classname="{}" time="0"><error message="{}"/></testcase>"#,
            escape(&run.plan),
            escape(reason)
        );
    }
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, plan: &str, step: &StepReport) {
    let _ = write!(
        xml,
        r#"    <testcase name="{} {}" classname="{}" time="{}""#,
        escape(&step.path),
        escape(&step.name),
        escape(plan),
        seconds(step.duration)
    );
    let reason = escape(step.reason.as_deref().unwrap_or_default());
    match step.state {
        StepState::Skipped => {
            let _ = writeln!(xml, r#"><skipped message="{reason}"/></testcase>"#);
        }
        StepState::Failed | StepState::Errored => {
            let (element, kind) =
                if step.state == StepState::Failed { ("failure", "failed") } else { ("error", "errored") };
            let details = text::failures(step).join("\n");
            let _ = writeln!(
                xml,
                r#"><{element} message="{reason}" type="{kind}">{}</{element}></testcase>"#,
                escape(&details)
            );
        }
        _ => xml.push_str("/>\n"),
    }
}

fn seconds(duration: Elapsed) -> String {
    format!("{:.6}", duration.as_duration().as_secs_f64())
}

/// Text as XML has it: what XML cannot hold at all becomes `�`, line breaks in attributes stay.
fn escape(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'' | '\u{fffe}' | '\u{ffff}') && !c.is_control();
    if text.chars().all(harmless) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c if harmless(c) => escaped.push(c),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_valid_xml() {
        assert_eq!(
            escape("a<b & \"c\">'d'\n\u{0}\u{1b}\u{85}é"),
            "a&lt;b &amp; &quot;c&quot;&gt;&apos;d&apos;&#10;\u{fffd}\u{fffd}\u{fffd}é"
        );
        assert!(matches!(escape("plain é"), Cow::Borrowed(_)));
    }
}
