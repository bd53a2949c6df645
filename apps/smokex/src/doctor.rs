//! `smokex doctor`: looks for what must not be in the database.

use std::fmt::Write;

use serde::Serialize;
use store::{Finding, Store};

use crate::{
    arguments::DoctorArguments,
    exit::Exit,
    operate::{operate, print},
    style::{Style, Tone, printable},
};

/// Tells everything that is wrong on standard output.
pub fn doctor(arguments: &DoctorArguments) -> Exit {
    operate(async |store: &Store| {
        let findings = store.doctor().await?;
        print(&if arguments.json { json(&findings)? } else { text(&findings, Style::of(&std::io::stdout())) })?;
        Ok(if findings.is_empty() { Exit::Passed } else { Exit::Failed })
    })
}

fn text(findings: &[Finding], style: Style) -> String {
    let mut text = String::new();
    for Finding { check, found, sentence } in findings {
        let check = style.paint(Tone::Bad, format!("✗ {check}"));
        let _ = writeln!(text, "{check}  {found} found\n  {}", printable(sentence));
    }
    match findings.len() {
        0 => text.push_str("Nothing is wrong.\n"),
        1 => text.push_str("One thing is wrong.\n"),
        many => {
            let _ = writeln!(text, "{many} things are wrong.");
        }
    }
    text
}

#[derive(Serialize)]
struct Report<'f> {
    clean: bool,
    findings: Vec<Found<'f>>,
}

#[derive(Serialize)]
struct Found<'f> {
    check: &'f str,
    found: u64,
    sentence: &'f str,
}

impl<'f> Found<'f> {
    fn of(finding: &'f Finding) -> Self {
        Self { check: finding.check, found: finding.found, sentence: &finding.sentence }
    }
}

fn json(findings: &[Finding]) -> serde_json::Result<String> {
    let report = Report { clean: findings.is_empty(), findings: findings.iter().map(Found::of).collect() };
    serde_json::to_string(&report).map(|line| line + "\n")
}
