//! A whole text: what is refused before it is looked into, and the way from text to plan.

use crate::diagnostic::{Diagnostic, Finding, Findings};
use crate::model::Plan;
use crate::position::Positions;
use crate::{document, read};

/// How long a plan may be, in bytes.
pub const MAX_TEXT: usize = 256 * 1024;

/// How many steps a plan may have, `finally` included.
pub const MAX_STEPS: usize = 500;

/// What came of a text.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The plan, if there is no error.
    pub plan: Option<Plan>,
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The names that it uses where nothing in the plan has given them a value yet, in alphabetical order: what has to
    /// come from outside, or may (`${name | default("x")}`). Empty if there is no plan.
    pub outside: Vec<String>,
}

/// What is known of the variables that come from outside the plan.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Their names; a variable that is not among them is an error. None if nobody can tell: it is
    /// a warning then.
    pub names: Option<Vec<String>>,
}

/// Reads a text. It never fails and never takes long: whatever is wrong stands in the diagnostics.
#[must_use]
pub fn check(text: &str, known: &Known) -> Checked {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut findings = Findings::default();
    let positions;
    let mut plan = None;
    let mut outside = Vec::new();
    if text.len() > MAX_TEXT {
        // Nothing of it is looked at, not even for its lines.
        positions = Positions::new("");
        let message =
            format!("The text is too long: {} KiB; at most {} KiB are allowed.", text.len() / 1024, MAX_TEXT / 1024);
        findings.add(|| Finding::error("limit", 0..0, message));
    } else {
        positions = Positions::new(text);
        if let Some((at, control)) = text.char_indices().find(|(_, c)| is_forbidden(*c)) {
            findings.add(|| forbidden(at, control));
        } else if let Some((document, root)) = document::read(text, &mut findings) {
            let (read, names) = read::read(&document, root, text, &positions, &mut findings, known);
            if !findings.failed() {
                (plan, outside) = (Some(read), names);
            }
        } else if !findings.failed() {
            findings.add(|| {
                Finding::error("missing", 0..0, "The plan is empty.")
                    .hint("Begin with `- get:` and, two levels deeper, `url: https://…`.")
            });
        }
    }
    Checked { plan, diagnostics: findings.into_diagnostics(&positions), outside }
}

/// As [`check`], for bytes that may not be UTF-8.
#[must_use]
pub fn check_bytes(bytes: &[u8], known: &Known) -> Checked {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return check(text, known),
        Err(_) if bytes.len() > MAX_TEXT => return check(&" ".repeat(bytes.len()), known),
        Err(error) => error,
    };
    let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let at = valid.len();
    let mut findings = Findings::default();
    findings.add(|| {
        let message = format!("The byte 0x{:02X} is not UTF-8.", bytes[at]);
        Finding::error("encoding", at..at, message).hint("Save the file as UTF-8.")
    });
    Checked { plan: None, diagnostics: findings.into_diagnostics(&Positions::new(&valid)), outside: Vec::new() }
}

/// What YAML does not allow in a text.
fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}')
}

fn forbidden(at: usize, control: char) -> Finding {
    let name = if control == '\0' { "NUL".to_owned() } else { format!("U+{:04X}", u32::from(control)) };
    Finding::error(
        "syntax",
        at..at + control.len_utf8(),
        format!("The control character {name} cannot stand in a plan."),
    )
    .hint(format!("Write `\\u{:04x}` in double quotes if a text must hold it.", u32::from(control)))
}
