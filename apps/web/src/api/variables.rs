//! Values for a plan's variables, given for one run or for those of a schedule.

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
    let fields = mistakes(&given, &editing::variables(text).await?);
    match fields.first() {
        None => Ok(given),
        Some(first) => Err(WebError::Invalid { detail: first.message.clone(), fields, diagnostics: Vec::new() }),
    }
}

/// What is wrong with values for a plan that declares these variables.
pub(super) fn mistakes(given: &BTreeMap<String, String>, known: &[String]) -> Vec<FieldError> {
    let mistake = |message| FieldError { field: "variables", message };
    if given.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LONGEST {
        return vec![mistake("All names and values together have at most 16 KiB.".to_owned())];
    }
    unknown_variables(given, known).into_iter().map(mistake).collect()
}
