//! What a run needs to go on after its worker was lost. Values are in the clear: whoever keeps them
//! seals them.

use std::{fmt, time::Duration};

use domain::StepState;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A variable with its value.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// As it stands between `${` and `}`.
    pub name: String,
    /// With its type.
    pub value: Value,
    /// Whether it is masked wherever it would show.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Variable");
        shown.field("name", &self.name);
        if self.secret { shown.field("value", &crate::MASK) } else { shown.field("value", &self.value) }.finish()
    }
}

/// What one finished step leaves to those after it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepProgress {
    /// The plan's own variables, with the first step that ends: `${uuid()}` is not asked twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// What the step captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<Variable>,
    /// The run's whole cookie jar after the step, if the step may have changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<Vec<String>>,
    /// Why the step did not pass; masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it passed, but slower than `degraded_after`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slow: bool,
}

/// One step that is already recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedStep {
    /// Counts the steps and then the `finally` steps, from zero.
    pub position: u32,
    /// How it ended.
    pub state: StepState,
    /// What it left.
    pub progress: StepProgress,
}

/// How far a run has come. Empty for a new run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The steps that are already recorded.
    pub finished: Vec<FinishedStep>,
    /// The position of a step that was begun and whose end nobody recorded.
    pub in_flight: Option<u32>,
    /// How long ago it began: its time runs on while nobody executes it.
    pub elapsed: Duration,
}
