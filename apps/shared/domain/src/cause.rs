//! Who or what asked for a run.

use serde::{Deserialize, Serialize};

/// Why a run was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody pressed **Run**.
    Manual,
    /// A program asked through the API.
    Api,
    /// A schedule came due.
    Schedule,
    /// A deployment called the plan's hook.
    Hook,
}

crate::state::text_enum!(Cause { Manual = "manual", Api = "api", Schedule = "schedule", Hook = "hook" });
