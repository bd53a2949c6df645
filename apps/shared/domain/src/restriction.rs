//! What a plan lets run beside its own runs.

use serde::{Deserialize, Serialize};

/// Beside which other runs of its organization a run may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restriction {
    /// Beside any.
    #[default]
    None,
    /// Not beside another run of the same plan.
    #[serde(rename = "self")]
    Itself,
    /// Beside no other run of the organization.
    Global,
}

crate::state::text_enum!(Restriction { None = "none", Itself = "self", Global = "global" });

/// What becomes of a run that its restriction does not let start now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenBusy {
    /// It is refused, with the reason.
    #[default]
    Refuse,
    /// It waits for its turn.
    Queue,
}

crate::state::text_enum!(WhenBusy { Refuse = "refuse", Queue = "queue" });
