//! Header names and values.

use super::Problem;
use crate::document::cut;
use crate::template::Template;

pub(crate) fn header_name(name: &str) -> Result<(), Problem> {
    if http::HeaderName::from_bytes(name.as_bytes()).is_ok() {
        return Ok(());
    }
    if name.is_empty() {
        return Err(Problem::new("A header's name cannot be empty."));
    }
    Err(Problem::new(format!("`{}` cannot be a header's name.", cut(name)))
        .hint("A header's name consists of letters, digits and `-`."))
}

/// What a header's value holds before the run. Values that come in later are checked by the engine.
pub(crate) fn header_value(value: &Template, what: &str) -> Result<(), Problem> {
    match value.literal_texts().flat_map(str::chars).find(|c| c.is_control() && *c != '\t') {
        None => Ok(()),
        Some('\n' | '\r') => {
            let problem = Problem::new(format!("{what} cannot hold a line break."));
            Err(if value.as_written().ends_with('\n') {
                problem.hint("A text below `|` or `>` ends with one; `|-` and `>-` leave it out.")
            } else {
                problem
            })
        }
        Some(other) => {
            Err(Problem::new(format!("{what} cannot hold the control character U+{:04X}.", u32::from(other))))
        }
    }
}
