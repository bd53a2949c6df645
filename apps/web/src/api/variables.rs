//! Values for a plan's variables, given for one run.

use std::collections::BTreeMap;

use domain::schedule::unknown_variable;

use crate::{
    editing,
    error::{FieldError, WebError},
};

/// As much as a schedule may hold.
const LONGEST: usize = 16 * 1024;

/// So many mistakes are told at once.
const MOST_MISTAKES: usize = 10;

/// The values, if the plan with this text declares a variable for each.
///
/// # Errors
/// 422 with each name that it does not declare, and if the values are too long.
pub(super) async fn checked(
    text: String,
    given: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, WebError> {
    if given.is_empty() {
        return Ok(given);
    }
    if given.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LONGEST {
        return Err(WebError::field("variables", "All names and values together have at most 16 KiB."));
    }
    let known = editing::variables(text).await?;
    let unknown = given.keys().filter(|name| !known.contains(name)).take(MOST_MISTAKES);
    let fields: Vec<_> =
        unknown.map(|name| FieldError { field: "variables", message: unknown_variable(name, &known) }).collect();
    match fields.first() {
        None => Ok(given),
        Some(first) => Err(WebError::Invalid { detail: first.message.clone(), fields, diagnostics: Vec::new() }),
    }
}
