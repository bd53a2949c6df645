//! Values for a plan's variables, given for one run.

use std::collections::BTreeMap;

use domain::schedule::unknown_variables;

use crate::{
    editing,
    error::{FieldError, WebError},
};

/// As much as a schedule may hold.
const LONGEST: usize = 16 * 1024;

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
    let unknown = unknown_variables(&given, &known).into_iter();
    let fields: Vec<_> = unknown.map(|message| FieldError { field: "variables", message }).collect();
    match fields.first() {
        None => Ok(given),
        Some(first) => Err(WebError::Invalid { detail: first.message.clone(), fields, diagnostics: Vec::new() }),
    }
}
