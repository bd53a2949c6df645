//! How much an expansion may produce: variables that double each other must end in an error, not
//! in a full memory.

use serde_json::Value;

use super::scope::ExpandError;

/// How much one expansion may produce, in bytes; each value of a list or object counts for 32 more.
pub const MAX_EXPANDED: usize = 8 * 1024 * 1024;

/// How much all variables of a run may hold together, counted the same way.
pub const MAX_SCOPE: usize = 64 * 1024 * 1024;

/// How deep a value may be nested.
pub const MAX_DEPTH: usize = 200;

/// About what a value takes in memory besides its text.
const NODE: usize = 32;

/// What is left for one expansion.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(MAX_EXPANDED)
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), ExpandError> {
        self.0 = self.0.checked_sub(text.len()).ok_or(ExpandError::TooLong)?;
        Ok(())
    }

    pub(super) fn value(&mut self, value: &Value, depth: usize) -> Result<(), ExpandError> {
        self.0 -= weigh(value, depth, self.0)?;
        Ok(())
    }

    /// For a list or object that the tree itself brings.
    pub(super) fn node(&mut self, depth: usize) -> Result<(), ExpandError> {
        if depth > MAX_DEPTH {
            return Err(ExpandError::TooDeep);
        }
        self.0 = self.0.checked_sub(NODE).ok_or(ExpandError::TooLong)?;
        Ok(())
    }
}

/// A value's weight, given up as soon as it is above `limit` or too deep.
pub(super) fn weigh(value: &Value, depth: usize, limit: usize) -> Result<usize, ExpandError> {
    if depth > MAX_DEPTH {
        return Err(ExpandError::TooDeep);
    }
    let mut weight = NODE;
    match value {
        Value::String(text) => weight += text.len(),
        Value::Array(list) => {
            for element in list {
                weight += weigh(element, depth + 1, limit.saturating_sub(weight))?;
            }
        }
        Value::Object(object) => {
            for (key, element) in object {
                weight += key.len();
                weight += weigh(element, depth + 1, limit.saturating_sub(weight))?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    if weight > limit { Err(ExpandError::TooLong) } else { Ok(weight) }
}
