//! What a server says when it does not do what was asked: problem details (RFC 9457) as sentences.

use std::fmt;

use http::StatusCode;
use plan::{Diagnostic, Severity};
use serde::{Deserialize, Deserializer};

/// Why something was not done. Displays as sentences, the mistakes of fields on lines of their own.
#[derive(Clone, Debug, Deserialize)]
pub struct Problem {
    /// As the answer has it; none before it is known.
    #[serde(skip)]
    pub status: StatusCode,
    title: String,
    detail: Option<String>,
    request_id: Option<String>,
    /// Mistakes in what was sent, by field.
    #[serde(default)]
    errors: Vec<FieldError>,
    /// Mistakes in the text of a plan.
    #[serde(default, deserialize_with = "diagnostics")]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Debug, Deserialize)]
struct FieldError {
    field: String,
    message: String,
}

impl Problem {
    /// The problem that an answer's body tells; none if it tells no such thing.
    pub fn read(status: StatusCode, body: &[u8]) -> Option<Self> {
        let problem: Self = serde_json::from_slice(body).ok()?;
        Some(Self { status, ..problem })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.title.trim_end_matches('.');
        match self.detail.as_deref().map(str::trim) {
            Some(detail) if !detail.is_empty() && detail.trim_end_matches('.') != title => {
                write!(f, "{title}. {}", detail.trim_end_matches('.'))?;
            }
            _ => f.write_str(title)?,
        }
        f.write_str(".")?;
        match &self.request_id {
            // Whoever runs the server finds it in the log by this.
            Some(id) if self.status.is_server_error() => write!(f, " Its log knows this as request {id}.")?,
            _ => {}
        }
        for FieldError { field, message } in &self.errors {
            write!(f, "\n{field}: {message}")?;
        }
        Ok(())
    }
}

/// The language's own JSON, as a newer server may write it: a kind that is not known here is an error.
fn diagnostics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Diagnostic>, D::Error> {
    #[derive(Deserialize)]
    struct Told {
        severity: String,
        message: String,
        hint: Option<String>,
        line: u32,
        column: u32,
        end_line: u32,
        end_column: u32,
    }
    let told = Vec::<Told>::deserialize(deserializer)?;
    Ok(told
        .into_iter()
        .map(|told| Diagnostic {
            severity: if told.severity == "warning" { Severity::Warning } else { Severity::Error },
            code: "server",
            message: told.message,
            hint: told.hint,
            line: told.line,
            column: told.column,
            end_line: told.end_line,
            end_column: told.end_column,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> String {
        Problem::read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn a_problem_is_told_in_sentences() {
        assert_eq!(
            told(403, r#"{"title": "Forbidden", "detail": "This token may only read.", "request_id": "7"}"#),
            "Forbidden. This token may only read."
        );
        assert_eq!(told(404, r#"{"title": "There is no such plan.", "status": 404}"#), "There is no such plan.");
        assert_eq!(
            told(500, r#"{"title": "Internal error", "request_id": "7"}"#),
            "Internal error. Its log knows this as request 7."
        );
        assert_eq!(
            told(
                422,
                r#"{"title": "Not valid", "errors": [{"field": "name", "message": "Enter a name."},
                    {"field": "text", "message": "Too long."}]}"#
            ),
            "Not valid.\nname: Enter a name.\ntext: Too long."
        );
    }

    #[test]
    fn mistakes_of_a_plan_come_with_their_places() {
        let written = r#"{"title": "Wrong", "diagnostics": [{"severity": "error", "code": "unknown-key", "message": "No.",
            "hint": null, "line": 2, "column": 5, "end_line": 2, "end_column": 9}]}"#;
        let problem = Problem::read(StatusCode::UNPROCESSABLE_ENTITY, written.as_bytes()).unwrap();
        let [diagnostic] = problem.diagnostics.as_slice() else { panic!("{problem:?}") };
        assert_eq!((diagnostic.severity, diagnostic.line, diagnostic.column), (Severity::Error, 2, 5));
    }

    #[test]
    fn what_is_no_problem_is_not_taken_for_one() {
        for body in ["", "<html>", "[]", "{}", r#"{"title": 7}"#] {
            assert!(Problem::read(StatusCode::BAD_GATEWAY, body.as_bytes()).is_none(), "{body}");
        }
    }
}
