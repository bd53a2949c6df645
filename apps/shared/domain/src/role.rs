//! What a member may do in an organization.

use serde::{Deserialize, Serialize};

/// From all rights to reading only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, deleting the organization included.
    Owner,
    /// Everything but what only owners may.
    Admin,
    /// Changes plans and runs them.
    Editor,
    /// Runs plans.
    Operator,
    /// Reads.
    Viewer,
}

crate::state::text_enum!(Role {
    Owner = "owner",
    Admin = "admin",
    Editor = "editor",
    Operator = "operator",
    Viewer = "viewer",
});
