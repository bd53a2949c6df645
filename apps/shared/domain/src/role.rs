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
    /// Whether what the organization pays for may be seen and changed.
    #[must_use]
    pub fn may_bill(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether plans may be made, changed and deleted.
    #[must_use]
    pub fn may_edit(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::Editor)
    }

    /// Whether runs may be started and stopped.
    #[must_use]
    pub fn may_run(self) -> bool {
        self.may_edit() || self == Self::Operator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_below_it_may() {
        let rights = Role::ALL.iter().map(|role| (role.may_bill(), role.may_edit(), role.may_run()));
        assert!(rights.eq([
            (true, true, true),
            (true, true, true),
            (false, true, true),
            (false, false, true),
            (false, false, false)
        ]));
    }
}
