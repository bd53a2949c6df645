//! Mistakes found in a text: what they tell, and the list they are collected in.

use serde::Serialize;
use std::ops::Range;

use crate::position::Positions;

/// How many diagnostics one text can have.
const MOST: usize = 100;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The text is not a plan.
    Error,
    /// The plan can run, but probably does not do what was meant.
    Warning,
}

/// One mistake at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of mistake, for programs: `unknown-key`, `syntax`, …
    pub code: &'static str,
    /// What was found and what is wrong with it, as a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// From one.
    pub line: u32,
    /// In characters, from one.
    pub column: u32,
    /// From one; never above the last line.
    pub end_line: u32,
    /// In characters, from one; behind the last character.
    pub end_column: u32,
}

/// The diagnostics of one text while it is read, and how many there are room for.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Finding>,
    failed: bool,
    dropped: bool,
}

/// A diagnostic by bytes of the text. To be handed to [`Findings::add`].
#[derive(Debug)]
pub(crate) struct Finding {
    severity: Severity,
    code: &'static str,
    message: String,
    hint: Option<String>,
    range: Range<usize>,
}

impl Finding {
    pub(crate) fn error(code: &'static str, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), hint: None, range }
    }

    pub(crate) fn warning(code: &'static str, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, range, message) }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

impl Findings {
    /// Takes an error. Makes it only if there is room for it: looking for what was meant takes time.
    pub(crate) fn add(&mut self, finding: impl FnOnce() -> Finding) {
        if self.found.len() < MOST {
            self.found.push(finding());
            self.failed = true;
        } else {
            self.failed = true;
            self.dropped = true;
        }
    }

    /// As [`Findings::add`] for warnings: too many of them do no harm, and leave room for errors.
    pub(crate) fn warn(&mut self, finding: impl FnOnce() -> Finding) {
        if self.found.len() < MOST / 2 {
            self.found.push(finding());
        }
    }

    /// Whether there is an error among them.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// In the order of the text, each once.
    pub(crate) fn into_diagnostics(mut self, positions: &Positions<'_>) -> Vec<Diagnostic> {
        self.found.sort_by_key(|finding| (finding.range.start, finding.range.end));
        let mut diagnostics: Vec<Diagnostic> = self.found.into_iter().map(|finding| finding.place(positions)).collect();
        diagnostics.dedup();
        if self.dropped {
            let mut last = diagnostics.last().cloned().expect("findings are dropped only when there are many");
            last.severity = Severity::Error;
            last.code = "limit";
            last.message = format!("There are more mistakes; the first {MOST} found are shown.");
            last.hint = None;
            diagnostics.push(last);
        }
        diagnostics
    }
}

impl Finding {
    fn place(self, positions: &Positions<'_>) -> Diagnostic {
        let range = positions.first_line_of(self.range);
        let (line, column) = positions.of(range.start);
        let (end_line, end_column) = positions.of(range.end);
        Diagnostic {
            severity: self.severity,
            code: self.code,
            message: self.message,
            hint: self.hint,
            line,
            column,
            end_line,
            end_column: end_column.max(if line == end_line { column + 1 } else { 1 }),
        }
    }
}
