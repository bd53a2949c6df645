//! What is wrong with a variable, as one readable sentence or two.

/// A variable that cannot be used as it is. Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}. {remedy}.")]
pub struct Invalid {
    variable: &'static str,
    problem: String,
    remedy: String,
}

impl Invalid {
    /// `problem` goes on after the variable's name ("is `x`, which is no number"), `remedy` says
    /// what to write ("Write a number from 1 to 1024"); both without the full stop.
    #[must_use]
    pub fn new(variable: &'static str, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { variable, problem: problem.into(), remedy: remedy.into() }
    }

    /// The variable's name.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.variable
    }
}
