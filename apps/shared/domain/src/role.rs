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

impl Role {
    /// Whether it has all rights of the other one.
    #[must_use]
    pub fn is_at_least(self, other: Self) -> bool {
        self as u8 <= other as u8
    }

    /// The one of both with fewer rights.
    #[must_use]
    pub fn lower(self, other: Self) -> Self {
        if self.is_at_least(other) { other } else { self }
    }

    /// What its members do, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Owner => "Everything, deleting the organization included",
            Self::Admin => "Everything but what only owners may",
            Self::Editor => "Changes plans, schedules and secrets, and runs plans",
            Self::Operator => "Runs plans and pauses schedules",
            Self::Viewer => "Reads",
        }
    }
}

/// Whether somebody of a role may give another member a new role, or none (that is, remove them).
///
/// # Errors
/// Why not, in a sentence.
pub fn may_change(by: Role, from: Role, to: Option<Role>) -> Result<(), &'static str> {
    if !by.is_at_least(from) {
        return Err("Owners are managed by owners. Ask one of them.");
    }
    match to {
        Some(to) if !by.is_at_least(to) => Err("Nobody gives a role above their own. Ask an owner."),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_touches_a_role_above_their_own_or_gives_one() {
        for (by, from, to, may) in [
            (Role::Owner, Role::Owner, Some(Role::Viewer), true),
            (Role::Owner, Role::Viewer, Some(Role::Owner), true),
            (Role::Owner, Role::Owner, None, true),
            (Role::Admin, Role::Viewer, Some(Role::Admin), true),
            (Role::Admin, Role::Admin, Some(Role::Editor), true),
            (Role::Admin, Role::Viewer, Some(Role::Owner), false),
            (Role::Admin, Role::Owner, Some(Role::Admin), false),
            (Role::Admin, Role::Owner, None, false),
            (Role::Editor, Role::Admin, None, false),
        ] {
            assert_eq!(may_change(by, from, to).is_ok(), may, "{by} {from} {to:?}");
        }
    }
}
