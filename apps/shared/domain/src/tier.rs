//! What an organization pays for.

use serde::{Deserialize, Serialize};

/// The tier of an organization, from the lowest to the highest. Its limits are configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Costs nothing.
    Free,
    /// Paid by the month.
    Pro,
    /// By contract.
    Enterprise,
}

crate::state::text_enum!(Tier { Free = "free", Pro = "pro", Enterprise = "enterprise" });
