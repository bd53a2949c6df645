//! Where variables come from: the process, or a list in tests.

use std::{collections::HashMap, str::FromStr};

use super::Invalid;

/// A source of variables.
#[derive(Clone)]
pub struct Environment(Source);

#[derive(Clone)]
enum Source {
    Process,
    Given(HashMap<String, String>),
}

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn process() -> Self {
        Self(Source::Process)
    }

    /// Exactly these variables.
    pub fn given<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(Source::Given(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// The value without the white space around it; `None` if there is nothing else.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn text(&self, name: &'static str) -> Result<Option<String>, Invalid> {
        let value = match &self.0 {
            Source::Given(variables) => variables.get(name).cloned(),
            Source::Process => std::env::var_os(name)
                .map(|value| {
                    value.into_string().map_err(|_| Invalid::new(name, "is not valid UTF-8", "Write plain text"))
                })
                .transpose()?,
        };
        Ok(value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
    }

    /// The words of a list with commas between, without the white space around them.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn words(&self, name: &'static str) -> Result<Vec<String>, Invalid> {
        let text = self.text(name)?.unwrap_or_default();
        Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// The value read as a `T`. `what` it is not, and the `remedy`, are told if it cannot be read.
    ///
    /// # Errors
    /// If it is not UTF-8 or cannot be read.
    pub fn parsed<T: FromStr>(&self, name: &'static str, what: &str, remedy: &str) -> Result<Option<T>, Invalid> {
        self.text(name)?
            .map(|text| {
                text.parse().map_err(|_| Invalid::new(name, format!("is `{text}`, which is no {what}"), remedy))
            })
            .transpose()
    }
}
