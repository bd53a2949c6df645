//! What can be said of a single value before the plan runs: URLs, headers, patterns, selectors,
//! schemas. The engine makes its patterns, selectors and schemas here too, within the same limits.

mod budget;
mod header;
mod pattern;
mod schema;
mod selector;
mod url;

pub(crate) use budget::Budgets;
pub(crate) use header::{header_name, header_value};
pub use pattern::regex;
pub(crate) use pattern::weigh_regex;
pub(crate) use schema::json_schema;
pub use schema::schema_validator;
pub use selector::selector;
pub(crate) use url::url;

/// What is wrong with a value; where it stands is added by whoever knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// As a sentence.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
