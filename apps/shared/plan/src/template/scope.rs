//! The variables a run knows at one moment, and why a template cannot be expanded with them.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use super::budget::{MAX_DEPTH, MAX_EXPANDED, MAX_SCOPE, weigh};
use super::expression::cut;
use crate::suggestion;

/// Whether a variable's value must be masked wherever it would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// May be shown.
    Plain,
    /// Must be masked.
    Secret,
}

/// The variables by name, and the clock of `now()`.
#[derive(Clone)]
pub struct Scope {
    values: IndexMap<String, Entry>,
    clock: fn() -> Timestamp,
    weight: usize,
}

#[derive(Clone)]
struct Entry {
    value: Value,
    secrecy: Secrecy,
    weight: usize,
}

impl Scope {
    /// Without variables; `clock` is what `now()` reads, outside tests [`Timestamp::now`].
    #[must_use]
    pub fn new(clock: fn() -> Timestamp) -> Self {
        Self { values: IndexMap::new(), clock, weight: 0 }
    }

    /// Gives a variable a value; it replaces what the name stood for before.
    ///
    /// # Errors
    /// If the value, or all variables together, would be too big; the old value then stays.
    pub fn set(&mut self, name: impl Into<String>, value: Value, secrecy: Secrecy) -> Result<(), ExpandError> {
        let name = name.into();
        let weight = name.len() + weigh(&value, 0, MAX_SCOPE)?;
        let others = self.weight - self.values.get(&name).map_or(0, |entry| entry.weight);
        if others + weight > MAX_SCOPE {
            return Err(ExpandError::ScopeFull);
        }
        self.weight = others + weight;
        self.values.insert(name, Entry { value, secrecy, weight });
        Ok(())
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(|entry| &entry.value)
    }

    /// Whether the variable exists and is secret.
    #[must_use]
    pub fn is_secret(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|entry| entry.secrecy == Secrecy::Secret)
    }

    /// Every variable with its value, in the order of their first setting.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value, Secrecy)> {
        self.values.iter().map(|(name, entry)| (&**name, &entry.value, entry.secrecy))
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn find(&self, name: &str) -> Result<&Value, ExpandError> {
        self.get(name).ok_or_else(|| ExpandError::UnknownVariable {
            name: cut(name).into_owned(),
            hint: suggestion::closest(name, self.values.keys().map(String::as_str))
                .map(|close| format!("; did you mean `{close}`?"))
                .unwrap_or_else(|| ".".to_owned()),
        })
    }
}

impl std::fmt::Debug for Scope {
    /// Names only: a value may be a secret.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.values.keys()).finish()
    }
}

/// Why a template cannot be expanded. Messages are sentences and never hold a variable's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// No variable of that name has been set.
    #[error("There is no variable `{name}`{hint}")]
    #[allow(missing_docs)]
    UnknownVariable { name: String, hint: String },
    /// The variable is there, but not the field or element of it.
    #[error("`{path}` {problem}")]
    #[allow(missing_docs)]
    NoSuchPart { path: String, problem: String },
    /// The place wants another type, and the value is not text that converts to it.
    #[error("`{template}` should give {wanted} here, but gives {found}.")]
    #[allow(missing_docs)]
    WrongType { template: String, wanted: &'static str, found: String },
    /// The value would be too long.
    #[error("What the placeholders put in is too long: more than {} MiB.", MAX_EXPANDED / 1024 / 1024)]
    TooLong,
    /// The value would be nested too deeply.
    #[error("What the placeholders put in is nested more than {MAX_DEPTH} levels deep.")]
    TooDeep,
    /// All variables together would be too big.
    #[error("The variables of this run are too big together: more than {} MiB.", MAX_SCOPE / 1024 / 1024)]
    ScopeFull,
    /// `now()` with an offset out of the calendar.
    #[error("`now()` with this offset is outside the calendar.")]
    NoSuchTime,
}

impl ExpandError {
    /// Whether the `default` filter stands in for it.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::UnknownVariable { .. } | Self::NoSuchPart { .. })
    }

    pub(super) fn no_field(path: &str, field: &str, value: &Value) -> Self {
        let problem = match value {
            Value::Object(object) if object.is_empty() => format!("has no field `{}`: it is empty.", cut(field)),
            Value::Object(object) => {
                let mut names: Vec<_> = object.keys().take(8).map(|key| format!("`{}`", cut(key))).collect();
                if object.len() > names.len() {
                    names.push("…".to_owned());
                }
                format!("has no field `{}`; it has {}.", cut(field), names.join(", "))
            }
            other => format!("has no field `{}`: it is {}.", cut(field), kind(other)),
        };
        Self::NoSuchPart { path: cut(path).into_owned(), problem }
    }

    pub(super) fn no_index(path: &str, index: usize, value: &Value) -> Self {
        let problem = match value {
            Value::Array(list) => format!("has no element [{index}]: it has {}, counted from 0.", list.len()),
            other => format!("has no element [{index}]: it is {}.", kind(other)),
        };
        Self::NoSuchPart { path: cut(path).into_owned(), problem }
    }
}

/// A value's type with its article.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
